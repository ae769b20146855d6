"""The table of what was said, sentence by sentence, by which a search finds it."""

from __future__ import annotations

from sqlalchemy import Column, Float, Integer, String, Table, Text

from twirec.catalog.column_types import word
from twirec.catalog.tables import metadata
from twirec.model.vocabulary import Role

sentences = Table(
    "sentences",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("recording_sid", String(34), nullable=False, index=True),
    Column("call_sid", String(34), nullable=False),
    Column("side", word(Role, 16)),
    Column("starts", Float, nullable=False),
    Column("ends", Float, nullable=False),
    Column("text", Text, nullable=False),
    Column("probability", Float, nullable=False),
    # As they are compared, with the first of what the same side says next: a phrase may run over.
    Column("words", Text, nullable=False),
    Column("own", Integer, nullable=False),  # how many of them are the sentence's
    # Of the words, and of side, day and recording. The index of them only the migration knows, a
    # kind for each database.
    Column("keys", Text, nullable=False),
)
