"""Nobody told that somebody joined a conference: the sweep finds them there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.conferences import who_is_in
from tests.factories import recording_sid
from tests.webhooks.rooms import (
    ANA,
    BEA,
    CALLERS,
    NOT_INFORMED,
    OTHER_CALLER,
    OWN,
    ROOM,
    Rooms,
    rooms,
    twirec_settings,
)
from twirec.model.errors import VendorUnavailable
from twirec.model.vendor import VendorCall, VendorParticipant
from twirec.testing import ACCOUNT_SID

__all__ = ["rooms", "twirec_settings"]


def come(rooms: Rooms, sid: str, *, heard: bool = True) -> None:
    """Let a caller call and enter the conference, without a word of it from Twilio."""
    rooms.call(sid, heard=heard)
    rooms.vendor.add_call(
        VendorCall(sid, ACCOUNT_SID, "+34600111222", OWN, "inbound", "in-progress")
    )
    there(rooms, sid)


def there(rooms: Rooms, sid: str) -> None:
    rooms.clock.advance(timedelta(seconds=1))
    rooms.vendor.live.let_in("room-1", VendorParticipant(ACCOUNT_SID, ROOM, sid, rooms.clock()))


def met(rooms: Rooms, *, dry_run: bool = False) -> int:
    rooms.clock.advance(timedelta(minutes=6))
    report = rooms.archive.operations.sweep(dry_run=dry_run)
    assert report.problems == {}
    return len(report.planned) if dry_run else report.conference_joined


def test_an_agent_who_was_not_informed_ends_the_recording(rooms: Rooms) -> None:
    come(rooms, CALLERS[0])
    rooms.tell("join", CALLERS[0])
    rooms.agent(ANA)
    there(rooms, ANA)
    assert met(rooms, dry_run=True) == 1
    assert rooms.recorded() == [CALLERS[0]]
    assert met(rooms) == 1
    assert rooms.recorded() == []
    record = rooms.show(CALLERS[0])
    assert record.call.detail == NOT_INFORMED
    assert [leg.agent for leg in record.legs] == ["client:ana"]
    assert met(rooms) == 0


def test_an_agent_who_was_informed_is_named_in_the_consent(rooms: Rooms) -> None:
    rooms.inform("client:ana")
    come(rooms, CALLERS[0])
    rooms.agent(ANA)
    there(rooms, ANA)
    assert met(rooms) == 2  # nobody told of the caller either
    assert rooms.recorded() == [CALLERS[0]]
    assert rooms.show(CALLERS[0]).consents[0].agents == (1,)


def test_who_left_before_the_agent_came_did_not_meet_them(rooms: Rooms) -> None:
    for name in ("client:ana", "client:bea"):
        rooms.inform(name)
    for sid in CALLERS[:2]:
        come(rooms, sid)
        rooms.tell("join", sid)
    rooms.tell("leave", CALLERS[0])
    rooms.agent(BEA)
    rooms.tell("join", BEA)
    rooms.agent(ANA)
    there(rooms, ANA)
    assert met(rooms) == 1
    assert rooms.show(CALLERS[0]).legs == ()
    assert [leg.agent for leg in rooms.show(CALLERS[1]).legs] == ["client:bea", "client:ana"]


def test_a_caller_who_came_first_met_all_who_came_and_went(rooms: Rooms) -> None:
    for name in ("client:ana", "client:bea"):
        rooms.inform(name)
    come(rooms, CALLERS[0])
    for sid in (ANA, BEA):
        rooms.agent(sid)
    rooms.tell("join", ANA)
    rooms.tell("leave", ANA)
    rooms.tell("join", BEA)
    assert met(rooms) == 1
    assert {leg.agent for leg in rooms.show(CALLERS[0]).legs} == {"client:ana", "client:bea"}


def test_a_caller_who_was_told_nothing_ends_the_recording_of_the_other(rooms: Rooms) -> None:
    come(rooms, CALLERS[0])
    rooms.tell("join", CALLERS[0])
    come(rooms, CALLERS[1], heard=False)
    assert met(rooms) == 1
    assert rooms.recorded() == []
    assert rooms.show(CALLERS[0]).call.detail == OTHER_CALLER


@pytest.mark.parametrize("late", ["join", "leave"])
def test_what_twilio_tells_after_all_is_taken_for_the_same_stay(rooms: Rooms, late: str) -> None:
    rooms.inform("client:ana")
    come(rooms, CALLERS[0])
    rooms.tell("join", CALLERS[0])
    rooms.agent(ANA)
    there(rooms, ANA)
    assert met(rooms) == 1
    rooms.tell(late, ANA)
    catalog = rooms.archive.catalog
    here = [leg.leg_sid for leg in who_is_in(catalog, ACCOUNT_SID, ROOM).legs]
    assert here == ([ANA] if late == "join" else [])
    rooms.tell("leave", ANA)
    assert who_is_in(catalog, ACCOUNT_SID, ROOM).legs == ()
    assert [leg.agent for leg in rooms.show(CALLERS[0]).legs] == ["client:ana"]


def test_a_twilio_that_does_not_say_who_is_there_is_asked_again(rooms: Rooms) -> None:
    come(rooms, CALLERS[0])
    rooms.vendor.faults.add("participants", VendorUnavailable("no answer"))
    rooms.clock.advance(timedelta(minutes=6))
    report = rooms.archive.operations.sweep()
    assert report.problems == {recording_sid(1): "VendorUnavailable: no answer"}
    assert met(rooms) == 1
