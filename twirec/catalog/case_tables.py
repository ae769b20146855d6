"""The tables of cases, beside those of `tables`."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, Text

from twirec.catalog.column_types import TupleJson, UtcDateTime, word
from twirec.catalog.partial_indexes import partial_index
from twirec.catalog.tables import metadata
from twirec.model.cases import (
    AnsweredBy,
    CallPart,
    CaseAnswer,
    CaseKind,
    CaseLanguage,
    CaseStepKind,
)

cases = Table(
    "cases",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String(16), nullable=False),
    Column("kind", word(CaseKind, 16), nullable=False),
    Column("language", word(CaseLanguage, 2), nullable=False),
    Column("number", String(255), nullable=False),
    Column("opened_at", UtcDateTime, nullable=False, index=True),
    Column("opened_by", String(255), nullable=False),
    Column("content", Text, nullable=False),
    Column("term_began_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime),
    Column("warn_at", UtcDateTime),
    Column("complete_by", UtcDateTime),
    Column("notified_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
    Column("closed_by", String(255), nullable=False),
    Column("how", Text, nullable=False),
    Column("resolution", Text, nullable=False),
    Index("ix_cases_key", "key", unique=True),
    Index("ix_cases_number", "number"),
    partial_index("ix_cases_open", "due_at", where="closed_at IS NULL"),
)

case_calls = Table(
    "case_calls",
    metadata,
    Column("case_id", Integer, primary_key=True, autoincrement=False),
    Column("account_sid", String(34), primary_key=True),
    Column("call_sid", String(34), primary_key=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("by", String(255), nullable=False),
    Column("part", word(CallPart, 16), nullable=False),
    Column("answer", word(CaseAnswer, 16), nullable=False),
    Column("answered_at", UtcDateTime),
    Column("how", word(AnsweredBy, 16)),
    Column("asked_by", String(255), nullable=False),
    Column("recording_sid", String(34)),
    Index("ix_case_calls_call_sid", "call_sid"),
)

case_steps = Table(
    "case_steps",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("case_id", Integer, nullable=False, index=True),
    Column("kind", word(CaseStepKind, 16), nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("by", String(255), nullable=False),
    Column("text", Text, nullable=False),
    Column("how", Text, nullable=False),
    Column("call_sid", String(34), nullable=False),
)

case_mails = Table(
    "case_mails",
    metadata,
    # What is to be sent, until a mail server took it; what it says is sealed.
    Column("id", String(32), primary_key=True),
    Column("case_key", String(16), nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False),
    Column("by", String(255), nullable=False),
    Column("address", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("links", TupleJson(), nullable=False),
    Column("due_at", UtcDateTime, index=True),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("last_error", Text, nullable=False, server_default=""),
    Column("lease", String(32)),
    Column("lease_until", UtcDateTime),
)

case_clocks = Table(
    "case_clocks",
    metadata,
    # When it is told next of a case that it is nearly due, or overdue.
    Column("key", String(16), primary_key=True),
    Column("due_at", UtcDateTime, index=True),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("last_error", Text, nullable=False, server_default=""),
    Column("lease", String(32)),
    Column("lease_until", UtcDateTime),
)
