"""Events: written with the change that they tell of, and kept until they were told."""

from __future__ import annotations

import re
import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from twirec.catalog.database import Database
from twirec.catalog.tables import events, recordings
from twirec.model.events import Event, EventType
from twirec.model.records import Recording
from twirec.model.states import State

PARKED = events.c.due_at.is_(None) & events.c.delivered_at.is_(None)


def write_event(connection: Connection, type_: EventType, recording: Recording) -> None:
    """Write an event in the transaction of the change, if events are wanted."""
    clock = connection.get_execution_options().get("twirec_events")
    if clock is None:
        return
    at = clock()
    said = {
        "type": type_.value,
        "state": recording.state.value,
        "reason": _reason(recording) if type_ is EventType.PARKED else "",
    }
    if type_ is EventType.PARKED and _last(connection, recording.sid) == said:
        return
    connection.execute(
        insert(events).values(
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
        select(events.c.type, events.c.state, events.c.reason)
        .where(events.c.recording_sid == sid, ~PARKED)
        .order_by(events.c.at.desc())
        .limit(1)
    )
    row = connection.execute(statement).mappings().first()
    return dict(row) if row else None


class Events:
    """What keeps events."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, now: datetime, until: datetime) -> Event | None:
        """Take the event that is due longest, and count an attempt; None if none is due.

        Nobody else gets it before `until`; then it is due again, unless it was told or put off.
        """
        due = events.alias("due")
        first = (
            select(due.c.id)
            .where(due.c.due_at <= now)
            .order_by(due.c.due_at, due.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        statement = (
            update(events)
            .where(events.c.id == first.scalar_subquery())
            .values(due_at=until, attempts=events.c.attempts + 1)
            .returning(events.c.id)
        )
        with self._database.write() as connection:
            claimed = connection.scalar(statement)
            return None if claimed is None else _event(connection, claimed)

    def delivered(self, event: Event, at: datetime) -> None:
        """Write down that an event was taken. It is never due again."""
        self._change(event, due_at=None, delivered_at=at, last_error="")

    def retry_at(self, event: Event, due_at: datetime | None, error: str) -> None:
        """Tell it again at `due_at`, or never (given up) when it is None.

        Nothing changes if it was told in the meantime.
        """
        self._change(event, due_at=due_at, last_error=error)

    def _change(self, event: Event, **changes: Any) -> None:
        waiting = (events.c.id == event.id) & events.c.delivered_at.is_(None)
        with self._database.write() as connection:
            connection.execute(update(events).where(waiting).values(changes))


def _event(connection: Connection, claimed: str) -> Event:
    """Read an event. Facts of the recording are not copied into it: erasing finds them once."""
    its = events.c.recording_sid == recordings.c.sid
    facts = (recordings.c[name] for name in ("account_sid", "call_sid", "object_name", "sha256"))
    statement = select(events, *facts).join(recordings, its).where(events.c.id == claimed)
    row = connection.execute(statement).one()
    return Event(
        id=row.id,
        type=EventType(row.type),
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
