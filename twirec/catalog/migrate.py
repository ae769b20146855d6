"""Migrations: the tables made, or brought to this version, by Alembic."""

from __future__ import annotations

from functools import cache
from importlib import import_module, resources
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect

from twirec.catalog import advisory_locks
from twirec.catalog.database import Database
from twirec.catalog.migrations.online import steps
from twirec.catalog.plain_columns import fill_plain
from twirec.model.errors import CatalogNewer, CatalogUnavailable

if TYPE_CHECKING:  # Alembic is loaded for what changes tables: others need not wait for it
    from alembic.config import Config

VERSIONS = "twirec.catalog.migrations.versions"


def configuration() -> Config:
    """Return where Alembic finds the migrations."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "twirec.catalog:migrations")
    return config


@cache
def known_versions() -> tuple[str, ...]:
    """Return the versions of the tables that this library knows, oldest first.

    They stand in the names of the migrations: asking Alembic runs every one of them.
    """
    names = (file.name for file in resources.files(VERSIONS).iterdir())
    return tuple(sorted(name.partition("_")[0] for name in names if name[0].isdigit()))


def upgrade(database: Database) -> None:
    """Bring a database to the newest version of the tables.

    A new one gets them in one transaction. One that is in use is changed step by step, while others
    go on writing (`migrations/online.py`), and is of the new version once all is done; what was
    interrupted goes on where it stopped.

    Raises:
        CatalogUnavailable: it cannot be made, does not answer, or is of a newer version.
    """
    database.make_file()
    with database.read() as connection:
        version = refuse_newer(connection)
    if version is not None:
        for later in known_versions()[known_versions().index(version) + 1 :]:
            _change_online(database, later)
            fill_plain(database)
            _change(database, later)
    _change(database, "head")


def _change(database: Database, version: str) -> None:
    """Bring the tables to a version, in one transaction."""
    from alembic import command

    config = configuration()
    with database.write() as connection:
        advisory_locks.take(connection, advisory_locks.TABLES)  # of two at once one waits
        refuse_newer(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, version)


def _change_online(database: Database, version: str) -> None:
    """Do of a migration what is done beside others; most have nothing of the kind."""
    (name,) = (
        file.name.removesuffix(".py")
        for file in resources.files(VERSIONS).iterdir()
        if file.name.startswith(f"{version}_")
    )
    online = getattr(import_module(f"{VERSIONS}.{name}"), "online", None)
    if online is None:
        return
    with steps(database) as execute:
        with database.read() as connection:  # it may have taken its turn after who did it all
            found = refuse_newer(connection)
        if found is None or found < version:
            online(database, execute)


def check(database: Database) -> None:
    """Check that a database answers and is of this version.

    Raises:
        CatalogUnavailable: it does not, or is not; the message names the fix.
    """
    wanted = known_versions()[-1]
    with database.read() as connection:
        revision = refuse_newer(connection)
    if revision != wanted:
        raise CatalogUnavailable(
            f"The catalog is of version {revision or 'none'}, not {wanted}: run `twirec init`."
        )


def version_of(connection: Connection) -> str | None:
    """Return the version of the tables; None where there are none."""
    # Not by Alembic's MigrationContext, which logs two lines each time that it is made.
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.exec_driver_sql(
        "SELECT version_num FROM alembic_version"
    ).scalar()
    return found


def refuse_newer(connection: Connection) -> str | None:
    """Return the version of the tables; None where there are none.

    Raises:
        CatalogNewer: this version of the library does not know it.
    """
    version = version_of(connection)
    if version is not None and version not in known_versions():
        raise CatalogNewer(
            f"The catalog is of a newer version ({version}) than this twirec: update twirec."
        )
    return version
