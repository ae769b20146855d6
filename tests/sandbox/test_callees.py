from __future__ import annotations

import pytest
from twilio.rest import Client

from tests.sandbox.conftest import AGENT, CUSTOMER, OWN, Ring
from tests.sandbox.target import Target, twiml
from twirec.sandbox import Call, Party, Sandbox

ANA = "client:ana"
DESK = "sip:desk@example.sip.twilio.com"


def dial(nouns: str, attributes: str = "") -> str:
    return twiml(f"<Dial action='/ended' {attributes}>{nouns}</Dial>")


def legs(sandbox: Sandbox, call: Call) -> dict[str, Call]:
    return {leg.to: leg for leg in sandbox.calls if leg.parent_sid == call.sid}


@pytest.fixture(autouse=True)
def _the_app_answers(target: Target) -> None:
    target.says("/ended", twiml())


@pytest.mark.parametrize(
    ("noun", "to"),
    [
        ("<Client>ana</Client>", ANA),
        ("<Client><Identity>ana</Identity><Parameter name='a' value='1'/></Client>", ANA),
        (f"<Sip>{DESK}</Sip>", DESK),
    ],
)
def test_clients_and_sip_phones_are_called(
    ring: Ring, sandbox: Sandbox, target: Target, noun: str, to: str
) -> None:
    sandbox.party(to, Party(hangs_up_after=5))
    call = ring(dial(noun))
    assert legs(sandbox, call)[to].status == "completed"
    assert target.forms("/ended")[0]["DialCallDuration"] == "5"


def test_all_kinds_ring_together_and_the_first_to_answer_has_the_call(
    ring: Ring, sandbox: Sandbox
) -> None:
    sandbox.party(AGENT, Party(answers_after=4))
    sandbox.party(ANA, Party(answers_after=3, hangs_up_after=5))
    sandbox.party(DESK, Party(answers=False))
    call = ring(dial(f"<Number>{AGENT}</Number><Client>ana</Client><Sip>{DESK}</Sip>"))
    statuses = {to: leg.status for to, leg in legs(sandbox, call).items()}
    assert statuses == {AGENT: "canceled", ANA: "completed", DESK: "canceled"}
    assert call.duration == 3 + 5


@pytest.mark.parametrize("status", ["busy", "failed"])
def test_a_call_can_be_refused(ring: Ring, sandbox: Sandbox, target: Target, status: str) -> None:
    call = ring(dial(AGENT), callee=Party(answers_after=1, refuses=status))
    assert legs(sandbox, call)[AGENT].status == status
    assert target.forms("/ended")[0]["DialCallStatus"] == status
    assert call.duration == 1


def test_others_ring_on_when_one_refuses(ring: Ring, sandbox: Sandbox, target: Target) -> None:
    sandbox.party(AGENT, Party(answers_after=1, refuses="busy"))
    sandbox.party(ANA, Party(answers_after=3, hangs_up_after=5))
    call = ring(dial(f"<Number>{AGENT}</Number><Client>ana</Client>"))
    assert legs(sandbox, call)[AGENT].status == "busy"
    assert target.forms("/ended")[0]["DialCallStatus"] == "completed"


def test_a_party_refuses_with_a_word_of_twilios() -> None:
    with pytest.raises(ValueError, match="busy or failed"):
        Party(refuses="angry")
    with pytest.raises(ValueError, match="human, machine"):
        Party(kind="parrot")


@pytest.mark.parametrize(
    "noun", ["<Client></Client>", "<Client>a b</Client>", "<Sip>desk</Sip>", "<Sip></Sip>"]
)
def test_an_address_that_is_none_fails(ring: Ring, target: Target, noun: str) -> None:
    call = ring(dial(noun))
    assert target.forms("/ended")[0]["DialCallStatus"] == "failed"
    assert 13223 in [entry.code for entry in call.log]


def test_the_progress_of_a_leg_is_told(ring: Ring, sandbox: Sandbox, target: Target) -> None:
    target.says("/leg", twiml())
    events = "initiated ringing answered completed"
    noun = f"<Number statusCallback='/leg' statusCallbackEvent='{events}'>{AGENT}</Number>"
    call = ring(dial(noun), callee=Party(hangs_up_after=5))
    told = target.forms("/leg")
    statuses = [form["CallStatus"] for form in told]
    assert statuses == ["initiated", "ringing", "in-progress", "completed"]
    assert [form["SequenceNumber"] for form in told] == ["0", "1", "2", "3"]
    assert {form["ParentCallSid"] for form in told} == {call.sid}
    assert {form["CallSid"] for form in told} == {legs(sandbox, call)[AGENT].sid}
    assert (told[3]["CallDuration"], "CallDuration" in told[2]) == ("5", False)


def test_only_the_end_of_a_leg_is_told_unless_more_was_asked_for(
    ring: Ring, target: Target
) -> None:
    target.says("/leg", twiml())
    ring(dial(f"<Number statusCallback='/leg'>{AGENT}</Number>"), callee=Party(answers=False))
    assert [form["CallStatus"] for form in target.forms("/leg")] == ["no-answer"]


@pytest.mark.parametrize("agent", [ANA, DESK])
def test_an_agents_own_phone_calls_out_through_the_application(
    sandbox: Sandbox, target: Target, client: Client, agent: str
) -> None:
    sandbox.number(OWN, voice_url=target.says("/voice", twiml()))
    out = target.says("/out", dial(f"<Number>{CUSTOMER}</Number>", f"callerId='{OWN}'"))
    over = target.says("/over", twiml())
    sandbox.application(voice_url=out, status_callback=over)
    call = sandbox.call(from_=agent, to=CUSTOMER, callee=Party(hangs_up_after=5))
    call.wait(120)
    (form,) = target.forms("/out")
    assert (form["From"], form["To"], form["Direction"]) == (agent, CUSTOMER, "inbound")
    (child,) = client.calls.list(parent_call_sid=call.sid)
    assert (child.to, child.direction, child._from) == (CUSTOMER, "outbound-dial", OWN)
    assert target.forms("/over")[0]["CallStatus"] == "completed"
    assert target.at("/voice") == []


def test_without_an_application_an_agent_can_still_call_the_companys_number(
    sandbox: Sandbox, target: Target
) -> None:
    sandbox.number(OWN, voice_url=target.says("/voice", twiml()))
    sandbox.call(from_=ANA, to=OWN).wait(120)
    assert target.forms("/voice")[0]["From"] == ANA
    with pytest.raises(ValueError, match="no such number"):
        sandbox.call(from_=ANA, to=CUSTOMER)


@pytest.mark.parametrize("caller_id", ["", f"callerId='{CUSTOMER}'", f"callerId='{ANA}'"])
def test_a_phone_number_is_called_only_in_the_name_of_the_companys_own(
    sandbox: Sandbox, target: Target, caller_id: str
) -> None:
    sandbox.number(OWN, voice_url=f"{target.url}/voice")
    sandbox.application(voice_url=target.says("/out", dial(CUSTOMER, caller_id)))
    call = sandbox.call(from_=ANA, to=CUSTOMER)
    call.wait(120)
    assert 13214 in [entry.code for entry in call.log]


def test_an_agent_can_call_another(sandbox: Sandbox, target: Target) -> None:
    sandbox.application(voice_url=target.says("/out", dial("<Client>eva</Client>")))
    call = sandbox.call(from_=ANA, to="client:eva", callee=Party(hangs_up_after=3))
    call.wait(120)
    assert target.forms("/ended")[0]["DialCallStatus"] == "completed"


def test_people_can_be_rung_one_after_the_other(
    ring: Ring, sandbox: Sandbox, target: Target
) -> None:
    nouns = "".join(f"<Number>+3491122233{at}</Number>" for at in range(3))
    target.says("/ended", twiml())
    dial = f"<Dial sequential='true' timeout='5' action='/ended'>{nouns}</Dial>"
    sandbox.party("+34911222330", Party(answers=False))
    sandbox.party("+34911222331", Party(refuses="busy", answers_after=1))
    sandbox.party("+34911222332", Party(answers_after=2, hangs_up_after=4))
    call = ring(twiml(dial))
    legs = [leg for leg in sandbox.calls if leg.parent_sid == call.sid]
    assert [leg.status for leg in legs] == ["no-answer", "busy", "completed"]
    assert target.forms("/ended")[0]["DialCallSid"] == legs[-1].sid
    assert call.duration == 5 + 1 + 2 + 4
