"""The tables of the catalog."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    false,
)

from twirec.catalog.column_types import TextsJson, TupleJson, UtcDateTime, word
from twirec.catalog.partial_indexes import (
    AT_REST,
    GOING_ON,
    IN_BUCKET,
    KEPT_APART,
    NOT_SURELY_OURS,
    WAITING,
    partial_index,
)
from twirec.model.approvals import ApprovalKind, ApprovalOutcome
from twirec.model.audit import AuditOutcome, Pass
from twirec.model.custody import OrderKind
from twirec.model.encryption import Encryption
from twirec.model.events import EventType
from twirec.model.ownership import Claim, NotOurs
from twirec.model.records import Acceptance
from twirec.model.states import Custody, Standstill, State
from twirec.model.vendor import RecordingStatus
from twirec.model.vocabulary import (
    ConsentMode,
    ConsentOutcome,
    Direction,
    LegalBasis,
    Outcome,
    Reason,
    Role,
    Verdict,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


NAME = String(1024).with_variant(String(1024, collation="C"), "postgresql")
"""In the order of code points, as buckets list names; SQLite's own order is that."""


calls = Table(
    "calls",
    metadata,
    Column("account_sid", String(34), primary_key=True),
    Column("call_sid", String(34), primary_key=True),
    Column("direction", word(Direction, 8)),
    Column("customer_number", String(255), nullable=False),
    Column("own_number", String(255), nullable=False),
    Column("started_at", UtcDateTime, nullable=False, index=True),
    Column("announced_at", UtcDateTime),
    Column("announced_steady", String(100), nullable=False, server_default=""),
    Column("announcement", String(64)),
    Column("dial", TupleJson(), nullable=False),
    Column("channel_map", TupleJson(Role), nullable=False, server_default="[]"),
    Column("leg", String(34), nullable=False, server_default=""),
    Column("mode", word(ConsentMode, 32)),
    Column("legal_basis", word(LegalBasis, 32)),
    Column("asked", Integer, nullable=False, server_default="0"),
    Column("outcome", word(Outcome, 16), nullable=False),
    Column("reason", word(Reason, 64)),
    Column("detail", String(255), nullable=False, server_default=""),
    Column("ended_at", UtcDateTime),
    Column("case_number", String(64), nullable=False, server_default=""),
    # The last digits of the customer's number backwards: databases have no index for endings.
    Column("tail", String(8), nullable=False, server_default=""),
    Column("late", Boolean, nullable=False, server_default=false()),
    # As Twilio wrote them, where that is not the same.
    Column("customer_address", String(255), nullable=False, server_default=""),
    Column("own_address", String(255), nullable=False, server_default=""),
    Column("caller_id", String(32), nullable=False, server_default=""),
    Column("facts", TupleJson(), nullable=False, server_default="[]"),
    Column("sent_on", Integer, nullable=False, server_default="0"),
    Column("forwarded_from", String(255), nullable=False, server_default=""),
    # As it is compared; NULL in rows that an older version wrote, until `fill_plain` comes by.
    Column("plain_case", Text),
    # An erasure of the call, or of its number, keeps it for authorities only, until it is emptied.
    Column("blocked", Boolean, nullable=False, server_default=false()),
    Index("ix_calls_call_sid", "call_sid"),  # the key begins with the account: no use for a SID
    # Each kind of search has the time beside it, so that the newest come first out of the index.
    Index("ix_calls_customer_number_started_at", "customer_number", "started_at"),
    Index("ix_calls_tail_started_at", "tail", "started_at"),
    Index("ix_calls_own_number_started_at", "own_number", "started_at"),
    Index("ix_calls_direction_started_at", "direction", "started_at"),
    Index("ix_calls_outcome_started_at", "outcome", "started_at"),
    partial_index("ix_calls_reason_started_at", "reason", "started_at", where="reason IS NOT NULL"),
    partial_index(
        "ix_calls_plain_case_started_at", "plain_case", "started_at", where="case_number <> ''"
    ),
    partial_index("ix_calls_going_on", "ended_at", "started_at", where=GOING_ON),
    partial_index(
        "ix_calls_forwarded_from_started_at",
        *("forwarded_from", "started_at"),
        where="forwarded_from <> ''",
    ),
)

consents = Table(
    "consents",
    metadata,
    Column("account_sid", String(34), primary_key=True),
    Column("call_sid", String(34), primary_key=True),
    Column("leg", String(34), primary_key=True),
    Column("outcome", word(ConsentOutcome, 32), nullable=False),
    Column("method", String(32), nullable=False),
    Column("announcement", String(64), nullable=False),
    Column("language", String(16), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("key", String(8), nullable=False, server_default=""),
    Column("agents", TupleJson(), nullable=False, server_default="[]"),
    Column("call_started_at", UtcDateTime),  # written by triggers, which the migration has
    Index("ix_consents_outcome_call_started_at", "outcome", "call_started_at"),
    ForeignKeyConstraint(
        ["account_sid", "call_sid"],
        ["calls.account_sid", "calls.call_sid"],
        name="fk_consents_calls",
    ),
)

recordings = Table(
    "recordings",
    metadata,
    Column("sid", String(34), primary_key=True),
    Column("account_sid", String(34), nullable=False),
    Column("call_sid", String(34)),
    Column("state", word(State, 16), nullable=False),
    Column("custody", word(Custody, 16), nullable=False),
    Column("legal_ground", String(255), nullable=False, server_default=""),
    Column("source", String(64)),
    Column("started_at", UtcDateTime),
    Column("duration", Integer),
    Column("channels", Integer),
    Column("channel_map", TupleJson(Role), nullable=False),
    Column("leg", String(34)),
    Column("error_code", Integer),
    Column("encryption", TextsJson(Encryption)),
    Column("object_name", NAME, unique=True),
    Column("generation", BigInteger),
    Column("size", BigInteger),
    Column("crc32c", String(8)),
    Column("sha256", String(64)),
    Column("due_at", UtcDateTime),
    Column("attempts", Integer, nullable=False),
    Column("last_error", Text, nullable=False),
    # Who works at it, and until when nobody else does; not the recording's, and not journalled.
    Column("lease", String(32)),
    Column("lease_until", UtcDateTime),
    Column("keep_at_vendor", Boolean, nullable=False, server_default=false()),
    Column("standstill", word(Standstill, 16)),
    Column("accepted", TextsJson(Acceptance)),
    Column("claim", word(Claim, 8), nullable=False, server_default="told"),
    Column("kept_for_trial", Boolean, nullable=False, server_default=false(), index=True),
    Column("backfilled", Boolean, nullable=False, server_default=false()),
    Column("call_started_at", UtcDateTime),
    # Since when its bytes are being destroyed: from then on a hold comes too late.
    Column("destroyed_from", UtcDateTime),
    # Ordered to be destroyed as soon as it is finished: there is nothing of it to destroy yet.
    Column("to_be_erased", Boolean, nullable=False, server_default=false()),
    Column("checked_at", UtcDateTime),  # when its bytes were last read back; NULL for never
    Index("ix_recordings_state_custody_call_started_at", "state", "custody", "call_started_at"),
    # What happens on a day is counted without the rows.
    Index("ix_recordings_began", "started_at", "state", "custody", "duration"),
    # What waits, or does not go on, are few of many.
    partial_index("ix_recordings_waiting", "started_at", where=WAITING),
    partial_index("ix_recordings_at_rest", "started_at", "sid", where=AT_REST),
    partial_index("ix_recordings_checked", "checked_at", "sid", where=IN_BUCKET),
    partial_index("ix_recordings_standstill", "standstill", where="standstill IS NOT NULL"),
    # With the custody, which is always the same: without, SQLite takes the index of all recordings.
    partial_index(
        "ix_recordings_kept_apart", "account_sid", "call_sid", "custody", where=KEPT_APART
    ),
    partial_index("ix_recordings_claim", "started_at", where=NOT_SURELY_OURS),
    Index("ix_recordings_backfilled_due_at", "backfilled", "due_at"),
    Index("ix_recordings_account_sid_call_sid", "account_sid", "call_sid"),
)

foreign = Table(
    "foreign_recordings",
    metadata,
    Column("sid", String(34), primary_key=True),
    Column("account_sid", String(34), nullable=False),
    Column("created_at", UtcDateTime, nullable=False, index=True),
    Column("why", word(NotOurs, 16), nullable=False),
    Column("rule", String(16), nullable=False),
)

callbacks = Table(
    "callbacks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("recording_sid", String(34), nullable=False, index=True),
    Column("status", word(RecordingStatus, 16), nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("raw", JSON, nullable=False),
)

announcements = Table(
    "announcements",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("language", String(16), nullable=False),
    Column("voice", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("question", Text, nullable=False, server_default=""),
    Column("audio", String(64), nullable=False, server_default=""),
    Column("question_audio", String(64), nullable=False, server_default=""),
    Column("seconds", Float, nullable=False, server_default="0"),
    Column("question_seconds", Float, nullable=False, server_default="0"),
    Column("kept_at", UtcDateTime, nullable=False),
    Column("published_at", UtcDateTime),
)

audio = Table(
    "audio",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("data", LargeBinary, nullable=False),
    Column("kept_at", UtcDateTime, nullable=False),
)

marks = Table(
    "marks",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
)

identity = Table(
    "identity",
    metadata,
    # Always the same: with two rows there would be two identities.
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("value", String(16), nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

policy_changes = Table(
    "policy_changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("by", String(255), nullable=False),
    Column("why", Text, nullable=False),
    Column("number", String(255)),
    Column("direction", word(Direction, 8)),
    Column("on", Boolean),
    Column("mode", word(ConsentMode, 32)),
    Column("language", String(16)),
    Column("legal_basis", word(LegalBasis, 32)),
    Column("ends_at", UtcDateTime),
)

policy_defaults = Table(
    "policy_defaults",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("on", Boolean, nullable=False),
    Column("mode", word(ConsentMode, 32), nullable=False),
    Column("language", String(16), nullable=False),
    Column("legal_basis", word(LegalBasis, 32), nullable=False),
)

pauses = Table(
    "pauses",
    metadata,
    Column("recording_sid", String(34), primary_key=True),
    Column("paused_at", UtcDateTime, primary_key=True, index=True),
    Column("by", String(255), nullable=False),
    Column("resumed_at", UtcDateTime, index=True),
)

pause_limits = Table(
    "pause_limits",
    metadata,
    Column("recording_sid", String(34), primary_key=True),
    Column("due_at", UtcDateTime, index=True),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("last_error", Text, nullable=False, server_default=""),
    Column("lease", String(32)),
    Column("lease_until", UtcDateTime),
)

agents = Table(
    "agents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("agent", String(255), nullable=False, index=True),
    Column("informed_on", Date, nullable=False),
    Column("reference", Text, nullable=False),
    Column("by", String(255), nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

legs = Table(
    "legs",
    metadata,
    Column("account_sid", String(34), primary_key=True),
    Column("leg_sid", String(34), primary_key=True),
    Column("call_sid", String(34), index=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("agent", String(255), nullable=False, server_default="", index=True),
    Column("call_started_at", UtcDateTime),
    partial_index("ix_legs_agent_call_started_at", "agent", "call_started_at", where="agent <> ''"),
)

participants = Table(
    "participants",
    metadata,
    Column("account_sid", String(34), primary_key=True),
    Column("conference_sid", String(34), primary_key=True),
    Column("leg_sid", String(34), primary_key=True),
    Column("joined_number", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("left_number", Integer),
    Index("ix_participants_account_sid_leg_sid", "account_sid", "leg_sid"),
)

stop_orders = Table(
    "stop_orders",
    metadata,
    Column("account_sid", String(34), primary_key=True),
    Column("sid", String(34), primary_key=True),
    Column("reason", word(Verdict, 32), primary_key=True),
    Column("at", UtcDateTime, primary_key=True, index=True),
    Column("done_at", UtcDateTime, index=True),
)

orders = Table(
    "orders",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("recording_sid", String(34), nullable=False, index=True),
    Column("kind", word(OrderKind, 16), nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("by", String(255), nullable=False),
    Column("why", Text, nullable=False),
)

holds = Table(
    "holds",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("recording_sid", String(34), index=True),
    Column("number", String(255)),
    Column("since", UtcDateTime),
    Column("until", UtcDateTime),
    Column("case_number", String(64), nullable=False, index=True),
    Column("reason", Text, nullable=False),
    Column("by", String(255), nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("lifted_by", String(255), nullable=False, server_default=""),
    Column("lifted_at", UtcDateTime),
    Column("lifted_reason", Text, nullable=False, server_default=""),
    Column("account_sid", String(34)),
    Column("call_sid", String(34)),
    partial_index("ix_holds_of_numbers", "number", where="number IS NOT NULL"),
    partial_index("ix_holds_of_calls", "call_sid", "account_sid", where="call_sid IS NOT NULL"),
)

blocks = Table(
    "blocks",
    metadata,
    Column("recording_sid", String(34), primary_key=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("by", String(255), nullable=False),
    Column("why", Text, nullable=False),
    Column("until", Date, nullable=False, index=True),
    Column("was", word(Custody, 16), nullable=False),
)

approvals = Table(
    "approvals",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", word(ApprovalKind, 16), nullable=False),
    Column("subject", JSON, nullable=False),
    Column("asked_by", String(255), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False, index=True),
    Column("reason", Text, nullable=False),
    Column("ground", Text, nullable=False, server_default=""),
    Column("reference", Text, nullable=False, server_default=""),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("outcome", word(ApprovalOutcome, 16)),
    Column("decided_by", String(255), nullable=False, server_default=""),
    Column("decided_at", UtcDateTime),
    Column("why", Text, nullable=False, server_default=""),
    partial_index("ix_approvals_pending", "expires_at", where="outcome IS NULL"),
)

releases = Table(
    "releases",
    metadata,
    Column("recording_sid", String(34), primary_key=True),
    Column("approval", Integer, primary_key=True, autoincrement=False),
    Column("by", String(255), primary_key=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("until", UtcDateTime, nullable=False),
    Column("opened_at", UtcDateTime),
)

events = Table(
    "events",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("recording_sid", String(34), index=True),
    Column("case_key", String(16)),
    Column("type", word(EventType, 16), nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("state", word(State, 16)),
    Column("reason", String(64), nullable=False),
    Column("due_at", UtcDateTime, index=True),
    Column("attempts", Integer, nullable=False),
    Column("delivered_at", UtcDateTime),
    Column("last_error", Text, nullable=False, server_default=""),
    Column("lease", String(32)),
    Column("lease_until", UtcDateTime),
    partial_index("ix_events_not_delivered", "at", where="delivered_at IS NULL"),
)

notes = Table(
    "notes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account_sid", String(34), nullable=False),
    Column("call_sid", String(34), nullable=False, index=True),
    Column("by", String(255), nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("text", Text, nullable=False),
    Column("case_number", String(64)),
    Column("recording_sid", String(34)),
    Column("second", Float),
    # As `plain_case`; the indexes of its parts only the migration knows, a kind for each database.
    Column("plain_text", Text),
    Column("call_started_at", UtcDateTime, index=True),
    partial_index("ix_notes_not_plain", "id", where="plain_text IS NULL"),
)

audit = Table(
    "audit",
    metadata,
    # Without gaps, which a sequence of PostgreSQL has: the chain gives the numbers itself.
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("by", String(255), nullable=False, index=True),
    Column("role", String(255), nullable=False),
    Column("action", String(64), nullable=False),
    Column("sid", String(255), nullable=False, index=True),
    Column("number", String(64), nullable=False, index=True),
    Column("outcome", word(AuditOutcome, 8), nullable=False),
    Column("detail", JSON, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)

listenings = Table(
    "listenings",
    metadata,
    Column("tried", Integer, primary_key=True, autoincrement=False),
    Column("recording_sid", String(255), nullable=False, index=True),
    Column("object_name", String(1024), nullable=False),
    Column("by", String(255), nullable=False),
    Column("role", String(255), nullable=False),
    Column("action", String(64), nullable=False),
    Column("detail", JSON, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False, index=True),
    Column("going", JSON, nullable=False),
    Column("given", JSON, nullable=False),
)

audit_check = Table(
    "audit_check",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime),
    Column("full_at", UtcDateTime),
    Column("seq", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("top_seq", Integer, nullable=False),
    Column("top_hash", String(64), nullable=False),
    Column("going", word(Pass, 8)),
    Column("broken_at", Integer),
    Column("why", Text, nullable=False),
)

waveforms = Table(
    "waveforms",
    metadata,
    Column("recording_sid", String(34), primary_key=True),
    Column("seconds", Float, nullable=False),
    Column("sample_rate", Integer, nullable=False),
    Column("bits", Integer, nullable=False),
    Column("first", Integer),
    Column("clipped", JSON, nullable=False),
    Column("spans", JSON, nullable=False),
    Column("peaks", LargeBinary, nullable=False),
)

vendor_retention = Table(
    "vendor_retention",
    metadata,
    Column("account_sid", String(34), primary_key=True),
    Column("since", UtcDateTime, primary_key=True),
    Column("until", UtcDateTime, primary_key=True),
)

journal = Table(
    "journal",
    metadata,
    Column("day", String(10), primary_key=True),
    Column("token", String(32), primary_key=True),
)

derivatives = Table(
    "derivatives",
    metadata,
    Column("object_name", String(1024), primary_key=True),
    Column("recording_sid", String(34), nullable=False, index=True),
    Column("sha256", String(64), nullable=False),
    Column("format", String(16), nullable=False),
    Column("conversion", Text, nullable=False),
    Column("begun_at", UtcDateTime, nullable=False),
    Column("made_at", UtcDateTime),
    Column("expires_at", UtcDateTime, index=True),
    Column("generation", BigInteger),
    Column("size", BigInteger),
    Column("crc32c", String(8)),
    Column("own_sha256", String(64)),
    Column("due_at", UtcDateTime, index=True),
    Column("attempts", Integer, nullable=False),
    Column("last_error", Text, nullable=False),
    Column("lease", String(32)),
    Column("lease_until", UtcDateTime),
)

figures = Table(
    "figures",
    metadata,
    # How many rows a table has, by what they are: kept by triggers, which the migration has.
    Column("kind", String(16), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("shard", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("seconds", BigInteger, nullable=False),
)

differences = Table(
    "differences",
    metadata,
    Column("object_name", String(1024), primary_key=True),
    Column("recording_sid", String(34), nullable=False, index=True),
    Column("why", Text, nullable=False),
    Column("found_at", UtcDateTime, nullable=False),
)
