"""Recordings that are due: who works at which, and what comes of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    bindparam,
    case,
    func,
    literal,
    null,
    select,
    true,
    update,
)

from twirec.catalog.conditions import held
from twirec.catalog.database import Database, to_model
from twirec.catalog.emptying import OF_RECORDINGS, empty
from twirec.catalog.erasures import refuse, settle_copies, write_lines
from twirec.catalog.events import write_event
from twirec.catalog.foreign_recordings import left_alone
from twirec.catalog.holds import keep_holds_out
from twirec.catalog.leases import ENDED, NOTHING, Leases
from twirec.catalog.ledger import call_with_consents
from twirec.catalog.prepared import Prepared, one_of
from twirec.catalog.recorded_calls import tell_ledger
from twirec.catalog.tables import recordings
from twirec.catalog.waveforms import INSERT, waveform_row
from twirec.model.bucket import StoredObject
from twirec.model.erasure import CertificateLine
from twirec.model.events import EventType
from twirec.model.lease import Lease
from twirec.model.ownership import Adopt
from twirec.model.records import Recording
from twirec.model.states import FORGOTTEN, MAY_BECOME, NOTHING_THERE, Standstill, State
from twirec.model.vendor import VendorRecording
from twirec.model.waveform import Waveform

log = logging.getLogger("twirec.catalog")

MAY_MOVE = {
    state: one_of(
        recordings.c.state, [before for before, after in MAY_BECOME.items() if state in after]
    )
    for state in State
}
"""By state: the condition of the recordings that may come into it."""

NAME = Prepared(
    update(recordings)
    .where(recordings.c.sid == bindparam("named"))
    .values(object_name=bindparam("name"))
)


NOT_HELD = ~held()
"""Made once, as the leases want it."""


IS_HELD = Prepared(
    select(recordings.c.sid).where(recordings.c.sid == bindparam("known_sid"), held())
)


def _live(rows: FromClause, adopt: Adopt) -> ColumnElement[bool]:
    return ~rows.c.backfilled & ~left_alone(adopt, rows) & ~_waits_for_holds(rows)


def _backfilled(rows: FromClause, adopt: Adopt) -> ColumnElement[bool]:
    return rows.c.backfilled & ~left_alone(adopt, rows) & ~_waits_for_holds(rows)


def _waits_for_holds(rows: FromClause) -> ColumnElement[bool]:
    return (rows.c.state == State.ERASING) & held(rows)


class DueWork:
    """Recordings that are due, each handed to one worker at a time under a lease.

    Whoever lost a lease commits nothing. Live calls' recordings go before those that a backfill
    adopted.
    """

    def __init__(self, database: Database) -> None:
        self._name: Callable[[Recording], str | None] | None = None
        self._leases = Leases(
            database,
            recordings,
            lambda _, row: to_model(Recording, row),
            turns=(_live, _backfilled),
        )
        self.due_at = self._leases.due_at
        self.renew = self._leases.renew
        self.give_back = self._leases.give_back

    def claim(
        self, now: datetime, lease_for: timedelta, only: str | None = None
    ) -> Lease[Recording] | None:
        """Take the recording that is due longest, and count an attempt; None if nothing is due.

        With `only`, a SID, take that one, if it is due. Two callers never get the same recording
        while the lease lasts. What has still to be copied is claimed with its call and consents,
        and, by the queue that `naming` returns, its object is named.
        """
        return self._leases.claim(now, lease_for, only=only, also=self._to_be_copied)

    def naming(self, name: Callable[[Recording], str | None]) -> DueWork:
        """Return the same queue, whose `claim` also writes down how the object is to be called.

        Args:
            name: what a recording's object is called; None while that is not known.
        """
        queue = copy(self)
        queue._name = name
        return queue

    def _to_be_copied(self, connection: Connection, lease: Lease[Recording]) -> Lease[Recording]:
        recording = lease.item
        if recording.state is State.COMPLETED and recording.to_be_erased:
            recording = _destroyed_instead(connection, recording)
            lease = replace(lease, item=recording)
        if recording.state is not State.COMPLETED:
            return lease
        name = self._name(recording) if self._name and recording.object_name is None else None
        if name is not None:
            NAME.all(connection, {"named": recording.sid, "name": name})
            recording = replace(recording, object_name=name)
        return replace(lease, item=recording, record=call_with_consents(connection, recording))

    def describe(self, lease: Lease[Recording], found: VendorRecording) -> Lease[Recording]:
        """Fill in facts (start, duration, encryption, …) that the vendor gave when asked."""
        facts = {
            "started_at": lease.item.started_at or found.started_at,
            "duration": lease.item.duration if found.duration is None else found.duration,
            "channels": lease.item.channels if found.channels is None else found.channels,
            "source": lease.item.source or found.source,
            "encryption": lease.item.encryption or found.encryption,
        }
        return self._commit(lease, facts)

    def name_object(self, lease: Lease[Recording], name: str) -> Lease[Recording]:
        """Write down the object's name, unless it has one. Raises `LeaseLost`."""
        return self._commit(lease, {"object_name": func.coalesce(recordings.c.object_name, name)})

    def archived(
        self,
        lease: Lease[Recording],
        stored: StoredObject,
        sha256: str,
        channels: int,
        waveform: Waveform | None = None,
    ) -> Lease[Recording]:
        """Commit that the bucket holds verified bytes. The lease goes on. Raises `LeaseLost`.

        With `waveform`, keep that too, unless there is one; see `Waveforms.keep`. The lease says
        whether the recording is held.
        """
        facts = {
            "generation": stored.generation,
            "size": stored.size,
            "crc32c": stored.crc32c,
            "sha256": sha256,
            "channels": channels,
            "channel_map": lease.item.roles(channels),
            "attempts": 1,
            "last_error": "",
        }
        return self._commit(lease, facts, State.ARCHIVED, _row_of(lease.item.sid, waveform))

    def finish(
        self,
        lease: Lease[Recording],
        state: State,
        error: str = "",
        copies: Sequence[CertificateLine] = (),
    ) -> None:
        """Commit the state in which nothing is left to do, and end the lease. Raises `LeaseLost`.

        For `absent`, `failed` and `lost` the call's line says so when it has no other recording.
        Of what is `erased` nothing stays but SIDs, times and the object's name.

        Args:
            lease: of what is finished.
            state: what it is from now on.
            error: what is wrong with it; empty for nothing.
            copies: what others keep of what is erased; all other copies are written down as gone.
        """
        values: dict[str, Any] = {**ENDED, "due_at": None, "last_error": error}
        if state is State.ERASED:
            values |= dict.fromkeys(FORGOTTEN)
        self._commit(lease, values, state, copies=copies)

    def postpone(
        self,
        lease: Lease[Recording],
        due_at: datetime | None,
        error: str,
        *,
        undecided: bool = False,
        copies: Sequence[CertificateLine] = (),
    ) -> None:
        """End the lease; try again at `due_at`, or never (parked) when it is None.

        Raises `LeaseLost`.

        Args:
            lease: of what is tried again.
            due_at: UTC.
            error: why nothing else could be done.
            undecided: whether it is parked until somebody decides.
            copies: what became of copies of what is to be destroyed.
        """
        standstill = Standstill.UNDECIDED if undecided else None
        values = {"due_at": due_at, "last_error": error, "standstill": standstill}
        self._commit(lease, {**ENDED, **values}, copies=copies)

    def destroy(self, lease: Lease[Recording], at: datetime) -> Lease[Recording]:
        """Commit that the bytes are being destroyed from now on: a later hold comes too late.

        Args:
            lease: of what was ordered to be destroyed.
            at: now, UTC.

        Raises:
            LeaseLost: the lease is not held any more, or the recording is.
        """
        values = {"destroyed_from": func.coalesce(recordings.c.destroyed_from, at)}
        with self._leases.commit(lease, values, NOT_HELD, keep_holds_out) as (_, changed):
            return changed

    def found(self, lease: Lease[Recording], copies: Sequence[CertificateLine]) -> None:
        """Write down the copies that are to be destroyed; what is known of one already stays.

        Raises `LeaseLost`: what somebody else destroyed is nothing that is still to be destroyed.
        """
        with self._leases.commit(lease, NOTHING) as (connection, _):
            write_lines(connection, copies)

    def stay(self, lease: Lease[Recording], *, for_trial: bool = False) -> None:
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
        self._commit(lease, {**ENDED, **values})

    def _commit(
        self,
        lease: Lease[Recording],
        values: dict[str, Any],
        state: State | None = None,
        waveform: dict[str, Any] | None = None,
        copies: Sequence[CertificateLine] = (),
    ) -> Lease[Recording]:
        """Change the leased row, all or nothing; with `state`, by the table of states."""
        where = None
        if state is not None:
            where = MAY_MOVE[state]
            values = {**values, "state": state}
        with self._leases.commit(lease, values, where) as (connection, changed):
            if state is State.ERASED:
                empty(connection, OF_RECORDINGS, [lease.item.sid])
                settle_copies(connection, lease.item.sid)
            if copies:
                write_lines(connection, copies, anew=True)
            if waveform is not None:
                INSERT.all(connection, waveform)
            _tell(connection, changed.item, state)
            if state is State.ARCHIVED:
                held = IS_HELD.first(connection, {"known_sid": lease.item.sid}) is not None
                changed = replace(changed, held=held)
        return changed


def _destroyed_instead(connection: Connection, recording: Recording) -> Recording:
    """Let what was to be destroyed when finished be destroyed now, unless it is held.

    What is held is copied like any other, and the order is forgotten.
    """
    keep_holds_out(connection)
    erasing = literal(State.ERASING, recordings.c.state.type)
    values = {"to_be_erased": False, "state": case((held(), recordings.c.state), else_=erasing)}
    changing = update(recordings).where(recordings.c.sid == recording.sid).values(values)
    changed = to_model(Recording, connection.execute(changing.returning(recordings)).one())
    if changed.state is State.COMPLETED:
        refuse(connection, recording.sid)
    return changed


def _row_of(sid: str, waveform: Waveform | None) -> dict[str, Any] | None:
    """Return the row to be kept. What goes wrong here can be measured again, from the bucket."""
    try:
        return None if waveform is None else waveform_row(sid, waveform)
    except Exception:
        log.exception("%s: its waveform was not kept, by an error of ours", sid)
        return None


def _tell(connection: Connection, recording: Recording, moved_to: State | None) -> None:
    if moved_to in NOTHING_THERE:
        tell_ledger(connection, recording)
    elif moved_to is State.ARCHIVED:
        write_event(connection, EventType.ARCHIVED, recording)
    elif recording.parked:
        write_event(connection, EventType.PARKED, recording)
