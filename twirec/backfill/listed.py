"""What was listed and is not settled: the queue of a backfill, in memory.

A recording becomes due work of the catalog only when a thread is free to copy it, so that a
backfill that ends leaves nothing behind that was only begun.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from twirec.backfill.spans import Span
from twirec.model.lease import Lease
from twirec.model.vendor import VendorRecording

MOST_WAITING = 1000
"""So many recordings may wait before nothing more is listed."""

LOOK = 0.2
"""Seconds between two looks at the clock, and whether to stop."""


@dataclass(slots=True)
class Item:
    """A recording that was listed.

    Attributes:
        found: as the vendor listed it.
        span: the span that it was listed in.
        copied: whether this run archived it.
        only_line: whether it may be anybody's, and has a line without numbers, and nothing else.
        attempts: how often it could not even be asked for, or written down, this time included.
        last_error: why not.
    """

    found: VendorRecording
    span: Span
    copied: bool = False
    only_line: bool = False
    attempts: int = 0
    last_error: str = ""


class Listed:
    """Hands out what was listed, as a queue of due work. Safe to use from many threads.

    Args:
        failed: is told what was given up, and why.
        now: the clock, UTC.
        stopping: set when nothing more is to be handed out.
    """

    def __init__(
        self,
        failed: Callable[[Item, str], None],
        now: Callable[[], datetime],
        stopping: threading.Event,
    ) -> None:
        self._failed = failed
        self._now = now
        self._stopping = stopping
        self._turn = threading.Condition()  # over an RLock: `_put` is called within
        self._waiting: list[tuple[datetime, int, Item]] = []
        self._order = itertools.count()
        self._open = 0
        self._all_listed = False

    def add(self, item: Item) -> None:
        """Add what was listed. Waits until there is room for it."""
        with self._turn:
            while len(self._waiting) >= MOST_WAITING and not self._stopping.is_set():
                self._turn.wait(LOOK)
            self._open += 1
            self._put(item, self._now())

    def end(self) -> None:
        """Say that nothing more is listed."""
        self._all_listed = True

    def look_again(self, item: Item, at: datetime) -> None:
        """Hand it out again at a time, UTC, as others work at it or it waits for its next try."""
        item.attempts = 0
        self._put(item, at)

    def settle(self) -> None:
        """Say that one of them is settled."""
        with self._turn:
            self._open -= 1

    def _put(self, item: Item, at: datetime) -> None:
        with self._turn:
            heapq.heappush(self._waiting, (at, next(self._order), item))
            self._turn.notify_all()

    # --- as a queue ---------------------------------------------------------------------------

    def claim(
        self, now: datetime, lease_for: timedelta, only: str | None = None
    ) -> Lease[Item] | None:
        """Wait for one; None when all are settled, or it was stopped. None has a key."""
        with self._turn:
            while not self._stopping.is_set() and (self._open or not self._all_listed):
                if self._waiting and self._waiting[0][0] <= self._now():
                    item = heapq.heappop(self._waiting)[-1]
                    item.attempts += 1
                    self._turn.notify_all()  # there is room
                    return Lease("", item, now + lease_for)
                self._turn.wait(LOOK)
        return None

    def due_at(self, key: str) -> datetime | None:
        """Say of none when it is due: nobody asks for one by its key."""

    def renew(self, lease: Lease[Item], until: datetime) -> Lease[Item]:
        """Extend a lease: nobody else has what is in memory."""
        return replace(lease, until=until)

    def postpone(
        self, lease: Lease[Item], due_at: datetime | None, error: str, *, undecided: bool = False
    ) -> None:
        """Hand it out again at a time, UTC; or give it up when that is None.

        Then its day is not done, and the next run comes back to it.
        """
        lease.item.last_error = error
        if due_at is not None:
            self._put(lease.item, due_at)
            return
        self._failed(lease.item, error)
        self.settle()

    def give_back(self, lease: Lease[Item]) -> None:
        """Leave it as it is: only who stops gives back, and then nothing is handed out."""
