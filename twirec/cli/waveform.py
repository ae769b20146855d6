"""Who speaks when in a recording."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

import twirec
from twirec.cli.output import answer, as_json
from twirec.model.access import Deed, may
from twirec.model.errors import TwirecError
from twirec.model.records import Recording
from twirec.model.waveform import SoundWarning, Waveform
from twirec.settings.operating_user import operator

EXPLAINED = {
    SoundWarning.SILENT: "nobody says anything",
    SoundWarning.CUSTOMER_SILENT: "the customer says nothing",
    SoundWarning.AGENT_SILENT: "the agent says nothing",
    SoundWarning.ONE_SIDE_SILENT: "only one channel can be heard",
    SoundWarning.CLIPPED: "a side is so loud that it is cut off",
    SoundWarning.PERHAPS_SWAPPED: "customer and agent may be swapped: look at the channel map",
}
"""What each warning says on a terminal."""


@click.command()
@click.argument("sid")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Draw it into this SVG file.",
)
@click.option("--width", type=click.IntRange(40, 10_000), default=800, show_default=True)
@click.option("--height", type=click.IntRange(40, 10_000), default=120, show_default=True)
@as_json
def waveform(sid: str, output: Path | None, width: int, height: int, as_json: bool) -> None:
    """Show who speaks when in a recording (RE…), and draw it."""
    archive = twirec.Archive.from_env()
    waveform = archive.recordings.waveform(sid, by=operator())
    if output is not None:
        drawn = archive.recordings.draw_waveform(sid, width=width, height=height, by=operator())
        _write(output, drawn)
    fields = {**sound_fields(waveform), "sides": _sides(waveform, peaks=True)}
    spans = [
        f"{side.role or channel}: {span.start:.2f} to {span.end:.2f} s"
        for channel, side in enumerate(waveform.sides, 1)
        for span in side.spans
    ]
    answer(as_json, fields, *sound_lines(waveform), *spans)


def sound_lines(waveform: Waveform) -> list[str]:
    """Return what is to be said of a recording's sound, line by line."""
    lines = [
        f"{waveform.channels} x {waveform.bits} bit at {waveform.sample_rate} Hz, "
        f"{waveform.seconds:.3f} s, of which {waveform.silence:.1f} s silence, "
        f"{waveform.overlap:.1f} s both at once"
    ]
    for channel, (side, share) in enumerate(zip(waveform.sides, waveform.shares, strict=True), 1):
        cut = f", {side.clipped:.1f} s cut off" if side.clipped else ""
        lines.append(f"{side.role or channel} speaks {side.talk:.1f} s ({share:.0%}){cut}")
    return lines + [f"WARNING: {EXPLAINED[warning]}" for warning in waveform.warnings]


def sound_fields(waveform: Waveform) -> dict[str, Any]:
    """Return what is known of a recording's sound for JSON, without its peaks."""
    return {
        "seconds": waveform.seconds,
        "sample_rate": waveform.sample_rate,
        "bits": waveform.bits,
        "channels": waveform.channels,
        "silence": waveform.silence,
        "overlap": waveform.overlap,
        "warnings": waveform.warnings,
        "sides": _sides(waveform),
    }


def sound_of(archive: twirec.Archive, recording: Recording) -> Waveform | str:
    """Return what can be seen of a recording's sound, or why nothing can, if that needs words."""
    if not may(operator(), recording, Deed.WAVEFORM):
        return ""
    try:
        return archive.recordings.waveform(recording.sid, by=operator())
    except TwirecError as error:
        return f"not to be had: {error}"


def _write(file: Path, drawing: str) -> None:
    try:
        file.write_text(drawing + "\n", encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written ({error.strerror}).") from error


def _sides(waveform: Waveform, *, peaks: bool = False) -> list[dict[str, Any]]:
    return [
        {
            "role": side.role,
            "talk": side.talk,
            "share": share,
            "clipped": side.clipped,
            "spans": [[span.start, span.end] for span in side.spans],
            **({"peaks": [round(peak, 3) for peak in side.peaks]} if peaks else {}),
        }
        for side, share in zip(waveform.sides, waveform.shares, strict=True)
    ]
