"""The contract of the catalog port: who met whom in a conference."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import select, text

from tests.conferences import join, who_is_in
from tests.factories import ACCOUNT, STARTED, a_call, a_callback, call_sid
from twirec.calls.ledger import AGENT_FIRST
from twirec.catalog import Catalog
from twirec.catalog.tables import participants
from twirec.model.agents import ConferenceEvent, ConferenceSnapshot, Leg
from twirec.model.errors import NotFound
from twirec.model.records import Call, Introduction, Meeting, Naming, Settlement, ToldCall
from twirec.model.states import State

ROOM, OTHER_ROOM = "CF" + "c" * 32, "CF" + "d" * 32
CALLER, SECOND, AGENT, OTHER_AGENT = (call_sid(number) for number in (1, 2, 7, 8))


@pytest.fixture(autouse=True)
def people(catalog: Catalog) -> dict[str, Leg]:
    """Two callers with lines, and two agents."""
    for sid in (CALLER, SECOND):
        catalog.ledger.open_call(a_call(call_sid=sid))
    legs = {sid: Leg(ACCOUNT, sid, None, STARTED, f"client:{sid[-1]}") for sid in AGENTS}
    for leg in legs.values():
        catalog.agents.add_leg(leg)
    return legs


AGENTS = (AGENT, OTHER_AGENT)
NEW = call_sid(97)


def event(sid: str, number: int, room: str = ROOM, *, left: bool = False) -> ConferenceEvent:
    return ConferenceEvent(ACCOUNT, room, sid, number, STARTED + timedelta(seconds=number), left)


def joined(catalog: Catalog, *sids: str, room: str = ROOM) -> ConferenceSnapshot:
    for number, sid in enumerate(sids, 1):
        join(catalog, event(sid, number, room))
    return who_is_in(catalog, ACCOUNT, room)


def legs_of(catalog: Catalog, sid: str) -> list[str]:
    return [leg.leg_sid for leg in catalog.ledger.call(ACCOUNT, sid).legs]


@pytest.mark.parametrize("order", [(CALLER, AGENT), (AGENT, CALLER)])
def test_whoever_comes_first_the_agents_leg_belongs_to_the_call(
    catalog: Catalog, people: dict[str, Leg], order: tuple[str, str]
) -> None:
    assert joined(catalog, *order) == ConferenceSnapshot((CALLER,), (people[AGENT],))
    assert (
        catalog.conferences.owner(ACCOUNT, AGENT)
        == catalog.conferences.owner(ACCOUNT, ROOM)
        == CALLER
    )
    assert catalog.conferences.calls_now(ACCOUNT, AGENT) == [CALLER]
    (leg,) = catalog.ledger.call(ACCOUNT, CALLER).legs
    assert (leg.leg_sid, leg.call_sid, leg.agent) == (AGENT, CALLER, people[AGENT].agent)


def test_a_conference_that_nobody_called_is_nobodys(catalog: Catalog) -> None:
    assert joined(catalog, AGENT).calls == ()
    assert catalog.conferences.owner(ACCOUNT, ROOM) == ROOM
    assert catalog.conferences.owner(ACCOUNT, AGENT) == AGENT
    assert catalog.conferences.calls_now(ACCOUNT, AGENT) == []


def test_an_agent_is_with_all_callers_of_a_conference(catalog: Catalog) -> None:
    together = joined(catalog, CALLER, AGENT, SECOND)
    assert together.calls == (CALLER, SECOND)
    assert catalog.conferences.calls_now(ACCOUNT, AGENT) == [CALLER, SECOND]
    assert legs_of(catalog, CALLER) == legs_of(catalog, SECOND) == [AGENT]
    assert catalog.conferences.owner(ACCOUNT, ROOM) == CALLER


def test_an_agent_who_moved_on_is_with_the_caller_they_moved_to(catalog: Catalog) -> None:
    joined(catalog, CALLER, AGENT)
    catalog.conferences.leave(event(AGENT, 3, left=True))
    join(catalog, event(SECOND, 1, OTHER_ROOM))
    join(catalog, event(AGENT, 5, OTHER_ROOM))
    assert catalog.conferences.calls_now(ACCOUNT, AGENT) == [SECOND]
    assert legs_of(catalog, CALLER) == legs_of(catalog, SECOND) == [AGENT]
    assert who_is_in(catalog, ACCOUNT, ROOM) == ConferenceSnapshot((CALLER,), ())


def test_who_left_before_somebody_came_did_not_meet_them(catalog: Catalog) -> None:
    joined(catalog, CALLER, AGENT)
    catalog.conferences.leave(event(CALLER, 3, left=True))
    assert catalog.conferences.calls_now(ACCOUNT, AGENT) == []
    assert catalog.conferences.owner(ACCOUNT, AGENT) == CALLER
    catalog.conferences.leave(event(AGENT, 4, left=True))
    join(catalog, event(SECOND, 5))
    assert who_is_in(catalog, ACCOUNT, ROOM) == ConferenceSnapshot((SECOND,), ())
    assert legs_of(catalog, SECOND) == []


def test_who_comes_back_is_there_again_whatever_is_told_last(catalog: Catalog) -> None:
    joined(catalog, CALLER, AGENT)
    join(catalog, event(AGENT, 4))
    catalog.conferences.leave(event(AGENT, 3, left=True))
    assert [leg.leg_sid for leg in who_is_in(catalog, ACCOUNT, ROOM).legs] == [AGENT]
    assert catalog.conferences.calls_now(ACCOUNT, AGENT) == [CALLER]
    assert legs_of(catalog, CALLER) == [AGENT]


def test_who_comes_back_and_left_untold_is_there_once(catalog: Catalog) -> None:
    joined(catalog, CALLER, AGENT)
    join(catalog, event(AGENT, 4))
    assert [leg.leg_sid for leg in who_is_in(catalog, ACCOUNT, ROOM).legs] == [AGENT]
    catalog.conferences.leave(event(AGENT, 5, left=True))
    assert who_is_in(catalog, ACCOUNT, ROOM).legs == ()


def test_each_joining_is_known_and_the_leaving_of_who_came_untold(catalog: Catalog) -> None:
    joined(catalog, CALLER, AGENT)
    catalog.conferences.leave(event(AGENT, 3, left=True))
    catalog.conferences.leave(event(OTHER_AGENT, 4, left=True))
    join(catalog, event(SECOND, 1, OTHER_ROOM))
    left = replace(event(OTHER_AGENT, 4, left=True), number=0)
    attended = catalog.conferences.attended(ACCOUNT, ROOM)
    assert sorted(attended, key=lambda each: each.leg_sid) == [
        event(CALLER, 1),
        event(AGENT, 2),
        left,
    ]
    assert catalog.conferences.attended("AC" + "f" * 32, ROOM) == []


def test_what_is_told_twice_changes_nothing(catalog: Catalog) -> None:
    joined(catalog, CALLER, AGENT)
    for told in (event(AGENT, 3, left=True), event(AGENT, 3, left=True)):
        catalog.conferences.leave(told)
    join(catalog, event(AGENT, 2))
    assert who_is_in(catalog, ACCOUNT, ROOM).legs == ()


def test_what_is_recorded_of_a_conference_is_its_first_callers_also_afterwards(
    catalog: Catalog,
) -> None:
    joined(catalog, CALLER, SECOND, AGENT)
    for number, sid in enumerate((CALLER, SECOND, AGENT), 4):
        catalog.conferences.leave(event(sid, number, left=True))
    callback = a_callback(call_sid=None, conference_sid=ROOM)
    told = catalog.recordings.receive(
        callback, state=State.COMPLETED, channel_map=(), at=STARTED
    ).recording
    assert told is not None
    assert told.call_sid == CALLER


def test_another_account_has_conferences_of_its_own(catalog: Catalog) -> None:
    joined(catalog, CALLER, AGENT)
    assert catalog.conferences.owner("AC" + "b" * 32, ROOM) == ROOM


def test_a_leave_that_comes_before_its_join_counts(catalog: Catalog) -> None:
    join(catalog, event(CALLER, 1))
    for left in (3, 5):  # twice there, and nobody told that they came
        catalog.conferences.leave(event(AGENT, left, left=True))
    assert who_is_in(catalog, ACCOUNT, ROOM).legs == ()
    for joined_late in (4, 4, 2):
        join(catalog, event(AGENT, joined_late))
    assert [leg.leg_sid for leg in who_is_in(catalog, ACCOUNT, ROOM).legs] == [AGENT]
    catalog.conferences.leave(event(AGENT, 3, left=True))
    assert who_is_in(catalog, ACCOUNT, ROOM).legs == ()


def test_who_is_in_another_conference_left_this_one_even_if_nobody_told(
    catalog: Catalog,
) -> None:
    joined(catalog, CALLER, AGENT)
    join(catalog, event(SECOND, 3, OTHER_ROOM))
    join(catalog, event(AGENT, 4, OTHER_ROOM))
    assert who_is_in(catalog, ACCOUNT, ROOM).legs == ()
    assert catalog.conferences.calls_now(ACCOUNT, AGENT) == [SECOND]


def test_two_who_join_at_once_are_both_seen_by_one_of_them(catalog: Catalog) -> None:
    """Of each pair the one who asks last sees both, whatever the database's isolation."""
    for number in range(20):
        room = f"CF{number:032x}"
        seen: list[ConferenceSnapshot] = []

        def come(
            sid: str, at: int, room: str = room, seen: list[ConferenceSnapshot] = seen
        ) -> None:
            join(catalog, event(sid, at, room))
            seen.append(who_is_in(catalog, ACCOUNT, room))

        pair = [Thread(target=come, args=(sid, at)) for at, sid in enumerate((CALLER, SECOND), 1)]
        for thread in pair:
            thread.start()
        for thread in pair:
            thread.join()
        assert max(len(together.calls) for together in seen) == 2


@pytest.mark.parametrize("first", [False, True])
def test_a_coming_and_a_leaving_told_at_once_are_one_stay(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch, first: bool
) -> None:
    if catalog.database.file:
        pytest.skip("on SQLite one writes after the other")
    events = [event(AGENT, 1), event(AGENT, 2, left=True)]
    does = [partial(join, catalog), catalog.conferences.leave]
    insert_once = catalog.database.insert_once
    others: list[Thread] = []
    waits = text(
        "SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database "
        "WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted"
    )

    def insert_when_the_other_is_there(*of: Any) -> bool:
        if not others:
            others.append(Thread(target=does[not first], args=[events[not first]]))
            others[0].start()
            while others[0].is_alive():
                with catalog.database.read() as connection:
                    if connection.execute(waits).first():
                        break
        return insert_once(*of)

    monkeypatch.setattr(catalog.database, "insert_once", insert_when_the_other_is_there)
    does[first](events[first])
    others[0].join()
    with catalog.database.read() as connection:
        (row,) = connection.execute(select(participants)).all()
    assert (row.joined_number, row.left_number) == (1, 2)


def test_an_agent_who_dialled_out_before_is_no_caller(catalog: Catalog) -> None:
    """Their leg has a line; the customer whom they dialled is a leg of it."""
    customer = call_sid(9)
    catalog.ledger.open_call(a_call(call_sid=OTHER_AGENT, leg=customer, channel_map=AGENT_FIRST))
    catalog.agents.add_leg(Leg(ACCOUNT, OTHER_AGENT, OTHER_AGENT, STARTED, "client:8"))
    catalog.agents.add_leg(Leg(ACCOUNT, customer, OTHER_AGENT, STARTED))
    together = joined(catalog, OTHER_AGENT, CALLER)
    assert (together.calls, [leg.leg_sid for leg in together.legs]) == ((CALLER,), [OTHER_AGENT])
    assert catalog.conferences.calls_now(ACCOUNT, OTHER_AGENT) == [CALLER]
    join(catalog, event(customer, 3))
    assert who_is_in(catalog, ACCOUNT, ROOM).calls == (CALLER, OTHER_AGENT)
    assert catalog.conferences.calls_now(ACCOUNT, customer) == [CALLER, OTHER_AGENT]
    join(catalog, event(AGENT, 4))
    assert AGENT in legs_of(catalog, OTHER_AGENT)


def test_who_takes_a_call_is_written_down_with_what_follows(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call())
    leg = Leg(ACCOUNT, NEW, CALLER, STARTED, "unknown")
    seen: list[tuple[str, Leg | None]] = []

    def decide(told: ToldCall, known: Leg | None) -> Naming:
        seen.append((told.call.call_sid, known))
        return Naming(detail="taken")

    for _ in range(2):
        catalog.meetings.take(leg, decide)
    assert seen == [(CALLER, None), (CALLER, leg)]
    record = catalog.ledger.call(ACCOUNT, CALLER)
    assert record.call.detail == "taken"
    assert leg in record.legs
    nobody = Leg(ACCOUNT, call_sid(98), call_sid(99), STARTED)
    with pytest.raises(NotFound):
        catalog.meetings.take(nobody, decide)
    assert not catalog.agents.knows_leg(ACCOUNT, call_sid(98))


def test_what_follows_from_a_meeting_is_written_with_it(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call())
    introduced: list[tuple[Call | None, bool]] = []

    def leg(parent: Call | None, known: bool) -> Leg:
        introduced.append((parent, known))
        return Leg(ACCOUNT, NEW, None, STARTED, "+34911222444")

    def decide(meeting: Meeting) -> dict[str, Settlement]:
        assert meeting.here.calls == (CALLER,)
        return {CALLER: Settlement(Naming(detail="met"), stops=True)}

    catalog.meetings.join(event(CALLER, 1), decide)
    catalog.agents.add_leg(Leg(ACCOUNT, call_sid(98), None, STARTED, "+34911222333"))
    for number in ("+34911222333", "+34911222555"):
        met = catalog.meetings.join(event(NEW, 2), decide, Introduction(None, number, leg))
    assert introduced == [(None, True), (None, False)]
    assert met.meeting.is_known
    assert [each.leg_sid for each in met.meeting.here.legs] == [NEW]
    ((record, legs),) = met.to_stop
    assert (record.call.detail, legs) == ("met", (CALLER, NEW))
