"""Card numbers that were spoken: when, what was decided, and the copy without them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "card_cuts",
        sa.Column("recording_sid", sa.String(34), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("spans", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("guard", sa.Float(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.Column("decided_by", sa.String(255), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("object_name", sa.String(1024)),
        sa.Column("generation", sa.BigInteger()),
        sa.Column("size", sa.BigInteger()),
        sa.Column("crc32c", sa.String(8)),
        sa.Column("own_sha256", sa.String(64)),
        sa.Column("made_at", sa.DateTime(timezone=True)),
        sa.Column("made_cuts", sa.JSON()),
        sa.Column("next_name", sa.String(1024)),
        sa.Column("next_transcript", sa.String(1024)),
        sa.Column("model", sa.String(255), nullable=False),
        sa.Column("model_sha256", sa.String(64), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("lease", sa.String(32)),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("recording_sid", name=op.f("pk_card_cuts")),
    )
    for column in ("found_at", "state", "object_name", "due_at"):
        op.create_index(op.f(f"ix_card_cuts_{column}"), "card_cuts", [column])
