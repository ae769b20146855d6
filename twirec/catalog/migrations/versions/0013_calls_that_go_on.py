"""Which calls go on, by an index of these alone, and when the policy ends a pause."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from alembic import op

from twirec.catalog.migrations.online import Execute, NewIndex, has_index, make_indexes

if TYPE_CHECKING:
    from twirec.catalog.database import Database

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

INDEXES = (NewIndex("ix_calls_going_on", "calls", "ended_at, started_at", "ended_at IS NULL"),)


def online(database: Database, execute: Execute) -> None:
    """Make the index in a catalog that is in use. What is done already is not done again."""
    make_indexes(database, execute, INDEXES)


def upgrade() -> None:
    """Apply the change, in a transaction: a table of its own, which nobody waits for.

    In a catalog in use the index is there already: to make it again would lock what others write.
    """
    op.create_table(
        "pause_limits",
        sa.Column("recording_sid", sa.String(34), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", sa.Text(), server_default="", nullable=False),
        sa.Column("lease", sa.String(32)),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("recording_sid", name=op.f("pk_pause_limits")),
    )
    op.create_index(op.f("ix_pause_limits_due_at"), "pause_limits", ["due_at"])
    for index in INDEXES:
        if not has_index(op.get_bind(), index.name):
            op.execute(index.ddl(concurrently=False))
