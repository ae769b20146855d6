"""Searches use indexes: no table is read from end to end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from tests.factories import STARTED, a_call, a_consent, a_recording, call_sid, recording_sid
from twirec.catalog import Catalog
from twirec.model.search import Query

DAY = timedelta(days=1)


@pytest.fixture
def catalog() -> Iterator[Catalog]:
    """A catalog with a call."""
    catalog = Catalog("sqlite://")
    catalog.set_up()
    catalog.ledger.open_call(a_call())
    catalog.consents.record(a_consent(), None)
    catalog.recordings.adopt(a_recording())
    yield catalog
    catalog.close()


def plans(catalog: Catalog, step: Any) -> list[str]:
    """Return how the database does each of the step's statements."""
    statements: list[tuple[str, Any]] = []

    def note(_c: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        statements.append((statement, values))

    event.listen(catalog.database.engine, "before_cursor_execute", note)
    step()
    event.remove(catalog.database.engine, "before_cursor_execute", note)
    found = []
    with catalog.database.read() as connection:
        for statement, values in statements:
            if statement.startswith("SELECT"):
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
                found += [row.detail for row in rows]
    return found


@pytest.mark.parametrize(
    "query",
    [
        Query(number="+34600111222"),
        Query(number="1222"),
        Query(since=STARTED, until=STARTED + DAY),
        Query(number="1222", since=STARTED, until=STARTED + DAY),
        Query(after=(STARTED + DAY, call_sid(9))),
    ],
    ids=str,
)
def test_a_search_by_number_or_time_reads_no_table_from_end_to_end(
    catalog: Catalog, query: Query
) -> None:
    steps = plans(catalog, lambda: catalog.search.page(query))
    assert any("INDEX" in step for step in steps)
    assert [step for step in steps if step.startswith("SCAN")] == []


@pytest.mark.parametrize("query", [Query(number="+34600111222"), Query(number="1222")], ids=str)
def test_a_count_reads_an_index(catalog: Catalog, query: Query) -> None:
    assert all(
        step.startswith("SEARCH") for step in plans(catalog, lambda: catalog.search.count(query))
    )


@pytest.mark.parametrize("sid", [call_sid(), recording_sid()])
def test_a_call_is_looked_up_by_an_index(catalog: Catalog, sid: str) -> None:
    steps = plans(catalog, lambda: catalog.search.find(sid))
    assert [step for step in steps if step.startswith("SCAN")] == []


@pytest.mark.parametrize(
    ("number", "tail"),
    [
        ("+34600111222", "222111"),
        ("1004", "4001"),
        ("anonymous", ""),
        ("client:ana600111", ""),
        ("", ""),
    ],
)
def test_the_tail_is_the_last_digits_backwards(number: str, tail: str) -> None:
    assert replace(a_call(), customer_number=number).tail == tail
