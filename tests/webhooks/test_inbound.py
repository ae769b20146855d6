"""Calls in: who hears the announcement is recorded, and the line says why if not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask, Response, request
from werkzeug.test import TestResponse

from tests.factories import call_sid, wording_of
from tests.webhooks.calling import CUSTOMER, LONG_ENOUGH, STATUS, VOICE, Clock, is_recording
from twirec.archive import Archive
from twirec.flask import Twirec
from twirec.model.states import Custody
from twirec.model.vocabulary import ConsentMode, ConsentOutcome, LegalBasis, Outcome, Reason, Role
from twirec.settings import Settings
from twirec.testing import ACCOUNT_SID, SignedPosts


def test_a_call_hears_the_announcement_and_is_recorded_after_it(
    post: SignedPosts, twirec_archive: Archive, clock: Clock
) -> None:
    answer = post("/voice", VOICE)
    assert answer.mimetype == "text/xml"
    assert wording_of(twirec_archive).text in answer.text
    assert "<Dial" not in answer.text
    clock.advance(LONG_ENOUGH)
    assert is_recording(post("/twirec/connect", VOICE))
    record = twirec_archive.calls.get(call_sid())
    (consent,) = record.consents
    assert consent.outcome is ConsentOutcome.INFORMED
    assert (consent.leg, consent.at) == (call_sid(), clock.time)
    assert consent.announcement == wording_of(twirec_archive).hash
    assert record.call.customer_number == "+34600111222"
    assert record.call.dial == ("+34911222333",)


def test_who_comes_back_too_soon_has_not_heard_it_and_is_connected_unrecorded(
    post: SignedPosts, twirec_archive: Archive, clock: Clock
) -> None:
    post("/voice", VOICE)
    clock.advance(timedelta(seconds=1))
    assert not is_recording(post("/twirec/connect", VOICE))
    record = twirec_archive.calls.get(call_sid())
    assert record.consents[0].outcome is ConsentOutcome.ANNOUNCEMENT_FAILED
    assert record.call.outcome is Outcome.NOT_RECORDED
    assert record.call.reason is Reason.ANNOUNCEMENT_FAILED


def test_a_replayed_connect_changes_nothing(
    post: SignedPosts, twirec_archive: Archive, clock: Clock
) -> None:
    post("/voice", VOICE)
    clock.advance(timedelta(seconds=1))
    post("/twirec/connect", VOICE)
    before = twirec_archive.calls.get(call_sid())
    clock.advance(LONG_ENOUGH)
    assert not is_recording(post("/twirec/connect", VOICE))
    assert twirec_archive.calls.get(call_sid()) == before


def test_an_announcement_that_begins_again_has_to_be_heard_again(
    post: SignedPosts, clock: Clock
) -> None:
    post("/voice", VOICE)
    clock.advance(LONG_ENOUGH)
    post("/voice", VOICE)
    clock.advance(timedelta(seconds=1))
    assert not is_recording(post("/twirec/connect", VOICE))


def test_connect_for_an_unknown_call_is_not_found(post: SignedPosts) -> None:
    assert post("/twirec/connect", VOICE).status_code == 404


def test_who_hangs_up_during_the_announcement_has_a_line_that_says_so(
    post: SignedPosts, twirec_archive: Archive
) -> None:
    post("/voice", VOICE)
    assert post("/twirec/ended", {**VOICE, "CallStatus": "completed"}).status_code == 200
    record = twirec_archive.calls.get(call_sid())
    assert (record.call.outcome, record.call.reason) == (Outcome.NOT_RECORDED, Reason.HUNG_UP)
    assert record.consents[0].outcome is ConsentOutcome.HUNG_UP


def test_a_call_whose_first_request_failed_was_told_nothing(
    post: SignedPosts, twirec_archive: Archive
) -> None:
    failed = {"ErrorUrl": "https://calls.example.com/voice", "ErrorCode": "11200"}
    assert not is_recording(post("/voice/failed", {**VOICE, **failed}))
    assert twirec_archive.calls.get(call_sid()).call.reason is Reason.CATALOG_DOWN


def test_who_cannot_be_hearing_the_announcement_any_more_did_not_hang_up_during_it(
    post: SignedPosts, twirec_archive: Archive, clock: Clock
) -> None:
    """They were connected by the fallback URL, say, and the end of the dial was never told."""
    post("/voice", VOICE)
    clock.advance(timedelta(minutes=3))
    post("/twirec/ended", {**VOICE, "CallStatus": "completed"})
    record = twirec_archive.calls.get(call_sid())
    assert (record.call.outcome, record.call.reason) == (Outcome.NOT_RECORDED, Reason.APP_FAILED)
    assert record.consents == ()


def test_a_late_connect_after_the_end_records_nothing(post: SignedPosts, clock: Clock) -> None:
    post("/voice", VOICE)
    post("/twirec/ended", {**VOICE, "CallStatus": "completed"})
    clock.advance(LONG_ENOUGH)
    assert not is_recording(post("/twirec/connect", VOICE))


@pytest.mark.parametrize(
    ("dial_status", "outcome", "reason"),
    [
        ("completed", Outcome.OWED, None),
        ("no-answer", Outcome.NOT_RECORDED, Reason.NOBODY_ANSWERED),
        ("busy", Outcome.NOT_RECORDED, Reason.NOBODY_ANSWERED),
        ("failed", Outcome.NOT_RECORDED, Reason.NOBODY_ANSWERED),
    ],
)
def test_the_end_of_the_dial_says_what_the_line_is_to_say(
    post: SignedPosts,
    twirec_archive: Archive,
    clock: Clock,
    dial_status: str,
    outcome: Outcome,
    reason: Reason | None,
) -> None:
    post("/voice", VOICE)
    clock.advance(LONG_ENOUGH)
    post("/twirec/connect", VOICE)
    post("/twirec/ended", {**VOICE, "CallStatus": "in-progress", "DialCallStatus": dial_status})
    call = twirec_archive.calls.get(call_sid()).call
    # who dialled may be sent on to somebody else: only the call's own end is its end
    assert (call.outcome, call.reason, call.ended_at) == (outcome, reason, None)
    post("/twirec/ended", {**VOICE, "CallStatus": "completed"})
    call = twirec_archive.calls.get(call_sid()).call
    assert (call.outcome, call.reason, call.ended_at) == (outcome, reason, clock.time)


def test_a_status_that_is_not_the_end_closes_nothing(
    post: SignedPosts, twirec_archive: Archive
) -> None:
    post("/voice", VOICE)
    post("/twirec/ended", {**VOICE, "CallStatus": "ringing"})
    assert twirec_archive.calls.get(call_sid()).call.outcome is Outcome.OPEN


def test_a_policy_that_the_settings_no_longer_allow_records_nothing(
    twirec_archive: Archive, twirec_settings: Settings, clock: Clock
) -> None:
    twirec_archive.policy.change(by="ana", why="test", mode=ConsentMode.OPT_OUT)
    changed = replace(
        twirec_settings, legal_basis=LegalBasis.CONSENT, consent_mode=ConsentMode.OPT_IN
    )
    archive = Archive(changed, catalog=twirec_archive.catalog, now=clock)
    form = {"AccountSid": ACCOUNT_SID, **VOICE}
    answer = archive.webhooks.inbound.answer(form, dial=["+34911222333"])
    assert "+34911222333" in answer
    call = archive.calls.get(call_sid()).call
    assert call.reason is Reason.ANNOUNCEMENT_FAILED
    assert call.detail.startswith("mode: opt_out does not fit the legal basis consent")


def test_a_line_has_room_for_whatever_address_and_name_it_is_given(
    post: SignedPosts, twirec_archive: Archive
) -> None:
    twirec_archive.policy.change(by="a" * 255, why="test", on=False)
    post("/voice", {**VOICE, "From": f"sip:{'x' * 300}@pbx.example.com"})
    call = twirec_archive.calls.get(call_sid()).call
    assert (len(call.customer_number), len(call.detail)) == (255, 255)


@pytest.mark.parametrize("name", ["From", "To"])
def test_a_call_without_a_number_goes_on_like_any_other(
    post: SignedPosts, twirec_archive: Archive, name: str
) -> None:
    text = wording_of(twirec_archive).text
    assert text in post("/voice", {**VOICE, name: ""}).text


# --- sent on to somebody else -----------------------------------------------------------------


@pytest.fixture
def send(
    twirec_archive: Archive, twirec_post: Callable[[Flask], SignedPosts]
) -> Callable[[str], TestResponse]:
    """Let the app move a caller to another view, which connects somebody else."""
    app = Flask(__name__)
    recordings = Twirec(app, twirec_archive)

    def view() -> Response:
        return recordings.answer(dial=request.args["to"])

    app.post("/elsewhere")(recordings.signed(view))
    post = twirec_post(app)
    return lambda to: post(f"/elsewhere?to={to}", VOICE)


@pytest.mark.parametrize("heard", [LONG_ENOUGH, timedelta(seconds=1)])
def test_a_caller_who_was_told_is_sent_on_without_being_told_again(
    post: SignedPosts,
    send: Callable[[str], TestResponse],
    twirec_archive: Archive,
    clock: Clock,
    heard: timedelta,
) -> None:
    post("/voice", VOICE)
    clock.advance(heard)
    post("/twirec/connect", VOICE)
    elsewhere = send("client:bea")
    assert is_recording(elsewhere) is (heard is LONG_ENOUGH)
    assert "<Client>bea</Client>" in elsewhere.text
    record = twirec_archive.calls.get(call_sid())
    assert (record.call.dial, len(record.consents)) == (("client:bea",), 1)


def test_a_caller_who_is_sent_on_before_they_answered_is_told_from_the_beginning(
    post: SignedPosts, send: Callable[[str], TestResponse], clock: Clock
) -> None:
    post("/voice", VOICE)
    assert "<Say" in send("conference:room-1").text
    clock.advance(LONG_ENOUGH)
    assert "<Conference" in post("/twirec/connect", VOICE).text


def test_a_customer_who_was_dialled_and_is_sent_on_has_a_call_of_their_own(
    post: SignedPosts, twirec_archive: Archive, clock: Clock
) -> None:
    parent, child = {**VOICE, "CallSid": call_sid(2)}, VOICE["CallSid"]
    for told_first in (True, False):
        post("/dial", {**parent, "From": "client:ana", "To": CUSTOMER})
        ended = {"CallStatus": "completed", "DialCallStatus": "completed", "DialCallSid": child}
        if told_first:
            post("/twirec/ended", {**parent, **ended})
        post("/voice", VOICE)
        clock.advance(LONG_ENOUGH)
        assert is_recording(post("/twirec/connect", VOICE))
        if not told_first:
            post("/twirec/ended", {**parent, **ended})
        post("/twirec/status", STATUS)
        record = twirec_archive.calls.get(child)
        (recording,) = record.recordings
        assert (recording.call_sid, recording.custody) == (child, Custody.ACTIVE)
        assert recording.channel_map == (Role.CUSTOMER, Role.AGENT)
        post("/twirec/ended", {**VOICE, "CallStatus": "completed"})
        assert twirec_archive.calls.get(child).call.ended_at is not None


def test_a_caller_who_is_moved_out_of_a_queue_stays_recorded(
    post: SignedPosts, send: Callable[[str], TestResponse], twirec_archive: Archive, clock: Clock
) -> None:
    send("queue:support")
    clock.advance(LONG_ENOUGH)
    post("/twirec/connect", VOICE)
    post("/twirec/ended", {**VOICE, "CallStatus": "in-progress", "QueueResult": "redirected"})
    assert twirec_archive.calls.get(call_sid()).call.ended_at is None
    assert is_recording(send("client:bea"))


def test_a_first_part_that_came_to_nothing_does_not_keep_the_rest_from_being_recorded(
    post: SignedPosts, send: Callable[[str], TestResponse], clock: Clock
) -> None:
    post("/voice", VOICE)
    clock.advance(LONG_ENOUGH)
    post("/twirec/connect", VOICE)
    post("/twirec/status", {**STATUS, "RecordingStatus": "absent", "ErrorCode": "16101"})
    assert is_recording(send("client:bea"))


def test_who_is_told_from_the_beginning_while_the_question_is_open_is_asked_anew(
    post: SignedPosts, twirec_archive: Archive, clock: Clock
) -> None:
    twirec_archive.policy.change(by="ana", why="test", mode=ConsentMode.OPT_OUT)
    for _ in range(2):
        post("/voice", VOICE)
        clock.advance(LONG_ENOUGH)
        assert "/consent/1#" in post("/twirec/connect", VOICE).text
        assert twirec_archive.calls.get(call_sid()).call.announced_at == clock.time
    clock.advance(timedelta(seconds=5))  # nothing was said, and five seconds were waited
    assert not is_recording(post("/twirec/consent/1", VOICE))


@pytest.mark.parametrize(
    ("seconds", "outcome"),
    [(0.5, ConsentOutcome.NO_ANSWER), (10, ConsentOutcome.INFORMED)],
)
def test_a_key_that_cuts_short_how_to_say_no_is_no_answer(
    post: SignedPosts,
    twirec_archive: Archive,
    clock: Clock,
    seconds: float,
    outcome: ConsentOutcome,
) -> None:
    twirec_archive.policy.change(by="ana", why="test", mode=ConsentMode.OPT_OUT)
    post("/voice", VOICE)
    clock.advance(LONG_ENOUGH)
    post("/twirec/connect", VOICE)
    for asked in (1, 2):
        clock.advance(timedelta(seconds=seconds))
        answer = post(f"/twirec/consent/{asked}", {**VOICE, "Digits": "9"})
        if seconds < 1 and asked == 1:
            assert "/consent/2#" in answer.text
        else:
            assert is_recording(answer) is outcome.allows_recording
    (consent,) = twirec_archive.calls.get(call_sid()).consents
    assert consent.outcome is outcome


def test_an_agent_whose_own_call_is_moved_on_is_not_told_for_the_customer(
    post: SignedPosts, send: Callable[[str], TestResponse], twirec_archive: Archive
) -> None:
    post("/dial", {**VOICE, "From": "client:ana", "To": CUSTOMER})
    elsewhere = send("client:bea")
    assert "<Say" not in elsewhere.text
    assert not is_recording(elsewhere)
    assert twirec_archive.calls.get(call_sid()).consents == ()
