"""What a worker does beside transferring: it sweeps, one worker at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.factories import ACCOUNT, STARTED, recording_sid
from tests.house import A_CALL, AT_VENDOR, House
from tests.sounds import wav
from twirec.archive import Archive
from twirec.jobs import worker as workers
from twirec.jobs.worker import Worker
from twirec.model.errors import (
    BucketUnavailable,
    CatalogNewer,
    CatalogUnavailable,
    VendorUnavailable,
)
from twirec.model.states import State
from twirec.model.vendor import RecordingStatus
from twirec.sweep.sweep import MARK
from twirec.transfers.marked_bucket import MarkedBucket

MEDIA = wav(seconds=4, channels=2)


def until(condition: Callable[[], bool]) -> None:
    waited = threading.Event()
    for _ in range(6000):
        if condition():
            return
        waited.wait(0.02)
    raise AssertionError("it never was")


def running(worker: Worker, condition: Callable[[], bool]) -> None:
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        until(condition)
    finally:
        worker.stop()
        thread.join()


def test_a_worker_that_runs_sweeps_by_itself(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "PERIOD", 0.01)
    monkeypatch.setattr(workers, "POLL", 0.01)
    house.vendor.add_recording(AT_VENDOR, MEDIA)
    released = lambda: bool(house.stored()) and house.recording().state is State.RELEASED  # noqa: E731
    running(house.archive.operations.worker(threads=1), released)


def test_a_worker_warns_of_a_pause_that_is_not_resumed(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(workers, "PERIOD", 0.01)
    house.vendor.add_recording(
        replace(AT_VENDOR, status=RecordingStatus.IN_PROGRESS, duration=None)
    )
    house.archive.operations.sweep()
    house.archive.recordings.pause(AT_VENDOR.sid, by="ana")
    house.time += timedelta(minutes=16)
    warned = lambda: f"{AT_VENDOR.sid}: paused since" in caplog.text  # noqa: E731
    running(house.archive.operations.worker(threads=1), warned)


def test_it_is_one_workers_turn_until_the_time_has_passed(house: House) -> None:
    catalog, every = house.archive.catalog, timedelta(minutes=15)
    assert catalog.marks.take_turn("turn", house.time, every)
    assert not catalog.marks.take_turn("turn", house.time + timedelta(minutes=14), every)
    assert catalog.marks.take_turn("other", house.time, every)
    assert catalog.marks.take_turn("turn", house.time + every, every)
    assert not catalog.marks.take_turn("turn", house.time + every, every)


def test_a_turn_that_a_wrong_clock_took_keeps_nobody_waiting(house: House) -> None:
    catalog, every = house.archive.catalog, timedelta(minutes=15)
    assert catalog.marks.take_turn("turn", house.time + timedelta(days=365), every)
    assert catalog.marks.take_turn("turn", house.time, every)
    assert not catalog.marks.take_turn("turn", house.time, every)


def test_once_a_week_the_whole_bucket_is_looked_at(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    sweep = house.archive.operations.worker()._periodic[0]
    house.vendor.add_call(A_CALL)
    sweep()
    old = f"recordings/2025/01/31/20250131T101500Z_{recording_sid(7)}.wav"
    house.bucket.put(
        old, [MEDIA], content_type="audio/x-wav", labels={}, custom_time=STARTED, finish=dict
    )
    found = f"{old} is in the bucket and not in the catalog"
    house.time += timedelta(days=1)
    sweep()
    assert found not in caplog.text
    house.time += timedelta(days=6)
    house.vendor.faults.add("recordings", VendorUnavailable("no answer"))
    with pytest.raises(VendorUnavailable):
        sweep()
    caplog.clear()
    house.time += timedelta(minutes=15)
    sweep()  # it is tried again at once, not in a week
    assert found in caplog.text


def test_a_worker_waits_for_a_database_that_is_away_and_not_for_one_that_is_newer(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "POLL", 0.01)
    monkeypatch.setattr(workers, "PERIOD", 0.01)
    errors = iter([CatalogUnavailable("it is not up yet")] * 3)

    def claim(*_: object) -> None:
        raise next(errors, CatalogNewer("it is of a newer version"))

    monkeypatch.setattr(house.archive.catalog.due_work, "claim", claim)
    with pytest.raises(CatalogNewer):
        house.archive.operations.worker(threads=1).run()
    assert next(errors, None) is None


def test_what_fails_periodic_does_not_stop_the_worker(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(workers, "PERIOD", 0.01)
    house.vendor.faults.add("recordings", VendorUnavailable("no answer"))
    house.record(MEDIA)
    running(
        house.archive.operations.worker(threads=1),
        lambda: house.recording().state is State.RELEASED and "no answer" in caplog.text,
    )


def test_zero_minutes_is_never(house: House) -> None:
    house.vendor.add_call(A_CALL)
    for minutes in (0, 15):
        archive = Archive(
            replace(house.archive.settings, sweep_every=timedelta(minutes=minutes)),
            catalog=house.archive.catalog,
            bucket=house.bucket,
            vendor=house.vendor,
            now=lambda: house.time,
        )
        for task in archive.operations.worker()._periodic:
            task()
        assert (archive.catalog.marks.get(MARK + ACCOUNT) is not None) == bool(minutes)


def test_whether_the_bucket_answers_is_remembered_once_a_minute(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = house.archive._periodic.look_at_bucket

    def stats() -> tuple[datetime | None, datetime | None]:
        counted = house.archive.operations.stats()
        return counted.bucket_seen, counted.bucket_failed

    begin = house.time
    look()
    assert stats() == (begin, None)
    with monkeypatch.context() as away:

        def no_answer(*_: object, **__: object) -> None:
            raise BucketUnavailable("it does not answer")

        away.setattr(MarkedBucket, "check", no_answer)
        house.time += timedelta(seconds=59)
        look()
        assert stats() == (begin, None)
        house.time += timedelta(seconds=1)
        look()
        assert stats() == (begin, begin + timedelta(minutes=1))
    house.time += timedelta(minutes=1)
    house.archive.jobs.upkeep("upkeep")
    assert stats() == (begin + timedelta(minutes=2), begin + timedelta(minutes=1))
