"""Holds: what keeps recordings from being destroyed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    exists,
    false,
    insert,
    or_,
    select,
    true,
    update,
)

from twirec.catalog import advisory_locks
from twirec.catalog.audit import append
from twirec.catalog.conditions import (
    allowed,
    held,
    holding,
    holding_its_call,
    holding_its_number,
    of_an_open_case,
)
from twirec.catalog.database import Database, to_model, to_models, to_row
from twirec.catalog.hints import hint_recordings
from twirec.catalog.retention_tables import retention_stale
from twirec.catalog.tables import holds, recordings
from twirec.model.access import OURSELVES, Actor, Deed, may_ever
from twirec.model.audit import AuditDraft
from twirec.model.custody import Hold
from twirec.model.errors import CustodyRefused, NotFound
from twirec.model.records import Recording
from twirec.model.retention import Kept
from twirec.model.states import State


def keep_holds_out(connection: Connection) -> None:
    """Let no hold begin or end until the transaction ends: what `held` says stays so.

    On PostgreSQL a statement sees what was committed before it, and no lock of a row keeps out a
    hold that is a row of another table. So whoever destroys, or orders it, has this before the
    statement that asks `held`, and before any lock of a row; several of them do not wait for each
    other. SQLite has one writer at a time anyhow.
    """
    advisory_locks.share(connection, advisory_locks.HOLDS)


def check_not_held(database: Database, sid: str) -> None:
    """Check that a recording is not held, to say why nothing was done.

    Raises:
        CustodyRefused: it is; the message says for which cases.
    """
    cases = Holds(database).cases(sid)
    if cases:
        raise CustodyRefused(
            f"{sid} is held, for {', '.join(cases)}: nothing destroys it before that is lifted."
        )


class Holds:
    """Which recordings are held, for which case, and by whom.

    A hold and its entry of the audit log are both there, or neither. Holds are never taken away:
    one that was lifted says so, and forgets the number that it was of.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, hold: Hold, audited: AuditDraft) -> Hold:
        """Write a hold down. From then on nothing begins to destroy what it holds.

        What was ordered to be destroyed stays, as long as it is held, if no worker has begun.

        Args:
            hold: of a recording, or of a number.
            audited: its entry; the hold's number is added to it.

        Returns:
            The hold, with its number.

        Raises:
            CustodyRefused: the one recording that is to be held is being destroyed, or was.
        """
        with self._database.write() as connection:
            added = add_hold(connection, hold)
            append(connection, _with_number(audited, added))
        return added

    def get(self, number: int) -> Hold:
        """Return a hold.

        Raises:
            NotFound: there is none of that number.
        """
        with self._database.read() as connection:
            row = connection.execute(select(holds).where(holds.c.id == number)).first()
        if row is None:
            raise NotFound(f"There is no hold {number}.")
        return to_model(Hold, row)

    def of(self, sid: str) -> list[Hold]:
        """Return the holds on a recording, oldest first: on it, on its call, and on its numbers.

        Those on the recording itself are there after they were lifted too.
        """
        this = recordings.c.sid == sid
        its_own = holds.c.recording_sid == sid
        of_calls = exists().where(this, holding_its_call(recordings)).correlate(holds)
        of_numbers = exists().where(this, holding_its_number(recordings)).correlate(holds)
        statement = select(holds).where(its_own | of_calls | of_numbers).order_by(holds.c.id)
        with self._database.read() as connection:
            return to_models(Hold, connection.execute(statement))

    def page(
        self,
        *,
        case: str | None = None,
        lifted: bool = False,
        actor: Actor = OURSELVES,
        after: int = 0,
        limit: int = 100,
    ) -> Sequence[Hold]:
        """Return holds, oldest first.

        Args:
            case: only those of that case number.
            lifted: whether those that were lifted are there too.
            actor: who asks: holds on recordings that they may not know of are left out, and all
                for whom no details are.
            after: the number of the last one of the page before.
            limit: how many at the most.
        """
        theirs = exists().where(
            recordings.c.sid == holds.c.recording_sid,
            allowed(actor, Deed.SEE) | allowed(actor, Deed.OVERSEE),
        )
        known: ColumnElement[bool] = holds.c.recording_sid.is_(None) | theirs
        if not may_ever(actor, Deed.DETAILS):  # who knows only that something goes on
            known = false()
        statement = select(holds).where(holds.c.id > after, known)
        if case is not None:
            statement = statement.where(holds.c.case_number == case)
        if not lifted:
            statement = statement.where(holds.c.lifted_at.is_(None))
        with self._database.read() as connection:
            found = connection.execute(statement.order_by(holds.c.id).limit(limit))
            return to_models(Hold, found)

    def cases(self, sid: str) -> tuple[str, ...]:
        """Return the case numbers for which a recording is held, in order; none if it is not."""
        return tuple(sorted({hold.case_number for hold in self.of(sid) if not hold.lifted}))

    def sids(self, hold: int | None = None, *, after: str = "", limit: int = 500) -> Sequence[str]:
        """Return the recordings that are held, in order of their SIDs.

        Args:
            hold: only by the hold of that number.
            after: the last SID of the page before.
            limit: how many at the most.
        """
        which = true() if hold is None else holds.c.id == hold
        its_own = select(holds.c.recording_sid).where(
            which, holds.c.recording_sid.is_not(None), holds.c.lifted_at.is_(None)
        )
        of_call = select(recordings.c.sid).where(which, holding_its_call(recordings))
        of_number = select(recordings.c.sid).where(which, holding_its_number(recordings))
        these = its_own.union(of_call, of_number)
        statement = (
            select(recordings.c.sid)
            .where(recordings.c.sid.in_(these), recordings.c.sid > after)
            .order_by(recordings.c.sid)
            .limit(limit)
        )
        with self._database.read() as connection:
            return list(connection.scalars(statement))

    def all(self, hold: int) -> Iterator[str]:
        """Yield all recordings that a hold holds, in pages; see `sids`."""
        page = self.sids(hold)
        while page:
            yield from page
            page = self.sids(hold, after=page[-1])

    def is_held(self, sid: str) -> bool:
        """Return whether nothing may destroy a recording."""
        with self._database.read() as connection:
            statement = select(recordings.c.sid).where(recordings.c.sid == sid, held())
            return connection.execute(statement).first() is not None

    def check_may_be_lifted(self, ids: Sequence[int]) -> None:
        """Check that none of these holds is of a case that is open.

        Raises:
            CustodyRefused: one is; the message names the case.
        """
        with self._database.read() as connection:
            _check_no_open_case(connection, holds.c.id.in_(ids))

    def lift(
        self, ids: Sequence[int], *, by: str, at: datetime, reason: str, audited: AuditDraft
    ) -> Sequence[Hold]:
        """Lift holds, all of them or none.

        Args:
            ids: their numbers.
            by: who lifts them.
            at: now, UTC.
            reason: why.
            audited: the entry, which is written for each, with the hold's number.

        Raises:
            NotFound: one of them is not there, or was lifted already.
            CustodyRefused: one is of a case that is open.
        """
        with self._database.write() as connection:
            lifted = lift_holds(connection, ids, by=by, at=at, reason=reason)
            for hold in lifted:
                append(connection, _with_number(audited, hold))
        return lifted


def add_hold(connection: Connection, hold: Hold) -> Hold:
    """Write a hold down in a transaction that writes, before any row of it is locked.

    Raises:
        CustodyRefused: the one recording that is to be held is being destroyed, or was.
    """
    hold_off(connection)
    if hold.recording_sid is not None:
        _check_is_left(connection, hold.recording_sid, hold.at)
    row = to_row(hold, holds)
    del row["id"]
    return to_model(Hold, connection.execute(insert(holds).values(row).returning(holds)).one())


def lift_holds(
    connection: Connection, ids: Sequence[int], *, by: str, at: datetime, reason: str
) -> list[Hold]:
    """Lift holds in a transaction that writes; what waited for that is due again.

    A case lifts its own after it was closed in the same transaction.

    Raises:
        NotFound: one of them is not there, or was lifted already.
        CustodyRefused: one is of a case that is open.
    """
    hold_off(connection)
    these = holds.c.id.in_(ids) & holds.c.lifted_at.is_(None)
    _check_no_open_case(connection, these)
    waiting = recordings.c.state == State.ERASING
    due = select(recordings).where(waiting, _held_by(these))
    waits = to_models(Recording, connection.execute(due))
    changes = {"lifted_by": by, "lifted_at": at, "lifted_reason": reason, "number": None}
    lifting = update(holds).where(these).values(changes).returning(holds)
    lifted = sorted(to_models(Hold, connection.execute(lifting)), key=lambda hold: hold.id)
    calls_of = {(hold.account_sid, hold.call_sid) for hold in lifted if hold.call_sid}
    for account_sid, call_sid in sorted(calls_of):  # what was held may go at once
        stale = {"kept": Kept.CALLS, "account_sid": account_sid, "sid": call_sid}
        connection.execute(insert(retention_stale), stale)
    if len(lifted) != len(set(ids)):
        raise NotFound("There is no such hold any more.")
    hint_recordings(connection, waits)
    return lifted


def _check_no_open_case(connection: Connection, these: ColumnElement[bool]) -> None:
    needed = select(holds.c.id, holds.c.case_number).where(these, of_an_open_case())
    row = connection.execute(needed.order_by(holds.c.id).limit(1)).first()
    if row is not None:
        raise CustodyRefused(
            f"Hold {row.id} is of {row.case_number}, which is open: close the case once the "
            "customer was told of the resolution, and the hold ends."
        )


def _held_by(these: ColumnElement[bool]) -> ColumnElement[bool]:
    ways = (holding, holding_its_call, holding_its_number)
    one, *others = (exists().where(these, way(recordings)).correlate(recordings) for way in ways)
    return or_(one, *others)


def hold_off(connection: Connection) -> None:
    """Wait for those who destroy, or order it, and let none of them begin."""
    advisory_locks.take(connection, advisory_locks.HOLDS)


def _check_is_left(connection: Connection, sid: str, at: datetime) -> None:
    columns = recordings.c
    row: Any = connection.execute(
        select(columns.state, columns.destroyed_from, columns.lease, columns.lease_until).where(
            columns.sid == sid
        )
    ).first()
    if row is None:
        raise NotFound(f"The catalog has no recording {sid}.")
    if row.state is State.ERASED:
        raise CustodyRefused(f"{sid} is erased: there is nothing to hold.")
    works = row.lease is not None and row.lease_until > at
    if row.state is State.ERASING and row.destroyed_from is not None and works:
        raise CustodyRefused(
            f"{sid} is being destroyed since {row.destroyed_from:%Y-%m-%d %H:%M:%S} UTC: a hold "
            "comes too late."
        )
    if row.state is State.RELEASED and row.destroyed_from is not None:
        raise CustodyRefused(
            f"{sid} as it was archived is being destroyed just now: hold it once its copy without "
            "card numbers is in its place."
        )


def _with_number(audited: AuditDraft, hold: Hold) -> AuditDraft:
    """Return the entry with the number of the hold; the case is where the hold is."""
    sid = hold.recording_sid or audited.sid
    return replace(audited, sid=sid, detail={**audited.detail, "hold": hold.id})
