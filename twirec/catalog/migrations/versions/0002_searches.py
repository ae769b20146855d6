"""Indexes for every search, and text as it is compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import op
from sqlalchemy import Connection

from twirec.catalog.migrations.online import (
    Execute,
    NewIndex,
    add_columns,
    drop_indexes,
    has_trigrams,
    make_indexes,
)

if TYPE_CHECKING:
    from twirec.catalog.database import Database

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

COLUMNS = {("calls", "plain_case"): "TEXT", ("notes", "plain_text"): "TEXT"}

INDEXES = (
    NewIndex("ix_calls_customer_number_started_at", "calls", "customer_number, started_at"),
    NewIndex("ix_calls_tail_started_at", "calls", "tail, started_at"),
    NewIndex("ix_calls_own_number_started_at", "calls", "own_number, started_at"),
    NewIndex("ix_calls_direction_started_at", "calls", "direction, started_at"),
    NewIndex("ix_calls_outcome_started_at", "calls", "outcome, started_at"),
    NewIndex("ix_calls_reason_started_at", "calls", "reason, started_at", "reason IS NOT NULL"),
    NewIndex(
        "ix_calls_plain_case_started_at", "calls", "plain_case, started_at", "case_number <> ''"
    ),
    NewIndex("ix_consents_outcome", "consents", "outcome"),
    NewIndex("ix_recordings_state", "recordings", "state"),
    NewIndex("ix_recordings_duration", "recordings", "duration"),
    NewIndex("ix_notes_not_plain", "notes", "id", "plain_text IS NULL"),
)

REPLACED = (
    "ix_calls_customer_number",
    "ix_calls_own_number",
    "ix_calls_outcome",
    "ix_calls_tail",
)
"""The indexes of which one of the new ones begins with the same column."""

TRIGRAMS = NewIndex("ix_notes_plain_text", "notes USING gin", "plain_text gin_trgm_ops")
"""What finds parts of notes on PostgreSQL."""

WORDS = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS notes_words USING fts5("
    "plain_text, content = 'notes', content_rowid = 'id', columnsize = 0, "
    "tokenize = 'trigram case_sensitive 1')",
    "CREATE TRIGGER IF NOT EXISTS notes_words_insert AFTER INSERT ON notes "
    "WHEN NEW.plain_text <> '' BEGIN "
    "INSERT INTO notes_words (rowid, plain_text) VALUES (NEW.id, NEW.plain_text); END",
    # Whatever was taken away stays in the index until it is written anew, which nothing but this
    # does before long: https://www.sqlite.org/fts5.html#the_secure_delete_configuration_option
    "CREATE TRIGGER IF NOT EXISTS notes_words_delete AFTER DELETE ON notes "
    "WHEN OLD.plain_text <> '' BEGIN "
    "INSERT INTO notes_words (notes_words, rowid, plain_text) "
    "VALUES ('delete', OLD.id, OLD.plain_text); "
    "INSERT INTO notes_words (notes_words) VALUES ('optimize'); END",
    "CREATE TRIGGER IF NOT EXISTS notes_words_update AFTER UPDATE ON notes "
    "WHEN OLD.plain_text IS NOT NEW.plain_text OR OLD.id <> NEW.id BEGIN "
    "INSERT INTO notes_words (notes_words, rowid, plain_text) "
    "SELECT 'delete', OLD.id, OLD.plain_text WHERE OLD.plain_text <> ''; "
    "INSERT INTO notes_words (notes_words) SELECT 'optimize' WHERE OLD.plain_text <> ''; "
    "INSERT INTO notes_words (rowid, plain_text) "
    "SELECT NEW.id, NEW.plain_text WHERE NEW.plain_text <> ''; END",
)
"""What finds parts of notes on SQLite: an index that has no copy of the text."""


def online(database: Database, execute: Execute) -> None:
    """Do it in a catalog that is in use. What is done already is not done again."""
    with database.write() as connection:
        trigrams = _trigrams(connection)
        adding = list(add_columns(connection, COLUMNS))
    for statement in adding:
        execute(statement)
    make_indexes(database, execute, INDEXES)
    for each in trigrams:
        if isinstance(each, str):
            execute(each)
        else:
            make_indexes(database, execute, [each])
    drop_indexes(database, execute, REPLACED)


def _trigrams(connection: Connection) -> tuple[NewIndex | str, ...]:
    """Return what finds parts of notes; nothing where the database has no such index."""
    if not has_trigrams(connection):
        return ()
    return (TRIGRAMS,) if connection.dialect.name == "postgresql" else WORDS


def upgrade() -> None:
    """Apply the change, in the transaction of a new catalog. In one in use it is done already."""
    connection = op.get_bind()
    for statement in add_columns(connection, COLUMNS):
        op.execute(statement)
    for each in (*INDEXES, *_trigrams(connection)):
        op.execute(each if isinstance(each, str) else each.ddl(concurrently=False))
    for name in REPLACED:
        op.execute(f"DROP INDEX IF EXISTS {name}")
