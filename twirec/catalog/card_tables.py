"""The table of card numbers that were spoken: when, what was decided, and the copy without them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, Column, Float, Integer, String, Table, Text

from twirec.catalog.column_types import TupleJson, UtcDateTime, word
from twirec.catalog.tables import metadata
from twirec.model.cards import CardCutState, CardPart, CardSpan
from twirec.model.vocabulary import Role


def cut_of(value: Sequence[float]) -> tuple[float, float]:
    """Return the seconds of a silence as JSON, or the journal, has them."""
    begin, end = value
    return float(begin), float(end)


def span_of(value: Mapping[str, Any] | CardSpan) -> CardSpan:
    """Return a span as JSON, or the journal, has it."""
    if isinstance(value, CardSpan):
        return value
    side = None if value["side"] is None else Role(value["side"])
    return CardSpan(CardPart(value["part"]), side, float(value["starts"]), float(value["ends"]))


card_cuts = Table(
    "card_cuts",
    metadata,
    Column("recording_sid", String(34), primary_key=True),
    Column("found_at", UtcDateTime, nullable=False, index=True),
    Column("sha256", String(64), nullable=False),
    Column("spans", TupleJson(span_of), nullable=False),
    Column("state", word(CardCutState, 16), nullable=False, index=True),
    Column("guard", Float, nullable=False),
    Column("decided_at", UtcDateTime),
    Column("decided_by", String(255), nullable=False),
    Column("reason", Text, nullable=False),
    Column("object_name", String(1024), index=True),
    Column("generation", BigInteger),
    Column("size", BigInteger),
    Column("crc32c", String(8)),
    Column("own_sha256", String(64)),
    Column("made_at", UtcDateTime),
    Column("made_cuts", TupleJson(cut_of)),
    Column("next_name", String(1024)),
    Column("next_transcript", String(1024)),
    Column("model", String(255), nullable=False),
    Column("model_sha256", String(64), nullable=False),
    Column("problem", Text, nullable=False),
    Column("replaced_at", UtcDateTime),
    Column("due_at", UtcDateTime, index=True),
    Column("attempts", Integer, nullable=False),
    Column("last_error", Text, nullable=False),
    Column("lease", String(32)),
    Column("lease_until", UtcDateTime),
)
