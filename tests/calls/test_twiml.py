from __future__ import annotations

from xml.etree import ElementTree

import pytest
from twilio.twiml.voice_response import Dial

from tests.factories import a_call
from twirec.calls import twiml
from twirec.calls.wordings import compose
from twirec.model.records import Call

URLS = twiml.Urls.under("https://calls.example.com/")
ANNOUNCEMENT = compose("es-ES", company="Muñoz & Hijos <SL>", privacy_info="ejemplo punto es")


def verbs(body: str) -> list[ElementTree.Element]:
    root = ElementTree.fromstring(body)  # noqa: S314 - our own output
    assert root.tag == "Response"
    return list(root)


def connected(call: Call, *, record: bool, build_dial: twiml.BuildDial | None = None) -> str:
    connection = twiml.connection(call, URLS, build_dial)
    return twiml.connect(connection, URLS, record=record)


def test_the_announcement_is_said_and_only_then_asked_for_the_next_step() -> None:
    say, redirect = verbs(twiml.announce(ANNOUNCEMENT, URLS))
    assert (say.tag, say.text) == ("Say", ANNOUNCEMENT.text)
    assert say.attrib == {"voice": "Polly.Lucia-Neural", "language": "es-ES"}
    assert redirect.tag == "Redirect"
    assert redirect.text == f"https://calls.example.com/twirec/connect{twiml.PROMPTLY}"


def test_both_sides_are_recorded_from_the_answer_and_every_event_is_told() -> None:
    (dial,) = verbs(connected(a_call(), record=True))
    assert dial.attrib == {
        "record": "record-from-answer-dual",
        "trim": "do-not-trim",
        "recordingStatusCallback": "https://calls.example.com/twirec/status#rc=5&rp=all",
        "recordingStatusCallbackMethod": "POST",
        "recordingStatusCallbackEvent": "in-progress completed absent",
        "action": "https://calls.example.com/twirec/ended",
        "method": "POST",
    }


def test_without_recording_the_same_dial_says_nothing_of_it() -> None:
    (dial,) = verbs(connected(a_call(), record=False))
    assert dial.attrib == {"action": "https://calls.example.com/twirec/ended", "method": "POST"}


@pytest.mark.parametrize("record", [True, False])
def test_all_numbers_of_the_call_ring(record: bool) -> None:
    call = a_call(dial=("+34911222333", "+34911222334"))
    (dial,) = verbs(connected(call, record=record))
    assert [number.text for number in dial] == ["+34911222333", "+34911222334"]


def test_clients_and_sip_addresses_ring_like_numbers() -> None:
    call = a_call(dial=("+34911222333", "client:ana", "sip:shop@pbx.example.com"))
    (dial,) = verbs(connected(call, record=True))
    assert [(noun.tag, noun.text) for noun in dial] == [
        ("Number", "+34911222333"),
        ("Client", "ana"),
        ("Sip", "sip:shop@pbx.example.com"),
    ]


def test_a_function_of_the_users_builds_the_dial() -> None:
    def to_an_agent(call: Call, dial: Dial) -> None:
        dial.client(f"agent-for-{call.own_number}")

    (dial,) = verbs(connected(a_call(), record=True, build_dial=to_an_agent))
    assert [(noun.tag, noun.text) for noun in dial] == [("Client", "agent-for-+34911000111")]
    assert dial.get("record") == "record-from-answer-dual"


@pytest.mark.parametrize("record", [True, False])
def test_a_function_of_the_users_does_not_decide_what_is_recorded(record: bool) -> None:
    def to_a_recorded_room(call: Call, dial: Dial) -> None:
        dial.attrs |= {"record": "record-from-ringing-dual", "recordingTrack": "both"}
        dial.conference("room-1", record="record-from-start")

    (dial,) = verbs(connected(a_call(), record=record, build_dial=to_a_recorded_room))
    assert dial.get("record") == ("record-from-answer-dual" if record else None)
    assert dial.get("recordingTrack") is None
    assert dial[0].attrib == {}
