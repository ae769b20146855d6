"""How often a call was sent on to somebody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import op

from twirec.catalog.migrations.online import Execute, add_columns

if TYPE_CHECKING:
    from twirec.catalog.database import Database

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

COLUMNS = {("calls", "sent_on"): "INTEGER DEFAULT 0 NOT NULL"}
"""With a default that is always the same, no database writes a row anew
(https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES)."""


def online(database: Database, execute: Execute) -> None:
    """Do it in a catalog that is in use. What is done already is not done again."""
    with database.write() as connection:
        adding = list(add_columns(connection, COLUMNS))
    for statement in adding:
        execute(statement)


def upgrade() -> None:
    """Apply the change, in the transaction of a new catalog. In one in use it is done already."""
    for statement in add_columns(op.get_bind(), COLUMNS):
        op.execute(statement)
