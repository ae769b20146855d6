"""A database that is away keeps one caller waiting, not all of them."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from tests.factories import ACCOUNT, a_call, call_sid
from twirec.catalog import Catalog, waiting
from twirec.catalog import database as database_module
from twirec.model.errors import CatalogUnavailable
from twirec.model.steady import left, spend_at_most

WAIT = 0.2


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Catalog]:
    monkeypatch.setattr(waiting, "PATIENCE", WAIT)
    monkeypatch.setattr(database_module, "NOTICEABLE", WAIT / 4)
    monkeypatch.setattr(database_module, "BETWEEN_LOOKS", 0.01)
    catalog = Catalog(f"sqlite:///{tmp_path}/catalog.db")
    catalog.set_up()
    yield catalog
    catalog.close()
    for watcher in watchers():
        watcher.join(120)


def watchers() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "twirec-catalog"]


@pytest.fixture
def locked(catalog: Catalog) -> Iterator[sqlite3.Connection]:
    """What another process does: it holds the write lock until it is rolled back."""
    with closing(sqlite3.connect(catalog.database.file or "", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other


def open_one(catalog: Catalog, *, seconds: float = 60) -> CatalogUnavailable:
    with (
        spend_at_most(seconds),
        pytest.raises(CatalogUnavailable) as caught,
    ):
        catalog.ledger.open_call(a_call())
    return caught.value


def test_the_first_one_waits_and_the_next_ones_know(
    catalog: Catalog, locked: sqlite3.Connection
) -> None:
    assert "locked" in str(open_one(catalog))
    assert "is not back" in str(open_one(catalog))


def test_who_may_wait_is_not_turned_away(catalog: Catalog, locked: sqlite3.Connection) -> None:
    open_one(catalog)
    with pytest.raises(CatalogUnavailable, match="locked"):
        catalog.ledger.open_call(a_call())


def test_it_is_found_that_it_is_back_without_a_caller(
    catalog: Catalog, locked: sqlite3.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING", logger="twirec.catalog")
    open_one(catalog)
    (watcher,) = watchers()
    locked.execute("ROLLBACK")
    watcher.join(120)
    assert [record.message for record in caplog.records] == [
        "the catalog is away: calls are connected unrecorded",
        "the catalog is back",
    ]
    with spend_at_most(60):
        catalog.ledger.open_call(a_call())
    assert catalog.ledger.call(ACCOUNT, call_sid()).call == a_call()


def test_a_failure_at_once_turns_nobody_away(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "NOTICEABLE", 60)
    with closing(sqlite3.connect(catalog.database.file or "", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        open_one(catalog)
    with spend_at_most(60):
        catalog.ledger.open_call(a_call())


def test_where_no_thread_can_look_nobody_is_turned_away(
    catalog: Catalog,
    locked: sqlite3.Connection,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        assert "locked" in str(open_one(catalog))
    assert "nobody can look" in caplog.text
    locked.execute("ROLLBACK")
    with spend_at_most(60):
        catalog.ledger.open_call(a_call())


def test_whatever_a_look_meets_there_is_a_next_one(caplog: pytest.LogCaptureFixture) -> None:
    met = iter([MemoryError("odd"), CatalogUnavailable("away")])

    def look() -> None:
        for error in met:
            raise error

    outages = database_module.Outages(look)
    with pytest.MonkeyPatch.context() as patch, spend_at_most(60):
        patch.setattr(database_module, "NOTICEABLE", -1)
        patch.setattr(database_module, "BETWEEN_LOOKS", 0.001)
        with pytest.raises(CatalogUnavailable), outages.minded():
            raise CatalogUnavailable("away")
        for watcher in watchers():
            watcher.join(120)
        with outages.minded():
            pass
    assert "looking whether the catalog is back failed" in caplog.text


class Said(Exception):
    """An error of PostgreSQL's driver."""

    def __init__(self, sqlstate: str | None) -> None:
        super().__init__()
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("cause", "turned_away"),
    [
        (OperationalError("", {}, Said(None)), True),  # refused, or not there
        (OperationalError("", {}, Said("57P03")), True),
        (OperationalError("", {}, Said("40P01"), connection_invalidated=True), True),
        (PoolTimeoutError(), True),
        (None, True),
        (OperationalError("", {}, Said("40P01")), False),
        (OperationalError("", {}, Said("40001")), False),
        (OperationalError("", {}, Said("57014")), False),
    ],
)
def test_what_one_statement_met_turns_no_other_caller_away(
    monkeypatch: pytest.MonkeyPatch, cause: Exception | None, turned_away: bool
) -> None:
    monkeypatch.setattr(database_module, "NOTICEABLE", -1)

    def look() -> None:
        raise CatalogUnavailable("still away")

    outages = database_module.Outages(look)
    with spend_at_most(60), pytest.raises(CatalogUnavailable), outages.minded():
        raise CatalogUnavailable("one") from cause
    assert bool(watchers()) is turned_away
    outages.close()
    for watcher in watchers():
        watcher.join(120)


def test_a_closed_catalog_is_not_watched_any_more(
    catalog: Catalog, locked: sqlite3.Connection
) -> None:
    open_one(catalog)
    (watcher,) = watchers()
    catalog.close()
    watcher.join(120)
    assert not watcher.is_alive()


def test_a_transaction_waits_no_longer_than_is_left(
    catalog: Catalog, locked: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "PATIENCE", 600)
    began = time.monotonic()
    open_one(catalog, seconds=WAIT)
    assert time.monotonic() - began < 300


def test_a_budget_within_another_does_not_end_later() -> None:
    assert left(7) == 7
    with spend_at_most(100):
        assert left(7) == 7
        assert 90 < left(600) <= 100
        with spend_at_most(1000):
            assert left(600) <= 100
        with spend_at_most(0):
            assert left(600) == 0.05  # enough for what answers at once
    assert left(600) == 600
