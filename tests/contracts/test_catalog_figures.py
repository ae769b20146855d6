"""Figures that the database keeps: always those that counting gives."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, insert, select, update

from tests.factories import STARTED, a_call, a_recording, call_sid, recording_sid
from twirec.catalog import Catalog, operations
from twirec.catalog.database import to_row
from twirec.catalog.figures import bring_together, read_figures
from twirec.catalog.tables import callbacks, calls, figures, recordings
from twirec.model.states import Custody, State
from twirec.model.vocabulary import NOT_KNOWN, Outcome, Reason


def counted(catalog: Catalog) -> tuple[Counter[Any], Counter[Any], dict[str, int]]:
    """Return what counting all rows gives."""
    its, lines, told = recordings.c, calls.c, callbacks.c
    with catalog.database.read() as connection:
        alike = (its.state, its.custody, its.keep_at_vendor, its.kept_for_trial)
        sums = (func.coalesce(func.sum(column), 0) for column in (its.size, its.duration))
        rows = connection.execute(select(*alike, func.count(), *sums).group_by(*alike)).all()
        known = lines.customer_number != NOT_KNOWN
        outcomes = select(lines.outcome, lines.reason, known, func.count())
        outcomes = outcomes.group_by(lines.outcome, lines.reason, known)
        statuses = select(told.status, func.count()).group_by(told.status)
        return (
            Counter((*row[:5], int(row[5]), int(row[6])) for row in rows),
            Counter(tuple(row) for row in connection.execute(outcomes)),
            {row[0]: row[1] for row in connection.execute(statuses)},
        )


def kept(catalog: Catalog) -> tuple[Counter[Any], Counter[Any], dict[str, int]]:
    """Return what the database has kept, in the same form."""
    with catalog.database.read() as connection:
        found = read_figures(connection)
    held = (
        (
            each.state,
            each.custody,
            each.keep_at_vendor,
            each.kept_for_trial,
            each.number,
            each.size,
            each.seconds,
        )
        for each in found.recordings
    )
    lines = ((each.outcome, each.reason, each.number_known, each.number) for each in found.calls)
    return Counter(held), Counter(lines), found.callbacks


NUMBERS = st.integers(1, 4)
FACTS = st.fixed_dictionaries(
    {
        "state": st.sampled_from(State),
        "custody": st.sampled_from(Custody),
        "size": st.none() | st.integers(0, 2**40),
        "duration": st.none() | st.integers(0, 9999),
        "keep_at_vendor": st.booleans(),
        "kept_for_trial": st.booleans(),
    }
)
LINES = st.fixed_dictionaries(
    {
        "outcome": st.sampled_from(Outcome),
        "reason": st.none() | st.sampled_from(Reason),
        "customer_number": st.sampled_from([NOT_KNOWN, "+34600111222"]),
    }
)
STEPS = st.one_of(
    st.tuples(st.just("recording"), NUMBERS, FACTS),
    st.tuples(st.just("call"), NUMBERS, LINES),
    st.tuples(st.just("callback"), NUMBERS, st.just({})),
    st.tuples(st.just("gone"), NUMBERS, st.just({})),
    st.tuples(st.just("undone"), NUMBERS, FACTS),
)


class Undone(Exception):
    """What undoes a transaction."""


def take(catalog: Catalog, step: str, number: int, facts: dict[str, Any]) -> None:
    database = catalog.database
    its, line = recordings.c.sid == recording_sid(number), calls.c.call_sid == call_sid(number)
    with suppress(Undone), database.write() as connection:
        match step:
            case "recording":
                row = to_row(a_recording(sid=recording_sid(number)), recordings)
                if not database.insert_once(connection, recordings, row | facts):
                    connection.execute(update(recordings).where(its).values(facts))
            case "call":
                row = to_row(a_call(call_sid=call_sid(number)), calls)
                if not database.insert_once(connection, calls, row | facts):
                    connection.execute(update(calls).where(line).values(facts))
            case "callback":
                said = {"recording_sid": recording_sid(number), "status": "completed"}
                said |= {"received_at": STARTED, "raw": {}}
                connection.execute(insert(callbacks), said)
            case "gone":
                connection.execute(delete(recordings).where(its))
                this = callbacks.c.recording_sid == recording_sid(number)
                connection.execute(delete(callbacks).where(this))
            case _:
                connection.execute(update(recordings).where(its).values(facts))
                raise Undone


@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(STEPS, max_size=12))
def test_whatever_is_written_the_figures_are_those_that_counting_gives(
    catalog: Catalog, steps: list[tuple[str, int, dict[str, Any]]]
) -> None:
    for step in steps:
        take(catalog, *step)
    assert kept(catalog) == counted(catalog)


def test_what_connections_counted_that_are_closed_is_brought_together(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        catalog.ledger.open_call(a_call(call_sid=call_sid(number)))
        if catalog.database.engine.dialect.name == "postgresql":
            catalog.database.engine.dispose()
    expected = counted(catalog)
    monkeypatch.setattr(operations, "MANY", 0)
    stats = catalog.operations.stats(None)  # which does it, as there are too many
    assert stats.calls == {Outcome.OPEN: 3}
    bring_together(catalog.database)
    assert kept(catalog) == expected == counted(catalog)
    with catalog.database.read() as connection:
        shards = select(func.count(func.distinct(figures.c.shard)))
        assert connection.scalar(shards) == 1
