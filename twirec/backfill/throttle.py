"""How many threads may ask the vendor at once: half as many when it is busy, slowly more again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

GROW = 10.0
"""Seconds without a busy answer after which one thread more may ask."""

ONE_ANSWER = 2.0
"""Busy answers within so many seconds are one: they were asked for together."""

LONGEST_PAUSE = 60.0
"""Seconds that nobody asks for, at the most, when a single thread is still too many."""

LOOK = 0.2
"""Seconds between two looks of a thread that waits for its turn."""


class Throttle:
    """A limit that all threads share. Safe to use from many threads.

    Twilio counts the requests that an account has open at once, and does not say how many it
    allows: https://www.twilio.com/docs/api/errors/20429.

    Args:
        most: how many threads there are.
        clock: seconds that only ever grow.
    """

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        self._most = most
        self._clock = clock
        self._room = threading.Condition()
        self._in_hand = 0
        self._limit = most
        self._since = clock()
        self._pause = 0.0
        self._halved_at = float("-inf")
        self._closed_until = float("-inf")

    @property
    def limit(self) -> int:
        """How many threads may ask at once, now."""
        with self._room:
            return self._grown()

    def busy(self, wait: float = 0.0) -> None:
        """Halve the limit, as the vendor is too busy, and let nobody begin before `wait` seconds.

        When one at a time is too many, nobody begins for a while, longer each time.

        Args:
            wait: what the vendor asked for.
        """
        with self._room:
            now, limit = self._clock(), self._grown()
            if now - self._halved_at >= ONE_ANSWER:
                if limit == 1:
                    self._pause = min(max(ONE_ANSWER, 2 * self._pause), LONGEST_PAUSE)
                self._limit = max(1, limit // 2)
                self._halved_at = now
            self._closed_until = max(self._closed_until, now + max(wait, self._pause))
            self._since = self._closed_until

    @contextmanager
    def turn(self, stopping: Callable[[], bool]) -> Iterator[bool]:
        """Wait for a turn, and hold it in the block. False if it was stopped before it came."""
        with self._room:
            while not (free := self._is_free()) and not stopping():
                self._room.wait(LOOK)
            self._in_hand += free
        try:
            yield free
        finally:
            with self._room:
                self._in_hand -= free
                self._room.notify()

    def _is_free(self) -> bool:
        return self._clock() >= self._closed_until and self._in_hand < self._grown()

    def _grown(self) -> int:
        grown = int((self._clock() - self._since) // GROW)
        if grown > 0:
            self._pause = 0.0
            self._limit = min(self._most, self._limit + grown)
            self._since += grown * GROW
        return self._limit
