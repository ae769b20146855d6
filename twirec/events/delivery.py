"""The delivery of events to the company's own webhook.

At least once: who dies between sending an event and writing that down sends it again, under the
same id.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from twirec.catalog.events import Events
from twirec.events.wire import HEADER, body_of, sign
from twirec.jobs.retrying import EVENTS
from twirec.jobs.worker import Kind, LeaseKeeper
from twirec.model.events import Event, Receiver
from twirec.model.hints import EVENT

LEASE = timedelta(minutes=1)
"""How long an event may be on its way before another worker sends it: longer than any timeout."""


class Delivery:
    """A kind of due work: the events that the receiver has not taken yet.

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

    def kind(self) -> Kind[Event]:
        """Return what a worker has to know of them."""
        return Kind(
            EVENT,
            self._events.queue,
            self.run,
            lambda event: f"{_subject(event)}: event that it is {event.type}",
            EVENTS,
            LEASE,
            aside=True,
        )

    def run(self, keeper: LeaseKeeper[Event]) -> None:
        """Send one."""
        body = body_of(keeper.lease.item)
        self._receiver.take(body, {HEADER: sign(self._secret, body, self._now())})
        self._events.delivered(keeper.lease, self._now())


def _subject(event: Event) -> str:
    return event.recording_sid or event.case_key or "the catalog"
