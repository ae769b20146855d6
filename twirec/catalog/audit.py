"""The audit log, which is only ever added to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import Connection, RowMapping, delete, insert, select, text

from twirec.catalog.database import Database, to_model, to_models, to_row
from twirec.catalog.tables import audit, audit_check, metadata
from twirec.model.audit import (
    HISTORIES,
    Action,
    AuditCheck,
    AuditDraft,
    AuditEntry,
    AuditHead,
    AuditOutcome,
    AuditQuery,
    chained,
    content_hash,
)

TELLING = (Action.POLICY, Action.INFORM)
"""The actions of entries that hold the hash of a row."""

DONE = audit.c.outcome == AuditOutcome.DONE

LOCK = 0x7457_1BEC
"""The advisory lock of those who write to the chain, on PostgreSQL."""


class Audit:
    """The audit log, whose entries are never changed or taken away.

    Each holds the hash of the one before: one that is changed, taken away or put in between later
    is found out. What belongs to a change of another table is appended in its transaction.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, draft: AuditDraft) -> AuditEntry:
        """Add an entry at the end of the chain. Of several at once, one follows the other."""
        with self._database.write() as connection:
            return append(connection, draft)

    def log(self, query: AuditQuery) -> list[AuditEntry]:
        """Return the entries that match, newest first."""
        statement = select(audit).order_by(audit.c.seq.desc()).limit(query.limit)
        if query.since is not None:
            statement = statement.where(audit.c.at >= query.since)
        if query.until is not None:
            statement = statement.where(audit.c.at < query.until)
        if query.before is not None:
            statement = statement.where(audit.c.seq < query.before)
        for column, wanted in (
            (audit.c.by, query.who),
            (audit.c.action, query.action),
            (audit.c.sid, query.sid),
            (audit.c.number, query.number),
        ):
            if wanted is not None:
                statement = statement.where(column == wanted)
        with self._database.read() as connection:
            return to_models(AuditEntry, connection.execute(statement))

    def entries(self, after: int, limit: int) -> list[AuditEntry]:
        """Return the entries whose `seq` is greater, in order."""
        statement = select(audit).where(audit.c.seq > after).order_by(audit.c.seq).limit(limit)
        with self._database.read() as connection:
            return to_models(AuditEntry, connection.execute(statement))

    def histories(self) -> tuple[list[AuditEntry], Mapping[tuple[str, int], str]]:
        """Return what the log says of the rows of `HISTORIES`, and what they are, of one moment.

        Returns:
            The entries that hold the hash of a row, oldest first; and the hash of each row as it is
            now, by its table and number.
        """
        telling = select(audit).where(audit.c.action.in_(TELLING), DONE).order_by(audit.c.seq)
        with self._database.read(snapshot=True) as connection:
            entries = [
                entry
                for row in connection.execute(telling, execution_options={"yield_per": 500})
                if "content" in (entry := to_model(AuditEntry, row)).detail
            ]
            rows = {
                (name, row["id"]): content_hash({**row})
                for name in HISTORIES.values()
                for row in connection.execute(select(metadata.tables[name])).mappings()
            }
        return entries, rows

    def check(self) -> AuditCheck | None:
        """Return how far workers have looked at the log; None if they never did."""
        try:
            with self._database.read() as connection:
                row = connection.execute(select(audit_check)).first()
        except (ValueError, LookupError):  # so that all of it is looked at again
            return AuditCheck(why="what was remembered of it was changed")
        return None if row is None else to_model(AuditCheck, row)

    def set_check(self, check: AuditCheck) -> None:
        """Remember how far the log was looked at, and what was found."""
        with self._database.write() as connection:
            connection.execute(delete(audit_check))
            connection.execute(insert(audit_check).values(id=1, **to_row(check, audit_check)))

    def head(self) -> AuditHead | None:
        """Return where the chain ends; None if nothing was ever written down."""
        with self._database.read() as connection:
            return _head(connection)


# Made once: to make a statement takes longer than to execute it.
ADD = insert(audit)
NEWEST = select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)


def append(connection: Connection, draft: AuditDraft) -> AuditEntry:
    """Add an entry in a transaction that writes: both are done, or neither.

    SQLite's transactions write one after the other anyhow; PostgreSQL's wait here.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    entry = chained(draft, _head(connection))
    connection.execute(ADD, to_row(entry, audit))
    return entry


def tell_of(connection: Connection, row: RowMapping, field: str, draft: AuditDraft) -> AuditEntry:
    """Add the entry of a row of a history, with its number and its hash, in its transaction.

    Args:
        connection: of the transaction in which the row was written.
        row: all its columns, as they are in the database.
        field: of `HISTORIES`.
        draft: the entry without these.
    """
    which = {field: row["id"], "content": content_hash({**row})}
    return append(connection, replace(draft, detail={**which, **draft.detail}))


def _head(connection: Connection) -> AuditHead | None:
    row = connection.execute(NEWEST).first()
    return AuditHead(row.seq, row.hash) if row else None
