"""What changes the tables of a catalog that is in use: step by step, and nobody waits long.

Each step is looked for first, so that what was interrupted goes on where it stopped. On PostgreSQL
an index is built beside what others write (`CREATE INDEX CONCURRENTLY`). On SQLite, which has one
writer at a time, each step is a transaction of its own, and others write between two of them. Of
two who change the tables at once, one waits for the other.

Source: https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from twirec.catalog.advisory_locks import TABLES_ONLINE

if TYPE_CHECKING:  # the migrations are read by those who need no database
    from twirec.catalog.database import Database

Execute = Callable[[str], object]

LOCK_TIMEOUT = 1
"""Seconds that a change of a table waits for others. Whoever comes after it waits behind it."""

NOT_AVAILABLE = "55P03"
"""What PostgreSQL says when a lock was not got in time."""

TRIES = 60
"""How often a change that did not get its lock in time is tried, a second apart."""


@dataclass(frozen=True, slots=True)
class NewIndex:
    """An index that is to be there.

    Attributes:
        name, table: of it.
        columns: and how, in SQL.
        where: the condition of a partial one, in SQL.
    """

    name: str
    table: str
    columns: str
    where: str = ""

    def ddl(self, *, concurrently: bool) -> str:
        """Return the statement that makes it, unless it is there."""
        how = "CONCURRENTLY " if concurrently else ""
        where = f" WHERE {self.where}" if self.where else ""
        return (
            f"CREATE INDEX {how}IF NOT EXISTS {self.name} ON {self.table} ({self.columns}){where}"
        )


def add_columns(connection: Connection, columns: Mapping[tuple[str, str], str]) -> Iterator[str]:
    """Yield the statements that add those columns that are not there.

    Args:
        connection: which database.
        columns: the type of each, by table and name. They are nullable: no row is written anew.
    """
    looked = inspect(connection)
    for (table, name), kind in columns.items():
        if name not in {column["name"] for column in looked.get_columns(table)}:
            yield f"ALTER TABLE {table} ADD COLUMN {name} {kind}"


@contextmanager
def steps(database: Database) -> Iterator[Execute]:
    """Give what executes each statement by itself, while nobody else changes the tables."""
    if database.engine.dialect.name == "sqlite":

        def execute(statement: str) -> object:
            with database.write() as connection:
                return connection.exec_driver_sql(statement)

        with _turn(database.file):
            yield execute
        return
    # Not by SQLAlchemy, which begins a transaction with the first statement: an index that is built
    # beside others cannot be within one.
    with closing(database.engine.raw_connection()) as connection:
        driver: Any = connection.driver_connection
        driver.autocommit = True
        driver.execute("SET statement_timeout = 0")
        # Asked for again and again: who waits for it within a statement is waited for by those who
        # build an index, and so for ever.
        while not driver.execute(f"SELECT pg_try_advisory_lock({TABLES_ONLINE})").fetchone()[0]:
            time.sleep(LOCK_TIMEOUT)
        try:
            yield lambda statement: _patiently(driver, statement)
        finally:
            connection.invalidate()  # with it go the lock and the settings


@contextmanager
def _turn(file: Path | None) -> Iterator[None]:
    """Wait until nobody else changes the tables of a file, and let nobody else.

    The lock is of an empty file beside it, which stays: whoever waits for one that was deleted
    would not be kept out by who makes it anew. It ends with the process that has it.
    """
    if file is None:
        yield
        return
    with open(f"{file}-upgrade", "ab", opener=partial(os.open, mode=0o600)) as beside:
        fcntl.flock(beside, fcntl.LOCK_EX)
        yield


def _patiently(driver: Any, statement: str) -> object:
    """Execute what may not get its lock at once, as long as others do not wait for it."""
    # building beside others waits for all of them, and holds up nobody
    wait = 0 if "CONCURRENTLY" in statement else LOCK_TIMEOUT
    driver.execute(f"SET lock_timeout = '{wait}s'")
    for tried in range(1, TRIES + 1):
        try:
            return driver.execute(statement)
        except Exception as error:
            if getattr(error, "sqlstate", None) != NOT_AVAILABLE or tried == TRIES:
                raise
            time.sleep(LOCK_TIMEOUT)
    raise AssertionError("the last try returns or raises")


def make_indexes(database: Database, execute: Execute, indexes: Sequence[NewIndex]) -> None:
    """Make those indexes that are not there; what an interruption left half-made is made anew."""
    concurrently = database.engine.dialect.name == "postgresql"
    for index in indexes:
        if concurrently and _is_half_made(database, index.name):
            execute(f"DROP INDEX CONCURRENTLY IF EXISTS {index.name}")
        execute(index.ddl(concurrently=concurrently))


def drop_indexes(database: Database, execute: Execute, names: Sequence[str]) -> None:
    """Drop indexes, where they are."""
    how = "CONCURRENTLY " if database.engine.dialect.name == "postgresql" else ""
    for name in names:
        execute(f"DROP INDEX {how}IF EXISTS {name}")


def has_index(connection: Connection, name: str) -> bool:
    """Whether an index is there. `IF NOT EXISTS` says so too, when it has locked the table."""
    where = "sqlite_master WHERE type = 'index' AND name = :name"
    if connection.dialect.name == "postgresql":
        where = "pg_class WHERE oid = to_regclass(:name)"
    found = text(f"SELECT 1 FROM {where}")  # noqa: S608 - our own words
    return connection.execute(found, {"name": name}).first() is not None


def _is_half_made(database: Database, name: str) -> bool:
    half_made = text(
        "SELECT 1 FROM pg_index JOIN pg_class ON pg_class.oid = pg_index.indexrelid "
        "WHERE pg_class.relname = :name AND NOT pg_index.indisvalid"
    )
    with database.read() as connection:
        return connection.execute(half_made, {"name": name}).first() is not None


def has_trigrams(connection: Connection) -> bool:
    """Whether the database can find parts of words by an index; on PostgreSQL it is let to.

    `pg_trgm` is a trusted extension: who may create things in the database may create it
    (https://www.postgresql.org/docs/current/pgtrgm.html). SQLite has trigrams since 3.34, where it
    was built with FTS5 (https://www.sqlite.org/fts5.html#the_trigram_tokenizer).
    """
    postgresql = connection.dialect.name == "postgresql"
    attempt = (
        "CREATE EXTENSION IF NOT EXISTS pg_trgm"
        if postgresql
        else "CREATE VIRTUAL TABLE temp.trigrams USING fts5(text, tokenize = 'trigram')"
    )
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(attempt)
            if not postgresql:
                connection.exec_driver_sql("DROP TABLE temp.trigrams")
    except DBAPIError:
        return False
    return True
