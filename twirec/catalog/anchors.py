"""What is remembered of the audit log's anchors, which are in the bucket."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Integer, String, Table, func, select, update

from twirec.catalog.column_types import UtcDateTime
from twirec.catalog.database import Database, to_models
from twirec.catalog.tables import metadata
from twirec.model.anchors import Anchor, KnownAnchor

anchors = Table(
    "anchors",
    metadata,
    Column("anchor", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("stamped_at", UtcDateTime),
)


class Anchors:
    """The anchors that this catalog wrote, or found in the bucket.

    Whoever has the database can rewrite them: they say what is to be in the bucket, and prove
    nothing.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def known(self) -> list[KnownAnchor]:
        """Return all, the first one first."""
        with self._database.read() as connection:
            statement = select(anchors).order_by(anchors.c.anchor)
            return to_models(KnownAnchor, connection.execute(statement))

    def newest(self) -> KnownAnchor | None:
        """Return the newest; None without any."""
        statement = select(anchors).order_by(anchors.c.anchor.desc()).limit(1)
        with self._database.read() as connection:
            return next(iter(to_models(KnownAnchor, connection.execute(statement))), None)

    def unstamped(self) -> KnownAnchor | None:
        """Return the first of which no time stamp tells: all before the last one that has one do.

        None where the newest has one, and without any.
        """
        last = select(func.max(anchors.c.anchor)).where(anchors.c.stamped_at.is_not(None))
        behind = anchors.c.anchor > func.coalesce(last.scalar_subquery(), 0)
        statement = select(anchors).where(behind).order_by(anchors.c.anchor).limit(1)
        with self._database.read() as connection:
            return next(iter(to_models(KnownAnchor, connection.execute(statement))), None)

    def keep(self, anchor: Anchor) -> None:
        """Remember one. One that is remembered already stays as it is."""
        row = {
            "anchor": anchor.anchor,
            "at": anchor.at,
            "entries": anchor.entries,
            "digest": anchor.digest,
        }
        with self._database.write() as connection:
            self._database.insert_once(connection, anchors, row)

    def stamped(self, anchor: int, at: datetime) -> None:
        """Remember when an authority said that one was there, UTC."""
        one = update(anchors).where(anchors.c.anchor == anchor)
        with self._database.write() as connection:
            connection.execute(one.values(stamped_at=at))
