"""When each object was last read back, and which one has waited the longest."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import TextualSelect, false, func, select, text, update

from twirec.catalog.database import Database, to_models
from twirec.catalog.figures import read_figures
from twirec.catalog.tables import IN_BUCKET, recordings
from twirec.model.records import Recording
from twirec.model.states import STORED

ARE_THERE = text(IN_BUCKET)
"""In the words of the index, so that both databases use it."""

# By their SIDs: SQLite thinks that of states a better way, and sorts them all for each page.
STORED_BY_SID = func.coalesce(recordings.c.state.in_(STORED), false())

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

    def next(self, limit: int) -> list[tuple[Recording, datetime | None]]:
        """Return those that have waited the longest, each with when it was last read, UTC.

        Those that never were come first.
        """
        its = recordings.c
        with self._database.read() as connection:
            never = select(recordings).where(ARE_THERE, its.checked_at.is_(None))
            rows = list(connection.execute(never.order_by(its.sid).limit(limit)))
            if len(rows) < limit:
                oldest = _oldest(connection.dialect.name, limit - len(rows))
                its_own = select(recordings).where(its.sid.in_(oldest))
                rows += connection.execute(its_own.order_by(its.checked_at, its.sid))
        found = to_models(Recording, rows)
        return [(each, row.checked_at) for each, row in zip(found, rows, strict=True)]

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

    def oldest(self) -> datetime | None:
        """Return when the one that has waited the longest was read, UTC; None if some never was."""
        first = next(iter(self.next(1)), None)
        return first[1] if first else None


def _oldest(dialect: str, limit: int) -> TextualSelect:
    """Return the query for the SIDs that were read the longest ago, told which index it is."""
    by = " INDEXED BY ix_recordings_checked" if dialect == "sqlite" else ""
    query = text(
        f"SELECT sid FROM recordings{by} WHERE {IN_BUCKET} "  # noqa: S608 - our own words
        "AND checked_at IS NOT NULL ORDER BY checked_at, sid LIMIT :most"
    )
    return query.bindparams(most=limit).columns(recordings.c.sid)
