"""How long what is kept: the history of the rules, and when what is looked at next."""
# ruff: noqa: S608 - the SQL is made of our own words

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from alembic import op
from sqlalchemy import inspect, text

from twirec.catalog.migrations.online import Execute, NewIndex, make_indexes

if TYPE_CHECKING:
    from twirec.catalog.database import Database

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

LOT = 2000
"""Rows that are written at a time: others write in between."""

KINDS = {
    "sqlite": ("INTEGER NOT NULL", "DATETIME"),
    "postgresql": ("SERIAL NOT NULL", "TIMESTAMP WITH TIME ZONE"),
}

INDEX = NewIndex("ix_retention_looks_rules_look_at", "retention_looks", "rules, look_at")

ITS_FACTS = ("own_number", "direction", "case_number", "started_at")
"""What rules look at of a call."""

BLOCKED = (
    "INSERT INTO retention_stale (kept, account_sid, sid) "
    "SELECT 'recordings', account_sid, sid FROM recordings WHERE sid = NEW.recording_sid;"
)

LIFTED = (
    "INSERT INTO retention_stale (kept, account_sid, sid) "
    "SELECT 'recordings', account_sid, sid FROM recordings WHERE sid = OLD.recording_sid; "
    "INSERT INTO retention_stale (kept, account_sid, sid) "
    "SELECT 'calls', account_sid, call_sid FROM calls "
    "WHERE customer_number = OLD.number OR own_number = OLD.number;"
)
"""What was held may go at once: a hold that is lifted forgets the number that it was of."""


def _tables(dialect: str) -> tuple[str, ...]:
    number, moment = KINDS[dialect]
    thing = "kept VARCHAR(16) NOT NULL, account_sid VARCHAR(34) NOT NULL, sid VARCHAR(34) NOT NULL"
    return (
        f"CREATE TABLE IF NOT EXISTS retention_looks ({thing}, rules INTEGER NOT NULL, "
        f"look_at {moment}, CONSTRAINT pk_retention_looks PRIMARY KEY (kept, account_sid, sid))",
        f"CREATE TABLE IF NOT EXISTS retention_stale (id {number}, {thing}, "
        "CONSTRAINT pk_retention_stale PRIMARY KEY (id))",
    )


def _new(kept: str, sid: str) -> str:
    return (
        "INSERT INTO retention_looks (kept, account_sid, sid, rules) "
        f"VALUES ('{kept}', NEW.account_sid, NEW.{sid}, 0) ON CONFLICT DO NOTHING;"
    )


def _stale(kept: str, sid: str) -> str:
    return (
        "INSERT INTO retention_stale (kept, account_sid, sid) "
        f"VALUES ('{kept}', NEW.account_sid, NEW.{sid});"
    )


def _triggers(dialect: str) -> tuple[str, ...]:
    """Return what writes down what is to be looked at.

    No row is changed that was there: nobody who writes waits for who looks, nor the other way.
    """
    other = "IS NOT" if dialect == "sqlite" else "IS DISTINCT FROM"

    def changed(*columns: str) -> str:
        return " OR ".join(f"OLD.{each} {other} NEW.{each}" for each in columns)

    # A state is a fact to rules only where there are bytes again after there were none.
    there_again = "(NEW.state = 'completed' AND OLD.state <> 'recording')"
    of_recording = changed("custody", "started_at", "account_sid", "call_sid")
    what = {
        ("recordings", "new", "INSERT", ""): _new("recordings", "sid"),
        ("calls", "new", "INSERT", ""): _new("calls", "call_sid") + _stale("calls", "call_sid"),
        (
            "recordings",
            "change",
            "UPDATE OF state, custody, started_at, account_sid, call_sid",
            f"{of_recording} OR {there_again}",
        ): _stale("recordings", "sid"),
        (
            "calls",
            "change",
            f"UPDATE OF {', '.join(ITS_FACTS)}",
            changed(*ITS_FACTS),
        ): _stale("calls", "call_sid"),
        ("consents", "new", "INSERT", ""): _stale("calls", "call_sid"),
        ("consents", "change", "UPDATE OF outcome", changed("outcome")): _stale(
            "calls", "call_sid"
        ),
        ("notes", "new", "INSERT", ""): _stale("calls", "call_sid"),
        ("blocks", "new", "INSERT", ""): BLOCKED,
        ("blocks", "change", "UPDATE OF until", ""): BLOCKED,
        ("holds", "change", "UPDATE OF lifted_at", ""): LIFTED,
    }
    made: list[str] = []
    for (table, name, event, condition), body in what.items():
        trigger, when = f"retention_{table}_{name}", f"WHEN ({condition}) " if condition else ""
        if dialect == "sqlite":
            made.append(
                f"CREATE TRIGGER IF NOT EXISTS {trigger} AFTER {event} ON {table} {when}"
                f"BEGIN {body} END"
            )
            continue
        made += [
            f"CREATE OR REPLACE FUNCTION {trigger}() RETURNS trigger LANGUAGE plpgsql AS $$ "
            f"BEGIN {body} RETURN NULL; END $$",
            f"CREATE OR REPLACE TRIGGER {trigger} AFTER {event} ON {table} FOR EACH ROW {when}"
            f"EXECUTE FUNCTION {trigger}()",
        ]
    return tuple(made)


def online(database: Database, execute: Execute) -> None:
    """Do it in a catalog that is in use. What is done already is not done again.

    First what writes down what comes from then on, and then what is there.
    """
    dialect = database.engine.dialect.name
    for statement in (*_tables(dialect), *_triggers(dialect)):
        execute(statement)
    for table, kept, sid in (("recordings", "recordings", "sid"), ("calls", "calls", "call_sid")):
        _fill(database, table, kept, sid)
    make_indexes(database, execute, [INDEX])


def _fill(database: Database, table: str, kept: str, sid: str) -> None:
    """Write down the rows that are there, some at a time, in order of their SIDs."""
    page = f"SELECT account_sid, {sid} AS sid FROM {table} WHERE {sid} > :after ORDER BY {sid}"
    last = text(f"SELECT max(sid) FROM ({page} LIMIT {LOT}) AS lot")
    fill = text(
        "INSERT INTO retention_looks (kept, account_sid, sid, rules) "
        f"SELECT '{kept}', account_sid, {sid}, 0 FROM {table} "
        f"WHERE {sid} > :after AND {sid} <= :until ON CONFLICT DO NOTHING"
    )
    after = ""
    while True:
        with database.write() as connection:
            until = connection.execute(last, {"after": after}).scalar()
            if until is None:
                return
            connection.execute(fill, {"after": after, "until": until})
        after = until


def upgrade() -> None:
    """Apply the change, in the transaction of a new catalog. In one in use most is done already.

    Nothing of it is done again: triggers of several tables, made in one transaction, lock each in
    turn, and those who write lock them in another order.
    """
    connection = op.get_bind()
    dialect = connection.dialect.name
    if not inspect(connection).has_table("retention_looks"):
        for statement in (*_tables(dialect), INDEX.ddl(concurrently=False), *_triggers(dialect)):
            op.execute(statement)
    op.create_table(
        "retention_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(255), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("step", sa.String(8), nullable=False),
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("kept", sa.String(16)),
        sa.Column("term", sa.String(32)),
        sa.Column("at_end", sa.String(8)),
        sa.Column("number", sa.String(255)),
        sa.Column("direction", sa.String(8)),
        sa.Column("consent", sa.String(32)),
        sa.Column("case", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_changes")),
    )
