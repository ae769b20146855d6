"""The contract of the catalog's part for operators: figures, and trying again."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from tests.factories import (
    RETRIED,
    STARTED,
    a_call,
    a_callback,
    a_recording,
    call_sid,
    recording_sid,
)
from twirec.catalog import Catalog
from twirec.model.bucket import StoredObject
from twirec.model.errors import NotFound
from twirec.model.operations import Stats
from twirec.model.states import Custody, State
from twirec.model.vendor import RecordingStatus
from twirec.model.vocabulary import Outcome, Reason

MINUTE = timedelta(minutes=1)
LATER = STARTED + timedelta(hours=1)


def hold(catalog: Catalog, number: int, **facts: object) -> str:
    """Let the catalog know a recording and its call, and return the recording's SID."""
    catalog.ledger.open_call(a_call(call_sid=call_sid(number)))
    catalog.recordings.adopt(
        a_recording(sid=recording_sid(number), call_sid=call_sid(number), **facts)
    )
    return recording_sid(number)


def park(catalog: Catalog, number: int, **facts: object) -> str:
    sid = hold(catalog, number, **facts)
    lease = catalog.due_work.claim(LATER, MINUTE)
    assert lease is not None
    catalog.due_work.postpone(lease, None, "VendorRefused: HTTP 401")
    return sid


def archive(catalog: Catalog, number: int, size: int, **facts: object) -> str:
    sid = hold(catalog, number, **facts)
    lease = catalog.due_work.claim(LATER, MINUTE)
    assert lease is not None
    stored = StoredObject(f"recordings/{number}.wav", generation=1, size=size, crc32c="AAAAAA==")
    lease = catalog.due_work.name_object(lease, stored.name)
    catalog.due_work.finish(catalog.due_work.archived(lease, stored, "0" * 64, 2), State.RELEASED)
    return sid


# --- figures ----------------------------------------------------------------------------------


def test_a_catalog_has_an_identity_of_its_own_that_stays(catalog: Catalog) -> None:
    identity = catalog.identity()
    assert re.fullmatch("[0-9a-f]{16}", identity)
    catalog.set_up()
    assert catalog.identity() == identity
    catalog.take_identity("f" * 16)
    assert catalog.identity() == "f" * 16


def test_an_empty_catalog_counts_nothing(catalog: Catalog) -> None:
    assert catalog.operations.stats(None) == Stats({}, {}, {}, {}, 0, 0, 0, None, 0)


def test_believed_callbacks_are_counted_by_their_status(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call())
    for status, state in (
        (RecordingStatus.IN_PROGRESS, State.RECORDING),
        (RecordingStatus.COMPLETED, State.COMPLETED),
    ):
        catalog.recordings.receive(
            a_callback(status=status), state=state, channel_map=(), at=STARTED
        )
    assert catalog.operations.stats(None).callbacks == {"in-progress": 1, "completed": 1}


def test_what_began_in_each_span_is_counted_with_its_seconds(catalog: Catalog) -> None:
    hour = timedelta(hours=1)
    hold(catalog, 1, duration=10)
    hold(catalog, 2, duration=20, started_at=STARTED + hour - timedelta(microseconds=1))
    hold(catalog, 3, duration=40, started_at=STARTED + hour)
    hold(catalog, 4, state=State.LOST, due_at=None)
    edges = [STARTED - hour, STARTED, STARTED + hour, STARTED + 2 * hour]
    assert catalog.operations.recorded_between(edges) == [(0, 0), (2, 30), (1, 40)]


def test_recordings_are_counted_by_state_and_by_custody(catalog: Catalog) -> None:
    archive(catalog, 1, 1000)
    archive(catalog, 2, 500)
    hold(catalog, 3, state=State.ABSENT, due_at=None)
    counted = catalog.operations.stats(None)
    assert counted.recordings == {State.RELEASED: 2, State.ABSENT: 1}
    assert counted.custody == {Custody.QUARANTINED: 3}


def test_bytes_are_those_in_the_bucket_and_seconds_those_that_are_not_lost(
    catalog: Catalog,
) -> None:
    archive(catalog, 1, 2**40, duration=3600)
    hold(catalog, 2, duration=60)
    hold(catalog, 3, state=State.LOST, duration=7, due_at=None)
    counted = catalog.operations.stats(None)
    assert (counted.size, counted.seconds) == (2**40, 3660)


def test_calls_are_counted_by_outcome_and_those_not_recorded_by_reason(catalog: Catalog) -> None:
    hold(catalog, 1)
    for number, reason in ((2, Reason.OFF), (3, Reason.OFF), (4, Reason.REFUSED)):
        line = a_call(call_sid=call_sid(number), outcome=Outcome.NOT_RECORDED, reason=reason)
        catalog.ledger.open_call(line)
    counted = catalog.operations.stats(None)
    assert counted.calls == {Outcome.RECORDED: 1, Outcome.NOT_RECORDED: 3}
    assert counted.not_recorded == {Reason.OFF: 2, Reason.REFUSED: 1}


def test_what_waits_is_in_progress_or_due_and_the_oldest_is_named(catalog: Catalog) -> None:
    hold(catalog, 1, state=State.RECORDING, due_at=None, started_at=STARTED + MINUTE)
    hold(catalog, 2, started_at=STARTED)
    hold(catalog, 3, state=State.ABSENT, due_at=None, started_at=STARTED - MINUTE)
    counted = catalog.operations.stats(None)
    assert (counted.waiting, counted.oldest_waiting) == (2, STARTED)


def test_what_is_being_worked_at_waits_too(catalog: Catalog) -> None:
    hold(catalog, 1)
    assert catalog.due_work.claim(LATER, MINUTE)
    assert catalog.operations.stats(None).waiting == 1


def test_what_was_given_up_does_not_wait_but_is_parked(catalog: Catalog) -> None:
    park(catalog, 1)
    counted = catalog.operations.stats(None)
    assert (counted.waiting, counted.oldest_waiting, counted.parked) == (0, None, 1)


def test_since_narrows_what_is_counted_but_not_what_waits_or_is_parked(
    catalog: Catalog,
) -> None:
    archive(catalog, 1, 1000)
    park(catalog, 2)
    hold(catalog, 3)
    counted = catalog.operations.stats(LATER)
    assert (counted.recordings, counted.calls, counted.size) == ({}, {}, 0)
    assert (counted.waiting, counted.parked) == (1, 1)
    assert sum(catalog.operations.stats(STARTED).recordings.values()) == 3


# --- what was given up ------------------------------------------------------------------------


def test_parked_recordings_come_oldest_first_and_no_more_than_asked_for(
    catalog: Catalog,
) -> None:
    newer = park(catalog, 1, started_at=STARTED + MINUTE)
    older = park(catalog, 2, started_at=STARTED)
    assert [recording.sid for recording in catalog.recordings.parked()] == [older, newer]
    assert [recording.sid for recording in catalog.recordings.parked(1)] == [older]


def test_a_parked_recording_is_due_again_from_the_first_attempt(catalog: Catalog) -> None:
    sid, other = park(catalog, 1), park(catalog, 2)
    assert catalog.operations.retry(LATER, sid, RETRIED) == 1
    again = catalog.recordings.get(sid)
    assert (again.due_at, again.attempts) == (LATER, 0)
    assert catalog.recordings.get(other).parked


def test_all_parked_recordings_are_due_again_and_nothing_else(catalog: Catalog) -> None:
    parked = [park(catalog, 1), park(catalog, 2)]
    finished = archive(catalog, 3, 1000)
    assert catalog.operations.retry(LATER, None, RETRIED) == 2
    assert [catalog.recordings.get(sid).due_at for sid in parked] == [LATER, LATER]
    assert catalog.recordings.get(finished).due_at is None
    assert catalog.operations.retry(LATER, None, RETRIED) == 0


def test_what_is_not_parked_cannot_be_tried_again(catalog: Catalog) -> None:
    sid = hold(catalog, 1)
    for wrong in (sid, recording_sid(9)):
        with pytest.raises(NotFound, match=f"no parked recording {wrong}"):
            catalog.operations.retry(LATER, wrong, RETRIED)
    assert catalog.recordings.get(sid).due_at == STARTED
    assert catalog.audit.head() is None


def test_what_cannot_be_audited_is_not_tried_again(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    sid = park(catalog, 1)

    def fails(*_: object) -> None:
        raise OSError

    monkeypatch.setattr("twirec.catalog.operations.append", fails)
    with pytest.raises(OSError, match=r"^$"):
        catalog.operations.retry(LATER, sid, RETRIED)
    assert catalog.recordings.get(sid).parked
