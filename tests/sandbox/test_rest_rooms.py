"""Conferences, queues and numbers as they are changed over REST, by the official client."""

from __future__ import annotations

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from tests.sandbox.conftest import CUSTOMER, OWN
from tests.sandbox.listening import eventually
from tests.sandbox.target import Target, twiml
from twirec.sandbox import Call, Party, Sandbox

ANA, EVA = "client:ana", "client:eva"
STAYS = Party(hangs_up_after=90_000)
EVENTS = "statusCallback='/events' statusCallbackEvent='start end join leave mute hold'"


@pytest.fixture
def talk(sandbox: Sandbox, target: Target) -> tuple[Call, Call]:
    """A customer and an agent in a conference that nobody thinks of leaving."""
    room = f"<Conference {EVENTS} participantLabel='who'>room</Conference>"
    document = twiml(f"<Dial action='/ended'>{room}</Dial>")
    sandbox.number(OWN, voice_url=target.says("/voice", document))
    sandbox.application(voice_url=target.says("/out", document.replace("'who'", "'agent 1'")))
    target.says("/ended", twiml("<Pause length='3'/>"))
    target.says("/events", "")
    calls = []
    for who in (CUSTOMER, ANA):
        calls.append(sandbox.call(from_=who, to=OWN, caller=STAYS))
        eventually(lambda: len(target.at("/events")) >= len(calls))
    return calls[0], calls[1]


def test_participants_are_held_muted_and_sent_out(
    client: Client, target: Target, talk: tuple[Call, Call]
) -> None:
    customer, agent = talk
    (conference,) = client.conferences.list(friendly_name="room")
    room = client.conferences(conference.sid or "")
    for change, held, muted in (
        ({"hold": True, "hold_url": "https://music.example/"}, True, False),
        ({"muted": True}, True, True),
        ({"hold": False, "muted": False}, False, False),
    ):
        changed = room.participants(customer.sid).update(**change)
        assert (changed.hold, changed.muted) == (held, muted)
        assert [one.call_sid for one in room.participants.list(hold=True)] == [customer.sid] * held
    assert room.participants("agent%201").fetch().call_sid == agent.sid
    room.participants(agent.sid).delete()
    agent.wait(120)
    assert target.forms("/ended")[0]["CallSid"] == agent.sid
    assert [one.call_sid for one in room.participants.list()] == [customer.sid]
    with pytest.raises(TwilioRestException) as error:
        room.participants(agent.sid).fetch()
    assert error.value.code == 20404
    ended = room.update(status="completed")
    assert (ended.status, ended.reason_conference_ended) == (
        "completed",
        "conference-ended-via-api",
    )
    customer.wait(120)
    events = [form["StatusCallbackEvent"] for form in target.forms("/events")]
    assert [each for each in events if each.endswith(("hold", "mute"))] == [
        "participant-hold",
        "participant-mute",
        "participant-unmute",
        "participant-unhold",
    ]


def test_who_is_held_or_muted_is_heard_by_nobody_meanwhile(
    sandbox: Sandbox, client: Client, talk: tuple[Call, Call]
) -> None:
    (conference,) = client.conferences.list(friendly_name="room")
    people = client.conferences(conference.sid or "").participants
    (there,) = sandbox._exchange.rooms.conferences()
    customer, agent = there.here
    assert (len(customer.windows), len(there._sounds)) == (1, 2)
    people(customer.sid).update(hold=True)
    assert [end is None for _, end in customer.windows] == [False]
    assert [sound.end is None for _, _, sound in there._sounds] == [False, False]
    people(customer.sid).update(hold=False)
    people(agent.sid).update(muted=True)
    assert [end is None for _, end in customer.windows] == [False, True]
    assert [end is None for _, end in agent.windows] == [False]
    # Who is muted still hears the other.
    assert [hearer for hearer, _, sound in there._sounds if sound.end is None] == [agent]


def test_somebody_is_called_into_a_conference(
    sandbox: Sandbox, client: Client, talk: tuple[Call, Call]
) -> None:
    sandbox.party(EVA, Party(answers_after=1, hangs_up_after=90_000))
    added = client.conferences("room").participants.create(
        from_=OWN, to=EVA, label="second", end_conference_on_exit=True
    )
    assert (added.status, added.label) == ("queued", "second")
    room = client.conferences(added.conference_sid or "")
    eventually(lambda: len(room.participants.list()) == 3)
    assert room.participants("second").fetch().end_conference_on_exit
    client.calls(added.call_sid or "").update(status="completed")
    for call in talk:
        call.wait(120)
    assert room.fetch().call_sid_ending_conference == added.call_sid


def test_who_waits_in_a_queue_is_listed_and_taken_out(
    sandbox: Sandbox, client: Client, target: Target
) -> None:
    document = twiml("<Enqueue action='/left'>help</Enqueue>")
    sandbox.number(OWN, voice_url=target.says("/voice", document))
    target.says("/left", twiml("<Pause length='9'/>"))
    elsewhere = target.says("/elsewhere", twiml("<Pause length='2'/>"))
    queue = client.queues.create(friendly_name="help")
    first, second = (sandbox.call(from_=CUSTOMER, to=OWN, caller=STAYS) for _ in range(2))
    members = client.queues(queue.sid or "").members
    eventually(lambda: len(members.list()) == 2)
    front = members("Front").fetch()
    assert [one.position for one in members.list(page_size=1)] == [1, 2]
    assert (front.position, front.queue_sid) == (1, queue.sid)
    assert client.queues(queue.sid or "").fetch().current_size == 2
    members("Front").update(url=elsewhere)
    gone, stays = (first, second) if front.call_sid == first.sid else (second, first)
    gone.wait(120)
    (form,) = target.forms("/left")
    assert (form["CallSid"], form["QueueResult"]) == (gone.sid, "redirected")
    assert [one.call_sid for one in members.list()] == [stays.sid]
    with pytest.raises(TwilioRestException):
        members(gone.sid).fetch()


def test_a_number_is_pointed_elsewhere(sandbox: Sandbox, client: Client, target: Target) -> None:
    bought = sandbox.number(OWN, voice_url="https://a.example/voice", trunk_sid="TK" + "0" * 32)
    made = sandbox.application(voice_url="https://b.example/voice")
    number = client.incoming_phone_numbers(bought.sid)
    changed = number.update(voice_url=target.says("/voice", twiml()), status_callback="")
    assert (changed.voice_url, changed.trunk_sid) == (f"{target.url}/voice", bought.trunk_sid)
    changed = number.update(voice_application_sid=made.sid)
    assert (changed.voice_application_sid, changed.trunk_sid) == (made.sid, None)
    number.update(voice_application_sid="")
    sandbox.call(from_=CUSTOMER, to=OWN).wait(120)
    assert target.forms("/voice")[0]["To"] == OWN
    assert [one.sid for one in client.incoming_phone_numbers.list(phone_number=OWN)] == [bought.sid]


def test_the_recordings_of_a_call_are_fetched_and_deleted_there(
    sandbox: Sandbox, client: Client
) -> None:
    recording = sandbox.add_recording()
    of_call = client.calls(recording.call_sid).recordings
    assert of_call(recording.sid).fetch().call_sid == recording.call_sid
    with pytest.raises(TwilioRestException):
        client.calls(sandbox.add_recording().call_sid).recordings(recording.sid).fetch()
    assert of_call(recording.sid).delete()
    assert recording.status == "deleted"
    assert client.calls(recording.call_sid).delete()
    with pytest.raises(TwilioRestException) as error:
        client.calls(recording.call_sid).fetch()
    assert error.value.code == 20404
