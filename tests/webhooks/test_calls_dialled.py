"""Calls that an agent dials: the customer is told on their own leg, and recorded after it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.factories import call_sid, wording_of
from tests.webhooks.calling import (
    CHILD,
    CUSTOMER,
    DIALLED,
    LONG_ENOUGH,
    OWN,
    PARENT,
    WHISPER,
    Clock,
    down,
    is_recording,
    started,
    talk,
)
from twirec.adapters.memory_vendor import MemoryVendor
from twirec.archive import Archive
from twirec.model.errors import CatalogUnavailable, VendorRefused, VendorUnavailable
from twirec.model.records import Consent
from twirec.model.vocabulary import ConsentMode, ConsentOutcome, Direction, Outcome, Reason, Role
from twirec.testing import ACCOUNT_SID, SignedPosts

OTHER = call_sid(3)


@pytest.mark.usefixtures("clock")
def test_an_agents_call_is_dialled_unrecorded_with_the_notice_on_the_customers_leg(
    post: SignedPosts, twirec_archive: Archive
) -> None:
    answer = post("/dial", DIALLED).text
    assert 'url="https://calls.example.com/twirec/announce"' in answer
    assert f">{CUSTOMER}</Number>" in answer
    assert f'callerId="{OWN}"' in answer
    assert "record" not in answer
    assert "answerOnBridge" not in answer
    call = twirec_archive.calls.get(PARENT).call
    assert (call.direction, call.customer_number) == (Direction.OUT, CUSTOMER)
    assert call.channel_map == (Role.AGENT, Role.CUSTOMER)


@pytest.mark.usefixtures("clock")
def test_a_call_from_a_sip_phone_goes_to_the_number_in_the_address(
    post: SignedPosts, twirec_archive: Archive
) -> None:
    phone = {"From": "sip:ana@co.sip.twilio.com", "To": f"sip:{CUSTOMER}@co.sip.twilio.com"}
    assert f">{CUSTOMER}</Number>" in post("/dial", {**DIALLED, **phone}).text
    assert twirec_archive.calls.get(PARENT).call.customer_number == CUSTOMER


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("to", "dialled"),
    [
        ("client:eva", ">eva</Client>"),
        ("sip:Eva@example.com;transport=tls", ">sip:Eva@example.com;transport=tls</Sip>"),
    ],
)
def test_an_agent_may_dial_what_is_no_number(post: SignedPosts, to: str, dialled: str) -> None:
    answer = post("/dial", {**DIALLED, "From": "sip:ana@example.com", "To": to}).text
    assert dialled in answer
    assert 'url="https://calls.example.com/twirec/announce"' in answer


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("to", ["112", "sip:112@co.sip.twilio.com"])
def test_an_emergency_number_is_dialled_at_once(
    post: SignedPosts, twirec_archive: Archive, to: str
) -> None:
    answer = post("/dial", {**DIALLED, "To": to}).text
    assert ">112</Number>" in answer
    assert "url=" not in answer
    call = twirec_archive.calls.get(PARENT).call
    assert (call.outcome, call.reason) == (Outcome.NOT_RECORDED, Reason.OFF)
    assert call.detail == "a short number, such as 112, is dialled at once"


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("to", ["", "+34 600 11", "the customer", "600111222,600333444"])
def test_what_cannot_be_dialled_ends_the_call_and_the_line_says_why(
    post: SignedPosts, twirec_archive: Archive, to: str
) -> None:
    answer = post("/dial", {**DIALLED, "To": to})
    assert (answer.status_code, "<Hangup" in answer.text, "<Dial" in answer.text) == (
        200,
        True,
        False,
    )
    call = twirec_archive.calls.get(PARENT).call
    assert call.reason is Reason.NOT_DIALLED
    assert call.detail == "to: give +34911222333, client:NAME or sip:ADDRESS."


def test_an_answer_that_comes_twice_at_once_starts_one_recording(
    post: SignedPosts,
    twirec_archive: Archive,
    vendor: MemoryVendor,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    post("/dial", DIALLED)
    post("/twirec/announce", WHISPER)
    clock.advance(LONG_ENOUGH)
    write = twirec_archive.catalog.consents.answer

    def second(*given: Any) -> Consent | None:
        write(*given)
        return write(*given)

    monkeypatch.setattr(twirec_archive.catalog.consents, "answer", second)
    assert post(f"/twirec/announced/{PARENT}/0", WHISPER).status_code == 200
    assert started(vendor) == []  # the first one does that


def test_who_was_told_by_another_process_is_judged_by_what_it_sent(
    post: SignedPosts, twirec_archive: Archive, vendor: MemoryVendor, clock: Clock
) -> None:
    post("/dial", DIALLED)
    post("/twirec/announce", WHISPER)
    clock.advance(LONG_ENOUGH)
    twirec_archive.webhooks.announcing.forget()
    post(f"/twirec/announced/{PARENT}/0", WHISPER)
    assert started(vendor) == [PARENT]


def test_recording_starts_on_the_parent_only_after_the_customer_was_told(
    post: SignedPosts, twirec_archive: Archive, vendor: MemoryVendor, clock: Clock
) -> None:
    post("/dial", DIALLED)
    whispered = post("/twirec/announce", WHISPER).text
    assert wording_of(twirec_archive).text in whispered
    assert f'action="https://calls.example.com/twirec/announced/{PARENT}/0#' in whispered
    assert 'actionOnEmptyResult="true"' in whispered
    assert 'timeout="1"' in whispered
    assert started(vendor) == []
    clock.advance(LONG_ENOUGH)
    answer = post(f"/twirec/announced/{PARENT}/0", WHISPER)
    assert answer.status_code == 200
    assert "<Hangup" not in answer.text
    assert started(vendor) == [PARENT]
    (consent,) = twirec_archive.calls.get(PARENT).consents
    assert (consent.outcome, consent.leg) == (ConsentOutcome.INFORMED, CHILD)


@pytest.mark.parametrize(
    ("mode", "outcomes"),
    [
        (ConsentMode.ANNOUNCE, [ConsentOutcome.INFORMED]),
        (ConsentMode.OPT_OUT, [ConsentOutcome.REFUSED]),
        (ConsentMode.OPT_IN, []),
        (ConsentMode.OPT_IN_OR_HANG_UP, []),
    ],
)
def test_who_says_no_before_they_are_asked_is_heard_where_silence_is_recorded(
    post: SignedPosts,
    twirec_archive: Archive,
    vendor: MemoryVendor,
    clock: Clock,
    mode: ConsentMode,
    outcomes: list[ConsentOutcome],
) -> None:
    twirec_archive.policy.change(by="ana", why="test", mode=mode)
    post("/dial", DIALLED)
    post("/twirec/announce", WHISPER)
    clock.advance(LONG_ENOUGH)
    answer = post(f"/twirec/announced/{PARENT}/0", {**WHISPER, "Digits": "2"})
    assert [each.outcome for each in twirec_archive.calls.get(PARENT).consents] == outcomes
    assert ("/1#" in answer.text) is mode.needs_yes  # the question is put
    assert bool(started(vendor)) is (mode is ConsentMode.ANNOUNCE)


@pytest.mark.parametrize(
    ("bridged", "reason", "outcomes"),
    [
        ("true", Reason.APP_FAILED, []),
        ("false", Reason.HUNG_UP, [ConsentOutcome.HUNG_UP]),
    ],
)
def test_who_talked_although_their_answer_never_came_did_not_hang_up(
    post: SignedPosts,
    twirec_archive: Archive,
    clock: Clock,
    bridged: str,
    reason: Reason,
    outcomes: list[ConsentOutcome],
) -> None:
    post("/dial", DIALLED)
    post("/twirec/announce", WHISPER)
    clock.advance(LONG_ENOUGH)
    dial = {"DialCallStatus": "completed", "DialCallSid": CHILD, "DialBridged": bridged}
    post("/twirec/ended", {**DIALLED, "CallStatus": "in-progress", **dial})
    record = twirec_archive.calls.get(PARENT)
    assert record.call.reason is reason
    assert [each.outcome for each in record.consents] == outcomes


def test_who_was_told_nothing_since_the_catalog_was_down_did_not_hang_up_either(
    post: SignedPosts, twirec_archive: Archive, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    post("/dial", DIALLED)
    with monkeypatch.context() as outage:
        outage.setattr(twirec_archive.catalog.ledger, "announce", down)
        assert "<Say" not in post("/twirec/announce", WHISPER).text
    clock.advance(LONG_ENOUGH)
    dial = {"DialCallStatus": "completed", "DialBridged": "true"}
    post("/twirec/ended", {**DIALLED, "CallStatus": "in-progress", **dial})
    record = twirec_archive.calls.get(PARENT)
    assert (record.call.reason, record.consents) == (Reason.CATALOG_DOWN, ())


def test_a_customer_who_was_not_told_to_the_end_is_connected_unrecorded(
    post: SignedPosts, twirec_archive: Archive, vendor: MemoryVendor, clock: Clock
) -> None:
    post("/dial", DIALLED)
    post("/twirec/announce", WHISPER)
    clock.advance(timedelta(seconds=1))
    assert "<Hangup" not in post(f"/twirec/announced/{PARENT}/0", WHISPER).text
    assert started(vendor) == []
    assert twirec_archive.calls.get(PARENT).call.reason is Reason.ANNOUNCEMENT_FAILED


@pytest.mark.parametrize(
    ("mode", "keys", "outcome", "hung_up"),
    [
        (ConsentMode.ANNOUNCE, ["2"], ConsentOutcome.INFORMED, False),
        (ConsentMode.OPT_OUT, [""], ConsentOutcome.INFORMED, False),
        (ConsentMode.OPT_OUT, ["2"], ConsentOutcome.REFUSED, False),
        (ConsentMode.OPT_IN, ["1"], ConsentOutcome.GRANTED, False),
        (ConsentMode.OPT_IN, ["9", "1"], ConsentOutcome.GRANTED, False),
        (ConsentMode.OPT_IN, ["", ""], ConsentOutcome.NO_ANSWER, False),
        (ConsentMode.OPT_IN_OR_HANG_UP, ["1"], ConsentOutcome.GRANTED, False),
        (ConsentMode.OPT_IN_OR_HANG_UP, ["2"], ConsentOutcome.REFUSED, True),
        (ConsentMode.OPT_IN_OR_HANG_UP, ["", "9"], ConsentOutcome.NO_ANSWER, True),
    ],
)
def test_the_customers_key_decides_on_their_own_leg(
    post: SignedPosts,
    twirec_archive: Archive,
    vendor: MemoryVendor,
    clock: Clock,
    mode: ConsentMode,
    keys: list[str],
    outcome: ConsentOutcome,
    hung_up: bool,
) -> None:
    twirec_archive.policy.change(by="test", why="test", mode=mode)
    post("/dial", DIALLED)
    post("/twirec/announce", WHISPER)
    for asked, key in enumerate(["", *keys]):
        clock.advance(LONG_ENOUGH)
        answer = post(f"/twirec/announced/{PARENT}/{asked}", {**WHISPER, "Digits": key})
    assert ("<Hangup" in answer.text) is hung_up
    assert ("Gracias por su atención" in answer.text) is hung_up
    assert twirec_archive.calls.get(PARENT).consents[0].outcome is outcome
    assert started(vendor) == ([PARENT] if outcome.allows_recording else [])


def test_an_answer_that_comes_twice_starts_one_recording(
    post: SignedPosts, vendor: MemoryVendor, clock: Clock
) -> None:
    post("/dial", DIALLED)
    post("/twirec/announce", WHISPER)
    clock.advance(LONG_ENOUGH)
    for _ in range(2):
        post(f"/twirec/announced/{PARENT}/0", WHISPER)
    assert started(vendor) == [PARENT]


def test_an_answer_from_a_leg_that_was_told_nothing_changes_nothing(
    post: SignedPosts, twirec_archive: Archive, vendor: MemoryVendor, clock: Clock
) -> None:
    post("/dial", DIALLED)
    post("/twirec/announce", WHISPER)
    clock.advance(LONG_ENOUGH)
    before = twirec_archive.calls.get(PARENT)
    answer = post(f"/twirec/announced/{PARENT}/0", {**WHISPER, "CallSid": OTHER})
    assert answer.status_code == 404
    assert post(f"/twirec/announced/{OTHER}/0", WHISPER).status_code == 404
    assert twirec_archive.calls.get(PARENT) == before
    assert started(vendor) == []


def test_who_is_dialled_next_has_to_hear_the_notice_themselves(
    post: SignedPosts, twirec_archive: Archive, vendor: MemoryVendor, clock: Clock
) -> None:
    twirec_archive.policy.change(by="test", why="test", mode=ConsentMode.OPT_IN)
    next_leg = {**WHISPER, "CallSid": OTHER}
    post("/dial", DIALLED)
    post("/twirec/announce", WHISPER)
    clock.advance(LONG_ENOUGH)
    post(f"/twirec/announced/{PARENT}/0", WHISPER)  # is asked, and hangs up
    post("/twirec/announce", next_leg)
    clock.advance(timedelta(seconds=2))
    post(f"/twirec/announced/{PARENT}/0", next_leg)
    post(f"/twirec/announced/{PARENT}/1", {**next_leg, "Digits": "1"})
    assert twirec_archive.calls.get(PARENT).call.reason is Reason.ANNOUNCEMENT_FAILED
    assert started(vendor) == []


def test_a_connect_for_an_agents_call_records_nothing(
    post: SignedPosts, twirec_archive: Archive, clock: Clock
) -> None:
    post("/dial", DIALLED)
    post("/twirec/announce", WHISPER)
    clock.advance(LONG_ENOUGH)
    assert not is_recording(post("/twirec/connect", DIALLED))
    assert twirec_archive.calls.get(PARENT).consents == ()


@pytest.mark.parametrize(
    "error", [VendorRefused("not in progress", status=400), VendorUnavailable("no answer")]
)
def test_a_recording_that_twilio_does_not_start_lets_the_call_go_on_and_says_why(
    post: SignedPosts,
    twirec_archive: Archive,
    vendor: MemoryVendor,
    clock: Clock,
    error: VendorRefused,
) -> None:
    post("/dial", DIALLED)
    post("/twirec/announce", WHISPER)
    clock.advance(LONG_ENOUGH)
    vendor.faults.add("start_recording", error)
    assert "<Hangup" not in post(f"/twirec/announced/{PARENT}/0", WHISPER).text
    call = twirec_archive.calls.get(PARENT).call
    assert (call.outcome, call.reason) == (Outcome.NOT_RECORDED, Reason.NOT_STARTED)


@pytest.mark.usefixtures("clock")
def test_an_agents_call_goes_on_without_notice_and_recording_when_it_is_off(
    post: SignedPosts, twirec_archive: Archive
) -> None:
    twirec_archive.policy.change(by="ana", why="test", on=False, direction=Direction.OUT)
    answer = post("/dial", DIALLED).text
    assert "url=" not in answer
    assert CUSTOMER in answer
    assert twirec_archive.calls.get(PARENT).call.reason is Reason.OFF


@pytest.mark.usefixtures("clock")
def test_an_agents_call_goes_on_unrecorded_by_the_fallback_url(
    post: SignedPosts, twirec_archive: Archive
) -> None:
    post("/dial", DIALLED)
    failed = {**DIALLED, "ErrorCode": "11200", "ErrorUrl": "https://calls.example.com/dial"}
    for _ in range(2):
        answer = post("/dial/failed", failed).text
        assert f">{CUSTOMER}</Number>" in answer
        assert "url=" not in answer
    call = twirec_archive.calls.get(PARENT).call
    assert (call.outcome, call.reason) == (Outcome.NOT_RECORDED, Reason.APP_FAILED)
    assert "url=" not in post("/dial", DIALLED).text  # the first request, come late


def test_an_agents_fallback_url_does_not_dial_again_after_the_end(
    post: SignedPosts, clock: Clock
) -> None:
    talk(post, clock)
    failed = {**DIALLED, "ErrorUrl": "https://calls.example.com/twirec/ended"}
    assert "<Dial" not in post("/dial/failed", failed).text


def test_the_two_are_connected_unrecorded_when_the_answer_cannot_be_written_down(
    post: SignedPosts,
    twirec_archive: Archive,
    vendor: MemoryVendor,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def down(*_: object, **__: object) -> None:
        raise CatalogUnavailable("The catalog cannot be used: disk I/O error.")

    post("/dial", DIALLED)
    post("/twirec/announce", WHISPER)
    clock.advance(LONG_ENOUGH)
    with monkeypatch.context() as broken:
        broken.setattr(twirec_archive.catalog.consents, "answer", down)
        answer = post(f"/twirec/announced/{PARENT}/0", WHISPER)
    assert (answer.status_code, "<Hangup" in answer.text) == (200, False)
    assert started(vendor) == []
    post("/twirec/ended", {**DIALLED, "CallStatus": "completed", "DialCallStatus": "completed"})
    assert twirec_archive.calls.get(PARENT).call.reason is Reason.CATALOG_DOWN


@pytest.mark.usefixtures("clock")
def test_an_agents_call_whose_dial_told_nothing_of_its_end_was_answered_by_nobody(
    post: SignedPosts, twirec_archive: Archive
) -> None:
    post("/dial", DIALLED)
    post("/twirec/ended", {**DIALLED, "CallStatus": "completed"})
    assert twirec_archive.calls.get(PARENT).call.reason is Reason.NOBODY_ANSWERED


def test_a_recording_keeps_its_call_when_the_catalog_fails_as_it_starts(
    post: SignedPosts,
    vendor: MemoryVendor,
    clock: Clock,
    twirec_archive: Archive,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    post("/dial", DIALLED)
    post("/twirec/announce", WHISPER)
    clock.advance(LONG_ENOUGH)
    with monkeypatch.context() as patch:
        patch.setattr(twirec_archive.catalog.recordings, "adopt", down)
        assert post(f"/twirec/announced/{PARENT}/0", WHISPER).status_code == 200
    assert started(vendor) == [PARENT]
    assert twirec_archive.calls.get(PARENT).recordings == ()
    twirec_archive.operations.sweep()
    adopted = twirec_archive.catalog.ledger.call(ACCOUNT_SID, PARENT).recordings
    assert [each.call_sid for each in adopted] == [PARENT]


def test_the_wait_for_a_key_is_no_time_of_listening_to_a_question(
    post: SignedPosts, twirec_archive: Archive, clock: Clock, vendor: MemoryVendor
) -> None:
    twirec_archive.policy.change(by="eva", why="x", mode=ConsentMode.OPT_OUT)
    post("/dial", DIALLED)
    post("/twirec/announce", WHISPER)
    clock.advance(LONG_ENOUGH + timedelta(seconds=1))
    assert f"announced/{PARENT}/1" in post(f"/twirec/announced/{PARENT}/0", WHISPER).text
    clock.advance(timedelta(seconds=6))  # the question failed: five are the wait
    post(f"/twirec/announced/{PARENT}/1", WHISPER)
    assert twirec_archive.calls.get(PARENT).call.reason is Reason.ANNOUNCEMENT_FAILED
    assert started(vendor) == []
