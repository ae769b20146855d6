"""Policy, consent modes and encrypted recordings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "policy_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=255), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("number", sa.String(length=255), nullable=True),
        sa.Column("direction", sa.String(length=8), nullable=True),
        sa.Column("on", sa.Boolean(), nullable=True),
        sa.Column("mode", sa.String(length=32), nullable=True),
        sa.Column("language", sa.String(length=16), nullable=True),
        sa.Column("legal_basis", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_changes")),
    )
    op.create_table(
        "pauses",
        sa.Column("recording_sid", sa.String(length=34), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=255), nullable=False),
        sa.Column("resumed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("recording_sid", "paused_at", name=op.f("pk_pauses")),
    )
    op.create_index(op.f("ix_pauses_resumed_at"), "pauses", ["resumed_at"], unique=False)
    op.create_table(
        "audio",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_audio")),
    )
    op.create_table(
        "agents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agent", sa.String(length=255), nullable=False),
        sa.Column("informed_on", sa.Date(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=255), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agents")),
    )
    op.create_index(op.f("ix_agents_agent"), "agents", ["agent"], unique=False)
    op.create_table(
        "legs",
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("leg_sid", sa.String(length=34), nullable=False),
        sa.Column("call_sid", sa.String(length=34), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agent", sa.String(length=255), server_default="", nullable=False),
        sa.Column("conference", sa.String(length=34), nullable=True),
        sa.PrimaryKeyConstraint("account_sid", "leg_sid", name=op.f("pk_legs")),
    )
    op.create_index(op.f("ix_legs_call_sid"), "legs", ["call_sid"], unique=False)
    op.create_index(op.f("ix_legs_conference"), "legs", ["conference"], unique=False)
    with op.batch_alter_table("recordings", schema=None) as batch_op:
        batch_op.add_column(sa.Column("leg", sa.String(length=34), nullable=True))

    with op.batch_alter_table("announcements", schema=None) as batch_op:
        batch_op.add_column(sa.Column("question", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(
            sa.Column("audio", sa.String(length=64), server_default="", nullable=False)
        )
        batch_op.add_column(
            sa.Column("question_audio", sa.String(length=64), server_default="", nullable=False)
        )
        batch_op.add_column(sa.Column("seconds", sa.Float(), server_default="0", nullable=False))
        batch_op.add_column(
            sa.Column("question_seconds", sa.Float(), server_default="0", nullable=False)
        )

    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("channel_map", sa.JSON(), server_default="[]", nullable=False)
        )
        batch_op.add_column(
            sa.Column("leg", sa.String(length=34), server_default="", nullable=False)
        )
        batch_op.add_column(sa.Column("mode", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("legal_basis", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("asked", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(
            sa.Column("detail", sa.String(length=255), server_default="", nullable=False)
        )

    with op.batch_alter_table("consents", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("key", sa.String(length=8), server_default="", nullable=False)
        )
        batch_op.add_column(sa.Column("agents", sa.JSON(), server_default="[]", nullable=False))

    with op.batch_alter_table("recordings", schema=None) as batch_op:
        batch_op.add_column(sa.Column("encryption", sa.JSON(), nullable=True))

    op.create_table(
        "orders",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recording_sid", sa.String(length=34), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=255), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
    )
    op.create_index(op.f("ix_orders_recording_sid"), "orders", ["recording_sid"], unique=False)
    with op.batch_alter_table("recordings", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("legal_ground", sa.String(length=255), server_default="", nullable=False)
        )
    op.create_index(op.f("ix_calls_own_number"), "calls", ["own_number"], unique=False)
    op.create_table(
        "notices",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("recording_sid", sa.String(length=34), nullable=False),
        sa.Column("event", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    op.create_index(op.f("ix_notices_recording_sid"), "notices", ["recording_sid"], unique=False)
    op.create_index(op.f("ix_notices_due_at"), "notices", ["due_at"], unique=False)
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("case_number", sa.String(length=64), server_default="", nullable=False)
        )
        batch_op.add_column(
            sa.Column("tail", sa.String(length=8), server_default="", nullable=False)
        )
    op.create_index(op.f("ix_calls_tail"), "calls", ["tail"], unique=False)
    op.create_index(op.f("ix_calls_call_sid"), "calls", ["call_sid"], unique=False)
    _fill_tails()
    op.create_table(
        "notes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("call_sid", sa.String(length=34), nullable=False),
        sa.Column("by", sa.String(length=255), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("case_number", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
    )
    op.create_index(op.f("ix_notes_call_sid"), "notes", ["call_sid"], unique=False)
    op.create_table(
        "audit",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=255), nullable=False),
        sa.Column("role", sa.String(length=255), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("sid", sa.String(length=255), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit")),
    )
    for column in ("at", "by", "sid", "number"):
        op.create_index(op.f(f"ix_audit_{column}"), "audit", [column], unique=False)
    op.create_table(
        "keeping",
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account_sid", "since", "until", name=op.f("pk_keeping")),
    )
    with op.batch_alter_table("recordings", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("keep_at_vendor", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
    for statement in APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)
    op.create_table(
        "waveforms",
        sa.Column("recording_sid", sa.String(length=34), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("sample_rate", sa.Integer(), nullable=False),
        sa.Column("bits", sa.Integer(), nullable=False),
        sa.Column("first", sa.Integer(), nullable=True),
        sa.Column("clipped", sa.JSON(), nullable=False),
        sa.Column("spans", sa.JSON(), nullable=False),
        sa.Column("peaks", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("recording_sid", name=op.f("pk_waveforms")),
    )
    op.create_table(
        "journal",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("day", "token", name=op.f("pk_journal")),
    )
    op.create_index(op.f("ix_recordings_started_at"), "recordings", ["started_at"], unique=False)
    op.create_index(op.f("ix_pauses_paused_at"), "pauses", ["paused_at"], unique=False)
    op.create_index(op.f("ix_legs_at"), "legs", ["at"], unique=False)
    op.create_index(op.f("ix_orders_at"), "orders", ["at"], unique=False)
    op.create_index(op.f("ix_notices_at"), "notices", ["at"], unique=False)
    op.create_index(op.f("ix_notes_at"), "notes", ["at"], unique=False)
    op.create_table(
        "derivatives",
        sa.Column("object_name", sa.String(length=1024), nullable=False),
        sa.Column("recording_sid", sa.String(length=34), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("format", sa.String(length=16), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("generation", sa.BigInteger(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("object_name", name=op.f("pk_derivatives")),
    )
    for column in ("recording_sid", "expires_at", "due_at"):
        op.create_index(op.f(f"ix_derivatives_{column}"), "derivatives", [column], unique=False)


def _fill_tails() -> None:
    """Give the calls that are there the last six digits of their number, backwards."""
    calls = sa.table("calls", sa.column("customer_number"), sa.column("tail"))
    for (number,) in op.get_bind().execute(sa.select(calls.c.customer_number).distinct()).all():
        digits = number.removeprefix("+")
        if digits.isdigit():
            own = calls.c.customer_number == number
            op.execute(sa.update(calls).where(own).values(tail=digits[:-7:-1]))


APPEND_ONLY = {
    "sqlite": tuple(
        f"CREATE TRIGGER audit_refuses_{what} BEFORE {what} ON audit "
        "BEGIN SELECT RAISE(ABORT, 'the audit log is only ever added to'); END"
        for what in ("UPDATE", "DELETE")
    ),
    "postgresql": (
        "CREATE FUNCTION audit_refuses() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit log is only ever added to'; END $$",
        "CREATE TRIGGER audit_refuses BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuses()",
    ),
}
"""What keeps the audit log as it is."""
