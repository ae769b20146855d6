"""The advisory locks of PostgreSQL, a key for each subject: none waits for another's.

They keep out rows that are not there yet, which no lock of a row does
(https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS). SQLite has one
writer at a time, from the begin of its transaction, and needs none of them.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

AUDIT = 0x7457_1BEC
"""The chain of the audit log, and the histories whose rows are entered in it."""
HOLDS = 0x7457_1BED
"""Which recordings are held: whoever holds has it alone, those who destroy share it."""
RETENTION = 0x7457_1BEE
"""The look of retention at what is to be destroyed or kept longer."""
ERASURES_ASKED = 0x7457_1BEF
"""The requests for an erasure that wait for a second person."""
FIGURES = 0x7473_6574_6129_8000
"""The sums of what connections counted that are closed."""
TABLES = 0x7477_6972_6563_0001
"""The tables, while they are made or changed in one transaction."""
TABLES_ONLINE = 0x7477_6972_6563_0002
"""The tables, while they are changed step by step, beside others who write."""
CONFERENCE = 1
"""Who is in a conference: the first of two numbers, of which the second is the conference's. Two
numbers are never the lock of one
(https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADVISORY-LOCKS)."""

_TAKE = text("SELECT pg_advisory_xact_lock(:key)")
_SHARE = text("SELECT pg_advisory_xact_lock_shared(:key)")
_TRY = text("SELECT pg_try_advisory_xact_lock(:key)")
_TAKE_PART = text("SELECT pg_advisory_xact_lock(:key, hashtext(:part))")


def take(connection: Connection, key: int) -> None:
    """Wait for a lock, and have it alone until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(_TAKE, {"key": key})


def share(connection: Connection, key: int) -> None:
    """Wait for who has a lock alone, and keep them out until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(_SHARE, {"key": key})


def try_to_take(connection: Connection, key: int) -> bool:
    """Whether a lock is free; if so, have it alone until the transaction ends."""
    if connection.dialect.name != "postgresql":
        return True
    return bool(connection.scalar(_TRY, {"key": key}))


def take_part(connection: Connection, key: int, part: str) -> None:
    """Wait for the lock of one part of a subject, and have it alone until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(_TAKE_PART, {"key": key, "part": part})
