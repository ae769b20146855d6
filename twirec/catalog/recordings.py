"""Recordings: what callbacks and sweeps say of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    case,
    exists,
    insert,
    or_,
    select,
    update,
)

from twirec.catalog.agents import has_line, owner_of
from twirec.catalog.conditions import allowed, of_call
from twirec.catalog.consents import PROOF
from twirec.catalog.database import Database, to_model, to_models, to_row
from twirec.catalog.events import write_event
from twirec.catalog.foreign_recordings import left_alone
from twirec.catalog.tables import callbacks, calls, consents, recordings
from twirec.catalog.vendor_retention import apply_retention
from twirec.model.access import OURSELVES, Actor, Deed
from twirec.model.errors import NotFound, RequestRefused
from twirec.model.events import EventType
from twirec.model.ownership import ALWAYS_OURS, Claim
from twirec.model.records import Recording
from twirec.model.states import (
    NOTHING_THERE,
    UNDONE,
    UNFINISHED,
    Custody,
    Standstill,
    State,
    advance,
)
from twirec.model.vendor import RecordingCallback, VendorRecording
from twirec.model.vocabulary import NOTHING_CAME, Outcome, Reason, Role, why_nothing

BY_SID = select(recordings).where(recordings.c.sid == bindparam("known_sid"))
KEPT = recordings.c.keep_at_vendor | recordings.c.kept_for_trial
GIVEN_UP = recordings.c.standstill.is_not_distinct_from(Standstill.GIVEN_UP)
UNDECIDED = recordings.c.standstill.is_not_distinct_from(Standstill.UNDECIDED)
PARKED = (
    recordings.c.state.in_(UNFINISHED)
    & recordings.c.due_at.is_(None)
    & recordings.c.lease.is_(None)
    & ~((recordings.c.state == State.ARCHIVED) & KEPT)
    & ~GIVEN_UP
)
"""The rows of which `Recording.parked` holds."""
NO_OTHER_REASON = tuple(NOTHING_CAME)
MAY_BE_RECORDED = (Outcome.OPEN, Outcome.OWED, Outcome.RECORDED)
LAST = "\U0010ffff"
"""After all that a name may go on with."""
BEFORE_ALL = datetime(1, 1, 1, tzinfo=UTC)
ONE_SECOND = timedelta(seconds=1)


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
        channel_map: tuple[Role, ...],
        at: datetime,
    ) -> Recording | None:
        """Keep a callback, and bring the recording to what it says, by the table of states.

        The recording is made if it is not there. `state` None (a word without a meaning to us)
        keeps the callback only, and returns None if the recording is not there. A recording that
        comes to `completed` is due at once. What is recorded of a leg or a conference is a
        recording of the call that it belongs to. The call's line becomes `recorded`, or
        `not_recorded` when the state is `absent` or `failed` and it has no other recording. A new
        recording is quarantined unless it began after a consent of its call that allows recording.
        On the move to another state what is said now counts, not what was said before. A
        repetition changes nothing but that it is kept. Of what is erased, or to be, nothing is.

        Raises:
            RequestRefused: the recording is another account's; nothing is kept.
        """
        with self._database.write() as connection:
            known = _find(connection, callback.recording_sid)
            if known is not None and known.account_sid != callback.account_sid:
                raise RequestRefused(
                    f"The recording {callback.recording_sid} belongs to another account."
                )
            if known is not None and known.state in UNDONE:
                return known
            _keep(connection, callback, at)
            if state is None:
                return known
            if known is None:
                new = _new(connection, callback, state, channel_map, at)
                row = self._database.insert_new(connection, recordings, _first_row(new))
                if row is not None:
                    new = to_model(Recording, row)
                    tell_ledger(connection, new)
                    return new
                known = _there(connection, new.sid)  # another callback was first, just now
            if known.claim not in ALWAYS_OURS:
                this = update(recordings).where(recordings.c.sid == known.sid)
                connection.execute(this.values(claim=Claim.TOLD))
                known = replace(known, claim=Claim.TOLD)
            return _advance(connection, known, state, _facts(connection, callback), at)

    def adopt(self, recording: Recording) -> bool:
        """Add a recording that a sweep found. False, and nothing done, if it is there.

        As in `receive`, it may be quarantined, and the call's line says that it was recorded.
        """
        with self._database.write() as connection:
            new = self._database.insert_once(connection, recordings, _first_row(recording))
            if new:
                apply_retention(connection, recording)
                tell_ledger(connection, recording)
            return new

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

    def refresh(
        self, sid: str, vendor_recording: VendorRecording, state: State, at: datetime
    ) -> bool:
        """Bring a recording to what the vendor itself says. True if its state moved.

        Facts that were missing (start, duration, channels, error, encryption) are filled in. A
        recording that is leased to a worker is left alone.
        """
        with self._database.write() as connection:
            row = connection.execute(
                select(recordings).where(recordings.c.sid == sid).with_for_update()
            ).first()
            if row is None or (row.lease is not None and row.lease_until > at):
                return False
            known = to_model(Recording, row)
            facts = _facts(connection, vendor_recording)
            return _advance(connection, known, state, facts, at).state != known.state

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
        statement = (
            select(recordings)
            .where(PARKED, ~left_alone(self._database.adopt), allowed(actor, Deed.OVERSEE))
            .order_by(*oldest)
            .limit(limit)
        )
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
            return bool(
                connection.execute(update(recordings).where(this).values(due_at=at)).rowcount
            )


def _find(connection: Connection, sid: str) -> Recording | None:
    """Return a recording that the transaction changes: nobody else does until it ends."""
    row = connection.execute(
        select(recordings).where(recordings.c.sid == sid).with_for_update()
    ).first()
    return to_model(Recording, row) if row is not None else None


def _keep(connection: Connection, callback: RecordingCallback, at: datetime) -> None:
    connection.execute(
        insert(callbacks),
        {
            "recording_sid": callback.recording_sid,
            "status": callback.status,
            "received_at": at,
            "raw": dict(callback.raw),
        },
    )


def _facts(connection: Connection, report: RecordingCallback | VendorRecording) -> dict[str, Any]:
    of = report.call_sid or report.conference_sid
    owner = owner_of(connection, report.account_sid, of) if of else None
    return {
        "call_sid": report.call_sid if owner == of else owner,
        "leg": report.call_sid if owner != of else None,
        "source": report.source,
        "started_at": report.started_at,
        "duration": report.duration,
        "channels": report.channels,
        "error_code": report.error_code,
        "encryption": report.encryption,
    }


def _new(
    connection: Connection,
    callback: RecordingCallback,
    state: State,
    channel_map: tuple[Role, ...],
    at: datetime,
) -> Recording:
    return Recording(
        sid=callback.recording_sid,
        account_sid=callback.account_sid,
        state=state,
        channel_map=channel_map,
        due_at=at if state is State.COMPLETED else None,
        **_facts(connection, callback),
    )


def _advance(
    connection: Connection, known: Recording, state: State, facts: Mapping[str, Any], at: datetime
) -> Recording:
    if _has_its_call(connection, known):  # whoever the leg that is recorded went on to
        facts = {**facts, "call_sid": None, "leg": None}
    reached = advance(known.state, state)
    moved = reached is not known.state  # then what is said now counts, not what was said before
    missing = {
        name: fact
        for name, fact in facts.items()
        if fact is not None and (moved or getattr(known, name) is None)
    }
    if moved:
        missing |= {"state": reached, "attempts": 0, "last_error": "", "standstill": None}
        missing["due_at"] = at if reached is State.COMPLETED else None
    if not missing:
        return known
    if known.started_at is None and known.custody is not Custody.BLOCKED:
        missing["custody"] = _custody(replace(known, **missing))
    this = update(recordings).where(recordings.c.sid == known.sid)
    row = connection.execute(this.values(missing).returning(recordings)).one()
    result = to_model(Recording, row)
    if moved:
        tell_ledger(connection, result)
    return result


def _has_its_call(connection: Connection, known: Recording) -> bool:
    """Whether it is known which call a recording is of."""
    if known.call_sid is None:
        return False
    return known.leg is not None or has_line(connection, known.account_sid, known.call_sid)


def _there(connection: Connection, sid: str) -> Recording:
    recording = _find(connection, sid)
    if recording is None:
        raise NotFound(f"The catalog has no recording {sid}.")
    return recording


def _first_row(recording: Recording) -> dict[str, Any]:
    """Return the row of a recording that the catalog did not know."""
    row = to_row(recording, recordings)
    blocked = recording.custody is Custody.BLOCKED
    return row if blocked else row | {"custody": _custody(recording)}


def _custody(recording: Recording) -> ColumnElement[Custody]:
    """Return the custody of a recording: quarantined unless a consent of its call allows it.

    What began before the consent, such as by the account's default configuration, was recorded
    without a word. Twilio cuts the start to whole seconds.
    """
    latest = (recording.started_at or BEFORE_ALL) + ONE_SECOND
    proof = exists().where(
        of_call(consents, recording.account_sid, recording.call_sid or ""),
        consents.c.outcome.in_(PROOF),
        consents.c.at <= latest,
    )
    return case((proof, Custody.ACTIVE), else_=Custody.QUARANTINED)


def tell_ledger(connection: Connection, recording: Recording) -> None:
    """Say on the call's line whether it was recorded, all its recordings considered.

    Called once for each change of state, so that what is lost is told of here too.
    """
    if recording.state is State.LOST:
        write_event(connection, EventType.LOST, recording)
    account_sid, call_sid = recording.account_sid, recording.call_sid or ""
    line = of_call(calls, account_sid, call_sid)
    why = _why_nothing(recording)
    if why is not None:
        outcome, reason = Outcome.NOT_RECORDED, why
        line &= calls.c.outcome.in_(MAY_BE_RECORDED) | calls.c.reason.in_(NO_OTHER_REASON)
        line &= ~exists().where(
            of_call(recordings, account_sid, call_sid),
            recordings.c.state.not_in(NOTHING_THERE),
            ~GIVEN_UP,
        )
    else:
        outcome, reason = Outcome.RECORDED, None
    connection.execute(update(calls).where(line).values(outcome=outcome, reason=reason))


def _why_nothing(recording: Recording) -> Reason | None:
    """Return why a recording is none for its call; None if it is one."""
    if recording.given_up:
        return Reason.GIVEN_UP
    if recording.state not in NOTHING_THERE:
        return None
    return Reason.LOST if recording.state is State.LOST else why_nothing(recording.error_code)
