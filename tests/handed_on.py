"""Connections to PostgreSQL that one test hands on to the next one.

A new one has to learn what tables there are, and to plan each statement that comes.
"""

from __future__ import annotations

import os
from collections import defaultdict
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from psycopg import Connection, Error
from psycopg.pq import TransactionStatus
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

MOST = 3
"""Of each database: the server has a hundred for all."""

AS_NEW = "RESET ALL; UNLISTEN *; DISCARD TEMP; SELECT pg_advisory_unlock_all()"

Kind = tuple[tuple[str, str], ...]


class HandedOn:
    """Takes connections that SQLAlchemy closes, and gives them to who opens one of the same kind.

    Attributes:
        databases: those whose connections are handed on: port and name.
    """

    def __init__(self) -> None:
        self.databases: set[tuple[int | None, str | None]] = set()
        self._idle = defaultdict[Kind, list[Connection]](list)
        self._kinds = WeakKeyDictionary[Connection, Kind]()
        self._of_parent: list[Connection] = []
        os.register_at_fork(after_in_child=self._begin_anew)

    def patch(self, patch: pytest.MonkeyPatch) -> None:
        """Come between SQLAlchemy and psycopg."""

        def connect(_: object, *given: Any, **named: Any) -> Connection:
            return self._connect(*given, **named)

        patch.setattr(PGDialect_psycopg, "connect", connect)
        patch.setattr(PGDialect_psycopg, "do_close", lambda _, connection: self._close(connection))
        patch.setattr(PGDialect_psycopg, "do_terminate", lambda _, connection: connection.close())

    def idle(self) -> list[int]:
        """Return the processes of the server that serve nobody now."""
        connections = [each for idle in self._idle.values() for each in idle if not each.closed]
        return [each.info.backend_pid for each in connections]

    def close(self) -> None:
        """Close those that serve nobody now."""
        for idle in self._idle.values():
            while idle:
                idle.pop().close()

    def _connect(self, *given: Any, **named: Any) -> Connection:
        kind = tuple(sorted((name, str(of)) for name, of in named.items() if name != "context"))
        idle = self._idle[kind]
        while idle:
            connection = idle.pop()
            if not connection.closed:
                return connection
        connection = Connection.connect(*given, **named)
        if (named.get("port"), named.get("dbname")) in self.databases:
            self._kinds[connection] = kind
        return connection

    def _close(self, connection: Connection) -> None:
        kind = self._kinds.get(connection)
        if kind is not None and len(self._idle[kind]) < MOST and _as_new(connection):
            self._idle[kind].append(connection)
        else:
            connection.close()

    def _begin_anew(self) -> None:
        """Leave to the parent of a process what is open: to close it is not ours."""
        self._of_parent += [each for idle in self._idle.values() for each in idle]
        self._idle.clear()


def _as_new(connection: Connection) -> bool:
    """Let a connection be as a new one is; whether it could be done."""
    if connection.closed or connection.info.transaction_status is not TransactionStatus.IDLE:
        return False
    try:
        connection.autocommit = True
        connection.execute(AS_NEW, prepare=False)
        connection.autocommit = False
    except Error:
        return False
    connection._notice_handlers.clear()  # SQLAlchemy adds one each time
    return True
