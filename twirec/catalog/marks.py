"""Remembered times, and whose turn it is."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import or_, select, update

from twirec.catalog.database import Database
from twirec.catalog.tables import marks


class Marks:
    """Times that are remembered under a name, such as where a sweep stopped.

    They are also how several processes agree whose turn it is to do what is done every so often.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> datetime | None:
        """Return a remembered time, such as where the last sweep ended; None if there is none."""
        with self._database.read() as connection:
            return connection.scalar(select(marks.c.at).where(marks.c.name == name))

    def take_turn(self, name: str, now: datetime, every: timedelta) -> bool:
        """Whether it is the caller's turn to do what is done every so often, and by one only.

        True for the first who asks after that time has passed since the last turn, which begins
        `now`; False for all others. A turn that is to come only after that time from now was taken
        by a wrong clock, and counts for nothing.
        """
        with self._database.write() as connection:
            if self._database.insert_once(connection, marks, {"name": name, "at": now}):
                return True
            over = or_(marks.c.at <= now - every, marks.c.at > now + every)
            due = (marks.c.name == name) & over
            return connection.execute(update(marks).where(due).values(at=now)).rowcount == 1

    def set(self, name: str, at: datetime) -> None:
        """Remember a time under a name."""
        with self._database.write() as connection:
            changed = connection.execute(update(marks).where(marks.c.name == name).values(at=at))
            if changed.rowcount == 0:
                self._database.insert_once(connection, marks, {"name": name, "at": at})
