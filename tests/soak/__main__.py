"""The soak: `make soak`. Prints its figures; exit status 1 if one is not what it has to be."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.servers import StrictGcs
from tests.soak import backfill
from tests.soak.faults import play
from tests.soak.ground import Figures, Ground, Workers, ground
from tests.soak.sweeping import SweepFigures
from tests.soak.sweeping import play as sweep
from tests.soak.waiting import WaitFigures
from tests.soak.waiting import play as waits
from twirec.transfers.checkpoints import OF_A_TRANSFER

KILLS_OF_EACH_STEP = 20
RECORDINGS = 2000
GATHERED = 5000
SWEPT, TIMES = 1500, 5
WAITING, AGENTS = 500, 8
INTERRUPTIONS = 4
SMALL, LARGE = 4, 300
"""Seconds of a recording that goes in one request, and of one that goes in pieces."""


@contextmanager
def on_folder() -> Iterator[Ground]:
    """Play on a folder."""
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Workers()) as workers,
        ground(Path(folder), f"file://{folder}/bucket", workers) as field,
    ):
        yield field


@contextmanager
def on_gcs(bucket: StrictGcs) -> Iterator[Ground]:
    """Play on the strict server."""
    os.environ["STORAGE_EMULATOR_HOST"] = bucket.url
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Workers()) as workers,
        ground(Path(folder), "gs://recordings/soak", workers) as field,
    ):
        yield field


def crashes(field: Ground) -> Figures:
    """Kill a worker at every step, again and again."""
    for number in range(KILLS_OF_EACH_STEP):
        for step in OF_A_TRANSFER:
            field.record(seconds=LARGE if number % 2 else SMALL)
            field.kill(step)
            field.pass_time()
            field.work()
    figures = field.settle()
    figures.expect(figures.kills, dict.fromkeys(OF_A_TRANSFER, KILLS_OF_EACH_STEP))
    return figures


def told(
    what: str, figures: Figures | SweepFigures | WaitFigures | backfill.BackfillFigures
) -> bool:
    """Print figures; whether they are what they have to be."""
    sys.stdout.write(f"{what}: {figures}\n")
    sys.stdout.flush()
    return figures.clean


def main() -> int:
    """Play all of it."""
    well = []
    with on_folder() as field:
        well.append(told("killed at every step, folder", crashes(field)))
    with StrictGcs("recordings") as bucket, on_gcs(bucket) as field:
        well.append(told("killed at every step, strict GCS server", crashes(field)))
    with StrictGcs("recordings") as bucket, on_gcs(bucket) as field:
        figures = play(field, bucket, RECORDINGS, seed=1, killed_after=3.0)
        well.append(told("faults", figures))
    with on_folder() as field:
        taken = backfill.play(field, GATHERED, interruptions=INTERRUPTIONS)
        well.append(told("backfill, interrupted", taken))
    for _ in range(TIMES):
        with tempfile.TemporaryDirectory() as folder:
            well.append(told("sweeps beside a worker", sweep(Path(folder), SWEPT)))
    with tempfile.TemporaryDirectory() as folder:
        well.append(told("waits in a queue", waits(Path(folder), WAITING, agents=AGENTS)))
    return 0 if all(well) else 1


if __name__ == "__main__":
    sys.exit(main())
