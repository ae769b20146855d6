"""How many there are: figures that the database keeps itself, by triggers, as rows are written.

Counting a million recordings takes a second, and whoever looks at the page of health asks each
time. What a transaction changes is counted in it, so that a figure is never late or wrong. Each
connection to PostgreSQL counts in rows of its own (`shard`), since all would wait for one row; they
are brought together now and then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, text

from twirec.catalog import advisory_locks
from twirec.catalog.database import Database
from twirec.catalog.tables import figures
from twirec.model.states import Custody, State
from twirec.model.vocabulary import Outcome, Reason

MANY = 5_000
"""Rows of figures that are too many to be added up each time."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """Recordings that are alike.

    Attributes:
        state, custody, keep_at_vendor, kept_for_trial: what they are.
        number: how many there are.
        size, seconds: of all together.
    """

    state: State
    custody: Custody
    keep_at_vendor: bool
    kept_for_trial: bool
    number: int
    size: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Lines:
    """Calls that are alike.

    Attributes:
        outcome, reason: what came of them.
        number_known: whether the customer's number is known.
        number: how many there are.
    """

    outcome: Outcome
    reason: Reason | None
    number_known: bool
    number: int


# Made once: to make a statement takes longer than to execute it.
_SUMS = (
    select(
        figures.c.kind,
        figures.c.key,
        func.sum(figures.c.number).label("number"),
        func.sum(figures.c.size).label("size"),
        func.sum(figures.c.seconds).label("seconds"),
        func.count().label("rows"),
    )
    .group_by(figures.c.kind, figures.c.key)
    .having(func.sum(figures.c.number) != 0)
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What there is, as of one moment.

    Attributes:
        recordings: by state, custody and whether they stay at the vendor.
        calls: by outcome and reason.
        callbacks: by Twilio's word for the status.
        rows: of how many rows it was added up.
    """

    recordings: tuple[Recorded, ...]
    calls: tuple[Lines, ...]
    callbacks: dict[str, int]
    rows: int


def read_figures(connection: Connection) -> Figures:
    """Return what there is."""
    rows = connection.execute(_SUMS).all()

    def of(kind: str) -> Iterator[tuple[list[str], int, int, int]]:
        for row in rows:
            if row.kind == kind:
                yield row.key.split(" "), int(row.number), int(row.size), int(row.seconds)

    return Figures(
        recordings=tuple(
            Recorded(State(state), Custody(custody), at_vendor == "1", trial == "1", *sums)
            for (state, custody, at_vendor, trial), *sums in of("recordings")
        ),
        calls=tuple(
            Lines(Outcome(outcome), Reason(reason) if reason else None, unknown == "0", number)
            for (outcome, reason, unknown), number, _, _ in of("calls")
        ),
        callbacks={status: number for (status,), number, _, _ in of("callbacks")},
        rows=sum(row.rows for row in rows),
    )


# Of connections that are closed; the number of one may be given to another, which begins anew.
_BRING_TOGETHER = text(
    "WITH gone AS (DELETE FROM figures WHERE shard > 0 AND shard NOT IN "
    "(SELECT pid FROM pg_stat_activity) RETURNING kind, key, number, size, seconds) "
    "INSERT INTO figures (kind, key, shard, number, size, seconds) "
    "SELECT kind, key, 0, sum(number), sum(size), sum(seconds) FROM gone GROUP BY kind, key "
    "ON CONFLICT (kind, key, shard) DO UPDATE SET number = figures.number + excluded.number, "
    "size = figures.size + excluded.size, seconds = figures.seconds + excluded.seconds"
)


def bring_together(database: Database) -> None:
    """Add up what connections counted that are closed. SQLite has nothing of the kind."""
    if database.engine.dialect.name == "postgresql":
        with database.write() as connection:
            advisory_locks.take(connection, advisory_locks.FIGURES)
            connection.execute(_BRING_TOGETHER)
