"""Notices: written with the change that they tell of, and kept until they were told."""

from __future__ import annotations

import re
import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from twirec.catalog.database import Database
from twirec.catalog.tables import notices, recordings
from twirec.model.events import Event, Notice
from twirec.model.records import Recording
from twirec.model.states import State

GIVEN_UP = notices.c.due_at.is_(None) & notices.c.told_at.is_(None)


def write_notice(connection: Connection, event: Event, recording: Recording) -> None:
    """Write a notice in the transaction of the change, if notices are wanted."""
    clock = connection.get_execution_options().get("twirec_notices")
    if clock is None:
        return
    at = clock()
    said = {
        "event": event.value,
        "state": recording.state.value,
        "reason": _reason(recording) if event is Event.PARKED else "",
    }
    if event is Event.PARKED and _last(connection, recording.sid) == said:
        return
    connection.execute(
        insert(notices).values(
            id=uuid.uuid4().hex, recording_sid=recording.sid, at=at, due_at=at, attempts=0, **said
        )
    )


def _reason(recording: Recording) -> str:
    """Return the error's name only: what it says could be anything, when it was ours."""
    name = re.match("[A-Z][A-Za-z]*", recording.last_error)
    return name[0][:64] if name else ""


def _last(connection: Connection, sid: str) -> dict[str, Any] | None:
    """Return what was last told of a recording, or is to be."""
    statement = (
        select(notices.c.event, notices.c.state, notices.c.reason)
        .where(notices.c.recording_sid == sid, ~GIVEN_UP)
        .order_by(notices.c.at.desc())
        .limit(1)
    )
    row = connection.execute(statement).mappings().first()
    return dict(row) if row else None


class Events:
    """What keeps notices."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, now: datetime, until: datetime) -> Notice | None:
        """Take the notice that is due longest, and count an attempt; None if none is due.

        Nobody else gets it before `until`; then it is due again, unless it was told or put off.
        """
        due = notices.alias("due")
        first = (
            select(due.c.id)
            .where(due.c.due_at <= now)
            .order_by(due.c.due_at, due.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        statement = (
            update(notices)
            .where(notices.c.id == first.scalar_subquery())
            .values(due_at=until, attempts=notices.c.attempts + 1)
            .returning(notices.c.id)
        )
        with self._database.write() as connection:
            claimed = connection.scalar(statement)
            return None if claimed is None else _notice(connection, claimed)

    def delivered(self, notice: Notice, at: datetime) -> None:
        """Write down that a notice was taken. It is never due again."""
        self._change(notice, due_at=None, told_at=at, last_error="")

    def retry_at(self, notice: Notice, due_at: datetime | None, error: str) -> None:
        """Tell it again at `due_at`, or never (given up) when it is None.

        Nothing changes if it was told in the meantime.
        """
        self._change(notice, due_at=due_at, last_error=error)

    def _change(self, notice: Notice, **changes: Any) -> None:
        waiting = (notices.c.id == notice.id) & notices.c.told_at.is_(None)
        with self._database.write() as connection:
            connection.execute(update(notices).where(waiting).values(changes))


def _notice(connection: Connection, claimed: str) -> Notice:
    """Read a notice. Facts of the recording are not copied into it: erasing finds them once."""
    its = notices.c.recording_sid == recordings.c.sid
    facts = (recordings.c[name] for name in ("account_sid", "call_sid", "object_name", "sha256"))
    statement = select(notices, *facts).join(recordings, its).where(notices.c.id == claimed)
    row = connection.execute(statement).one()
    return Notice(
        id=row.id,
        event=Event(row.event),
        at=row.at,
        recording_sid=row.recording_sid,
        account_sid=row.account_sid,
        call_sid=row.call_sid,
        state=State(row.state),
        reason=row.reason,
        object_name=row.object_name if row.sha256 else None,  # else the bucket may hold nothing
        sha256=row.sha256,
        attempts=row.attempts,
    )
