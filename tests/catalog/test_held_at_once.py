"""Who holds and who destroys at once, on PostgreSQL: one is first, and the other knows of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from tests.catalog.test_at_once import LONG, let_go_when_it_waits
from tests.contracts.catalog_scenes import receive
from tests.contracts.test_catalog_custody import HOLD, HOUR, LATER, OF_NUMBER, SID, entry, erase
from tests.factories import STARTED, a_call
from twirec.catalog import Catalog
from twirec.catalog import holds as holds_module
from twirec.catalog import orders as orders_module
from twirec.model.custody import Hold
from twirec.model.errors import CustodyRefused, LeaseLost
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
