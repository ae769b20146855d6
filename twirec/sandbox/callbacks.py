"""Status callbacks: the fields of a recording's and a call's, and when they are sent.

Fields: https://www.twilio.com/docs/voice/api/recording#recordingstatuscallback and
https://www.twilio.com/docs/voice/twiml#twilios-request-to-your-application.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping

from twirec.sandbox.courier import Courier, Reply
from twirec.sandbox.faults import Faults
from twirec.sandbox.recording import Recording
from twirec.sandbox.resources import API_VERSION, rfc2822
from twirec.sandbox.script import Subscription
from twirec.sandbox.state import Account, Call

_PLACES = ("City", "State", "Zip", "Country")


def recording_form(account: Account, recording: Recording, status: str) -> dict[str, str]:
    """Return the fields of a recording status callback."""
    form = {
        "AccountSid": account.sid,
        "RecordingSid": recording.sid,
        "RecordingUrl": account.media_url(recording),
        "RecordingStatus": status,
        "RecordingChannels": str(recording.channels),
        "RecordingStartTime": rfc2822(recording.started) or "",
        "RecordingSource": recording.source,
        "RecordingTrack": recording.track,
        "ErrorCode": str(recording.error_code or 0),
    }
    # https://www.twilio.com/docs/voice/twiml/conference lists no CallSid for a conference's.
    if recording.conference_sid:
        form["ConferenceSid"] = recording.conference_sid
    else:
        form["CallSid"] = recording.call_sid
    if status == "completed":
        form["RecordingDuration"] = str(recording.duration)
        if recording.encryption:
            form["EncryptionDetails"] = json.dumps(dict(recording.encryption.details))
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
    if call.parent_sid:
        form["ParentCallSid"] = call.parent_sid
    # Twilio sends what it does not know as empty fields, and signs them.
    blanks = {who + what: "" for who in ("Called", "Caller", "From", "To") for what in _PLACES}
    return form | blanks | call.adds


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

    def progress(self, about: str, word: str, to: Subscription, form: Mapping[str, str]) -> None:
        """Tell how something goes; `word` is what faults call it."""
        self._queue(about, word, to.url, form, to.method)

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
