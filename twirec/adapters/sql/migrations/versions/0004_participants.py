"""Who is in a conference, from when until when, and with whom."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MET = """
    INSERT INTO participants (account_sid, conference_sid, leg_sid, joined_number, at)
    SELECT account_sid, conference_sid, leg_sid, 0, min(at) FROM (
        SELECT account_sid, leg_sid AS conference_sid, call_sid AS leg_sid, at
        FROM legs WHERE leg_sid LIKE 'CF%' AND call_sid IS NOT NULL
        UNION ALL
        SELECT account_sid, conference, leg_sid, at FROM legs WHERE conference IS NOT NULL
    ) AS met GROUP BY account_sid, conference_sid, leg_sid
"""
"""Of those who joined before, Twilio's numbers were not kept."""


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "participants",
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("conference_sid", sa.String(length=34), nullable=False),
        sa.Column("leg_sid", sa.String(length=34), nullable=False),
        sa.Column("joined_number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_number", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint(
            "account_sid",
            "conference_sid",
            "leg_sid",
            "joined_number",
            name=op.f("pk_participants"),
        ),
    )
    op.create_index(op.f("ix_participants_leg_sid"), "participants", ["leg_sid"], unique=False)
    op.create_index(op.f("ix_participants_at"), "participants", ["at"], unique=False)
    op.execute(MET)
    op.execute("DELETE FROM legs WHERE leg_sid LIKE 'CF%'")
    op.drop_index(op.f("ix_legs_conference"), table_name="legs")
    with op.batch_alter_table("legs", schema=None) as batch_op:
        batch_op.drop_column("conference")
