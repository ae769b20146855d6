"""When its call began, beside what searches go by: the newest come first out of an index."""
# ruff: noqa: S608 - the SQL is made of our own words

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import op
from sqlalchemy import inspect, text

from twirec.catalog.migrations.online import (
    Execute,
    NewIndex,
    add_columns,
    drop_indexes,
    make_indexes,
)

if TYPE_CHECKING:
    from twirec.catalog.database import Database

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

LOT = 2000
"""Calls of which the rows are written at a time: others write in between."""

TABLES = ("consents", "recordings", "notes")
"""The tables whose rows say when their call began; NULL while there is no such call."""

COLUMNS = {
    "sqlite": {(table, "call_started_at"): "DATETIME" for table in TABLES},
    "postgresql": {(table, "call_started_at"): "TIMESTAMP WITH TIME ZONE" for table in TABLES},
}

EDGES = (10, 30, 60, 120, 180, 300, 600, 900, 1200, 1800, 2700, 3600, 7200)
"""Seconds between two classes of lengths, of which each is in order of time."""

LENGTH = (
    "CASE "
    + " ".join(f"WHEN duration < {edge} THEN {number}" for number, edge in enumerate(EDGES))
    + f" ELSE {len(EDGES)} END"
)

INDEXES = (
    NewIndex("ix_calls_last_digits", "calls", "substr(tail, 1, 3), started_at, tail"),
    NewIndex("ix_consents_outcome_call_started_at", "consents", "outcome, call_started_at"),
    NewIndex(
        "ix_recordings_state_custody_call_started_at",
        "recordings",
        "state, custody, call_started_at",
    ),
    NewIndex(
        "ix_recordings_length",
        "recordings",
        f"({LENGTH}), custody, call_started_at, duration",
        "duration IS NOT NULL AND state <> 'erased'",
    ),
    NewIndex("ix_notes_call_started_at", "notes", "call_started_at"),
)

REPLACED = ("ix_consents_outcome", "ix_recordings_state", "ix_recordings_duration")
"""The indexes whose part the new ones take."""


def _of_call(table: str) -> str:
    return f"{table}.account_sid = NEW.account_sid AND {table}.call_sid = NEW.call_sid"


def _give(table: str) -> str:
    return f"UPDATE {table} SET call_started_at = NEW.started_at WHERE {_of_call(table)};"


def _on_sqlite() -> tuple[str, ...]:
    its = f"(SELECT started_at FROM calls WHERE {_of_call('calls')})"
    trigger = "CREATE TRIGGER IF NOT EXISTS"
    made = [
        f"{trigger} {table}_call_start_{name} AFTER {when} ON {table} "
        f"WHEN NEW.call_sid IS NOT NULL BEGIN UPDATE {table} "
        f"SET call_started_at = {its} WHERE rowid = NEW.rowid; END"
        for table in TABLES
        for name, when in (("insert", "INSERT"), ("update", "UPDATE OF account_sid, call_sid"))
    ]
    every = " ".join(map(_give, TABLES))
    return (
        *made,
        f"{trigger} calls_start_insert AFTER INSERT ON calls BEGIN {_give('recordings')} END",
        f"{trigger} calls_start_update AFTER UPDATE OF started_at ON calls "
        f"WHEN OLD.started_at IS NOT NEW.started_at BEGIN {every} END",
    )


def _on_postgresql() -> tuple[str, ...]:
    function = (
        "CREATE OR REPLACE FUNCTION {} RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {} END $$"
    )
    trigger = "CREATE OR REPLACE TRIGGER"
    its = f"(SELECT started_at FROM calls WHERE {_of_call('calls')})"
    return (
        function.format("take_call_start()", f"NEW.call_started_at := {its}; RETURN NEW;"),
        *(
            f"{trigger} {table}_call_start BEFORE INSERT OR UPDATE OF account_sid, call_sid "
            f"ON {table} FOR EACH ROW EXECUTE FUNCTION take_call_start()"
            for table in TABLES
        ),
        function.format(
            "give_call_start()",
            f"{_give('recordings')} IF TG_OP = 'UPDATE' THEN {_give('consents')} "
            f"{_give('notes')} END IF; RETURN NULL;",
        ),
        f"{trigger} calls_start_insert AFTER INSERT ON calls FOR EACH ROW "
        "EXECUTE FUNCTION give_call_start()",
        f"{trigger} calls_start_update AFTER UPDATE OF started_at ON calls FOR EACH ROW "
        "WHEN (OLD.started_at IS DISTINCT FROM NEW.started_at) "
        "EXECUTE FUNCTION give_call_start()",
    )


TRIGGERS = {"sqlite": _on_sqlite(), "postgresql": _on_postgresql()}
"""What lets each row know, whoever writes it. A recording may come before its call; a consent or a
note does not."""


def online(database: Database, execute: Execute) -> None:
    """Do it in a catalog that is in use. What is done already is not done again.

    First the triggers, for what is written from then on, then the rows that are there, and then
    the indexes, which are so written once.
    """
    dialect = database.engine.dialect.name
    with database.read() as connection:
        adding = list(add_columns(connection, COLUMNS[dialect]))
    for statement in (*adding, *TRIGGERS[dialect]):
        execute(statement)
    _fill(database)
    make_indexes(database, execute, INDEXES)
    drop_indexes(database, execute, REPLACED)


UP_TO = text(
    "SELECT max(started_at) FROM (SELECT started_at FROM calls WHERE started_at > :after "
    f"ORDER BY started_at LIMIT {LOT}) AS lot"
)
FILL = [
    text(
        f"UPDATE {table} SET call_started_at = calls.started_at FROM calls "
        "WHERE calls.started_at > :after AND calls.started_at <= :until "
        f"AND {table}.account_sid = calls.account_sid AND {table}.call_sid = calls.call_sid "
        f"AND {table}.call_started_at IS NULL"
    )
    for table in TABLES
]


def _fill(database: Database) -> None:
    """Write it on the rows that are there, of some calls at a time, the oldest first."""
    after = "0001-01-01 00:00:00"
    while True:
        with database.write() as connection:
            until = connection.execute(UP_TO, {"after": after}).scalar()
            if until is None:
                return
            for statement in FILL:
                connection.execute(statement, {"after": after, "until": until})
        after = until


def upgrade() -> None:
    """Apply the change, in the transaction of a new catalog. In one in use it is done already."""
    connection = op.get_bind()
    if "call_started_at" in {each["name"] for each in inspect(connection).get_columns("notes")}:
        return
    dialect = connection.dialect.name
    for statement in (*add_columns(connection, COLUMNS[dialect]), *TRIGGERS[dialect]):
        op.execute(statement)
    for index in INDEXES:
        op.execute(index.ddl(concurrently=False))
    for name in REPLACED:
        op.execute(f"DROP INDEX IF EXISTS {name}")
