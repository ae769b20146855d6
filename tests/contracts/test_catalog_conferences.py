"""The contract of the catalog port: who met whom in a conference."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories import ACCOUNT, STARTED, a_call, a_callback, call_sid
from twirec.adapters.sql.catalog import SqlCatalog
from twirec.model.agents import ConferenceEvent, Leg, Together
from twirec.model.states import State

ROOM, OTHER_ROOM = "CF" + "c" * 32, "CF" + "d" * 32
CALLER, SECOND, AGENT, OTHER_AGENT = (call_sid(number) for number in (1, 2, 7, 8))


@pytest.fixture(autouse=True)
def people(catalog: SqlCatalog) -> dict[str, Leg]:
    """Two callers with lines, and two agents."""
    for sid in (CALLER, SECOND):
        catalog.open_call(a_call(call_sid=sid))
    legs = {sid: Leg(ACCOUNT, sid, None, STARTED, f"client:{sid[-1]}") for sid in AGENTS}
    for leg in legs.values():
        catalog.add_leg(leg)
    return legs


AGENTS = (AGENT, OTHER_AGENT)


def event(sid: str, number: int, room: str = ROOM, *, left: bool = False) -> ConferenceEvent:
    return ConferenceEvent(ACCOUNT, room, sid, number, STARTED + timedelta(seconds=number), left)


def joined(catalog: SqlCatalog, *sids: str, room: str = ROOM) -> Together:
    for number, sid in enumerate(sids, 1):
        together = catalog.join(event(sid, number, room))
    return together


def legs_of(catalog: SqlCatalog, sid: str) -> list[str]:
    return [leg.leg_sid for leg in catalog.call(ACCOUNT, sid).legs]


@pytest.mark.parametrize("order", [(CALLER, AGENT), (AGENT, CALLER)])
def test_whoever_comes_first_the_agents_leg_belongs_to_the_call(
    catalog: SqlCatalog, people: dict[str, Leg], order: tuple[str, str]
) -> None:
    assert joined(catalog, *order) == Together((CALLER,), (people[AGENT],))
    assert catalog.owner(ACCOUNT, AGENT) == catalog.owner(ACCOUNT, ROOM) == CALLER
    assert catalog.owners(ACCOUNT, AGENT) == [CALLER]
    (leg,) = catalog.call(ACCOUNT, CALLER).legs
    assert (leg.leg_sid, leg.call_sid, leg.agent) == (AGENT, CALLER, people[AGENT].agent)


def test_a_conference_that_nobody_called_is_nobodys(catalog: SqlCatalog) -> None:
    assert joined(catalog, AGENT).calls == ()
    assert catalog.owner(ACCOUNT, ROOM) == ROOM
    assert catalog.owner(ACCOUNT, AGENT) == AGENT
    assert catalog.owners(ACCOUNT, AGENT) == []


def test_an_agent_is_with_all_callers_of_a_conference(catalog: SqlCatalog) -> None:
    together = joined(catalog, CALLER, AGENT, SECOND)
    assert together.calls == (CALLER, SECOND)
    assert catalog.owners(ACCOUNT, AGENT) == [CALLER, SECOND]
    assert legs_of(catalog, CALLER) == legs_of(catalog, SECOND) == [AGENT]
    assert catalog.owner(ACCOUNT, ROOM) == CALLER


def test_an_agent_who_moved_on_is_with_the_caller_they_moved_to(catalog: SqlCatalog) -> None:
    joined(catalog, CALLER, AGENT)
    catalog.leave(event(AGENT, 3, left=True))
    catalog.join(event(SECOND, 1, OTHER_ROOM))
    catalog.join(event(AGENT, 5, OTHER_ROOM))
    assert catalog.owners(ACCOUNT, AGENT) == [SECOND]
    assert legs_of(catalog, CALLER) == legs_of(catalog, SECOND) == [AGENT]
    assert catalog.join(event(OTHER_AGENT, 4)).legs[0].leg_sid == OTHER_AGENT


def test_who_left_before_somebody_came_did_not_meet_them(catalog: SqlCatalog) -> None:
    joined(catalog, CALLER, AGENT)
    catalog.leave(event(CALLER, 3, left=True))
    assert catalog.owners(ACCOUNT, AGENT) == []
    assert catalog.owner(ACCOUNT, AGENT) == CALLER
    catalog.leave(event(AGENT, 4, left=True))
    together = catalog.join(event(SECOND, 5))
    assert (together.calls, together.legs) == ((SECOND,), ())
    assert legs_of(catalog, SECOND) == []


def test_who_comes_back_is_there_again_whatever_is_told_last(catalog: SqlCatalog) -> None:
    joined(catalog, CALLER, AGENT)
    back = catalog.join(event(AGENT, 4))
    catalog.leave(event(AGENT, 3, left=True))
    assert [leg.leg_sid for leg in back.legs] == [AGENT]
    assert catalog.owners(ACCOUNT, AGENT) == [CALLER]
    assert legs_of(catalog, CALLER) == [AGENT]


def test_what_is_told_twice_changes_nothing(catalog: SqlCatalog) -> None:
    joined(catalog, CALLER, AGENT)
    for told in (event(AGENT, 3, left=True), event(AGENT, 3, left=True)):
        catalog.leave(told)
    assert catalog.join(event(AGENT, 2)).legs == ()


def test_what_is_recorded_of_a_conference_is_its_first_callers_also_afterwards(
    catalog: SqlCatalog,
) -> None:
    joined(catalog, CALLER, SECOND, AGENT)
    for number, sid in enumerate((CALLER, SECOND, AGENT), 4):
        catalog.leave(event(sid, number, left=True))
    callback = a_callback(call_sid=None, conference_sid=ROOM)
    told = catalog.receive(callback, state=State.COMPLETED, channel_map=(), at=STARTED)
    assert told is not None
    assert told.call_sid == CALLER


def test_another_account_has_conferences_of_its_own(catalog: SqlCatalog) -> None:
    joined(catalog, CALLER, AGENT)
    assert catalog.owner("AC" + "b" * 32, ROOM) == ROOM
