from __future__ import annotations

import pytest
from flask import Response

from tests.sandbox.conftest import AGENT, CUSTOMER, OWN, Ring
from tests.sandbox.target import Target, twiml
from twirec.sandbox import Call, Line, Party, Sandbox

TEN_SECONDS = f"<Say>{'a' * 150}</Say>"
AGENT_HANGS_UP = Party(answers_after=2, hangs_up_after=8)


def dial(attributes: str = "", numbers: str = AGENT, action: str = "action='/ended'") -> str:
    return twiml(f"<Dial {action} {attributes}>{numbers}</Dial>", "<Pause length='30'/>")


def children(sandbox: Sandbox, call: Call) -> list[Call]:
    return [leg for leg in sandbox.calls if leg.parent_sid == call.sid]


@pytest.fixture(autouse=True)
def _the_action_answers(target: Target) -> None:
    target.says("/ended", twiml("<Pause length='1'/>"))


def test_the_caller_is_connected_until_the_callee_hangs_up(
    ring: Ring, sandbox: Sandbox, target: Target
) -> None:
    call = ring(dial(), callee=AGENT_HANGS_UP)
    (child,) = children(sandbox, call)
    assert (child.from_, child.to, child.direction) == (CUSTOMER, AGENT, "outbound-dial")
    assert (child.status, child.duration) == ("completed", 8)
    assert call.duration == 2 + 8 + 1
    (form,) = target.forms("/ended")
    assert form["DialCallStatus"] == "completed"
    assert form["DialCallSid"] == child.sid
    assert form["DialCallDuration"] == "8"
    assert form["DialBridged"] == "true"
    assert form["CallStatus"] == "in-progress"


def test_the_caller_can_hang_up_and_the_action_is_still_told(ring: Ring, target: Target) -> None:
    call = ring(dial(), Party(hangs_up_after=6), AGENT_HANGS_UP)
    (form,) = target.forms("/ended")
    assert (form["DialCallStatus"], form["DialCallDuration"]) == ("completed", "4")
    assert form["CallStatus"] == "completed"
    assert call.duration == 6


def test_what_the_action_answers_is_not_run_when_the_caller_is_gone(
    ring: Ring, target: Target
) -> None:
    target.says("/ended", twiml("<Redirect>/more</Redirect>"))
    ring(dial(), Party(hangs_up_after=6), AGENT_HANGS_UP)
    assert target.at("/more") == []


def test_nobody_answers_within_the_timeout(ring: Ring, sandbox: Sandbox, target: Target) -> None:
    call = ring(dial("timeout='12'"), callee=Party(answers=False))
    (child,) = children(sandbox, call)
    assert (child.status, child.duration) == ("no-answer", 0)
    (form,) = target.forms("/ended")
    assert form["DialCallStatus"] == "no-answer"
    assert form["DialBridged"] == "false"
    assert "DialCallDuration" not in form
    assert call.duration == 12 + 1


def test_somebody_who_is_too_slow_does_not_answer(ring: Ring, target: Target) -> None:
    ring(dial("timeout='5'"), callee=Party(answers_after=6))
    assert target.forms("/ended")[0]["DialCallStatus"] == "no-answer"


def test_a_caller_who_hangs_up_while_it_rings_cancels_it(
    ring: Ring, sandbox: Sandbox, target: Target
) -> None:
    call = ring(dial(), Party(hangs_up_after=1), AGENT_HANGS_UP)
    assert children(sandbox, call)[0].status == "canceled"
    assert target.forms("/ended")[0]["DialCallStatus"] == "canceled"


def test_without_an_action_the_next_verb_runs(ring: Ring) -> None:
    assert ring(dial(action=""), callee=AGENT_HANGS_UP).duration == 2 + 8 + 30


def test_the_first_of_several_numbers_to_pick_up_gets_the_call(
    ring: Ring, sandbox: Sandbox, target: Target
) -> None:
    for number, after in (("+34911000001", 5.0), ("+34911000002", 3.0), ("+34911000003", 4.0)):
        sandbox.party(number, Party(answers_after=after, hangs_up_after=9))
    numbers = "".join(f"<Number>+3491100000{n}</Number>" for n in (1, 2, 3))
    call = ring(dial(numbers=numbers))
    legs = {leg.to: leg for leg in children(sandbox, call)}
    assert [legs[f"+3491100000{n}"].status for n in (1, 2, 3)] == [
        "canceled",
        "completed",
        "canceled",
    ]
    assert target.forms("/ended")[0]["DialCallSid"] == legs["+34911000002"].sid
    assert call.duration == 3 + 9 + 1


def test_the_time_limit_ends_the_conversation(ring: Ring, target: Target) -> None:
    ring(dial("timeLimit='4'"), callee=AGENT_HANGS_UP)
    assert target.forms("/ended")[0]["DialCallDuration"] == "4"


def test_when_nobody_hangs_up_it_ends_a_second_after_the_last_word(
    ring: Ring, target: Target
) -> None:
    caller = Party(says=[Line("customer_thanks", at=12)], counts_from_bridge=True)
    ring(dial(), caller, Party(says=[Line("agent_answer", at=1)]))
    seconds = 12 + len(Line("customer_thanks").samples()) / 8000 + 1
    assert target.forms("/ended")[0]["DialCallDuration"] == str(int(seconds))


def test_a_caller_can_count_from_when_they_are_connected(ring: Ring, target: Target) -> None:
    document = dial().replace("<Response>", f"<Response>{TEN_SECONDS}")
    call = ring(document, Party(hangs_up_after=5, counts_from_bridge=True), Party())
    assert target.forms("/ended")[0]["DialCallDuration"] == "5"
    assert call.duration == 10 + 2 + 5


@pytest.mark.parametrize("number", ["911222333", "client:agent", "+34 911 222 333", ""])
def test_a_number_that_is_not_e164_fails(
    ring: Ring, sandbox: Sandbox, target: Target, number: str
) -> None:
    call = ring(dial(numbers=number))
    assert target.forms("/ended")[0]["DialCallStatus"] == "failed"
    assert children(sandbox, call) == []
    assert 13223 in [entry.code for entry in call.log]


def test_the_caller_id_can_be_the_companys_number(ring: Ring, sandbox: Sandbox) -> None:
    call = ring(dial(f"callerId='{OWN}'"), callee=AGENT_HANGS_UP)
    assert children(sandbox, call)[0].from_ == OWN


def test_the_caller_id_cannot_be_anybodys(ring: Ring, target: Target) -> None:
    call = ring(dial("callerId='+34999999999'"), callee=AGENT_HANGS_UP)
    assert target.forms("/ended")[0]["DialCallStatus"] == "failed"
    assert 13214 in [entry.code for entry in call.log]


def test_with_answer_on_bridge_the_caller_hears_ringing_until_somebody_picks_up(
    ring: Ring, target: Target
) -> None:
    ended = target.says("/over", Response(status=204))
    document = dial("answerOnBridge='true'", action="")
    document = document.replace("<Pause length='30'/>", "")
    call = ring(document, callee=AGENT_HANGS_UP, status_callback=ended)
    assert (call.status, call.duration) == ("completed", 8)
    call = ring(document, callee=Party(answers=False), status_callback=ended)
    assert (call.status, call.duration) == ("no-answer", 0)
    assert [form["CallStatus"] for form in target.forms("/over")] == ["completed", "no-answer"]
