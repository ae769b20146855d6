"""What is erased: orders, what they are of, and what became of each copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from alembic import op

from twirec.catalog.migrations.online import Execute, add_columns

if TYPE_CHECKING:
    from twirec.catalog.database import Database

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

COLUMNS = {("recordings", "to_be_erased"): "BOOLEAN DEFAULT false NOT NULL"}

NAME = sa.String(1024).with_variant(sa.String(1024, collation="C"), "postgresql")


def online(database: Database, execute: Execute) -> None:
    """Do of it what changes a table that is in use."""
    with database.write() as connection:
        adding = list(add_columns(connection, COLUMNS))
    for statement in adding:
        execute(statement)


def upgrade() -> None:
    """Apply the change. In a catalog in use the column is there already."""
    for statement in add_columns(op.get_bind(), COLUMNS):
        op.execute(statement)
    op.create_table(
        "erasures",
        sa.Column("id", sa.String(16), nullable=False),
        *_texts(scope=16, kind=16, sid=34, number=64),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(255), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.String(255), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True)),
        sa.Column("until", sa.Date()),
        sa.Column("done_at", sa.DateTime(timezone=True)),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("lease", sa.String(32)),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
    )
    for column in ("sid", "at", "due_at"):
        op.create_index(op.f(f"ix_erasures_{column}"), "erasures", [column])
    op.create_table(
        "erasure_items",
        *_texts(erasure=16, kind=32, sid=34, account_sid=34),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *_texts(outcome=8, why=64),
        sa.PrimaryKeyConstraint("erasure", "kind", "sid", name=op.f("pk_erasure_items")),
    )
    op.create_index(op.f("ix_erasure_items_at"), "erasure_items", ["at"])
    op.create_index("ix_erasure_items_sid", "erasure_items", ["sid"])
    op.create_table(
        "erased_copies",
        *_texts(sid=34, copy=32),
        sa.Column("name", NAME, nullable=False),
        sa.Column("generation", sa.BigInteger(), autoincrement=False, nullable=False),
        *_texts(outcome=8),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True)),
        *_texts(why=64),
        sa.PrimaryKeyConstraint("sid", "copy", "name", "generation", name=op.f("pk_erased_copies")),
    )
    op.create_index(op.f("ix_erased_copies_at"), "erased_copies", ["at"])


def _texts(**lengths: int) -> tuple[sa.Column[str], ...]:
    return tuple(
        sa.Column(name, sa.String(length), nullable=False) for name, length in lengths.items()
    )
