"""Event Streams: what is told of recordings once more, as events, until it was taken.

https://www.twilio.com/docs/events/webhook-quickstart and
https://www.twilio.com/docs/events/event-delivery-and-duplication. The one type of event is
`com.twilio.voice.status-callback.recording.processed`, sent where a status callback is asked for
too. A sink that answers 429, 5xx or nothing within five seconds gets it again for four hours; after
any other answer than a 2xx it is dropped.
"""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from twirec.sandbox.callbacks import recording_form
from twirec.sandbox.courier import Courier, Reply
from twirec.sandbox.recording import Recording
from twirec.sandbox.sids import new_sid
from twirec.sandbox.state import Account

RECORDING_EVENT = "com.twilio.voice.status-callback.recording.processed"
SCHEMA = "https://events-schemas.twilio.com/Voice.WebhookEvent/2"

FOUR_HOURS = 4 * 3600.0
"""Seconds for which Twilio tries to deliver an event."""

LONGEST_WAIT = 900.0
"""Seconds between two attempts at the most; Twilio says only that they double, with jitter."""


def waits(jitter: Callable[[], float] = random.random) -> Iterator[float]:
    """Yield the seconds before each further attempt; they are four hours together.

    Args:
        jitter: gives a number from 0 to 1, which makes a wait up to half as short.
    """
    passed, longest = 0.0, 1.0
    while passed < FOUR_HOURS:
        wait = min(longest * (1 - jitter() / 2), FOUR_HOURS - passed)
        yield wait
        passed, longest = passed + wait, min(2 * longest, LONGEST_WAIT)


@dataclass(slots=True)
class Sink:
    """Where events go: a webhook.

    Attributes:
        url: where it is, absolute.
        sid: `DG…`.
        events: all that were for it, delivered or not, the oldest first.
        replies: what became of each attempt.
        dropped: the IDs of events that are not tried again.
    """

    url: str
    sid: str = field(default_factory=lambda: new_sid("DG"))
    events: list[dict[str, Any]] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)


class EventStreams:
    """The account's sinks, all subscribed to what is told of recordings.

    Args:
        account: whose recordings they are told of.
        courier: carries and signs.
        now: what the time is, UTC.
        pause: lets call seconds pass; ends early when the sandbox closes.
        closing: set when it does.
    """

    def __init__(
        self,
        account: Account,
        courier: Courier,
        now: Callable[[], datetime],
        pause: Callable[[float], None],
        closing: threading.Event,
    ) -> None:
        self._account = account
        self._courier = courier
        self._now = now
        self._pause = pause
        self._closing = closing
        self._sinks: list[Sink] = []
        self._threads: list[threading.Thread] = []
        account.also_told.append(self._publish)

    def sink(self, url: str) -> Sink:
        """Make a webhook a sink, subscribed to the events of recordings from now on.

        Args:
            url: absolute; of a fragment nothing counts, as there are no connection overrides.
        """
        made = Sink(url)
        self._sinks.append(made)
        return made

    def tell(self, recording: Recording) -> None:
        """Publish the event of a recording as its status is now, such as of one that was added."""
        self._publish(recording_form(self._account, recording, recording.status))

    def send_again(self, sink: Sink) -> Reply:
        """Send a sink all its events in one batch, the last first: Twilio may double and reorder.

        It is sent once, whatever the answer.
        """
        return self._send(sink, list(reversed(sink.events)))

    def join(self) -> None:
        """Wait until each event is delivered or dropped."""
        while self._threads:
            self._threads.pop().join()

    def _publish(self, form: Mapping[str, str]) -> None:
        moment = self._now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        for sink in self._sinks:
            event = _event(form, moment)
            sink.events.append(event)
            thread = threading.Thread(target=self._deliver, args=(sink, event), daemon=True)
            thread.start()
            self._threads.append(thread)

    def _deliver(self, sink: Sink, event: dict[str, Any]) -> None:
        again = waits()
        while not self._closing.is_set():
            reply = self._send(sink, [event])
            if not reply.failure:
                return
            wait = next(again, None) if is_tried_again(reply) else None
            if wait is None:
                sink.dropped.append(event["id"])
                return
            self._pause(wait)

    def _send(self, sink: Sink, events: list[dict[str, Any]]) -> Reply:
        reply = self._courier.send_json(sink.url, json.dumps(events).encode())
        sink.replies.append(reply)
        return reply


def is_tried_again(reply: Reply) -> bool:
    """Whether Twilio tries again after such an answer."""
    return reply.status in {0, 429} or reply.status >= 500


def _event(form: Mapping[str, str], moment: str) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "type": RECORDING_EVENT,
        "source": new_sid("AB"),
        "id": new_sid("EZ"),
        "time": moment,
        "dataschema": SCHEMA,
        "datacontenttype": "application/json",
        "data": {
            "sid": form.get("CallSid") or form["ConferenceSid"],
            "timestamp": moment,
            "eventSid": new_sid("VW"),
            "request": {"method": "POST", "parameters": dict(form)},
        },
    }
