"""Which catalog this is."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select, update

from twirec.catalog.database import Database
from twirec.catalog.tables import identity
from twirec.model.bucket_mark import new_identity

ONE = 1
"""The key of the table's only row."""


def read_identity(database: Database) -> str | None:
    """Return the catalog's identity; None if it has none yet. Makes nothing."""
    with database.read() as connection:
        return connection.scalar(select(identity.c.value))


def make_identity(database: Database) -> str:
    """Return the catalog's identity, made if it has none yet; of several makers one is first."""
    value = read_identity(database)  # first, as it is nearly always there: writers wait in line
    if value is not None:
        return value
    with database.write() as connection:
        made = {"id": ONE, "value": new_identity(), "at": datetime.now(UTC)}
        database.insert_once(connection, identity, made)
        return str(connection.scalar(select(identity.c.value)))


def take_identity(database: Database, value: str) -> None:
    """Let a catalog that was made anew be the one that it was made from."""
    make_identity(database)
    with database.write() as connection:
        connection.execute(update(identity).values(value=value))
