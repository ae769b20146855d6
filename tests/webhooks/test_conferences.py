"""Callers and agents who come to a conference and leave it, and what is recorded of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.conferences import who_is_in
from tests.factories import recording_sid
from tests.webhooks.calling import LONG_ENOUGH
from tests.webhooks.rooms import (
    AGENTS,
    ANA,
    BEA,
    CALLERS,
    CUSTOMER,
    CUSTOMERS_NUMBER,
    NOT_INFORMED,
    OTHER_CALLER,
    OTHER_ROOM,
    OWN,
    ROOM,
    Rooms,
    rooms,
    twirec_settings,
)
from twirec.model.errors import VendorUnavailable
from twirec.model.records import CallRecord
from twirec.model.vendor import RecordingStatus, VendorCall, VendorRecording
from twirec.model.vocabulary import Direction, Reason
from twirec.testing import ACCOUNT_SID

__all__ = ["rooms", "twirec_settings"]


def one_room(rooms: Rooms) -> None:
    """Let an agent meet two callers in one conference."""
    rooms.inform("client:ana")
    rooms.agent(ANA)
    rooms.tell("join", ANA)
    for sid in CALLERS[:2]:
        rooms.call(sid)
        rooms.tell("join", sid)


def two_rooms(rooms: Rooms) -> None:
    """Let two callers wait in a conference each, and an agent join the first."""
    rooms.inform("client:ana")
    rooms.agent(ANA)
    for sid, room in zip(CALLERS, (ROOM, OTHER_ROOM), strict=False):
        rooms.call(sid)
        rooms.tell("join", sid, room)
    rooms.tell("join", ANA)


def test_of_three_callers_none_is_recorded_when_the_last_may_not_be(rooms: Rooms) -> None:
    for place, sid in enumerate(CALLERS):
        rooms.call(sid, heard=place < 2)
    for sid in CALLERS[:2]:
        rooms.tell("join", sid)
    assert sorted(rooms.recorded()) == list(CALLERS[:2])
    rooms.tell("join", CALLERS[2])
    assert rooms.recorded() == []
    assert {rooms.show(sid).call.detail for sid in CALLERS[:2]} == {OTHER_CALLER}
    last = rooms.show(CALLERS[2]).call
    assert (last.reason, last.detail) == (Reason.ANNOUNCEMENT_FAILED, "")


def test_who_left_keeps_nobody_else_from_being_recorded(rooms: Rooms) -> None:
    for place, sid in enumerate(CALLERS):
        rooms.call(sid, heard=place > 0)
    rooms.tell("join", CALLERS[0])
    rooms.tell("leave", CALLERS[0])
    for sid in CALLERS[1:]:
        rooms.tell("join", sid)
    assert sorted(rooms.recorded()) == list(CALLERS[1:])


def test_an_agent_who_was_not_informed_ends_what_is_recorded_of_all_callers(rooms: Rooms) -> None:
    for sid in CALLERS[:2]:
        rooms.call(sid)
        rooms.tell("join", sid)
    rooms.agent(ANA)
    rooms.tell("join", ANA)
    assert rooms.recorded() == []
    for sid in CALLERS[:2]:
        record = rooms.show(sid)
        assert record.call.detail == NOT_INFORMED
        assert [leg.agent for leg in record.legs] == ["client:ana"]


def test_an_agent_who_left_is_not_named_to_who_comes_after(rooms: Rooms) -> None:
    for sid in AGENTS:
        rooms.agent(sid)
    rooms.inform("client:bea")
    rooms.tell("join", ANA)
    rooms.tell("join", BEA)
    rooms.tell("leave", ANA)
    rooms.call(CALLERS[0])
    rooms.tell("join", CALLERS[0])
    assert rooms.recorded() == [CALLERS[0]]
    record = rooms.show(CALLERS[0])
    assert record.consents[0].agents == (1,)
    assert [leg.agent for leg in record.legs] == ["client:bea"]


@pytest.mark.parametrize("direction", ["inbound", "outbound-api"])
def test_whom_the_app_put_through_is_known_by_their_leg(rooms: Rooms, direction: str) -> None:
    """Twilio's Participants API, say, or TwiML of the app's own."""
    rooms.inform("client:ana")
    ends = ("client:ana", "+34911000222")
    from_, to = ends if direction == "inbound" else reversed(ends)
    rooms.vendor.add_call(VendorCall(ANA, ACCOUNT_SID, from_, to, direction, "in-progress"))
    rooms.call(CALLERS[0])
    rooms.tell("join", CALLERS[0])
    rooms.tell("join", ANA)
    assert rooms.recorded() == [CALLERS[0]]
    record = rooms.show(CALLERS[0])
    assert record.consents[0].agents == (1,)
    assert [(leg.leg_sid, leg.agent) for leg in record.legs] == [(ANA, "client:ana")]


def test_of_whom_nobody_knows_who_they_are_nothing_is_recorded(rooms: Rooms) -> None:
    rooms.vendor.faults.add("call", VendorUnavailable("no answer"))
    rooms.call(CALLERS[0])
    rooms.tell("join", CALLERS[0])
    rooms.tell("join", ANA)
    assert rooms.recorded() == []
    assert rooms.show(CALLERS[0]).call.detail == OTHER_CALLER


def test_an_agents_leg_pauses_the_call_that_it_is_in_now(rooms: Rooms) -> None:
    two_rooms(rooms)
    assert rooms.post(f"/twirec/pause/{ANA}", {}).get_json() == {"recordings": [recording_sid(1)]}
    assert rooms.post(f"/twirec/resume/{ANA}", {}).get_json() == {"recordings": [recording_sid(1)]}
    rooms.tell("leave", ANA)
    rooms.tell("join", ANA, OTHER_ROOM)
    assert rooms.post(f"/twirec/pause/{ANA}", {}).get_json() == {"recordings": [recording_sid(2)]}
    assert rooms.recorded() == [CALLERS[0]]


def test_an_agents_leg_pauses_all_whom_they_speak_with(rooms: Rooms) -> None:
    one_room(rooms)
    told = [recording_sid(1), recording_sid(2)]
    assert rooms.post(f"/twirec/pause/{ANA}", {}).get_json() == {"recordings": told}
    assert rooms.recorded() == []
    assert rooms.post(f"/twirec/resume/{ANA}", {}).get_json() == {"recordings": told}


def test_what_is_recorded_of_a_leg_for_one_caller_ends_when_it_meets_another(
    rooms: Rooms,
) -> None:
    """The agent took the first out of a queue: it is their leg that is recorded."""
    rooms.inform("client:ana")
    rooms.post("/take", {"CallSid": ANA, "From": "client:ana", "To": "+34911000222"})
    form = {"CallSid": CALLERS[0], "From": "+34600111222", "To": "+34911000111"}
    rooms.post("/voice", form)
    rooms.clock.advance(LONG_ENOUGH)
    rooms.post("/twirec/connect", form)
    rooms.post("/twirec/dequeued", {**form, "DequeingCallSid": ANA})
    assert rooms.recorded() == [ANA]
    rooms.call(CALLERS[1])
    rooms.tell("join", CALLERS[1])
    rooms.tell("join", ANA)
    assert rooms.recorded() == [CALLERS[1]]


def dialled_out(rooms: Rooms, *, heard: bool = True) -> None:
    """Let an agent dial a customer, who hears the announcement, or not to its end."""
    rooms.post("/dial", {"CallSid": ANA, "From": "client:ana", "To": CUSTOMERS_NUMBER})
    told = {"CallSid": CUSTOMER, "ParentCallSid": ANA, "To": CUSTOMERS_NUMBER}
    rooms.post("/twirec/announce", told)
    rooms.clock.advance(LONG_ENOUGH if heard else timedelta(seconds=1))
    rooms.post(f"/twirec/announced/{ANA}/0", told)
    rooms.vendor.add_call(
        VendorCall(
            CUSTOMER, ACCOUNT_SID, OWN, CUSTOMERS_NUMBER, "outbound-dial", "in-progress", ANA
        )
    )


def test_a_customer_who_was_dialled_stays_a_customer_in_a_conference(rooms: Rooms) -> None:
    rooms.inform("client:ana")
    rooms.inform("client:bea")
    dialled_out(rooms)
    for sid in (ANA, CUSTOMER):
        rooms.tell("join", sid)
    assert rooms.recorded() == [ANA]
    rooms.agent(BEA)
    rooms.tell("join", BEA)
    record = rooms.show(ANA)
    assert record.consents[0].agents == (1, 2)
    assert {leg.agent for leg in record.legs} == {"client:ana", "", "client:bea"}


def test_who_was_told_nothing_is_not_heard_in_the_recording_of_another(rooms: Rooms) -> None:
    rooms.inform("client:ana")
    dialled_out(rooms, heard=False)
    rooms.call(CALLERS[0])
    rooms.tell("join", CALLERS[0])
    rooms.tell("join", CUSTOMER)
    assert rooms.recorded() == []
    assert rooms.show(CALLERS[0]).call.detail == OTHER_CALLER


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(
    ("from_", "name"),
    [
        (CUSTOMERS_NUMBER, CUSTOMERS_NUMBER),
        ("sip:+34600777666@carrier.example;user=phone", CUSTOMERS_NUMBER),
        ("sip:600777666@192.0.2.7", CUSTOMERS_NUMBER),
        ("sip:luis@carrier.example", "sip:luis@carrier.example"),
        ("client:visitante", "client:visitante"),
    ],
)
def test_who_came_is_an_agent_only_if_they_are_known(
    rooms: Rooms, from_: str, name: str, known: bool
) -> None:
    """A caller whose call has no line was told nothing: the catalog was down."""
    if known:
        rooms.inform(from_)
    rooms.vendor.add_call(VendorCall(BEA, ACCOUNT_SID, from_, OWN, "inbound", "in-progress"))
    rooms.call(CALLERS[0])
    rooms.tell("join", CALLERS[0])
    rooms.tell("join", BEA)
    assert rooms.recorded() == ([CALLERS[0]] if known else [])
    named = [leg.agent for leg in rooms.show(CALLERS[0]).legs]
    assert named == ([name] if known else [""])


def test_the_leg_of_an_agent_who_dialled_out_pauses_the_call_that_it_is_in_now(
    rooms: Rooms,
) -> None:
    rooms.inform("client:ana")
    dialled_out(rooms)
    rooms.call(CALLERS[0])
    rooms.tell("join", CALLERS[0])
    rooms.tell("join", ANA)
    assert rooms.recorded() == [CALLERS[0]]  # and not the agent's leg, for who was dialled before
    assert rooms.post(f"/twirec/pause/{ANA}", {}).get_json() == {"recordings": [recording_sid(1)]}
    assert rooms.show(CALLERS[0]).consents[0].agents == (1,)


def test_a_pause_is_of_the_calls_that_were_allowed(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_rooms(rooms)
    show = rooms.archive.calls.get

    def moved_meanwhile(sid: str) -> CallRecord:
        rooms.tell("leave", ANA)
        rooms.tell("join", ANA, OTHER_ROOM)
        return show(sid)

    with monkeypatch.context() as patch:
        patch.setattr(rooms.archive.calls, "get", moved_meanwhile)
        told = rooms.post(f"/twirec/pause/{ANA}", {}).get_json()
    assert told == {"recordings": [recording_sid(1)]}


def test_what_is_recorded_of_an_agents_leg_for_another_call_is_left_alone(rooms: Rooms) -> None:
    rooms.inform("client:ana")
    rooms.agent(ANA)
    rooms.call(CALLERS[0])
    for what in ("join", "leave"):
        for sid in (CALLERS[0], ANA):
            rooms.tell(what, sid)
    form = {"CallSid": CALLERS[1], "From": "+34600111222", "To": "+34911000111"}
    rooms.post("/voice", form)
    rooms.clock.advance(LONG_ENOUGH)
    rooms.post("/twirec/connect", form)
    rooms.post("/twirec/dequeued", {**form, "DequeingCallSid": ANA})
    told = rooms.post(f"/twirec/pause/{CALLERS[0]}", {}).get_json()
    assert told == {"recordings": [recording_sid(1)]}
    assert rooms.recorded() == [ANA]


@pytest.mark.parametrize("event", ["participant-mute", "conference-end"])
def test_other_events_of_a_conference_say_nothing(rooms: Rooms, event: str) -> None:
    rooms.call(CALLERS[0])
    form = {"ConferenceSid": ROOM, "SequenceNumber": "1", "StatusCallbackEvent": event}
    assert rooms.post("/twirec/conference", form).status_code == 204
    assert who_is_in(rooms.archive.catalog, ACCOUNT_SID, ROOM).calls == ()


def test_an_earlier_part_of_which_nothing_came_keeps_no_recording_from_being_ended(
    rooms: Rooms,
) -> None:
    rooms.call(CALLERS[0])
    short = {"CallSid": CALLERS[0], "RecordingSid": recording_sid(1), "RecordingStatus": "absent"}
    rooms.post("/twirec/status", {**short, "ErrorCode": "16101"})
    assert rooms.show(CALLERS[0]).call.reason is Reason.TOO_SHORT
    going_on = VendorRecording(
        recording_sid(5), ACCOUNT_SID, CALLERS[0], RecordingStatus.IN_PROGRESS, source="DialVerb"
    )
    rooms.vendor.add_recording(going_on)
    rooms.tell("join", CALLERS[0])
    rooms.agent(ANA)
    rooms.tell("join", ANA)
    assert rooms.vendor.recording(ACCOUNT_SID, recording_sid(5)).status is RecordingStatus.STOPPED


def test_an_agent_who_is_recorded_for_nobody_there_is_not_with_others(rooms: Rooms) -> None:
    rooms.inform("client:ana")
    dialled_out(rooms)
    rooms.tell("join", ANA)
    assert rooms.recorded() == [ANA]  # alone: the customer may come yet
    rooms.agent(BEA)
    rooms.tell("join", BEA)
    assert rooms.recorded() == []


@pytest.mark.parametrize("closed", [False, True])
def test_who_was_dialled_while_recording_was_off_is_no_agent(rooms: Rooms, closed: bool) -> None:
    rooms.archive.policy.change(by="eva", why="x", direction=Direction.OUT, on=False)
    rooms.inform("client:ana")
    dialled = {"CallSid": ANA, "From": "client:ana", "To": CUSTOMERS_NUMBER}
    assert "url=" not in rooms.post("/dial", dialled).text
    rooms.vendor.add_call(
        VendorCall(
            CUSTOMER, ACCOUNT_SID, OWN, CUSTOMERS_NUMBER, "outbound-dial", "in-progress", ANA
        )
    )
    if closed:
        over = {"CallStatus": "in-progress", "DialCallStatus": "completed", "DialCallSid": CUSTOMER}
        rooms.post("/twirec/ended", {**dialled, **over})
    rooms.call(CALLERS[0])
    rooms.tell("join", CALLERS[0])
    rooms.tell("join", CUSTOMER)
    assert rooms.recorded() == []
    assert rooms.show(CALLERS[0]).call.detail == OTHER_CALLER


def test_a_pause_reaches_all_that_is_known_before_twilio_is_asked_for_more(rooms: Rooms) -> None:
    one_room(rooms)
    assert rooms.archive.operations.sweep().adopted == 2
    rooms.vendor.faults.add("recordings", VendorUnavailable("no answer"))
    assert rooms.post(f"/twirec/pause/{ANA}", {}).status_code == 502
    assert rooms.recorded() == []
    rooms.vendor.faults.add("recordings", VendorUnavailable("no answer"))
    told = [recording_sid(1), recording_sid(2)]
    assert rooms.post(f"/twirec/resume/{ANA}", {}).get_json() == {"recordings": told}
