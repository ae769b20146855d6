from __future__ import annotations

from dataclasses import dataclass

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from tests.sandbox.conftest import AGENT, CUSTOMER, OWN, Get
from tests.sandbox.listening import channels, eventually, place_of
from tests.sandbox.target import Target, twiml
from twirec.sandbox import Call, Line, Party, Sandbox

RECORDED = "record='record-from-answer-dual'"


@dataclass
class Talk:
    """A call that is connected to an agent, and nobody thinks of hanging up."""

    call: Call
    child: Call


@pytest.fixture
def talk(sandbox: Sandbox, target: Target) -> Talk:
    return talking(sandbox, target)


def talking(sandbox: Sandbox, target: Target, caller: Party | None = None) -> Talk:
    target.says("/ended", twiml("<Pause length='2'/>"))
    document = twiml(f"<Dial action='/ended' {RECORDED}>{AGENT}</Dial>")
    sandbox.number(OWN, voice_url=target.says("/voice", document))
    sandbox.party(AGENT, Party(answers_after=1, hangs_up_after=90_000))
    call = sandbox.call(from_=CUSTOMER, to=OWN, caller=caller)
    eventually(lambda: call.recordings)
    (child,) = [leg for leg in sandbox.calls if leg.parent_sid == call.sid]
    return Talk(call, child)


@pytest.mark.parametrize("how", ["url", "twiml"])
def test_a_live_call_goes_on_with_another_document(
    talk: Talk, target: Target, client: Client, how: str
) -> None:
    document = twiml("<Say>Un momento</Say>")
    given = {"url": target.says("/other", document)} if how == "url" else {"twiml": document}
    client.calls(talk.call.sid).update(**given)
    talk.call.wait(120)
    assert [entry.text for entry in talk.call.log if entry.what == "Say"] == ["Un momento"]
    assert talk.child.status == "completed"
    # Over, whether or not the first second had passed.
    assert talk.call.recordings[0].status in {"completed", "absent"}
    (told,) = target.at("/ended")
    assert (told.form["CallStatus"], told.form["DialCallStatus"]) == ("in-progress", "completed")


def test_a_dialled_leg_can_be_hung_up_and_the_caller_goes_on(
    talk: Talk, target: Target, client: Client
) -> None:
    client.calls(talk.child.sid).update(status="completed")
    talk.call.wait(120)
    (ended,) = target.forms("/ended")
    assert (ended["DialCallStatus"], ended["CallStatus"]) == ("completed", "in-progress")
    assert (talk.child.status, talk.call.status) == ("completed", "completed")


def test_a_dialled_leg_goes_on_alone_with_another_document(
    talk: Talk, target: Target, client: Client, sandbox: Sandbox
) -> None:
    url = target.says("/other", twiml("<Pause length='9'/>", "<Say>Solo</Say>"))
    client.calls(talk.child.sid).update(url=url)
    talk.call.wait(120)
    assert target.forms("/ended")[0]["DialCallStatus"] == "completed"
    talk.child.wait(120)
    (form,) = target.forms("/other")
    assert (form["CallSid"], form["ParentCallSid"]) == (talk.child.sid, talk.call.sid)
    assert [entry.text for entry in talk.child.log if entry.what == "Say"] == ["Solo"]
    assert talk.child.status == "completed"


def test_a_dialled_leg_that_rings_can_be_canceled(
    sandbox: Sandbox, target: Target, client: Client
) -> None:
    target.says("/ended", twiml())
    document = twiml(f"<Dial action='/ended' timeout='9000'>{AGENT}</Dial>")
    sandbox.number(OWN, voice_url=target.says("/voice", document))
    sandbox.party(AGENT, Party(answers=False))
    call = sandbox.call(from_=CUSTOMER, to=OWN)
    child = eventually(lambda: next((leg for leg in sandbox.calls if leg.parent_sid), None))
    client.calls(child.sid).update(status="canceled")
    call.wait(120)
    assert child.status == "canceled"
    assert target.forms("/ended")[0]["DialCallStatus"] == "canceled"


def test_a_leg_that_went_on_alone_can_be_recorded_by_itself(
    sandbox: Sandbox, target: Target, client: Client, get: Get
) -> None:
    talk = talking(sandbox, target)
    start = "<Start><Recording trim='do-not-trim'/></Start>"
    url = target.says("/other", twiml(start, f"<Dial callerId='{OWN}'><Client>eva</Client></Dial>"))
    eva = Party(says=[Line("agent_answer", at=1)], answers_after=0, hangs_up_after=9)
    sandbox.party("client:eva", eva)
    client.calls(talk.child.sid).update(url=url)
    talk.child.wait(120)
    (recording,) = talk.child.recordings
    assert recording.call_sid == talk.child.sid
    assert place_of("agent_answer", channels(get, recording)[1]) == 1


def test_a_call_that_is_over_cannot_be_turned(talk: Talk, client: Client) -> None:
    talk.call.hang_up()
    talk.call.wait(120)
    for sid in (talk.call.sid, talk.child.sid):
        with pytest.raises(TwilioRestException) as error:
            client.calls(sid).update(twiml=twiml())
        assert (error.value.status, error.value.code) == (400, 21220)


@pytest.mark.parametrize("form", [{}, {"Status": "ringing"}, {"Method": "GET"}])
def test_what_cannot_be_done_to_a_call_is_refused(
    talk: Talk, get: Get, form: dict[str, str]
) -> None:
    response = get(f"/Calls/{talk.call.sid}.json", method="POST", data=form)
    assert (response.status_code, response.json()["code"]) == (400, 20001)


def test_a_call_that_is_answered_is_not_canceled(talk: Talk, client: Client) -> None:
    assert client.calls(talk.call.sid).update(status="canceled").status == "in-progress"
    assert talk.call.ended is None
