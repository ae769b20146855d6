"""Whose phone forwarded a call, by which calls are searched for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import op

from twirec.catalog.migrations.online import Execute, NewIndex, add_columns, make_indexes

if TYPE_CHECKING:
    from twirec.catalog.database import Database

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

COLUMNS = {("calls", "forwarded_from"): "VARCHAR(255) DEFAULT '' NOT NULL"}
"""With a default that is always the same, no database writes a row anew
(https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES)."""

INDEXES = (
    NewIndex(
        "ix_calls_forwarded_from_started_at",
        "calls",
        "forwarded_from, started_at",
        "forwarded_from <> ''",
    ),
)


def online(database: Database, execute: Execute) -> None:
    """Do it in a catalog that is in use. What is done already is not done again."""
    with database.write() as connection:
        adding = list(add_columns(connection, COLUMNS))
    for statement in adding:
        execute(statement)
    make_indexes(database, execute, INDEXES)


def upgrade() -> None:
    """Apply the change, in the transaction of a new catalog. In one in use it is done already."""
    for statement in add_columns(op.get_bind(), COLUMNS):
        op.execute(statement)
    for index in INDEXES:
        op.execute(index.ddl(concurrently=False))
