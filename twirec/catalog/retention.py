"""How long something is kept: the history of the rules, and what is to be looked at and goes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    delete,
    insert,
    or_,
    select,
    update,
)

from twirec.catalog import advisory_locks
from twirec.catalog.audit import append, lock, tell_of
from twirec.catalog.blocks import block_recordings
from twirec.catalog.conditions import held, of_same_call, open_case
from twirec.catalog.database import Database, insert_into, to_model, to_models, to_row
from twirec.catalog.foreign_recordings import left_alone
from twirec.catalog.hints import hint_recordings
from twirec.catalog.holds import keep_holds_out
from twirec.catalog.journal_tables import midnight
from twirec.catalog.orders import to_be_erased
from twirec.catalog.retention_calls import (
    EVERY_DAY,
    Answers,
    Decide,
    LookedAtCalls,
    answers_of,
    facts_of,
    look_at_calls,
)
from twirec.catalog.retention_preview import ERASABLE, RuleCount, Rules, count
from twirec.catalog.retention_tables import retention_changes, retention_looks, retention_stale
from twirec.catalog.tables import (
    blocks,
    calls,
    orders,
    recordings,
)
from twirec.model.access import OURSELVES
from twirec.model.audit import Action, AuditDraft
from twirec.model.custody import Order, OrderKind
from twirec.model.errors import InvalidQuery
from twirec.model.records import Recording
from twirec.model.retention import AtEnd, Facts, Fate, Kept, Looked, RetentionChange
from twirec.model.states import NOTHING_THERE, UNDONE, Custody, State

NOTHING_LEFT = UNDONE | NOTHING_THERE | {State.EXTERNAL}
"""The states in which there is nothing of ours to destroy, or its destruction is ordered."""

Key = tuple[Kept, str, str]
"""What is kept, the account, and the SID of a recording or a call."""


@dataclass(frozen=True, slots=True)
class KeptRecording:
    """A recording, as the rules look at it.

    Attributes:
        recording: itself.
        facts: what rules ask.
        held: whether a hold, or a case that is open, keeps it.
        ours: whether it is surely the installation's own.
        blocked_until: the day (UTC) from which it is destroyed, if it is blocked.
    """

    recording: Recording
    facts: Facts
    held: bool
    ours: bool
    blocked_until: date | None


class Retention:
    """The rules of retention, and what workers look at.

    The history of the rules is only ever added to, each entry together with its entry of the audit
    log, which holds its hash. When a recording's time is over is not written on it: rules change,
    and so do the facts that they ask. What is written is when to look at it next; who looks decides
    by the rules and the facts of that moment, in the transaction that orders what follows.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def history(self) -> list[RetentionChange]:
        """Return all changes of the rules, oldest first."""
        with self._database.read() as connection:
            return _history(connection)

    def change(
        self, change: RetentionChange, audited: AuditDraft, *, after: int
    ) -> RetentionChange:
        """Add a change to the history, with its entry of the audit log.

        Args:
            change: what is added.
            audited: its entry.
            after: the number of the last change that who makes it knew; 0 for none.

        Raises:
            InvalidQuery: somebody else changed the rules just now.
        """
        row = to_row(change, retention_changes)
        del row["id"]
        with self._database.write() as connection:
            lock(connection)  # before it is read: of two at once, one is told of the other
            known = _history(connection)
            if (known[-1].id if known else 0) != after:
                raise InvalidQuery("The rules were changed just now: look at them again.")
            statement = insert(retention_changes).returning(retention_changes)
            added = connection.execute(statement, row)
            written = added.mappings().one()
            tell_of(connection, written, "rule", audited)
            return replace(change, id=written["id"])

    def of(self, sid: str) -> KeptRecording | None:
        """Return a recording as the rules look at it; None if it is not there."""
        with self._database.read() as connection:
            return next(iter(self._kept(connection, [sid]).values()), None)

    def count(self, kept: Kept, rules: Rules) -> tuple[list[RuleCount], int]:
        """Return what each rule decides of, and how many recordings, or calls, no rule matches.

        It reads all there are, once: some seconds for a million recordings. What is blocked has its
        date already, and what is not the installation's own is not counted.

        Args:
            kept: what the rules are about.
            rules: in the order in which they are asked, each with the moment (UTC) before which
                what began is over.
        """
        return count(self._database, kept, rules)

    def has_recordings(self) -> bool:
        """Return whether there is any recording."""
        with self._database.read() as connection:
            return connection.execute(select(recordings.c.sid).limit(1)).first() is not None

    def late_since(self, now: datetime, version: int) -> datetime | None:
        """Return since when the oldest thing waits to be looked at, UTC; None if none does.

        Args:
            now: UTC.
            version: of the rules in force; 0 for none.
        """
        looks = retention_looks.c
        oldest = select(looks.look_at).where(looks.rules == version, looks.look_at <= now)
        with self._database.read() as connection:
            return connection.scalar(oldest.order_by(looks.look_at).limit(1))

    def is_due(self, now: datetime, version: int) -> bool:
        """Return whether something is to be looked at.

        Args:
            now: UTC.
            version: of the rules in force; 0 for none.
        """
        with self._database.read() as connection:
            if connection.execute(select(retention_stale.c.id).limit(1)).first():
                return True
            return any(
                connection.execute(statement.limit(1)).first() for statement in _due(now, version)
            )

    def look(
        self,
        now: datetime,
        version: int,
        decide: Decide,
        *,
        block_until: date,
        limit: int = 200,
    ) -> Looked:
        """Look at what is due to be looked at, and order what follows for what is over.

        All of it is one transaction: what is held when it begins is not touched, and no hold begins
        before it ends.

        Args:
            now: UTC.
            version: of the rules in force; 0 for none.
            decide: what these say of something.
            block_until: the day (UTC) from which what is blocked now is destroyed.
            limit: at how many things at the most, such as recordings.
        """
        with self._database.write() as connection:
            if not _alone(connection):
                return Looked()
            keep_holds_out(connection)
            keys = _stale(connection, limit)
            for statement in _due(now, version):
                if len(keys) < limit:
                    rows = connection.execute(statement.limit(limit - len(keys)))
                    keys |= {(row.kept, row.account_sid, row.sid) for row in rows}
            if not keys:
                return Looked()
            return self._look(connection, keys, now, version, decide, block_until)

    def _look(
        self,
        connection: Connection,
        keys: Collection[Key],
        now: datetime,
        version: int,
        decide: Decide,
        block_until: date,
    ) -> Looked:
        timeless = set() if version else _timeless(connection, keys)
        next_looks: dict[Key, datetime | None] = dict.fromkeys(timeless)
        rest = sorted(set(keys) - timeless)
        sids = [sid for kept, _, sid in rest if kept is Kept.RECORDINGS]
        known = self._kept(connection, sids, locked=True) if sids else {}
        over: dict[AtEnd, dict[str, list[str]]] = {end: defaultdict(list) for end in AtEnd}
        for key in rest:
            kept, _, sid = key
            if kept is not Kept.RECORDINGS:
                continue
            each = known.get(sid)
            if each is None or each.recording.state in NOTHING_LEFT:
                continue
            at_end, why, over_at = _verdict(each, decide(kept, each.facts))
            if over_at is None or over_at > now:
                next_looks[key] = over_at
            elif each.held or not each.ours or each.recording.state not in ERASABLE:
                next_looks[key] = now + EVERY_DAY
            elif at_end is AtEnd.BLOCK:
                over[at_end][why].append(sid)
                next_looks[key] = midnight(block_until)
            else:
                over[at_end][why].append(sid)
        blocked = [
            each
            for why, those in over[AtEnd.BLOCK].items()
            for each in _block(connection, those, why, block_until, now)
        ]
        destroyed = [
            each
            for why, those in over[AtEnd.DESTROY].items()
            for each in _destroy(connection, those, why, now)
        ]
        of_calls = [(account, sid) for kept, account, sid in rest if kept is Kept.CALLS]
        at_calls = LookedAtCalls()
        if of_calls:
            at_calls = look_at_calls(connection, of_calls, now, decide)
        for (account, sid), at in at_calls.next_looks.items():
            next_looks[Kept.CALLS, account, sid] = at
        self._set(connection, keys, next_looks, version)
        return Looked(len(keys), tuple(blocked), tuple(destroyed), at_calls.numbers, at_calls.notes)

    def _kept(
        self, connection: Connection, sids: Collection[str], *, locked: bool = False
    ) -> Mapping[str, KeptRecording]:
        """Return recordings as the rules look at them, by SID."""
        statement = (
            select(
                recordings,
                calls.c.own_number,
                calls.c.direction,
                calls.c.case_number,
                blocks.c.until.label("blocked_until"),
                or_(held(), open_case()).label("is_held"),
                (~left_alone(self._database.adopt)).label("is_ours"),
            )
            .outerjoin(calls, of_same_call(calls, recordings))
            .outerjoin(blocks, blocks.c.recording_sid == recordings.c.sid)
            .where(recordings.c.sid.in_(sids))
            .order_by(recordings.c.sid)
        )
        if locked:
            statement = statement.with_for_update(of=recordings)
        rows = connection.execute(statement).all()
        answers = answers_of(
            connection, {(row.account_sid, row.call_sid) for row in rows if row.call_sid}
        )
        return {row.sid: _kept_recording(row, answers) for row in rows}

    def _set(
        self,
        connection: Connection,
        keys: Collection[Key],
        next_looks: Mapping[Key, datetime | None],
        version: int,
    ) -> None:
        """Write down when things are looked at next; of what has no time, nothing more is."""
        for done in sorted(set(keys) - set(next_looks)):
            its_own = (retention_looks.c[name] == value for name, value in _named(done).items())
            connection.execute(delete(retention_looks).where(*its_own))
        if not next_looks:
            return
        statement = insert_into(retention_looks, self._database.engine.dialect.name)
        written = {name: statement.excluded[name] for name in ("rules", "look_at")}
        key = list(retention_looks.primary_key)
        connection.execute(
            statement.on_conflict_do_update(index_elements=key, set_=written),
            [
                {**_named(looked), "rules": version, "look_at": next_looks[looked]}
                for looked in sorted(next_looks)
            ],
        )


def _named(key: Key) -> dict[str, Any]:
    return dict(zip(("kept", "account_sid", "sid"), key, strict=True))


def _history(connection: Connection) -> list[RetentionChange]:
    rows = connection.execute(select(retention_changes).order_by(retention_changes.c.id))
    return to_models(RetentionChange, rows)


def _due(now: datetime, version: int) -> tuple[Select[Any], Select[Any]]:
    """Return what other rules decided of last, and what it is time for; each by the index."""
    looks = retention_looks.c
    found = select(looks.kept, looks.account_sid, looks.sid)
    return (
        found.where(looks.rules < version).order_by(looks.rules, looks.look_at),
        found.where(looks.rules == version, looks.look_at <= now).order_by(looks.look_at),
    )


def _alone(connection: Connection) -> bool:
    """Whether nobody else looks just now, and nobody begins to before the transaction ends."""
    return advisory_locks.try_to_take(connection, advisory_locks.RETENTION)


def _stale(connection: Connection, limit: int) -> set[Key]:
    """Take what changed off its list, and return what is to be looked at for it."""
    listed = select(retention_stale).order_by(retention_stale.c.id).limit(limit)
    rows = connection.execute(listed).all()
    if not rows:
        return set()
    done = retention_stale.c.id.in_([row.id for row in rows])
    connection.execute(delete(retention_stale).where(done))
    changed = {(row.kept, row.account_sid, row.sid) for row in rows}
    its = select(recordings.c.account_sid, recordings.c.call_sid, recordings.c.sid)
    of_calls = {(account, sid) for kept, account, sid in changed if kept is Kept.CALLS}
    of_sids = recordings.c.call_sid.in_([sid for _, sid in of_calls])
    of_accounts = recordings.c.account_sid.in_([account for account, _ in of_calls])
    for row in connection.execute(its.where(of_accounts, of_sids)):
        if (row.account_sid, row.call_sid) in of_calls:
            changed.add((Kept.RECORDINGS, row.account_sid, row.sid))
    return changed


def _timeless(connection: Connection, keys: Collection[Key]) -> set[Key]:
    """Return what has no time while there are no rules: of what is there, all but what is blocked.

    Whoever blocks one of these at this moment has it looked at again.
    """
    sids, of_calls = (
        [sid for kind, _, sid in keys if kind is kept] for kept in (Kept.RECORDINGS, Kept.CALLS)
    )
    there = select(recordings.c.account_sid, recordings.c.sid).where(
        recordings.c.sid.in_(sids),
        recordings.c.custody != Custody.BLOCKED,
        recordings.c.state.not_in(NOTHING_LEFT),
    )
    lines = select(calls.c.account_sid, calls.c.call_sid).where(calls.c.call_sid.in_(of_calls))
    found: set[Key] = {(Kept.RECORDINGS, *row) for row in connection.execute(there)}
    found |= {(Kept.CALLS, *row) for row in connection.execute(lines)}
    return found & set(keys)


def _kept_recording(row: Row[Any], answers: Answers) -> KeptRecording:
    recording = to_model(Recording, row)
    key = (recording.account_sid, recording.call_sid or "")
    facts = facts_of(row, row.started_at or row.call_started_at, answers, key)
    until = row.blocked_until if recording.custody is Custody.BLOCKED else None
    return KeptRecording(recording, facts, bool(row.is_held), bool(row.is_ours), until)


def _verdict(each: KeptRecording, fate: Fate) -> tuple[AtEnd, str, datetime | None]:
    """Return what becomes of a recording, why, and when; a block's date goes before any rule."""
    if each.recording.custody is Custody.BLOCKED:
        until = each.blocked_until
        return AtEnd.DESTROY, "end of block", midnight(until) if until else None
    if fate.rule is None:
        return AtEnd.DESTROY, "", None
    return fate.rule.at_end, f"retention: {fate.rule.name}, {fate.rule.term}", fate.over_at


def _block(
    connection: Connection, sids: Sequence[str], why: str, until: date, now: datetime
) -> list[str]:
    order = Order("", OrderKind.BLOCK, now, OURSELVES.name, why)
    draft = AuditDraft(now, OURSELVES.name, "", Action.BLOCK, detail={"rule": why})
    blocked = block_recordings(connection, sids, order=order, until=until, audited=draft)
    return [each.sid for each in blocked]


def _destroy(connection: Connection, sids: Sequence[str], why: str, now: datetime) -> list[str]:
    """Order that recordings are destroyed: each with its order, and its entry of the audit log."""
    these = recordings.c.sid.in_(sids) & recordings.c.state.in_(ERASABLE)
    change = update(recordings).where(these, ~held(), ~open_case()).values(to_be_erased(now))
    rows = connection.execute(change.returning(recordings))
    ordered = sorted(to_models(Recording, rows), key=lambda each: each.sid)
    for each in ordered:
        order = Order(each.sid, OrderKind.ERASE, now, OURSELVES.name, why)
        connection.execute(insert(orders), to_row(order, orders))
        draft = AuditDraft(
            now, OURSELVES.name, "", Action.ERASE, sid=each.sid, detail={"rule": why}
        )
        append(connection, draft)
    hint_recordings(connection, ordered)
    return [each.sid for each in ordered]
