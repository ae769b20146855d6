"""Leases: who works at which recording, and what comes of it."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, case, delete, func, null, or_, select, true, update

from twirec.catalog.database import Database
from twirec.catalog.events import write_event
from twirec.catalog.foreign_recordings import left_alone
from twirec.catalog.mapping import to_model
from twirec.catalog.recordings import tell_ledger
from twirec.catalog.tables import callbacks, derivatives, recordings, waveforms
from twirec.model.bucket import StoredObject
from twirec.model.errors import LeaseLost
from twirec.model.events import EventType
from twirec.model.records import Lease, Recording
from twirec.model.states import FORGOTTEN, MAY_BECOME, NOTHING_THERE, Standstill, State
from twirec.model.vendor import VendorRecording

NO_LEASE: dict[str, None] = {"lease": None, "lease_until": None}


class DueWork:
    """What hands out work. Whoever lost a lease commits nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, now: datetime, lease_for: timedelta, sid: str | None = None) -> Lease | None:
        """Take the recording that is due longest, and count an attempt; None if nothing is due.

        With `sid`, take that one, if it is due. Two callers never get the same recording while the
        lease lasts.
        """
        due = recordings.alias("due")
        first = (
            select(due.c.sid)
            .where(due.c.due_at <= now, or_(due.c.lease.is_(None), due.c.lease_until <= now))
            .where(true() if sid is None else due.c.sid == sid)
            .where(~left_alone(self._database.adopt, due))
            .order_by(due.c.due_at, due.c.sid)
            .limit(1)
            .with_for_update(skip_locked=True)  # SQLite has one writer at a time and ignores it
        )
        lease, until = uuid.uuid4().hex, now + lease_for
        statement = (
            update(recordings)
            .where(recordings.c.sid == first.scalar_subquery())
            .values(lease=lease, lease_until=until, attempts=recordings.c.attempts + 1)
            .returning(recordings)
        )
        with self._database.write() as connection:
            row = connection.execute(statement).first()
        return None if row is None else Lease(lease, to_model(Recording, row), until)

    def renew(self, lease: Lease, until: datetime) -> Lease:
        """Extend a lease.

        Raises:
            LeaseLost: it is not held any more.
        """
        return replace(self._commit(lease, {"lease_until": until}), until=until)

    def describe(self, lease: Lease, found: VendorRecording) -> Lease:
        """Fill in facts (start, duration, encryption, …) that the vendor gave when asked."""
        facts = {
            "started_at": lease.recording.started_at or found.started_at,
            "duration": lease.recording.duration if found.duration is None else found.duration,
            "channels": lease.recording.channels if found.channels is None else found.channels,
            "source": lease.recording.source or found.source,
            "encryption": lease.recording.encryption or found.encryption,
        }
        return self._commit(lease, facts)

    def name_object(self, lease: Lease, name: str) -> Lease:
        """Write down the object's name, unless it has one. Raises `LeaseLost`."""
        return self._commit(lease, {"object_name": func.coalesce(recordings.c.object_name, name)})

    def archived(self, lease: Lease, stored: StoredObject, sha256: str, channels: int) -> Lease:
        """Commit that the bucket holds verified bytes. The lease goes on. Raises `LeaseLost`."""
        facts = {
            "generation": stored.generation,
            "size": stored.size,
            "crc32c": stored.crc32c,
            "sha256": sha256,
            "channels": channels,
            "channel_map": lease.recording.roles(channels),
            "attempts": 1,
            "last_error": "",
        }
        return self._commit(lease, facts, State.ARCHIVED)

    def finish(self, lease: Lease, state: State, error: str = "") -> None:
        """Commit the state in which nothing is left to do, and end the lease. Raises `LeaseLost`.

        For `absent`, `failed` and `lost` the call's line says so when it has no other recording.
        Of what is `erased` nothing stays but SIDs, times and the object's name.
        """
        values: dict[str, Any] = {**NO_LEASE, "due_at": None, "last_error": error}
        if state is State.ERASED:
            values |= dict.fromkeys(FORGOTTEN)
        self._commit(lease, values, state)

    def postpone(
        self, lease: Lease, due_at: datetime | None, error: str, *, undecided: bool = False
    ) -> None:
        """End the lease; try again at `due_at`, or never (parked) when it is None.

        With `undecided`, it is parked until somebody decides. Raises `LeaseLost`.
        """
        standstill = Standstill.UNDECIDED if undecided else None
        values = {"due_at": due_at, "last_error": error, "standstill": standstill}
        self._commit(lease, {**NO_LEASE, **values})

    def give_back(self, lease: Lease) -> None:
        """End the lease as if the recording had never been claimed. Raises `LeaseLost`."""
        self._commit(lease, {**NO_LEASE, "attempts": recordings.c.attempts - 1})

    def stay(self, lease: Lease, *, for_trial: bool = False) -> None:
        """End the lease of what is archived and kept at the vendor: nothing is left to do.

        With `for_trial` it is kept until `end_trial`, whatever else holds. Without it, and if it is
        not to be kept any more, it stays due. Raises `LeaseLost`.
        """
        kept = true() if for_trial else recordings.c.keep_at_vendor
        values: dict[str, Any] = {
            "due_at": case((kept, null()), else_=recordings.c.due_at),
            "kept_for_trial": for_trial,
            "attempts": 0,
            "last_error": "",
        }
        self._commit(lease, {**NO_LEASE, **values})

    def _commit(self, lease: Lease, values: dict[str, Any], state: State | None = None) -> Lease:
        """Change the leased row, all or nothing; with `state`, by the table of states."""
        statement = update(recordings).where(
            recordings.c.sid == lease.recording.sid, recordings.c.lease == lease.token
        )
        if state is not None:
            before = [s for s, after in MAY_BECOME.items() if state in after]
            statement = statement.where(recordings.c.state.in_(before))
            values = {**values, "state": state}
        with self._database.write() as connection:
            row = connection.execute(statement.values(values).returning(recordings)).first()
            if row is None:
                raise LeaseLost(f"The recording {lease.recording.sid} is somebody else's now.")
            changed = replace(lease, recording=to_model(Recording, row))
            if state is State.ERASED:
                for table in (callbacks, waveforms, derivatives):
                    its_own = table.c.recording_sid == lease.recording.sid
                    connection.execute(delete(table).where(its_own))
            _tell(connection, changed.recording, state)
        return changed


def _tell(connection: Connection, recording: Recording, moved_to: State | None) -> None:
    if moved_to in NOTHING_THERE:
        tell_ledger(connection, recording)
    elif moved_to is State.ARCHIVED:
        write_event(connection, EventType.ARCHIVED, recording)
    elif recording.parked:
        write_event(connection, EventType.PARKED, recording)
