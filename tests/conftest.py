"""What all tests share: the tables of new catalogs, and a PostgreSQL server."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from weakref import WeakSet

import pytest
from sqlalchemy import URL

from tests.house import House, raw
from tests.ready import Ready, ready
from tests.servers import Postgres, postgres
from twirec.adapters import decryption
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.archive import Archive
from twirec.catalog import Catalog, migrate, plain_columns
from twirec.catalog import database as database_module
from twirec.catalog.database import Database
from twirec.model.bucket_mark import new_identity
from twirec.settings import Settings

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


@pytest.fixture(scope="session", autouse=True)
def keys_read_once() -> Iterator[None]:
    """Read a private key once: OpenSSL proves each time that its factors are prime."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decryption, "load_pem_private_key", cache(decryption.load_pem_private_key))
        yield


@pytest.fixture(scope="session")
def of_process() -> Callable[[Mapping[str, str]], dict[str, str]]:
    """What makes of the environment of a test that of a process, whose catalog is the test's."""

    def environ(given: Mapping[str, str]) -> dict[str, str]:
        url = given.get("TWIREC_DATABASE_URL")
        if not (POSTGRESQL and url):
            return dict(given)
        place = database_module.database_url(url)
        return {**given, "TWIREC_DATABASE_URL": place.render_as_string(hide_password=False)}

    return environ


@pytest.fixture(scope="session")
def ready_twirec(of_process: Callable[[Mapping[str, str]], dict[str, str]]) -> Iterator[Ready]:
    """What starts `twirec` in processes that begin with everything loaded."""
    with ready(environ=of_process) as starting:
        yield starting


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
    """

    def __init__(self, lend: Callable[[], URL]) -> None:
        self._lend = lend
        self._lent: dict[str, URL] = {}
        self._opened: list[Database] = []

    def opened(self, database: Database) -> None:
        """Remember a database, which has to be closed at the end: its server is not."""
        self._opened.append(database)

    def close(self) -> None:
        for database in self._opened:
            database.engine.dispose()

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
        if name != ":memory:":
            self._lent[path] = place
        return place


@pytest.fixture(scope="session")
def placing() -> Iterator[list[Catalogs]]:
    """Those whose catalogs are placed now, the last one first: a test's, or those of many tests."""
    catalogs: list[Catalogs] = []
    read = database_module.database_url

    def place(url: str) -> URL:
        return catalogs[-1].place(read(url)) if catalogs else read(url)

    make = Database.__init__

    def open_one(database: Database, *given: Any, **named: Any) -> None:
        make(database, *given, **named)
        if catalogs:
            catalogs[-1].opened(database)

    with pytest.MonkeyPatch.context() as patch:
        if POSTGRESQL:
            patch.setattr(database_module, "database_url", place)
            patch.setattr(Database, "__init__", open_one)
        yield catalogs


def _place_catalogs(request: pytest.FixtureRequest, placing: list[Catalogs]) -> Iterator[None]:
    """Let catalogs that are made meanwhile be on PostgreSQL, where the tests run on that."""
    if not POSTGRESQL:
        yield
        return
    server: Postgres = request.getfixturevalue("postgres_server")
    with server.lend() as lend:
        placing.append(Catalogs(lend))
        yield
        placing.pop().close()


@pytest.fixture(scope="session", autouse=True)
def catalogs_of_many(
    request: pytest.FixtureRequest, placing: list[Catalogs], tables_made_once: object
) -> Iterator[None]:
    yield from _place_catalogs(request, placing)


@pytest.fixture(autouse=True)
def catalogs_of_one(
    request: pytest.FixtureRequest, placing: list[Catalogs], catalogs_of_many: None
) -> Iterator[None]:
    yield from _place_catalogs(request, placing)


@pytest.fixture
def house(twirec_settings: Settings) -> Iterator[House]:
    house = House(twirec_settings, MemoryBucket())
    yield house
    house.archive.close()


@pytest.fixture
def rebuilt(house: House) -> Iterator[Callable[[], Archive]]:
    """Make an archive with a new catalog from the house's bucket; the old catalog is lost."""
    made: list[Archive] = []

    def rebuild() -> Archive:
        archive = Archive(
            house.archive.settings, bucket=house.bucket, vendor=house.vendor, now=lambda: house.time
        )
        archive.report = archive.journal.rebuild(by="ana")  # type: ignore[attr-defined]
        made.append(archive)
        return archive

    yield rebuild
    for archive in made:
        archive.catalog.close()
