"""What becomes due is told of, after the commit; whatever a queue does with it harms nobody."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.erasing import destroy
from tests.factories import recording_sid
from tests.house import House, with_settings
from tests.queues.remembering import Remembering
from tests.sounds import wav
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.archive import jobs
from twirec.archive.periodic import UPKEEP
from twirec.catalog.hints import hint
from twirec.jobs import hints
from twirec.jobs.worker import POLL, POLL_WOKEN
from twirec.model.access import Actor, StaffRole
from twirec.model.errors import CatalogUnavailable, HintNotTaken, WorkerAway
from twirec.model.hints import Hint
from twirec.model.states import State
from twirec.settings import Settings

ADMIN = Actor("ana", StaffRole.ADMIN)


@pytest.fixture
def queue(house: House) -> Iterator[Remembering]:
    queue = Remembering()
    house.archive.jobs.hint_by(queue)
    yield queue
    house.archive.jobs.close()
    assert queue.closed


def test_whatever_makes_a_recording_due_is_told_of_once(house: House, queue: Remembering) -> None:
    sid, archive = recording_sid(), house.archive
    ours = [("recording", sid)]
    house.record(wav(seconds=4, channels=2))
    assert queue.told(archive) == ours
    house.tell()  # twice
    assert queue.told(archive) == []
    assert (house.work_on().state, queue.told(archive)) == (State.RELEASED, [])
    destroy(archive, sid, "asked for")
    *told, (kind, erasure) = queue.told(archive)
    assert (told, kind) == (ours, "erasure")
    assert archive.jobs.do("recording", sid) is None
    assert house.recording().state is State.ERASED
    assert archive.jobs.do("erasure", erasure) is None
    assert archive.custody.certificates.get(erasure, by="ana").done


def test_what_is_parked_and_tried_again_is_told_of(house: House, queue: Remembering) -> None:
    house.record(b"<html>an error page</html>")
    while house.work().due_at is not None:
        house.time = house.recording().due_at or house.time
    queue.told(house.archive)
    house.archive.operations.retry(by=ADMIN)
    assert queue.told(house.archive) == [("recording", recording_sid())]


def test_events_and_listening_copies_are_told_of(house: House) -> None:
    wanting = {"notify_url": "http://127.0.0.1:1/", "notify_secret": "s" * 32}
    house.archive.catalog.database._events = lambda: house.time
    archive = with_settings(house.archive, **wanting, listening_copies=("opus",))
    queue = Remembering()
    archive.jobs.hint_by(queue)
    house.record(wav(seconds=4, channels=2))
    assert archive.jobs.do("recording", recording_sid()) is None
    _, event = queue.told(archive)
    assert event[0] == "event"
    again = archive.jobs.do(*event)
    assert again is not None  # nobody takes it: it is due later
    assert again > house.time
    archive.jobs.do_due()
    ((kind, name),) = queue.told(archive)
    assert kind == "listening copy"
    assert name.startswith("derivatives/")
    archive.jobs.close()


def test_nothing_is_told_of_what_was_not_committed(house: House, queue: Remembering) -> None:
    class Broken(Exception):
        pass

    def change() -> None:
        with house.archive.catalog.database.write() as connection:
            hint(connection, "event", "e", house.time)
            raise Broken

    with pytest.raises(Broken):
        change()
    assert queue.told(house.archive) == []


@pytest.mark.parametrize("failing", [HintNotTaken("it is away"), RuntimeError("a mistake")])
def test_a_queue_that_fails_is_said_once_and_harms_nobody(
    house: House, failing: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    queue = Remembering(failing)
    house.archive.jobs.hint_by(queue)
    for _ in range(20):
        house.archive.catalog.database.hinting([Hint("recording", "RE0", house.time)])  # type: ignore[misc]
    assert queue.told(house.archive) == [("recording", "RE0")]  # the others would fail too
    assert len([each for each in caplog.records if each.levelno >= logging.WARNING]) == 1
    house.archive.jobs.close()


def test_a_queue_that_hangs_delays_nobody_and_fills_no_memory(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hints, "AT_EXIT", 0.1)
    monkeypatch.setattr(hints, "MOST_WAITING", 3)
    released = threading.Event()
    queue = Remembering()
    queue.put = lambda hint: released.wait(120) and None  # type: ignore[method-assign]
    house.archive.jobs.hint_by(queue)
    begun = time.monotonic()
    for number in range(100):
        house.archive.catalog.database.hinting([Hint("recording", str(number), house.time)])  # type: ignore[misc]
    house.record(wav(seconds=4, channels=2))
    house.archive.jobs.close()
    assert time.monotonic() - begun < 60  # it hangs for twice that
    released.set()
    assert house.work().state is State.RELEASED


def test_what_somebody_works_at_is_to_be_asked_for_when_their_lease_ends(house: House) -> None:
    sid = recording_sid()
    house.record(wav(seconds=4, channels=2))
    lease = house.archive.catalog.due_work.claim(house.time, timedelta(minutes=1))
    assert lease is not None
    assert house.archive.jobs.do("recording", sid) == lease.until
    house.time = lease.until
    assert house.archive.jobs.do("recording", sid) is None
    assert house.recording().state is State.RELEASED


@pytest.mark.parametrize(
    ("kind", "key"), [("recording", "RE" + "9" * 32), ("event", "none"), ("whatever", "x")]
)
def test_a_hint_of_nothing_does_nothing(house: House, kind: str, key: str) -> None:
    assert house.archive.jobs.do(kind, key) is None


def test_a_failure_says_when_to_come_again(house: House) -> None:
    house.record(b"<html>an error page</html>")
    again = house.archive.jobs.do("recording", recording_sid())
    assert again == house.recording().due_at
    assert again is not None
    assert again > house.time
    assert house.archive.jobs.do("recording", recording_sid()) == again  # too early


def test_who_looks_says_that_a_worker_lives_and_does_what_no_hint_told_of(house: House) -> None:
    house.record(wav(seconds=4, channels=2))
    house.archive.jobs.do_due()
    house.archive.operations.check_worker()
    assert house.recording().state is State.RELEASED


def test_who_does_what_a_hint_named_says_that_a_worker_lives(house: House) -> None:
    with pytest.raises(WorkerAway):
        house.archive.operations.check_worker()
    house.record(wav(seconds=4, channels=2))
    assert house.archive.jobs.do("recording", recording_sid()) is None
    house.archive.operations.check_worker()


def test_a_worker_is_said_to_live_as_long_as_it_works(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, heard = [0], threading.Event()

    def heartbeat() -> None:
        said[0] += 1
        if said[0] == 2:
            raise CatalogUnavailable("It is locked.")  # once: nobody stops saying it for that
        if said[0] == 4:
            heard.set()

    class Long:
        def do(self, kind: str, key: str) -> None:
            assert heard.wait(120)

        def run_once(self, seconds: float) -> None:
            assert heard.wait(120)

    operations = house.archive.operations
    monkeypatch.setattr(jobs, "PERIOD", 0.01)
    monkeypatch.setattr(operations, "worker", lambda threads: Long())
    monkeypatch.setattr(house.archive.jobs._periodic, "heartbeat", heartbeat)
    for work in (house.archive.jobs.do_due, lambda: house.archive.jobs.do("recording", "RE0")):
        said[0] = 0
        heard.clear()
        work()
        assert said[0] >= 4
        assert not [each for each in threading.enumerate() if each.name == "twirec-living"]


def test_short_pieces_of_work_say_it_now_and_then_only(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[datetime] = []
    monkeypatch.setattr(house.archive.jobs._periodic, "heartbeat", lambda: said.append(house.time))
    monkeypatch.setattr(jobs, "PERIOD", 3600.0)
    for _ in range(5):
        house.archive.jobs.do("recording", recording_sid())
    assert len(said) == 1


def test_who_looks_each_minute_looks_at_all_recordings_once_a_day_only(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def enrol(spec: object, extension: str, now: datetime, since: str, limit: int) -> int:
        looked.append(since)
        return 0

    looked: list[str] = []
    archive = with_settings(house.archive, listening_copies=("opus",))
    monkeypatch.setattr(archive.catalog.derivatives, "enrol_listening_copies", enrol)
    day = "recordings/" + (house.time - timedelta(days=7)).strftime("%Y/%m/%d/")
    for _ in range(3):
        archive.jobs.do_due()
    house.time += timedelta(days=1)
    archive.jobs.do_due()
    assert looked == ["", day, day, ""]


def test_what_comes_periodically_comes_when_it_is_time(house: House) -> None:
    house.record(wav(seconds=4, channels=2))
    for name in ("sweep", "journal", "upkeep", "sweep"):
        house.archive.jobs.upkeep(name)
    assert [object_.name for object_ in house.bucket.list("journal/")]


def test_queues_do_all_that_a_worker_does_by_itself(twirec_settings: Settings) -> None:
    house = House(replace(twirec_settings, check_every=timedelta(days=1)), MemoryBucket())
    house.record(wav(seconds=4, channels=2))
    house.archive.jobs.upkeep("sweep")
    house.work()
    house.archive.custody.hold(recording_sid(), case="C-7", reason="x", by=ADMIN)
    house.time += timedelta(days=2)
    house.archive.jobs.upkeep("journal")
    house.archive.jobs.upkeep("upkeep")
    assert house.archive.audit.anchors(), "the audit log is anchored"
    assert house.archive.operations.stats().read_back is not None
    tasks = house.archive._periodic.tasks()
    assert tuple(tasks) == UPKEEP
    worker = house.archive.operations.worker()
    assert {*worker._periodic} == {task for of_name in tasks.values() for task in of_name}
    house.archive.close()


def test_a_worker_that_is_woken_looks_at_once_and_else_less_often(house: House) -> None:
    worker = house.archive.operations.worker(threads=1)
    assert worker._poll == POLL
    worker.wake("recording")
    assert (worker._poll, worker._bell.qsize()) == (POLL_WOKEN, 1)
    worker.wake("recording")
    assert worker._bell.qsize() == 1  # one thread hears one ringing
    worker.wake()
    assert worker._poll == POLL
