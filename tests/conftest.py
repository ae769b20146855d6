"""What all tests share: the tables of new catalogs, and a PostgreSQL server."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import URL, Connection, Engine

from tests.servers import postgres
from twirec.adapters.sql import database as database_module
from twirec.adapters.sql import migrate
from twirec.adapters.sql.catalog import SqlCatalog
from twirec.adapters.sql.database import Database


@pytest.fixture(scope="session", autouse=True)
def statements_built_once() -> Iterator[None]:
    """Let the engines of one kind of database share the statements that SQLAlchemy built.

    An engine keeps what it built for itself, and every test makes a new one: building all again
    took half the time of the tests of the catalog. What is built belongs to a dialect, so that is
    shared too. https://docs.sqlalchemy.org/en/20/core/connections.html#sql-compilation-caching
    """
    first: dict[str, Engine] = {}
    make = database_module.create_engine

    def make_alike(url: URL, **options: Any) -> Engine:
        engine = make(url, **options)
        model = first.setdefault(engine.dialect.name, engine)
        engine.dialect = engine.pool._dialect = model.dialect
        engine._compiled_cache = model._compiled_cache
        return engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database_module, "create_engine", make_alike)
        yield


@pytest.fixture(scope="session", autouse=True)
def tables_made_once(statements_built_once: None) -> Iterator[None]:
    """Copy into an empty catalog what the migrations made once: running them takes 50 ms."""
    made = SqlCatalog("sqlite://")
    upgrade = migrate.upgrade
    upgrade(made.database)  # not `set_up`: each catalog has an identity of its own

    def copy(database: Database) -> None:
        if database.engine.dialect.name != "sqlite":
            upgrade(database)
            return
        database.make_file()
        with database.read() as connection:
            empty = not connection.exec_driver_sql("SELECT 1 FROM sqlite_master").first()
        if not empty:
            upgrade(database)
            return
        with database.engine.connect() as into, made.database.engine.connect() as template:
            raw(template).backup(raw(into))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrate, "upgrade", copy)
        yield
    made.close()


def raw(connection: Connection) -> sqlite3.Connection:
    """Return what SQLAlchemy's connection stands on."""
    found = connection.connection.driver_connection
    assert isinstance(found, sqlite3.Connection)
    return found


@pytest.fixture(scope="session")
def new_postgres() -> Iterator[Callable[[], str]]:
    """What makes a database on PostgreSQL, with a catalog's tables, and returns its URL."""
    try:
        with postgres() as server:
            tables = server.make()
            catalog = SqlCatalog(tables.render_as_string(hide_password=False))
            migrate.upgrade(catalog.database)
            catalog.close()
            yield lambda: server.make(like=tables.database).render_as_string(hide_password=False)
    except FileNotFoundError as error:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(str(error))
