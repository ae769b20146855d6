"""Of which second of which recording a note is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import op

from twirec.catalog.migrations.online import Execute, add_columns

if TYPE_CHECKING:
    from twirec.catalog.database import Database

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

COLUMNS = {("notes", "recording_sid"): "VARCHAR(34)", ("notes", "second"): "FLOAT"}


def online(database: Database, execute: Execute) -> None:
    """Do it in a catalog that is in use. What is done already is not done again."""
    with database.read() as connection:
        adding = list(add_columns(connection, COLUMNS))
    for statement in adding:
        execute(statement)


def upgrade() -> None:
    """Apply the change, in the transaction of a new catalog. In one in use it is done already."""
    for statement in add_columns(op.get_bind(), COLUMNS):
        op.execute(statement)
