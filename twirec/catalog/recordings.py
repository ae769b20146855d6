"""Recordings: what callbacks and sweeps say of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    Insert,
    Select,
    Update,
    bindparam,
    case,
    exists,
    insert,
    or_,
    select,
    true,
    update,
)

from twirec.catalog.agents import owner
from twirec.catalog.conditions import allowed, among, of_call, own_of
from twirec.catalog.consents import PROOF
from twirec.catalog.database import Database, insert_into, to_model, to_models, to_row
from twirec.catalog.foreign_recordings import left_alone
from twirec.catalog.hints import hint, hint_recordings
from twirec.catalog.partial_indexes import AT_REST
from twirec.catalog.prepared import Prepared, one_of
from twirec.catalog.recorded_calls import GIVEN_UP, ITS_LINE, LOCK, line_of, tell_ledger, why_none
from twirec.catalog.tables import callbacks, calls, consents, legs, recordings, stop_orders
from twirec.catalog.vendor_retention import apply_retention
from twirec.model.access import OURSELVES, Actor, Deed, may_be_own
from twirec.model.agents import StopOrder
from twirec.model.errors import NotFound, RequestRefused
from twirec.model.evidence import KeptCallback
from twirec.model.hints import RECORDING
from twirec.model.ownership import ALWAYS_OURS, Claim
from twirec.model.records import Belonging, Received, Recording
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
from twirec.model.vocabulary import Outcome, Role

BY_SID = select(recordings).where(recordings.c.sid == bindparam("known_sid"))
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
BEFORE_ALL = datetime(1, 1, 1, tzinfo=UTC)
ONE_SECOND = timedelta(seconds=1)

Channels = tuple[Role, ...] | Callable[[Belonging], tuple[Role, ...]]
"""Who is on which channel, or what says so of the call that a recording belongs to."""


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
        with self._database.write() as connection:
            report = _look(connection, callback, orders=state is State.RECORDING)
            known = report.known
            if known is not None and known.account_sid != callback.account_sid:
                raise RequestRefused(
                    f"The recording {callback.recording_sid} belongs to another account."
                )
            if known is not None and known.state in UNDONE:
                return report.received(known)
            if known is not None or state is None:
                KEEP.all(connection, _callback_row(callback, at))
            if state is None:
                return report.received(known)
            if known is None:
                new = _new(callback, report, state, channel_map, at)
                if (recording := self._keep_new(connection, callback, new, at)) is not None:
                    return report.received(recording)
                # another callback was first, just now
                report = _look(connection, callback, orders=state is State.RECORDING)
            return report.received(_advance(connection, report, state, at, told=True))

    def _keep_new(
        self, connection: Connection, callback: RecordingCallback, new: Recording, at: datetime
    ) -> Recording | None:
        """Keep a callback, insert its recording, and tell its line; None if that is there."""
        row = _callback_row(callback, at)
        if connection.dialect.name == "postgresql" and why_none(new) is None:
            named = {f"new_{name}": value for name, value in to_row(new, recordings).items()}
            del named["new_custody"]
            kept = {f"kept_{name}": value for name, value in row.items()}
            its = line_of(new.account_sid, new.call_sid)
            inserted = KEEP_NEW.first(connection, {**named, **kept, **its, **_proof(new)})
            if inserted is None:
                return None
            recording = to_model(Recording, inserted)
            hint_recordings(connection, [recording])
            return recording
        KEEP.all(connection, row)
        locks = connection.dialect.name == "postgresql"
        first = self._insert(connection, new, locks=locks)
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
            report = _look(connection, vendor_recording, sid=sid)
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


@dataclass(frozen=True, slots=True)
class _Report:
    """What Twilio says of a recording, beside what the catalog knows of it and of its call.

    Attributes:
        known: the recording; nobody else changes it until the transaction ends.
        lease_until: until when a worker has it; None where none has.
        has_its_call: whether it is known which call it is of.
        facts: what is said now.
        belonging: what the call that it belongs to says of its channels.
        is_told: whether the line of that call says that it is recorded.
        orders: what was ordered of what it is of, where that was asked.
    """

    known: Recording | None
    lease_until: datetime | None
    has_its_call: bool
    facts: Mapping[str, Any]
    belonging: Belonging
    is_told: bool
    orders: tuple[StopOrder, ...]

    def received(self, recording: Recording | None) -> Received:
        """Return what became of a recording, and what was ordered of its call and its leg."""
        if recording is None or recording.state is not State.RECORDING:
            return Received(recording)
        its = (recording.call_sid, recording.recorded_leg) if recording.call_sid else ()
        ordered = sorted(
            (each for each in self.orders if each.sid in its),
            key=lambda order: (order.sid != recording.call_sid, order.at),
        )
        return Received(recording, tuple(ordered))


def _look(
    connection: Connection,
    said: RecordingCallback | VendorRecording,
    *,
    sid: str = "",
    orders: bool = False,
) -> _Report:
    """Read all that a report of a recording needs, by one statement."""
    of = said.call_sid or said.conference_sid or ""
    asked = {
        "known_sid": sid or getattr(said, "recording_sid", ""),
        "account_sid": said.account_sid,
        "owned_sid": of,
    }
    rows = (REPORT_AND_ORDERS if orders else REPORT).all(connection, asked)
    row = rows[0]
    owner = row.owner or None
    return _Report(
        known=to_model(Recording, row) if row.sid is not None else None,
        lease_until=row.lease_until if row.lease is not None else None,
        has_its_call=row.call_sid is not None and (row.leg is not None or row.in_ledger),
        facts={
            # of a conference that no call is known to have been in, nothing
            "call_sid": said.call_sid if owner == of else owner,
            "leg": said.call_sid if owner != of else None,
            "source": said.source,
            "started_at": said.started_at,
            "duration": said.duration,
            "channels": said.channels,
            "error_code": said.error_code,
            "encryption": said.encryption,
        },
        belonging=Belonging(
            channel_map=row.line_channels,
            is_its_leg=said.call_sid == owner,
            is_agents_leg=bool(row.agent),
        ),
        is_told=row.line_outcome is Outcome.RECORDED and row.line_reason is None,
        orders=tuple(
            StopOrder(
                said.account_sid,
                each.order_sid,
                each.order_reason,
                each.order_at,
                each.order_done_at,
            )
            for each in (rows if orders else ())
            if each.order_sid is not None
        ),
    )


def _report_query(*, orders: bool) -> Select[Any]:
    """Return the query for a recording and what it is of, with or without what was ordered of it.

    It has one row for each order, and one where there is none. The orders are those that are there
    before the change is: whoever gives one meanwhile asks Twilio too what is recorded, and Twilio
    knows of it already.
    """
    account_sid: BindParameter[Any] = bindparam("account_sid")
    of: BindParameter[Any] = bindparam("owned_sid")
    # first the lock, and in a query of its own: PostgreSQL locks no row that may be missing
    known = (
        select(recordings)
        .where(recordings.c.sid == bindparam("known_sid"))
        .with_for_update()
        .cte("known")
    )
    # once, and not anew wherever it is named
    it = select(owner(account_sid, of).label("owner")).cte("it").prefix_with("MATERIALIZED")
    line, its_line, leg = calls.alias("line"), calls.alias("its_line"), legs.alias("leg")
    in_ledger = exists().where(of_call(its_line, known.c.account_sid, known.c.call_sid))
    its_leg = (leg.c.account_sid == account_sid) & (leg.c.leg_sid == of)
    columns = [
        *known.c,
        it.c.owner,
        in_ledger.label("in_ledger"),
        line.c.channel_map.label("line_channels"),
        line.c.outcome.label("line_outcome"),
        line.c.reason.label("line_reason"),
        leg.c.agent,
    ]
    source = (
        it.outerjoin(known, true())
        .outerjoin(line, of_call(line, account_sid, it.c.owner))
        .outerjoin(leg, its_leg)
    )
    if not orders:
        return select(*columns).select_from(source)
    sids = (it.c.owner, of, known.c.call_sid, known.c.leg)
    theirs = (stop_orders.c.account_sid == account_sid) & stop_orders.c.sid.in_(sids)
    ordered = [
        stop_orders.c[name].label(f"order_{name}") for name in ("sid", "reason", "at", "done_at")
    ]
    return select(*columns, *ordered).select_from(source.outerjoin(stop_orders, theirs))


REPORT, REPORT_AND_ORDERS = (Prepared(_report_query(orders=orders)) for orders in (False, True))
KEEP = Prepared(insert(callbacks).inline())


def _callback_row(callback: RecordingCallback, at: datetime) -> dict[str, Any]:
    return {
        "recording_sid": callback.recording_sid,
        "status": callback.status,
        "received_at": at,
        "raw": dict(callback.raw),
    }


def _new(
    callback: RecordingCallback,
    report: _Report,
    state: State,
    channel_map: Channels,
    at: datetime,
) -> Recording:
    return Recording(
        sid=callback.recording_sid,
        account_sid=callback.account_sid,
        state=state,
        channel_map=channel_map(report.belonging) if callable(channel_map) else channel_map,
        due_at=at if state is State.COMPLETED else None,
        **report.facts,
    )


def _advance(
    connection: Connection, report: _Report, state: State, at: datetime, *, told: bool = False
) -> Recording:
    """Bring a recording to what is said of it; `told` is whether Twilio told of it itself."""
    known, facts = report.known, report.facts
    if known is None:
        raise NotFound("The catalog has no such recording.")
    if report.has_its_call:  # whoever the leg that is recorded went on to
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
    if told and known.claim not in ALWAYS_OURS:
        missing["claim"] = Claim.TOLD
    if not missing:
        return known
    of_custody = known.started_at is None and known.custody is not Custody.BLOCKED
    if of_custody:
        missing |= _proof(replace(known, **missing))
    locks = moved and reached in NOTHING_THERE and connection.dialect.name == "postgresql"
    if locks:
        missing |= line_of(known.account_sid, missing.get("call_sid") or known.call_sid)
    statement = CHANGES[of_custody, locks]
    (row,) = statement.all(connection, {"known_sid": known.sid, **missing})
    result = to_model(Recording, row)
    if moved:
        hint_recordings(connection, [result])
    if moved and not _stands(report, result):
        tell_ledger(connection, result, is_locked=locks)
    return result


def _stands(report: _Report, result: Recording) -> bool:
    """Whether a call's line says already what a recording that moved says.

    It was one of that call before, so that nobody else can say meanwhile that nothing came of it.
    """
    known, call_sid = report.known, report.facts["call_sid"]
    is_one = [
        each.call_sid == call_sid and why_none(each) is None for each in (known, result) if each
    ]
    return report.is_told and all(is_one)


_PROVEN = exists().where(
    of_call(consents, bindparam("proof_account"), bindparam("proof_call")),
    one_of(consents.c.outcome, PROOF),
    consents.c.at <= bindparam("proof_latest"),
)

CUSTODY = case((_PROVEN, Custody.ACTIVE), else_=Custody.QUARANTINED)
"""The custody of a recording: quarantined unless a consent of its call allows it.

What began before the consent, such as by the account's default configuration, was recorded without
a word. Twilio cuts the start to whole seconds.
"""


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
        "proof_latest": (recording.started_at or BEFORE_ALL) + ONE_SECOND,
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


def _keep_new() -> Select[Any]:
    """Return what `_keep_new` does as one statement, as only PostgreSQL has it.

    The way to the server and back is most of what a callback costs there.
    """
    names = [each.name for each in recordings.columns if each.name in vars(Recording)]
    values = {
        name: bindparam(f"new_{name}", type_=recordings.c[name].type)
        for name in names
        if name != "custody"
    }
    new = _insertion("postgresql").values(custody=CUSTODY, **values).cte("new")
    kept = (
        insert(callbacks)
        .inline()
        .values(
            {
                name: bindparam(f"kept_{name}", type_=callbacks.c[name].type)
                for name in ("recording_sid", "status", "received_at", "raw")
            }
        )
    )
    told = update(calls).where(ITS_LINE, exists(select(new.c.sid)))
    told = told.values(outcome=Outcome.RECORDED, reason=None)
    return select(new).add_cte(kept.cte("kept"), told.cte("told"))


KEEP_NEW = Prepared(lambda _: _keep_new())
