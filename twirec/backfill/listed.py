"""What was listed and is not settled: the queue of a backfill, in memory.

A recording becomes due work of the catalog only when a thread is free to copy it, so that a
backfill that ends leaves nothing behind that was only begun.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from twirec.backfill.spans import Span
from twirec.model.lease import Lease
from twirec.model.vendor import VendorRecording

MOST_WAITING = 1000
"""So many recordings may wait for another try before nothing more is listed."""

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
        room: how many may wait for their first try.
        failed: is told what was given up, and why.
        now: the clock, UTC.
        stopping: set when nothing more is to be handed out.
    """

    def __init__(
        self,
        room: int,
        failed: Callable[[Item, str], None],
        now: Callable[[], datetime],
        stopping: threading.Event,
    ) -> None:
        self._room = room
        self._failed = failed
        self._now = now
        self._stopping = stopping
        self._turn = threading.Condition()
        self._new: deque[Item] = deque()
        self._again: list[tuple[datetime, int, Item]] = []
        self._order = itertools.count()
        self._open = 0
        self._all_listed = False

    def add(self, item: Item) -> None:
        """Add what was listed. Waits until there is room for it."""
        with self._turn:
            while len(self._new) >= self._room or len(self._again) >= MOST_WAITING:
                if self._stopping.is_set():
                    return
                self._turn.wait(LOOK)
            self._new.append(item)
            self._open += 1
            self._turn.notify_all()

    def end(self) -> None:
        """Say that nothing more is listed."""
        with self._turn:
            self._all_listed = True

    def look_again(self, item: Item, at: datetime) -> None:
        """Hand it out again at a time, UTC, as others work at it or it waits for its next try."""
        item.attempts = 0
        with self._turn:
            heapq.heappush(self._again, (at, next(self._order), item))

    def settle(self) -> None:
        """Say that one of them is settled."""
        with self._turn:
            self._open -= 1

    # --- as a queue ---------------------------------------------------------------------------

    def claim(self, now: datetime, lease_for: timedelta) -> Lease[Item] | None:
        """Wait for one; None when all are settled, or it was stopped."""
        with self._turn:
            while not self._stopping.is_set() and not (self._all_listed and not self._open):
                if item := self._next():
                    item.attempts += 1
                    return Lease("", item, now + lease_for)
                self._turn.wait(LOOK)
        return None

    def _next(self) -> Item | None:
        if self._again and self._again[0][0] <= self._now():
            return heapq.heappop(self._again)[-1]
        if not self._new:
            return None
        self._turn.notify_all()  # there is room
        return self._new.popleft()

    def renew(self, lease: Lease[Item], until: datetime) -> Lease[Item]:
        """Extend a lease: nobody else has what is in memory."""
        return replace(lease, until=until)

    def postpone(
        self, lease: Lease[Item], due_at: datetime | None, error: str, *, undecided: bool = False
    ) -> None:
        """Hand it out again at a time, UTC; or give it up when that is None.

        Then its day is not done, and the next run comes back to it.
        """
        item = lease.item
        item.last_error = error
        if due_at is None:
            self._failed(item, error)
            self.settle()
            return
        with self._turn:
            heapq.heappush(self._again, (due_at, next(self._order), item))

    def give_back(self, lease: Lease[Item]) -> None:
        """Leave it as it is: only who stops gives back, and then nothing is handed out."""
