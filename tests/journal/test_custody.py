"""Holds and blocks in a catalog made anew: from the journal, and from the objects alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from tests.contracts.test_catalog_custody import entry
from tests.erasing import destroy
from tests.factories import recording_sid
from tests.house import House
from tests.journal.rebuilding import MEDIA
from twirec import Actor
from twirec.archive import Archive
from twirec.model.custody import Order, OrderKind
from twirec.model.errors import CustodyRefused
from twirec.model.states import Custody, State

SID = recording_sid()
ANA = Actor("ana", "admin")


@pytest.mark.parametrize("written", ["journal", "labels", "journal of before"])
def test_what_is_held_and_blocked_is_so_in_a_catalog_made_anew(
    house: House, rebuilt: Callable[[], Archive], written: str
) -> None:
    house.record(MEDIA)
    house.work()
    if written == "journal of before":
        house.archive.journal.write()
    house.archive.custody.hold(SID, case="C-7", reason="a dispute", by=ANA)
    order = Order(SID, OrderKind.BLOCK, house.time, "ana", "asked to be erased")
    house.archive.catalog.blocks.block(order, date(2029, 11, 24), entry("block"))
    house.archive.operations.sweep()  # which labels the object
    if written == "journal":
        house.archive.journal.write()
    new = rebuilt()
    assert new.catalog.recordings.get(SID).custody is Custody.BLOCKED
    block = new.catalog.blocks.get(SID)
    assert block is not None
    assert block.until == date(2029, 11, 24)
    (hold,) = new.catalog.holds.of(SID)
    assert hold.case_number == "C-7"
    assert hold.reason.startswith("a dispute" if written == "journal" else "Its object said so")
    with pytest.raises(CustodyRefused, match="is held"):
        destroy(new, SID, "x", ANA)
    later = new.catalog.holds.add(hold, entry())  # numbers go on behind those that came back
    assert later.id == hold.id + 1


def test_what_was_ordered_and_held_after_the_journal_is_kept(
    house: House, rebuilt: Callable[[], Archive]
) -> None:
    house.record(MEDIA)
    house.work()
    house.archive.journal.write()
    destroy(house.archive, SID, "x", ANA)
    house.archive.custody.hold(SID, case="C-7", reason="a dispute", by=ANA)
    new = rebuilt()
    assert new.catalog.recordings.get(SID).state is State.ERASING
    new.operations.worker(threads=1).run_once()
    assert new.catalog.recordings.get(SID).state is State.ERASING
    assert len(house.stored()) == 1
