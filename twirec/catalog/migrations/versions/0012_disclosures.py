"""Recordings that are given to others: who consented, and the links."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "disclosure_consents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recording_sid", sa.String(34), nullable=False),
        sa.Column("participant", sa.String(255), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("name", "recipient", "purpose")),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("how", sa.String(16), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("by", sa.String(255), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *_ended("withdrawn"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disclosure_consents")),
    )
    op.create_table(
        "disclosures",
        sa.Column("id", sa.String(34), nullable=False),
        sa.Column("recording_sid", sa.String(34), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("recipient", "purpose")),
        sa.Column("ground", sa.String(16), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("consents", sa.JSON(), nullable=False),
        sa.Column("conversion", sa.Text(), nullable=False),
        sa.Column("by", sa.String(255), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("openings", sa.Integer(), nullable=False),
        sa.Column("opened", sa.Integer(), server_default="0", nullable=False),
        sa.Column("first_opened_at", sa.DateTime(timezone=True)),
        sa.Column("last_opened_at", sa.DateTime(timezone=True)),
        sa.Column("wrong_codes", sa.Integer(), server_default="0", nullable=False),
        *_ended("revoked"),
        sa.Column("link_hash", sa.String(64)),
        sa.Column("code_hash", sa.String(64)),
        sa.Column("salt", sa.String(32)),
        sa.Column("ticket_hash", sa.String(64)),
        sa.Column("ticket_until", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disclosures")),
    )
    for table in ("disclosure_consents", "disclosures"):
        for column in ("recording_sid", "at"):
            op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
    op.create_index("ix_disclosures_link_hash", "disclosures", ["link_hash"], unique=True)


def _ended(how: str) -> tuple[sa.Column[object], ...]:
    return (
        sa.Column(f"{how}_at", sa.DateTime(timezone=True)),
        sa.Column(f"{how}_by", sa.String(255), server_default="", nullable=False),
        sa.Column(f"{how}_why", sa.Text(), server_default="", nullable=False),
    )
