"""The gate as the condition of a query: it lets through what the gate does."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, product

import pytest
from sqlalchemy import delete, insert, select, update

from tests.factories import ACCOUNT, STARTED, a_call, a_recording, call_sid, recording_sid
from twirec.catalog import Catalog
from twirec.catalog.conditions import allowed, line_shut
from twirec.catalog.database import to_row
from twirec.catalog.tables import calls, legs, recordings
from twirec.model.access import Actor, Deed, is_shut, may
from twirec.model.states import Custody, State

CASES = {
    recording_sid(number): (custody, state)
    for number, (custody, state) in enumerate(product(Custody, State))
}


@pytest.fixture
def of_every_kind(catalog: Catalog) -> Catalog:
    """A catalog with a recording of each custody in each state."""
    for sid in CASES:
        catalog.recordings.adopt(a_recording(sid=sid, due_at=None))
    with catalog.database.write() as connection:
        for sid, (custody, state) in CASES.items():
            its_own = update(recordings).where(recordings.c.sid == sid)
            connection.execute(its_own.values(custody=custody.value, state=state.value))
    return catalog


def test_a_query_lets_through_what_the_gate_does(of_every_kind: Catalog) -> None:
    roles = ("admin", "supervisor", "auditor", "agent", "", "super_visor")
    for role, deed in product(roles, Deed):
        actor = Actor("ana", role)
        with of_every_kind.database.read() as connection:
            found = connection.scalars(select(recordings.c.sid).where(allowed(actor, deed))).all()
        assert set(found) == {
            sid
            for sid, (custody, state) in CASES.items()
            if may(actor, replace(a_recording(), custody=custody, state=state), deed)
        }, (role, deed)


ANA = Actor("ana", "agent", "client:ana", softphone=True)
MOBILE = Actor("ana", "agent", "+34911222333")
AT_PBX = Actor("ana", "agent", "sip:ana@pbx.example.com")
ITS, LEG, OTHER = call_sid(), call_sid(2), call_sid(3)
BY_REST = {"source": "StartCallRecordingAPI"}
RUNG = {"source": "DialVerb"}

# whom | what is recorded | (leg, agent) of its call | times it was sent on | is it theirs
PROOFS = [
    (ANA, RUNG, [(LEG, "client:ana")], 0, True),
    (MOBILE, RUNG, [(LEG, "+34911222333")], 0, True),
    (ANA, RUNG, [(LEG, "client:berta")], 0, False),
    (ANA, RUNG, [(LEG, "")], 0, False),  # several phones rang
    (ANA, RUNG, [], 0, False),
    (ANA, RUNG, [(LEG, "client:ana"), (OTHER, "client:berta")], 0, False),
    (ANA, RUNG, [(LEG, "client:ana"), (OTHER, "")], 0, False),
    (ANA, RUNG, [(LEG, "client:ana")], 1, False),  # somebody came after them
    (ANA, RUNG | {"claim": "route"}, [(LEG, "client:ana")], 0, False),  # whose dial it was
    (ANA, BY_REST, [(LEG, "client:ana")], 0, False),  # of the caller's leg, which goes on
    (ANA, {"source": "RecordVerb"}, [(LEG, "client:ana")], 0, False),  # a message
    (ANA, {"source": "Conference"}, [(LEG, "client:ana")], 0, False),
    (ANA, {"source": None}, [(LEG, "client:ana")], 0, False),
    (ANA, BY_REST | {"leg": LEG}, [(LEG, "client:ana")], 0, True),  # out of a queue
    (ANA, BY_REST | {"leg": LEG}, [(LEG, "client:ana"), (OTHER, "client:berta")], 1, True),
    (ANA, BY_REST | {"leg": OTHER}, [(LEG, "client:ana"), (OTHER, "client:berta")], 1, False),
    (MOBILE, BY_REST | {"leg": LEG}, [(LEG, "+34911222333")], 0, False),  # who shows a number
    (ANA, RUNG, [(ITS, "client:ana"), (LEG, "")], 0, True),  # they dialled out
    (MOBILE, RUNG, [(ITS, "+34911222333"), (LEG, "")], 0, False),
    (AT_PBX, RUNG, [(LEG, "sip:ana@pbx.example.com")], 0, True),
    (AT_PBX, RUNG, [(ITS, "sip:ana@pbx.example.com"), (LEG, "")], 0, False),  # says who
    (ANA, RUNG, [(LEG, "client:Ana")], 0, False),  # two people to Twilio
    (replace(ANA, agent=""), RUNG, [(LEG, "")], 0, False),
    (replace(ANA, role="auditor"), RUNG, [(LEG, "client:ana")], 0, False),
    (replace(ANA, role=""), RUNG, [(LEG, "client:ana")], 0, False),
]


def test_what_is_proven_to_be_an_agents_own(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call())
    made = a_recording(due_at=None, state=State.RELEASED)
    catalog.recordings.adopt(made)
    for number, (actor, recorded, its_legs, sent_on, own) in enumerate(PROOFS):
        there = {"custody": "active", "state": "released"}
        changes = {"leg": None, "claim": "told"} | there | recorded
        with catalog.database.write() as connection:
            connection.execute(delete(legs))
            for sid, agent in its_legs:
                row = {"account_sid": ACCOUNT, "leg_sid": sid, "call_sid": ITS, "at": STARTED}
                connection.execute(insert(legs).values(agent=agent, **row))
            connection.execute(update(calls).values(sent_on=sent_on))
            connection.execute(update(recordings).values(**changes))
            listen = allowed(actor, Deed.LISTEN, with_own=True)
            found = connection.scalars(select(recordings.c.sid).where(listen)).all()
            without = connection.scalars(
                select(recordings.c.sid).where(allowed(actor, Deed.LISTEN))
            ).all()
        right = own or not actor.role
        assert catalog.recordings.is_own(actor, made.sid) is own, number
        assert found == ([made.sid] if right else []), number
        assert without == ([made.sid] if not actor.role else []), number


def test_a_query_of_an_agents_own_lets_through_what_the_gate_does(of_every_kind: Catalog) -> None:
    with of_every_kind.database.write() as connection:
        row = {"account_sid": ACCOUNT, "leg_sid": LEG, "call_sid": ITS, "at": STARTED}
        connection.execute(insert(legs).values(agent=ANA.agent, **row))
        connection.execute(update(recordings).values(leg=LEG, call_sid=ITS, **BY_REST))
    for deed in Deed:
        with of_every_kind.database.read() as connection:
            asked = allowed(ANA, deed, with_own=True)
            found = connection.scalars(select(recordings.c.sid).where(asked)).all()
        assert set(found) == {
            sid
            for sid, (custody, state) in CASES.items()
            if may(ANA, replace(a_recording(), custody=custody, state=state), deed, own=True)
        }, deed


def test_a_query_finds_the_lines_that_are_kept_apart(catalog: Catalog) -> None:
    """Each of three custodies, of what is there and what is not, alone and beside each other."""
    each = list(product(Custody, (State.RELEASED, State.ERASED, State.LOST)))
    scenes = [(True, [])] + [(False, list(some)) for some in combinations(each, 2)]
    scenes += [(False, [one]) for one in each]
    wanted = set()
    with catalog.database.write() as connection:
        for number, (blocked, there) in enumerate(scenes):
            sid = call_sid(number)
            connection.execute(calls.insert(), to_row(a_call(call_sid=sid, blocked=blocked), calls))
            for at, (custody, state) in enumerate(there):
                one = a_recording(sid=recording_sid(2 * number + at), call_sid=sid, due_at=None)
                row = to_row(replace(one, custody=custody, state=state), recordings)
                connection.execute(recordings.insert(), row | {"object_name": None})
            wanted |= {sid} if is_shut(blocked, there) else set()
        found = connection.scalars(select(calls.c.call_sid).where(line_shut())).all()
    assert set(found) == wanted
    assert 0 < len(wanted) < len(scenes)
