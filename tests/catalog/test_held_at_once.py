"""Who holds and who destroys at once, on PostgreSQL: one is first, and the other knows of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from tests import orders as orders_module
from tests.catalog.test_at_once import LONG, let_go_when_it_waits
from tests.contracts.catalog_scenes import receive
from tests.contracts.test_catalog_custody import HOLD, HOUR, LATER, OF_NUMBER, SID, entry, erase
from tests.factories import STARTED, a_call
from twirec.catalog import Catalog
from twirec.catalog import holds as holds_module
from twirec.catalog.database import to_row
from twirec.catalog.tables import releases
from twirec.model.approvals import Approval, ApprovalKind, ApprovalOutcome, Release
from twirec.model.audit import AuditQuery
from twirec.model.custody import Hold
from twirec.model.errors import CustodyRefused, InvalidQuery, LeaseLost
from twirec.model.states import State


@pytest.fixture
def catalog(new_postgres: Callable[[], str]) -> Iterator[Catalog]:
    with closing(Catalog(new_postgres())) as catalog:
        catalog.set_up()
        catalog.ledger.open_call(a_call())
        receive(catalog, started_at=STARTED)
        yield catalog


@pytest.mark.parametrize("hold", [HOLD, OF_NUMBER], ids=["recording", "number"])
def test_a_hold_that_is_not_committed_yet_is_waited_for(
    catalog: Catalog, hold: Hold, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = holds_module.append
    written, goes_on = threading.Event(), threading.Event()

    def slowly(*args: object) -> object:
        written.set()
        goes_on.wait(LONG)
        return append(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(holds_module, "append", slowly)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(catalog.holds.add, hold, entry())
        assert written.wait(LONG)
        second = pool.submit(erase, catalog)
        let_go_when_it_waits(catalog, second, goes_on)
        first.result(LONG)
        with pytest.raises(CustodyRefused, match="is held"):
            second.result(LONG)
    assert catalog.recordings.get(SID).state is State.COMPLETED


def test_an_order_that_is_not_committed_yet_is_waited_for_and_then_stopped(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = orders_module.append
    written, goes_on = threading.Event(), threading.Event()

    def slowly(*args: object) -> object:
        written.set()
        goes_on.wait(LONG)
        return append(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(orders_module, "append", slowly)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(erase, catalog)
        assert written.wait(LONG)
        second = pool.submit(catalog.holds.add, HOLD, entry())
        let_go_when_it_waits(catalog, second, goes_on)
        first.result(LONG)
        second.result(LONG)
    assert catalog.recordings.get(SID).state is State.ERASING
    assert catalog.due_work.claim(LATER, HOUR) is None


@pytest.mark.parametrize("first", ["hold", "worker"])
def test_of_a_worker_that_begins_and_a_hold_the_first_wins(catalog: Catalog, first: str) -> None:
    """Each is one transaction, in turn by one lock; the second one sees what the first has done."""
    erase(catalog)
    lease = catalog.due_work.claim(LATER, HOUR)
    assert lease is not None
    if first == "hold":
        catalog.holds.add(HOLD, entry())
        with pytest.raises(LeaseLost):
            catalog.due_work.destroy(lease, LATER)
    else:
        catalog.due_work.destroy(lease, LATER)
        with pytest.raises(CustodyRefused, match="too late"):
            catalog.holds.add(HOLD, entry())


def test_who_approves_waits_for_who_orders_and_neither_for_ever(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The chain of the log is locked last, also by who lifts: or each waited for the other."""
    other = Hold("C-7", "a dispute", "ana", STARTED, number="+34600999999")
    hold = catalog.holds.add(other, entry())
    request = Approval(
        ApprovalKind.UNHOLD, "ana", STARTED, "settled", LATER + HOUR, {"holds": [hold.id]}
    )
    asked = catalog.approvals.ask(request, entry("ask"))
    append = orders_module.append
    written, goes_on = threading.Event(), threading.Event()

    def slowly(*args: object) -> object:
        written.set()
        goes_on.wait(LONG)
        return append(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(orders_module, "append", slowly)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(erase, catalog)
        assert written.wait(LONG)
        second = pool.submit(decide, catalog, asked.id, "bo")
        let_go_when_it_waits(catalog, second, goes_on)
        first.result(LONG)
        assert second.result(LONG).decided_by == "bo"
    assert catalog.holds.get(hold.id).lifted


def test_of_two_who_decide_at_once_one_does(catalog: Catalog) -> None:
    hold = catalog.holds.add(HOLD, entry())
    request = Approval(
        ApprovalKind.UNHOLD, "ana", STARTED, "settled", LATER + HOUR, {"holds": [hold.id]}
    )
    asked = catalog.approvals.ask(request, entry("ask"))
    with ThreadPoolExecutor(6) as pool:
        all_ = [pool.submit(decide, catalog, asked.id, f"bo{each}") for each in range(6)]
        done = [each for each in all_ if not each.exception(LONG)]
        refused = [each.exception() for each in all_ if each.exception(LONG)]
    assert len(done) == 1
    assert all(isinstance(error, InvalidQuery) for error in refused)
    unholds = catalog.audit.log(AuditQuery(sid=SID, action="unhold"))
    assert len(unholds) == 1


def test_what_was_released_is_taken_out_once_by_many_at_once(catalog: Catalog) -> None:
    with catalog.database.write() as connection:
        release = Release(SID, 1, "ana", STARTED, LATER + HOUR)
        connection.execute(releases.insert(), to_row(release, releases))
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda _: catalog.approvals.open(release, LATER), range(8)))
    assert sorted(opened) == [False] * 7 + [True]


def decide(catalog: Catalog, number: int, by: str) -> Approval:
    return catalog.approvals.decide(
        number,
        ApprovalOutcome.APPROVED,
        by=by,
        at=LATER,
        audited=entry("approve"),
        check=lambda _: None,
    )


def test_many_who_hold_and_destroy_at_once_never_destroy_what_is_held(catalog: Catalog) -> None:
    """Neither order of both locks up; whoever was refused was refused for the other's sake."""
    erase(catalog)
    lease = catalog.due_work.claim(LATER, HOUR)
    assert lease is not None
    with ThreadPoolExecutor(8) as pool:
        holding = [pool.submit(catalog.holds.add, HOLD, entry()) for _ in range(4)]
        going = [pool.submit(catalog.due_work.destroy, lease, LATER) for _ in range(4)]
        held = [each for each in holding if not each.exception(LONG)]
        destroyed = [each for each in going if not each.exception(LONG)]
    assert bool(held) is not bool(destroyed)
