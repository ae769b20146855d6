"""Moving recordings, beside the script that people write instead, and beside `curl | curl`.

    python -m benchmarks.transfer [--quick]

Both ends are the rig (`benchmarks/rig/`), a program of Node that shares nothing with twirec. For
each load the script and twirec run by turns, each in a fresh process with everything imported, and
the median of the ratios of neighbouring runs is the figure: what else the machine does meets both.
The script (`benchmarks/rig/script.py`) downloads a recording whole, uploads it and deletes it, and
checks nothing. The limit is one curl that downloads into another that uploads. Databases are on
a disk, with durable settings.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.report import Better, Figure, find, is_quick, lacking, publish
from benchmarks.rig import ACCOUNT_SID, TOKEN, Figures, Rig, rig, run_together
from benchmarks.rig.ours import settings

MB = 1_000_000
SMALL = 160_044
"""Bytes of a recording of five seconds in two channels."""
SLOW = 40
"""Milliseconds that each answer takes longer in some loads, as from a data centre far away."""

OURS = (sys.executable, "-m", "benchmarks.rig.ours")


@dataclass(frozen=True)
class Load:
    """What is to be moved."""

    recordings: int
    size: int
    threads: int = 1
    latency: int = 0


@dataclass(frozen=True)
class Pair:
    """What it took one way and the other, in runs that followed one another."""

    theirs: Figures
    ours: Figures


def by_script(at: Rig, load: Load) -> Figures:
    """Move it by the script."""
    at.seed(load.recordings, load.size)
    command = [sys.executable, "-m", "benchmarks.rig.script", at.url, str(load.threads)]
    return run_together([command], os.environ, at)


def by_twirec(at: Rig, load: Load, processes: int = 1) -> Figures:
    """Move it by so many workers, and look whether all of it arrived."""
    at.seed(load.recordings, load.size)
    with tempfile.TemporaryDirectory() as folder:
        catalog = Path(folder) / "catalog.db"
        adopt(at, load, catalog)
        return work(at, load, catalog, processes)


def adopt(at: Rig, load: Load, catalog: Path) -> None:
    """Make a catalog in which all that was seeded is due. Nothing of it is measured."""
    at.delay(0)  # it asks for each call
    subprocess.run(
        [*OURS, "prepare", str(load.recordings)],
        env={**os.environ, **settings(at.url, f"sqlite:///{catalog}")},
        check=True,
        stderr=subprocess.DEVNULL,  # the rig has no TwiML applications, which is said there
    )


def work(at: Rig, load: Load, catalog: Path, processes: int) -> Figures:
    """Do all that is due in a catalog by so many workers, and look whether all of it arrived."""
    at.delay(load.latency)
    environ = {**os.environ, **settings(at.url, f"sqlite:///{catalog}")}
    figures = run_together([[*OURS, "work", str(load.threads)]] * processes, environ, at)
    state = at.state()
    left, wrong = state["recordings"], state["wrong"]
    if left or wrong or state["objects"] < load.recordings:
        sys.exit(f"{left} recordings are left at Twilio, {wrong} objects are wrong")
    return figures


def by_curl(at: Rig, load: Load) -> float:
    """Return the seconds of the limit: a download into an upload, and a deletion."""
    at.seed(load.recordings, load.size)
    (sid,) = at.sids()
    media = f"{at.url}/2010-04-01/Accounts/{ACCOUNT_SID}/Recordings/{sid}"
    begin = f"{at.url}/upload/storage/v1/b/rec/o?uploadType=resumable"
    auth, curl = f"{ACCOUNT_SID}:{TOKEN}", str(find("curl"))
    named = ["-d", f'{{"name": "limit/{sid}.wav"}}']
    begun = time.perf_counter()
    session = subprocess.run(
        [
            curl,
            "-sD",
            "-",
            "-o",
            "/dev/null",
            "-H",
            "content-type: application/json",
            *named,
            begin,
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    (address,) = (
        line.split(": ", 1)[1].strip()
        for line in session.stdout.splitlines()
        if line.lower().startswith("location:")
    )
    with subprocess.Popen([curl, "-su", auth, f"{media}.wav"], stdout=subprocess.PIPE) as download:
        subprocess.run(
            [curl, "-sT", "-", "-o", "/dev/null", address], stdin=download.stdout, check=True
        )
    subprocess.run([curl, "-su", auth, "-X", "DELETE", f"{media}.json"], check=True)
    return time.perf_counter() - begun


def pairs(load: Load, times: int, processes: int = 1) -> list[Pair]:
    """Run both ways by turns."""
    with rig(load.latency) as at:
        return [Pair(by_script(at, load), by_twirec(at, load, processes)) for _ in range(times)]


def ratio(found: list[Pair], of: Callable[[Figures], float]) -> float:
    """Return the median of the ratios, ours to theirs."""
    return median(of(pair.ours) / of(pair.theirs) for pair in found)


def seconds(figures: Figures) -> float:
    return figures.seconds


def cpu(figures: Figures) -> float:
    return figures.cpu


def spent(found: list[Pair], load: Load) -> str:
    """Return what both took for a recording, in words."""
    ours = median(pair.ours.cpu for pair in found) / load.recordings * 1000
    theirs = median(pair.theirs.cpu for pair in found) / load.recordings * 1000
    return f"{ours:.1f} ms of CPU for a recording, the script {theirs:.1f}"


def against_curl(load: Load, times: int) -> list[float]:
    """Return bytes a second of ours against those of curl, run by run."""
    with rig(load.latency) as at:
        return [by_curl(at, load) / by_twirec(at, load).seconds for _ in range(times)]


def measure(*, quick: bool) -> list[Figure]:
    """Return all figures."""
    times, part = (1, 4) if quick else (3, 1)
    huge = Load(1, 460 * MB // part)
    figures = [
        Figure(
            f"{huge.size // MB} MB, bytes a second against curl | curl",
            median(against_curl(huge, times)),
            must=0.6,
            aim=0.85,
            better=Better.HIGHER,
            note="sha256 and crc32c are computed and compared, and the loudness is measured",
        )
    ]
    # a worker lives for weeks: what its first recording prepares is no part of each
    alone, held = [Load(20 // part, 5 * MB), Load(4 // part, 50 * MB), huge], []
    for load in alone:
        found = pairs(load, times)
        held += [pair.ours.mib for pair in found]
        target = (None, None) if load is huge else (1.15, 1.0)
        name = f"{load.size // MB} MB, one at a time, time against the script"
        figures.append(Figure(name, ratio(found, seconds), "x", *target, note=spent(found, load)))
    figures.append(Figure("peak memory, one at a time at any size", max(held), "MiB", 130, 110))

    many = Load(64 // part, round(5.8 * MB), threads=32)
    found = pairs(many, times)
    figures += [
        Figure(
            f"{many.recordings} x 5.8 MB, 32 threads, time against the script",
            ratio(found, seconds),
            must=1.1,
            aim=0.8,
        ),
        Figure(
            "5.8 MB, CPU against the script",
            ratio(found, cpu),
            must=1.5,
            aim=1.1,
            note=spent(found, many),
        ),
        Figure(
            "peak memory, 32 threads of 5.8 MB",
            max(pair.ours.mib for pair in found),
            "MiB",
            220,
            160,
            note=f"the script {max(pair.theirs.mib for pair in found):.0f} MiB",
        ),
    ]
    for threads in (1, 8, 32):
        small = Load((20 * threads if threads < 8 else 640) // part, SMALL, threads, SLOW)
        found = pairs(small, times)
        target = (1.0, None) if threads == 32 else (None, None)
        rates = [
            f"{small.recordings / way.seconds:.0f}" for way in (found[0].ours, found[0].theirs)
        ]
        figures.append(
            Figure(
                f"160 kB at 40 ms, {threads} threads, recordings a second against the script",
                1 / ratio(found, seconds),
                "x",
                *target,
                better=Better.HIGHER,
                note=f"{rates[0]} a second, the script {rates[1]}; where the time goes: "
                "docs/transfer.md, How fast it is",
            )
        )
    figures += [
        Figure(
            "160 kB at 40 ms, two processes of 32 threads, against the script with 32",
            1 / ratio(pairs(small, times, processes=2), seconds),
            must=1.0,
            aim=1.5,
            better=Better.HIGHER,
        ),
        Figure(
            "160 kB, CPU against the script",
            ratio(found, cpu),
            must=2.0,
            aim=1.3,
            note=spent(found, small),
        ),
        Figure(
            "requests for an ordinary recording",
            found[0].ours.requests / small.recordings,
            "requests",
            3.01,
            3.01,
            note="and one now and then, to look at the mark that says whose the bucket is",
        ),
    ]
    return figures


def main() -> int:
    """Measure, print, and keep."""
    quick = is_quick(__doc__)
    lack = lacking("node", "npm", "curl")
    if lack:
        return publish("transfer", [Figure("transfers", None, note=lack)], quick=quick)
    return publish("transfer", measure(quick=quick), quick=quick)


if __name__ == "__main__":
    sys.exit(main())
