"""The catalog's tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ONLY_ADDED_TO = ("audit", "policy_changes", "policy_defaults", "agents")
"""Histories that nothing can change. Notes, orders and consents are none: they hold what has to be
erased with a person's data, or is completed later."""

KEY = {"audit": "seq"}
"""The column of a history's primary key, where it is not `id`."""


def upgrade() -> None:
    """Apply the change."""
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
        "announcements",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("voice", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), server_default="", nullable=False),
        sa.Column("audio", sa.String(length=64), server_default="", nullable=False),
        sa.Column("question_audio", sa.String(length=64), server_default="", nullable=False),
        sa.Column("seconds", sa.Float(), server_default="0", nullable=False),
        sa.Column("question_seconds", sa.Float(), server_default="0", nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_announcements")),
    )
    op.create_table(
        "audio",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_audio")),
    )
    op.create_table(
        "audit",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=255), nullable=False),
        sa.Column("role", sa.String(length=255), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("sid", sa.String(length=255), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=8), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit")),
    )
    op.create_table(
        "audit_check",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("full_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("top_seq", sa.Integer(), nullable=False),
        sa.Column("top_hash", sa.String(length=64), nullable=False),
        sa.Column("going", sa.String(length=8), nullable=True),
        sa.Column("broken_at", sa.Integer(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_check")),
    )
    op.create_index(op.f("ix_audit_at"), "audit", ["at"], unique=False)
    op.create_index(op.f("ix_audit_by"), "audit", ["by"], unique=False)
    op.create_index(op.f("ix_audit_number"), "audit", ["number"], unique=False)
    op.create_index(op.f("ix_audit_sid"), "audit", ["sid"], unique=False)
    op.create_table(
        "callbacks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recording_sid", sa.String(length=34), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("raw", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callbacks")),
    )
    op.create_index(
        op.f("ix_callbacks_recording_sid"), "callbacks", ["recording_sid"], unique=False
    )
    op.create_table(
        "calls",
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("call_sid", sa.String(length=34), nullable=False),
        sa.Column("direction", sa.String(length=8), nullable=True),
        sa.Column("customer_number", sa.String(length=255), nullable=False),
        sa.Column("own_number", sa.String(length=255), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("announced_steady", sa.String(length=100), server_default="", nullable=False),
        sa.Column("announcement", sa.String(length=64), nullable=True),
        sa.Column("dial", sa.JSON(), nullable=False),
        sa.Column("channel_map", sa.JSON(), server_default="[]", nullable=False),
        sa.Column("leg", sa.String(length=34), server_default="", nullable=False),
        sa.Column("mode", sa.String(length=32), nullable=True),
        sa.Column("legal_basis", sa.String(length=32), nullable=True),
        sa.Column("asked", sa.Integer(), server_default="0", nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.Column("detail", sa.String(length=255), server_default="", nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("case_number", sa.String(length=64), server_default="", nullable=False),
        sa.Column("tail", sa.String(length=8), server_default="", nullable=False),
        sa.Column("late", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("account_sid", "call_sid", name=op.f("pk_calls")),
    )
    op.create_index("ix_calls_call_sid", "calls", ["call_sid"], unique=False)
    op.create_index(op.f("ix_calls_customer_number"), "calls", ["customer_number"], unique=False)
    op.create_index(op.f("ix_calls_outcome"), "calls", ["outcome"], unique=False)
    op.create_index(op.f("ix_calls_own_number"), "calls", ["own_number"], unique=False)
    op.create_index(op.f("ix_calls_started_at"), "calls", ["started_at"], unique=False)
    op.create_index(op.f("ix_calls_tail"), "calls", ["tail"], unique=False)
    op.create_table(
        "derivatives",
        sa.Column("object_name", sa.String(length=1024), nullable=False),
        sa.Column("recording_sid", sa.String(length=34), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("format", sa.String(length=16), nullable=False),
        sa.Column("conversion", sa.Text(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("generation", sa.BigInteger(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("crc32c", sa.String(length=8), nullable=True),
        sa.Column("own_sha256", sa.String(length=64), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("lease", sa.String(length=32), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("object_name", name=op.f("pk_derivatives")),
    )
    op.create_index(op.f("ix_derivatives_due_at"), "derivatives", ["due_at"], unique=False)
    op.create_index(op.f("ix_derivatives_expires_at"), "derivatives", ["expires_at"], unique=False)
    op.create_index(
        op.f("ix_derivatives_recording_sid"), "derivatives", ["recording_sid"], unique=False
    )
    op.create_table(
        "differences",
        sa.Column("object_name", sa.String(length=1024), nullable=False),
        sa.Column("recording_sid", sa.String(length=34), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("object_name", name=op.f("pk_differences")),
    )
    op.create_index(
        op.f("ix_differences_recording_sid"), "differences", ["recording_sid"], unique=False
    )
    op.create_table(
        "journal",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("day", "token", name=op.f("pk_journal")),
    )
    op.create_table(
        "vendor_retention",
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account_sid", "since", "until", name=op.f("pk_vendor_retention")),
    )
    op.create_table(
        "legs",
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("leg_sid", sa.String(length=34), nullable=False),
        sa.Column("call_sid", sa.String(length=34), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agent", sa.String(length=255), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("account_sid", "leg_sid", name=op.f("pk_legs")),
    )
    op.create_index(op.f("ix_legs_agent"), "legs", ["agent"], unique=False)
    op.create_index(op.f("ix_legs_at"), "legs", ["at"], unique=False)
    op.create_index(op.f("ix_legs_call_sid"), "legs", ["call_sid"], unique=False)
    op.create_table(
        "identity",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("value", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity")),
    )
    op.create_table(
        "listenings",
        sa.Column("tried", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("recording_sid", sa.String(length=255), nullable=False),
        sa.Column("object_name", sa.String(length=1024), nullable=False),
        sa.Column("by", sa.String(length=255), nullable=False),
        sa.Column("role", sa.String(length=255), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("going", sa.JSON(), nullable=False),
        sa.Column("given", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("tried", name=op.f("pk_listenings")),
    )
    op.create_index(
        op.f("ix_listenings_recording_sid"), "listenings", ["recording_sid"], unique=False
    )
    op.create_index(op.f("ix_listenings_seen_at"), "listenings", ["seen_at"], unique=False)
    op.create_table(
        "marks",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_marks")),
    )
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
    op.create_index(op.f("ix_notes_at"), "notes", ["at"], unique=False)
    op.create_index(op.f("ix_notes_call_sid"), "notes", ["call_sid"], unique=False)
    op.create_table(
        "events",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("recording_sid", sa.String(length=34), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), server_default="", nullable=False),
        sa.Column("lease", sa.String(length=32), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    op.create_index(op.f("ix_events_at"), "events", ["at"], unique=False)
    op.create_index(op.f("ix_events_due_at"), "events", ["due_at"], unique=False)
    op.create_index(op.f("ix_events_recording_sid"), "events", ["recording_sid"], unique=False)
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
    op.create_index(op.f("ix_orders_at"), "orders", ["at"], unique=False)
    op.create_index(op.f("ix_orders_recording_sid"), "orders", ["recording_sid"], unique=False)
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
    op.create_index(
        "ix_participants_account_sid_leg_sid",
        "participants",
        ["account_sid", "leg_sid"],
        unique=False,
    )
    op.create_index(op.f("ix_participants_at"), "participants", ["at"], unique=False)
    op.create_table(
        "pauses",
        sa.Column("recording_sid", sa.String(length=34), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=255), nullable=False),
        sa.Column("resumed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("recording_sid", "paused_at", name=op.f("pk_pauses")),
    )
    op.create_index(op.f("ix_pauses_paused_at"), "pauses", ["paused_at"], unique=False)
    op.create_index(op.f("ix_pauses_resumed_at"), "pauses", ["resumed_at"], unique=False)
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
        "policy_defaults",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("on", sa.Boolean(), nullable=False),
        sa.Column("mode", sa.String(length=32), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("legal_basis", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_defaults")),
    )
    op.create_table(
        "recordings",
        sa.Column("sid", sa.String(length=34), nullable=False),
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("call_sid", sa.String(length=34), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("custody", sa.String(length=16), nullable=False),
        sa.Column("legal_ground", sa.String(length=255), server_default="", nullable=False),
        sa.Column("source", sa.String(length=64), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("duration", sa.Integer(), nullable=True),
        sa.Column("channels", sa.Integer(), nullable=True),
        sa.Column("channel_map", sa.JSON(), nullable=False),
        sa.Column("leg", sa.String(length=34), nullable=True),
        sa.Column("error_code", sa.Integer(), nullable=True),
        sa.Column("encryption", sa.JSON(), nullable=True),
        sa.Column(
            "object_name",
            sa.String(length=1024).with_variant(
                sa.String(length=1024, collation="C"), "postgresql"
            ),
            nullable=True,
        ),
        sa.Column("generation", sa.BigInteger(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("crc32c", sa.String(length=8), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("lease", sa.String(length=32), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("keep_at_vendor", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("standstill", sa.String(length=16), nullable=True),
        sa.Column("accepted", sa.JSON(), nullable=True),
        sa.Column("claim", sa.String(length=8), server_default="told", nullable=False),
        sa.Column("kept_for_trial", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("backfilled", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("sid", name=op.f("pk_recordings")),
        sa.UniqueConstraint("object_name"),
    )
    op.create_index(
        "ix_recordings_account_sid_call_sid",
        "recordings",
        ["account_sid", "call_sid"],
        unique=False,
    )
    op.create_index(
        op.f("ix_recordings_kept_for_trial"), "recordings", ["kept_for_trial"], unique=False
    )
    op.create_index(
        "ix_recordings_backfilled_due_at", "recordings", ["backfilled", "due_at"], unique=False
    )
    op.create_index(op.f("ix_recordings_started_at"), "recordings", ["started_at"], unique=False)
    op.create_table(
        "foreign_recordings",
        sa.Column("sid", sa.String(length=34), nullable=False),
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("why", sa.String(length=16), nullable=False),
        sa.Column("rule", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("sid", name=op.f("pk_foreign_recordings")),
    )
    op.create_index(
        op.f("ix_foreign_recordings_created_at"),
        "foreign_recordings",
        ["created_at"],
        unique=False,
    )
    op.create_table(
        "stop_orders",
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("sid", sa.String(length=34), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("account_sid", "sid", "reason", "at", name=op.f("pk_stop_orders")),
    )
    op.create_index(op.f("ix_stop_orders_at"), "stop_orders", ["at"], unique=False)
    op.create_index(op.f("ix_stop_orders_done_at"), "stop_orders", ["done_at"], unique=False)
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
        "consents",
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("call_sid", sa.String(length=34), nullable=False),
        sa.Column("leg", sa.String(length=34), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("method", sa.String(length=32), nullable=False),
        sa.Column("announcement", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key", sa.String(length=8), server_default="", nullable=False),
        sa.Column("agents", sa.JSON(), server_default="[]", nullable=False),
        sa.ForeignKeyConstraint(
            ["account_sid", "call_sid"],
            ["calls.account_sid", "calls.call_sid"],
            name="fk_consents_calls",
        ),
        sa.PrimaryKeyConstraint("account_sid", "call_sid", "leg", name=op.f("pk_consents")),
    )
    for table in ONLY_ADDED_TO:
        for statement in _refusing(table)[op.get_bind().dialect.name]:
            op.execute(statement)


def _refusing(table: str) -> dict[str, tuple[str, ...]]:
    """Return what keeps the rows of a table as they are."""
    why = f"{table} is only ever added to"
    # SQLite's INSERT OR REPLACE deletes the row of the same key without firing what refuses
    # deletions (https://www.sqlite.org/lang_conflict.html), so that is refused before it begins.
    # On PostgreSQL ON CONFLICT DO UPDATE and MERGE fire the trigger of updates.
    key = KEY.get(table, "id")
    there = f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key}) "  # noqa: S608 - our own names
    when = {"UPDATE": "", "DELETE": "", "INSERT": there}
    return {
        "sqlite": tuple(
            f"CREATE TRIGGER {table}_refuses_{what} BEFORE {what} ON {table} {condition}"
            f"BEGIN SELECT RAISE(ABORT, '{why}'); END"
            for what, condition in when.items()
        ),
        "postgresql": (
            f"CREATE FUNCTION {table}_refuses() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{why}'; END $$",
            f"CREATE TRIGGER {table}_refuses BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuses()",
        ),
    }
