"""The contract of the catalog about holds and blocks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.contracts.catalog_scenes import receive
from tests.factories import STARTED, a_call, call_sid, recording_sid
from tests.orders import erase as order_erase
from twirec.catalog import Catalog
from twirec.catalog.blocks import block_recordings
from twirec.catalog.conditions import held
from twirec.catalog.tables import recordings
from twirec.model.access import Actor
from twirec.model.audit import AuditDraft, AuditQuery
from twirec.model.custody import Hold, Order, OrderKind
from twirec.model.errors import CustodyRefused, LeaseLost, NotFound
from twirec.model.lease import Lease
from twirec.model.records import Recording
from twirec.model.states import Custody, State

HOUR = timedelta(hours=1)
LATER = STARTED + HOUR
SID = recording_sid()
HOLD = Hold("C-7", "a dispute", "ana", STARTED, recording_sid=SID)
OF_NUMBER = Hold("C-8", "a dispute", "ana", STARTED, number="+34600111222")


def entry(action: str = "hold") -> AuditDraft:
    return AuditDraft(STARTED, "ana", "admin", action, sid=SID)


def erase(catalog: Catalog, sid: str = SID) -> None:
    order = Order(sid, OrderKind.ERASE, LATER, "ana", "asked for")
    order_erase(catalog, order, entry("erase"))


def lift(catalog: Catalog, *ids: int) -> None:
    catalog.holds.lift(ids, by="bo", at=LATER, reason="settled", audited=entry("unhold"))


def claimed(catalog: Catalog, sid: str = SID) -> Lease[Recording]:
    lease = catalog.due_work.claim(LATER, HOUR, sid)
    assert lease is not None
    return lease


def held_sids(catalog: Catalog) -> list[str]:
    with catalog.database.read() as connection:
        rows = connection.scalars(select(recordings.c.sid).where(held()).order_by(recordings.c.sid))
        return list(rows)


@pytest.fixture
def recorded(catalog: Catalog) -> Catalog:
    """Two calls of one customer, an hour apart, each with a recording."""
    for number, began in ((1, STARTED), (2, STARTED + HOUR)):
        catalog.ledger.open_call(a_call(call_sid=call_sid(number), started_at=began))
        receive(
            catalog,
            recording_sid=recording_sid(number),
            call_sid=call_sid(number),
            started_at=began,
        )
    return catalog


def test_what_is_held_cannot_be_ordered_to_be_destroyed(recorded: Catalog) -> None:
    first = recorded.holds.add(HOLD, entry())
    second = recorded.holds.add(Hold("C-9", "another", "bo", LATER, recording_sid=SID), entry())
    with pytest.raises(CustodyRefused, match="is held, for C-7, C-9"):
        erase(recorded)
    lift(recorded, first.id)
    with pytest.raises(CustodyRefused, match="is held, for C-9"):
        erase(recorded)
    lift(recorded, second.id)
    erase(recorded)
    assert recorded.recordings.get(SID).state is State.ERASING
    assert [each.lifted_by for each in recorded.holds.of(SID)] == ["bo", "bo"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [1, 2]),
        ({"number": "+34911000111"}, [1, 2]),
        ({"number": "+34911999999"}, []),
        ({"since": STARTED + HOUR}, [2]),
        ({"until": STARTED + HOUR}, [1]),
        ({"since": STARTED, "until": STARTED + HOUR}, [1]),
        ({"since": LATER + HOUR}, []),
    ],
)
def test_a_hold_of_a_number_is_of_its_calls_in_its_time(
    recorded: Catalog, changes: dict[str, Any], expected: list[int]
) -> None:
    hold = recorded.holds.add(replace(OF_NUMBER, **changes), entry())
    assert held_sids(recorded) == [recording_sid(number) for number in expected]
    assert [bool(recorded.holds.of(recording_sid(n))) for n in (1, 2)] == [
        n in expected for n in (1, 2)
    ]
    lift(recorded, hold.id)
    assert held_sids(recorded) == []
    (forgotten,) = recorded.holds.page(lifted=True)
    assert (forgotten.number, forgotten.lifted, forgotten.case_number) == (None, True, "C-8")


def test_a_hold_of_a_number_is_of_calls_to_come(recorded: Catalog) -> None:
    recorded.holds.add(OF_NUMBER, entry())
    recorded.ledger.open_call(a_call(call_sid=call_sid(3)))
    receive(recorded, recording_sid=recording_sid(3), call_sid=call_sid(3))
    with pytest.raises(CustodyRefused, match="is held"):
        erase(recorded, recording_sid(3))


def test_a_hold_stops_what_was_ordered_and_not_begun(recorded: Catalog) -> None:
    erase(recorded)
    first = claimed(recorded)  # a worker has it, and has destroyed nothing yet
    hold = recorded.holds.add(HOLD, entry())
    with pytest.raises(LeaseLost):
        recorded.due_work.destroy(first, LATER)
    recorded.due_work.give_back(first)
    assert claimed(recorded, recording_sid(2))
    assert recorded.due_work.claim(LATER, HOUR) is None
    assert recorded.due_work.due_at(SID) is None
    lift(recorded, hold.id)
    again = claimed(recorded)
    assert (again.item.sid, again.item.attempts) == (SID, 1)
    assert recorded.due_work.destroy(again, LATER).item.state is State.ERASING


def test_a_hold_comes_too_late_while_it_is_destroyed_and_keeps_what_is_left_after(
    recorded: Catalog,
) -> None:
    erase(recorded)
    lease = recorded.due_work.destroy(claimed(recorded), LATER)
    with pytest.raises(CustodyRefused, match="is being destroyed since"):
        recorded.holds.add(replace(HOLD, at=LATER), entry())
    assert held_sids(recorded) == []
    recorded.due_work.postpone(lease, LATER, "VendorUnavailable: away")
    recorded.holds.add(replace(HOLD, at=LATER), entry())
    assert recorded.due_work.claim(LATER + HOUR, HOUR, SID) is None


def test_what_is_erased_or_not_there_cannot_be_held(recorded: Catalog) -> None:
    erase(recorded)
    recorded.due_work.finish(claimed(recorded), State.ERASED)
    with pytest.raises(CustodyRefused, match="is erased"):
        recorded.holds.add(HOLD, entry())
    with pytest.raises(NotFound):
        recorded.holds.add(Hold("C-7", "x", "ana", LATER, recording_sid=recording_sid(9)), entry())


def test_holds_are_lifted_all_or_none_and_only_once(recorded: Catalog) -> None:
    hold = recorded.holds.add(HOLD, entry())
    with pytest.raises(NotFound):
        lift(recorded, hold.id, hold.id + 1)
    assert held_sids(recorded) == [SID]
    lift(recorded, hold.id)
    with pytest.raises(NotFound):
        lift(recorded, hold.id)
    entries = recorded.audit.log(AuditQuery(sid=SID))
    assert [(each.action, each.detail) for each in entries] == [
        ("unhold", {"hold": hold.id}),
        ("hold", {"hold": hold.id}),
    ]


def test_holds_are_listed_for_who_may_know_of_them(recorded: Catalog) -> None:
    its = recorded.holds.add(HOLD, entry())
    number = recorded.holds.add(OF_NUMBER, entry())
    assert [each.id for each in recorded.holds.page(case="C-7")] == [its.id]
    assert [each.id for each in recorded.holds.page(after=its.id)] == [number.id]
    assert [each.id for each in recorded.holds.page(limit=1)] == [its.id]
    for role, custody, expected in (
        ("supervisor", Custody.ACTIVE, [its.id, number.id]),
        ("supervisor", Custody.BLOCKED, [number.id]),
        ("auditor", Custody.BLOCKED, [its.id, number.id]),
        ("agent", Custody.ACTIVE, []),
    ):
        with recorded.database.write() as connection:
            connection.execute(recordings.update().values(custody=custody))
        seen = recorded.holds.page(actor=Actor("eva", role))
        assert [each.id for each in seen] == expected, (role, custody)


def test_a_block_keeps_what_it_was_and_is_only_once(recorded: Catalog) -> None:
    order = Order(SID, OrderKind.BLOCK, LATER, "ana", "asked to be erased")
    blocked = recorded.blocks.block(order, date(2029, 11, 24), entry("block"))
    assert blocked.custody is Custody.BLOCKED
    block = recorded.blocks.get(SID)
    assert block is not None
    was = recorded.recordings.get(recording_sid(2)).custody
    assert (block.until, block.by, block.was) == (date(2029, 11, 24), "ana", was)
    assert [each.kind for each in recorded.orders.of(SID)] == [OrderKind.BLOCK]
    with pytest.raises(NotFound):
        recorded.blocks.block(order, date(2039, 11, 24), entry("block"))
    assert recorded.blocks.get(SID) == block
    assert recorded.blocks.get(recording_sid(2)) is None
    (logged,) = recorded.audit.log(AuditQuery(sid=SID))
    assert (logged.action, logged.detail) == ("block", {"until": "2029-11-24"})


def test_what_is_blocked_is_destroyed_only_if_not_held(recorded: Catalog) -> None:
    order = Order("", OrderKind.BLOCK, LATER, "twirec", "the rule of 30 days")
    day = date(2029, 11, 24)
    sids = [recording_sid(2), SID, recording_sid(9)]
    with recorded.database.write() as connection:
        blocked = block_recordings(connection, sids, order=order, until=day, audited=entry("block"))
    assert [each.sid for each in blocked] == [SID, recording_sid(2)]
    with recorded.database.write() as connection:
        assert block_recordings(connection, sids, order=order, until=day) == []
    kept = [recorded.blocks.get(sid) for sid in sids]
    assert [each and each.until for each in kept] == [day, day, None]
    recorded.holds.add(HOLD, entry())
    with pytest.raises(CustodyRefused):
        erase(recorded)
    erase(recorded, recording_sid(2))
    states = [recorded.recordings.get(sid).state for sid in sids[:2]]
    assert states == [State.ERASING, State.COMPLETED]
