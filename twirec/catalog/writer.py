"""One connection by which all threads of a process write into a SQLite database, in groups.

SQLite has one writer at a time, and what is committed waits for the disk. Threads that each commit
by themselves wait for the disk one after another, and meanwhile for each other. Here each takes its
turn, in the order in which they came, within one transaction that stays open while others wait:

    A: BEGIN IMMEDIATE … ─┐            waits ───────────┬─ returns
    B:        waits       └ SAVEPOINT … RELEASE ─┐ waits ┼─ returns
    C:              waits                        └ … COMMIT ─ returns

Whoever comes last commits for all, and nobody returns before that: what was written is on the disk
then, or nothing of it is. A thread that fails undoes its own part, by its savepoint. That is what
databases call a group commit. Other processes wait for SQLite's own lock, see `begin_immediate`.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from twirec.catalog.waiting import begin_immediate, explain, patience
from twirec.model.errors import CatalogUnavailable

LONGEST_GROUP = 0.01
"""Seconds after which a group is committed though others wait: its first has waited for so long,
and other processes too."""

GRACE = 1.0
"""Seconds that whoever has written waits for the others of its group at the least.

That is a hundred times as long as it takes, unless one of them hangs: giving up undoes them all."""


INTERRUPTED = "It was interrupted while it was committed."
"""Why nothing of a group is written, where whoever ended it was stopped at that (Ctrl-C)."""


class Writer:
    """Lets threads write in turn, and commits what they wrote in groups.

    Args:
        connect: opens the connection.
    """

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._connection: Connection | None = None
        self._group: _Group | None = None
        self._mutex = threading.Lock()  # of what follows, and of what becomes of a group
        self._holder: int | None = None
        self._closing = False
        self._queue: deque[_Turn] = deque()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Write: all of it, or, after an error, none of it.

        Raises:
            CatalogUnavailable: others did not let it come to its turn in time, or what was written
                could not be committed. Nothing is written then, nor by others of its group.
            RuntimeError: the thread is in a transaction already, and would wait for itself.
        """
        self._take_turn()
        try:
            group = self._join()
        except BaseException:
            self._pass_on()
            raise
        done = False
        try:
            yield group.connection
            done = True
        finally:  # after an error too: what led to it may have been written by others of the group
            try:
                group.leave(done=done)
            except BaseException:  # Ctrl-C: nobody knows what was undone of it
                group.failure = group.failure or INTERRUPTED
                raise
            finally:
                self._pass_on()
            self._wait_for(group)

    def close(self) -> None:
        """Close the connection, as soon as nobody writes on it. The next transaction opens one."""
        with self._mutex:
            self._closing = True
            if self._holder is None:
                self._close()

    # --- turns --------------------------------------------------------------------------------

    def _take_turn(self) -> None:
        thread = threading.get_ident()
        with self._mutex:
            if self._holder is None:
                self._holder = thread
                return
            if self._holder == thread:
                raise RuntimeError("There is a transaction within a transaction that writes.")
            turn = _Turn(thread)
            self._queue.append(turn)
        try:
            came = turn.gate.acquire(timeout=patience())
        except BaseException:  # Ctrl-C
            if not self._withdraw(turn):
                self._pass_on()
            raise
        if not came and self._withdraw(turn):
            raise CatalogUnavailable("The catalog is busy: others of this process write into it.")

    def _withdraw(self, turn: _Turn) -> bool:
        """Wait no more. False if the turn has come in this very moment."""
        with self._mutex:
            if turn not in self._queue:
                return False
            self._queue.remove(turn)
            return True

    def _pass_on(self) -> None:
        """Let the next one write; before that, commit, if the group ends here."""
        group, goes_on = self._group, False
        try:
            with self._mutex:
                if group is not None:
                    if self._queue and not group.is_over():
                        goes_on = True
                        self._let_next()
                    else:
                        group.closed, self._group = True, None
            if group is not None and not goes_on:
                group.commit()
        finally:
            if not goes_on:
                self._end(group)

    def _end(self, group: _Group | None) -> None:
        """Let the next one write, and those go who waited for a group, whatever became of it."""
        with self._mutex:
            if group is not None:
                group.closed, self._group = True, None
            if self._closing or (group is not None and not group.kept):
                self._close()
            self._let_next()
        if group is not None:
            group.committed.set()

    def _let_next(self) -> None:
        self._holder = None
        if self._queue:
            turn = self._queue.popleft()
            self._holder = turn.thread
            turn.gate.release()

    # --- groups -------------------------------------------------------------------------------

    def _join(self) -> _Group:
        """Begin a group, or become a part of the one that is open."""
        if self._group is not None:
            self._group.join()
            return self._group
        if self._connection is None:
            self._connection = self._connect()
        try:
            self._group = _Group(self._connection)
        except BaseException:  # nobody knows what the connection is good for then
            self._closing = True
            raise
        return self._group

    def _wait_for(self, group: _Group) -> None:
        """Wait until a group is on the disk."""
        if not group.committed.is_set() and not group.committed.wait(max(patience(), GRACE)):
            with self._mutex:
                if not group.closed:
                    group.failure = "The catalog is busy: one of this process writes for too long."
            if group.closed:
                group.committed.wait()
        if not group.kept:
            raise CatalogUnavailable(group.failure or INTERRUPTED)

    def _close(self) -> None:
        connection, self._connection, self._closing = self._connection, None, False
        if connection is not None:
            with suppress(DBAPIError):
                connection.close()


class _Turn:
    """A thread that waits in the queue."""

    def __init__(self, thread: int) -> None:
        self.thread = thread
        self.gate = threading.Lock()
        self.gate.acquire()


class _Group:
    """What is committed together.

    Attributes:
        connection: that all of it is written on.
        closed: whether nobody joins any more, and it is being committed or was.
        failure: why nothing of it is committed; empty if nothing went wrong, or nobody knows what.
        kept: whether all went well to the end. Nobody takes it for that before: whoever commits may
            be interrupted anywhere.
        committed: set when it is on the disk, or when nothing of it is.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.closed = False
        self.failure = ""
        self.kept = False
        self.committed = threading.Event()
        self._transaction = connection.begin()  # which for SQLite is nothing
        begin_immediate(connection)
        self._driver: Any = connection.connection.dbapi_connection
        self._ends = time.monotonic() + LONGEST_GROUP
        self._joined = False
        self._undone = False

    def is_over(self) -> bool:
        """Whether nobody else should join."""
        return bool(self._undone or self.failure) or time.monotonic() > self._ends

    def join(self) -> None:
        """Let one more thread write. It is undone alone, which the first one need not be."""
        self._joined = True
        self._run("SAVEPOINT one")
        if self.failure:
            raise CatalogUnavailable(self.failure)

    def leave(self, *, done: bool) -> None:
        """Keep what the last thread wrote, or undo it."""
        if not self._joined:
            self._undone = not done
            return
        if not done:
            self._run("ROLLBACK TO one")
        self._run("RELEASE one")

    def commit(self) -> None:
        """Bring it to the disk, unless it failed."""
        if not self._driver.in_transaction and not self._undone:
            self.failure = self.failure or "The catalog has undone what was written."
        try:
            if self.failure or self._undone:
                self._transaction.rollback()
            else:
                self._transaction.commit()
        except DBAPIError as error:
            self.failure = self.failure or explain(error)
        self.kept = not self.failure

    def _run(self, statement: str) -> None:
        # Past SQLAlchemy, which has nothing to do with it and would take ten times as long.
        try:
            self._driver.execute(statement)
        except sqlite3.Error as error:  # as when SQLite has undone all of it, its disk being full
            self.failure = self.failure or f"The catalog cannot be used: {error}."
