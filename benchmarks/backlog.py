"""A backlog: many recordings that are due, and one, two and four processes that share a catalog.

    python -m benchmarks.backlog [--quick]

20,000 recordings of 16 kB are due, as after an outage; each process works with 32 threads, and
an answer of Twilio's or Google's takes 40 ms longer, as from a data centre far away. Each process
works until nothing is due. They are adopted once, and each number of processes begins with a copy
of that catalog: the whole takes some ten minutes on two cores, where more than two processes gain
nothing, which is shown too.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.report import Better, Figure, is_quick, lacking, publish
from benchmarks.rig import rig
from benchmarks.transfer import SLOW, Load, adopt, work

RECORDINGS, FEW = 20_000, 1_000
SIZE, THREADS = 16_044, 32


def measure(*, quick: bool) -> list[Figure]:
    """Return all figures."""
    load = Load(FEW if quick else RECORDINGS, SIZE, THREADS, SLOW)
    took = {}
    with rig() as at, tempfile.TemporaryDirectory() as folder:
        due = Path(folder) / "due.db"
        at.seed(load.recordings, load.size)
        adopt(at, load, due)
        for count in (1, 2, 4):
            catalog = Path(shutil.copy(due, Path(folder) / f"{count}.db"))
            at.again()
            took[count] = work(at, load, catalog, count)
    figures = [
        Figure(
            f"backlog of {load.recordings:,}, two processes against one",
            took[1].seconds / took[2].seconds,
            must=1.2,
            aim=1.7,
            better=Better.HIGHER,
        ),
        Figure(
            f"backlog of {load.recordings:,}, four processes against one",
            took[1].seconds / took[4].seconds,
            better=Better.HIGHER,
        ),
    ]
    for count, found in took.items():
        figures.append(
            Figure(
                f"recordings a second, {count} x {THREADS} threads",
                load.recordings / found.seconds,
                "/s",
                better=Better.HIGHER,
                note=f"{found.cpu / load.recordings * 1000:.1f} ms of CPU for each, "
                f"{found.mib:.0f} MiB in one process",
            )
        )
    return figures


def main() -> int:
    """Measure, print, and keep."""
    quick = is_quick(__doc__)
    lack = lacking("node", "npm")
    if lack:
        return publish("backlog", [Figure("backlog", None, note=lack)], quick=quick)
    return publish("backlog", measure(quick=quick), quick=quick)


if __name__ == "__main__":
    sys.exit(main())
