"""Since when a recording as it was archived is destroyed, and its copy is in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import op

from twirec.catalog.migrations.online import Execute, add_columns

if TYPE_CHECKING:
    from twirec.catalog.database import Database

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

COLUMNS = {
    "sqlite": {("card_cuts", "replaced_at"): "DATETIME"},
    "postgresql": {("card_cuts", "replaced_at"): "TIMESTAMP WITH TIME ZONE"},
}


def online(database: Database, execute: Execute) -> None:
    """Do it in a catalog that is in use. What is done already is not done again."""
    with database.read() as connection:
        adding = list(add_columns(connection, COLUMNS[connection.dialect.name]))
    for statement in adding:
        execute(statement)


def upgrade() -> None:
    """Apply the change, in the transaction of a new catalog. In one in use it is done already."""
    connection = op.get_bind()
    for statement in add_columns(connection, COLUMNS[connection.dialect.name]):
        op.execute(statement)
