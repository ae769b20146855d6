"""Searches and figures use indexes: no table is read from end to end, on either database."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from benchmarks import planted
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
from twirec.model.agents import Leg
from twirec.model.records import CallRecord, Note
from twirec.model.retention import Fate
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
    "forwarded from": {"forwarded_from": "+34911777888"},
    "direction": {"direction": Direction.IN},
    "outcome": {"outcome": Outcome.RECORDED},
    "reason": {"reason": Reason.REFUSED},
    "case": {"case_number": "R-1"},
    "note": {"note": "disputed"},
    "agent": {"agent": "client:ana"},
    "call": {"sid": call_sid()},
    "recording": {"sid": recording_sid()},
    "consent": {"consent": ConsentOutcome.INFORMED},
    "state": {"state": State.COMPLETED},
    "length": {"min_seconds": 1, "max_seconds": 9},
    "state and length": {"state": State.COMPLETED, "min_seconds": 1},
    "much": {
        "number": "1222",
        "own_number": "0111",
        "forwarded_from": "+34911777888",
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
    catalog.ledger.open_call(a_call(forwarded_from="+34911777888"))
    catalog.consents.record(a_consent(), None)
    catalog.recordings.adopt(a_recording())
    note = Note(ACCOUNT, call_sid(), "ana", STARTED, "disputed", "R-1")
    enter(catalog.notes.add, note)
    catalog.agents.add_leg(Leg(ACCOUNT, call_sid(8), call_sid(), STARTED, "client:ana"))


@contextmanager
def noted(catalog: Catalog) -> Iterator[list[tuple[str, Any]]]:
    """Give a list that has the statements which are executed meanwhile, with their values."""
    statements: list[tuple[str, Any]] = []

    def note(statement: str, values: Any) -> None:
        if statement.startswith(("SELECT", "WITH", "SET LOCAL")):
            positional = isinstance(values, list)
            statements.append((statement, tuple(values) if positional else values))

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
    with catalog.database.read(by_index=True) as connection:
        if postgresql:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        for statement, values in statements:
            if statement.startswith("SET LOCAL"):
                connection.exec_driver_sql(statement)
                continue
            rows = connection.exec_driver_sql(f"{explain} {statement}", values)
            found += [row[0] if postgresql else row.detail for row in rows]
    return found


WHOLE = re.compile(
    r"Seq Scan on (?!marks|figures|differences|foreign_recordings)"
    r"|SCAN (calls|consents|recordings|notes|pauses|legs|callbacks|events|derivatives|cases"
    r"|case_calls|case_steps)\b"
    r"(?! USING (COVERING )?INDEX)"
)
"""How a database says that it reads a table from end to end. In order of an index it begins with
the newest, and ends as soon as a page is full."""


def whole(steps: list[str]) -> list[str]:
    return [step for step in steps if WHOLE.search(step)]


OLDEST: dict[str, Any] = {"oldest_first": True}
BEFORE_ALL = (STARTED - DAY, call_sid(9))


@pytest.mark.parametrize(
    "more",
    [
        {},
        SPAN,
        {"after": AFTER},
        {"before": BEFORE_ALL},
        OLDEST,
        OLDEST | SPAN,
        OLDEST | {"after": BEFORE_ALL},
        OLDEST | {"before": AFTER},
    ],
    ids=[
        *("any time", "span", "after", "before"),
        *("oldest", "oldest, span", "oldest, after", "oldest, before"),
    ],
)
def test_no_kind_of_search_reads_a_table_from_end_to_end(
    filled: Catalog, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any]
) -> None:
    monkeypatch.setattr(search, "LOTS", (1, 1, 2, 50))  # so that words are asked for too
    for kind, asked in KINDS.items():
        query = Query(**asked, **more, asker=ADMIN, limit=1)
        for few in (search.FEW, -1) if query.note else (search.FEW,):
            pages: list[tuple[list[CallRecord], object]] = []

            def turn(query: Query = query, pages: list[Any] = pages) -> None:
                pages.append(filled.search.page_and_count(query))

            with monkeypatch.context() as patch:
                patch.setattr(search, "FEW", few)
                steps = plans(filled, turn)
                if more == SPAN or (asked and not more):  # otherwise all calls there are, or again
                    steps += plans(filled, lambda query=query: filled.search.count(query))
            assert whole(steps) == [], kind
            assert kind in ("reason", "much") or len(pages[0][0]) == 1, kind


def test_a_table_that_is_read_from_end_to_end_would_be_seen(filled: Catalog) -> None:
    def look() -> None:
        with filled.database.read() as connection:
            connection.exec_driver_sql("SELECT detail FROM calls WHERE detail <> ''").all()

    assert whole(plans(filled, look))


def test_what_is_an_agents_own_is_found_by_indexes(filled: Catalog) -> None:
    ana = Actor("ana", "agent", "client:ana", softphone=True)
    for asked in ({}, {"sid": call_sid()}, {"min_seconds": 1}, {"state": State.COMPLETED}, SPAN):
        query = Query(agent=ana.agent, asker=ana, **asked)
        steps = plans(filled, lambda query=query: filled.search.page_and_count(query))
        assert whole(steps) == [], asked
    steps = plans(filled, lambda: filled.recordings.is_own(ana, recording_sid()))
    steps += plans(filled, lambda: filled.search.find(recording_sid(), ana))
    assert whole(steps) == []


@pytest.mark.parametrize("sid", [call_sid(), recording_sid()])
def test_a_call_is_looked_up_by_an_index(filled: Catalog, sid: str) -> None:
    assert whole(plans(filled, lambda: filled.search.find(sid))) == []


def test_cases_are_looked_up_by_indexes(filled: Catalog) -> None:
    cases = filled.known_cases
    steps = plans(filled, lambda: cases.of_call(call_sid()))
    steps += plans(filled, lambda: cases.of_number("+34600111222"))
    steps += plans(filled, lambda: cases.counts(STARTED))
    steps += plans(filled, lambda: cases.count_year(STARTED, STARTED + DAY, STARTED))
    steps += plans(filled, lambda: filled.case_mails.of("R-7KM-482-4"))
    steps += plans(filled, lambda: filled.case_mails.failed(100))
    assert whole(steps) == []


def test_the_calls_that_go_on_are_found_by_an_index_of_these_alone(filled: Catalog) -> None:
    steps = plans(filled, lambda: filled.search.going_on(STARTED - DAY, 10))
    assert whole(steps) == []
    assert any("ix_calls_going_on" in step for step in steps)
    assert len(filled.search.going_on(STARTED - DAY, 10)) == 1


@pytest.mark.parametrize("actor", [OURSELVES, ADMIN], ids=["ourselves", "admin"])
def test_figures_read_no_table_from_end_to_end(filled: Catalog, actor: Actor) -> None:
    steps = plans(filled, lambda: filled.operations.stats(None, actor))
    assert whole(steps) == []
    if filled.database.file:  # which would read every recording of a state that many are in
        assert not [step for step in steps if "ix_recordings_state" in step]


def test_what_is_parked_is_found_by_an_index(filled: Catalog) -> None:
    assert whole(plans(filled, lambda: filled.recordings.parked(100))) == []


def test_what_may_not_have_to_be_kept_is_found_by_indexes(filled: Catalog) -> None:
    assert whole(plans(filled, lambda: filled.retention.is_due(STARTED, 1))) == []

    def look() -> None:
        decide = lambda *_: Fate()  # noqa: E731
        filled.retention.look(STARTED, 1, decide, block_until=STARTED.date())
        filled.retention.of(recording_sid())

    steps = plans(filled, look)
    assert whole(steps) == []
    assert not [step for step in steps if re.search(r"(SCAN|Seq Scan on) retention_looks", step)]


def test_the_days_are_counted_without_the_rows(filled: Catalog) -> None:
    edges = [STARTED - DAY, STARTED, STARTED + DAY]
    steps = plans(filled, lambda: filled.operations.recorded_between(edges))
    assert whole(steps) == []
    assert any("ix_recordings_began" in step for step in steps)


# --- how much is read ---------------------------------------------------------------------------

OWN = "+34911000111"
LONG_AGO = f"substr(call_sid, 1, 32) = 'CA{'0' * 30}'"
"""The oldest calls, 256 of them."""

NEVER_SINCE = (
    "UPDATE consents SET outcome = 'granted' WHERE ",
    "UPDATE recordings SET state = 'lost', duration = 9000 WHERE ",
    "UPDATE calls SET own_number = '+34911222333', reason = 'lost', "
    "forwarded_from = '+34911777888' WHERE ",
    # of what somebody may not see there are many
    "UPDATE recordings SET custody = 'quarantined' WHERE state = 'released' AND NOT ",
)
"""What there was once, and was not since."""

READS: dict[str, dict[str, Any]] = {
    "all": {},
    "a number": {"number": "+34600769761"},
    "three digits": {"number": "761"},
    "four digits": {"number": "9761"},
    "five digits": {"number": "69761"},
    "own number": {"own_number": OWN},
    "own number, never since": {"own_number": "+34911222333"},
    "own number's last digits": {"own_number": "0111"},
    "forwarded from, never since": {"forwarded_from": "+34911777888"},
    "direction": {"direction": Direction.OUT},
    "outcome": {"outcome": Outcome.NOT_RECORDED},
    "reason": {"reason": Reason.REFUSED},
    "reason, never since": {"reason": Reason.LOST},
    "case": {"case_number": "r-3"},
    "consent": {"consent": ConsentOutcome.INFORMED},
    "consent, one of fifty": {"consent": ConsentOutcome.REFUSED},
    "consent, never since": {"consent": ConsentOutcome.GRANTED},
    "state, seen": {"state": State.ARCHIVED, "asker": Actor("eva", "supervisor")},
    "state, seen by others": {"state": State.RELEASED, "asker": Actor("eva", "supervisor")},
    "state, of none": {"state": State.RECORDING},
    "state, never since": {"state": State.LOST},
    "long": {"min_seconds": 3600},
    "long, seen by others": {"min_seconds": 3600, "asker": Actor("eva", "supervisor")},
    "long, of what goes on": {"min_seconds": 60, "asker": Actor("pau", "agent")},
    "long, never since": {"min_seconds": 7200},
    "between": {"min_seconds": 61, "max_seconds": 110, "asker": ADMIN},
    "too long": {"min_seconds": 20_000},
    "note": {"note": "compania"},
    "note, one of a hundred": {"note": "zepelin"},
    "note, of none": {"note": "xylophone"},
    "much": {"number": "761", "direction": Direction.IN, "consent": ConsentOutcome.INFORMED},
    "a frequent and a rare thing": {"direction": Direction.IN, "own_number": "+34911222333"},
}
"""Frequent and rare values, and such that there were long ago only."""

FEW, MANY = 500, 2500
"""Calls: what a search reads is the same of few and of many."""


def read_by(catalog: Catalog, step: Callable[[], object]) -> int:
    """Return how much a step's statements read: rows on PostgreSQL, instructions on SQLite."""
    with noted(catalog) as statements:
        step()
    much = 0
    with catalog.database.read(by_index=True) as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        for statement, values in statements:
            if statement.startswith("SET LOCAL"):
                connection.exec_driver_sql(statement)
                continue
            if connection.dialect.name == "postgresql":
                explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"
                much += _rows(connection.exec_driver_sql(explain, values).scalar_one()[0]["Plan"])
                continue
            driver: Any = connection.connection.dbapi_connection
            instructions: list[None] = []
            driver.set_progress_handler(lambda done=instructions: done.append(None), 10)
            connection.exec_driver_sql(statement, values).all()
            driver.set_progress_handler(None, 0)
            much += 10 * len(instructions)
    return much


def _rows(plan: dict[str, Any]) -> int:
    """Return how many rows a plan read of tables and indexes."""
    read = sum(_rows(each) for each in plan.get("Plans", ()))
    if "Scan" not in plan["Node Type"] or plan["Node Type"] in ("CTE Scan", "Subquery Scan"):
        return read
    each = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
    return int(read + plan["Actual Loops"] * each)


def plant(catalog: Catalog, low: int, high: int) -> None:
    """Plant calls; those with the higher numbers came after the others."""
    with catalog.database.write() as connection:
        for statement in planted.statements(connection.dialect.name, MANY):
            connection.execute(text(statement), {"low": low, "high": high})
        for change in NEVER_SINCE:
            connection.exec_driver_sql(change + LONG_AGO)


def all_reads(catalog: Catalog) -> dict[str, int]:
    """Return how much each kind of search reads for a page with its count, and for an older one.

    In both orders: what is old is the first where the oldest is.
    """
    until = planted.FIRST + planted.SPAN * (FEW - 50) / MANY
    reads = {}
    whens: dict[str, dict[str, Any]] = {
        "newest": {},
        "older": {"until": until},
        "oldest first": {"oldest_first": True},
    }
    for kind, values in READS.items():
        for when, more in whens.items():
            query = Query(**{"asker": None, **values}, **more, limit=20)
            reads[f"{kind}, {when}"] = read_by(
                catalog, lambda query=query: catalog.search.page_and_count(query)
            )
    return reads


def test_what_a_search_reads_does_not_grow_with_the_calls_there_are(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, number in {"MOST_COUNTED": 100, "WINDOW": 100, "FEW": 5}.items():
        monkeypatch.setattr(search, name, number)
    # what belongs to the calls of a page is read by their keys
    monkeypatch.setattr(search, "records_of", lambda _, lines: [*map(CallRecord, lines)])
    plant(catalog, 0, FEW)
    of_few = all_reads(catalog)
    plant(catalog, FEW, MANY)
    more = SOME_MORE[catalog.database.engine.dialect.name]
    too_many = {
        kind: (of_few[kind], much)
        for kind, much in all_reads(catalog).items()
        if much > 2 * of_few[kind] + more
    }
    assert too_many == {}


SOME_MORE = {"postgresql": 600, "sqlite": 16_000}
"""Of what there are a few hundred among many, there may be less than a page among few."""
