"""Recordings: what callbacks and sweeps say of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Insert,
    Update,
    bindparam,
    insert,
    or_,
    select,
    update,
)

from twirec.catalog.at_once import receive_at_once
from twirec.catalog.conditions import allowed, among, own_of
from twirec.catalog.database import Database, insert_into, to_model, to_models, to_row
from twirec.catalog.foreign_recordings import left_alone
from twirec.catalog.hints import hint, hint_recordings
from twirec.catalog.partial_indexes import AT_REST
from twirec.catalog.prepared import Prepared
from twirec.catalog.recorded_calls import GIVEN_UP, LOCK, line_of, tell_ledger
from twirec.catalog.reports import (
    BY_SID,
    Channels,
    Report,
    callback_row,
    changes,
    custody,
    custody_follows,
    latest_proof,
    look,
    new_recording,
    refuse_others,
    stands,
)
from twirec.catalog.tables import callbacks, recordings
from twirec.catalog.vendor_retention import apply_retention
from twirec.model.access import OURSELVES, Actor, Deed, may_be_own
from twirec.model.errors import NotFound
from twirec.model.evidence import KeptCallback
from twirec.model.hints import RECORDING
from twirec.model.records import Received, Recording
from twirec.model.states import (
    NOTHING_THERE,
    UNDONE,
    UNFINISHED,
    Custody,
    Standstill,
    State,
)
from twirec.model.vendor import RecordingCallback, VendorRecording

KEPT = recordings.c.keep_at_vendor | recordings.c.kept_for_trial
UNDECIDED = recordings.c.standstill.is_not_distinct_from(Standstill.UNDECIDED)
PARKED = (
    recordings.c.state.in_(UNFINISHED)
    & recordings.c.due_at.is_(None)
    & recordings.c.lease.is_(None)
    & ~((recordings.c.state == State.ARCHIVED) & KEPT)
    & ~GIVEN_UP
)
"""The rows of which `Recording.parked` holds."""
LAST = "\U0010ffff"
"""After all that a name may go on with."""


class Recordings:
    """Which recordings there are, and what callbacks, sweeps and operators say of them.

    A state moves only as the table of states has it, in whatever order the news come in, and moves
    the call's line with it. What comes of a worker's doing is `DueWork`'s.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def receive(
        self,
        callback: RecordingCallback,
        *,
        state: State | None,
        channel_map: Channels,
        at: datetime,
    ) -> Received:
        """Keep a callback, and bring the recording to what it says, by the table of states.

        The recording is made if it is not there. `state` None (a word without a meaning to us)
        keeps the callback only. A recording that
        comes to `completed` is due at once. What is recorded of a leg or a conference is a
        recording of the call that it belongs to. The call's line becomes `recorded`, or
        `not_recorded` when the state is `absent` or `failed` and it has no other recording. A new
        recording is quarantined unless it began after a consent of its call that allows recording.
        On the move to another state what is said now counts, not what was said before. A
        repetition changes nothing but that it is kept. Of what is erased, or to be, nothing is.

        Args:
            callback: what Twilio says.
            state: what its status means; None for nothing.
            channel_map: who is on which channel of a new recording, or what says so of the call
                that it belongs to.
            at: now, UTC.

        Returns:
            The recording, None if it is not there; and, while it is `recording`, what was ordered
            of its call and its leg.

        Raises:
            RequestRefused: the recording is another account's; nothing is kept.
        """
        at_once = receive_at_once(self._database, callback, state, channel_map, at)
        if at_once is not None:
            return at_once
        with self._database.write() as connection:
            sid, orders = callback.recording_sid, state is State.RECORDING
            report = look(connection, callback, sid=sid, orders=orders)
            refuse_others(report, callback)
            known = report.known
            if known is not None and known.state in UNDONE:
                return report.received(known)
            KEEP.all(connection, callback_row(callback, at))
            if state is None:
                return report.received(known)
            if known is None:
                first = self._insert_first(
                    connection, new_recording(callback, report, state, channel_map, at)
                )
                if first is not None:
                    return report.received(first)
                # another callback was first, just now
                report = look(connection, callback, sid=sid, orders=orders)
            return report.received(_advance(connection, report, state, at, told=True))

    def _insert_first(self, connection: Connection, recording: Recording) -> Recording | None:
        """Insert a recording that the catalog did not know, and tell its line; None if it does."""
        locks = connection.dialect.name == "postgresql"
        first = self._insert(connection, recording, locks=locks)
        if first is not None:
            tell_ledger(connection, first, is_locked=locks)
        return first

    def _insert(
        self, connection: Connection, recording: Recording, *, locks: bool = False
    ) -> Recording | None:
        """Insert a recording that the catalog did not know; None if it does."""
        row = to_row(recording, recordings)
        if recording.custody is Custody.BLOCKED:
            inserted = INSERT_BLOCKED.first(connection, row)
        else:
            del row["custody"]
            row |= _proof(recording)
            if locks:
                row |= line_of(recording.account_sid, recording.call_sid)
            inserted = (INSERT_AND_LOCK if locks else INSERT).first(connection, row)
        if inserted is None:
            return None
        new = to_model(Recording, inserted)
        hint_recordings(connection, [new])
        return new

    def adopt(self, recording: Recording) -> bool:
        """Add a recording that a sweep found. False, and nothing done, if it is there.

        As in `receive`, it may be quarantined, and the call's line says that it was recorded.
        """
        with self._database.write() as connection:
            if self._insert(connection, recording) is None:
                return False
            apply_retention(connection, recording)
            tell_ledger(connection, recording)
            return True

    def get(self, sid: str) -> Recording:
        """Return a recording.

        Raises:
            NotFound: the catalog has none of that SID.
        """
        with self._database.read() as connection:
            row = connection.execute(BY_SID, {"known_sid": sid}).first()
        if row is None:
            raise NotFound(f"The catalog has no recording {sid}.")
        return to_model(Recording, row)

    def is_own(self, actor: Actor, sid: str) -> bool:
        """Return whether a recording is proven to be an agent's own. Of others nothing is asked."""
        return sid in self.own_of(actor, [sid])

    def own_of(self, actor: Actor, sids: Sequence[str]) -> frozenset[str]:
        """Return which of some recordings are proven to be an agent's own."""
        if not may_be_own(actor):
            return frozenset()
        with self._database.read() as connection:
            return own_of(connection, actor, sids)

    def callbacks(self, sid: str) -> list[KeptCallback]:
        """Return what Twilio sent of a recording, oldest first."""
        statement = (
            select(callbacks.c.status, callbacks.c.received_at, callbacks.c.raw)
            .where(callbacks.c.recording_sid == sid)
            .order_by(callbacks.c.id)
        )
        with self._database.read() as connection:
            return [
                KeptCallback(row.status.value, row.received_at, row.raw)
                for row in connection.execute(statement)
            ]

    def refresh(
        self, sid: str, vendor_recording: VendorRecording, state: State, at: datetime
    ) -> bool:
        """Bring a recording to what the vendor itself says. True if its state moved.

        Facts that were missing (start, duration, channels, error, encryption) are filled in. A
        recording that is leased to a worker is left alone.
        """
        with self._database.write() as connection:
            report = look(connection, vendor_recording, sid=sid)
            known, lease_until = report.known, report.lease_until
            if known is None or (lease_until is not None and lease_until > at):
                return False
            return _advance(connection, report, state, at).state != known.state

    def named(self, prefix: str, *, after: str | None = None, limit: int) -> list[Recording]:
        """Return recordings whose object's name begins so, in order of the names' code points.

        Args:
            prefix: what the names begin with.
            after: the last name of the page before.
            limit: how many at the most.
        """
        name = recordings.c.object_name
        begins_so = (name >= prefix) & (name < prefix + LAST)  # unlike LIKE, by the index
        statement = select(recordings).where(begins_so).order_by(name).limit(limit)
        if after is not None:
            statement = statement.where(name > after)
        with self._database.read() as connection:
            return to_models(Recording, connection.execute(statement))

    def parked(self, limit: int | None = None, actor: Actor = OURSELVES) -> list[Recording]:
        """Return what is parked (something is left to do, and it is not due), oldest first.

        Args:
            limit: how many at the most; None for all.
            actor: who looks after them: those that are not for them are left out.
        """
        oldest = (recordings.c.started_at, recordings.c.sid)
        theirs = ~left_alone(self._database.adopt) & allowed(actor, Deed.OVERSEE)
        dialect = self._database.engine.dialect.name
        parked = among("ix_recordings_at_rest", AT_REST, dialect, PARKED, theirs)
        statement = select(recordings).where(*parked).order_by(*oldest).limit(limit)
        with self._database.read() as connection:
            return to_models(Recording, connection.execute(statement))

    def in_progress(self, before: datetime, *, also: Collection[str] = ()) -> list[Recording]:
        """Return what Twilio last said is being recorded, and began before a moment.

        Args:
            before: the moment, UTC.
            also: calls and legs, `CA…`, of which it is returned whenever it began.
        """
        statement = select(recordings).where(
            recordings.c.state == State.RECORDING,
            or_(
                recordings.c.started_at < before,
                recordings.c.started_at.is_(None),
                recordings.c.call_sid.in_(also),
                recordings.c.leg.in_(also),
            ),
        )
        with self._database.read() as connection:
            return to_models(Recording, connection.execute(statement))

    def make_due(self, sid: str, at: datetime) -> bool:
        """Let a worker take what is parked up once more: if that fails, it is parked again.

        False, and nothing is done, to what is not parked (any more), or waits until somebody
        decides.
        """
        this = (recordings.c.sid == sid) & PARKED & ~UNDECIDED
        with self._database.write() as connection:
            made = connection.execute(update(recordings).where(this).values(due_at=at)).rowcount
            if made:
                hint(connection, RECORDING, sid, at)
            return bool(made)


def _advance(
    connection: Connection, report: Report, state: State, at: datetime, *, told: bool = False
) -> Recording:
    """Bring a recording to what is said of it; `told` is whether Twilio told of it itself."""
    known = report.known
    if known is None:
        raise NotFound("The catalog has no such recording.")
    changed = changes(known, report, state, at, told=told)
    if not changed:
        return known
    of_custody = custody_follows(known)
    if of_custody:
        changed |= _proof(replace(known, **changed))
    moved = "state" in changed
    locks = moved and changed["state"] in NOTHING_THERE and connection.dialect.name == "postgresql"
    if locks:
        changed |= line_of(known.account_sid, changed.get("call_sid") or known.call_sid)
    statement = CHANGES[of_custody, locks]
    (row,) = statement.all(connection, {"known_sid": known.sid, **changed})
    result = to_model(Recording, row)
    if moved:
        hint_recordings(connection, [result])
    if moved and not stands(report, result):
        tell_ledger(connection, result, is_locked=locks)
    return result


KEEP = Prepared(insert(callbacks).inline())
CUSTODY = custody(bindparam("proof_account"), bindparam("proof_call"), bindparam("proof_latest"))


def _change(*, of_custody: bool, locks: bool) -> Update:
    """Return the change of a recording."""
    change = update(recordings).where(recordings.c.sid == bindparam("known_sid"))
    if of_custody:
        change = change.values(custody=CUSTODY)
    return change.returning(recordings, LOCK) if locks else change.returning(recordings)


CHANGES = {
    (of_custody, locks): Prepared(_change(of_custody=of_custody, locks=locks))
    for of_custody in (True, False)
    for locks in (True, False)
}
"""By whether custody follows from it, and whether the call's line is locked."""


def _proof(recording: Recording) -> dict[str, Any]:
    """Return what `CUSTODY` asks of a recording."""
    return {
        "proof_account": recording.account_sid,
        "proof_call": recording.call_sid or "",
        "proof_latest": latest_proof(recording.started_at),
    }


def _insertion(dialect: str) -> Insert:
    """Return the insertion of a recording unless it is there."""
    statement = insert_into(recordings, dialect).on_conflict_do_nothing(index_elements=["sid"])
    return statement.returning(recordings)


INSERT_BLOCKED = Prepared(_insertion)
INSERT = Prepared(lambda dialect: _insertion(dialect).values(custody=CUSTODY))
INSERT_AND_LOCK = Prepared(
    lambda dialect: _insertion(dialect).values(custody=CUSTODY).returning(LOCK)
)
