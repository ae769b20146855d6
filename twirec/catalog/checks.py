"""When each object was last read back, and which one has waited the longest."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    String,
    TextualSelect,
    bindparam,
    delete,
    exists,
    false,
    func,
    select,
    text,
    update,
)

from twirec.catalog.column_types import UtcDateTime
from twirec.catalog.database import Database, insert_into, to_models
from twirec.catalog.figures import read_figures
from twirec.catalog.partial_indexes import IN_BUCKET
from twirec.catalog.tables import marks, recordings
from twirec.model.records import Recording
from twirec.model.states import STORED

ARE_THERE = text(IN_BUCKET)
"""In the words of the index, so that both databases use it."""

# By their SIDs: SQLite thinks that of states a better way, and sorts them all for each page.
STORED_BY_SID = func.coalesce(recordings.c.state.in_(STORED), false())

NOT_GIVEN = "not given: "
"""What the mark's name begins with of a recording that the bucket did not give; its SID follows."""

PAGE = 5000
"""SIDs that are read at once."""

LOT = 500
"""Recordings that are held at once."""


class Checks:
    """The recordings whose bytes the bucket holds, in the order in which they are read back."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count(self) -> int:
        """Return how many there are."""
        with self._database.read() as connection:
            kept = read_figures(connection)
        return sum(each.number for each in kept.recordings if each.state in STORED)

    def next(
        self, limit: int, not_given_since: datetime | None = None
    ) -> list[tuple[Recording, datetime | None]]:
        """Return those that have waited the longest, each with when it was last read, UTC.

        Those that never were come first.

        Args:
            limit: how many at the most.
            not_given_since: without those that the bucket did not give since then, UTC; None for
                all.
        """
        its = recordings.c
        with self._database.read() as connection:
            never = select(recordings).where(ARE_THERE, its.checked_at.is_(None))
            if not_given_since is not None:
                mark = (marks.c.name == NOT_GIVEN + its.sid) & (marks.c.at > not_given_since)
                never = never.where(~exists().where(mark))
            rows = list(connection.execute(never.order_by(its.sid).limit(limit)))
            if len(rows) < limit:
                oldest = _oldest(connection.dialect.name, limit - len(rows), not_given_since)
                its_own = select(recordings).where(its.sid.in_(oldest))
                rows += connection.execute(its_own.order_by(its.checked_at, its.sid))
        found = to_models(Recording, rows)
        return [(each, row.checked_at) for each, row in zip(found, rows, strict=True)]

    def not_given(self, limit: int, before: datetime) -> list[Recording]:
        """Return those that the bucket did not give, tried before a time (UTC), longest ago first.

        Args:
            limit: how many at the most.
            before: UTC.
        """
        named = marks.c.name.startswith(NOT_GIVEN, autoescape=True) & (marks.c.at <= before)
        statement = (
            select(recordings)
            .join(marks, marks.c.name == NOT_GIVEN + recordings.c.sid)
            .where(named, STORED_BY_SID)
            .order_by(marks.c.at, recordings.c.sid)
            .limit(limit)
        )
        with self._database.read() as connection:
            return to_models(Recording, connection.execute(statement))

    def tried(self, sids: Sequence[str], at: datetime) -> None:
        """Write down that the bucket did not give some, so that others go before them.

        When they were last read stays as it was.
        """
        if not sids:
            return
        rows = [{"name": NOT_GIVEN + sid, "at": at} for sid in sids]
        with self._database.write() as connection:
            adding = insert_into(marks, connection.dialect.name)
            new = {"at": adding.excluded["at"]}
            connection.execute(
                adding.on_conflict_do_update(index_elements=[marks.c.name], set_=new), rows
            )

    def pages(self) -> Iterator[list[Recording]]:
        """Yield all of them, page by page."""
        after = ""
        while page := self._page(after):
            yield page
            after = page[-1].sid

    def _page(self, after: str) -> list[Recording]:
        its = recordings.c
        statement = select(recordings).where(STORED_BY_SID, its.sid > after)
        with self._database.read() as connection:
            rows = connection.execute(statement.order_by(its.sid).limit(LOT))
            return to_models(Recording, rows)

    def sample(self, size: int, chance: random.Random) -> list[str]:
        """Return the SIDs of some of them, each as likely as any other.

        All SIDs are read once, from an index; few are held.
        """
        taken: list[str] = []
        for index, sid in enumerate(self._sids()):
            if len(taken) < size:
                taken.append(sid)
            elif (place := chance.randrange(index + 1)) < size:
                taken[place] = sid
        return taken

    def _sids(self) -> Iterator[str]:
        after, its = "", recordings.c
        while True:
            statement = select(its.sid).where(STORED_BY_SID, its.sid > after)
            with self._database.read() as connection:
                page = list(connection.execute(statement.order_by(its.sid).limit(PAGE)).scalars())
            yield from page
            if len(page) < PAGE:
                return
            after = page[-1]

    def checked(self, sids: Sequence[str], at: datetime) -> None:
        """Write down that some were read back, and found as they were archived or not."""
        if not sids:
            return
        with self._database.write() as connection:
            connection.execute(
                update(recordings).where(recordings.c.sid.in_(sids)).values(checked_at=at)
            )
            given = marks.c.name.in_([NOT_GIVEN + sid for sid in sids])
            connection.execute(delete(marks).where(given))

    def oldest(self) -> datetime | None:
        """Return when the one that has waited the longest was read, UTC; None if some never was."""
        first = next(iter(self.next(1)), None)
        return first[1] if first else None


def _oldest(dialect: str, limit: int, not_given_since: datetime | None) -> TextualSelect:
    """Return the query for the SIDs that were read the longest ago, told which index it is."""
    by = " INDEXED BY ix_recordings_checked" if dialect == "sqlite" else ""
    values: list[BindParameter[Any]] = [bindparam("most", limit)]
    given = ""
    if not_given_since is not None:
        given = "AND NOT EXISTS (SELECT 1 FROM marks WHERE name = :mark || sid AND at > :since) "
        values += [
            bindparam("mark", NOT_GIVEN, String()),
            bindparam("since", not_given_since, UtcDateTime()),
        ]
    query = text(
        f"SELECT sid FROM recordings{by} WHERE {IN_BUCKET} "  # noqa: S608 - our own words
        f"AND checked_at IS NOT NULL {given}ORDER BY checked_at, sid LIMIT :most"
    )
    return query.bindparams(*values).columns(recordings.c.sid)
