"""While a case is open its hold stays: nobody lifts it, and nothing goes around it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.erasing import destroy
from tests.factories import a_call, call_sid, recording_sid
from tests.house import House
from tests.sounds import wav
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.model.access import OURSELVES, Actor
from twirec.model.approvals import OPEN_FOR, Approval, ApprovalKind
from twirec.model.audit import Action, AuditDraft
from twirec.model.custody import Hold
from twirec.model.errors import CustodyRefused, NotFound
from twirec.model.states import State
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

ANA, BO, EVA = Actor("ana", "agent"), Actor("bo", "admin"), Actor("eva", "admin")
SID = recording_sid()


@pytest.fixture(scope="module")
def recorded() -> House:
    house = House(Settings.from_env(ENVIRONMENT), MemoryBucket())
    house.record(wav(4.0, channels=2))
    house.work()
    return house


@pytest.fixture
def house(recorded: House) -> House:
    return recorded.copy()


def opened(house: House) -> str:
    return house.archive.cases.open(call_sid(), "complaint", by=ANA).case.key


def close(house: House, key: str) -> None:
    house.archive.cases.close(key, notified_at=house.time, how="by post", by=EVA)


def holds(house: House, key: str) -> list[Hold]:
    return list(house.archive.custody.holds.list(case=key, by=EVA))


def entry(house: House) -> AuditDraft:
    return AuditDraft(house.time, "x", "admin", Action.HOLD)


def add(house: House, key: str, by: str) -> Hold:
    """Hold the recording itself, as a person does, or as a catalog that was made anew."""
    hold = Hold(key, "a dispute", by, house.time, recording_sid=SID)
    return house.archive.catalog.holds.add(hold, entry(house))


def asked_before(house: House, hold: Hold) -> int:
    """Return a request to lift a hold that an older version took."""
    its = {"holds": [hold.id]}
    until = house.time + OPEN_FOR
    approval = Approval(ApprovalKind.UNHOLD, "bo", house.time, "x", until, its)
    return house.archive.catalog.approvals.ask(approval, entry(house)).id


def lift(house: House, hold: Hold) -> None:
    asked = house.archive.custody.holds.lift(hold.id, reason="x", by=BO)
    house.archive.custody.approvals.approve(asked.id, by=EVA)


def test_two_admins_do_not_lift_the_hold_of_an_open_case(house: House) -> None:
    key = opened(house)
    house.archive.catalog.ledger.open_call(a_call(call_sid=call_sid(2)))
    house.archive.cases.add_call(key, call_sid(2), part="closing", by=ANA)
    first, closing = holds(house, key)
    waiting = asked_before(house, first)
    approvals = house.archive.custody.approvals
    for refused in (
        lambda: house.archive.custody.holds.lift(first.id, reason="x", by=BO),
        lambda: house.archive.custody.holds.lift(closing.id, reason="x", by=BO),
        lambda: approvals.approve(waiting, by=EVA),
    ):
        with pytest.raises(CustodyRefused, match=f"of {key}, which is open: close the case"):
            refused()
    assert [each.id for each in approvals.pending(by=EVA)] == [waiting]
    denied = [each.action for each in house.archive.audit.log() if each.outcome == "denied"]
    assert denied == ["approve", "ask", "ask"]
    close(house, key)
    assert holds(house, key) == []
    with pytest.raises(NotFound, match="no such hold any more"):
        approvals.approve(waiting, by=EVA)


def test_of_two_cases_of_one_call_each_holds_it_until_it_is_closed(house: House) -> None:
    one, other = opened(house), opened(house)
    close(house, one)
    assert house.archive.catalog.holds.cases(SID) == (other,)
    (its,) = holds(house, other)
    with pytest.raises(CustodyRefused, match=other):
        lift(house, its)
    close(house, other)
    destroy(house.archive, SID, "asked", EVA)


def test_what_a_person_holds_besides_is_theirs(house: House) -> None:
    key = opened(house)
    lift(house, add(house, key, "bo"))
    assert house.archive.catalog.holds.cases(SID) == (key,)


@pytest.mark.parametrize(("answer", "stays"), [("granted", True), ("refused", False)])
def test_a_hold_that_only_the_object_knew_of_is_the_cases(
    house: House, answer: str, *, stays: bool
) -> None:
    key = opened(house)
    house.archive.cases.consent(key, answer, by=ANA)
    its = add(house, key, OURSELVES.name)  # as a rebuild does
    if stays:
        with pytest.raises(CustodyRefused, match=key):
            house.archive.custody.unhold(SID, case=key, reason="x", by=BO)
        close(house, key)
    else:
        lift(house, its)
    assert holds(house, key) == []


def erased_at_once(house: House) -> None:
    with pytest.raises(CustodyRefused):
        destroy(house.archive, SID, "asked", EVA)


def number_erased_at_once(house: House) -> None:
    destroy(house.archive, "600111222", "asked", EVA)


def blocked(house: House) -> None:
    house.archive.custody.block(SID, reason="asked", by=EVA)


def by_a_rule(house: House) -> None:
    rules = house.archive.custody.retention
    rules.set("all", "1 day", by=EVA, reason="x")
    rules.set("lines", "1 day", kept="calls", by=EVA, reason="x")
    rules.apply(confirm=rules.preview(by=EVA).confirm, by=EVA, reason="x")


@pytest.mark.parametrize("way", [erased_at_once, number_erased_at_once, blocked, by_a_rule])
def test_nothing_else_destroys_it_before(house: House, way: Callable[[House], None]) -> None:
    key = opened(house)
    house.archive.calls.annotate(call_sid(), note="rang twice", by=EVA)
    way(house)
    for _ in range(3):
        house.time += timedelta(days=600)
        house.archive.custody.retention.look()
        house.archive.operations.worker(threads=1).run_once()
    assert house.recording().state in (State.RELEASED, State.ERASING)
    assert house.stored()
    (note,) = house.archive.catalog.search.find(call_sid()).notes
    assert note.text == "rang twice"
    assert house.archive.cases.get(key, by=EVA).case.number == "+34600111222"
