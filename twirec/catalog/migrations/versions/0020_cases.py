"""Cases of customers, with their calls, steps and clocks; holds on what is recorded of a call."""

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

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

COLUMNS = {
    ("holds", "account_sid"): "VARCHAR(34)",
    ("holds", "call_sid"): "VARCHAR(34)",
    ("events", "case_key"): "VARCHAR(16)",
}

INDEXES = (NewIndex("ix_holds_of_calls", "holds", "call_sid, account_sid", "call_sid IS NOT NULL"),)


def online(database: Database, execute: Execute) -> None:
    """Do it in a catalog that is in use. What is done already is not done again."""
    with database.read() as connection:
        adding = list(add_columns(connection, COLUMNS))
    for statement in adding:
        execute(statement)
    make_indexes(database, execute, INDEXES)


def upgrade() -> None:
    """Apply the change: tables of their own, which nobody waits for.

    In a catalog in use the columns and the index are there already.
    """
    connection = op.get_bind()
    for statement in add_columns(connection, COLUMNS):
        op.execute(statement)
    for index in INDEXES:
        if not has_index(connection, index.name):
            op.execute(index.ddl(concurrently=False))
    _cases()
    _calls()
    _steps()
    op.create_table(
        "case_clocks",
        sa.Column("key", sa.String(16), nullable=False),
        _moment("due_at"),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", sa.Text(), server_default="", nullable=False),
        sa.Column("lease", sa.String(32)),
        _moment("lease_until"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_case_clocks")),
    )
    op.create_index(op.f("ix_case_clocks_due_at"), "case_clocks", ["due_at"])


def _cases() -> None:
    op.create_table(
        "cases",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("number", sa.String(255), nullable=False),
        _moment("opened_at", needed=True),
        sa.Column("opened_by", sa.String(255), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        _moment("term_began_at", needed=True),
        *(
            _moment(name)
            for name in ("due_at", "warn_at", "complete_by", "notified_at", "closed_at")
        ),
        sa.Column("closed_by", sa.String(255), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("resolution", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
    )
    op.create_index("ix_cases_key", "cases", ["key"], unique=True)
    for column in ("number", "opened_at"):
        op.create_index(op.f(f"ix_cases_{column}"), "cases", [column])
    op.execute("CREATE INDEX ix_cases_open ON cases (due_at) WHERE closed_at IS NULL")


def _calls() -> None:
    op.create_table(
        "case_calls",
        sa.Column("case_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account_sid", sa.String(34), nullable=False),
        sa.Column("call_sid", sa.String(34), nullable=False),
        _moment("at", needed=True),
        sa.Column("by", sa.String(255), nullable=False),
        sa.Column("part", sa.String(16), nullable=False),
        sa.Column("answer", sa.String(16), nullable=False),
        _moment("answered_at"),
        sa.Column("how", sa.String(16)),
        sa.Column("asked_by", sa.String(255), nullable=False),
        sa.Column("recording_sid", sa.String(34)),
        sa.PrimaryKeyConstraint("case_id", "account_sid", "call_sid", name=op.f("pk_case_calls")),
    )
    for column in ("at", "call_sid"):
        op.create_index(op.f(f"ix_case_calls_{column}"), "case_calls", [column])


def _steps() -> None:
    op.create_table(
        "case_steps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        _moment("at", needed=True),
        sa.Column("by", sa.String(255), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("call_sid", sa.String(34), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_steps")),
    )
    for column in ("case_id", "at"):
        op.create_index(op.f(f"ix_case_steps_{column}"), "case_steps", [column])


def _moment(name: str, *, needed: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=not needed)
