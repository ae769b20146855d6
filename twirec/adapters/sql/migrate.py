"""Migrations: the tables made, or brought to this version, by Alembic."""

from __future__ import annotations

from alembic import command
from alembic.config import Config

from twirec.adapters.sql.database import Database


def configuration() -> Config:
    """Return where Alembic finds the migrations."""
    config = Config()
    config.set_main_option("script_location", "twirec.adapters.sql:migrations")
    return config


def upgrade(database: Database) -> None:
    """Bring a database to the newest version of the tables, in one transaction."""
    config = configuration()
    database.make_file()
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
