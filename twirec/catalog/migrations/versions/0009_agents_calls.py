"""When its call began, on each leg too: an agent's calls come newest first out of an index."""
# ruff: noqa: S608 - the SQL is made of our own words

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import op
from sqlalchemy import inspect, text

from twirec.catalog.migrations.online import Execute, NewIndex, add_columns, make_indexes

if TYPE_CHECKING:
    from twirec.catalog.database import Database

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

LOT = 2000
"""Calls of which the rows are written at a time: others write in between."""

COLUMNS = {
    "sqlite": {("legs", "call_started_at"): "DATETIME"},
    "postgresql": {("legs", "call_started_at"): "TIMESTAMP WITH TIME ZONE"},
}

INDEXES = (
    NewIndex("ix_legs_agent_call_started_at", "legs", "agent, call_started_at", "agent <> ''"),
)

_ITS = (
    "(SELECT started_at FROM calls WHERE calls.account_sid = NEW.account_sid "
    "AND calls.call_sid = NEW.call_sid)"
)
_GIVE = (
    "UPDATE legs SET call_started_at = NEW.started_at "
    "WHERE legs.account_sid = NEW.account_sid AND legs.call_sid = NEW.call_sid;"
)

TRIGGERS = {
    "sqlite": (
        *(
            f"CREATE TRIGGER IF NOT EXISTS legs_call_start_{name} AFTER {when} ON legs "
            f"WHEN NEW.call_sid IS NOT NULL BEGIN UPDATE legs SET call_started_at = {_ITS} "
            "WHERE rowid = NEW.rowid; END"
            for name, when in (("insert", "INSERT"), ("update", "UPDATE OF call_sid"))
        ),
        "CREATE TRIGGER IF NOT EXISTS calls_start_legs_insert AFTER INSERT ON calls "
        f"BEGIN {_GIVE} END",
        "CREATE TRIGGER IF NOT EXISTS calls_start_legs_update AFTER UPDATE OF started_at ON calls "
        f"WHEN OLD.started_at IS NOT NEW.started_at BEGIN {_GIVE} END",
    ),
    "postgresql": (
        # `take_call_start` is of 0007
        "CREATE OR REPLACE TRIGGER legs_call_start BEFORE INSERT OR UPDATE OF call_sid "
        "ON legs FOR EACH ROW EXECUTE FUNCTION take_call_start()",
        "CREATE OR REPLACE FUNCTION give_call_start_to_legs() RETURNS trigger LANGUAGE plpgsql "
        f"AS $$ BEGIN {_GIVE} RETURN NULL; END $$",
        "CREATE OR REPLACE TRIGGER calls_start_legs_insert AFTER INSERT ON calls FOR EACH ROW "
        "EXECUTE FUNCTION give_call_start_to_legs()",
        "CREATE OR REPLACE TRIGGER calls_start_legs_update AFTER UPDATE OF started_at ON calls "
        "FOR EACH ROW WHEN (OLD.started_at IS DISTINCT FROM NEW.started_at) "
        "EXECUTE FUNCTION give_call_start_to_legs()",
    ),
}
"""What lets each leg know, whichever comes first, the leg or its call's line."""

UP_TO = text(
    "SELECT max(started_at) FROM (SELECT started_at FROM calls WHERE started_at > :after "
    f"ORDER BY started_at LIMIT {LOT}) AS lot"
)
FILL = text(
    "UPDATE legs SET call_started_at = calls.started_at FROM calls "
    "WHERE calls.started_at > :after AND calls.started_at <= :until "
    "AND legs.account_sid = calls.account_sid AND legs.call_sid = calls.call_sid "
    "AND legs.call_started_at IS NULL"
)


def online(database: Database, execute: Execute) -> None:
    """Do it in a catalog that is in use. What is done already is not done again."""
    dialect = database.engine.dialect.name
    with database.read() as connection:
        adding = list(add_columns(connection, COLUMNS[dialect]))
    for statement in (*adding, *TRIGGERS[dialect]):
        execute(statement)
    _fill(database)
    make_indexes(database, execute, INDEXES)


def _fill(database: Database) -> None:
    """Write it on the rows that are there, of some calls at a time, the oldest first."""
    after = "0001-01-01 00:00:00"
    while True:
        with database.write() as connection:
            until = connection.execute(UP_TO, {"after": after}).scalar()
            if until is None:
                return
            connection.execute(FILL, {"after": after, "until": until})
        after = until


def upgrade() -> None:
    """Apply the change, in the transaction of a new catalog. In one in use it is done already."""
    connection = op.get_bind()
    if "call_started_at" in {each["name"] for each in inspect(connection).get_columns("legs")}:
        return
    dialect = connection.dialect.name
    for statement in (*add_columns(connection, COLUMNS[dialect]), *TRIGGERS[dialect]):
        op.execute(statement)
    for index in INDEXES:
        op.execute(index.ddl(concurrently=False))
