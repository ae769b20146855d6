"""Recording what is said."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from twirec.sandbox.audio import RATE, Talk, Track
from twirec.sandbox.callbacks import Callbacks, recording_form
from twirec.sandbox.recording import Recording
from twirec.sandbox.script import Subscription
from twirec.sandbox.state import Account

PROCESSING = 0.5
"""Call seconds between the end of a recording and its file."""

TOO_SHORT = 16101
"""Twilio's number for a recording of under a second (https://www.twilio.com/docs/api/errors/16101)."""

Sides = Callable[[float, float], tuple[Track, Track]]
"""Returns what is on channels 1 and 2 from one second to another."""


@dataclass(frozen=True, slots=True)
class Order:
    """How something is to be recorded.

    Attributes:
        source: Twilio's word for what starts it.
        channels: how many channels a download gets that does not say.
        trim: whether the silence at both ends is taken away.
        track: `both`, or the only side to be recorded: `inbound` (channel 1) or `outbound`.
        dual: whether two channels are kept; Twilio does so also when one was asked for
            (https://www.twilio.com/en-us/changelog/dual-channel-voice-recordings-by-default).
        to: who is told.
    """

    source: str
    channels: int
    trim: bool
    track: str = "both"
    dual: bool = True
    to: Subscription | None = None


class Recorded(Protocol):
    """The time of what is recorded."""

    @property
    def second(self) -> float:
        """The second that it is."""
        ...

    def stamp(self) -> datetime:
        """Return the date and time, UTC."""
        ...


class Recorder:
    """Makes one recording.

    Args:
        account: gets it.
        recording: what is made.
        order: how.
        clock: the time of what is recorded.
        begin: the second at which it begins.
        sides: what is on which channel.
        callbacks: tells of it.
        pause: lets call seconds pass.
    """

    def __init__(
        self,
        account: Account,
        recording: Recording,
        order: Order,
        *,
        clock: Recorded,
        begin: float,
        sides: Sides,
        callbacks: Callbacks,
        pause: Callable[[float], None],
    ) -> None:
        self.recording = recording
        self._account = account
        self._order = order
        self._clock = clock
        self._begin = begin
        self._sides = sides
        self._callbacks = callbacks
        self._pause = pause
        self._lock = threading.Lock()
        self._pauses: list[tuple[float, float, bool]] = []
        self._paused: tuple[float, bool] | None = None
        self._over = False
        account.add(recording)
        self._tell("in-progress")

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self._over

    def pause(self, skip: bool) -> None:
        """Record nothing from now on: silence, or nothing at all with `skip`."""
        with self._lock:
            if self._paused is None and not self._over:
                self._paused = (self._clock.second, skip)
                self.recording.status = "paused"

    def resume(self) -> None:
        """Record again."""
        with self._lock:
            self._resume(self._clock.second)

    def stop(self, at: float | None = None) -> None:
        """End it, now or at a given second. The file is there a little later."""
        with self._lock:
            if self._over:
                return
            self._over = True
            end = self._clock.second if at is None else at
            self._resume(end)
            self.recording.audio = self._talk(end)
            self.recording.status = "processing"
        self._callbacks.run(self._finish)

    def _resume(self, second: float) -> None:
        if self._paused:
            begin, skip = self._paused
            self._pauses.append((begin, second, skip))
            self._paused = None
            self.recording.status = "in-progress"

    def _talk(self, end: float) -> Talk:
        left, right = self._sides(self._begin, end)
        if self._order.track != "both":
            left = right = left if self._order.track == "inbound" else right
        talk = Talk(left, right, self._frame(end))
        for begin, over, skip in reversed(self._pauses):
            talk = talk.without(self._frame(begin), self._frame(over), skip)
        return talk.trimmed() if self._order.trim else talk

    def _frame(self, second: float) -> int:
        return round((second - self._begin) * RATE)

    def _finish(self) -> None:
        self._pause(PROCESSING)
        recording, audio = self.recording, self.recording.audio
        recording.updated = self._clock.stamp()
        if audio is None or audio.frames < RATE:
            recording.audio, recording.error_code = None, TOO_SHORT
            recording.status = "absent"
        else:
            recording.status = "completed"
        self._tell(recording.status)

    def _tell(self, status: str) -> None:
        if self._order.to:
            form = recording_form(self._account, self.recording, status)
            self._callbacks.recording(self.recording, self._order.to, form)
            if status in self._order.to.events:
                for tell in self._account.also_told:
                    tell(form)


class Recorders:
    """What is being recorded on one leg. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: list[tuple[str, Recorder]] = []

    def add(self, recorder: Recorder, name: str = "") -> None:
        """Keep a recorder, under a name if it has one."""
        with self._lock:
            self._all.append((name, recorder))

    def active(self) -> list[Recorder]:
        """Return those that have not ended, the oldest first."""
        with self._lock:
            return [recorder for _, recorder in self._all if not recorder.over]

    def named(self, name: str) -> Recorder | None:
        """Return the one of that name that has not ended."""
        with self._lock:
            found = [one for known, one in self._all if known == name and not one.over]
        return found[0] if found else None

    def stop(self) -> None:
        """End all."""
        for recorder in self.active():
            recorder.stop()
