"""What keeps recordings, and from whom: holds, blocks, and what two people decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from alembic import op

from twirec.catalog.migrations.online import Execute, add_columns

if TYPE_CHECKING:
    from twirec.catalog.database import Database

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

COLUMN = ("recordings", "destroyed_from")
KINDS = {"sqlite": "DATETIME", "postgresql": "TIMESTAMP WITH TIME ZONE"}


def online(database: Database, execute: Execute) -> None:
    """Do of it what changes a table that is in use."""
    with database.write() as connection:
        adding = list(add_columns(connection, {COLUMN: KINDS[connection.dialect.name]}))
    for statement in adding:
        execute(statement)


def upgrade() -> None:
    """Apply the change. In a catalog in use the column is there already."""
    connection = op.get_bind()
    for statement in add_columns(connection, {COLUMN: KINDS[connection.dialect.name]}):
        op.execute(statement)
    op.create_table(
        "holds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recording_sid", sa.String(34)),
        sa.Column("number", sa.String(255)),
        sa.Column("since", sa.DateTime(timezone=True)),
        sa.Column("until", sa.DateTime(timezone=True)),
        sa.Column("case_number", sa.String(64), nullable=False),
        *_said("reason", "by", "at"),
        sa.Column("lifted_by", sa.String(255), server_default="", nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True)),
        sa.Column("lifted_reason", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holds")),
    )
    for column in ("recording_sid", "case_number", "at"):
        op.create_index(op.f(f"ix_holds_{column}"), "holds", [column])
    op.execute("CREATE INDEX ix_holds_of_numbers ON holds (number) WHERE number IS NOT NULL")
    op.create_table(
        "blocks",
        sa.Column("recording_sid", sa.String(34), nullable=False),
        *_said("why", "by", "at"),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("was", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("recording_sid", name=op.f("pk_blocks")),
    )
    for column in ("at", "until"):
        op.create_index(op.f(f"ix_blocks_{column}"), "blocks", [column])
    op.create_table(
        "approvals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("subject", sa.JSON(), nullable=False),
        *_said("reason", "asked_by", "asked_at"),
        sa.Column("ground", sa.Text(), server_default="", nullable=False),
        sa.Column("reference", sa.Text(), server_default="", nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(16)),
        sa.Column("decided_by", sa.String(255), server_default="", nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
    )
    op.create_index(op.f("ix_approvals_asked_at"), "approvals", ["asked_at"])
    op.execute("CREATE INDEX ix_approvals_pending ON approvals (expires_at) WHERE outcome IS NULL")
    op.create_table(
        "releases",
        sa.Column("recording_sid", sa.String(34), nullable=False),
        sa.Column("approval", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("by", sa.String(255), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("recording_sid", "approval", "by", name=op.f("pk_releases")),
    )
    op.create_index(op.f("ix_releases_at"), "releases", ["at"])


def _said(why: str, by: str, at: str) -> tuple[sa.Column[object], ...]:
    """Return the columns of what somebody said: why, who, and when."""
    return (
        sa.Column(why, sa.Text(), nullable=False),
        sa.Column(by, sa.String(255), nullable=False),
        sa.Column(at, sa.DateTime(timezone=True), nullable=False),
    )
