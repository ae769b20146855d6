"""The time of a call: logical seconds that are exact, and real seconds that pass meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

Unless = Callable[[], bool] | None
Course = Callable[[], float] | None

_TIE = 1e-6  # seconds that sums of call seconds may be off
_GLANCE = 0.001  # real seconds between two looks at a clock that may stand still


class HungUp(Exception):
    """The person on the leg that runs the TwiML is gone."""


class Turned(Exception):
    """The call was given another document from outside."""


class Interrupted(Exception):
    """What `wait` was told to look out for has happened."""


class SideOver(Exception):
    """What ran beside the call is over: a callee is gone, or a place in a queue is taken."""


class Clock(Protocol):
    """What verbs need of a clock."""

    leaves_at: float | None

    @property
    def second(self) -> float:
        """The call second that it is."""
        ...

    @property
    def was_cut(self) -> bool:
        """Whether the call was ended from outside."""
        ...

    def stamp(self) -> datetime:
        """Return the date and time that resources get, UTC."""
        ...

    def wait(self, seconds: float, unless: Unless = None, course: Course = None) -> None:
        """Let call seconds pass; see `CallClock.wait`."""
        ...

    def wake(self) -> None:
        """Let whoever waits look again."""
        ...


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
        self._changed = threading.Condition()
        self._second = second
        self._course: Course = None
        self._cut = False
        self._turned = False
        self.leaves_at = leaves_at

    @property
    def second(self) -> float:
        """The call second that it is; seen from another thread, also in the middle of a wait."""
        with self._changed:
            return self._reached()

    @property
    def was_cut(self) -> bool:
        """Whether the call was ended from outside."""
        return self._cut

    def stamp(self) -> datetime:
        """Return the date and time that resources get, UTC."""
        return self._at + timedelta(seconds=self.second) if self._at else self._now()

    def cut(self) -> None:
        """End the call from outside, now. Safe to call from any thread."""
        self._cut = True
        self.wake()

    def turn(self) -> None:
        """Give the call another document from outside, now. Safe to call from any thread."""
        self._turned = True
        self.wake()

    def wake(self) -> None:
        """Let whoever waits look again. Safe to call from any thread."""
        with self._changed:
            self._changed.notify_all()

    def wait(self, seconds: float, unless: Unless = None, course: Course = None) -> None:
        """Let call seconds pass.

        Args:
            seconds: how many; 0 only looks whether the call goes on.
            unless: ends the waiting once it is true; asked when it begins and when `wake` is
                called. It must take no lock.
            course: which second it is meanwhile, where that is for another clock to say: it
                stands still when that one does. By default real time says it.

        Raises:
            HungUp: the person hung up, or was cut off, before they had passed.
            Turned: the call was given another document.
            Interrupted: `unless` came true.
        """
        until = self._second + seconds
        if self.leaves_at is None or until < self.leaves_at - _TIE:
            self._pass(until, unless, course)
            return
        self._pass(max(self._second, self.leaves_at), unless, course)
        raise HungUp

    def _pass(self, until: float, unless: Unless, course: Course) -> None:
        with self._changed:
            self._course = course or self._real(until)
            try:
                self._sleep(until, unless)
                self._second = until
            finally:
                self._course = None

    def _real(self, until: float) -> Callable[[], float]:
        deadline = time.monotonic() + (until - self._second) / self._speed
        return lambda: until - max(0.0, deadline - time.monotonic()) * self._speed

    def _sleep(self, until: float, unless: Unless) -> None:
        # A condition may wake up a little early; a Say must never take less than its time.
        while not (reason := self._reason(unless)):
            rest = until - self._reached()
            if rest <= 0:
                return
            self._changed.wait(max(rest / self._speed, _GLANCE))
        self._second = self._reached()
        self._turned = self._turned and not isinstance(reason, Turned)
        raise reason

    def _reason(self, unless: Unless) -> Exception | None:
        if self._cut:
            return HungUp()
        if self._turned:
            return Turned()
        return Interrupted() if unless and unless() else None

    def _reached(self) -> float:
        return max(self._second, self._course()) if self._course else self._second


class SideClock:
    """The clock of something that runs beside a call, in the call's own seconds.

    Args:
        clock: the call's.
        over: whether it is over; asked as `unless` is in `CallClock.wait`.
        leaves_at: the second at which its person hangs up; None if they do not.
    """

    def __init__(
        self, clock: Clock, over: Callable[[], bool], leaves_at: float | None = None
    ) -> None:
        self._clock = clock
        self._over = over
        self.leaves_at = leaves_at

    @property
    def second(self) -> float:
        """The call second that it is."""
        return self._clock.second

    @property
    def was_cut(self) -> bool:
        """Whether the call was ended from outside."""
        return self._clock.was_cut

    def stamp(self) -> datetime:
        """Return the date and time that resources get, UTC."""
        return self._clock.stamp()

    def wake(self) -> None:
        """Let whoever waits look again."""
        self._clock.wake()

    def wait(self, seconds: float, unless: Unless = None, course: Course = None) -> None:
        """Let call seconds pass.

        Raises:
            SideOver: it is over, or its person hung up, before they had passed.
            HungUp, Turned: as the call's own clock raises them.
            Interrupted: `unless` came true.
        """
        left = None if self.leaves_at is None else max(0.0, self.leaves_at - self.second)
        leaves = left is not None and left <= seconds
        try:
            self._clock.wait(
                left if left is not None and leaves else seconds,
                lambda: self._over() or bool(unless and unless()),
                course,
            )
        except Interrupted:
            if self._over():
                raise SideOver from None
            raise
        if leaves:
            raise SideOver


class RunningClock:
    """A clock that nobody waits by: it runs with real time, `speed` times faster.

    Args:
        speed: call seconds per real second.
        now: what the time is, UTC; stamps are taken from it.
    """

    def __init__(self, speed: float, now: Callable[[], datetime]) -> None:
        self._speed = speed
        self._now = now
        self._zero = time.monotonic()

    @property
    def second(self) -> float:
        """The seconds since it was made."""
        return (time.monotonic() - self._zero) * self._speed

    def stamp(self) -> datetime:
        """Return the date and time that resources get, UTC."""
        return self._now()
