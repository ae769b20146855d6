"""Figures that the database keeps itself, and indexes of what waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from alembic import op
from sqlalchemy import inspect

from twirec.catalog.migrations.online import Execute, NewIndex, drop_indexes, make_indexes

if TYPE_CHECKING:
    from twirec.catalog.database import Database

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLE = (
    "CREATE TABLE IF NOT EXISTS figures (kind VARCHAR(16) NOT NULL, key VARCHAR(255) NOT NULL, "
    "shard INTEGER NOT NULL, number BIGINT NOT NULL, size BIGINT NOT NULL, "
    "seconds BIGINT NOT NULL, CONSTRAINT pk_figures PRIMARY KEY (kind, key, shard))"
)

INDEXES = (
    NewIndex(
        "ix_recordings_waiting",
        "recordings",
        "started_at",
        "due_at IS NOT NULL OR state = 'recording'",
    ),
    NewIndex(
        "ix_recordings_at_rest",
        "recordings",
        "started_at, sid",
        "due_at IS NULL AND lease IS NULL AND state IN ('archived', 'completed', 'erasing') "
        "AND NOT (state = 'archived' AND (keep_at_vendor OR kept_for_trial))",
    ),
    NewIndex("ix_recordings_standstill", "recordings", "standstill", "standstill IS NOT NULL"),
    NewIndex(
        "ix_recordings_claim",
        "recordings",
        "started_at",
        "claim NOT IN ('account', 'line', 'route', 'told') "
        "AND state IN ('archived', 'completed', 'recording')",
    ),
    NewIndex("ix_events_not_delivered", "events", "at", "delivered_at IS NULL"),
    NewIndex(
        "ix_recordings_began",
        "recordings",
        "started_at, state, custody, duration",
    ),
)

REPLACED = ("ix_recordings_started_at",)
"""The index of which one of the new ones begins with the same column."""

INTO = "INSERT INTO figures (kind, key, shard, number, size, seconds)"

BEFORE = -1
"""The shard of what there was before the database began to keep figures."""


class Counted(NamedTuple):
    """A table whose rows are counted; all but its name is SQL, in which `{0}` is the row.

    Attributes:
        table: its name.
        key: under what a row is counted.
        columns: those that what is counted depends on.
        size, seconds: what is added up.
    """

    table: str
    key: str
    columns: tuple[str, ...]
    size: str = "0"
    seconds: str = "0"

    def add(self, row: str, sign: str, shard: str) -> str:
        """Return the statement that counts a row (`1`), or counts it no more (`-1`)."""
        size, seconds = (f"{sign} * {each.format(row)}" for each in (self.size, self.seconds))
        key = self.key.format(row)
        return (
            f"{INTO} VALUES ('{self.table}', {key}, {shard}, {sign}, {size}, {seconds}) "
            "ON CONFLICT (kind, key, shard) DO UPDATE SET "
            "number = figures.number + excluded.number, size = figures.size + excluded.size, "
            "seconds = figures.seconds + excluded.seconds;"
        )

    def count_before(self) -> str:
        """Return what counts the rows that were there before the triggers, also once more.

        It is what there is, without what the triggers counted: one statement, so that both are of
        one moment, whoever writes meanwhile, and that an interruption leaves all as it was. A key
        that it does not meet any more was counted right before: the triggers met it neither.
        """
        key, size, seconds = (e.format("there") for e in (self.key, self.size, self.seconds))
        return (
            f"{INTO} SELECT '{self.table}', key, {BEFORE}, sum(number), sum(size), sum(seconds) "  # noqa: S608 - our own names
            f"FROM (SELECT {key} AS key, count(*) AS number, sum({size}) AS size, "
            f"sum({seconds}) AS seconds FROM {self.table} AS there GROUP BY 1 "
            f"UNION ALL SELECT key, -number, -size, -seconds FROM figures "
            f"WHERE kind = '{self.table}' AND shard <> {BEFORE}) AS counted GROUP BY key "
            "ON CONFLICT (kind, key, shard) DO UPDATE SET "
            "number = excluded.number, size = excluded.size, seconds = excluded.seconds"
        )

    def on_sqlite(self) -> tuple[str, ...]:
        """Return the triggers on SQLite, which has one writer at a time."""
        new, old = self.add("NEW", "1", "0"), self.add("OLD", "-1", "0")
        trigger = f"CREATE TRIGGER IF NOT EXISTS {self.table}_counted_"
        differs = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in self.columns)
        return (
            f"{trigger}insert AFTER INSERT ON {self.table} BEGIN {new} END",
            f"{trigger}delete AFTER DELETE ON {self.table} BEGIN {old} END",
            f"{trigger}update AFTER UPDATE OF {', '.join(self.columns)} ON {self.table} "
            f"WHEN {differs} BEGIN {old} {new} END",
        )

    def on_postgresql(self) -> tuple[str, ...]:
        """Return the triggers on PostgreSQL.

        Each connection has rows of its own: one row for all is what all would wait for, in orders
        that end in a deadlock.
        """
        shard, function = "pg_backend_pid()", f"{self.table}_counted"
        new, old = self.add("NEW", "1", shard), self.add("OLD", "-1", shard)
        differs = " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in self.columns)
        trigger = f"CREATE OR REPLACE TRIGGER {function}"
        return (
            f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF TG_OP <> 'INSERT' THEN {old} END IF; IF TG_OP <> 'DELETE' THEN {new} END IF; "
            "RETURN NULL; END $$",
            f"{trigger} AFTER INSERT OR DELETE ON {self.table} FOR EACH ROW "
            f"EXECUTE FUNCTION {function}()",
            f"{trigger}_update AFTER UPDATE OF {', '.join(self.columns)} ON {self.table} "
            f"FOR EACH ROW WHEN ({differs}) EXECUTE FUNCTION {function}()",
        )


COUNTED = (
    Counted(
        "recordings",
        "{0}.state || ' ' || {0}.custody || ' ' || CASE WHEN {0}.keep_at_vendor THEN '1' ELSE '0' "
        "END || ' ' || CASE WHEN {0}.kept_for_trial THEN '1' ELSE '0' END",
        ("state", "custody", "keep_at_vendor", "kept_for_trial", "size", "duration"),
        size="coalesce({0}.size, 0)",
        seconds="coalesce({0}.duration, 0)",
    ),
    Counted(
        "calls",
        "{0}.outcome || ' ' || coalesce({0}.reason, '') || ' ' || "
        "CASE WHEN {0}.customer_number = 'not_known' THEN '1' ELSE '0' END",
        ("outcome", "reason", "customer_number"),
    ),
    Counted("callbacks", "{0}.status", ("status",)),
)


def online(database: Database, execute: Execute) -> None:
    """Do it in a catalog that is in use. What is done already is not done again.

    Who writes while a trigger is made waits for that; whatever is written from then on is counted.
    """
    make_indexes(database, execute, INDEXES)
    drop_indexes(database, execute, REPLACED)
    execute(TABLE)
    for counted in COUNTED:
        for statement in _triggers(counted, database.engine.dialect.name):
            execute(statement)
    for counted in COUNTED:
        execute(counted.count_before())


def upgrade() -> None:
    """Apply the change, in the transaction of a new catalog. In one in use it is done already."""
    connection = op.get_bind()
    if inspect(connection).has_table("figures"):
        return
    for index in INDEXES:
        op.execute(index.ddl(concurrently=False))
    for name in REPLACED:
        op.execute(f"DROP INDEX IF EXISTS {name}")
    op.execute(TABLE)
    for counted in COUNTED:
        for statement in (*_triggers(counted, connection.dialect.name), counted.count_before()):
            op.execute(statement)


def _triggers(counted: Counted, dialect: str) -> tuple[str, ...]:
    return counted.on_postgresql() if dialect == "postgresql" else counted.on_sqlite()
