"""The tables of what is erased, and of what became of each copy."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Index, Integer, String, Table, Text

from twirec.catalog.column_types import UtcDateTime, word
from twirec.catalog.tables import NAME, metadata
from twirec.model.erasure import Copy, CopyOutcome, ErasureKind, ErasureScope

erasures = Table(
    "erasures",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("scope", word(ErasureScope, 16), nullable=False),
    Column("kind", word(ErasureKind, 16), nullable=False),
    Column("sid", String(34), nullable=False, index=True),
    Column("number", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("by", String(255), nullable=False),
    Column("reason", Text, nullable=False),
    Column("ground", Text, nullable=False),
    Column("approved_by", String(255), nullable=False),
    Column("begun_at", UtcDateTime),
    Column("until", Date),
    Column("done_at", UtcDateTime),
    Column("due_at", UtcDateTime, index=True),
    Column("attempts", Integer, nullable=False),
    Column("last_error", Text, nullable=False),
    Column("lease", String(32)),
    Column("lease_until", UtcDateTime),
)

erasure_items = Table(
    "erasure_items",
    metadata,
    # What an erasure is of: recordings, calls, and rows of other tables, by their keys.
    Column("erasure", String(16), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("sid", String(34), primary_key=True),
    Column("account_sid", String(34), nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("outcome", word(CopyOutcome, 8), nullable=False),
    Column("why", String(64), nullable=False),
    Index("ix_erasure_items_sid", "sid"),
)

erased_copies = Table(
    "erased_copies",
    metadata,
    Column("sid", String(34), primary_key=True),
    Column("copy", word(Copy, 32), primary_key=True),
    Column("name", NAME, primary_key=True),
    Column("generation", BigInteger, primary_key=True, autoincrement=False),
    Column("outcome", word(CopyOutcome, 8), nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("until", UtcDateTime),
    Column("why", String(64), nullable=False),
)
