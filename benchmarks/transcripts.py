"""CPU and memory of a transcript, for a call of one minute and of ten.

    make whisper-base
    python -m benchmarks.transcripts

Real speech of two people in turns, a channel each, is repeated to the length of the call, put into
a folder as the bucket, and heard by Whisper base in a fresh process, as a worker does: parts,
checks, catalog and object included. What is counted is the CPU time of that process for each second
of the call, the loading of the model left out and given in the note, and the most memory that it
ever held. Exits 1 when either passes what twirec promises, or ten minutes take more memory than
one. `--quick` hears one minute only.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.convert import SID, opened, prepare
from benchmarks.report import Figure, is_quick, lacking, publish

MINUTES = (1, 10)
MOST_CPU = 0.4
"""Seconds of CPU for each second of the call, at the most."""
MOST_MIB = 700
SAME_MIB = 50
"""How much more ten minutes may take than one: some of their many parts take more than its two."""
MODEL = Path(__file__).parent.parent / ".venv/whisper-base"


def main() -> int:
    """Hear both calls, and publish what that took."""
    quick = is_quick(__doc__)
    note = lacking(modules=["faster_whisper"])
    if not note and not (MODEL / "model.bin").is_file():
        note = "needs the model: make whisper-base"
    figures: list[Figure] = []
    peaks: list[float] = []
    for minutes in MINUTES[:1] if quick else MINUTES:
        title = f"{minutes} min"
        if note:
            figures.append(Figure(f"{title}, CPU for each second", None, "s", note=note))
            continue
        with tempfile.TemporaryDirectory() as folder:
            prepare(Path(folder), seconds=60 * minutes, turn=speech())
            command = [sys.executable, "-m", "benchmarks.transcripts", folder]
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        took = json.loads(said)
        peaks.append(took["mib"])
        figures += [
            Figure(
                f"{title}, CPU for each second of the call",
                took["cpu"] / (60 * minutes),
                "s",
                must=MOST_CPU,
                note=f"{took['wall']:.0f} s by the clock, the model loaded in {took['load']:.1f} s",
            ),
            Figure(f"{title}, peak memory", took["mib"], "MiB", must=MOST_MIB),
        ]
    if len(peaks) > 1:
        figures.append(
            Figure("memory that ten minutes take more", peaks[1] - peaks[0], "MiB", must=SAME_MIB)
        )
    return publish("transcripts", figures, quick=quick)


def speech() -> bytes:
    """Return a call of real speech, as samples."""
    from tests.speech.conftest import samples

    return samples()


def hear(folder: Path) -> dict[str, float]:
    """Hear the recording of a folder, and return what that took."""
    from twirec.adapters import whisper
    from twirec.adapters.whisper import Whisper

    whisper.NICE = 0  # on a busy machine it would take hours; its CPU time is the same
    model = Whisper(str(MODEL))
    begun = time.process_time()
    model.load()
    load = time.process_time() - begun
    with opened(folder) as archive:
        archive._given_speech = model
        archive.transcripts.request(SID, by="a benchmark")
        begun, clock = time.process_time(), time.perf_counter()
        archive.jobs.do("transcript", SID)
        cpu, wall = time.process_time() - begun, time.perf_counter() - clock
        kept = archive.transcripts.of(SID, by="a benchmark")
        assert kept is not None
        assert kept.object_name, kept.last_error
    mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"cpu": cpu, "wall": wall, "load": load, "mib": mib}


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(main())
    print(json.dumps(hear(Path(sys.argv[1]))))
