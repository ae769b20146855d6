"""Events that are of no recording, such as that the audit log was changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

OF_A_RECORDING = {"recording_sid": sa.String(34), "state": sa.String(16)}


def upgrade() -> None:
    """Apply the change. On SQLite the table is written anew."""
    with op.batch_alter_table("events") as batch:
        for name, type_ in OF_A_RECORDING.items():
            batch.alter_column(name, existing_type=type_, nullable=True)
