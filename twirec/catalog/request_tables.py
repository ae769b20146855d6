"""The tables of people's requests to know what is kept of them, beside those of `tables`."""

from __future__ import annotations

from sqlalchemy import Column, Date, Integer, String, Table, Text

from twirec.catalog.column_types import UtcDateTime, word
from twirec.catalog.partial_indexes import partial_index
from twirec.catalog.tables import metadata
from twirec.model.access_requests import CopyOf, StepKind

access_requests = Table(
    "access_requests",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("number", String(255), nullable=False, index=True),
    Column("name", String(255), nullable=False),
    Column("language", String(2), nullable=False),
    Column("since", UtcDateTime),
    Column("until", UtcDateTime),
    Column("received_on", Date, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False, index=True),
    Column("copies", word(CopyOf, 16), nullable=False),
    Column("identified_at", UtcDateTime),
    Column("extended_at", UtcDateTime),
    Column("packed_at", UtcDateTime),
    Column("answered_at", UtcDateTime),
    Column("refused_at", UtcDateTime),
    partial_index(
        "ix_access_requests_open", "due_on", where="answered_at IS NULL AND refused_at IS NULL"
    ),
)

access_steps = Table(
    "access_steps",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("request_id", Integer, nullable=False, index=True),
    Column("kind", word(StepKind, 16), nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("by", String(255), nullable=False),
    Column("sid", String(34), nullable=False),
    Column("copies", word(CopyOf, 16)),
    Column("text", Text, nullable=False),
    Column("how", Text, nullable=False),
)
