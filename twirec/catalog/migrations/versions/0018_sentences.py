"""What was said, sentence by sentence, and the index of its words."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import sqlalchemy as sa
from alembic import op

from twirec.catalog.migrations.online import has_trigrams

if TYPE_CHECKING:
    from collections.abc import Iterator

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

FORGETS = (3, 42)
"""The version of SQLite from which on an index of words forgets what is deleted from it at once
(https://www.sqlite.org/fts5.html#the_secure_delete_configuration_option)."""

WORDS = (
    # Not `detail = none`: what is deleted of that, some versions do not forget.
    "CREATE VIRTUAL TABLE sentences_words USING fts5("
    "keys, content = 'sentences', content_rowid = 'id', columnsize = 0, detail = column, "
    "tokenize = 'ascii')",
    "CREATE TRIGGER sentences_words_insert AFTER INSERT ON sentences BEGIN "
    "INSERT INTO sentences_words (rowid, keys) VALUES (NEW.id, NEW.keys); END",
    "CREATE TRIGGER sentences_words_delete AFTER DELETE ON sentences BEGIN "
    "INSERT INTO sentences_words (sentences_words, rowid, keys) "
    "VALUES ('delete', OLD.id, OLD.keys); "
    "INSERT INTO marks (name, at) VALUES ('words to forget', CURRENT_TIMESTAMP) "
    "ON CONFLICT DO NOTHING; END",
)
"""What finds words on SQLite: an index that has no copy of them. Rows are never changed."""


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "sentences",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recording_sid", sa.String(34), nullable=False),
        sa.Column("call_sid", sa.String(34), nullable=False),
        sa.Column("side", sa.String(16)),
        sa.Column("starts", sa.Float(), nullable=False),
        sa.Column("ends", sa.Float(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("own", sa.Integer(), nullable=False),
        sa.Column("keys", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sentences")),
    )
    op.create_index(op.f("ix_sentences_recording_sid"), "sentences", ["recording_sid"])
    for statement in _words(op.get_bind()):
        op.execute(statement)


def _words(connection: sa.Connection) -> Iterator[str]:
    if connection.dialect.name == "postgresql":
        # Our own keys, which are words already: no parser and no language of the server's.
        # not with a list of what is to be added, which every search would read whole
        yield (
            "CREATE INDEX ix_sentences_keys ON sentences USING gin (CAST(keys AS tsvector)) "
            "WITH (fastupdate = off)"
        )
    elif has_trigrams(connection):
        yield from WORDS
        if sqlite3.sqlite_version_info >= FORGETS:
            yield "INSERT INTO sentences_words (sentences_words, rank) VALUES ('secure-delete', 1)"
