"""Sweeps in a loop beside a worker that moves recordings: nothing false may be said of any."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from tests.factories import STARTED, a_call, a_callback, a_consent, call_sid, recording_sid
from tests.house import A_CALL, AT_VENDOR, BOTH, OWN_ROUTES
from tests.sounds import wav
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.adapters.memory_vendor import MemoryVendor
from twirec.archive import Archive
from twirec.model.errors import TwirecError
from twirec.model.states import State
from twirec.settings import Settings
from twirec.testing import ACCOUNT_SID, ENVIRONMENT


@dataclass
class SweepFigures:
    """What came of it.

    Attributes:
        recordings: how many there were.
        sweeps: how many sweeps there were meanwhile.
        released: how many recordings the worker moved.
        said: what sweeps said of recordings that were all as they should be.
        errors: sweeps that ended with an error.
    """

    recordings: int
    sweeps: int = 0
    released: int = 0
    said: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)

    @property
    def clean(self) -> bool:
        """Whether it is as it has to be."""
        return not (self.said or self.errors) and self.released == self.recordings


def play(folder: Path, recordings: int, *, threads: int = 4) -> SweepFigures:
    """Let a worker move recordings while sweeps go on, and return what those said."""
    time = STARTED + timedelta(hours=1)
    url = f"sqlite:///{folder}/catalog.db"
    settings = Settings.from_env({**ENVIRONMENT, "TWIREC_DATABASE_URL": url})
    vendor, bucket = MemoryVendor(), MemoryBucket()
    archive = Archive(settings, bucket=bucket, vendor=vendor, now=lambda: time)
    archive.set_up()
    for route in OWN_ROUTES:
        vendor.routes.append((ACCOUNT_SID, route))
    media = wav(seconds=4, channels=2)
    for number in range(1, recordings + 1):
        sid, call, at = recording_sid(number), call_sid(number), STARTED + timedelta(seconds=number)
        vendor.add_call(replace(A_CALL, sid=call, started_at=at))
        archive.catalog.ledger.open_call(a_call(call_sid=call, started_at=at))
        archive.catalog.consents.record(a_consent(call_sid=call, at=at), None)
        there = replace(AT_VENDOR, sid=sid, call_sid=call, created_at=at, started_at=at)
        vendor.add_recording(there, media)
        told = a_callback(recording_sid=sid, call_sid=call, started_at=at)
        archive.catalog.recordings.receive(told, state=State.COMPLETED, channel_map=BOTH, at=at)
    figures = SweepFigures(recordings)
    worker = threading.Thread(target=archive.operations.worker(threads=threads).run_once)
    worker.start()
    going = True
    while going:
        going = worker.is_alive()  # and once more when it is done
        _sweep(archive, figures)
    worker.join()
    time += timedelta(days=1)  # what failed meanwhile, as the database was busy, is due again
    archive.operations.worker(threads=threads).run_once()
    _sweep(archive, figures)
    figures.released = archive.operations.stats().recordings.get(State.RELEASED, 0)
    archive.close()
    return figures


def _sweep(archive: Archive, figures: SweepFigures) -> None:
    figures.sweeps += 1
    try:
        report = archive.operations.sweep()
    except TwirecError as error:
        figures.errors[str(error)] += 1
        return
    figures.said.update(reason.split(" ", 1)[-1] for reason in report.problems.values())
    for figure in ("labelled", "deleted_again", "erased_again", "adopted"):
        if count := getattr(report, figure):
            figures.said[figure] += count
