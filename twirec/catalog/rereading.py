"""Lines and legs whose addresses are read anew, a lot at a time."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, tuple_, update

from twirec.catalog.audit import append
from twirec.catalog.conditions import of_call
from twirec.catalog.database import Database, to_models, to_row
from twirec.catalog.tables import calls, legs
from twirec.model.agents import Leg
from twirec.model.audit import AuditDraft
from twirec.model.records import Call

LOT = 500
"""Rows that are read, and written, at a time: others write in between."""

NUMBERS = ("customer_number", "own_number")
READ = (*NUMBERS, "customer_address", "own_address", "tail", "forwarded_from")


class Rereading:
    """Rows in the order of their keys, and what their addresses are read as now.

    What somebody else changed meanwhile stays as they wrote it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def lines(self, after: tuple[str, str]) -> list[Call]:
        """Return the next lot of lines.

        Args:
            after: account and SID of the last one before it; empty texts for the first lot.
        """
        key = tuple_(calls.c.account_sid, calls.c.call_sid)
        statement = select(calls).where(key > after).order_by(*calls.primary_key).limit(LOT)
        with self._database.read() as connection:
            return to_models(Call, connection.execute(statement))

    def legs(self, after: tuple[str, str]) -> list[Leg]:
        """Return the next lot of legs that are an agent's. `after` is as in `lines`."""
        key = tuple_(legs.c.account_sid, legs.c.leg_sid)
        agents = select(legs).where(key > after, legs.c.agent != "")
        with self._database.read() as connection:
            return to_models(Leg, connection.execute(agents.order_by(*legs.primary_key).limit(LOT)))

    def write_lines(self, lines: Sequence[tuple[Call, Call]], audited: AuditDraft) -> int:
        """Write lines, each given as it was read and as it is to be, and the entry of the log."""
        written = 0
        with self._database.write() as connection:
            for before, after in lines:
                row = to_row(after, calls)
                same = [calls.c[name] == getattr(before, name) for name in NUMBERS]
                its = of_call(calls, before.account_sid, before.call_sid)
                statement = update(calls).where(its, *same)
                changes = {name: row[name] for name in READ}
                written += connection.execute(statement.values(changes)).rowcount
            append(connection, audited)
        return written

    def write_legs(self, legs_read: Sequence[tuple[Leg, Leg]], audited: AuditDraft) -> int:
        """Write whose legs they are, as `write_lines` does lines."""
        written = 0
        with self._database.write() as connection:
            for before, after in legs_read:
                its = (legs.c.account_sid == before.account_sid) & (
                    legs.c.leg_sid == before.leg_sid
                )
                same = its & (legs.c.agent == before.agent)
                written += connection.execute(
                    update(legs).where(same).values(agent=after.agent)
                ).rowcount
            append(connection, audited)
        return written
