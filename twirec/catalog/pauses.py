"""Spans of recordings that are silent on purpose."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, insert, select, update

from twirec.catalog.audit import append
from twirec.catalog.database import Database
from twirec.catalog.rows import to_pause, values
from twirec.catalog.tables import pauses
from twirec.model.audit import Action, AuditDraft
from twirec.model.records import Pause


class Pauses:
    """The part of the catalog that knows when a recording was paused."""

    database: Database

    def begin_pause(self, pause: Pause) -> Pause:
        """Write down that a recording was paused, unless it is; return the span that stands."""
        with self.database.write() as connection:
            append(
                connection,
                AuditDraft(pause.paused_at, pause.by, "", Action.PAUSE, sid=pause.recording_sid),
            )
            there = connection.execute(select(pauses).where(_open(pause.recording_sid))).first()
            if there is not None:
                return to_pause(there)
            connection.execute(insert(pauses).values(values(pause)))
            return pause

    def end_pauses(self, recording_sid: str, at: datetime) -> None:
        """Write down that a recording goes on."""
        with self.database.write() as connection:
            still = _open(recording_sid)
            connection.execute(update(pauses).where(still).values(resumed_at=at))

    def open_pauses(self) -> list[Pause]:
        """Return the pauses of which no end is known, oldest first."""
        unended = pauses.c.resumed_at.is_(None)
        statement = select(pauses).where(unended).order_by(pauses.c.paused_at)
        with self.database.read() as connection:
            return [to_pause(row) for row in connection.execute(statement)]


def _open(recording_sid: str) -> ColumnElement[bool]:
    return (pauses.c.recording_sid == recording_sid) & pauses.c.resumed_at.is_(None)
