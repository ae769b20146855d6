"""Erasures that are carried out: what a worker empties and settles, each step a transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, exists, func, select, update

from twirec.catalog.audit import append
from twirec.catalog.conditions import (
    held,
    holding_its_call,
    holding_its_number,
    of_call,
    of_same_call,
)
from twirec.catalog.database import Database, to_model
from twirec.catalog.emptying import (
    OF_CALLS,
    OF_NUMBERS,
    OF_RECORDINGS,
    CallKey,
    days_of,
    empty,
    of_rows,
)
from twirec.catalog.erasure_tables import erased_copies, erasure_items, erasures
from twirec.catalog.erasures import CALL, RECORDING, destroy_blocked, write_lines
from twirec.catalog.holds import keep_holds_out
from twirec.catalog.leases import ENDED, NOTHING, Leases
from twirec.catalog.tables import calls, notes, recordings
from twirec.model.access import OURSELVES
from twirec.model.audit import Action, AuditDraft, Detail
from twirec.model.erasure import (
    OPEN,
    CertificateLine,
    Copy,
    CopyOutcome,
    Erasure,
    ErasureKind,
)
from twirec.model.journal import UNDATED
from twirec.model.lease import Lease
from twirec.model.plain_text import plain, without_digits
from twirec.model.states import NOTHING_THERE, State

GIVES_UP = timedelta(hours=26)
"""A call that nobody said the end of is over by then: Twilio's longest is 24 hours
(https://www.twilio.com/docs/voice/twiml/dial#timelimit)."""

WHILE_HELD = timedelta(hours=1)
"""After which one looks again whether something whose date has come is held still."""

_IS_OPEN = erasure_items.c.outcome.in_(sorted(OPEN))
_ORDERED = erased_copies.c.outcome == CopyOutcome.ORDERED
_OVER = (State.ERASED, *sorted(NOTHING_THERE), State.EXTERNAL)

A_DAY = timedelta(days=1)


class ErasureQueue:
    """Hands out erasures that are due. None is ever given up: an order stands until it is done.

    Args:
        leases: of their table.
        now: the clock, UTC.
    """

    def __init__(self, leases: Leases[Erasure], now: Callable[[], datetime]) -> None:
        self._leases = leases
        self._now = now
        self.claim = leases.claim
        self.due_at = leases.due_at
        self.renew = leases.renew
        self.give_back = leases.give_back

    def postpone(
        self,
        lease: Lease[Erasure],
        due_at: datetime | None,
        error: str,
        *,
        undecided: bool = False,
    ) -> None:
        """End a lease; what time does not mend is tried every day. Raises `LeaseLost`."""
        self._leases.postpone(lease, due_at or self._now() + A_DAY, error, undecided=undecided)


class Erasing:
    """What a worker does of an erasure that began. Every method may be done again after a crash."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._leases = Leases(database, erasures, lambda _, row: to_model(Erasure, row))

    def queue(self, now: Callable[[], datetime]) -> ErasureQueue:
        """Return what hands out the erasures that are due."""
        return ErasureQueue(self._leases, now)

    def come_due(self, lease: Lease[Erasure], at: datetime) -> None:
        """Order that what was blocked is destroyed, its date having come. Raises `LeaseLost`."""
        with self._leases.commit(lease, NOTHING, None, keep_holds_out) as (connection, held):
            destroy_blocked(connection, held.item, at)

    def ended_calls(self, key: str, now: datetime, limit: int) -> list[CallKey]:
        """Return calls of an erasure whose lines are to be emptied and that are over.

        A call is over when its line says when it ended, and nothing of it is being recorded or
        copied any more. What is held keeps its line: also if that was held after it was ordered.
        """
        busy = exists().where(
            of_call(recordings, calls.c.account_sid, calls.c.call_sid),
            recordings.c.state.in_([State.RECORDING, State.COMPLETED]),
        )
        over = calls.c.ended_at.is_not(None) | (calls.c.started_at < now - GIVES_UP)
        statement = (
            select(calls.c.account_sid, calls.c.call_sid)
            .join(erasure_items, of_call(calls, erasure_items.c.account_sid, erasure_items.c.sid))
            .where(self._open(key, CALL), over, ~busy, ~_is_held())
            .order_by(calls.c.started_at)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [(row.account_sid, row.call_sid) for row in connection.execute(statement)]

    def empty_calls(self, lease: Lease[Erasure], keys: Sequence[CallKey], at: datetime) -> None:
        """Empty what the catalog holds of calls, and write down which pages follow.

        Those of which something is held by now are left. Raises `LeaseLost`.
        """
        with self._leases.commit(lease, NOTHING, None, keep_holds_out) as (connection, _):
            begun = select(calls.c.account_sid, calls.c.call_sid, calls.c.started_at)
            mine = OF_CALLS[0].mine(keys) & ~_is_held()
            rows = connection.execute(begun.where(mine)).all()
            keys = [(row.account_sid, row.call_sid) for row in rows]
            days = {(row.call_sid, _day(row.started_at)) for row in rows}
            days |= {(row[1], _day(row[2])) for row in days_of(connection, OF_CALLS, keys)}
            empty(connection, OF_CALLS, keys)
            sids = [sid for _, sid in keys]
            lines = [CertificateLine(sid, Copy.LINE, CopyOutcome.DONE, at) for sid in sids]
            lines += [
                CertificateLine(sid, Copy.VENDOR_CALL, CopyOutcome.ORDERED, at)
                for sid in sids
                if sid.startswith("CA")
            ]
            write_lines(connection, lines, anew=True)
            write_lines(connection, _pages(sorted(days), at), anew=True)
            these = self._open(lease.item.id, CALL) & erasure_items.c.sid.in_(sids)
            connection.execute(
                update(erasure_items).where(these).values(outcome=CopyOutcome.DONE, why="")
            )

    def empty_rows(self, lease: Lease[Erasure], at: datetime) -> None:
        """Empty what other tables hold of the number. Raises `LeaseLost`."""
        key = lease.item.id
        with self._leases.commit(lease, NOTHING) as (connection, _):
            for emptied in OF_NUMBERS:
                name = emptied.table.name
                items = select(erasure_items.c.sid, erasure_items.c.account_sid).where(
                    self._open(key, name)
                )
                rows = [(sid, account) for sid, account in connection.execute(items)]
                if not rows:
                    continue
                which = of_rows(emptied, rows)
                filed = emptied.filed
                *_, own = emptied.table.primary_key
                if filed is not None:
                    found = connection.execute(select(own, filed).where(which))
                    write_lines(
                        connection,
                        _pages([(str(sid), _day(day)) for sid, day in found], at),
                        anew=True,
                    )
                connection.execute(update(emptied.table).where(which).values(emptied.values or {}))
                done = [
                    CertificateLine(sid, Copy.ROWS, CopyOutcome.DONE, at, name) for sid, _ in rows
                ]
                write_lines(connection, done, anew=True)
                connection.execute(
                    update(erasure_items)
                    .where(self._open(key, name))
                    .values(outcome=CopyOutcome.DONE)
                )

    def mask_notes(self, lease: Lease[Erasure], at: datetime) -> None:
        """Leave the number out of the notes of other calls that name it. Raises `LeaseLost`."""
        its = self._open(lease.item.id, notes.name)
        with self._leases.commit(lease, NOTHING) as (connection, _):
            places = dict(
                connection.execute(
                    select(erasure_items.c.sid, erasure_items.c.why).where(its)
                ).all()
            )
            if not places:
                return
            these = notes.c.id.in_([int(key) for key in places])
            found = connection.execute(
                select(notes.c.id, notes.c.at, notes.c.text).where(these).with_for_update()
            ).all()
            for note in found:
                text = without_digits(note.text, places[str(note.id)])
                changed = update(notes).where(notes.c.id == note.id)
                connection.execute(changed.values(text=text, plain_text=plain(text)))
            pages = [(str(note.id), _day(note.at)) for note in found]
            write_lines(connection, _pages(pages, at), anew=True)
            done = [
                CertificateLine(key, Copy.ROWS, CopyOutcome.DONE, at, notes.name) for key in places
            ]
            write_lines(connection, done, anew=True)
            settled = update(erasure_items).where(its)
            connection.execute(settled.values(outcome=CopyOutcome.DONE, why=""))

    def settle_recordings(self, lease: Lease[Erasure], at: datetime) -> None:
        """Write down which recordings are destroyed, or never came to be, and which pages follow.

        Raises `LeaseLost`.
        """
        key = lease.item.id
        with self._leases.commit(lease, NOTHING) as (connection, _):
            its = (erasure_items.c.erasure == key) & (erasure_items.c.kind == RECORDING)
            unsettled = its & (_IS_OPEN | (erasure_items.c.outcome == CopyOutcome.NOTHING))
            over = (
                select(recordings.c.sid, recordings.c.started_at, recordings.c.state)
                .join(erasure_items, erasure_items.c.sid == recordings.c.sid)
                .where(unsettled, erasure_items.c.why != "settled")
                .where(recordings.c.state.in_(_OVER))
            )
            rows = connection.execute(over).all()
            if not rows:
                return
            sids = [row.sid for row in rows]
            days = {(row.sid, _day(row.started_at)) for row in rows}
            days |= {(row[0], _day(row[1])) for row in days_of(connection, OF_RECORDINGS, sids)}
            nothing = [row.sid for row in rows if row.state is not State.ERASED]
            if nothing:
                empty(connection, OF_RECORDINGS, nothing)
            write_lines(connection, _pages(sorted(days), at), anew=True)
            for outcome, those in (
                (CopyOutcome.NOTHING, nothing),
                (CopyOutcome.DONE, [sid for sid in sids if sid not in nothing]),
            ):
                settled = update(erasure_items).where(its, erasure_items.c.sid.in_(those))
                connection.execute(settled.values(outcome=outcome, why="settled"))

    def pages(self, key: str) -> list[date]:
        """Return the days whose pages in the bucket have still to be written anew."""
        name = erased_copies.c.name
        statement = select(name).where(self._lines(key), erased_copies.c.copy == Copy.JOURNAL)
        with self._database.read() as connection:
            days = connection.scalars(statement.distinct().order_by(name))
            return [date.fromisoformat(day) for day in days]

    def page_written(
        self, lease: Lease[Erasure], day: date, at: datetime, until: datetime | None
    ) -> None:
        """Write down that a page is without what was erased. Raises `LeaseLost`.

        Somebody else may have emptied more of that day since who lost the lease wrote its page.

        Args:
            lease: of the erasure.
            day: of the page.
            at: now, UTC.
            until: until when the bucket can bring an older one back, UTC; None if it cannot.
        """
        outcome = CopyOutcome.DONE if until is None else CopyOutcome.PENDING
        of_day = (erased_copies.c.copy == Copy.JOURNAL) & (erased_copies.c.name == day.isoformat())
        with self._leases.commit(lease, NOTHING) as (connection, _):
            written = update(erased_copies).where(self._lines(lease.item.id), of_day)
            why = "" if until is None else "soft_delete"
            connection.execute(written.values(outcome=outcome, at=at, until=until, why=why))

    def settle(self, lease: Lease[Erasure], lines: Sequence[CertificateLine]) -> None:
        """Write down what became of copies. Raises `LeaseLost`.

        What Twilio refused to one may be done by the next.
        """
        with self._leases.commit(lease, NOTHING) as (connection, _):
            write_lines(connection, lines, anew=True)

    def vendor_calls(self, key: str, limit: int) -> list[CallKey]:
        """Return calls whose record the vendor has still to delete."""
        statement = (
            select(erasure_items.c.account_sid, erasure_items.c.sid)
            .join(erased_copies, erased_copies.c.sid == erasure_items.c.sid)
            .where(erasure_items.c.erasure == key, erasure_items.c.kind == CALL, _ORDERED)
            .where(erased_copies.c.copy == Copy.VENDOR_CALL)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [(account, sid) for account, sid in connection.execute(statement)]

    def finish(self, lease: Lease[Erasure], now: datetime, wait: timedelta) -> bool:
        """End the lease: for good if nothing is left for us to do, or else for some time.

        Of what is blocked the rest comes on its date, or once nothing holds it. That nothing is
        left is on the audit log.

        Args:
            lease: of the erasure.
            now: the time, UTC.
            wait: after which one looks again.

        Returns:
            Whether nothing is left. Raises `LeaseLost`.
        """
        key = lease.item.id
        items = select(func.count()).where(erasure_items.c.erasure == key, _IS_OPEN)
        lines = select(func.count()).select_from(erased_copies).where(self._lines(key))
        blocked = select(func.count()).where(
            erasure_items.c.erasure == key, erasure_items.c.outcome == CopyOutcome.BLOCKED
        )
        with self._database.read() as connection:
            left = (connection.scalar(items) or 0) + (connection.scalar(lines) or 0)
            waits = (
                left == 0 and lease.item.kind is ErasureKind.BLOCK and connection.scalar(blocked)
            )
        values = {**ENDED, "due_at": now + wait, "last_error": ""}
        if waits and lease.item.until is not None:
            until = lease.item.until
            comes = datetime(until.year, until.month, until.day, tzinfo=now.tzinfo)
            values["due_at"] = max(comes, now + WHILE_HELD)  # it came: then something is held
        done = not left and not waits
        if done:
            values |= {"due_at": None, "done_at": now}
        with self._leases.commit(lease, values) as (connection, held):
            if done:
                append(connection, _erased(connection, held.item, now))
            return done

    def _open(self, key: str, kind: str) -> ColumnElement[bool]:
        return (erasure_items.c.erasure == key) & (erasure_items.c.kind == kind) & _IS_OPEN

    def _lines(self, key: str) -> ColumnElement[bool]:
        """Return the condition of the copies of an erasure that are still to be destroyed."""
        of_it = select(erasure_items.c.sid).where(erasure_items.c.erasure == key)
        return erased_copies.c.sid.in_(of_it) & _ORDERED


def _erased(connection: Connection, erasure: Erasure, at: datetime) -> AuditDraft:
    """Return the entry that nothing is left of an erasure, with how many copies went or stay."""
    its = erasure_items.c.erasure == erasure.id
    copies = select(func.count()).where(
        erased_copies.c.sid.in_(select(erasure_items.c.sid).where(its))
    )
    refused = select(func.count()).where(its, erasure_items.c.outcome == CopyOutcome.REFUSED)
    count = {
        outcome: connection.scalar(copies.where(erased_copies.c.outcome == outcome)) or 0
        for outcome in (CopyOutcome.DONE, CopyOutcome.PENDING, CopyOutcome.REFUSED)
    }
    detail: Detail = {
        "erasure": erasure.id,
        "destroyed": count[CopyOutcome.DONE],
        "pending": count[CopyOutcome.PENDING],
        "refused": count[CopyOutcome.REFUSED] + (connection.scalar(refused) or 0),
    }
    of = (erasure.sid, erasure.number)
    me = (OURSELVES.name, OURSELVES.role)
    return AuditDraft(at, *me, Action.ERASED, *of, detail=detail)


def _is_held() -> ColumnElement[bool]:
    """Return the condition of calls of which something is held.

    Their lines are not emptied: a hold of a number finds by them what it holds.
    """
    its = exists().where(of_same_call(recordings, calls), held()).correlate(calls)
    of_line = exists().where(holding_its_call(calls)).correlate(calls)
    return its | of_line | exists().where(holding_its_number(calls)).correlate(calls)


def _day(at: datetime | None) -> date:
    return UNDATED if at is None else at.date()


def _pages(days: Sequence[tuple[str, date]], at: datetime) -> list[CertificateLine]:
    return [
        CertificateLine(sid, Copy.JOURNAL, CopyOutcome.ORDERED, at, day.isoformat())
        for sid, day in days
    ]
