"""Spans of recordings that are silent on purpose."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import exists, insert, select, update

from twirec.adapters.sql.audit import append
from twirec.adapters.sql.database import Database
from twirec.adapters.sql.rows import to_pause, values
from twirec.adapters.sql.schema import pauses, recordings
from twirec.model.audit import Action, AuditDraft
from twirec.model.records import Pause
from twirec.model.states import State


class Pauses:
    """The part of the catalog that knows when a recording was paused."""

    database: Database

    def begin_pause(self, pause: Pause) -> None:
        """Write down that a recording was paused."""
        with self.database.write() as connection:
            connection.execute(insert(pauses).values(values(pause)))
            append(
                connection,
                AuditDraft(pause.paused_at, pause.by, "", Action.PAUSE, sid=pause.recording_sid),
            )

    def end_pauses(self, recording_sid: str, at: datetime) -> None:
        """Write down that a recording goes on."""
        open_ones = (pauses.c.recording_sid == recording_sid) & pauses.c.resumed_at.is_(None)
        with self.database.write() as connection:
            connection.execute(update(pauses).where(open_ones).values(resumed_at=at))

    def open_pauses(self, before: datetime) -> list[Pause]:
        """Return what was paused before a moment and is paused still, oldest first."""
        going_on = exists().where(
            recordings.c.sid == pauses.c.recording_sid,
            recordings.c.state == State.RECORDING.value,
        )
        statement = (
            select(pauses)
            .where(pauses.c.resumed_at.is_(None), pauses.c.paused_at < before, going_on)
            .order_by(pauses.c.paused_at)
        )
        with self.database.read() as connection:
            return [to_pause(row) for row in connection.execute(statement)]
