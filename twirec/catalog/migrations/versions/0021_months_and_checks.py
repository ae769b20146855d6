"""Statements about months; and when each object was last read back, by an index."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from alembic import op

from twirec.catalog.migrations.online import (
    Execute,
    NewIndex,
    add_columns,
    has_index,
    make_indexes,
)

if TYPE_CHECKING:
    from twirec.catalog.database import Database

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

COLUMNS = {
    "sqlite": {("recordings", "checked_at"): "DATETIME"},
    "postgresql": {("recordings", "checked_at"): "TIMESTAMP WITH TIME ZONE"},
}

INDEXES = (
    NewIndex(
        "ix_recordings_checked",
        "recordings",
        "checked_at, sid",
        "state IN ('archived', 'released')",
    ),
)


def online(database: Database, execute: Execute) -> None:
    """Do it in a catalog that is in use. What is done already is not done again."""
    with database.read() as connection:
        adding = list(add_columns(connection, COLUMNS[database.engine.dialect.name]))
    for statement in adding:
        execute(statement)
    make_indexes(database, execute, INDEXES)


def upgrade() -> None:
    """Apply the change, in a transaction: a table of its own, which nobody waits for.

    In a catalog in use the column and the index are there already.
    """
    connection = op.get_bind()
    for statement in add_columns(connection, COLUMNS[connection.dialect.name]):
        op.execute(statement)
    for index in INDEXES:
        if not has_index(connection, index.name):
            op.execute(index.ddl(concurrently=False))
    op.create_table(
        "month_statements",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(255), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("calls", "gaps")),
        sa.Column("sealed", sa.Boolean(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column(
            "object_name",
            sa.String(1024).with_variant(sa.String(1024, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("previous", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_month_statements")),
    )
    op.create_index(op.f("ix_month_statements_at"), "month_statements", ["at"])
    op.create_index("ix_month_statements_month_at", "month_statements", ["month", "at"])
