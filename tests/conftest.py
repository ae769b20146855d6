"""What all tests share: the tables of new catalogs, and a PostgreSQL server."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from tests.servers import postgres
from twirec.adapters.sql import migrate
from twirec.adapters.sql.catalog import SqlCatalog
from twirec.adapters.sql.database import Database


@pytest.fixture(scope="session", autouse=True)
def tables_made_once() -> Iterator[None]:
    """Copy into an empty catalog what the migrations made once: running them takes 50 ms."""
    first = SqlCatalog("sqlite://")
    first.set_up()
    with first.database.read() as connection:
        dump = connection.connection.iterdump()
        made = [each for each in dump if each.startswith(("CREATE", "INSERT"))]
    first.close()
    upgrade = migrate.upgrade

    def copy(database: Database) -> None:
        if database.engine.dialect.name != "sqlite":
            upgrade(database)
            return
        database.make_file()
        with database.write() as connection:
            empty = not connection.exec_driver_sql("SELECT 1 FROM sqlite_master").first()
            for statement in made if empty else ():
                connection.exec_driver_sql(statement)
        if not empty:
            upgrade(database)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrate, "upgrade", copy)
        yield


@pytest.fixture(scope="session")
def new_postgres() -> Iterator[Callable[[], str]]:
    """What makes a database on PostgreSQL, with a catalog's tables, and returns its URL."""
    try:
        with postgres() as server:
            tables = server.make()
            catalog = SqlCatalog(tables.render_as_string(hide_password=False))
            catalog.set_up()
            catalog.close()
            yield lambda: server.make(like=tables.database).render_as_string(hide_password=False)
    except FileNotFoundError as error:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(str(error))
