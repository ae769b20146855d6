"""What all tests share: the tables of new catalogs, and a PostgreSQL server."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from sqlalchemy import URL

from tests.house import House, copy_rows
from tests.servers import Postgres, postgres
from twirec.adapters import decryption
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.archive import Archive
from twirec.catalog import Catalog, migrate
from twirec.catalog.database import Database
from twirec.settings import Settings


@pytest.fixture(scope="session", autouse=True)
def tables_made_once(statements_built_once: None) -> Iterator[Callable[[Database], None]]:
    """Copy into an empty catalog what the migrations made once: running them takes 50 ms.

    What runs them is given to those whom they are about.
    """
    made = Catalog("sqlite://")
    upgrade = migrate.upgrade
    upgrade(made.database)  # not `set_up`: each catalog has an identity of its own

    def copy(database: Database) -> None:
        if database.engine.dialect.name != "sqlite":
            if not lent_with_tables(database):
                upgrade(database)
            return
        database.make_file()
        with database.read() as connection:
            empty = not connection.exec_driver_sql("SELECT 1 FROM sqlite_master").first()
        if not empty:
            upgrade(database)
            return
        copy_rows(made.database, into=database)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrate, "upgrade", copy)
        yield upgrade
    made.close()


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
def postgres_server() -> Iterator[Postgres]:
    """A PostgreSQL server."""

    def set_up(url: URL) -> None:
        catalog = Catalog(url.render_as_string(hide_password=False))
        migrate.upgrade(catalog.database)
        catalog.close()

    try:
        with postgres(set_up) as server:
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
