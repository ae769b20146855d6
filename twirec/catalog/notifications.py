"""PostgreSQL's LISTEN and NOTIFY: who waits for work is told of it by the commit that made it due.

A notification is sent when its transaction commits, and not at all when that is rolled back; who is
not listening at that moment never gets it. Source:
https://www.postgresql.org/docs/current/sql-notify.html.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from twirec.catalog.database import Database
from twirec.model.hints import CARD_CUT, EVENT, LISTENING_COPY, MAIL, RECORDING, TRANSCRIPT, Hint

CHANNEL = "twirec_due"
NOTIFY = text("SELECT pg_notify(:channel, :kind)")

KINDS = (RECORDING, EVENT, LISTENING_COPY, TRANSCRIPT, CARD_CUT, MAIL)
"""Of what somebody is told that it became due."""

LOOK = 0.5
"""Seconds between two looks whether to go on."""
SHORTEST, LONGEST = 0.5, 15.0
"""Seconds before the connection is made anew: doubled with each failure, and jittered."""

log = logging.getLogger("twirec.catalog")


def notify(connection: Connection, hints: Iterable[Hint]) -> None:
    """Let a transaction tell, when it commits, of which kinds something became due."""
    for kind in sorted({hint.kind for hint in hints}):
        connection.execute(NOTIFY, {"channel": CHANNEL, "kind": kind})


class Notifications:
    """What tells workers that something is due.

    Args:
        database: on PostgreSQL.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def listen(self, wake: Callable[[str | None], None], go_on: Callable[[], bool]) -> None:
        """Wake a worker when something is due, on a connection of its own, until it is to end.

        When the connection is lost it is made anew. What became due meanwhile nobody is told of,
        so that each kind is woken once it is there.

        Args:
            wake: is given the kind of what is due; None when nobody tells for now.
            go_on: whether to go on; asked twice a second.
        """
        failures = 0
        while go_on():
            begun = time.monotonic()
            try:
                self._hear(wake, go_on)
            except (SQLAlchemyError, self._database.engine.dialect.loaded_dbapi.Error) as error:
                wake(None)
                failures = 0 if time.monotonic() - begun > LONGEST else failures + 1
                # only its name: what a driver says may hold where the database is
                log.warning("nobody tells what is due: %s; looking", type(error).__name__)
                _wait(min(SHORTEST * 2.0**failures, LONGEST), go_on)

    def _hear(self, wake: Callable[[str | None], None], go_on: Callable[[], bool]) -> None:
        with closing(self._database.engine.connect()) as connection:
            connection.detach()  # it is none of those that reads and writes share
            driver: Any = connection.connection.dbapi_connection
            driver.execute(f"LISTEN {CHANNEL}")
            for kind in KINDS:
                wake(kind)
            while go_on():
                for notification in driver.notifies(timeout=LOOK):
                    wake(notification.payload)


def _wait(seconds: float, go_on: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds * random.uniform(0.5, 1.0)  # noqa: S311 - it guards nothing
    while go_on() and time.monotonic() < end:
        time.sleep(min(LOOK, max(end - time.monotonic(), 0.0)))
