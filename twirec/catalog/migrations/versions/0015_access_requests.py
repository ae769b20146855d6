"""Requests of people who want to know what is kept of them, and what was done for each."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "access_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(255), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True)),
        sa.Column("until", sa.DateTime(timezone=True)),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("copies", sa.String(16), nullable=False),
        *(
            sa.Column(f"{step}_at", sa.DateTime(timezone=True))
            for step in ("identified", "extended", "packed", "answered", "refused")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_requests")),
    )
    for column in ("number", "opened_at"):
        op.create_index(op.f(f"ix_access_requests_{column}"), "access_requests", [column])
    op.execute(
        "CREATE INDEX ix_access_requests_open ON access_requests (due_on) "
        "WHERE answered_at IS NULL AND refused_at IS NULL"
    )
    op.create_table(
        "access_steps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(255), nullable=False),
        sa.Column("sid", sa.String(34), nullable=False),
        sa.Column("copies", sa.String(16)),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_steps")),
    )
    for column in ("request_id", "at"):
        op.create_index(op.f(f"ix_access_steps_{column}"), "access_steps", [column])
