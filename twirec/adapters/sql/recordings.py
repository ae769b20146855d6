"""Recordings: what callbacks and sweeps say of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, exists, insert, select, update

from twirec.adapters.sql.database import Database
from twirec.adapters.sql.rows import to_recording, values
from twirec.adapters.sql.schema import callbacks, calls, consents, recordings
from twirec.model.errors import NotFound, RequestRefused
from twirec.model.records import Recording
from twirec.model.states import Custody, State, advance
from twirec.model.vendor import RecordingCallback, VendorRecording
from twirec.model.words import ConsentOutcome, Outcome, Role, why_nothing

PROOF = tuple(outcome.value for outcome in ConsentOutcome if outcome.allows_recording)
NOTHING_THERE = frozenset({State.ABSENT, State.FAILED})


class Recordings:
    """The part of the catalog that knows which recordings there are."""

    database: Database

    def receive(
        self,
        callback: RecordingCallback,
        *,
        state: State | None,
        channel_map: tuple[Role, ...],
        at: datetime,
    ) -> Recording | None:
        """Keep a callback, and bring the recording to what it says, by the table of states."""
        with self.database.write() as connection:
            known = _find(connection, callback.recording_sid)
            if known is not None and known.account_sid != callback.account_sid:
                raise RequestRefused(
                    f"The recording {callback.recording_sid} belongs to another account."
                )
            _keep(connection, callback, at)
            if state is None:
                return known
            if known is None:
                known = _told(callback, state, channel_map, at)
                connection.execute(insert(recordings).values(values(known)))
                set_custody(connection, known)
                tell_ledger(connection, known)
                return _find(connection, known.sid)
            return _advance(connection, known, state, _facts(callback), at)

    def adopt(self, recording: Recording) -> bool:
        """Add a recording that a sweep found. False, and nothing done, if it is there."""
        with self.database.write() as connection:
            new = self.database.insert_once(connection, recordings, values(recording))
            if new:
                set_custody(connection, recording)
                tell_ledger(connection, recording)
            return new

    def recording(self, sid: str) -> Recording:
        """Return a recording."""
        with self.database.read() as connection:
            found = _find(connection, sid)
        if found is None:
            raise NotFound(f"The catalog has no recording {sid}.")
        return found

    def refresh(self, sid: str, found: VendorRecording, state: State, at: datetime) -> bool:
        """Bring a recording to what the vendor itself says. True if its state moved."""
        with self.database.write() as connection:
            row = connection.execute(
                select(recordings).where(recordings.c.sid == sid).with_for_update()
            ).first()
            if row is None or (row.lease is not None and row.lease_until > at):
                return False
            known = to_recording(row)
            return _advance(connection, known, state, _facts(found), at).state != known.state

    def make_due(self, sid: str, at: datetime) -> None:
        """Let a worker take the recording up again, from the first attempt."""
        with self.database.write() as connection:
            connection.execute(
                update(recordings)
                .where(recordings.c.sid == sid, recordings.c.lease.is_(None))
                .values(due_at=at, attempts=0)
            )


def _find(connection: Connection, sid: str) -> Recording | None:
    row = connection.execute(
        select(recordings).where(recordings.c.sid == sid).with_for_update()
    ).first()
    return to_recording(row) if row is not None else None


def _keep(connection: Connection, callback: RecordingCallback, at: datetime) -> None:
    connection.execute(
        insert(callbacks).values(
            recording_sid=callback.recording_sid,
            status=callback.status.value,
            received_at=at,
            raw=dict(callback.raw),
        )
    )


def _facts(told: RecordingCallback | VendorRecording) -> dict[str, Any]:
    return {
        "call_sid": told.call_sid,
        "source": told.source,
        "started_at": told.started_at,
        "duration": told.duration,
        "channels": told.channels,
        "error_code": told.error_code,
    }


def _told(
    callback: RecordingCallback, state: State, channel_map: tuple[Role, ...], at: datetime
) -> Recording:
    return Recording(
        sid=callback.recording_sid,
        account_sid=callback.account_sid,
        state=state,
        channel_map=channel_map,
        due_at=at if state is State.COMPLETED else None,
        **_facts(callback),
    )


def _advance(
    connection: Connection, known: Recording, state: State, facts: Mapping[str, Any], at: datetime
) -> Recording:
    current = values(known)
    missing = {k: v for k, v in facts.items() if current[k] is None and v is not None}
    reached = advance(known.state, state)
    if reached is not known.state:
        missing |= {"state": reached.value, "attempts": 0, "last_error": ""}
        missing["due_at"] = at if reached is State.COMPLETED else None
    if missing:
        connection.execute(update(recordings).where(recordings.c.sid == known.sid).values(missing))
    result = _find(connection, known.sid)
    assert result is not None  # noqa: S101 - we hold its row in this transaction
    if reached is not known.state:
        tell_ledger(connection, result)
    return result


def set_custody(connection: Connection, recording: Recording) -> None:
    """Quarantine a recording unless a consent of its call allows it."""
    proof = exists().where(
        consents.c.account_sid == recording.account_sid,
        consents.c.call_sid == recording.call_sid,
        consents.c.outcome.in_(PROOF),
    )
    connection.execute(
        update(recordings)
        .where(recordings.c.sid == recording.sid, ~proof)
        .values(custody=Custody.QUARANTINED.value)
    )


def tell_ledger(connection: Connection, recording: Recording) -> None:
    """Say on the call's line whether it was recorded, all its recordings considered."""
    line = (calls.c.account_sid == recording.account_sid) & (calls.c.call_sid == recording.call_sid)
    if recording.state in NOTHING_THERE:
        outcome, reason = Outcome.NOT_RECORDED.value, why_nothing(recording.error_code).value
        line &= ~exists().where(
            recordings.c.account_sid == recording.account_sid,
            recordings.c.call_sid == recording.call_sid,
            recordings.c.state.not_in([state.value for state in NOTHING_THERE]),
        )
    else:
        outcome, reason = Outcome.RECORDED.value, None
    connection.execute(update(calls).where(line).values(outcome=outcome, reason=reason))
