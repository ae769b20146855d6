"""Time and memory of a conversion, beside ffmpeg alone.

    python -m benchmarks.convert

A recording of a call, two channels at 8 kHz, of one hour and of four, is converted to MP3, Opus and
FLAC: by `archive.recordings.convert` in a fresh process with everything of twirec imported, from a
folder as the bucket; and by ffmpeg alone, with the same options for the codec, from file to file.
The two take turns, and the medians of their times are compared. Memory is that of all processes
together, looked at fifty times a second. Exits 1 when a ratio or the memory passes the limits that
twirec promises. `--quick` converts one hour to MP3 only.
"""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.report import Figure, is_quick, publish

HOURS = (1, 4)
FORMATS = ("mp3", "opus", "flac")
TURNS = 3
SLOWEST = 1.15
"""Times ffmpeg's own time, at the most."""
MOST_MIB = 150
"""Of all processes together, at the most."""
SAME_MIB = 10
"""How much more four hours may take than one."""
SID = "RE" + "b" * 32
NAME = f"recordings/2026/11/23/20261123T101500Z_{SID}.wav"


def main() -> int:
    """Measure both ways, and publish the ratios."""
    quick = is_quick(__doc__)
    figures: list[Figure] = []
    peaks: dict[str, list[float]] = {name: [] for name in FORMATS}
    for hours in HOURS[:1] if quick else HOURS:
        with tempfile.TemporaryDirectory() as folder:
            prepare(Path(folder), hours * 3600, conversation())
            for name in FORMATS[:1] if quick else FORMATS:
                alone, ours = measure(Path(folder), name)
                peaks[name].append(ours[1])
                title = f"{hours} h to {name}"
                note = f"ffmpeg alone {alone[0]:.2f} s and {alone[1]:.0f} MiB"
                ratio = ours[0] / alone[0]
                figures += [
                    Figure(f"{title}, time against ffmpeg", ratio, must=SLOWEST, note=note),
                    Figure(f"{title}, peak memory", ours[1], "MiB", must=MOST_MIB),
                ]
    figures += [
        Figure(
            f"{name}, memory that the longest takes more", mib[-1] - mib[0], "MiB", must=SAME_MIB
        )
        for name, mib in peaks.items()
        if len(mib) > 1
    ]
    return publish("convert", figures, quick=quick)


def measure(folder: Path, name: str) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the median seconds and the peak MiB of ffmpeg alone, and of twirec."""
    from twirec.audio.ffmpeg import find_ffmpeg
    from twirec.audio.formats import FORMATS as KNOWN

    made = KNOWN[name]
    kbps = made.kbps_for(2, None)
    options = [*made.encoder.split(), *(["-b:a", f"{kbps}k"] if kbps else [])]
    quiet = ("-hide_banner", "-nostats", "-loglevel", "error", "-y")
    original, out = str(folder / NAME), str(folder / f"out.{name}")
    bare = [find_ffmpeg(None), *quiet, "-i", original, *options, out]
    ours = [sys.executable, "-m", "benchmarks.convert", str(folder), name]
    turns = [(timed(bare), timed(ours)) for _ in range(TURNS)]
    alone, with_us = zip(*turns, strict=True)
    return _median(alone), _median(with_us)


def _median(runs: tuple[tuple[float, float], ...]) -> tuple[float, float]:
    return statistics.median(seconds for seconds, _ in runs), max(mib for _, mib in runs)


def timed(command: list[str]) -> tuple[float, float]:
    """Run a command; return its seconds, or those that it prints, and the peak MiB of its tree."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, together(process.pid))
        time.sleep(0.02)
    seconds = time.perf_counter() - begun
    said = process.communicate()[0]
    assert process.returncode == 0, command
    return (float(said) if said else seconds), peak


def tree(pid: int) -> Iterator[int]:
    """Yield a process and all that it started."""
    yield pid
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from tree(int(child))
    except OSError:
        return


def together(pid: int) -> float:
    """Return what memory a process and all that it started hold, in MiB.

    Between fork and exec a child has its parent's memory: what is alike to the page counts once.
    """
    pages = {read for each in tree(pid) if (read := statm(each))}
    return sum(int(read.split()[1]) for read in pages) * os.sysconf("SC_PAGE_SIZE") / 2**20


def statm(pid: int) -> str:
    """Return the sizes of a process's memory, in pages; nothing if it is gone."""
    try:
        return Path(f"/proc/{pid}/statm").read_text()
    except OSError:
        return ""


def prepare(folder: Path, seconds: int, turn: bytes) -> None:
    """Put a recording of a call into a folder, as if it had been archived.

    Args:
        folder: where to.
        seconds: how long it is.
        turn: the samples that are repeated in it.
    """
    from twirec.adapters.folder import FolderBucket
    from twirec.audio.heads import wav_head
    from twirec.audio.original import Pcm
    from twirec.model.records import Recording
    from twirec.model.states import State
    from twirec.model.vocabulary import Role

    times, rest = divmod(seconds * 8000 * 4, len(turn))
    head = wav_head(Pcm(8000, 2, seconds * 8000))
    at = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
    sha256 = hashlib.sha256()

    def hashed(chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            sha256.update(chunk)
            yield chunk

    stored = FolderBucket(folder).put(
        NAME,
        hashed([head, *[turn] * times, turn[:rest]]),
        content_type="audio/x-wav",
        labels={},
        custom_time=at,
        finish=dict,
    )
    with opened(folder) as archive:
        archive.set_up()
        recording = Recording(
            SID,
            archive.settings.account_sid,
            None,
            State.RELEASED,
            started_at=at,
            duration=seconds,
            channels=2,
            channel_map=(Role.CUSTOMER, Role.AGENT),
            object_name=NAME,
            size=stored.size,
            crc32c=stored.crc32c,
            sha256=sha256.hexdigest(),
        )
        archive.catalog.recordings.adopt(recording)
        archive.custody.admit(SID, ground="a benchmark", by="a benchmark")


def conversation() -> bytes:
    """Return half a minute of two people who speak in turns, as samples."""
    from twirec.sandbox.parties import Line

    told, answered = (Line(name).samples() for name in ("customer_complaint", "agent_answer"))
    samples = array("h", bytes(2 * 2 * (len(told) + len(answered) + 8000)))
    samples[0 : 2 * len(told) : 2] = told
    after = 2 * (len(told) + 4000) + 1
    samples[after : after + 2 * len(answered) : 2] = answered
    return samples.tobytes()


def opened(folder: Path):  # type: ignore[no-untyped-def]
    """Open an archive whose bucket is the folder, and close it after use."""
    from contextlib import closing

    from twirec import Archive
    from twirec.testing import ENVIRONMENT

    environ = {
        **ENVIRONMENT,
        "TWIREC_BUCKET": f"file://{folder}",
        "TWIREC_DATABASE_URL": f"sqlite:///{folder}/catalog.db",
    }
    return closing(Archive.from_env(environ))


def convert(folder: Path, name: str) -> float:
    """Convert the recording into a file, and return the seconds."""
    import twirec.flask  # noqa: F401 - a web process has everything imported

    with opened(folder) as archive:
        begun = time.perf_counter()
        made = archive.recordings.convert(SID, format=name, by="a benchmark")
        with made, (folder / f"ours.{name}").open("wb") as out:
            for chunk in made:
                out.write(chunk)
        return time.perf_counter() - begun


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(main())
    print(json.dumps(convert(Path(sys.argv[1]), sys.argv[2])))
