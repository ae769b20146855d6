"""Migrations: the tables made, or brought to this version, by Alembic."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from twirec.catalog.database import Database
from twirec.model.errors import CatalogNewer, CatalogUnavailable

TURN = 0x7477697265630001
"""Whoever makes tables holds the lock of this key until they are there
(https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS)."""


def configuration() -> Config:
    """Return where Alembic finds the migrations."""
    config = Config()
    config.set_main_option("script_location", "twirec.catalog:migrations")
    return config


def upgrade(database: Database) -> None:
    """Bring a database to the newest version of the tables, in one transaction.

    Raises:
        CatalogUnavailable: it cannot be made, does not answer, or is of a newer version.
    """
    config = configuration()
    database.make_file()
    with database.write() as connection:
        if connection.dialect.name == "postgresql":  # of two at once one waits, as on SQLite
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({TURN})")
        refuse_newer(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def check(database: Database) -> None:
    """Check that a database answers and is of this version.

    Raises:
        CatalogUnavailable: it does not, or is not; the message names the fix.
    """
    wanted = ScriptDirectory.from_config(configuration()).get_current_head()
    with database.read() as connection:
        found = refuse_newer(connection)
    if found != wanted:
        raise CatalogUnavailable(
            f"The catalog is of version {found or 'none'}, not {wanted}: run `twirec init`."
        )


def refuse_newer(connection: Connection) -> str | None:
    """Return the version of the tables; None where there are none.

    Raises:
        CatalogNewer: this version of the library does not know it.
    """
    # Not by Alembic's MigrationContext, which logs two lines each time that it is made.
    revision: str | None = None
    if inspect(connection).has_table("alembic_version"):
        revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    known = ScriptDirectory.from_config(configuration()).walk_revisions()
    if revision is not None and revision not in {script.revision for script in known}:
        raise CatalogNewer(
            f"The catalog is of a newer version ({revision}) than this twirec: update twirec."
        )
    return revision
