"""Recording what is said in a Dial."""

from __future__ import annotations

import re
from datetime import datetime

from twirec.sandbox.audio import RATE, Talk
from twirec.sandbox.callbacks import Subscription, recording_form
from twirec.sandbox.stage import Stage
from twirec.sandbox.state import Recording
from twirec.sandbox.twiml import Verb

PROCESSING = 0.5
"""Call seconds between the end of a recording and its file."""

TOO_SHORT = 16101
"""Twilio's number for a recording of under a second (https://www.twilio.com/docs/api/errors/16101)."""

_EVENTS = re.compile(r"(in-progress|completed|absent)( +(in-progress|completed|absent))*")
_BAD_EVENTS = 13229


class Recorder:
    """Records one Dial.

    Args:
        stage: the parent leg's.
        verb: the Dial.
        begin: the call second at which the recording begins.
        started: the same as a stamp, UTC.
    """

    def __init__(self, stage: Stage, verb: Verb, begin: float, started: datetime) -> None:
        self._stage = stage
        self.begin = begin
        self._trim = verb.get("trim", "do-not-trim") == "trim-silence"
        self._to = _subscription(stage, verb)
        self.recording = Recording(
            stage.call.sid,
            started=started,
            channels=2 if verb.get("record", "").endswith("-dual") else 1,
            faults=stage.call.faults,
        )
        stage.account.add(self.recording)
        self._tell("in-progress")

    def stop(self, talk: Talk) -> None:
        """End the recording: it holds this talk. The file is there a little later."""
        self.recording.audio = talk.trimmed() if self._trim else talk
        self.recording.status = "processing"
        self._stage.callbacks.run(self._finish)

    def _finish(self) -> None:
        self._stage.pause(PROCESSING)
        recording, audio = self.recording, self.recording.audio
        recording.updated = self._stage.clock.stamp()
        if audio is None or audio.frames < RATE:
            recording.audio, recording.error_code = None, TOO_SHORT
            recording.status = "absent"
        else:
            recording.status = "completed"
        self._tell(recording.status)

    def _tell(self, status: str) -> None:
        if self._to:
            form = recording_form(self._stage.account, self.recording, status)
            self._stage.callbacks.recording(self.recording, self._to, form)


def _subscription(stage: Stage, verb: Verb) -> Subscription | None:
    url = verb.get("recordingStatusCallback", "")
    events = verb.get("recordingStatusCallbackEvent", "completed")
    if not url:
        return None
    if not _EVENTS.fullmatch(events):
        # Such as the "['completed', 'absent']" that the official library makes of a list.
        stage.log("warning", f"Dial: invalid recordingStatusCallbackEvent {events}", _BAD_EVENTS)
        return None
    method = verb.get("recordingStatusCallbackMethod", "POST")
    return Subscription(stage.absolute(url), method, frozenset(events.split()))
