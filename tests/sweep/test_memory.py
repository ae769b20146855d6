"""The memory that a sweep takes does not grow with the recordings of a day."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from unittest.mock import patch

from sqlalchemy import insert

from tests.factories import ACCOUNT, STARTED, a_call, a_recording, call_sid, recording_sid
from tests.house import A_CALL, AT_VENDOR, OWN_ROUTES
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.adapters.memory_vendor import MemoryVendor
from twirec.archive import Archive
from twirec.catalog.database import to_row
from twirec.catalog.tables import calls, recordings
from twirec.model.bucket import StoredObject
from twirec.model.records import CallRecord, Recording
from twirec.model.states import State
from twirec.model.vendor import VendorCall, VendorRecording, is_within
from twirec.model.vocabulary import Outcome
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT
from twirec.transfers.naming import final_labels, labels, object_name

PAGE, FEW, MANY = 5, 15, 90
SLACK = 60_000
"""Bytes; so many recordings more, each held with what belongs to it, would take five times that."""

held: list[int] = []
"""Bytes that are taken, cycles that Python has yet to collect aside, after each page."""
TIME = STARTED + timedelta(hours=2)


def row(number: int) -> Recording:
    """Return a recording that is archived, and of which Twilio's copy is still there."""
    made = a_recording(
        sid=recording_sid(number),
        call_sid=call_sid(number),
        state=State.ARCHIVED,
        started_at=STARTED + timedelta(seconds=number),
        size=8,
        crc32c="AAAAAA==",
        sha256="0" * 64,
        generation=1,
        due_at=TIME + timedelta(days=1),
    )
    return replace(made, object_name=object_name(made))


def line(number: int) -> CallRecord:
    started_at = STARTED + timedelta(seconds=number)
    call = a_call(call_sid=call_sid(number), started_at=started_at)
    return CallRecord(replace(call, outcome=Outcome.RECORDED))


def counted(count: int) -> Iterator[int]:
    """Count, and measure at each page and at the end."""
    for number in range(1, count + 1):
        yield number
        if tracemalloc.is_tracing() and (number % FEW == 0 or number == count):
            gc.collect()
            held.append(tracemalloc.get_traced_memory()[0])


class DayAtVendor(MemoryVendor):
    """A vendor that makes the recordings and calls of a day when it is asked for them."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def recordings(
        self,
        account_sid: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        call_sid: str | None = None,
        hurry: bool = False,
    ) -> Iterator[VendorRecording]:
        """List them."""
        for number in counted(self.count):
            made = row(number)
            if call_sid is None and is_within(made.started_at, since, until):
                yield replace(
                    AT_VENDOR,
                    sid=made.sid,
                    call_sid=made.call_sid,
                    created_at=made.started_at,
                    started_at=made.started_at,
                )

    def calls(self, account_sid: str, *, since: datetime, until: datetime) -> Iterator[VendorCall]:
        """List them."""
        for number in counted(self.count):
            started_at = STARTED + timedelta(seconds=number)
            if is_within(started_at, since, until):
                yield replace(A_CALL, sid=call_sid(number), started_at=started_at)


class DayInBucket(MemoryBucket):
    """A bucket that makes the objects of a day when it is asked for them."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """List them."""
        if not prefix.startswith("recordings/2026/11/23/"):
            yield from super().list(prefix)
            return
        for number in counted(self.count):
            made = row(number)
            said = labels(line(number), made) | final_labels(made)
            yield StoredObject(made.object_name or "", 1, 8, "AAAAAA==", said, made.started_at)


def peak(folder: Path, count: int) -> int:
    """Return the bytes that a sweep of so many recordings of a day takes at the most."""
    folder.mkdir()
    url = f"sqlite:///{folder}/catalog.db"
    settings = Settings.from_env({**ENVIRONMENT, "TWIREC_DATABASE_URL": url})
    vendor, bucket = DayAtVendor(count), DayInBucket(count)
    archive = Archive(settings, bucket=bucket, vendor=vendor, now=lambda: TIME)
    archive.set_up()
    vendor.add_call(A_CALL)
    for route in OWN_ROUTES:
        vendor.routes.append((ACCOUNT, route))
    with archive.catalog.database.write() as connection:
        for number in range(1, count + 1):
            connection.execute(insert(calls).values(to_row(line(number).call, calls)))
            connection.execute(insert(recordings).values(to_row(row(number), recordings)))
    archive.operations.sweep()  # what is made once, such as compiled statements
    held.clear()
    gc.collect()
    gc.freeze()  # what is there by now need not be looked at on each page
    tracemalloc.start()
    report = archive.operations.sweep()
    tracemalloc.stop()
    archive.close()
    assert (report.seen, report.objects) == (count, count)
    assert (report.problems, report.labelled) == ({}, 0)
    return max(held)


def peaks(folder: Path) -> tuple[int, int]:
    """Return the peaks of few recordings and of many."""
    with patch("twirec.sweep.bucket.PAGE", PAGE):
        return peak(folder / "few", FEW), peak(folder / "many", MANY)


def test_six_times_as_many_recordings_take_no_more_memory(tmp_path: Path) -> None:
    # in a process of its own: what is counted is that of all threads, those of other tests too
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        few, many = pool.submit(peaks, tmp_path).result(300)
    assert many < few + SLACK, (few, many)
