"""The tables of how long something is kept: the rules, and when to look at what."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, Text

from twirec.catalog.column_types import UtcDateTime, word
from twirec.catalog.tables import metadata
from twirec.model.retention import AtEnd, Kept, RetentionStep
from twirec.model.vocabulary import ConsentOutcome, Direction

retention_changes = Table(
    "retention_changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("by", String(255), nullable=False),
    Column("why", Text, nullable=False),
    Column("step", word(RetentionStep, 8), nullable=False),
    Column("name", String(32), nullable=False),
    Column("kept", word(Kept, 16)),
    Column("term", String(32)),
    Column("at_end", word(AtEnd, 8)),
    Column("number", String(255)),
    Column("direction", word(Direction, 8)),
    Column("consent", word(ConsentOutcome, 32)),
    Column("case", String(64)),
)

retention_looks = Table(
    "retention_looks",
    metadata,
    # When workers look next whether the time of a recording, or of what a call's line holds, is
    # over. It is decided when they look; a look too early changes nothing.
    Column("kept", word(Kept, 16), primary_key=True),
    Column("account_sid", String(34), primary_key=True),
    Column("sid", String(34), primary_key=True),
    Column("rules", Integer, nullable=False),
    Column("look_at", UtcDateTime),
    Index("ix_retention_looks_rules_look_at", "rules", "look_at"),
)

retention_stale = Table(
    "retention_stale",
    metadata,
    # What changed of that which rules look at: written by triggers, which the migration has.
    Column("id", Integer, primary_key=True),
    Column("kept", word(Kept, 16), nullable=False),
    Column("account_sid", String(34), nullable=False),
    Column("sid", String(34), nullable=False),
)
