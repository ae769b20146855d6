"""Listening copies: a smaller one beside every original, made when there is time."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from datetime import datetime, timedelta

from twirec.audio.formats import find_format
from twirec.catalog import Catalog
from twirec.derivatives.derivatives import Derivatives
from twirec.model.audio import ConversionSpec
from twirec.model.derivatives import Derivative
from twirec.model.errors import CatalogError, TwirecError

log = logging.getLogger("twirec.derivatives")

HOLD = timedelta(hours=1)
"""How long one is being made, at the most: then somebody else may."""
LOOK = timedelta(seconds=20)
"""Between two looks for recordings that lack one."""
RECENT = timedelta(days=7)
"""How old a recording may be that such a look finds; the first of a worker finds all."""
AT_ONCE = 100
"""How many are made due at once."""
FIRST_RETRY = timedelta(seconds=30)
MOST_ATTEMPTS = 10
"""Tries before one is given up: about eight hours."""


class ListeningCopies:
    """Makes listening copies, one at a time.

    Args:
        catalog: where it is written down which are due.
        derivatives: makes them.
        asked: what they are.
        now: the clock, UTC.
    """

    def __init__(
        self,
        catalog: Catalog,
        derivatives: Derivatives,
        asked: ConversionSpec,
        now: Callable[[], datetime],
    ) -> None:
        self._catalog = catalog
        self._derivatives = derivatives
        self._asked = asked
        self._now = now
        self._looked_at: datetime | None = None
        self._since = ""

    def make_one(self) -> bool:
        """Make the copy that is due longest. False if none is due, or it could not be made."""
        now = self._now()
        try:
            due = self._catalog.derivatives.claim_listening_copy(now, now + HOLD)
            if due is None:
                return self._look(now)
            return self._make(due)
        except CatalogError as error:
            log.warning("no listening copy could be made: %s", error)
            return False

    def _look(self, now: datetime) -> bool:
        """Look for recordings that lack a copy. Whether there were any."""
        if self._looked_at is not None and now < self._looked_at + LOOK:
            return False
        extension = find_format(self._asked.format).extension
        found = self._catalog.derivatives.enrol_listening_copies(
            self._asked, extension, now, self._since, AT_ONCE
        )
        if found < AT_ONCE:
            self._looked_at = now
            self._since = f"recordings/{now - RECENT:%Y/%m/%d}/"
        return found > 0

    def _make(self, due: Derivative) -> bool:
        try:
            original = self._catalog.recordings.get(due.recording_sid)
            self._derivatives.make(original, self._asked, None)
        except CatalogError:
            raise
        except TwirecError as error:
            self._put_off(due, f"{type(error).__name__}: {error}", error.retryable or error.lasting)
            return False
        except Exception as error:
            log.exception("%s: an error of ours", due.recording_sid)
            self._put_off(due, type(error).__name__, True)
            return False
        log.info("%s: a listening copy was made", due.recording_sid)
        return True

    def _put_off(self, due: Derivative, error: str, may_pass: bool) -> None:
        again = may_pass and due.attempts < MOST_ATTEMPTS
        due_at = self._now() + _pause(due.attempts) if again else None
        self._catalog.derivatives.postpone_listening_copy(due.object_name, due_at, error)
        verdict = "again" if again else "given up"
        said = (due.recording_sid, verdict, due.attempts, error)
        log.warning("%s: its listening copy: %s after try %d: %s", *said)


def _pause(attempts: int) -> timedelta:
    """Return the time to wait after a number of tries: doubling, jittered by a quarter."""
    jitter = random.uniform(0.75, 1.25)  # noqa: S311 - it guards nothing
    return FIRST_RETRY * 2.0 ** (attempts - 1) * jitter
