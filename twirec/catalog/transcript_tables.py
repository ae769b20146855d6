"""The tables of transcripts that are due or made, and of the parts of those that are being made."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, String, Table, Text

from twirec.catalog.column_types import UtcDateTime
from twirec.catalog.partial_indexes import partial_index
from twirec.catalog.tables import metadata

GIVEN_UP = "due_at IS NULL AND last_error <> ''"

transcripts = Table(
    "transcripts",
    metadata,
    Column("recording_sid", String(34), primary_key=True),
    Column("begun_at", UtcDateTime, nullable=False),
    Column("by", String(255), nullable=False),
    # By which it is to be made; the one that is there was by `made_by`.
    Column("recipe", String(64), nullable=False),
    Column("next_name", String(1024), index=True),
    Column("object_name", String(1024), index=True),
    Column("made_at", UtcDateTime),
    Column("made_by", String(64), nullable=False, index=True),
    Column("generation", BigInteger),
    Column("size", BigInteger),
    Column("crc32c", String(8)),
    Column("own_sha256", String(64)),
    Column("model", String(255), nullable=False),
    Column("model_sha256", String(64), nullable=False),
    Column("language", String(16), nullable=False),
    Column("due_at", UtcDateTime, index=True),
    Column("attempts", Integer, nullable=False),
    Column("last_error", Text, nullable=False),
    Column("lease", String(32)),
    Column("lease_until", UtcDateTime),
    partial_index("ix_transcripts_given_up", "recording_sid", where=GIVEN_UP),
)

transcript_parts = Table(
    "transcript_parts",
    metadata,
    Column("recording_sid", String(34), primary_key=True),
    Column("channel", Integer, primary_key=True, autoincrement=False),
    # Milliseconds of the recording.
    Column("starts", Integer, primary_key=True, autoincrement=False),
    Column("heard", Text, nullable=False),
)
