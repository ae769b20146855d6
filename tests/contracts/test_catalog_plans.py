"""Searches and figures use indexes: no table is read from end to end, on either database."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from typing import Any

import pytest

from tests.executed import each_statement
from tests.factories import (
    ACCOUNT,
    ADMIN,
    STARTED,
    a_call,
    a_consent,
    a_recording,
    call_sid,
    enter,
    recording_sid,
)
from tests.servers import Postgres
from twirec.catalog import Catalog, search
from twirec.model.access import OURSELVES, Actor
from twirec.model.records import Note
from twirec.model.search import Query
from twirec.model.states import State
from twirec.model.vocabulary import ConsentOutcome, Direction, Outcome, Reason

DAY = timedelta(days=1)
SPAN: dict[str, Any] = {"since": STARTED - DAY, "until": STARTED + DAY}
AFTER = (STARTED + DAY, call_sid(9))

KINDS: dict[str, dict[str, Any]] = {
    "all": {},
    "number": {"number": "+34600111222"},
    "last digits": {"number": "1222"},
    "own number": {"own_number": "+34911000111"},
    "own number's last digits": {"own_number": "0111"},
    "direction": {"direction": Direction.IN},
    "outcome": {"outcome": Outcome.RECORDED},
    "reason": {"reason": Reason.REFUSED},
    "case": {"case_number": "R-1"},
    "note": {"note": "disputed"},
    "consent": {"consent": ConsentOutcome.INFORMED},
    "state": {"state": State.COMPLETED},
    "length": {"min_seconds": 1, "max_seconds": 9},
    "state and length": {"state": State.COMPLETED, "min_seconds": 1},
    "much": {
        "number": "1222",
        "own_number": "0111",
        "outcome": Outcome.RECORDED,
        "note": "disputed",
    },
}


@pytest.fixture(scope="module", params=["file", "postgres"])
def filled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Catalog]:
    """A catalog with a call in it, on each database; its tests only read."""
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path_factory.mktemp('plans')}/catalog.db"
        if request.param == "postgres":
            server: Postgres = request.getfixturevalue("postgres_server")
            url = stack.enter_context(server.lend())().render_as_string(hide_password=False)
        catalog = stack.enter_context(closing(Catalog(url)))
        fill(catalog)
        yield catalog


def fill(catalog: Catalog) -> None:
    catalog.set_up()
    catalog.ledger.open_call(a_call())
    catalog.consents.record(a_consent(), None)
    catalog.recordings.adopt(a_recording())
    note = Note(ACCOUNT, call_sid(), "ana", STARTED, "disputed", "R-1")
    enter(catalog.notes.add, note)


@contextmanager
def noted(catalog: Catalog) -> Iterator[list[tuple[str, Any]]]:
    """Give a list that has the statements which are executed meanwhile, with their values."""
    statements: list[tuple[str, Any]] = []

    def note(statement: str, values: Any) -> None:
        if statement.startswith(("SELECT", "WITH")):
            statements.append((statement, values))

    with each_statement(catalog.database.engine, note):
        yield statements


def plans(catalog: Catalog, step: Callable[[], object]) -> list[str]:
    """Return how the database does each of a step's statements.

    PostgreSQL reads a small table from end to end if it may: here it may not, if there is an index.
    """
    with noted(catalog) as statements:
        step()
    assert statements
    found = []
    postgresql = catalog.database.engine.dialect.name == "postgresql"
    explain = "EXPLAIN" if postgresql else "EXPLAIN QUERY PLAN"
    with catalog.database.read() as connection:
        if postgresql:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        for statement, values in statements:
            rows = connection.exec_driver_sql(f"{explain} {statement}", values)
            found += [row[0] if postgresql else row.detail for row in rows]
    return found


WHOLE = re.compile(
    r"Seq Scan on (?!marks|figures|differences|foreign_recordings)"
    r"|SCAN (calls|consents|recordings|notes|pauses|legs|callbacks|events|derivatives)\b"
    r"(?! USING (COVERING )?INDEX)"
)
"""How a database says that it reads a table from end to end. In order of an index it begins with
the newest, and ends as soon as a page is full."""


def whole(steps: list[str]) -> list[str]:
    return [step for step in steps if WHOLE.search(step)]


@pytest.mark.parametrize("few", [search.FEW, -1], ids=["few", "many"])
@pytest.mark.parametrize("more", [{}, SPAN, {"after": AFTER}], ids=["any time", "span", "after"])
def test_no_kind_of_search_reads_a_table_from_end_to_end(
    filled: Catalog, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any], few: int
) -> None:
    monkeypatch.setattr(search, "FEW", few)
    for kind, said in KINDS.items():
        query = Query(**said, **more, asker=ADMIN, limit=1)
        if kind not in ("reason", "much"):
            assert len(filled.search.page(query)) == 1, kind
        steps = plans(filled, lambda: filled.search.page_and_count(query))  # noqa: B023
        if query != Query(limit=1, asker=ADMIN, after=query.after):  # all calls there are
            steps += plans(filled, lambda: filled.search.count(query))  # noqa: B023
        assert whole(steps) == [], kind


def test_a_table_that_is_read_from_end_to_end_would_be_seen(filled: Catalog) -> None:
    def look() -> None:
        with filled.database.read() as connection:
            connection.exec_driver_sql("SELECT detail FROM calls WHERE detail <> ''").all()

    assert whole(plans(filled, look))


@pytest.mark.parametrize("sid", [call_sid(), recording_sid()])
def test_a_call_is_looked_up_by_an_index(filled: Catalog, sid: str) -> None:
    assert whole(plans(filled, lambda: filled.search.find(sid))) == []


@pytest.mark.parametrize("actor", [OURSELVES, ADMIN], ids=["ourselves", "admin"])
def test_figures_read_no_table_from_end_to_end(filled: Catalog, actor: Actor) -> None:
    steps = plans(filled, lambda: filled.operations.stats(None, actor))
    assert whole(steps) == []
    if filled.database.file:  # which would read every recording of a state that many are in
        assert not [step for step in steps if "ix_recordings_state" in step]


def test_what_is_parked_is_found_by_an_index(filled: Catalog) -> None:
    assert whole(plans(filled, lambda: filled.recordings.parked(100))) == []


def test_the_days_are_counted_without_the_rows(filled: Catalog) -> None:
    edges = [STARTED - DAY, STARTED, STARTED + DAY]
    steps = plans(filled, lambda: filled.operations.recorded_between(edges))
    assert whole(steps) == []
    assert any("ix_recordings_began" in step for step in steps)
