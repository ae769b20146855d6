"""Status callbacks of recordings and calls: their fields, and when they are sent.

Fields: https://www.twilio.com/docs/voice/api/recording#recordingstatuscallback and
https://www.twilio.com/docs/voice/twiml#twilios-request-to-your-application.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from twirec.sandbox.courier import Courier, Reply
from twirec.sandbox.faults import Faults
from twirec.sandbox.resources import API_VERSION, rfc2822
from twirec.sandbox.state import Account, Call, Recording

_PLACES = ("City", "State", "Zip", "Country")


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who is told of a recording: the URL as the TwiML gave it, made absolute."""

    url: str
    method: str
    events: frozenset[str]


def recording_form(account: Account, recording: Recording, status: str) -> dict[str, str]:
    """Return the fields of a recording status callback."""
    form = {
        "AccountSid": account.sid,
        "CallSid": recording.call_sid,
        "RecordingSid": recording.sid,
        "RecordingUrl": account.media_url(recording),
        "RecordingStatus": status,
        "RecordingChannels": str(recording.channels),
        "RecordingStartTime": rfc2822(recording.started) or "",
        "RecordingSource": recording.source,
        "RecordingTrack": "both",
        "ErrorCode": str(recording.error_code or 0),
    }
    if status == "completed":
        form["RecordingDuration"] = str(recording.duration)
    return form


def call_form(account: Account, call: Call) -> dict[str, str]:
    """Return the fields that every request about a call has."""
    form = {
        "AccountSid": account.sid,
        "ApiVersion": API_VERSION,
        "CallSid": call.sid,
        "CallStatus": call.status,
        "Called": call.to,
        "Caller": call.from_,
        "Direction": call.direction,
        "From": call.from_,
        "To": call.to,
    }
    # Twilio sends what it does not know as empty fields, and signs them.
    blanks = {who + what: "" for who in ("Called", "Caller", "From", "To") for what in _PLACES}
    return form | blanks


def ended_form(account: Account, call: Call, at: datetime) -> dict[str, str]:
    """Return the fields of a call's status callback at its end."""
    duration = call.duration or 0
    return call_form(account, call) | {
        "CallDuration": str(duration),
        "Duration": str(-(-duration // 60)),
        "CallbackSource": "call-progress-events",
        "SequenceNumber": "0",
        "Timestamp": rfc2822(at) or "",
    }


class Callbacks:
    """Sends the callbacks of one call in the background.

    Args:
        courier: sends them.
        log: writes down what became of one.
        faults: gives the faults in force; asked at each callback.
        pause: lets call seconds pass; may end early when the sandbox closes.
    """

    def __init__(
        self,
        courier: Courier,
        log: Callable[[str], None],
        faults: Callable[[], Faults],
        pause: Callable[[float], None],
    ) -> None:
        self._courier = courier
        self._log = log
        self._faults = faults
        self._pause = pause
        self._threads: list[threading.Thread] = []
        self._last: dict[str, threading.Thread] = {}
        self._held: dict[str, tuple[Subscription, Mapping[str, str]]] = {}

    def recording(self, recording: Recording, to: Subscription, form: Mapping[str, str]) -> None:
        """Tell of a recording, if its status was subscribed to."""
        status = form["RecordingStatus"]
        if status in to.events:
            if status == "in-progress" and self._faults().callbacks_out_of_order:
                self._held[recording.sid] = (to, form)
                return
            self._queue(recording.sid, status, to.url, form, to.method)
        if status != "in-progress" and recording.sid in self._held:
            held_to, held = self._held.pop(recording.sid)
            self._queue(recording.sid, "in-progress", held_to.url, held, held_to.method)

    def ended(self, url: str, form: Mapping[str, str]) -> None:
        """Tell that the call has ended."""
        self._queue(form["CallSid"], "call", url, form, "POST")

    def run(self, work: Callable[[], None]) -> threading.Thread:
        """Do some work in the background; `join` waits for it."""
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        self._threads.append(thread)  # only now: `join` may come at any moment
        return thread

    def join(self) -> None:
        """Wait until all is sent. Each delivery is bounded by the courier's total time."""
        while self._threads:
            self._threads.pop().join()

    def _queue(self, about: str, word: str, url: str, form: Mapping[str, str], method: str) -> None:
        faults = self._faults()
        if word in faults.callbacks_lost:
            self._log(f"{word}: lost")
            return
        late = faults.callbacks_late.get(word)
        # Callbacks about one thing keep their order, but for those that are late on purpose.
        before = None if late else self._last.get(about)
        times = 2 if word in faults.callbacks_doubled else 1

        def deliver() -> None:
            if late:
                self._pause(late)
            if before:
                before.join()
            for _ in range(times):
                self._log(f"{word}: {_outcome(self._courier.send(url, form, method))}")

        thread = self.run(deliver)
        if not late:
            self._last[about] = thread


def _outcome(reply: Reply) -> str:
    return str(reply.status) if reply.status else f"failed ({reply.failure})"
