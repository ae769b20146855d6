"""How many requests of one account are on their way at once, as far as Twilio bears it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LONGEST_TURN = 30.0
"""Seconds after which somebody goes ahead without a turn: a request takes no longer."""


class AdaptiveLimit:
    """A limit that halves when Twilio says that it is too busy, and grows by one a round.

    Twilio limits how many requests of an account it works at together, differently for each and
    not said anywhere (https://www.twilio.com/docs/api/errors/20429). It is found out as TCP finds
    out what a line bears: additive increase, multiplicative decrease. Shared by all threads of a
    process that ask for one account.

    Args:
        most: where it begins, and what it never passes.
        clock: seconds.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = float(most)
        self._limit = float(most)
        self._clock = clock
        self._under_way = 0
        self._changed = threading.Condition()
        self._lowered_at = -1.0

    @property
    def limit(self) -> int:
        """How many may be on their way now."""
        return int(self._limit)

    @contextmanager
    def turn(self) -> Iterator[float]:
        """Wait until one more may be on its way; yield when it began, for `busy`."""
        with self._changed:
            self._changed.wait_for(lambda: self._under_way < self.limit, LONGEST_TURN)
            self._under_way += 1
        try:
            yield self._clock()
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify()

    def busy(self, began: float) -> None:
        """Halve the limit, as Twilio was too busy for a request that began then.

        Of requests that were on their way together one is enough: the others say the same.
        """
        with self._changed:
            if began > self._lowered_at:
                self._limit = max(1.0, self._limit / 2)
                self._lowered_at = self._clock()

    def well(self) -> None:
        """Raise the limit by one for as many answers as may be on their way together."""
        if self._limit < self._most:
            with self._changed:
                self._limit = min(self._most, self._limit + 1 / self._limit)
                self._changed.notify()
