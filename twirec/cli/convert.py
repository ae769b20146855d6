"""Taking a recording out in another format."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path

import click

import twirec
from twirec.cli.output import answer, as_json
from twirec.model.audio import Channels
from twirec.model.audio_stream import AudioStream
from twirec.settings.operating_user import operator

purposed = click.option("--purpose", help="What for, of TWIREC_PURPOSES; on the audit log.")


class Moment(click.ParamType[float]):
    """A time in a recording: `90`, `1:30`, `1:02:03.5`."""

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return seconds."""
        said = str(value)
        if not re.fullmatch(r"(\d+:){0,2}\d+(\.\d+)?", said, re.ASCII):
            self.fail(f"{said!r} is not a time such as 90, 1:30 or 1:02:03.5.", param, ctx)
        seconds = 0.0
        for part in said.split(":"):
            seconds = seconds * 60 + float(part)
        return seconds


@click.command()
@click.argument("sid")
@click.option("--format", "format_", default="mp3", show_default=True, help="See docs/audio.md.")
@click.option(
    "--channels",
    type=click.Choice([word.value.replace("_", "-") for word in Channels]),
    default=Channels.BOTH.value,
    show_default=True,
)
@click.option("--from", "start", type=Moment(), default=0.0, help="Such as 0:30.")
@click.option("--to", "end", type=Moment(), help="Such as 1:10.")
@click.option("--bitrate", type=click.IntRange(1), help="kbit/s, all channels together.")
@click.option("--rate", type=click.IntRange(1), help="Samples per second, such as 16000.")
@click.option("--normalise", is_flag=True, help="Bring loudness to -23 LUFS (EBU R128).")
@click.option("--trim-silence", is_flag=True, help="Cut pauses to a second.")
@purposed
@click.option("-o", "--output", help="The file to write, or - for the standard output.")
@as_json
def convert(
    sid: str,
    format_: str,
    channels: str,
    start: float,
    end: float | None,
    bitrate: int | None,
    rate: int | None,
    normalise: bool,
    trim_silence: bool,
    purpose: str | None,
    output: str | None,
    as_json: bool,
) -> None:
    """Write a recording (RE…), or a cut of it, in another format.

    Without -o the file is named after number and local time. A file that is there is not replaced.
    """
    archive = twirec.Archive.from_env()
    reading = archive.recordings.convert(
        sid,
        format=format_,
        channels=channels,
        start=start,
        end=end,
        bitrate=bitrate,
        rate=rate,
        normalise=normalise,
        trim_silence=trim_silence,
        by=operator(),
        purpose=said_purpose(archive, purpose),
    )
    give(reading, output, as_json)


@click.command()
@click.argument("sid")
@purposed
@click.option("-o", "--output", help="The file to write, or - for the standard output.")
@as_json
def download(sid: str, purpose: str | None, output: str | None, as_json: bool) -> None:
    """Write a recording (RE…) as it was archived, byte for byte.

    Where card numbers were cut out of it, that is its copy without them: the same, but for silence.
    Without -o the file is named after number and local time. A file that is there is not replaced.
    """
    archive = twirec.Archive.from_env()
    reading = archive.recordings.open(
        sid, by=operator(), download=True, purpose=said_purpose(archive, purpose)
    )
    give(reading, output, as_json)


def said_purpose(archive: twirec.Archive, purpose: str | None) -> str:
    """Return what for, which people always say, whatever the settings."""
    if purpose is None:
        words = ", ".join(archive.settings.purposes.words)
        raise click.UsageError(f"Say with --purpose what it is for: {words}.")
    return purpose


def give(reading: AudioStream, output: str | None, as_json: bool) -> None:
    """Write a stream into a file, or to the standard output where that is `-`."""
    if as_json and output == "-":
        raise click.UsageError("--json and -o - both want the standard output; give one.")
    with reading:
        if output == "-":
            for chunk in reading:
                sys.stdout.buffer.write(chunk)
            return
        file = Path(output or reading.file_name)
        _write(reading, file)
    size = file.stat().st_size
    answer(
        as_json,
        {"file": str(file), "size": size, "content_type": reading.content_type},
        f"{file}: {size} bytes.",
    )


def _write(reading: AudioStream, file: Path) -> None:
    """Write a file as a whole or not at all, readable by its owner only."""
    taken = f"{file} is there already: give another name with -o."
    if file.exists():
        raise click.ClickException(taken)
    try:
        with tempfile.NamedTemporaryFile(dir=file.parent, prefix=".twirec-") as draft:
            for chunk in reading:
                draft.write(chunk)
            draft.flush()
            os.link(draft.name, file)
    except FileExistsError:
        raise click.ClickException(taken) from None
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written ({error.strerror}).") from error
