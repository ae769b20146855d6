"""Statements on their way to the database, also those of which SQLAlchemy says nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from sqlalchemy import Connection, Engine, event

from twirec.catalog.prepared import _Compiled


@contextmanager
def each_statement(engine: Engine, look: Callable[[str, Any], object]) -> Iterator[None]:
    """Call `look` with each statement and its values before it is executed; it may raise."""
    execute = _Compiled._execute

    def known(_c: Connection, _cursor: object, statement: str, values: Any, *_: object) -> None:
        look(statement, values)

    def prepared(self: _Compiled, driver: Any, values: Any) -> Any:
        look(self.sql, values)
        return execute(self, driver, values)

    event.listen(engine, "before_cursor_execute", known)
    try:
        with patch.object(_Compiled, "_execute", prepared):
            yield
    finally:
        event.remove(engine, "before_cursor_execute", known)
