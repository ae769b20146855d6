"""Transcripts that are due or made, and the parts of those that are being made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "transcripts",
        sa.Column("recording_sid", sa.String(34), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(255), nullable=False),
        sa.Column("recipe", sa.String(64), nullable=False),
        sa.Column("next_name", sa.String(1024)),
        sa.Column("object_name", sa.String(1024)),
        sa.Column("made_at", sa.DateTime(timezone=True)),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("generation", sa.BigInteger()),
        sa.Column("size", sa.BigInteger()),
        sa.Column("crc32c", sa.String(8)),
        sa.Column("own_sha256", sa.String(64)),
        sa.Column("model", sa.String(255), nullable=False),
        sa.Column("model_sha256", sa.String(64), nullable=False),
        sa.Column("language", sa.String(16), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("lease", sa.String(32)),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("recording_sid", name=op.f("pk_transcripts")),
    )
    for column in ("next_name", "object_name", "made_by", "due_at"):
        op.create_index(op.f(f"ix_transcripts_{column}"), "transcripts", [column])
    op.execute(
        "CREATE INDEX ix_transcripts_given_up ON transcripts (recording_sid) "
        "WHERE due_at IS NULL AND last_error <> ''"
    )
    op.create_table(
        "transcript_parts",
        sa.Column("recording_sid", sa.String(34), nullable=False),
        sa.Column("channel", sa.Integer(), nullable=False),
        sa.Column("starts", sa.Integer(), nullable=False),
        sa.Column("heard", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "recording_sid", "channel", "starts", name=op.f("pk_transcript_parts")
        ),
    )
