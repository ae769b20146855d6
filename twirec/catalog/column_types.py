"""Types of columns that no database has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, Enum, TypeDecorator

from twirec.model.encryption import Encryption
from twirec.model.records import Acceptance


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


Texts = Encryption | Acceptance
"""A dataclass whose fields are all texts."""


class TextsJson(TypeDecorator[Texts]):
    """A dataclass of texts, such as how a recording was encrypted, as a JSON object.

    Args:
        kind: makes the value of its fields.
    """

    impl = JSON(none_as_null=True)
    cache_ok = True

    def __init__(self, kind: Callable[..., Texts]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: Texts | None, dialect: Dialect) -> dict[str, str] | None:
        """Write the fields."""
        return None if value is None else asdict(value)

    def process_result_value(self, value: dict[str, str] | None, dialect: Dialect) -> Texts | None:
        """Give back the value that was written."""
        return None if value is None else self.kind(**value)


def word(vocabulary: type[StrEnum], length: int) -> Enum:
    """Return the type of a word of a vocabulary, which the database has as plain text.

    No database knows the vocabulary: a word more in it is no migration.

    Args:
        vocabulary: the enum that has the word.
        length: characters of the column.
    """
    return Enum(
        vocabulary,
        native_enum=False,
        length=length,
        values_callable=lambda kind: [member.value for member in kind],
    )


class TupleJson(TypeDecorator[tuple[Any, ...]]):
    """A tuple, such as of roles, as a JSON list.

    Args:
        item: makes each of what JSON has; None where it is the same.
    """

    impl = JSON
    cache_ok = True

    def __init__(self, item: Callable[[Any], Any] | None = None) -> None:
        super().__init__()
        self.item = item

    def process_bind_param(self, value: tuple[Any, ...] | None, dialect: Dialect) -> Any:
        """Write the list: enums of text are text to JSON, dataclasses are objects."""
        if value is None:
            return None
        return [
            asdict(each) if is_dataclass(each) and not isinstance(each, type) else each
            for each in value
        ]

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[Any, ...] | None:
        """Give back the tuple that was written."""
        if value is None:
            return None
        return tuple(value if self.item is None else map(self.item, value))
