"""Where the catalogs of tests are: on SQLite, or on databases of a PostgreSQL server that are lent.

The tables of new catalogs are copied from one that the migrations made.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from weakref import WeakSet

import pytest
from sqlalchemy import URL

from tests.house import raw
from tests.servers import Postgres, postgres
from twirec.catalog import Catalog, migrate, plain_columns
from twirec.catalog import database as database_module
from twirec.catalog.database import Database
from twirec.model.bucket_mark import new_identity

SQLITE = "about_sqlite"
"""The mark of tests that are about files of SQLite, with the reason."""


@pytest.fixture(scope="session", autouse=True)
def tables_made_once(statements_built_once: None) -> Iterator[Callable[[Database], None]]:
    """Copy into an empty catalog what the migrations made once: running them takes 50 ms.

    What runs them is given to those whom they are about.
    """
    made = Catalog("sqlite://")
    upgrade, fill_plain = migrate.upgrade, plain_columns.fill_plain
    made.set_up()
    copied = WeakSet[Database]()

    def copy(database: Database) -> None:
        if database.engine.dialect.name != "sqlite":
            if database.url not in lent and not lent_with_tables(database):
                upgrade(database)
            return
        database.make_file()
        with database.read():
            pass  # what cannot be opened is said as in life
        with database.engine.connect() as connection:
            driver = raw(connection)
            empty = driver.execute("SELECT 1 FROM sqlite_master").fetchone() is None
            if empty:
                with made.database.engine.connect() as tables:
                    raw(tables).backup(driver)
                with driver:  # each catalog has an identity of its own
                    driver.execute("UPDATE identity SET value = ?", (new_identity(),))
        if empty:
            copied.add(database)
        else:
            upgrade(database)

    def fill(database: Database) -> None:
        """Fill in what rows lack, unless there were none a moment ago."""
        if database in copied:
            copied.remove(database)
        else:
            fill_plain(database)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrate, "upgrade", copy)
        patch.setattr("twirec.catalog.catalog.fill_plain", fill)
        yield upgrade
    made.close()


lent: set[URL] = set()
"""Databases of PostgreSQL that tests borrowed just now, with tables and nothing in them."""


def lent_with_tables(database: Database) -> bool:
    """Whether a database is one of those that `Postgres` lends, which have their tables."""
    with database.read() as connection:
        return migrate.version_of(connection) == migrate.known_versions()[-1]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A PostgreSQL server, which loses all when it is cut off; its connections are handed on."""
    for server in run_postgres():
        with pytest.MonkeyPatch.context() as patch:
            server.handed_on.patch(patch)
            yield server


def run_postgres(*, durable: bool = False) -> Iterator[Postgres]:
    """Run a PostgreSQL server for a fixture. See `postgres`."""

    def set_up(url: URL) -> None:
        catalog = Catalog(url.render_as_string(hide_password=False))
        migrate.upgrade(catalog.database)
        catalog.close()

    try:
        with postgres(set_up, durable=durable) as server:
            yield server
    except FileNotFoundError as error:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(str(error))


@pytest.fixture
def new_postgres(postgres_server: Postgres) -> Iterator[Callable[[], str]]:
    """What gives an empty database on PostgreSQL, with a catalog's tables, by its URL."""
    with postgres_server.lend() as lend:
        yield lambda: lend().render_as_string(hide_password=False)


@pytest.fixture
def bare_postgres(postgres_server: Postgres) -> Iterator[str]:
    """The URL of a database on PostgreSQL with nothing in it."""
    with postgres_server.bare() as url:
        yield url.render_as_string(hide_password=False)


POSTGRESQL = os.environ.get("TEST_DATABASE", "sqlite") == "postgresql"
"""Whether all catalogs of the tests are to be on PostgreSQL, as `make test-postgres` asks."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"{SQLITE}(why): it cannot be on PostgreSQL")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip on PostgreSQL what is about files of SQLite."""
    for item in items if POSTGRESQL else ():
        marked = item.get_closest_marker(SQLITE)
        if marked is not None:
            item.add_marker(pytest.mark.skip(reason=marked.args[0]))


class Catalogs:
    """Where the catalogs of tests are: each URL of SQLite stands for a database of PostgreSQL.

    Args:
        lend: gives an empty database.
        give_back: takes one that nobody uses any more.
    """

    def __init__(self, lend: Callable[[], URL], give_back: Callable[[URL], None]) -> None:
        self._lend = lend
        self._give_back = give_back
        self._lent: dict[str, URL] = {}
        self._in_memory: set[URL] = set()
        self._opened: list[Callable[[], None]] = []

    def opened(self, close: Callable[[], None]) -> None:
        """Remember what has to be closed at the end, as its server is not."""
        self._opened.append(close)

    def closed(self, url: URL) -> None:
        """Give back what would be gone when it is closed, if it were in memory."""
        if url in self._in_memory:
            self._in_memory.remove(url)
            self._give_back(url)

    def close(self) -> None:
        for close in self._opened:
            close()

    def knows(self, url: URL) -> bool:
        """Whether the catalog of a URL is here already."""
        return str(Path(url.database or "").absolute()) in self._lent

    def place(self, url: URL) -> URL:
        """Return where the catalog of a URL is: of one file always there, in memory always anew."""
        if url.get_backend_name() != "sqlite":
            return url
        name = url.database or ":memory:"
        path = str(Path(name).absolute())
        if name != ":memory:" and path in self._lent:
            return self._lent[path]
        place = self._lend()
        lent.add(place)
        if name == ":memory:":
            self._in_memory.add(place)
        else:
            self._lent[path] = place
        return place


@pytest.fixture(scope="session")
def placing() -> Iterator[list[Catalogs]]:
    """Those whose catalogs are placed now, the last one first: a test's, or those of many tests."""
    catalogs: list[Catalogs] = []
    read = database_module.database_url

    def place(url: str) -> URL:
        return placed(read(url), catalogs)

    make, close = Database.__init__, Database.close

    def close_one(database: Database) -> None:
        close(database)
        for each in catalogs:
            each.closed(database.url)

    def open_one(database: Database, *given: Any, **named: Any) -> None:
        make(database, *given, **named)
        if catalogs:
            catalogs[-1].opened(lambda: database.engine.dispose())

    with pytest.MonkeyPatch.context() as patch:
        if POSTGRESQL:
            patch.setattr(database_module, "database_url", place)
            patch.setattr(Database, "__init__", open_one)
            patch.setattr(Database, "close", close_one)
        yield catalogs


def placed(url: URL, catalogs: Sequence[Catalogs]) -> URL:
    """Return where the catalog of a URL is: where it was placed before, or with the last ones."""
    known = (each for each in catalogs if each.knows(url))
    last = catalogs[-1:]
    return next((each.place(url) for each in (*known, *last)), url)


def place_catalogs(
    request: pytest.FixtureRequest, placing: list[Catalogs], server: str = "postgres_server"
) -> Iterator[None]:
    """Let catalogs that are made meanwhile be on PostgreSQL, where the tests run on that.

    Args:
        request: of the fixture.
        placing: those whose catalogs are placed now.
        server: the fixture whose databases are lent.
    """
    if not POSTGRESQL:
        yield
        return
    lending: Postgres = request.getfixturevalue(server)
    with lending.lend() as lend:
        placing.append(Catalogs(lend, lending.give_back))
        yield
        placing.pop().close()


@pytest.fixture(scope="session", autouse=True)
def catalogs_of_many(
    request: pytest.FixtureRequest, placing: list[Catalogs], tables_made_once: object
) -> Iterator[None]:
    yield from place_catalogs(request, placing)


@pytest.fixture(autouse=POSTGRESQL)
def catalogs_of_one(
    request: pytest.FixtureRequest, placing: list[Catalogs], catalogs_of_many: None
) -> Iterator[None]:
    yield from place_catalogs(request, placing)
