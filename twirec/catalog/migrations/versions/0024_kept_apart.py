"""Which calls have a recording that is kept apart, by an index of these alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import op

from twirec.catalog.migrations.online import Execute, NewIndex, has_index, make_indexes

if TYPE_CHECKING:
    from twirec.catalog.database import Database

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

INDEXES = (
    NewIndex(
        "ix_recordings_kept_apart",
        "recordings",
        "account_sid, call_sid, custody",
        "custody = 'blocked'",
    ),
)


def online(database: Database, execute: Execute) -> None:
    """Make the index in a catalog that is in use. What is done already is not done again."""
    make_indexes(database, execute, INDEXES)


def upgrade() -> None:
    """Apply the change, in the transaction of a new catalog. In one in use it is done already."""
    for index in INDEXES:
        if not has_index(op.get_bind(), index.name):
            op.execute(index.ddl(concurrently=False))
