"""The contract of the catalog port: recordings."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest

from tests.contracts.catalog_scenes import BOTH, MINUTE, NOW, claimed, informed_call, receive
from tests.factories import (
    ACCOUNT,
    a_call,
    a_callback,
    a_consent,
    a_recording,
    call_sid,
    recording_sid,
)
from tests.orders import erase as order_erase
from twirec.catalog import Catalog
from twirec.model.custody import Order, OrderKind
from twirec.model.encryption import Encryption
from twirec.model.errors import NotFound, RequestRefused
from twirec.model.states import Custody, State
from twirec.model.vendor import RecordingStatus, VendorRecording
from twirec.model.vocabulary import ConsentOutcome, Outcome, Reason


def test_a_completed_callback_makes_a_recording_that_is_due(catalog: Catalog) -> None:
    informed_call(catalog)
    receive(catalog)
    recording = catalog.recordings.get(recording_sid(1))
    assert recording.state is State.COMPLETED
    assert recording.due_at == NOW
    assert recording.channel_map == BOTH
    assert (recording.duration, recording.channels) == (4, 2)
    assert catalog.ledger.call(ACCOUNT, call_sid(1)).call.outcome is Outcome.RECORDED


def test_a_recording_without_a_consent_that_allows_it_is_quarantined(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call())
    catalog.consents.record(a_consent(outcome=ConsentOutcome.ANNOUNCEMENT_FAILED), None)
    informed_call(catalog, 2)
    receive(catalog)
    receive(catalog, recording_sid=recording_sid(2), call_sid=call_sid(2))
    assert catalog.recordings.get(recording_sid(1)).custody is Custody.QUARANTINED
    assert catalog.recordings.get(recording_sid(2)).custody is Custody.ACTIVE


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
    catalog: Catalog, begun: timedelta | None, custody: Custody
) -> None:
    informed_call(catalog)
    at = a_consent().at
    receive(catalog, started_at=at + begun if begun is not None else None)
    assert catalog.recordings.get(recording_sid(1)).custody is custody


def test_what_completed_says_counts_not_what_was_said_before(catalog: Catalog) -> None:
    receive(catalog, State.RECORDING, status=RecordingStatus.IN_PROGRESS, duration=0)
    receive(catalog, duration=4)
    assert catalog.recordings.get(recording_sid(1)).duration == 4


def test_two_first_callbacks_at_once_are_both_kept(catalog: Catalog) -> None:
    threads = [threading.Thread(target=receive, args=(catalog,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with catalog.database.read() as connection:
        kept = connection.exec_driver_sql("SELECT count(*) FROM callbacks").scalar_one()
    assert kept == 8


def test_callbacks_that_are_doubled_or_late_change_nothing(catalog: Catalog) -> None:
    receive(catalog)
    once = catalog.recordings.get(recording_sid(1))
    receive(catalog)
    receive(catalog, State.RECORDING, status=RecordingStatus.IN_PROGRESS, duration=None)
    assert catalog.recordings.get(recording_sid(1)) == once


def test_completed_after_in_progress_fills_in_what_was_missing(catalog: Catalog) -> None:
    receive(catalog, State.RECORDING, status=RecordingStatus.IN_PROGRESS, duration=None)
    assert catalog.recordings.get(recording_sid(1)).due_at is None
    receive(catalog)
    recording = catalog.recordings.get(recording_sid(1))
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
    catalog: Catalog, state: State, error_code: int, reason: Reason
) -> None:
    informed_call(catalog)
    receive(catalog, State.RECORDING)
    receive(catalog, state, error_code=error_code)
    call = catalog.ledger.call(ACCOUNT, call_sid(1)).call
    assert (call.outcome, call.reason) == (Outcome.NOT_RECORDED, reason)
    assert catalog.due_work.claim(NOW, MINUTE) is None


def test_one_empty_recording_does_not_make_a_recorded_call_unrecorded(catalog: Catalog) -> None:
    informed_call(catalog)
    receive(catalog)
    receive(catalog, State.ABSENT, recording_sid=recording_sid(2), error_code=16101)
    assert catalog.ledger.call(ACCOUNT, call_sid(1)).call.outcome is Outcome.RECORDED


def test_a_recording_of_another_account_is_refused_and_nothing_kept(catalog: Catalog) -> None:
    receive(catalog, State.RECORDING)
    with pytest.raises(RequestRefused):
        receive(catalog, account_sid="AC" + "b" * 32)
    assert catalog.recordings.get(recording_sid(1)).state is State.RECORDING


def test_an_unknown_status_is_kept_and_moves_nothing(catalog: Catalog) -> None:
    callback = a_callback(status=RecordingStatus.UNKNOWN)
    received = catalog.recordings.receive(callback, state=None, channel_map=(), at=NOW)
    assert received.recording is None
    with pytest.raises(NotFound):
        catalog.recordings.get(recording_sid(1))


def test_a_callback_that_comes_after_the_erasure_brings_nothing_back(catalog: Catalog) -> None:
    receive(catalog)
    order_erase(catalog, Order(recording_sid(1), OrderKind.ERASE, NOW, "ana", "request 7"))
    lease = catalog.due_work.claim(NOW, MINUTE)
    assert lease is not None
    catalog.due_work.finish(lease, State.ERASED)
    erased = catalog.recordings.get(recording_sid(1))
    receive(catalog, encryption=Encryption("rsa-aes", "CR1", "key", "iv"))
    assert catalog.recordings.get(recording_sid(1)) == erased
    with catalog.database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM callbacks").scalar_one() == 0


def test_a_recording_is_adopted_once(catalog: Catalog) -> None:
    assert catalog.recordings.adopt(a_recording())
    assert not catalog.recordings.adopt(a_recording(duration=99))
    recording = catalog.recordings.get(recording_sid(1))
    assert (recording.duration, recording.custody) == (4, Custody.QUARANTINED)


def test_what_the_vendor_says_moves_a_recording_but_not_one_in_work(catalog: Catalog) -> None:
    found = VendorRecording(
        recording_sid(1), ACCOUNT, call_sid(1), RecordingStatus.COMPLETED, duration=4
    )
    receive(catalog, State.RECORDING, duration=None)
    assert catalog.recordings.refresh(recording_sid(1), found, State.COMPLETED, NOW)
    assert not catalog.recordings.refresh(recording_sid(1), found, State.COMPLETED, NOW)
    assert catalog.due_work.claim(NOW, MINUTE) is not None
    assert not catalog.recordings.refresh(recording_sid(1), found, State.LOST, NOW)
    assert catalog.recordings.refresh(recording_sid(1), found, State.LOST, NOW + 2 * MINUTE)


HOW = Encryption("rsa-aes", "CR" + "a" * 32, "Y2Vr", "aXY=")


def test_how_a_recording_is_encrypted_comes_back_whoever_told_of_it(catalog: Catalog) -> None:
    found = VendorRecording(
        recording_sid(2), ACCOUNT, call_sid(), RecordingStatus.COMPLETED, encryption=HOW
    )
    catalog.recordings.adopt(a_recording(encryption=HOW))
    receive(catalog, State.RECORDING, recording_sid=recording_sid(2))
    catalog.recordings.refresh(recording_sid(2), found, State.COMPLETED, NOW)
    receive(catalog, State.RECORDING, recording_sid=recording_sid(3))
    receive(catalog, recording_sid=recording_sid(3), encryption=HOW)
    for number in (1, 2, 3):
        assert catalog.recordings.get(recording_sid(number)).encryption == HOW


def test_how_a_recording_is_encrypted_may_be_told_later_and_is_not_forgotten(
    catalog: Catalog,
) -> None:
    found = VendorRecording(
        recording_sid(), ACCOUNT, call_sid(), RecordingStatus.COMPLETED, encryption=HOW
    )
    lease = claimed(catalog)
    assert lease.item.encryption is None
    told = catalog.due_work.describe(lease, found)
    assert told.item.encryption == HOW
    again = catalog.due_work.describe(told, replace(found, encryption=None))
    assert again.item.encryption == HOW


def test_callbacks_that_come_at_once_are_all_kept_of_one_recording(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call())
    at_once = Barrier(6)

    def tell(state: State) -> State | None:
        at_once.wait()
        told = catalog.recordings.receive(a_callback(), state=state, channel_map=(), at=NOW)
        return told.recording and told.recording.state

    with ThreadPoolExecutor(6) as threads:
        said = set(threads.map(tell, 3 * (State.RECORDING, State.COMPLETED)))
    assert said <= {State.RECORDING, State.COMPLETED}
    assert catalog.recordings.get(recording_sid()).state is State.COMPLETED
    assert catalog.ledger.call(ACCOUNT, call_sid()).call.outcome is Outcome.RECORDED
    with catalog.database.read() as connection:
        kept = connection.exec_driver_sql("SELECT count(*) FROM callbacks").scalar_one()
    assert kept == 6
