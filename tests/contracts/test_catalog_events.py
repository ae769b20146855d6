"""The contract of the outbox: an event is written with the change that it tells of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.factories import (
    ACCOUNT,
    RETRIED,
    STARTED,
    a_call,
    a_callback,
    a_recording,
    call_sid,
    recording_sid,
)
from tests.orders import erase as order_erase
from twirec.catalog import Catalog
from twirec.model.bucket import StoredObject
from twirec.model.custody import Order, OrderKind
from twirec.model.errors import LeaseLost
from twirec.model.events import Event, EventType
from twirec.model.lease import Lease
from twirec.model.records import Recording
from twirec.model.states import State
from twirec.model.vendor import RecordingCallback, RecordingStatus, VendorRecording

MINUTE = timedelta(minutes=1)
NOW = STARTED + timedelta(hours=1)
STORED = StoredObject("recordings/a.wav", generation=1, size=64044, crc32c="AAAAAA==")


class Clock:
    """A clock that a test moves."""

    time = NOW

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["file", "memory"])
def catalog(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Catalog]:
    """A catalog that writes events."""
    url = f"sqlite:///{tmp_path}/catalog.db" if request.param == "file" else "sqlite://"
    catalog = Catalog(url, events=clock)
    catalog.set_up()
    yield catalog
    catalog.close()


def claimed(catalog: Catalog) -> Lease[Recording]:
    """Claim the one recording there is, which is made if it is not there."""
    catalog.ledger.open_call(a_call())
    catalog.recordings.adopt(a_recording())
    lease = catalog.due_work.claim(NOW, MINUTE)
    assert lease is not None
    return lease


def archive(catalog: Catalog, lease: Lease[Recording]) -> Lease[Recording]:
    return catalog.due_work.archived(
        catalog.due_work.name_object(lease, STORED.name), STORED, "f" * 64, 2
    )


def park(catalog: Catalog, error: str = "BucketRefused: the disk is full") -> None:
    catalog.operations.retry(NOW, None, RETRIED)
    catalog.due_work.postpone(claimed(catalog), None, error)


def sent(catalog: Catalog) -> list[Event]:
    """Take out all that is due, as if it were told."""
    events = []
    while lease := catalog.events.queue.claim(NOW + 10 * MINUTE, MINUTE):
        catalog.events.delivered(lease, NOW)
        events.append(lease.item)
    return events


# --- what is written --------------------------------------------------------------------------


def test_what_is_archived_is_told_once_with_the_object(catalog: Catalog) -> None:
    lease = archive(catalog, claimed(catalog))
    catalog.due_work.finish(catalog.due_work.renew(lease, NOW + MINUTE), State.RELEASED)
    (event,) = sent(catalog)
    assert event == Event(
        id=event.id,
        type=EventType.ARCHIVED,
        at=NOW,
        recording_sid=recording_sid(),
        account_sid=ACCOUNT,
        call_sid=call_sid(),
        state=State.ARCHIVED,
        object_name=STORED.name,
        sha256="f" * 64,
    )
    assert len(event.id) == 32


def test_what_was_erased_since_is_told_without_the_object(catalog: Catalog) -> None:
    catalog.due_work.finish(archive(catalog, claimed(catalog)), State.RELEASED)
    order_erase(catalog, Order(recording_sid(), OrderKind.ERASE, NOW, "a test", "asked to"))
    lease = catalog.due_work.claim(NOW, MINUTE)
    assert lease is not None
    catalog.due_work.finish(lease, State.ERASED)
    (event,) = sent(catalog)
    assert (event.type, event.object_name, event.sha256) == (EventType.ARCHIVED, None, None)


def test_what_is_parked_is_told_with_the_name_of_the_error_only(catalog: Catalog) -> None:
    park(catalog, "ValueError: '+34600111222' is not a number")
    (event,) = sent(catalog)
    assert (event.type, event.state) == (EventType.PARKED, State.COMPLETED)
    assert event.reason == "ValueError"
    assert event.object_name is None


def test_what_is_tried_again_later_is_not_told(catalog: Catalog) -> None:
    catalog.due_work.postpone(
        claimed(catalog), NOW + MINUTE, "BucketUnavailable: it does not answer"
    )
    again = catalog.due_work.claim(NOW + MINUTE, MINUTE)
    assert again is not None
    catalog.due_work.give_back(again)
    assert sent(catalog) == []


def gone() -> RecordingCallback:
    return a_callback(status=RecordingStatus.DELETED)


def by_worker(catalog: Catalog) -> None:
    catalog.due_work.finish(claimed(catalog), State.LOST, "Twilio no longer had it.")


def by_first_callback(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call())
    for _ in range(2):
        catalog.recordings.receive(gone(), state=State.LOST, channel_map=(), at=NOW)


def by_later_callback(catalog: Catalog) -> None:
    catalog.recordings.adopt(a_recording())
    for _ in range(2):
        catalog.recordings.receive(gone(), state=State.LOST, channel_map=(), at=NOW)


def by_vendor(catalog: Catalog) -> None:
    catalog.recordings.adopt(a_recording())
    found = VendorRecording(recording_sid(), ACCOUNT, call_sid(), RecordingStatus.DELETED)
    for _ in range(2):
        catalog.recordings.refresh(recording_sid(), found, State.LOST, NOW)


def by_adoption(catalog: Catalog) -> None:
    for _ in range(2):
        catalog.recordings.adopt(a_recording(state=State.LOST, due_at=None))


@pytest.mark.parametrize(
    "lose", [by_worker, by_first_callback, by_later_callback, by_vendor, by_adoption]
)
def test_what_is_lost_is_told_once_however_it_is_found_out(
    catalog: Catalog, lose: Callable[[Catalog], None]
) -> None:
    lose(catalog)
    (event,) = sent(catalog)
    assert (event.type, event.state, event.at) == (EventType.LOST, State.LOST, NOW)


def test_who_lost_the_lease_tells_nothing(catalog: Catalog) -> None:
    lost = catalog.due_work.name_object(claimed(catalog), STORED.name)
    other = catalog.due_work.claim(NOW + 2 * MINUTE, MINUTE)
    assert other is not None
    with pytest.raises(LeaseLost):
        catalog.due_work.archived(lost, STORED, "f" * 64, 2)
    with pytest.raises(LeaseLost):
        catalog.due_work.postpone(lost, None, "BucketRefused: no")
    assert sent(catalog) == []


def test_a_change_that_is_not_committed_leaves_no_event(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = catalog.due_work.name_object(claimed(catalog), STORED.name)
    monkeypatch.setattr("twirec.catalog.events.insert", None)
    with pytest.raises(TypeError):
        catalog.due_work.archived(lease, STORED, "f" * 64, 2)
    assert catalog.recordings.get(recording_sid()).state is State.COMPLETED
    assert sent(catalog) == []


def test_nothing_is_written_when_nobody_is_to_be_told() -> None:
    catalog = Catalog("sqlite://")
    catalog.set_up()
    archive(catalog, claimed(catalog))
    assert sent(catalog) == []
    assert catalog.operations.stats(None).events_waiting == 0
    catalog.close()


# --- what is parked again ---------------------------------------------------------------------


def test_what_is_parked_again_for_the_same_reason_is_not_told_twice(catalog: Catalog) -> None:
    park(catalog, "MediaTruncated: 10 bytes arrived of 20.")
    park(catalog, "MediaTruncated: 11 bytes arrived of 20.")
    assert len(sent(catalog)) == 1
    park(catalog, "MediaTruncated: 12 bytes arrived of 20.")
    assert sent(catalog) == []


def test_what_is_parked_again_for_another_reason_is_told(catalog: Catalog, clock: Clock) -> None:
    for error in ("MediaTruncated: short", "BucketRefused: full", "MediaTruncated: short"):
        park(catalog, error)
        clock.time += MINUTE
    reasons = [event.reason for event in sent(catalog)]
    assert reasons == ["MediaTruncated", "BucketRefused", "MediaTruncated"]


def test_what_is_parked_again_is_told_when_the_first_event_was_parked(
    catalog: Catalog,
) -> None:
    park(catalog)
    first = catalog.events.queue.claim(NOW, MINUTE)
    assert first is not None
    catalog.events.queue.postpone(first, None, "The webhook answered HTTP 500.")
    park(catalog)
    assert [again.type for again in sent(catalog)] == [EventType.PARKED]


# --- handing over -----------------------------------------------------------------------------


def test_an_event_that_is_on_its_way_is_nobody_elses_until_the_time_is_up(
    catalog: Catalog,
) -> None:
    park(catalog)
    first = catalog.events.queue.claim(NOW, MINUTE)
    assert catalog.events.queue.claim(NOW + MINUTE / 2, MINUTE) is None
    again = catalog.events.queue.claim(NOW + MINUTE, MINUTE)
    assert first is not None
    assert again is not None
    assert (again.item.id, first.item.attempts, again.item.attempts) == (first.item.id, 1, 2)


def test_who_lost_the_lease_of_an_event_commits_nothing(catalog: Catalog) -> None:
    park(catalog)
    late = catalog.events.queue.claim(NOW, MINUTE)
    now = catalog.events.queue.claim(NOW + MINUTE, MINUTE)
    assert late is not None
    assert now is not None
    queue = catalog.events.queue
    for commit in (
        lambda: catalog.events.delivered(late, NOW),
        lambda: queue.renew(late, NOW + 9 * MINUTE),
        lambda: queue.postpone(late, None, "late"),
        lambda: queue.give_back(late),
    ):
        with pytest.raises(LeaseLost):
            commit()
    assert catalog.operations.stats(None).events_waiting == 1
    catalog.events.delivered(now, NOW)
    assert catalog.operations.stats(None).events_waiting == 0


def test_the_event_that_is_due_longest_comes_first_and_none_before_it_is_due(
    catalog: Catalog, clock: Clock
) -> None:
    park(catalog, "MediaTruncated: short")
    clock.time += MINUTE
    park(catalog, "BucketRefused: full")
    assert catalog.events.queue.claim(NOW - MINUTE, MINUTE) is None
    first = catalog.events.queue.claim(NOW + MINUTE, 8 * MINUTE)
    assert first is not None
    assert first.item.reason == "MediaTruncated"


def test_an_event_that_was_told_is_never_due_again(catalog: Catalog) -> None:
    park(catalog)
    lease = catalog.events.queue.claim(NOW, MINUTE)
    assert lease is not None
    catalog.events.delivered(lease, NOW)
    with pytest.raises(LeaseLost):
        catalog.events.queue.postpone(lease, NOW, "another worker was late")
    assert catalog.events.queue.claim(NOW + 9 * MINUTE, MINUTE) is None
    counted = catalog.operations.stats(None)
    assert (counted.events_waiting, counted.events_parked) == (0, 0)


def test_an_event_that_is_postponed_waits_and_one_that_is_parked_does_not(
    catalog: Catalog,
) -> None:
    park(catalog)
    queue = catalog.events.queue
    lease = queue.claim(NOW, MINUTE)
    assert lease is not None
    queue.postpone(lease, NOW + 5 * MINUTE, "The webhook answered HTTP 500.")
    assert queue.claim(NOW + 4 * MINUTE, MINUTE) is None
    assert catalog.operations.stats(None).events_waiting == 1
    again = queue.claim(NOW + 5 * MINUTE, MINUTE)
    assert again is not None
    assert again.item.last_error == "The webhook answered HTTP 500."
    queue.postpone(again, None, "The webhook answered HTTP 500.")
    assert queue.claim(NOW + 9 * MINUTE, MINUTE) is None
    counted = catalog.operations.stats(None)
    assert (counted.events_waiting, counted.events_parked) == (0, 1)
