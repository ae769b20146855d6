"""How long somebody waits for the database, and how what went wrong there is said."""

from __future__ import annotations

import random
import sqlite3
import time
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Connection, Text, bindparam, func, true
from sqlalchemy.exc import DBAPIError

from twirec.model.steady import left

PATIENCE = 10.0
"""Seconds after which a transaction that waits for a lock or a statement gives up.

Workers and commands wait so long for what another program does to the database. Where a caller is
on the line, less is left: Twilio hangs up on an answer that takes 15 seconds, so that all that a
webhook asks has a budget (`model/steady.py`), and the call goes on unrecorded when it is spent.
"""

SHORTEST, LONGEST = 0.0002, 0.005
"""Seconds between two tries to get SQLite's write lock, at first and in the end.

SQLite's own waiting sleeps up to a tenth of a second while the lock comes free and goes again: that
was four fifths of the time under load (https://www.sqlite.org/c3ref/busy_timeout.html). A file that
processes lock before, in the kernel's order, was measured beside this: it is fairer by a half, and
no faster, but whoever waits for it cannot give up in time.
"""


def patience() -> float:
    """Return how many seconds a step may wait: less where a budget is nearly spent."""
    return left(PATIENCE)


def milliseconds() -> str:
    """Return `patience` as PostgreSQL's settings have it."""
    return str(round(patience() * 1000))


PATIENCE_GIVEN = "lock_patience"
"""The parameter of `lock_patience`: see `milliseconds`."""


def lock_patience() -> ColumnElement[Any]:
    """Return what lets a statement of PostgreSQL wait for each lock for so long at the most.

    It holds for what the statement does once that is evaluated, until its transaction ends: a
    setting of the session would be that of others too, behind PgBouncer.
    """
    given: BindParameter[str] = bindparam(PATIENCE_GIVEN, type_=Text)
    return func.set_config("lock_timeout", given, true()).label("patience")


def begin_immediate(connection: Connection) -> None:
    """Begin a transaction on SQLite that has the write lock.

    A transaction that reads first and writes later could find itself out of date in between and
    fail at once; one that takes the lock at the start waits instead
    (https://www.sqlite.org/lang_transaction.html). Other processes hold it for milliseconds, so it
    is asked for again and again.

    Raises:
        DBAPIError: it was not free for as long as one waits, or there is something else.
    """
    driver: Any = connection.connection.dbapi_connection
    began, most = time.monotonic(), patience()
    while True:
        try:
            driver.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            waited = time.monotonic() - began
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or waited > most:
                break
        else:
            return
        pause = min(SHORTEST + waited / 100, LONGEST)  # the lock of a shell is held for longer
        time.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - so that no two keep step
    connection.exec_driver_sql("BEGIN IMMEDIATE")  # whose error is SQLAlchemy's


def explain(error: DBAPIError) -> str:
    """Return what a database says, in a sentence, and what mends it."""
    # Never str(error): it carries the statement's parameters, and so numbers.
    words = str(error.orig).splitlines()[0] if str(error.orig) else type(error.orig).__name__
    if "no such table" in words or "does not exist" in words or "no such column" in words:
        return f"The catalog is not set up for this version: run `twirec init` ({words})."
    return f"The catalog cannot be used: {words}{_ADVICE.get(words, '')}."


_ADVICE = {
    "unable to open database file": "; give this user the file and its folder",
    "attempt to write a readonly database": "; give this user the file and its folder",
    "database is locked": "; another process writes into it, or was stopped while it did",
    "file is not a database": "; correct TWIREC_DATABASE_URL",
}
"""What mends what SQLite says."""
