"""Of copies without card numbers: the objects that are being made, and the silence in one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.add_column("card_cuts", sa.Column("made_cuts", sa.JSON()))
    op.add_column("card_cuts", sa.Column("next_name", sa.String(1024)))
    op.add_column("card_cuts", sa.Column("next_transcript", sa.String(1024)))
