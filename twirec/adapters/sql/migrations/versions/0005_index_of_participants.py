"""Find who was in a conference by their leg, of one account."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_index(
        op.f("ix_participants_account_sid_leg_sid"),
        "participants",
        ["account_sid", "leg_sid"],
        unique=False,
    )
    op.drop_index(op.f("ix_participants_leg_sid"), table_name="participants")
