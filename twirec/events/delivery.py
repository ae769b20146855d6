"""Telling the company's own webhook what came of recordings.

At least once: who dies between sending an event and writing that down sends it again, under the
same id.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from datetime import datetime, timedelta

from twirec.catalog.events import Events
from twirec.events.wire import HEADER, body_of, sign
from twirec.model.errors import CatalogError, EventNotTaken
from twirec.model.events import Event, Receiver

log = logging.getLogger("twirec.events.wire")

HOLD = timedelta(minutes=1)
"""How long an event may be on its way before another worker sends it: longer than any timeout."""
FIRST_RETRY = 10.0
"""Seconds after the first failure, doubled after each further one."""
LONGEST_RETRY = 3600.0
"""Seconds that the doubling stops at."""
MOST_ATTEMPTS = 33
"""Tries before an event is given up: about a day."""


class Delivery:
    """Sends events, one at a time.

    Args:
        events: where they are kept.
        receiver: who is told.
        secret: what they are signed with.
        now: the clock, UTC.
    """

    def __init__(
        self, events: Events, receiver: Receiver, *, secret: str, now: Callable[[], datetime]
    ) -> None:
        self._events = events
        self._receiver = receiver
        self._secret = secret
        self._now = now

    def tell_one(self) -> bool:
        """Send the event that is due longest. False if none is due, or it was not taken."""
        try:
            event = self._events.claim(self._now(), self._now() + HOLD)
            return event is not None and self._tell(event)
        except CatalogError as error:
            log.warning("no event could be sent, or written down as sent: %s", error)
            return False

    def _tell(self, event: Event) -> bool:
        body = body_of(event)
        try:
            self._receiver.take(body, {HEADER: sign(self._secret, body, self._now())})
        except EventNotTaken as error:
            self._put_off(event, str(error))
            return False
        except Exception as error:
            log.exception("%s: an error of ours", event.recording_sid)
            self._put_off(event, type(error).__name__)
            return False
        self._events.delivered(event, self._now())
        log.info("%s: told that it is %s", event.recording_sid, event.type)
        return True

    def _put_off(self, event: Event, error: str) -> None:
        again = event.attempts < MOST_ATTEMPTS
        due_at = self._now() + timedelta(seconds=_pause(event.attempts)) if again else None
        self._events.retry_at(event, due_at, error)
        verdict = "again" if again else "given up"
        said = (event.recording_sid, event.type, verdict, event.attempts, error)
        log.warning("%s: event that it is %s: %s after try %d: %s", *said)


def _pause(attempts: int) -> float:
    """Return the seconds to wait after a number of tries: doubling, jittered by a quarter."""
    doubled: float = min(FIRST_RETRY * 2.0 ** (attempts - 1), LONGEST_RETRY)
    return doubled * random.uniform(0.75, 1.25)  # noqa: S311 - it guards nothing
