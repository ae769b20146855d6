"""Values of the model as rows of the tables, and back: fields and columns have the same names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

from sqlalchemy import Row, Table

Model = TypeVar("Model")


def to_model(kind: Callable[..., Model], row: Row[Any]) -> Model:
    """Return the value of a row.

    Args:
        kind: its class, a dataclass each of whose fields is a column.
        row: has these columns, and may have more.
    """
    return kind(*_fields(kind)(row))


def to_models(kind: Callable[..., Model], rows: Iterable[Row[Any]]) -> list[Model]:
    """Return the values of rows, in their order. See `to_model`."""
    read = _fields(kind)
    return [kind(*read(row)) for row in rows]


def to_row(value: object, table: Table) -> dict[str, Any]:
    """Return the columns of a table that a value has, as fields or as properties."""
    kind: Any = type(value)
    return {name: getattr(value, name) for name in _columns(kind, table)}


# Once for each class: a search reads some thousand rows.


@cache
def _fields(kind: Any) -> Callable[[Row[Any]], tuple[Any, ...]]:
    return attrgetter(*(field.name for field in fields(kind)))


@cache
def _columns(kind: Any, table: Table) -> tuple[str, ...]:
    named = {field.name for field in fields(kind)}.union(vars(kind))
    return tuple(column.name for column in table.columns if column.name in named)
