"""The accounts' tables, made and checked by Alembic.

Whoever serves pages or calls does not load this: with all the dialects that Alembic reads, it would
be a sixth of each start.
"""

from __future__ import annotations

from pathlib import Path

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask, current_app
from flask_migrate import Migrate, upgrade

from callpanel.extensions import db

MIGRATIONS = Path(__file__).parent / "migrations"


def init_app(app: Flask) -> None:
    """Add Flask-Migrate, with its commands: `flask --app callpanel db …`."""
    Migrate(app, db, directory=MIGRATIONS)


def set_up() -> None:
    """Make the tables of the current app's accounts, or bring them to this version."""
    init_app(current_app)
    upgrade()


def check() -> None:
    """Check that the accounts' tables are of this version.

    Raises:
        SQLAlchemyError: the database does not answer.
        RuntimeError: they are of another version.
    """
    scripts = ScriptDirectory(str(MIGRATIONS))
    with db.engine.connect() as connection:
        revision = MigrationContext.configure(connection).get_current_revision()
    if revision != scripts.get_current_head():
        raise RuntimeError("the accounts are of another version: run `flask --app callpanel init`")
