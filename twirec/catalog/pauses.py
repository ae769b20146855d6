"""Spans of recordings that are silent on purpose, and when the policy ends them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from twirec.catalog.audit import append
from twirec.catalog.database import Database, to_model, to_models, to_row
from twirec.catalog.leases import Leases
from twirec.catalog.tables import pause_limits, pauses
from twirec.model.audit import AuditDraft
from twirec.model.records import Pause, PauseLimit


class Pauses:
    """The spans in which recordings are silent on purpose, and who asked for them.

    At most one of a recording has no end. Each change and its entry of the audit log are both
    there, or neither.

    Attributes:
        limits: the queue of those that the policy ends, each when it has lasted too long.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.limits = Leases(database, pause_limits, lambda _, row: to_model(PauseLimit, row))

    def begin(self, pause: Pause, audited: AuditDraft, *, until: datetime | None = None) -> Pause:
        """Write down that a recording was paused, unless it is; return the span that stands.

        Args:
            pause: the span that begins.
            audited: who asked for it.
            until: when the policy ends it, UTC; None for never.
        """
        with self._database.write() as connection:
            # First, as its lock on PostgreSQL lets one pause after the other look what is there.
            append(connection, audited)
            there = connection.execute(select(pauses).where(_open(pause.recording_sid))).first()
            if there is not None:
                return to_model(Pause, there)
            connection.execute(insert(pauses), to_row(pause, pauses))
            if until is not None:
                _no_limit(connection, pause.recording_sid)
                limit = {"recording_sid": pause.recording_sid, "due_at": until}
                connection.execute(insert(pause_limits), limit)
            return pause

    def end(self, recording_sid: str, at: datetime, audited: AuditDraft | None) -> None:
        """Write down that a recording goes on. No pause changes if it was not paused.

        Args:
            recording_sid: `RE…`.
            at: from when on, UTC.
            audited: who let it go on; None if nobody did, as where it ended while it was paused.
        """
        with self._database.write() as connection:
            if audited is not None:
                append(connection, audited)
            still = _open(recording_sid)
            connection.execute(update(pauses).where(still).values(resumed_at=at))
            _no_limit(connection, recording_sid)

    def open(self) -> list[Pause]:
        """Return the pauses of which no end is known, oldest first, also of what ended since."""
        unended = pauses.c.resumed_at.is_(None)
        statement = select(pauses).where(unended).order_by(pauses.c.paused_at)
        with self._database.read() as connection:
            return to_models(Pause, connection.execute(statement))


def _open(recording_sid: str) -> ColumnElement[bool]:
    return (pauses.c.recording_sid == recording_sid) & pauses.c.resumed_at.is_(None)


def _no_limit(connection: Connection, recording_sid: str) -> None:
    mine = pause_limits.c.recording_sid == recording_sid
    connection.execute(delete(pause_limits).where(mine))
