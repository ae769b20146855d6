"""The contract of the catalog port, on a database file and in memory."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.factories import (
    ACCOUNT,
    a_call,
    a_callback,
    a_consent,
    a_recording,
    call_sid,
    recording_sid,
)
from twirec.adapters.sql.catalog import SqlCatalog
from twirec.model.announcements import Announcement
from twirec.model.bucket import StoredObject
from twirec.model.custody import Order, OrderKind
from twirec.model.encryption import Encryption
from twirec.model.errors import LeaseLost, NotFound, RequestRefused
from twirec.model.finding import Query
from twirec.model.records import Lease
from twirec.model.states import Custody, State
from twirec.model.vendor import RecordingStatus, VendorRecording
from twirec.model.words import ConsentOutcome, Direction, Outcome, Reason, Role

NOW = datetime(2026, 11, 23, 10, 15, 0, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BOTH = (Role.CUSTOMER, Role.AGENT)


def receive(catalog: SqlCatalog, state: State = State.COMPLETED, **changes: object) -> None:
    callback = a_callback(**changes)
    catalog.receive(callback, state=state, channel_map=BOTH, at=NOW)


def informed_call(catalog: SqlCatalog, number: int = 1) -> None:
    catalog.open_call(a_call(call_sid=call_sid(number)))
    catalog.record_consent(a_consent(call_sid=call_sid(number), leg=call_sid(number)), None)


def claimed(catalog: SqlCatalog) -> Lease:
    receive(catalog)
    lease = catalog.claim(NOW, MINUTE)
    assert lease is not None
    return lease


STORED = StoredObject("recordings/a.wav", generation=2**53 + 1, size=64044, crc32c="AAAAAA==")


# --- calls ------------------------------------------------------------------------------------


def test_a_call_comes_back_as_it_was_written(catalog: SqlCatalog) -> None:
    call = a_call(dial=("+34911222333", "+34911222334"))
    assert catalog.open_call(call) == call
    assert catalog.call(ACCOUNT, call.call_sid).call == call


def test_a_second_line_for_a_call_leaves_the_first(catalog: SqlCatalog) -> None:
    first = catalog.open_call(a_call())
    assert catalog.open_call(a_call(customer_number="+34600999888")) == first


def test_an_unknown_call_and_one_of_another_account_are_not_found(catalog: SqlCatalog) -> None:
    catalog.open_call(a_call())
    with pytest.raises(NotFound, match=call_sid(2)):
        catalog.call(ACCOUNT, call_sid(2))
    with pytest.raises(NotFound):
        catalog.call("AC" + "b" * 32, call_sid(1))


def test_the_first_consent_of_a_leg_stays(catalog: SqlCatalog) -> None:
    catalog.open_call(a_call())
    first = a_consent()
    assert catalog.record_consent(first, None) == first
    again = a_consent(outcome=ConsentOutcome.ANNOUNCEMENT_FAILED, at=NOW + MINUTE)
    assert catalog.record_consent(again, Reason.ANNOUNCEMENT_FAILED) == first
    assert catalog.call(ACCOUNT, call_sid(1)).call.outcome is Outcome.OPEN


def test_a_consent_with_a_reason_closes_the_line_as_not_recorded(catalog: SqlCatalog) -> None:
    catalog.open_call(a_call())
    catalog.record_consent(
        a_consent(outcome=ConsentOutcome.ANNOUNCEMENT_FAILED), Reason.ANNOUNCEMENT_FAILED
    )
    call = catalog.call(ACCOUNT, call_sid(1)).call
    assert (call.outcome, call.reason) == (Outcome.NOT_RECORDED, Reason.ANNOUNCEMENT_FAILED)


def test_no_consent_is_written_for_a_call_of_another_account(catalog: SqlCatalog) -> None:
    catalog.open_call(a_call())
    with pytest.raises(NotFound):
        catalog.record_consent(a_consent(account_sid="AC" + "b" * 32), None)
    assert catalog.call(ACCOUNT, call_sid(1)).consents == ()


def test_playing_again_counts_only_until_a_consent_is_written(catalog: SqlCatalog) -> None:
    catalog.open_call(a_call())
    catalog.announce(ACCOUNT, call_sid(1), leg=call_sid(5), at=NOW + MINUTE)
    assert catalog.call(ACCOUNT, call_sid(1)).call.announced_at == NOW + MINUTE
    assert catalog.call(ACCOUNT, call_sid(1)).call.leg == call_sid(5)
    catalog.record_consent(a_consent(), None)
    catalog.announce(ACCOUNT, call_sid(1), leg=call_sid(6), at=NOW + 2 * MINUTE)
    assert catalog.call(ACCOUNT, call_sid(1)).call.announced_at == NOW + MINUTE


def test_another_leg_that_is_announced_to_was_asked_nothing(catalog: SqlCatalog) -> None:
    catalog.open_call(a_call())
    catalog.announce(ACCOUNT, call_sid(1), leg=call_sid(5), at=NOW)
    catalog.ask_again(ACCOUNT, call_sid(1), 0, NOW)
    catalog.announce(ACCOUNT, call_sid(1), leg=call_sid(5), at=NOW)
    assert catalog.call(ACCOUNT, call_sid(1)).call.asked == 1
    catalog.announce(ACCOUNT, call_sid(1), leg=call_sid(6), at=NOW)
    assert catalog.call(ACCOUNT, call_sid(1)).call.asked == 0


def test_a_closed_line_keeps_its_reason_and_gets_its_end(catalog: SqlCatalog) -> None:
    catalog.open_call(a_call())
    for reason, ended_at in ((Reason.APP_FAILED, None), (Reason.NOBODY_ANSWERED, NOW)):
        catalog.close_call(
            ACCOUNT, call_sid(1), outcome=Outcome.NOT_RECORDED, reason=reason, ended_at=ended_at
        )
    call = catalog.call(ACCOUNT, call_sid(1)).call
    assert (call.reason, call.ended_at) == (Reason.APP_FAILED, NOW)


def test_unfinished_calls_are_the_open_and_owed_ones_that_are_old_enough(
    catalog: SqlCatalog,
) -> None:
    for number in (1, 2, 3, 4):
        catalog.open_call(a_call(call_sid=call_sid(number), started_at=NOW + number * MINUTE))
    for number, outcome in ((2, Outcome.OWED), (3, Outcome.RECORDED)):
        catalog.close_call(ACCOUNT, call_sid(number), outcome=outcome, reason=None, ended_at=NOW)
    unfinished = catalog.unfinished_calls(NOW + 4 * MINUTE)
    assert [call.call_sid for call in unfinished] == [call_sid(1), call_sid(2)]


# --- search -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (Query(), [3, 2, 1]),
        (Query(number="+34600111222"), [3, 1]),
        (Query(number="1222"), [3, 1]),
        (Query(number="60011"), []),
        (Query(since=NOW + 2 * MINUTE), [3, 2]),
        (Query(until=NOW + 2 * MINUTE), [1]),
        (Query(direction=Direction.OUT), [2]),
        (Query(state=State.COMPLETED), [1]),
        (Query(outcome=Outcome.NOT_RECORDED), [2]),
        (Query(limit=1), [3]),
    ],
)
def test_search_cuts_by_every_field_and_answers_newest_first(
    catalog: SqlCatalog, query: Query, found: list[int]
) -> None:
    informed_call_at = {1: a_call(), 2: a_call(), 3: a_call()}
    informed_call_at[2] = a_call(
        customer_number="+34600333444",
        direction=Direction.OUT,
        outcome=Outcome.NOT_RECORDED,
        reason=Reason.TOO_SHORT,
    )
    for number, call in informed_call_at.items():
        catalog.open_call(
            replace(call, call_sid=call_sid(number), started_at=NOW + number * MINUTE)
        )
    receive(catalog)
    assert [record.call.call_sid for record in catalog.search(query)] == [
        call_sid(number) for number in found
    ]


def test_a_call_is_found_by_its_sid_and_by_that_of_its_recording(catalog: SqlCatalog) -> None:
    informed_call(catalog)
    receive(catalog)
    by_call = catalog.find(call_sid(1))
    assert by_call == catalog.find(recording_sid(1))
    assert [recording.sid for recording in by_call.recordings] == [recording_sid(1)]
    with pytest.raises(NotFound):
        catalog.find(recording_sid(9))


# --- recordings -------------------------------------------------------------------------------


def test_a_completed_callback_makes_a_recording_that_is_due(catalog: SqlCatalog) -> None:
    informed_call(catalog)
    receive(catalog)
    recording = catalog.recording(recording_sid(1))
    assert recording.state is State.COMPLETED
    assert recording.due_at == NOW
    assert recording.channel_map == BOTH
    assert (recording.duration, recording.channels) == (4, 2)
    assert catalog.call(ACCOUNT, call_sid(1)).call.outcome is Outcome.RECORDED


def test_a_recording_without_a_consent_that_allows_it_is_quarantined(catalog: SqlCatalog) -> None:
    catalog.open_call(a_call())
    catalog.record_consent(a_consent(outcome=ConsentOutcome.ANNOUNCEMENT_FAILED), None)
    informed_call(catalog, 2)
    receive(catalog)
    receive(catalog, recording_sid=recording_sid(2), call_sid=call_sid(2))
    assert catalog.recording(recording_sid(1)).custody is Custody.QUARANTINED
    assert catalog.recording(recording_sid(2)).custody is Custody.ACTIVE


@pytest.mark.parametrize(
    ("begun", "custody"),
    [
        (timedelta(seconds=-2), Custody.QUARANTINED),
        (timedelta(seconds=-1), Custody.ACTIVE),  # Twilio cuts to whole seconds
        (timedelta(seconds=5), Custody.ACTIVE),
        (None, Custody.QUARANTINED),
    ],
)
def test_a_recording_that_began_before_the_consent_is_quarantined(
    catalog: SqlCatalog, begun: timedelta | None, custody: Custody
) -> None:
    informed_call(catalog)
    at = a_consent().at
    receive(catalog, started_at=at + begun if begun is not None else None)
    assert catalog.recording(recording_sid(1)).custody is custody


def test_what_completed_says_counts_not_what_was_said_before(catalog: SqlCatalog) -> None:
    receive(catalog, State.RECORDING, status=RecordingStatus.IN_PROGRESS, duration=0)
    receive(catalog, duration=4)
    assert catalog.recording(recording_sid(1)).duration == 4


def test_two_first_callbacks_at_once_are_both_kept(catalog: SqlCatalog) -> None:
    threads = [threading.Thread(target=receive, args=(catalog,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with catalog.database.read() as connection:
        kept = connection.exec_driver_sql("SELECT count(*) FROM callbacks").scalar_one()
    assert kept == 8


def test_callbacks_that_are_doubled_or_late_change_nothing(catalog: SqlCatalog) -> None:
    receive(catalog)
    once = catalog.recording(recording_sid(1))
    receive(catalog)
    receive(catalog, State.RECORDING, status=RecordingStatus.IN_PROGRESS, duration=None)
    assert catalog.recording(recording_sid(1)) == once


def test_completed_after_in_progress_fills_in_what_was_missing(catalog: SqlCatalog) -> None:
    receive(catalog, State.RECORDING, status=RecordingStatus.IN_PROGRESS, duration=None)
    assert catalog.recording(recording_sid(1)).due_at is None
    receive(catalog)
    recording = catalog.recording(recording_sid(1))
    assert (recording.state, recording.duration, recording.due_at) == (State.COMPLETED, 4, NOW)


@pytest.mark.parametrize(
    ("state", "error_code", "reason"),
    [
        (State.ABSENT, 16101, Reason.TOO_SHORT),
        (State.ABSENT, 16102, Reason.SILENT),
        (State.FAILED, 16105, Reason.VENDOR_FAILED),
    ],
)
def test_nothing_recorded_is_said_on_the_line_with_the_reason(
    catalog: SqlCatalog, state: State, error_code: int, reason: Reason
) -> None:
    informed_call(catalog)
    receive(catalog, State.RECORDING)
    receive(catalog, state, error_code=error_code)
    call = catalog.call(ACCOUNT, call_sid(1)).call
    assert (call.outcome, call.reason) == (Outcome.NOT_RECORDED, reason)
    assert catalog.claim(NOW, MINUTE) is None


def test_one_empty_recording_does_not_make_a_recorded_call_unrecorded(catalog: SqlCatalog) -> None:
    informed_call(catalog)
    receive(catalog)
    receive(catalog, State.ABSENT, recording_sid=recording_sid(2), error_code=16101)
    assert catalog.call(ACCOUNT, call_sid(1)).call.outcome is Outcome.RECORDED


def test_a_recording_of_another_account_is_refused_and_nothing_kept(catalog: SqlCatalog) -> None:
    receive(catalog, State.RECORDING)
    with pytest.raises(RequestRefused):
        receive(catalog, account_sid="AC" + "b" * 32)
    assert catalog.recording(recording_sid(1)).state is State.RECORDING


def test_an_unknown_status_is_kept_and_moves_nothing(catalog: SqlCatalog) -> None:
    callback = a_callback(status=RecordingStatus.UNKNOWN)
    assert catalog.receive(callback, state=None, channel_map=(), at=NOW) is None
    with pytest.raises(NotFound):
        catalog.recording(recording_sid(1))


def test_a_callback_that_comes_after_the_erasure_brings_nothing_back(catalog: SqlCatalog) -> None:
    receive(catalog)
    catalog.order_erasure(Order(recording_sid(1), OrderKind.ERASE, NOW, "ana", "request 7"))
    lease = catalog.claim(NOW, MINUTE)
    assert lease is not None
    catalog.finish(lease, State.ERASED)
    erased = catalog.recording(recording_sid(1))
    receive(catalog, encryption=Encryption("rsa-aes", "CR1", "key", "iv"))
    assert catalog.recording(recording_sid(1)) == erased
    with catalog.database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM callbacks").scalar_one() == 0


def test_a_recording_is_adopted_once(catalog: SqlCatalog) -> None:
    assert catalog.adopt(a_recording())
    assert not catalog.adopt(a_recording(duration=99))
    recording = catalog.recording(recording_sid(1))
    assert (recording.duration, recording.custody) == (4, Custody.QUARANTINED)


def test_what_the_vendor_says_moves_a_recording_but_not_one_in_work(catalog: SqlCatalog) -> None:
    found = VendorRecording(
        recording_sid(1), ACCOUNT, call_sid(1), RecordingStatus.COMPLETED, duration=4
    )
    receive(catalog, State.RECORDING, duration=None)
    assert catalog.refresh(recording_sid(1), found, State.COMPLETED, NOW)
    assert not catalog.refresh(recording_sid(1), found, State.COMPLETED, NOW)
    assert catalog.claim(NOW, MINUTE) is not None
    assert not catalog.refresh(recording_sid(1), found, State.LOST, NOW)
    assert catalog.refresh(recording_sid(1), found, State.LOST, NOW + 2 * MINUTE)


HOW = Encryption("rsa-aes", "CR" + "a" * 32, "Y2Vr", "aXY=")


def test_how_a_recording_is_encrypted_comes_back_whoever_told_of_it(catalog: SqlCatalog) -> None:
    found = VendorRecording(
        recording_sid(2), ACCOUNT, call_sid(), RecordingStatus.COMPLETED, encryption=HOW
    )
    catalog.adopt(a_recording(encryption=HOW))
    receive(catalog, State.RECORDING, recording_sid=recording_sid(2))
    catalog.refresh(recording_sid(2), found, State.COMPLETED, NOW)
    receive(catalog, State.RECORDING, recording_sid=recording_sid(3))
    receive(catalog, recording_sid=recording_sid(3), encryption=HOW)
    for number in (1, 2, 3):
        assert catalog.recording(recording_sid(number)).encryption == HOW


def test_how_a_recording_is_encrypted_may_be_told_later_and_is_not_forgotten(
    catalog: SqlCatalog,
) -> None:
    found = VendorRecording(
        recording_sid(), ACCOUNT, call_sid(), RecordingStatus.COMPLETED, encryption=HOW
    )
    lease = claimed(catalog)
    assert lease.recording.encryption is None
    told = catalog.describe(lease, found)
    assert told.recording.encryption == HOW
    again = catalog.describe(told, replace(found, encryption=None))
    assert again.recording.encryption == HOW


# --- work -------------------------------------------------------------------------------------


def test_what_is_due_longest_is_claimed_first_and_each_once(catalog: SqlCatalog) -> None:
    for number in (2, 1, 3):
        at = NOW + number * MINUTE
        callback = a_callback(recording_sid=recording_sid(number))
        catalog.receive(callback, state=State.COMPLETED, channel_map=BOTH, at=at)
    claims = [catalog.claim(NOW + 2 * MINUTE, MINUTE) for _ in range(3)]
    assert [lease.recording.sid for lease in claims if lease] == [
        recording_sid(1),
        recording_sid(2),
    ]


def test_many_threads_never_claim_the_same_recording(catalog: SqlCatalog) -> None:
    for number in range(20):
        receive(catalog, recording_sid=recording_sid(number))
    taken: list[str] = []

    def take() -> None:
        while (lease := catalog.claim(NOW, MINUTE)) is not None:
            taken.append(lease.recording.sid)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [recording_sid(number) for number in range(20)]


def test_a_lease_that_ran_out_is_claimed_by_another_and_the_first_commits_nothing(
    catalog: SqlCatalog,
) -> None:
    lost = claimed(catalog)
    kept = catalog.claim(NOW + 2 * MINUTE, MINUTE)
    assert kept is not None
    for commit in (
        lambda: catalog.renew(lost, NOW + 9 * MINUTE),
        lambda: catalog.name_object(lost, "recordings/b.wav"),
        lambda: catalog.archived(lost, STORED, "0" * 64, 2),
        lambda: catalog.finish(lost, State.LOST),
        lambda: catalog.postpone(lost, None, "late"),
        lambda: catalog.give_back(lost),
    ):
        with pytest.raises(LeaseLost):
            commit()
    assert catalog.recording(recording_sid(1)) == kept.recording


def test_a_renewed_lease_is_not_claimed_by_another(catalog: SqlCatalog) -> None:
    lease = catalog.renew(claimed(catalog), NOW + 3 * MINUTE)
    assert lease.until == NOW + 3 * MINUTE
    assert catalog.claim(NOW + 2 * MINUTE, MINUTE) is None


def test_an_object_is_named_once(catalog: SqlCatalog) -> None:
    lease = catalog.name_object(claimed(catalog), "recordings/a.wav")
    lease = catalog.name_object(lease, "recordings/b.wav")
    assert lease.recording.object_name == "recordings/a.wav"


def test_archived_then_released(catalog: SqlCatalog) -> None:
    lease = catalog.archived(claimed(catalog), STORED, "ab" * 32, 2)
    recording = lease.recording
    assert recording.state is State.ARCHIVED
    assert (recording.generation, recording.size) == (STORED.generation, STORED.size)
    assert (recording.crc32c, recording.sha256) == (STORED.crc32c, "ab" * 32)
    catalog.finish(lease, State.RELEASED)
    recording = catalog.recording(recording_sid(1))
    assert (recording.state, recording.due_at) == (State.RELEASED, None)
    assert catalog.claim(NOW + 9 * MINUTE, MINUTE) is None


def test_a_step_that_the_table_of_states_does_not_have_is_not_taken(catalog: SqlCatalog) -> None:
    lease = claimed(catalog)
    with pytest.raises(LeaseLost):
        catalog.finish(lease, State.RELEASED)
    assert catalog.recording(recording_sid(1)).state is State.COMPLETED


def test_a_postponed_recording_comes_back_when_it_is_due(catalog: SqlCatalog) -> None:
    catalog.postpone(claimed(catalog), NOW + MINUTE, "VendorUnavailable: down")
    assert catalog.claim(NOW, MINUTE) is None
    again = catalog.claim(NOW + MINUTE, MINUTE)
    assert again is not None
    assert (again.recording.attempts, again.recording.last_error) == (2, "VendorUnavailable: down")


def test_a_parked_recording_waits_for_somebody(catalog: SqlCatalog) -> None:
    catalog.postpone(claimed(catalog), None, "NotAudio: an error page")
    assert catalog.recording(recording_sid(1)).parked
    assert catalog.claim(NOW + 99 * MINUTE, MINUTE) is None
    catalog.make_due(recording_sid(1), NOW)
    again = catalog.claim(NOW, MINUTE)
    assert again is not None
    assert again.recording.attempts == 1


def test_what_is_parked_and_what_is_in_progress_is_listed(catalog: SqlCatalog) -> None:
    catalog.postpone(claimed(catalog), None, "NotAudio: an error page")
    receive(catalog, State.RECORDING, recording_sid=recording_sid(2))
    assert [recording.sid for recording in catalog.parked()] == [recording_sid(1)]
    before = a_callback().started_at
    assert before is not None
    assert catalog.in_progress(before) == []
    found = catalog.in_progress(before + MINUTE)
    assert [recording.sid for recording in found] == [recording_sid(2)]


def test_a_recording_given_back_is_as_if_never_claimed(catalog: SqlCatalog) -> None:
    lease = claimed(catalog)
    catalog.give_back(lease)
    again = catalog.claim(NOW, MINUTE)
    assert again is not None
    assert again.recording == lease.recording


# --- announcements and marks ------------------------------------------------------------------


def test_a_wording_is_kept_under_its_hash_and_published_once(catalog: SqlCatalog) -> None:
    wording = Announcement("es-ES", "Polly.Lucia-Neural", "Esta llamada se graba, señor Muñoz.")
    for _ in range(2):
        catalog.keep_announcement(wording, NOW)
    assert catalog.announcement(wording.hash) == wording
    assert catalog.unpublished_announcements() == [wording]
    catalog.published(wording.hash, NOW)
    assert catalog.unpublished_announcements() == []
    with pytest.raises(NotFound):
        catalog.announcement("0" * 64)


def test_a_mark_is_remembered_and_moved(catalog: SqlCatalog) -> None:
    assert catalog.mark("sweep") is None
    for at in (NOW, NOW + MINUTE):
        catalog.set_mark("sweep", at)
        assert catalog.mark("sweep") == at
