"""What the settings said of the policy and when; histories that nothing can change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ONLY_ADDED_TO = ("policy_changes", "policy_defaults", "agents")


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "policy_defaults",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("on", sa.Boolean(), nullable=False),
        sa.Column("mode", sa.String(length=32), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("legal_basis", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_defaults")),
    )
    op.create_index(op.f("ix_legs_agent"), "legs", ["agent"], unique=False)
    for table in ONLY_ADDED_TO:
        for statement in _refusing(table)[op.get_bind().dialect.name]:
            op.execute(statement)


def _refusing(table: str) -> dict[str, tuple[str, ...]]:
    """Return what keeps the rows of a table as they are."""
    why = f"{table} is only ever added to"
    return {
        "sqlite": tuple(
            f"CREATE TRIGGER {table}_refuses_{what} BEFORE {what} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{why}'); END"
            for what in ("UPDATE", "DELETE")
        ),
        "postgresql": (
            f"CREATE FUNCTION {table}_refuses() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{why}'; END $$",
            f"CREATE TRIGGER {table}_refuses BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuses()",
        ),
    }
