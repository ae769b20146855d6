"""The audit log, which is only ever added to."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, Row, insert, select, text

from twirec.adapters.sql.database import Database
from twirec.adapters.sql.rows import values
from twirec.adapters.sql.schema import audit
from twirec.model.audit import AuditDraft, AuditEntry, AuditHead, AuditQuery, chained

LOCK = 0x7457_1BEC
"""The advisory lock of those who write to the chain, on PostgreSQL."""


class Audit:
    """The part of the catalog that keeps the audit log."""

    database: Database

    def append_audit(self, draft: AuditDraft) -> AuditEntry:
        """Add an entry at the end of the chain."""
        with self.database.write() as connection:
            return append(connection, draft)

    def audit_log(self, query: AuditQuery) -> list[AuditEntry]:
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
        with self.database.read() as connection:
            return [_to_entry(row) for row in connection.execute(statement)]

    def audit_entries(self, after: int, limit: int) -> list[AuditEntry]:
        """Return the entries whose `seq` is greater, in order."""
        statement = select(audit).where(audit.c.seq > after).order_by(audit.c.seq).limit(limit)
        with self.database.read() as connection:
            return [_to_entry(row) for row in connection.execute(statement)]

    def audit_head(self) -> AuditHead | None:
        """Return where the chain ends; None if nothing was ever written down."""
        with self.database.read() as connection:
            return _head(connection)


def append(connection: Connection, draft: AuditDraft) -> AuditEntry:
    """Add an entry in a transaction that writes: both are done, or neither.

    SQLite's transactions write one after the other anyhow; PostgreSQL's wait here.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    entry = chained(draft, _head(connection))
    connection.execute(insert(audit).values(values(entry)))
    return entry


def _head(connection: Connection) -> AuditHead | None:
    newest = select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)
    row = connection.execute(newest).first()
    return AuditHead(row.seq, row.hash) if row else None


def _to_entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(**{field.name: getattr(row, field.name) for field in fields(AuditEntry)})
