from __future__ import annotations

from typing import Any

import pytest
from flask import Response
from twilio.rest import Client

from tests.sandbox.conftest import CUSTOMER, OWN, Get
from tests.sandbox.listening import RATE, channels, place_of
from tests.sandbox.target import Target, twiml
from twirec.sandbox import Call, Fault, Faults, Line, Party, Sandbox

ALL = ["initiated", "ringing", "answered", "completed"]
GREETING = Party(says=[Line("agent_answer", at=0)], kind="machine", answers_after=2)


@pytest.fixture(autouse=True)
def _the_app(sandbox: Sandbox, target: Target) -> None:
    sandbox.number(OWN, voice_url=f"{target.url}/voice")
    target.says("/out", twiml("<Pause length='4'/>"))
    target.says("/over", Response(status=204))


class Office:
    """Somebody who places calls over REST and waits for their end."""

    def __init__(self, sandbox: Sandbox, target: Target, client: Client) -> None:
        self._sandbox = sandbox
        self._target = target
        self._client = client

    def calls(self, party: Party | None = None, **options: Any) -> Call:
        self._sandbox.party(CUSTOMER, party or Party())
        url = f"{self._target.url}/out"
        created = self._client.calls.create(to=CUSTOMER, from_=OWN, url=url, **options)
        assert created.status == "queued"
        call = next(call for call in self._sandbox.calls if call.sid == created.sid)
        call.wait(120)
        return call


@pytest.fixture
def office(sandbox: Sandbox, target: Target, client: Client) -> Office:
    return Office(sandbox, target, client)


def test_each_event_that_was_subscribed_to_is_told(office: Office, target: Target) -> None:
    call = office.calls(
        status_callback=f"{target.url}/over",
        status_callback_event=ALL,
        status_callback_method="POST",
    )
    forms = target.forms("/over")
    assert [form["CallStatus"] for form in forms] == [
        "initiated",
        "ringing",
        "in-progress",
        "completed",
    ]
    assert [form["SequenceNumber"] for form in forms] == ["0", "1", "2", "3"]
    assert {form["CallSid"] for form in forms} == {call.sid}


def test_a_status_callback_can_be_a_get(office: Office, target: Target) -> None:
    office.calls(status_callback=f"{target.url}/over", status_callback_method="GET")
    (came,) = target.at("/over")
    assert (came.method, "CallStatus=completed" in came.url) == ("GET", True)


@pytest.mark.parametrize(
    ("party", "status"),
    [
        (Party(answers=False), "no-answer"),
        (Party(refuses="busy"), "busy"),
        (Party(refuses="failed"), "failed"),
    ],
)
def test_a_call_that_is_not_answered_says_why(
    office: Office, target: Target, party: Party, status: str
) -> None:
    call = office.calls(party, timeout=10, status_callback=f"{target.url}/over")
    assert (call.status, call.started) == (status, None)
    assert target.forms("/over")[0]["CallStatus"] == status
    assert target.at("/out") == []


@pytest.mark.parametrize(
    ("kind", "detects", "found"),
    [
        ("human", "Enable", "human"),
        ("machine", "Enable", "machine_start"),
        ("machine", "DetectMessageEnd", "machine_end_beep"),
        ("human", "DetectMessageEnd", "human"),
        ("fax", "Enable", "fax"),
        ("unknown", "Enable", "unknown"),
    ],
)
def test_the_first_document_is_asked_for_with_who_answered(
    office: Office, target: Target, client: Client, kind: str, detects: str, found: str
) -> None:
    call = office.calls(Party(kind=kind), machine_detection=detects)
    assert target.forms("/out")[0]["AnsweredBy"] == found
    assert client.calls(call.sid).fetch().answered_by == found
    assert call.duration == 3 + 4


def test_the_end_of_a_greeting_is_waited_for(office: Office, target: Target) -> None:
    call = office.calls(GREETING, machine_detection="DetectMessageEnd")
    seconds = len(Line("agent_answer").samples()) / RATE
    assert call.duration == int(seconds + 4)


def test_without_detection_nobody_says_who_answered(office: Office, target: Target) -> None:
    assert office.calls(GREETING).answered_by is None
    assert "AnsweredBy" not in target.forms("/out")[0]


def test_somebody_can_hang_up_while_it_is_found_out_who_they_are(
    office: Office, target: Target
) -> None:
    call = office.calls(Party(hangs_up_after=1), machine_detection="Enable", record=True)
    assert (call.status, call.duration) == ("completed", 1)
    assert target.at("/out") == []
    assert call.recordings[0].status == "absent"


def test_a_call_can_be_recorded_from_the_answer_on(
    office: Office, target: Target, get: Get
) -> None:
    target.says("/out", twiml("<Say>Hola, muy buenos días</Say>", "<Pause length='9'/>"))
    status = target.says("/status", Response(status=204))
    call = office.calls(
        Party(says=[Line("customer_thanks", at=3)]),
        record=True,
        recording_channels="dual",
        trim="do-not-trim",
        recording_status_callback=status,
        recording_status_callback_event=["in-progress", "completed"],
    )
    (recording,) = call.recordings
    assert (recording.source, recording.channels) == ("OutboundAPI", 2)
    left, right = channels(get, recording)
    assert place_of("customer_thanks", left) == 3
    assert any(right[:RATE])
    assert [form["RecordingStatus"] for form in target.forms("/status")] == [
        "in-progress",
        "completed",
    ]


def test_such_a_recording_trims_silence_and_has_one_channel_unless_told_otherwise(
    office: Office,
) -> None:
    (recording,) = office.calls(Party(says=[Line("customer_thanks", at=2)]), record=True).recordings
    assert recording.channels == 1
    assert recording.duration == 2


def test_keys_are_pressed_once_it_is_answered(office: Office) -> None:
    call = office.calls(send_digits="ww12#")
    assert [entry.text for entry in call.log if entry.what == "SendDigits"] == ["ww12#"]


def test_an_agent_can_be_called_too(sandbox: Sandbox, client: Client, target: Target) -> None:
    sandbox.party("client:ana", Party(answers_after=1))
    created = client.calls.create(to="client:ana", from_=OWN, url=f"{target.url}/out")
    call = next(call for call in sandbox.calls if call.sid == created.sid)
    call.wait(120)
    assert target.forms("/out")[0]["To"] == "client:ana"


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"To": "911222333"}, 21211),
        ({"Record": "yes"}, 20001),
        ({"MachineDetection": "Maybe"}, 20001),
        ({"SendDigits": "abc"}, 20001),
        ({"StatusCallbackEvent": "rung"}, 20001),
        ({"StatusCallbackMethod": "PUT"}, 20001),
        ({"Record": "true", "RecordingChannels": "stereo"}, 20001),
    ],
)
def test_what_twilio_does_not_know_is_refused(get: Get, form: dict[str, str], code: int) -> None:
    whole = {"To": CUSTOMER, "From": OWN, "Twiml": "<Response/>", **form}
    response = get("/Calls.json", method="POST", data=whole)
    assert (response.status_code, response.json()["code"]) == (400, code)


def test_placing_a_call_can_go_wrong(sandbox: Sandbox, get: Get) -> None:
    sandbox.faults = Faults(place={Fault.UNAVAILABLE: 1})
    form = {"To": CUSTOMER, "From": OWN, "Twiml": "<Response/>"}
    statuses = [get("/Calls.json", method="POST", data=form).status_code for _ in range(2)]
    assert statuses == [503, 201]
    assert len(sandbox.calls) == 1
