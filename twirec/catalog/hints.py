"""Hints of what a transaction makes due: gathered in it, told of when it is committed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from twirec.model.hints import RECORDING, Hint
from twirec.model.records import Recording


def hint(connection: Connection, kind: str, key: str, due_at: datetime) -> None:
    """Let it be told of, once the transaction is committed, that something is due."""
    hints = connection.get_execution_options().get("twirec_hints")
    if hints is not None:
        hints.append(Hint(kind, key, due_at))


def hint_recordings(connection: Connection, recordings: Iterable[Recording]) -> None:
    """Let it be told of those recordings that are due and that no backfill works at."""
    for each in recordings:
        if each.due_at is not None and not each.backfilled:
            hint(connection, RECORDING, each.sid, each.due_at)
