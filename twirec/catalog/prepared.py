"""Statements of the phone's way, which are compiled once and then given to the driver.

SQLAlchemy looks a statement up in its cache each time, and makes a context, parameters and a result
of it: five times as long as the database takes for one of these. Here that is done at the first
time for each set of parameters. What a column's type does to a value, it does here too. Events of
SQLAlchemy's about statements know nothing of these.
"""

from __future__ import annotations

import re
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Dialect, Executable, false, or_
from sqlalchemy.exc import DBAPIError

Processor = Callable[[Any], Any]


NAMED = re.compile(r"%\((\w+)\)s")
"""A parameter as SQLAlchemy writes it for psycopg."""


class Prepared:
    """A statement that is run often, with other parameters each time.

    Args:
        statement: the statement; or what makes it, of the name of a dialect. Its lists (`IN`) are
            constants.
    """

    def __init__(self, statement: Executable | Callable[[str], Executable]) -> None:
        self._statement = statement
        self._compiled: dict[tuple[str, ...], _Compiled] = {}

    def all(self, connection: Connection, values: Mapping[str, Any]) -> list[Any]:
        """Run it, and return its rows, whose columns are attributes; empty if it has none.

        Args:
            connection: of a transaction.
            values: by name, what is bound; those that no parameter of the statement has are columns
                that it writes.

        Raises:
            DBAPIError: as SQLAlchemy raises it.
        """
        dialect = connection.dialect
        key = (dialect.name, *values)
        compiled = self._compiled.get(key)
        if compiled is None:
            compiled = self._compiled[key] = _Compiled(self._made(dialect.name), dialect, values)
        return compiled.run(connection, values)

    def first(self, connection: Connection, values: Mapping[str, Any]) -> Any | None:
        """Run it, and return its first row; None if there is none. See `all`."""
        rows = self.all(connection, values)
        return rows[0] if rows else None

    def _made(self, dialect: str) -> Executable:
        made = self._statement
        return made if isinstance(made, Executable) else made(dialect)


class _Compiled:
    """A statement as the driver takes it."""

    def __init__(self, statement: Any, dialect: Dialect, values: Mapping[str, Any]) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=list(values))
        expanded = compiled.construct_expanded_state(dict(values))  # its lists, one by one
        self.sql = expanded.statement
        self._error: Any = dialect.loaded_dbapi.Error
        self._dialect = dialect
        processors: dict[str, Processor | None] = {
            name: bind.type.dialect_impl(dialect).bind_processor(dialect)
            for bind, name in compiled.bind_names.items()
        }
        processors.update(expanded.processors)
        names = expanded.positiontup if compiled.positional else list(expanded.parameters)
        self._names = None if compiled.positional else names
        if self._names is not None:  # PostgreSQL; psycopg would number them itself, each time anew
            self._cursor = dialect.loaded_dbapi.RawCursor
            self._numbered = NAMED.sub(lambda at: f"${names.index(at[1]) + 1}", self.sql)
            self._numbered = self._numbered.replace("%%", "%")
        self._parameters: list[tuple[str, Processor | None, Any]] = []
        for name in names:
            process = processors.get(name)
            if name in values:
                self._parameters.append((name, process, None))
            else:
                value = expanded.parameters[name]
                self._parameters.append(("", None, process(value) if process else value))
        columns = list(statement.exported_columns)
        row: Any = namedtuple("Row", [each.key for each in columns])  # type: ignore[misc]
        self._row = row._make
        self._has_rows = bool(columns)
        self._types = [each.type.dialect_impl(dialect) for each in columns]
        self._readers: list[tuple[int, Processor]] | None = None

    def run(self, connection: Connection, values: Mapping[str, Any]) -> list[Any]:
        driver: Any = connection.connection.dbapi_connection
        arguments = self._arguments(values)
        try:
            cursor = self._execute(driver, arguments)
            rows = cursor.fetchall() if self._has_rows else ()
        except self._error as error:
            # without the parameters: numbers are among them, and errors end up in logs
            raise DBAPIError.instance(
                self.sql,
                None,
                error,
                self._error,
                hide_parameters=True,
                connection_invalidated=self._dialect.is_disconnect(error, driver, None),
                dialect=self._dialect,
            ) from error
        if not rows:
            return []
        if self._readers is None:
            self._readers = list(self._made_readers(cursor.description))
        return [self._read(row, self._readers) for row in rows]

    def _execute(self, driver: Any, arguments: list[Any] | dict[str, Any]) -> Any:
        if isinstance(arguments, dict):
            return self._cursor(driver).execute(self._numbered, list(arguments.values()))
        return driver.execute(self.sql, arguments)

    def _arguments(self, values: Mapping[str, Any]) -> list[Any] | dict[str, Any]:
        given = [
            constant if not name else process(values[name]) if process else values[name]
            for name, process, constant in self._parameters
        ]
        return given if self._names is None else dict(zip(self._names, given, strict=True))

    def _made_readers(self, description: Sequence[Any]) -> Iterator[tuple[int, Processor]]:
        """Yield what is done to columns; the database itself says which kind each is."""
        for at, type_ in enumerate(self._types):
            read = type_.result_processor(self._dialect, description[at][1])
            if read is not None:
                yield at, read

    def _read(self, row: tuple[Any, ...], readers: Sequence[tuple[int, Processor]]) -> Any:
        values = list(row)
        for at, read in readers:
            if values[at] is not None:  # which is None to every type of ours
                values[at] = read(values[at])
        return self._row(values)


def one_of(column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """Return the condition that a column has one of some values, as a prepared statement has it."""
    return or_(false(), *(column == value for value in values))
