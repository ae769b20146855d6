"""Leases on the rows of a table: who works at what is due. Whoever lost one commits nothing."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Generic, TypeVar

from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Table,
    Update,
    bindparam,
    delete,
    func,
    or_,
    select,
    true,
    update,
)

from twirec.catalog.database import Database
from twirec.catalog.prepared import Prepared
from twirec.model.errors import CatalogError, LeaseLost
from twirec.model.lease import Lease
from twirec.model.ownership import Adopt

T = TypeVar("T")

ENDED: dict[str, Any] = {"lease": None, "lease_until": None}
"""What ends a lease."""

NOTHING: dict[str, Any] = {"last_error": ""}
"""What a step changes of the leased row itself, besides what else it does."""

Turn = Callable[[FromClause, Adopt], ColumnElement[bool]]
"""Makes a condition of rows, by what is adopted; it is one function of a module, made once."""


def anything(_: FromClause, __: Adopt) -> ColumnElement[bool]:
    """Return the condition of all rows."""
    return true()


class Leases(Generic[T]):
    """The queue of one table: its columns are `due_at`, `attempts`, `last_error` and the lease's.

    Args:
        database: where the table is.
        table: has one column as its primary key, of which what is read has a field of that name.
        read: makes the value of a row, in the transaction that claimed or changed it.
        turns: the conditions of what goes first, of what goes then, and so on; each is given the
            rows, which go by another name there, and what is adopted.
    """

    def __init__(
        self,
        database: Database,
        table: Table,
        read: Callable[[Connection, Row[Any]], T],
        turns: Sequence[Turn] = (anything,),
    ) -> None:
        self._database = database
        self._table = table
        (self._key,) = table.primary_key
        self._read = read
        self._turns = tuple(turns)

    def claim(
        self,
        now: datetime,
        lease_for: timedelta,
        only: str | None = None,
        also: Callable[[Connection, Lease[T]], Lease[T]] | None = None,
    ) -> Lease[T] | None:
        """Take what is due longest, and count an attempt; None if nothing is due.

        Two callers never get the same while the lease lasts.

        Args:
            now: the time, UTC.
            lease_for: how long the lease lasts, unless it is renewed.
            only: the key of the one row to take, if it is due; None for any.
            also: does more in the transaction, and returns the lease as it is after that.

        Raises:
            CatalogError: what is due cannot be read; it is nobody's until the lease ends.
        """
        token, until = uuid.uuid4().hex, now + lease_for
        given = {"now": now, "token": token, "claimed_until": until}
        if only is not None:
            given["only"] = only
        with self._database.write() as connection:
            try:
                adopt, alone = self._database.adopt, only is not None
                row = _claim(self._table, self._turns, adopt, alone).first(connection, given)
                if row is None:
                    return None
                lease = Lease(token, self._read(connection, row), until)
                return also(connection, lease) if also else lease
            except (LookupError, ValueError) as error:
                # Such as a word that a newer version wrote. It is claimed all the same, so that it
                # holds up nothing that is due after it.
                unread = f"{type(error).__name__}: {error}"
        raise CatalogError(f"A row of {self._table.name} cannot be read ({unread}).")

    def due_at(self, key: str) -> datetime | None:
        """Return when a row can be claimed, UTC; None if it is not due, now or later.

        Of what somebody works at: when their lease ends, unless they are done before.

        Args:
            key: of the row, which need not be there.
        """
        columns = self._table.c
        mine = or_(*(turn(self._table, self._database.adopt) for turn in self._turns))
        statement = select(columns.due_at, columns.lease, columns.lease_until).where(
            self._key == key, columns.due_at.is_not(None), mine
        )
        with self._database.read() as connection:
            row = connection.execute(statement).first()
        if row is None:
            return None
        due_at: datetime = row.due_at
        return due_at if row.lease is None else max(due_at, row.lease_until)

    def renew(self, lease: Lease[T], until: datetime) -> Lease[T]:
        """Extend a lease until a time, UTC. Raises `LeaseLost`."""
        with self.commit(lease, {"lease_until": until}) as (_, held):
            return replace(held, until=until)

    def postpone(
        self, lease: Lease[T], due_at: datetime | None, error: str, *, undecided: bool = False
    ) -> None:
        """End a lease; it is due again at `due_at`, or never (parked) when that is None.

        Raises `LeaseLost`.

        Args:
            lease: of what failed.
            due_at: UTC.
            error: why it failed.
            undecided: of no meaning here: nobody but the worker tries it.
        """
        with self.commit(lease, {**ENDED, "due_at": due_at, "last_error": error}):
            pass

    def give_back(self, lease: Lease[T]) -> None:
        """End a lease as if it had never been claimed. Raises `LeaseLost`."""
        with self.commit(lease, {**ENDED, "attempts": self._table.c.attempts - 1}):
            pass

    def remove(self, lease: Lease[T]) -> None:
        """Take the row away: nothing is due of it any more. Raises `LeaseLost`."""
        with self.commit(lease, ENDED) as (connection, held):
            its_own = self._key == getattr(held.item, self._key.name)
            connection.execute(delete(self._table).where(its_own))

    @contextmanager
    def commit(
        self,
        lease: Lease[T],
        values: dict[str, Any],
        where: ColumnElement[bool] | None = None,
        before: Callable[[Connection], object] = lambda _: None,
    ) -> Iterator[tuple[Connection, Lease[T]]]:
        """Change the leased row, and what else the block changes: all of it, or nothing.

        Args:
            lease: the right to it.
            values: what changes, by the name of the column.
            where: what has to hold of the row, one of few conditions that are made once; None for
                nothing.
            before: what the transaction begins with.

        Raises:
            LeaseLost: the lease is not held any more, or that does not hold.
        """
        key = getattr(lease.item, self._key.name)
        held = {"held_key": key, "held_token": lease.token}
        by_query = {name: of for name, of in values.items() if isinstance(of, ClauseElement)}
        given = held | {name: of for name, of in values.items() if name not in by_query}
        with self._database.write() as connection:
            before(connection)
            if by_query:
                changing = _changing(self._table, where).values(by_query)
                row = connection.execute(changing, given).first()
            else:
                row = _change(self._table, where).first(connection, given)
            if row is None:
                raise LeaseLost(f"{key} is somebody else's now.")
            yield connection, replace(lease, item=self._read(connection, row))


@cache
def _claim(table: Table, turns: tuple[Turn, ...], adopt: Adopt, alone: bool) -> Prepared:
    """Return what claims, made once: it is asked for each second by each thread."""
    (key,) = table.primary_key
    firsts = [_first(table, turn, adopt, alone=alone) for turn in turns]
    claiming = (
        update(table)
        .where(key == (func.coalesce(*firsts) if len(firsts) > 1 else firsts[0]))
        .values(
            lease=bindparam("token"),
            lease_until=bindparam("claimed_until"),
            attempts=table.c.attempts + 1,
        )
        .returning(table)
    )
    return Prepared(claiming)


def _first(table: Table, turn: Turn, adopt: Adopt, *, alone: bool) -> Any:
    (column,) = table.primary_key
    due, now = table.alias("due"), bindparam("now", type_=table.c.due_at.type)
    key = due.c[column.name]
    return (
        select(key)
        .where(due.c.due_at <= now, or_(due.c.lease.is_(None), due.c.lease_until <= now))
        .where(key == bindparam("only") if alone else true(), turn(due, adopt))
        .order_by(due.c.due_at, key)
        .limit(1)
        .with_for_update(skip_locked=True)  # SQLite has one writer at a time and ignores it
        .scalar_subquery()
    )


@cache
def _change(table: Table, where: ColumnElement[bool] | None) -> Prepared:
    """Return what changes a leased row, made once; what is given with it says to what."""
    return Prepared(_changing(table, where))


def _changing(table: Table, where: ColumnElement[bool] | None) -> Update:
    (key,) = table.primary_key
    held = (key == bindparam("held_key")) & (table.c.lease == bindparam("held_token"))
    changed = update(table).where(held, true() if where is None else where)
    return changed.returning(table)
