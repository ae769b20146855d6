"""The delivery of events: at least once, and never in the way of a transfer."""

from __future__ import annotations

import dataclasses
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.factories import recording_sid
from tests.house import AT_VENDOR, House
from tests.sounds import wav
from tests.webhook import SECRET
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.catalog.tables import events
from twirec.events import delivery
from twirec.events.delivery import Delivery
from twirec.events.wire import HEADER, verify
from twirec.jobs.retrying import EVENTS, TRANSFERS, pause
from twirec.jobs.worker import Worker
from twirec.model.errors import CatalogUnavailable, EventNotTaken, MalformedRequest, VendorRefused
from twirec.model.states import State
from twirec.settings import Settings

DAY = timedelta(days=1)


class Ear:
    """A receiver that takes what it is told to take."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.taken: list[dict[str, str]] = []
        self.failing: Exception | None = None
        self.asked = 0

    def take(self, body: bytes, headers: Mapping[str, str]) -> None:
        self.asked += 1
        verify(SECRET, headers[HEADER], body, self._house.time)
        if self.failing:
            raise self.failing
        self.taken.append(json.loads(body))


@pytest.fixture
def house(twirec_settings: Settings) -> Iterator[House]:
    """An archive whose company wants to be told."""
    wanted = dataclasses.replace(
        twirec_settings, notify_url="https://hooks.example.com/", notify_secret=SECRET
    )
    house = House(wanted, MemoryBucket())
    yield house
    house.archive.close()


@pytest.fixture
def ear(house: House, monkeypatch: pytest.MonkeyPatch) -> Ear:
    ear = Ear(house)
    monkeypatch.setattr("twirec.adapters.receiver.HttpReceiver", lambda url: ear)
    return ear


@pytest.fixture
def sender(house: House, ear: Ear) -> Worker:
    """A worker that does nothing but send events."""
    now = lambda: house.time  # noqa: E731
    delivery = Delivery(house.archive.catalog.events, ear, secret=SECRET, now=now)
    return Worker([delivery.kind()], now=now)


def sent(sender: Worker, ear: Ear) -> bool:
    """Send what is due, up to the first that is not taken. Whether any was."""
    before = len(ear.taken)
    sender.run_once()
    return len(ear.taken) > before


def down() -> EventNotTaken:
    return EventNotTaken("The webhook answered HTTP 503.")


def refuse(*_: object) -> None:
    raise CatalogUnavailable("The catalog cannot be used.")


@contextmanager
def working(house: House) -> Iterator[None]:
    """Let a worker work until the block ends."""
    worker = house.archive.operations.worker(threads=1)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield
    finally:
        worker.stop()
        thread.join()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "it never was"
        time.sleep(0.01)


def waiting(house: House) -> tuple[int, int]:
    """How many events wait, and how many are parked."""
    counted = house.archive.operations.stats()
    return counted.events_waiting, counted.events_parked


def test_a_worker_tells_of_what_it_archived_when_it_is_done(house: House, ear: Ear) -> None:
    house.record(wav(seconds=4, channels=2))
    recording = house.work()
    (told,) = ear.taken
    assert (told["event"], told["recording_sid"]) == ("archived", recording_sid())
    assert (told["object_name"], told["sha256"]) == (recording.object_name, recording.sha256)
    house.work()
    assert ear.asked == 1


def test_it_tells_of_what_is_parked_and_then_of_what_heals(house: House, ear: Ear) -> None:
    house.record(wav(seconds=4, channels=2))
    for _ in range(TRANSFERS.tries):
        house.vendor.faults.add("media", VendorRefused("no", status=401))
    house.work_on()
    assert [told["reason"] for told in ear.taken] == ["VendorRefused"]
    assert house.archive.operations.retry(by="ana") == 1
    house.work()
    assert [told["event"] for told in ear.taken] == ["parked", "archived"]


def test_a_receiver_that_is_down_is_asked_once_a_run_and_delays_nothing(
    house: House, ear: Ear, sender: Worker
) -> None:
    ear.failing = down()
    house.record(wav(seconds=4, channels=2))
    assert house.work().state is State.RELEASED
    house.work()
    assert ear.asked == 1
    assert waiting(house) == (1, 0)


def test_an_error_of_ours_ends_neither_the_telling_nor_the_worker(
    house: House, ear: Ear, sender: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    ear.failing = RuntimeError("a mistake")
    house.record(wav(seconds=4, channels=2))
    assert house.work().state is State.RELEASED
    assert "an error of ours" in caplog.text
    ear.failing = None
    house.time += delivery.LEASE
    assert sent(sender, ear)


def test_what_was_not_taken_is_told_later_under_the_same_id(
    house: House, ear: Ear, sender: Worker
) -> None:
    ear.failing = down()
    house.record(wav(seconds=4, channels=2))
    house.work()
    before = house.archive.catalog.operations.stats(None)
    ear.failing = None
    assert not sent(sender, ear)  # it is not due yet
    house.time += timedelta(seconds=EVENTS.first * 1.25)
    assert sent(sender, ear)
    assert not sent(sender, ear)
    assert (before.events_waiting, waiting(house)) == (1, (0, 0))
    assert ear.asked == 2


def test_an_event_is_parked_when_its_receiver_stays_down_for_about_a_day(
    house: House, ear: Ear, sender: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    ear.failing = down()
    house.record(wav(seconds=4, channels=2))
    began = house.time
    house.work()
    last, waits = began, waiting(house)[0]
    while waits:
        asked = ear.asked
        with house.archive.catalog.database.read() as connection:
            due_at = connection.scalar(select(func.min(events.c.due_at)))
        assert due_at is not None
        house.time = max(house.time, due_at)
        assert house.time - began < 2 * DAY
        sender.run_once()
        assert ear.asked == asked + 1
        last, waits = house.time, waiting(house)[0]
    assert ear.asked == EVENTS.tries
    assert DAY * 0.75 < last - began < DAY * 1.25
    assert waiting(house) == (0, 1)
    assert caplog.messages[-1] == (
        f"{recording_sid()}: event that it is archived: parked after try {EVENTS.tries}: "
        "EventNotTaken: The webhook answered HTTP 503."
    )


def test_the_pauses_double_are_spread_and_end_at_an_hour() -> None:
    firsts = [pause(1, down(), EVENTS) for _ in range(99)]
    assert 7.5 <= min(firsts) < max(firsts) <= 12.5
    assert 15 <= pause(2, down(), EVENTS) <= 25
    assert 2700 <= pause(30, down(), EVENTS) <= 4500


def test_who_dies_between_sending_and_writing_it_down_lets_it_be_sent_again(
    house: House, ear: Ear, sender: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.record(wav(seconds=4, channels=2))
    with monkeypatch.context() as dying:
        dying.setattr(house.archive.catalog.events, "delivered", refuse)
        house.work()
    assert not sent(sender, ear)
    house.time += delivery.LEASE
    assert sent(sender, ear)
    first, again = ear.taken
    assert first == again
    assert not sent(sender, ear)


def test_what_time_cannot_mend_is_parked_at_once(house: House, ear: Ear) -> None:
    ear.failing = MalformedRequest("The body is none.")
    house.record(wav(seconds=4, channels=2))
    house.work()
    assert (ear.asked, waiting(house)) == (1, (0, 1))


def test_a_worker_that_is_late_commits_nothing_over_the_one_that_took_over(
    house: House,
    ear: Ear,
    sender: Worker,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    house.record(wav(seconds=4, channels=2))
    with monkeypatch.context() as silent:
        silent.setattr(house.archive.catalog.events.queue, "claim", lambda *_: None)
        house.work()

    def slow(body: bytes, headers: Mapping[str, str]) -> None:
        monkeypatch.undo()
        house.time += delivery.LEASE
        assert sent(sender, ear)  # by another worker, while this one still waits for an answer
        raise down()

    monkeypatch.setattr(ear, "take", slow)
    sender.run_once()
    assert waiting(house) == (0, 0)
    assert ear.asked == 1
    assert "is somebody else's now" in caplog.text


def test_a_catalog_that_is_down_is_said_and_tried_again(
    house: House,
    ear: Ear,
    sender: Worker,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(house.archive.catalog.events.queue, "claim", refuse)
    assert not sent(sender, ear)
    assert "no event could be taken up" in caplog.text


def test_a_worker_tells_while_it_works_and_a_slow_receiver_holds_no_transfer_up(
    house: House, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, may_answer = threading.Event(), threading.Event()
    catalog, second = house.archive.catalog, recording_sid(2)

    def slow(body: bytes, headers: Mapping[str, str]) -> None:
        asked.set()
        assert may_answer.wait(120)
        ear.taken.append(json.loads(body))

    monkeypatch.setattr(ear, "take", slow)
    house.record(wav(seconds=4, channels=2))
    with working(house):
        assert asked.wait(120)
        house.vendor.add_recording(dataclasses.replace(AT_VENDOR, sid=second), wav(4, 2))
        house.tell(recording_sid=second)
        until(lambda: catalog.recordings.get(second).state is State.RELEASED)
        assert ear.taken == []
        may_answer.set()
        until(lambda: len(ear.taken) == 2)


def test_nobody_is_told_without_the_setting(twirec_settings: Settings) -> None:
    house = House(twirec_settings, MemoryBucket())
    house.record(wav(seconds=4, channels=2))
    house.work()
    assert waiting(house) == (0, 0)
    house.archive.close()


def test_no_number_and_no_secret_is_in_body_or_log(
    house: House, ear: Ear, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    house.record(wav(seconds=4, channels=2))
    ear.failing = down()
    house.work()
    ear.failing = None
    house.time += timedelta(minutes=1)
    house.work()
    said = caplog.text + json.dumps(ear.taken)
    for secret in ("600111222", "911000111", "911222333", SECRET, "hooks.example.com"):
        assert secret not in said
