"""Due work as queues have it done: a piece by its key, all of it, and what comes periodically."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from twirec.archive.operations import Operations
from twirec.archive.periodic import Periodic
from twirec.catalog import Catalog
from twirec.jobs.hints import Hinting
from twirec.jobs.worker import PERIOD, Worker
from twirec.model.errors import InvalidQuery, RequestRefused, TwirecError
from twirec.model.given import understood, whole
from twirec.model.ports import HintQueue
from twirec.settings import Settings

if TYPE_CHECKING:
    from twirec.adapters.google_tokens import GoogleTokens

log = logging.getLogger("twirec.jobs")

DUE_FOR = 240
"""Seconds after which one look for due work takes up nothing more. With Celery the next one begins
beside it a minute later: so a backlog has more and more that work at it, up to four. Cloud
Scheduler begins the next one when this one is done."""

SOON = 60
"""Seconds. A queue comes again by itself to what is due sooner; the look of each minute finds what
is due later. Few queues hold a message for long without giving it to somebody else too."""

MOST_SECONDS = 3600


@understood
class Jobs:
    """What a queue's workers call. The catalog says what is due, and hands it out once.

    Whatever of these is called too often, at once, late or never loses and doubles nothing.

    Args:
        settings: who may call.
        catalog: what tells of what became due.
        operations: makes workers.
        periodic: what workers do beside their work.
    """

    def __init__(
        self, settings: Settings, catalog: Catalog, operations: Operations, periodic: Periodic
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._operations = operations
        self._periodic = periodic
        self._worker: Worker | None = None
        self._tokens: GoogleTokens | None = None
        self._said_at = float("-inf")

    def do(self, kind: str, key: str) -> datetime | None:
        """Do one piece of due work, as a hint named it.

        Args:
            kind: `recording`, `pause`, `erasure`, `event`, `case`, `mail`, `listening copy`,
                `transcript` or `card cut`; nothing is done of one that these settings do not want.
            key: which one: a recording's SID, an event's or e-mail's id, a case's key, an object's
                name.

        Returns:
            When it can be taken up again, UTC, such as after a failure, or as somebody else works
            at it; None if nothing of it is due, now or later.

        Raises:
            CatalogError: the catalog cannot be asked.
        """
        if self._worker is None:
            self._worker = self._operations.worker(1)
        with self._living():
            return self._worker.do(kind, key)

    def do_due(self, seconds: int = DUE_FOR, *, threads: int = 4) -> None:
        """Do all that is due, for some time, whether hints told of it or not.

        Args:
            seconds: after which nothing more is taken up, up to 3,600.
            threads: how many recordings to work at together, up to 64.

        Raises:
            CatalogError: the catalog cannot be asked.
            BucketNotOurs: the bucket is not this catalog's, so that nothing was taken up.
            InvalidQuery: `seconds` or `threads` is no such number.
        """
        whole("seconds", seconds, 1, MOST_SECONDS)
        worker = self._operations.worker(threads)
        self._said_at = float("-inf")  # this one comes each minute, and says so each time
        with self._living():
            worker.run_once(seconds)

    def upkeep(self, name: str) -> None:
        """Do what comes periodically, if it is time to and nobody else does.

        Args:
            name: `sweep`; `journal`, which is written into the bucket, as are the anchors of the
                audit log; or `upkeep`: derivatives that expired go, what is not to be kept any more
                is blocked or destroyed, the audit log is looked at and some recordings are read
                back, who does not go on listening is written down, requests that nobody decided
                end, SQLite's log is shortened, and it is remembered whether the bucket answers.

        Raises:
            InvalidQuery: it has another name.
            TwirecError: it failed; the next call tries again.
        """
        tasks = self._periodic.tasks()
        if name not in tasks:
            raise InvalidQuery(f"name: choose {', '.join(tasks)}.")
        failed = None
        for task in tasks[name]:
            try:
                task()
            except TwirecError as error:  # one does not wait for another to be mended
                failed = failed or error
        if failed:
            raise failed

    def check_caller(self, authorization: str | None) -> None:
        """Let through only who proves to be Google, acting as the service account of the settings.

        Args:
            authorization: the request's header of that name.

        Raises:
            RequestRefused: it is not proven; or there is no such account in the settings.
            CertificatesUnavailable: Google's certificates, by which it could be told, are not there
                (yet).
        """
        if not self._settings.tasks_service_account:
            raise RequestRefused("TWIREC_TASKS_SERVICE_ACCOUNT is not set: nobody may call this.")
        if self._tokens is None:
            from twirec.adapters.google_tokens import GoogleTokens

            audience = self._settings.tasks_url or self._settings.public_url
            self._tokens = GoogleTokens(audience, self._settings.tasks_service_account)
        self._tokens.check(authorization)

    def hint_by(self, queue: HintQueue) -> None:
        """Let a queue be told, from now on, what became due.

        Args:
            queue: is told in a thread of its own, after the commit.
        """
        self.close()
        self._catalog.database.hinting = Hinting(queue)

    def close(self) -> None:
        """Let the last hints leave, and tell nobody any more."""
        hinting, self._catalog.database.hinting = self._catalog.database.hinting, None
        if isinstance(hinting, Hinting):
            hinting.close()

    @contextmanager
    def _living(self) -> Iterator[None]:
        """Say that a worker lives, at first and every now and then: one transfer may take long."""
        self._say_living()
        done = threading.Event()
        saying = threading.Thread(
            target=self._go_on_saying, args=[done], name="twirec-living", daemon=True
        )
        saying.start()
        try:
            yield
        finally:
            done.set()
            saying.join()

    def _go_on_saying(self, done: threading.Event) -> None:
        while not done.wait(PERIOD):
            try:
                self._say_living()
            except TwirecError as error:
                log.warning("that a worker lives could not be said: %s", error)

    def _say_living(self) -> None:
        """Say so, unless this process just did: many pieces of work are short."""
        now = time.monotonic()
        if now - self._said_at >= PERIOD:
            self._said_at = now
            self._periodic.heartbeat()
