"""The time of a call: logical seconds that are exact, and real seconds that pass meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta


class HungUp(Exception):
    """The person on the leg that runs the TwiML is gone."""


class CallClock:
    """Counts the seconds of a call; second 0 is when it is answered.

    What happens in a call is reckoned in these seconds alone, so that a slow machine or a slow
    app does not shift the audio. Waiting takes real time too, `speed` times less.

    Args:
        speed: call seconds per real second.
        now: what the time is, UTC; stamps are taken from it.
        at: when the call is answered, UTC, for a call in the past; stamps then count from it.
        leaves_at: the second at which the person hangs up; None if they do not.
        second: where to start; negative while it rings.
    """

    def __init__(
        self,
        speed: float,
        now: Callable[[], datetime],
        at: datetime | None = None,
        leaves_at: float | None = None,
        second: float = 0.0,
    ) -> None:
        self._speed = speed
        self._now = now
        self._at = at
        self._cut = threading.Event()
        self.leaves_at = leaves_at
        self.second = second

    def stamp(self) -> datetime:
        """Return the date and time that resources get, UTC."""
        return self._at + timedelta(seconds=self.second) if self._at else self._now()

    def cut(self) -> None:
        """End the call from outside, now. Safe to call from any thread."""
        self._cut.set()

    @property
    def was_cut(self) -> bool:
        """Whether the call was ended from outside."""
        return self._cut.is_set()

    def wait(self, seconds: float) -> None:
        """Let call seconds pass.

        Raises:
            HungUp: the person hung up, or was cut off, before they had passed.
        """
        until = self.second + seconds
        if self.leaves_at is None or until < self.leaves_at:
            self._pass(until)
            return
        self._pass(max(self.second, self.leaves_at))
        raise HungUp

    def _pass(self, until: float) -> None:
        deadline = time.monotonic() + (until - self.second) / self._speed
        # An event may wake up a little early; a Say must never take less than its time.
        while not self._cut.is_set() and (rest := deadline - time.monotonic()) > 0:
            self._cut.wait(rest)
        if self._cut.is_set():
            missing = max(0.0, deadline - time.monotonic()) * self._speed
            self.second = max(self.second, until - missing)
            raise HungUp
        self.second = until
