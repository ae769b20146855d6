from __future__ import annotations

import pytest
from flask import Response

from tests.sandbox.conftest import AGENT, CUSTOMER, OWN, Get, Ring
from tests.sandbox.listening import channels, place_of
from tests.sandbox.target import Says, Target, twiml
from twirec.sandbox import Call, Faults, Line, Party, Sandbox

FOUR_SECONDS = f"<Say>{'a' * 60}</Say>"
TOLD = twiml(
    FOUR_SECONDS,
    "<Gather timeout='1' actionOnEmptyResult='true' action='/told?leg=b' numDigits='1'/>",
)
CALLEE = Party(answers_after=2, hangs_up_after=9)


def dial(attributes: str = "", noun: str = f"<Number url='/whisper'>{AGENT}</Number>") -> str:
    return twiml(f"<Dial action='/ended' {attributes}>{noun}</Dial>")


def child(sandbox: Sandbox, call: Call) -> Call:
    (leg,) = [leg for leg in sandbox.calls if leg.parent_sid == call.sid]
    return leg


@pytest.fixture(autouse=True)
def _the_app_answers(target: Target) -> None:
    target.says("/whisper", TOLD)
    target.says("/told", twiml())
    target.says("/ended", twiml())


def test_the_callee_is_told_before_they_are_connected(
    ring: Ring, sandbox: Sandbox, target: Target
) -> None:
    call = ring(dial(), callee=CALLEE)
    leg = child(sandbox, call)
    (whispered,) = target.at("/whisper")
    assert whispered.signed_with(sandbox.auth_token)
    expected = {
        "CallSid": leg.sid,
        "ParentCallSid": call.sid,
        "From": CUSTOMER,
        "To": AGENT,
        "CallStatus": "in-progress",
        "Direction": "outbound-dial",
    }
    assert expected.items() <= whispered.form.items()
    (told,) = target.at("/told")
    assert told.url.endswith("/told?leg=b")
    assert (told.form["Digits"], told.form["ParentCallSid"]) == ("", call.sid)
    assert [entry.what for entry in leg.log if entry.what == "Say"] == ["Say"]
    (ended,) = target.forms("/ended")
    assert (ended["DialCallStatus"], ended["DialBridged"]) == ("completed", "true")
    assert (leg.duration, call.duration) == (9, 2 + 9)


def test_the_two_are_connected_only_when_the_document_is_over(ring: Ring, get: Get) -> None:
    caller = Party(says=[Line("customer_thanks", at=1)], counts_from_bridge=True)
    callee = Party(says=[Line("agent_answer", at=8)], answers_after=2, counts_from_bridge=True)
    start = "<Start><Recording trim='do-not-trim'/></Start>"
    call = ring(dial().replace("<Response>", f"<Response>{start}"), caller, callee)
    left, right = channels(get, call.recordings[0])
    assert place_of("customer_thanks", left) == 2 + 4 + 1 + 1
    assert place_of("agent_answer", right) == 2 + 4 + 1 + 8


def test_keys_of_the_callee_are_gathered(ring: Ring, target: Target) -> None:
    ring(
        dial(), Party(keys=[(1, "9")]), Party(answers_after=2, keys=[(4.5, "1")], hangs_up_after=9)
    )
    assert target.forms("/told")[0]["Digits"] == "1"


def test_a_hangup_in_the_document_declines_the_call(
    ring: Ring, sandbox: Sandbox, target: Target
) -> None:
    target.says("/told", twiml("<Hangup/>"))
    call = ring(dial(), callee=CALLEE)
    (ended,) = target.forms("/ended")
    assert (ended["DialCallStatus"], ended["DialBridged"]) == ("no-answer", "false")
    assert child(sandbox, call).status == "completed"


def test_a_callee_who_hangs_up_while_they_are_told_is_not_connected(
    ring: Ring, sandbox: Sandbox, target: Target
) -> None:
    call = ring(dial(), callee=Party(answers_after=2, hangs_up_after=3))
    assert target.forms("/told") == []
    assert target.forms("/ended")[0]["DialBridged"] == "false"
    assert (child(sandbox, call).duration, call.duration) == (3, 5)


def test_a_caller_who_hangs_up_meanwhile_ends_both(
    ring: Ring, sandbox: Sandbox, target: Target
) -> None:
    call = ring(dial(), Party(hangs_up_after=4), CALLEE)
    assert target.forms("/told") == []
    assert (call.duration, child(sandbox, call).duration) == (4, 2)
    assert target.forms("/ended")[0]["DialCallStatus"] == "canceled"


@pytest.mark.parametrize(
    "verb",
    [
        "<Pause/>",
        "<Redirect>/told</Redirect>",
        f"<Dial>{OWN}</Dial>",
        "<Start><Recording/></Start>",
    ],
)
def test_other_verbs_end_the_leg(ring: Ring, sandbox: Sandbox, target: Target, verb: str) -> None:
    target.says("/whisper", twiml(verb))
    call = ring(dial(), callee=CALLEE)
    assert 12200 in [entry.code for entry in child(sandbox, call).log]
    assert target.forms("/ended")[0]["DialBridged"] == "false"


@pytest.mark.parametrize("answer", [Response(status=500), "<Response>", Response("Hello")])
def test_without_a_document_they_are_connected_untold(
    ring: Ring, target: Target, answer: Says
) -> None:
    target.says("/whisper", answer)
    ring(dial(), callee=CALLEE)
    assert target.forms("/ended")[0]["DialBridged"] == "true"


def test_without_a_document_the_leg_can_be_made_to_end(ring: Ring, target: Target) -> None:
    target.says("/whisper", Response(status=500))
    ring(dial(), callee=CALLEE, faults=Faults(whisper_hangs_up=True))
    assert target.forms("/ended")[0]["DialBridged"] == "false"


@pytest.mark.parametrize("broken", ["<Say voice='Polly.Nobody'>Hola</Say>", FOUR_SECONDS])
def test_a_say_that_fails_there_goes_on_at_once(
    ring: Ring, sandbox: Sandbox, target: Target, broken: str
) -> None:
    target.says("/whisper", TOLD.replace(FOUR_SECONDS, broken))
    call = ring(dial(), callee=CALLEE, faults=Faults(say_fails=True))
    (fetch, _) = [entry for entry in child(sandbox, call).log if entry.what == "fetch"]
    (told,) = [entry for entry in child(sandbox, call).log if "/told" in entry.text]
    assert told.second - fetch.second == 1


def test_a_dial_records_from_the_answer_on_also_what_is_said_to_the_whisper(
    ring: Ring, get: Get
) -> None:
    callee = Party(says=[Line("agent_answer", at=1)], answers_after=2, hangs_up_after=12)
    call = ring(dial("record='record-from-answer-dual'"), Party(), callee)
    _, right = channels(get, call.recordings[0])
    assert place_of("agent_answer", right) == 1
    assert call.recordings[0].duration == 12


def test_with_answer_on_bridge_the_caller_hears_ringing_until_they_are_connected(
    ring: Ring, target: Target
) -> None:
    call = ring(dial("answerOnBridge='true'"), callee=CALLEE)
    assert call.duration == 9 - 4 - 1
    target.says("/told", twiml("<Hangup/>"))
    call = ring(dial("answerOnBridge='true'").replace("action='/ended'", ""), callee=CALLEE)
    assert (call.status, call.duration) == ("no-answer", 0)


@pytest.mark.parametrize(
    ("noun", "to"),
    [
        ("<Client url='/whisper'>ana</Client>", "client:ana"),
        (
            "<Sip url='/whisper'>sip:ana@example.sip.twilio.com</Sip>",
            "sip:ana@example.sip.twilio.com",
        ),
    ],
)
def test_clients_and_sip_phones_can_be_told_too(
    ring: Ring, target: Target, noun: str, to: str
) -> None:
    ring(dial(noun=noun), callee=CALLEE)
    assert target.forms("/whisper")[0]["To"] == to
    assert target.forms("/ended")[0]["DialBridged"] == "true"


def test_documents_that_lead_round_in_circles_are_not_followed_for_ever(
    ring: Ring, target: Target
) -> None:
    target.says("/told", "<Response><Gather timeout='0' actionOnEmptyResult='true'/></Response>")
    ring(dial(), callee=Party(answers_after=0))
    assert target.forms("/ended")[0]["DialBridged"] == "false"
