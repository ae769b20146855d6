"""Second factors, sign-ins by a provider, places that are known; longer names."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    with op.batch_alter_table("users") as users:
        users.alter_column("name", existing_type=sa.String(32), type_=sa.String(64))
    op.create_table(
        "factors",
        sa.Column("user_id", sa.String(32), primary_key=True),
        sa.Column("secret", sa.String(255), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("user_id", sa.String(32), nullable=False),
    )
    op.create_table(
        "identities",
        sa.Column("issuer", sa.String(255), primary_key=True),
        sa.Column("subject", sa.String(255), primary_key=True),
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    for table in ("recovery_codes", "identities"):
        op.create_index(f"ix_{table}_user_id", table, ["user_id"])
    op.create_table(
        "places",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("address", sa.String(64), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_places_at", "places", ["at"])


def downgrade() -> None:
    """Drop the tables. Names that are longer than they were before have to be changed first."""
    for table in ("places", "identities", "recovery_codes", "factors"):
        op.drop_table(table)
    with op.batch_alter_table("users") as users:
        users.alter_column("name", existing_type=sa.String(64), type_=sa.String(32))
