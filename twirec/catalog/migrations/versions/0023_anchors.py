"""What is remembered of the audit log's anchors in the bucket."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "anchors",
        sa.Column("anchor", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("stamped_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("anchor", name=op.f("pk_anchors")),
    )
