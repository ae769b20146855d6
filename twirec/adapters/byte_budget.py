"""How many bytes all workers of a process may hold in memory at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Reservation:
    """What one transfer was granted of a budget.

    Attributes:
        granted: bytes it may hold now; 0 if the budget had no room in time.
    """

    def __init__(self, budget: ByteBudget, granted: int) -> None:
        self._budget = budget
        self.granted = granted

    def grow(self, needed: int) -> bool:
        """Hold `needed` bytes, if there is room at this moment; whether there is.

        It never waits: who holds something and waits for more would wait for others who do so too.
        """
        missing = needed - self.granted
        if missing > 0 and not self._budget._take_at_once(missing):
            return False
        self.granted = max(self.granted, needed)
        return True

    def shrink(self, needed: int) -> None:
        """Give back what is beyond `needed` bytes."""
        surplus = self.granted - needed
        if surplus > 0:
            self.granted = needed
            self._budget._give_back(surplus)


class ByteBudget:
    """A number of bytes that the threads of a process share.

    A transfer takes all it may need at once and before it reads anything, so transfers cannot
    wait for each other. Nobody waits longer than `patience`: a source that is left unread and a
    lease that is not renewed run out.

    Args:
        total: bytes.
        patience: seconds that a transfer waits for room.
    """

    def __init__(self, total: int, patience: float = 10.0) -> None:
        self._total = total
        self._free = total
        self._patience = patience
        self._changed = threading.Condition()

    @property
    def free(self) -> int:
        """Bytes that nobody holds at this moment."""
        return self._free

    @contextmanager
    def reserve(self, amount: int) -> Iterator[Reservation]:
        """Hold `amount` bytes, or none if there is no room in time; leaving gives them back."""
        reservation = Reservation(self, self._take(amount))
        try:
            yield reservation
        finally:
            reservation.shrink(0)

    def _take(self, amount: int) -> int:
        if amount > self._total:
            return 0
        with self._changed:
            room = self._changed.wait_for(lambda: self._free >= amount, self._patience)
            self._free -= amount if room else 0
            return amount if room else 0

    def _take_at_once(self, amount: int) -> bool:
        with self._changed:
            room = self._free >= amount
            self._free -= amount if room else 0
            return room

    def _give_back(self, amount: int) -> None:
        with self._changed:
            self._free += amount
            self._changed.notify_all()
