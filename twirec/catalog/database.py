"""The database: transactions, its errors in our words, and rows as values of the model."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from dataclasses import fields
from datetime import datetime
from functools import cache, partial
from math import ceil
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote
from weakref import WeakSet

from sqlalchemy import (
    URL,
    ColumnElement,
    Connection,
    Engine,
    Insert,
    Row,
    Table,
    create_engine,
    event,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import StaticPool

from twirec.catalog import waiting
from twirec.catalog.urls import NO_DRIVER, database_url
from twirec.catalog.waiting import begin_immediate
from twirec.catalog.writer import Writer
from twirec.model.errors import CatalogUnavailable, SettingsError
from twirec.model.hints import Hint
from twirec.model.ownership import OURS, Adopt
from twirec.model.steady import is_limited

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import Insert as PostgresInsert
    from sqlalchemy.dialects.sqlite import Insert as SqliteInsert

NOTICEABLE = 0.5
"""Seconds after which a failure has kept somebody waiting who should not have to wait again."""

BETWEEN_LOOKS = 0.5
"""Seconds between two looks whether the database is back."""

log = logging.getLogger("twirec.catalog")


class Outages:
    """Lets one caller find out by waiting that the database is away, and the next ones know.

    Only where somebody waits (`spend_at_most`): workers and commands try as long as they may.
    Whether it is back is looked at in a thread of its own, so that nobody on the phone finds out.

    Args:
        look: raises CatalogUnavailable while nothing can be written.
    """

    def __init__(self, look: Callable[[], None]) -> None:
        self._look = look
        self._away = False
        self._begins = threading.Lock()
        self._closed = threading.Event()

    @contextmanager
    def minded(self) -> Iterator[None]:
        """A transaction.

        Raises:
            CatalogUnavailable: at once, while the database is known to be away.
        """
        if not is_limited():
            yield
            return
        if self._away:
            raise CatalogUnavailable("The catalog was away a moment ago, and is not back.")
        began = time.monotonic()
        try:
            yield
        except CatalogUnavailable as error:
            if time.monotonic() - began > NOTICEABLE and _is_of_all(error):
                self._begin()
            raise

    def close(self) -> None:
        """Look no more."""
        self._closed.set()

    def _begin(self) -> None:
        with self._begins:
            if self._away or self._closed.is_set():
                return
            self._away = True
        look = threading.Thread(target=self._look_until_back, name="twirec-catalog", daemon=True)
        try:
            look.start()
        except Exception:  # no thread is left: nobody would find out that it is back
            self._away = False
            log.exception("the catalog is away, and nobody can look whether it is back")
            return
        log.error("the catalog is away: calls are connected unrecorded")

    def _look_until_back(self) -> None:
        while not self._closed.wait(BETWEEN_LOOKS):
            try:
                self._look()
            except CatalogUnavailable:
                continue
            except Exception:  # whatever it is: who looks no more turns all callers away for good
                log.exception("looking whether the catalog is back failed")
                continue
            self._away = False
            log.warning("the catalog is back")
            return


OF_ALL = ("08", "53", "57P")
"""How that begins which PostgreSQL says to everybody: no connection, no room, or shut down.

All else is of one statement, such as a deadlock (40P01), or that it took too long (57014)
(https://www.postgresql.org/docs/current/errcodes-appendix.html)."""


def _is_of_all(error: CatalogUnavailable) -> bool:
    """Whether others would fail too: not where one of PostgreSQL's statements did."""
    cause = error.__cause__
    if not isinstance(cause, DBAPIError) or cause.connection_invalidated:
        return True
    said = getattr(cause.orig, "sqlstate", None)  # none without a connection, and none of SQLite
    return said is None or said.startswith(OF_ALL)


CONNECT_PATIENCE = 3
"""Seconds after which a connection to a server that does not answer is given up."""

MOST_CONNECTIONS = 64
"""Connections that a process opens at the most.

It opens no more than its threads use at once, and keeps them; what is used last is used next, so
that the others may be idle. More threads than this would wait for each other.
"""


class Database:
    """One database, opened at the first transaction.

    Reads have connections of their own and wait for nobody. On SQLite all writes of a process go
    through one connection (`writer.py`), on PostgreSQL each has its own.

    It may be made, and used, before a process forks: what idles is closed before, as SQLite demands
    (https://www.sqlite.org/howtocorrupt.html, section 2.6), and the child opens its own.

    Args:
        url: a SQLAlchemy URL. `sqlite://` alone lives in memory, for tests.
        events: the clock by which events are dated; None if none are to be written.
        look: looks at the database in the first transaction, and raises what forbids to use it.

    Attributes:
        hinting: what is told, after a commit, of what it made due; it returns at once and raises
            nothing. None for nobody.
        notifying: the same within the transaction, which the database itself then tells of.
    """

    def __init__(
        self,
        url: str,
        events: Callable[[], datetime] | None = None,
        look: Callable[[Connection], object] | None = None,
        *,
        adopt: Adopt = OURS,
    ) -> None:
        self.adopt = adopt
        self._events = events
        self.hinting: Callable[[Sequence[Hint]], None] | None = None
        self.notifying: Callable[[Connection, Sequence[Hint]], None] | None = None
        self._look = look
        try:
            self.url = database_url(url)
        except ValueError as error:
            raise SettingsError([f"TWIREC_DATABASE_URL is wrong: {error}"]) from None
        self._is_sqlite = self.url.get_backend_name() == "sqlite"
        self._memory = self._is_sqlite and self.url.database in (None, "", ":memory:")
        self._on_disk = self._is_sqlite and not self._memory
        # Threads share the one connection that a database in memory lives in, so they take turns.
        self._turn = threading.RLock() if self._memory else nullcontext()
        self._outages = Outages(self._write_nothing)
        try:
            self.engine = self._make_engine()
        except ImportError:
            raise SettingsError([f"TWIREC_DATABASE_URL: {NO_DRIVER}"]) from None
        self._writer = Writer(self._open_writer)
        if not self._memory:
            _databases.add(self)

    def _make_engine(self) -> Engine:
        options: dict[str, Any] = {"hide_parameters": True}  # numbers, and errors end up in logs
        if self._memory:
            options |= {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}
        else:
            options |= {
                "pool_size": MOST_CONNECTIONS,
                "max_overflow": 0,
                "pool_use_lifo": True,
                "pool_timeout": CONNECT_PATIENCE,
                "connect_args": {"timeout": waiting.PATIENCE} if self._is_sqlite else {},
            }
        url = self.url
        if self._is_sqlite:
            engine = create_engine(url if self._memory else _only_what_is_there(url), **options)
            event.listen(engine, "connect", _prepare_sqlite)
        else:
            options["connect_args"] = {
                name: value for name, value in _POSTGRES.items() if name not in url.query
            }
            engine = create_engine(url, **options)
            event.listen(engine, "connect", _prepare_postgres)
        return engine

    @contextmanager
    def read(self, *, snapshot: bool = False, by_index: bool = False) -> Iterator[Connection]:
        """A transaction that only reads.

        Args:
            snapshot: whether all of it is as of one moment; on SQLite every transaction is
                (https://www.sqlite.org/isolation.html).
            by_index: whether all of it finds a few rows by indexes, whatever PostgreSQL believes of
                its data.
        """
        begin: Callable[[Connection], None] = _begin_to_read
        if not self._is_sqlite:
            begin = partial(_begin_postgres, snapshot=snapshot, by_index=by_index)
        with self._transaction(), self._begun(begin) as reader:
            self._look_once(reader)
            yield reader

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes: all of it, or, after an error, none of it.

        No other may be begun within it.
        """
        hints: list[Hint] = []  # see `twirec.catalog.hints`
        with self._transaction(), self._writing() as connection:
            self._look_once(connection)
            yield connection.execution_options(twirec_events=self._events, twirec_hints=hints)
            if hints and self.notifying:
                self.notifying(connection, hints)
        if hints and self.hinting:
            self.hinting(hints)

    @property
    def has_at_once(self) -> bool:
        """Whether `at_once` may be used: on PostgreSQL, once the first transaction has looked."""
        return not self._is_sqlite and self._look is None

    @contextmanager
    def at_once(self) -> Iterator[Connection]:
        """Statements that are each a transaction of its own, which only PostgreSQL has quickly.

        To begin and to commit are two more ways to the server and back. Each says by itself for how
        long it waits (`waiting.lock_patience`), and may have been done although its connection was
        lost: `CatalogUnavailable.__cause__` says so. Who waits for work is told after it, and by
        looking if that fails.
        """
        hints: list[Hint] = []
        with self._transaction(), closing(self.engine.connect()) as connection:
            yield connection.execution_options(twirec_events=self._events, twirec_hints=hints)
            if hints and self.notifying:
                self.notifying(connection, hints)
        if hints and self.hinting:
            self.hinting(hints)

    def _writing(self) -> AbstractContextManager[Connection]:
        if self._on_disk:
            return self._writer.transaction()
        return self._begun(begin_immediate if self._is_sqlite else _begin_postgres)

    @contextmanager
    def _begun(self, begin: Callable[[Connection], None]) -> Iterator[Connection]:
        """Begin a transaction on a connection of its own, and end it.

        A server that was started anew has closed all that there were. That is found out when the
        transaction begins, and it begins once more then: asking each connection before whether it
        lives would take as long as a statement.
        """
        connection = self.engine.connect()
        try:
            transaction = connection.begin()  # which for the database is nothing
            try:
                begin(connection)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                connection.close()
                connection = self.engine.connect()
                transaction = connection.begin()
                begin(connection)
            yield connection
            transaction.commit()
        finally:
            connection.close()

    def _open_writer(self) -> Connection:
        connection = self.engine.connect()
        connection.detach()  # it is none of those that reads share
        driver: Any = connection.connection.dbapi_connection
        driver.execute("PRAGMA busy_timeout = 0")  # `begin_immediate` waits in its own way
        return connection

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._turn, self._outages.minded():
            try:
                yield
            except DBAPIError as error:
                raise CatalogUnavailable(self._absent() or waiting.explain(error)) from error
            except PoolTimeoutError as error:
                raise CatalogUnavailable("The catalog has no free connection.") from error

    def _look_once(self, connection: Connection) -> None:
        if self._look is not None:
            self._look(connection)
            self._look = None

    def _write_nothing(self) -> None:
        with self.write():
            pass

    def insert_once(self, connection: Connection, table: Table, values: dict[str, Any]) -> bool:
        """Insert a row unless one with its primary key is there. True if it was inserted."""
        statement = _insert_once(self.engine.dialect.name, table)
        by_query = {name: of for name, of in values.items() if isinstance(of, ColumnElement)}
        if by_query:
            statement = statement.values(by_query)
        given = {name: of for name, of in values.items() if name not in by_query}
        # Not by rowcount: psycopg says -1 here.
        return connection.execute(statement, given).first() is not None

    @property
    def file(self) -> Path | None:
        """The file of a SQLite database; None for one in memory, and for other databases."""
        return Path(self.url.database or "") if self._on_disk else None

    def make_file(self) -> None:
        """Make the file of a SQLite database, readable by its owner only: it holds numbers.

        SQLite gives the files beside it, `-wal` and `-shm`, the same mode.

        Raises:
            CatalogUnavailable: it cannot be made there; the message says where and why.
        """
        if self.file is None:
            return
        try:
            self.file.touch(mode=0o600, exist_ok=True)
        except OSError as error:
            raise CatalogUnavailable(
                f"The catalog cannot be made at {self.file.absolute()}: {error.strerror}."
            ) from error

    def shorten_log(self) -> None:
        """Bring what was written into the file of a SQLite database, and empty the log beside it.

        What is deleted is overwritten in the file, and stays in the log until then. If others are
        reading, the next time does it. For other databases nothing is done.

        Source: https://www.sqlite.org/pragma.html#pragma_wal_checkpoint.
        """
        if self.file is None:
            return
        with (
            self._transaction(),
            closing(self.engine.raw_connection()) as connection,
            suppress(sqlite3.OperationalError),
        ):
            connection.detach()  # others wait longer than it may hold up those who write
            for statement in ("busy_timeout = 1000", "wal_checkpoint(TRUNCATE)"):
                connection.cursor().execute(f"PRAGMA {statement}").fetchall()

    def close(self) -> None:
        """Close all connections."""
        self._outages.close()
        self._close_what_idles()

    def _close_what_idles(self) -> None:
        self._writer.close()
        self.engine.dispose()

    def _begin_anew(self) -> None:
        """Leave to the parent of a process what is open, and open one's own."""
        self._of_parent = (self.engine.pool, self._writer)  # kept: to close it is not ours
        self.engine.dispose(close=False)
        self._writer = Writer(self._open_writer)
        self._outages = Outages(self._write_nothing)

    def _absent(self) -> str:
        """Return that there is no file, and where it is looked for; empty if there is one."""
        if self.file is None or self.file.is_file():
            return ""
        if self.file.is_dir():
            return f"TWIREC_DATABASE_URL names a folder, {self.file.absolute()}: name a file in it."
        return f"There is no catalog at {self.file.absolute()}: run `twirec init`."


def insert_into(table: Table, dialect: str) -> SqliteInsert | PostgresInsert:
    """Return an insertion that says what to do where a row is there already.

    Args:
        table: into which.
        dialect: of the database. Only its own is loaded, as both take long.
    """
    if dialect == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


@cache  # to make a statement takes longer than to execute it
def _insert_once(dialect: str, table: Table) -> Insert:
    statement, key = insert_into(table, dialect), list(table.primary_key)
    return statement.on_conflict_do_nothing(index_elements=key).returning(*key)


def _only_what_is_there(url: URL) -> URL:
    """Let SQLite make no file: it would be one that others may read, and an empty catalog.

    `mode=rw` opens what is there and makes nothing (https://www.sqlite.org/uri.html).
    """
    if "uri" in url.query:  # whoever writes one themselves knows what they want of it
        return url
    path = quote(str(Path(url.database or "").absolute()))
    return url.set(database=f"file:{path}").update_query_dict({"mode": "rw", "uri": "true"})


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we begin transactions ourselves, see `begin_immediate`
    for pragma in (
        "journal_mode=WAL",  # readers do not wait for the writer
        "synchronous=FULL",  # what is committed survives a power cut (https://sqlite.org/pragma.html)
        "foreign_keys=ON",
        "secure_delete=ON",  # what is deleted is overwritten: Debian's default, and not SQLite's
    ):
        connection.execute(f"PRAGMA {pragma}").close()


# Transactions begin past SQLAlchemy: by an event of its, each statement would ask for listeners.


def _begin_to_read(connection: Connection) -> None:
    """Begin a transaction on SQLite that only reads.

    It waits for nobody but who mends the log beside the file after a crash: for whole seconds, and
    not longer than is left of a budget.
    """
    driver: Any = connection.connection.dbapi_connection
    seconds = ceil(waiting.patience())
    if seconds != connection.info.get("twirec_patience"):
        driver.execute(f"PRAGMA busy_timeout = {seconds * 1000}")
        connection.info["twirec_patience"] = seconds
    driver.execute("BEGIN")


_POSTGRES: dict[str, Any] = {
    "connect_timeout": CONNECT_PATIENCE,
    # A host that is gone says nothing (https://www.postgresql.org/docs/current/libpq-connect.html).
    "keepalives_idle": CONNECT_PATIENCE,
    "keepalives_interval": 1,
    "tcp_user_timeout": CONNECT_PATIENCE * 1000,
}


def _prepare_postgres(connection: Any, _record: object) -> None:
    connection.autocommit = True  # we begin transactions ourselves, see _begin_postgres


BY_INDEX = "".join(
    f"; SET LOCAL {setting} = off"
    for setting in ("enable_bitmapscan", "enable_hashjoin", "enable_mergejoin", "jit")
)
"""What reads, sorts or compiles for many rows, which pays for many only: who believes that of the
newest few there are few in all reads all of them
(https://www.postgresql.org/docs/current/runtime-config-query.html)."""


def _begin_postgres(
    connection: Connection, *, snapshot: bool = False, by_index: bool = False
) -> None:
    """Begin, and say how long a statement may take, in one question to the server."""
    driver: Any = connection.connection.dbapi_connection
    begin = "BEGIN ISOLATION LEVEL REPEATABLE READ" if snapshot else "BEGIN"
    patience = f"SET LOCAL statement_timeout = {round(waiting.patience() * 1000)}"
    patience += BY_INDEX if by_index else ""
    try:
        driver.execute(f"{begin}; {patience}", prepare=False)
    except driver.Error:
        connection.exec_driver_sql(begin)  # whose error is SQLAlchemy's


_databases: WeakSet[Database] = WeakSet()
"""All that may have connections, which no fork may share."""


def _each(do: Callable[[Database], None]) -> None:
    for database in list(_databases):
        do(database)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=partial(_each, Database._close_what_idles),
        after_in_child=partial(_each, Database._begin_anew),
    )


Model = TypeVar("Model")


def to_model(kind: Callable[..., Model], row: Row[Any]) -> Model:
    """Return the value of a row.

    Args:
        kind: its class, a dataclass each of whose fields is a column.
        row: has these columns, and may have more.
    """
    return kind(*_fields(kind)(row))


def to_models(kind: Callable[..., Model], rows: Iterable[Row[Any]]) -> list[Model]:
    """Return the values of rows, in their order. See `to_model`."""
    read = _fields(kind)
    return [kind(*read(row)) for row in rows]


def to_row(value: object, table: Table) -> dict[str, Any]:
    """Return the columns of a table that a value has, as fields or as properties."""
    kind: Any = type(value)
    return {name: getattr(value, name) for name in _columns(kind, table)}


# Once for each class: a search reads some thousand rows.


@cache
def _fields(kind: Any) -> Callable[[Row[Any]], tuple[Any, ...]]:
    return attrgetter(*(field.name for field in fields(kind)))


@cache
def _columns(kind: Any, table: Table) -> tuple[str, ...]:
    named = {field.name for field in fields(kind)}.union(vars(kind))
    return tuple(column.name for column in table.columns if column.name in named)
