"""How a leg goes, told to whoever wants to know.

Events and fields: https://www.twilio.com/docs/voice/api/call-resource#statuscallback and
https://www.twilio.com/docs/voice/twiml/number#statuscallback
"""

from __future__ import annotations

from collections.abc import Mapping

from twirec.sandbox.callbacks import Callbacks, call_form
from twirec.sandbox.clock import Clock
from twirec.sandbox.resources import rfc2822
from twirec.sandbox.script import Subscription
from twirec.sandbox.state import Account, Call

EVENTS = frozenset({"initiated", "ringing", "answered", "completed"})
"""What can be told of a leg."""


class Progress:
    """Tells how one leg goes.

    Args:
        account: the leg's.
        call: the leg.
        callbacks: send what is told.
        clock: gives the stamps.
        to: who is told of which events; None for nobody.
        word: what faults call these callbacks.
    """

    def __init__(
        self,
        account: Account,
        call: Call,
        callbacks: Callbacks,
        clock: Clock,
        to: Subscription | None,
        word: str = "call",
    ) -> None:
        self._account = account
        self._call = call
        self._callbacks = callbacks
        self._clock = clock
        self._to = to
        self._word = word
        self._sequence = 0

    def tell(self, event: str) -> None:
        """Tell of an event, if it was subscribed to."""
        sequence, self._sequence = self._sequence, self._sequence + 1
        if self._to and event in self._to.events:
            form = {
                **call_form(self._account, self._call),
                **self._ended(),
                "CallbackSource": "call-progress-events",
                "SequenceNumber": str(sequence),
                "Timestamp": rfc2822(self._clock.stamp()) or "",
            }
            if event == "initiated":
                form["CallStatus"] = "initiated"
            self._callbacks.progress(self._call.sid, self._word, self._to, form)

    def _ended(self) -> Mapping[str, str]:
        seconds = self._call.duration
        if seconds is None:
            return {}
        return {"CallDuration": str(seconds), "Duration": str(-(-seconds // 60))}
