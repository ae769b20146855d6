"""Which lines of calls an erasure keeps for authorities only, until they are emptied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import op

from twirec.catalog.migrations.online import Execute, add_columns

if TYPE_CHECKING:
    from twirec.catalog.database import Database

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

COLUMNS = {
    name: {("calls", "blocked"): "BOOLEAN DEFAULT false NOT NULL"}
    for name in ("sqlite", "postgresql")
}

BLOCKED_BEFORE = (
    "UPDATE calls SET blocked = true WHERE call_sid IN (SELECT sid FROM erasure_items "
    "WHERE kind = 'call' AND outcome = 'blocked') AND EXISTS (SELECT 1 FROM erasure_items i "
    "WHERE i.sid = calls.call_sid AND i.account_sid = calls.account_sid "
    "AND i.kind = 'call' AND i.outcome = 'blocked')"
)
"""What erasures blocked before lines had a word for it: by the index of SIDs, not line by line."""


def online(database: Database, execute: Execute) -> None:
    """Do it in a catalog that is in use. What is done already is not done again."""
    with database.read() as connection:
        adding = list(add_columns(connection, COLUMNS[database.engine.dialect.name]))
    for statement in adding:
        execute(statement)


def upgrade() -> None:
    """Apply the change, in the transaction of a new catalog. In one in use it is done already."""
    connection = op.get_bind()
    for statement in add_columns(connection, COLUMNS[connection.dialect.name]):
        op.execute(statement)
    op.execute(BLOCKED_BEFORE)
