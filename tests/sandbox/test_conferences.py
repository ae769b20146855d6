from __future__ import annotations

from array import array

import pytest
from twilio.rest import Client
from twilio.rest.api.v2010.account.conference.participant import ParticipantInstance

from tests.sandbox.conftest import CUSTOMER, OWN, Get
from tests.sandbox.listening import RATE, channels, eventually, place_of
from tests.sandbox.target import Target, twiml
from twirec.sandbox import Call, Line, Party, Recording, Sandbox

ANA, EVA = "client:ana", "client:eva"
RECORDS = (
    "record='record-from-start' trim='do-not-trim' recordingStatusCallback='/status' "
    "recordingStatusCallbackEvent='in-progress completed'"
)
CUSTOMER_TALKS = Party(
    says=[Line("customer_complaint", at=1)], hangs_up_after=12, counts_from_bridge=True
)
AGENT_TALKS = Party(says=[Line("agent_answer", at=2)], counts_from_bridge=True)


class Room:
    """A conference that customers and agents are sent into."""

    def __init__(self, sandbox: Sandbox, target: Target) -> None:
        self.sandbox = sandbox
        self.target = target
        self.customer()
        self.agent()
        for path in ("/ended", "/status", "/events"):
            target.says(path, twiml())

    def customer(self, conference: str = "", dial: str = "") -> None:
        document = self._document(conference, dial)
        self.sandbox.number(OWN, voice_url=self.target.says("/voice", document))

    def agent(self, conference: str = "", dial: str = "") -> None:
        document = self._document(conference, dial)
        self.sandbox.application(voice_url=self.target.says("/out", document))

    def comes(self, from_: str, party: Party) -> Call:
        call = self.sandbox.call(from_=from_, to=OWN, caller=party)
        eventually(lambda: "Dial" in [entry.what for entry in call.log])
        eventually(lambda: call.status == "in-progress")
        return call

    def _document(self, conference: str, dial: str) -> str:
        inside = f"<Conference {conference}>room</Conference>"
        return twiml(f"<Dial action='/ended' {dial}>{inside}</Dial>")


@pytest.fixture
def room(sandbox: Sandbox, target: Target) -> Room:
    return Room(sandbox, target)


def recorded(sandbox: Sandbox) -> Recording:
    (recording,) = sandbox.recordings
    return recording


def ended(*calls: Call) -> None:
    for call in calls:
        call.wait(120)


def sounds(channel: array[int]) -> bool:
    return any(abs(sample) > 200 for sample in channel)


def test_the_first_to_join_is_on_channel_1_and_everybody_else_on_channel_2(
    room: Room, sandbox: Sandbox, get: Get
) -> None:
    room.customer(f"endConferenceOnExit='true' {RECORDS}")
    customer = room.comes(CUSTOMER, CUSTOMER_TALKS)
    agent = room.comes(ANA, AGENT_TALKS)
    ended(customer, agent)
    left, right = channels(get, recorded(sandbox))
    assert place_of("customer_complaint", left) == 1
    assert place_of("agent_answer", right) == 2
    assert len(left) == 12 * RATE


def test_its_recording_belongs_to_the_conference(
    room: Room, sandbox: Sandbox, target: Target, client: Client
) -> None:
    room.customer(f"endConferenceOnExit='true' {RECORDS}")
    customer = room.comes(CUSTOMER, CUSTOMER_TALKS)
    ended(customer, room.comes(ANA, AGENT_TALKS))
    (conference,) = client.conferences.list(friendly_name="room", status="completed")
    assert client.conferences(conference.sid).fetch().reason_conference_ended is not None
    (of_room,) = client.conferences(conference.sid).recordings.list()
    (listed,) = client.recordings.list(conference_sid=conference.sid)
    assert of_room.sid == listed.sid
    assert (listed.source, listed.channels, listed.call_sid) == ("Conference", 1, customer.sid)
    first, second = target.forms("/status")
    assert [first["RecordingStatus"], second["RecordingStatus"]] == ["in-progress", "completed"]
    assert second["ConferenceSid"] == conference.sid
    assert second["RecordingSource"] == "Conference"
    assert "CallSid" not in second


def test_a_conference_that_one_person_waits_in_is_not_recorded(
    room: Room, sandbox: Sandbox, client: Client
) -> None:
    room.customer(RECORDS)
    ended(room.comes(CUSTOMER, Party(hangs_up_after=5)))
    assert sandbox.recordings == []
    assert client.recordings.list(conference_sid="CF" + "0" * 32) == []


def test_it_starts_only_when_somebody_comes_who_starts_it(
    room: Room, sandbox: Sandbox, client: Client
) -> None:
    room.customer(f"startConferenceOnEnter='false' {RECORDS}")
    first = room.comes(CUSTOMER, Party(hangs_up_after=90_000))
    second = room.comes(CUSTOMER, Party(hangs_up_after=90_000))
    assert client.conferences.list() == []
    (conference,) = client.conferences.list(status="init")
    assert (conference.status, sandbox.recordings) == ("init", [])
    agent = room.comes(ANA, Party(hangs_up_after=90_000))
    eventually(lambda: sandbox.recordings)
    assert client.conferences(conference.sid).fetch().status == "in-progress"
    for call in (first, second, agent):
        call.hang_up()
    ended(first, second, agent)


def test_what_follows_the_first_agent_stays_in_the_recording(
    room: Room, sandbox: Sandbox, client: Client, get: Get
) -> None:
    room.customer(f"endConferenceOnExit='true' {RECORDS}")
    customer = room.comes(CUSTOMER, Party())
    ana = room.comes(ANA, Party(says=[Line("agent_answer", at=1)], hangs_up_after=90_000))
    eventually(lambda: sandbox.recordings)
    client.calls(ana.sid).update(status="completed")
    ended(ana)
    eva = room.comes(EVA, Party(says=[Line("customer_thanks", at=1)], counts_from_bridge=True))
    ended(customer, eva)
    _, right = channels(get, recorded(sandbox))
    thanks = place_of("customer_thanks", right)
    assert thanks is not None
    assert recorded(sandbox).duration == int(
        thanks + len(Line("customer_thanks").samples()) / RATE + 1
    )


def test_when_nobody_hangs_up_it_ends_a_second_after_the_last_word(
    room: Room, sandbox: Sandbox, target: Target
) -> None:
    room.customer(RECORDS)
    caller = Party(says=[Line("customer_thanks", at=3)], counts_from_bridge=True)
    ended(room.comes(CUSTOMER, caller), room.comes(ANA, Party()))
    seconds = 3 + len(Line("customer_thanks").samples()) / RATE + 1
    assert recorded(sandbox).duration == int(seconds)
    statuses = [form["DialCallStatus"] for form in target.forms("/ended")]
    assert statuses == ["answered", "answered"]
    assert "DialCallSid" not in target.forms("/ended")[0]


def test_whoever_ends_it_sends_the_others_on_with_their_documents(
    room: Room, sandbox: Sandbox, target: Target
) -> None:
    room.agent("endConferenceOnExit='true'")
    target.says("/ended", twiml("<Say>Adiós</Say>"))
    customer = room.comes(CUSTOMER, Party())
    agent = room.comes(ANA, Party(hangs_up_after=4, counts_from_bridge=True))
    ended(customer, agent)
    assert [entry.text for entry in customer.log if entry.what == "Say"] == ["Adiós"]
    assert [entry.text for entry in agent.log if entry.what == "Say"] == []


def test_somebody_who_is_left_alone_gives_up_after_ten_minutes(room: Room) -> None:
    customer = room.comes(CUSTOMER, Party())
    agent = room.comes(ANA, Party(hangs_up_after=4, counts_from_bridge=True))
    ended(customer, agent)
    assert customer.status == "completed"
    assert 600 <= (customer.duration or 0) < 700


def test_a_conference_of_the_same_name_is_a_new_one_once_the_old_is_over(
    room: Room, client: Client
) -> None:
    for _ in range(2):
        ended(room.comes(CUSTOMER, Party(hangs_up_after=3)))
    assert len({one.sid for one in client.conferences.list(status="completed")}) == 2


def test_a_leg_can_be_recorded_with_what_comes_down_from_the_conference(
    room: Room, get: Get
) -> None:
    room.customer("endConferenceOnExit='true'", "record='record-from-answer-dual'")
    customer = room.comes(CUSTOMER, CUSTOMER_TALKS)
    ended(customer, room.comes(ANA, AGENT_TALKS), room.comes(EVA, Party()))
    (recording,) = customer.recordings
    assert (recording.source, recording.conference_sid) == ("DialVerb", None)
    left, right = channels(get, recording)
    complaint, answer = place_of("customer_complaint", left), place_of("agent_answer", right)
    assert complaint is not None
    assert answer is not None
    assert answer - complaint == pytest.approx(1, abs=0.001)


def test_nobody_hears_who_is_muted(room: Room, sandbox: Sandbox, get: Get) -> None:
    room.customer(f"endConferenceOnExit='true' {RECORDS}")
    room.agent("muted='true'")
    ended(room.comes(CUSTOMER, CUSTOMER_TALKS), room.comes(ANA, AGENT_TALKS))
    left, right = channels(get, recorded(sandbox))
    assert sounds(left)
    assert not sounds(right)


def test_the_app_is_told_who_comes_and_goes(room: Room, target: Target, client: Client) -> None:
    told = "statusCallback='/events' statusCallbackEvent='start end join leave'"
    room.customer(f"endConferenceOnExit='true' {told}")
    customer = room.comes(CUSTOMER, CUSTOMER_TALKS)
    agent = room.comes(ANA, AGENT_TALKS)
    ended(customer, agent)
    events = [
        (form["StatusCallbackEvent"], form.get("CallSid")) for form in target.forms("/events")
    ]
    assert events[:3] == [
        ("participant-join", customer.sid),
        ("participant-join", agent.sid),
        ("conference-start", agent.sid),
    ]
    assert ("participant-leave", customer.sid) in events
    assert ("conference-end", None) in events
    (conference,) = client.conferences.list(status="completed")
    assert {form["ConferenceSid"] for form in target.forms("/events")} == {conference.sid}
    assert {form["FriendlyName"] for form in target.forms("/events")} == {"room"}


def test_who_is_there_can_be_asked_while_it_goes_on(room: Room, client: Client) -> None:
    room.customer("endConferenceOnExit='true'")
    room.agent("muted='true'")
    customer = room.comes(CUSTOMER, Party(hangs_up_after=90_000))
    agent = room.comes(ANA, Party(hangs_up_after=20, counts_from_bridge=True))
    (conference,) = client.conferences.list(friendly_name="room", status="in-progress")
    customers, agents = eventually(
        lambda: len(there := conference.participants.list()) == 2 and sorted(there, key=_is_muted)
    )
    assert (customers.call_sid, agents.call_sid) == (customer.sid, agent.sid)
    assert {customers.conference_sid, agents.conference_sid} == {conference.sid}
    assert (customers.end_conference_on_exit, agents.end_conference_on_exit) == (True, False)
    assert {customers.status, agents.status} == {"connected"}
    assert customers.date_created >= conference.date_created
    agent.wait(120)
    assert [one.call_sid for one in conference.participants.list()] == [customer.sid]
    client.calls(customer.sid).update(status="completed")
    customer.wait(120)
    assert conference.participants.list() == []


def _is_muted(participant: ParticipantInstance) -> bool:
    return bool(participant.muted)


def test_a_customer_is_sent_from_a_dial_into_a_conference(
    room: Room, sandbox: Sandbox, target: Target, client: Client, get: Get
) -> None:
    room.agent(f"endConferenceOnExit='true' {RECORDS}")
    target.says("/voice", twiml("<Dial><Client>javier</Client></Dial>"))
    sandbox.party("client:javier", Party())
    customer = sandbox.call(from_=CUSTOMER, to=OWN, caller=Party(hangs_up_after=90_000))
    eventually(
        lambda: [leg for leg in sandbox.calls if leg.status == "in-progress" and leg.parent_sid]
    )
    client.calls(customer.sid).update(url=f"{target.url}/out")
    customer.wait_for("Dial", "room", timeout=120)
    agent = Party(AGENT_TALKS.says, hangs_up_after=9, counts_from_bridge=True)
    ended(customer, room.comes(EVA, agent))
    _, right = channels(get, recorded(sandbox))
    assert place_of("agent_answer", right) == 2
    (dialled,) = [leg for leg in sandbox.calls if leg.parent_sid]
    assert dialled.status == "completed"
