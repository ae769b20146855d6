"""Events: written with the change that they tell of, and kept until they were told."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from twirec.catalog.database import Database
from twirec.catalog.hints import hint
from twirec.catalog.leases import ENDED, Leases
from twirec.catalog.tables import events, recordings
from twirec.model.events import Event, EventType
from twirec.model.hints import EVENT
from twirec.model.lease import Lease
from twirec.model.records import Recording
from twirec.model.states import Custody

PARKED = events.c.due_at.is_(None) & events.c.delivered_at.is_(None)


def write_event(
    connection: Connection,
    type_: EventType,
    recording: Recording | None = None,
    *,
    case_key: str | None = None,
) -> None:
    """Write an event in the transaction of the change, if events are wanted."""
    clock = connection.get_execution_options().get("twirec_events")
    if clock is None:
        return
    at = clock()
    said = {
        "type": type_,
        "state": recording and recording.state,
        "reason": _reason(recording) if recording and type_ is EventType.PARKED else "",
    }
    sid = recording and recording.sid
    if sid and type_ is EventType.PARKED and _last(connection, sid) == said:
        return
    key = uuid.uuid4().hex
    connection.execute(
        insert(events).values(
            id=key, recording_sid=sid, case_key=case_key, at=at, due_at=at, attempts=0, **said
        )
    )
    hint(connection, EVENT, key, at)


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
    """What the company's own webhook is to be told, until it took it.

    If events are wanted, one is written in the transaction of what it tells of (`EventType`): both
    are there, or neither. What was tried again and is parked in the same
    state for the same reason is no second event, unless nobody could be told of the first. Of an
    audit log that is found broken there is one, until it was found right again.

    Attributes:
        queue: those that are not delivered yet.
    """

    def __init__(self, database: Database) -> None:
        self.queue = Leases(database, events, _event)

    def delivered(self, lease: Lease[Event], at: datetime) -> None:
        """Write down that an event was taken. It is never due again. Raises `LeaseLost`."""
        taken = {**ENDED, "due_at": None, "delivered_at": at, "last_error": ""}
        with self.queue.commit(lease, taken):
            pass


def _event(connection: Connection, row: Row[Any]) -> Event:
    """Read an event. Facts of the recording are not copied into it: erasing finds them once.

    Of what is blocked, nothing is told but that it exists.
    """
    facts = (recordings.c[name] for name in ("account_sid", "call_sid", "object_name", "sha256"))
    its_recording = select(*facts).where(
        recordings.c.sid == row.recording_sid, recordings.c.custody != Custody.BLOCKED
    )
    facts_of_it = connection.execute(its_recording).mappings().one_or_none()
    recording: Mapping[Any, Any] = facts_of_it or {}
    return Event(
        id=row.id,
        type=row.type,
        at=row.at,
        recording_sid=row.recording_sid,
        account_sid=recording.get("account_sid"),
        call_sid=recording.get("call_sid"),
        state=row.state,
        reason=row.reason,
        # without its hash the bucket may hold nothing
        object_name=recording.get("object_name") if recording.get("sha256") else None,
        sha256=recording.get("sha256"),
        case_key=row.case_key,
        attempts=row.attempts,
        last_error=row.last_error,
    )
