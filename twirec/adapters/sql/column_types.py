"""Types of columns that no database has: points in time, and how a recording was encrypted."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, TypeDecorator

from twirec.model.encryption import Encryption


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time: aware in Python, UTC in the database, whichever database it is."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware time into UTC; a naive one is a mistake of the caller."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a time zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Give the time back in UTC. SQLite keeps no zone, so what comes naive is UTC."""
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


class EncryptionJson(TypeDecorator[Encryption]):
    """How a recording was encrypted, as a JSON object."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def process_bind_param(
        self, value: Encryption | None, dialect: Dialect
    ) -> dict[str, str] | None:
        """Write the fields."""
        return None if value is None else asdict(value)

    def process_result_value(
        self, value: dict[str, str] | None, dialect: Dialect
    ) -> Encryption | None:
        """Give back the value that was written."""
        return None if value is None else Encryption(**value)
