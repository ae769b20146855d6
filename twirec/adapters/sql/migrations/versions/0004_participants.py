"""Who is in a conference, from when until when, and with whom."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NUMBERED = (
    "INSERT INTO participants (account_sid, conference_sid, leg_sid, joined, at) "
    "SELECT account_sid, {conference}, {leg}, 0, at FROM legs WHERE {which}"
)
"""Of those who joined before, Twilio's numbers were not kept."""


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "participants",
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("conference_sid", sa.String(length=34), nullable=False),
        sa.Column("leg_sid", sa.String(length=34), nullable=False),
        sa.Column("joined", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint(
            "account_sid", "conference_sid", "leg_sid", "joined", name=op.f("pk_participants")
        ),
    )
    op.create_index(op.f("ix_participants_leg_sid"), "participants", ["leg_sid"], unique=False)
    op.create_index(op.f("ix_participants_at"), "participants", ["at"], unique=False)
    calls = NUMBERED.format(conference="leg_sid", leg="call_sid", which="leg_sid LIKE 'CF%'")
    agents = NUMBERED.format(conference="conference", leg="leg_sid", which="conference IS NOT NULL")
    op.execute(calls)
    op.execute(agents)
    op.execute("DELETE FROM legs WHERE leg_sid LIKE 'CF%'")
    op.drop_index(op.f("ix_legs_conference"), table_name="legs")
    with op.batch_alter_table("legs", schema=None) as batch_op:
        batch_op.drop_column("conference")
