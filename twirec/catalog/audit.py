"""The audit log, which is only ever added to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Row,
    RowMapping,
    Select,
    delete,
    func,
    insert,
    literal,
    select,
    text,
    union_all,
    update,
)

from twirec.catalog import advisory_locks
from twirec.catalog.database import Database, to_model, to_models, to_row
from twirec.catalog.events import write_event
from twirec.catalog.tables import audit, audit_check, calls, listenings, metadata, recordings
from twirec.model.audit import (
    HISTORIES,
    Action,
    AuditCheck,
    AuditDraft,
    AuditEntry,
    AuditHead,
    AuditOutcome,
    AuditQuery,
    Detail,
    chained,
    content_hash,
)
from twirec.model.events import EventType
from twirec.model.plain_text import plain

OF_HISTORIES = (Action.POLICY, Action.INFORM, Action.RETENTION)
"""The actions of entries that hold the hash of a row."""

DONE = audit.c.outcome == AuditOutcome.DONE


class Audit:
    """The audit log, whose entries are never changed or taken away.

    Each holds the hash of the one before: one that is changed, taken away or put in between later
    is found out. What belongs to a change of another table is appended in its transaction.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, draft: AuditDraft) -> AuditEntry:
        """Add an entry at the end of the chain. Of several at once, one follows the other."""
        with self._database.write() as connection:
            return append(connection, draft)

    def log(self, query: AuditQuery) -> list[AuditEntry]:
        """Return the entries that match, newest first."""
        statement = select(audit).order_by(audit.c.seq.desc()).limit(query.limit)
        if query.since is not None:
            statement = statement.where(audit.c.at >= query.since)
        if query.until is not None:
            statement = statement.where(audit.c.at < query.until)
        if query.before is not None:
            statement = statement.where(audit.c.seq < query.before)
        if query.action is not None:
            statement = statement.where(audit.c.action == query.action)
        if query.sid is not None:
            its_recordings = _recordings_of(calls.c.call_sid == query.sid)
            its = union_all(select(literal(query.sid)), its_recordings).subquery()
            statement = statement.where(audit.c.sid.in_(select(its)))
        if query.number is not None:
            statement = statement.where(audit.c.seq.in_(select(_about(query).subquery())))
        with self._database.read() as connection:
            if query.who is not None:
                names = _spelled(connection, query.who)
                statement = statement.where(audit.c.by.in_(names))
            return to_models(AuditEntry, connection.execute(statement))

    def endings(self, tried: Sequence[AuditEntry]) -> Mapping[int, AuditEntry]:
        """Return the entries that say what came of others, by the number of these."""
        if not tried:
            return {}
        ended = (
            select(audit)
            .where(
                audit.c.seq > min(each.seq for each in tried),
                audit.c.outcome != AuditOutcome.TRIED,
                audit.c.by.in_({each.by for each in tried}),
                audit.c.action.in_({each.action for each in tried}),
            )
            .order_by(audit.c.seq)
            .limit(MOST_BETWEEN)
        )
        with self._database.read() as connection:
            entries = to_models(AuditEntry, connection.execute(ended))
        return {
            int(str(each.detail["tried"])): each for each in entries if each.detail.get("tried")
        }

    def numbered(self, numbers: Collection[int]) -> Mapping[int, AuditEntry]:
        """Return the entries of some numbers, by these."""
        if not numbers:
            return {}
        statement = select(audit).where(audit.c.seq.in_(numbers))
        with self._database.read() as connection:
            entries = to_models(AuditEntry, connection.execute(statement))
        return {each.seq: each for each in entries}

    def entries(self, after: int, limit: int) -> list[AuditEntry]:
        """Return the entries whose `seq` is greater, in order."""
        statement = select(audit).where(audit.c.seq > after).order_by(audit.c.seq).limit(limit)
        with self._database.read() as connection:
            return to_models(AuditEntry, connection.execute(statement))

    def hashes(self, after: int, until: int, limit: int) -> list[tuple[int, str]]:
        """Return number and hash of the next entries after one, up to and with another."""
        span = (audit.c.seq > after) & (audit.c.seq <= until)
        statement = select(audit.c.seq, audit.c.hash).where(span).order_by(audit.c.seq)
        with self._database.read() as connection:
            return [(row.seq, row.hash) for row in connection.execute(statement.limit(limit))]

    def first_time(self, after: int, until: int) -> datetime | None:
        """Return the earliest time of the entries after one, up to another; None without any."""
        span = (audit.c.seq > after) & (audit.c.seq <= until)
        with self._database.read() as connection:
            found: datetime | None = connection.scalar(select(func.min(audit.c.at)).where(span))
        return found

    def histories(self) -> tuple[list[AuditEntry], Mapping[tuple[str, int], str]]:
        """Return what the log says of the rows of `HISTORIES`, and what they are, of one moment.

        Returns:
            The entries that hold the hash of a row, oldest first; and the hash of each row as it is
            now, by its table and number.
        """
        statement = (
            select(audit).where(audit.c.action.in_(OF_HISTORIES), DONE).order_by(audit.c.seq)
        )
        with self._database.read(snapshot=True) as connection:
            with connection.execute(statement, execution_options={"yield_per": 500}) as result:
                entries = [
                    entry
                    for row in result
                    if "content" in (entry := to_model(AuditEntry, row)).detail
                ]
            rows = {
                (name, row["id"]): content_hash({**row})
                for name in HISTORIES.values()
                for row in connection.execute(select(metadata.tables[name])).mappings()
            }
        return entries, rows

    def check(self) -> AuditCheck | None:
        """Return how far workers have looked at the log; None if they never did."""
        try:
            with self._database.read() as connection:
                row = connection.execute(select(audit_check)).first()
        except (ValueError, LookupError):  # so that all of it is looked at again
            return AuditCheck(why="what was remembered of it was changed")
        return None if row is None else to_model(AuditCheck, row)

    def set_check(self, check: AuditCheck) -> None:
        """Remember how far the log was looked at, and what was found; tell of it if it is new."""
        with self._database.write() as connection:
            if check.why and not connection.scalar(select(audit_check.c.why)):
                write_event(connection, EventType.AUDIT_BROKEN)
            connection.execute(delete(audit_check))
            connection.execute(insert(audit_check).values(id=1, **to_row(check, audit_check)))

    def head(self) -> AuditHead | None:
        """Return where the chain ends; None if nothing was ever written down."""
        with self._database.read() as connection:
            return _head(connection)


MOST_BETWEEN = 5000
"""Entries of the same people that are looked through for what came of what they tried."""

# One name after the other, each by the index: there are few people, and many entries.
_NAMES = text(
    'WITH RECURSIVE people (name) AS (SELECT min("by") FROM audit UNION ALL '
    'SELECT (SELECT min("by") FROM audit WHERE "by" > people.name) FROM people '
    "WHERE people.name IS NOT NULL) SELECT name FROM people WHERE name IS NOT NULL"
)


def _spelled(connection: Connection, who: str) -> list[str]:
    """Return a name as it was written down, in whichever letters."""
    return [name for name in connection.execute(_NAMES).scalars() if plain(name) == plain(who)]


def _recordings_of(condition: ColumnElement[bool]) -> Select[Any]:
    same = (recordings.c.account_sid == calls.c.account_sid) & (
        recordings.c.call_sid == calls.c.call_sid
    )
    return select(recordings.c.sid).select_from(calls.join(recordings, same)).where(condition)


def _about(query: AuditQuery) -> CompoundSelect[Any]:
    """Return the numbers of the entries about a number, its calls and their recordings."""
    named = select(audit.c.seq).where(audit.c.number == query.number)
    theirs = calls.c.customer_number == query.customer
    its = union_all(select(calls.c.call_sid).where(theirs), _recordings_of(theirs)).subquery()
    return union_all(named, select(audit.c.seq).where(audit.c.sid.in_(select(its))))


# Made once: to make a statement takes longer than to execute it.
ADD = insert(audit)
NEWEST = select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)


def append(connection: Connection, draft: AuditDraft) -> AuditEntry:
    """Add an entry in a transaction that writes: both are done, or neither.

    SQLite's transactions write one after the other anyhow; PostgreSQL's wait here.
    """
    lock(connection)
    entry = chained(draft, _head(connection))
    connection.execute(ADD, to_row(entry, audit))
    return entry


def lock(connection: Connection) -> None:
    """Let nobody else add to the log, nor to a history, before the transaction ends.

    On SQLite that is so from its begin.
    """
    advisory_locks.take(connection, advisory_locks.AUDIT)


def tell_of(connection: Connection, row: RowMapping, field: str, draft: AuditDraft) -> AuditEntry:
    """Add the entry of a row of a history, with its number and its hash, in its transaction.

    Args:
        connection: of the transaction in which the row was written.
        row: all its columns, as they are in the database.
        field: of `HISTORIES`.
        draft: the entry without these.
    """
    which = {field: row["id"], "content": content_hash({**row})}
    return append(connection, replace(draft, detail={**which, **draft.detail}))


def _head(connection: Connection) -> AuditHead | None:
    row = connection.execute(NEWEST).first()
    return AuditHead(row.seq, row.hash) if row else None


IDLE = timedelta(minutes=10)
"""Who asks for nothing more for so long has ended listening."""

MOST_SPANS = 100
"""So many spans are one entry; a player that jumps about more begins another."""

AT_ONCE = 100
"""Listenings of which the end is entered at once."""

Span = tuple[int, int | None]
"""Bytes from which and before which; None for as many as there will be."""


class Listenings:
    """What is being heard. Each of its methods and the entries it writes are one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, draft: AuditDraft, object_name: str, span: Span, *, alone: bool) -> int:
        """Write down that bytes are about to leave: a new listening, or one that goes on.

        Args:
            draft: who hears what of which recording, with what else is to be said at its end.
            object_name: which object.
            span: which bytes.
            alone: whether it is one by itself, as is a file that somebody takes out.

        Returns:
            The number of the listening, for `end`: that of the entry with which it began.
        """
        tried = replace(draft, outcome=AuditOutcome.TRIED)
        with self._database.write() as connection:
            known = None if alone else _going_on(connection, tried, object_name)
            if known is not None:
                going = [*known.going, list(span)]
                _set(connection, known.tried, {"going": going, "seen_at": tried.at})
                return int(known.tried)
            entry = append(connection, tried)
            row = {
                "recording_sid": tried.sid,
                "object_name": object_name,
                "by": tried.by,
                "role": tried.role,
                "action": tried.action,
                "detail": dict(tried.detail),
                "tried": entry.seq,
                "seen_at": tried.at,
                "going": [list(span)],
                "given": [],
            }
            connection.execute(insert(listenings).values(row))
            return entry.seq

    def end(
        self, number: int, span: Span, count: int, at: datetime, *, error: str, over: bool
    ) -> None:
        """Write down how many bytes of a span left.

        Args:
            number: of the listening. One that was closed meanwhile stays as it was entered.
            span: which bytes were asked for.
            count: how many of them were given.
            at: UTC.
            error: the name of what went wrong; empty if nothing did.
            over: whether the listening ends with it, as it does with an error.
        """
        with self._database.write() as connection:
            its_own = select(listenings).where(listenings.c.tried == number).with_for_update()
            row = connection.execute(its_own).first()
            if row is None:
                return
            going = [list(each) for each in row.going]
            if list(span) in going:
                going.remove(list(span))
            given = joined([*row.given, [span[0], span[0] + count]])
            if error or (over and not going):
                _close(connection, row, given, going, at, error)
            else:
                _set(connection, number, {"going": going, "given": given, "seen_at": at})

    def close_idle(self, now: datetime) -> int:
        """Enter the end of what nobody goes on hearing, and return how many listenings it was.

        They are no more than `AT_ONCE`; `now` is UTC.
        """
        idle = select(listenings).where(listenings.c.seen_at <= now - IDLE).limit(AT_ONCE)
        with self._database.write() as connection:
            rows = connection.execute(
                idle.order_by(listenings.c.seen_at).with_for_update(skip_locked=True)
            ).all()
            for row in rows:
                _close(connection, row, row.given, row.going, now, "")
        return len(rows)


def _going_on(connection: Connection, draft: AuditDraft, object_name: str) -> Row[Any] | None:
    """Return the listening that goes on; one that is over by now is closed."""
    same = (
        (listenings.c.recording_sid == draft.sid)
        & (listenings.c.object_name == object_name)
        & (listenings.c.by == draft.by)
        & (listenings.c.role == draft.role)
        & (listenings.c.action == draft.action)
    )
    newest = select(listenings).where(same).order_by(listenings.c.tried.desc()).with_for_update()
    # Heard again for something else, it is another listening.
    purpose = draft.detail.get("purpose")
    rows = connection.execute(newest).all()
    row = next((each for each in rows if each.detail.get("purpose") == purpose), None)
    if row is None:
        return None
    if row.seen_at > draft.at - IDLE and len(row.given) + len(row.going) < MOST_SPANS:
        return row
    if not row.going:
        _close(connection, row, row.given, row.going, draft.at, "")
    return None


def _close(
    connection: Connection,
    row: Row[Any],
    given: Iterable[Sequence[int]],
    going: Iterable[Sequence[Any]],
    at: datetime,
    error: str,
) -> None:
    """Enter what came of a listening, and forget it here."""
    spans = joined(given)
    unended = [(start, start if end is None else end) for start, end in going]
    outcome = AuditOutcome.DONE
    said: dict[str, Any] = {"tried": row.tried, "bytes": spans}
    if unended:  # whoever sent them was stopped: they count as given, as they may have left
        said = {**said, "bytes": joined([*spans, *unended]), "cut_short": True}
    if error or not (spans or unended):
        outcome = AuditOutcome.FAILED
        said["error"] = error or "nothing was read"
    detail: Detail = {**row.detail, **said}
    draft = AuditDraft(at, row.by, row.role, row.action, row.recording_sid, "", outcome, detail)
    append(connection, draft)
    connection.execute(delete(listenings).where(listenings.c.tried == row.tried))


def _set(connection: Connection, number: int, changes: Mapping[str, Any]) -> None:
    connection.execute(update(listenings).where(listenings.c.tried == number).values(changes))


def joined(spans: Iterable[Sequence[int]]) -> list[list[int]]:
    """Return spans in order, those that touch as one, and none that is empty.

    Args:
        spans: pairs of the first byte, and the one before which each ends.
    """
    result: list[list[int]] = []
    for start, end in sorted(tuple(each) for each in spans):
        if result and start <= result[-1][1]:
            result[-1][1] = max(result[-1][1], end)
        elif start < end:
            result.append([start, end])
    return result
