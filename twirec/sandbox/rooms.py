"""Where calls meet: queues and conferences, by name."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from twirec.sandbox.clock import Clock
from twirec.sandbox.conference import Conference
from twirec.sandbox.sids import new_sid
from twirec.sandbox.waiting import Waiting


class Queue:
    """A queue: who waits, and who waits for somebody to come. Guarded by its `Rooms`.

    Attributes:
        name: its friendly name.
        created: when it was made, UTC.
        sid: `QU…`.
        waiting: who waits, the longest first.
        takers: the clocks of those who dialled it while it was empty.
    """

    def __init__(self, name: str, created: datetime) -> None:
        self.name = name
        self.created = created
        self.sid = new_sid("QU")
        self.waiting: list[Waiting] = []
        self.takers: list[Clock] = []


class Rooms:
    """All queues and conferences. Safe to use from several threads.

    Attributes:
        lock: held while anything about them changes. Whoever holds it may wake a clock; what a
            clock is told to look out for must not take it.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._queues: dict[str, Queue] = {}
        self._conferences: list[Conference] = []

    def queue(self, name: str) -> Queue | None:
        """Return a queue, if there is one of that name."""
        with self.lock:
            return self._queues.get(name)

    def make_queue(self, name: str, now: datetime) -> Queue:
        """Return a queue, made now, UTC, if it is not there."""
        with self.lock:
            return self._queues.setdefault(name, Queue(name, now))

    def queues(self) -> list[Queue]:
        """Return all queues, in the order in which they were made."""
        with self.lock:
            return list(self._queues.values())

    def conference(self, name: str, make: Callable[[], Conference]) -> Conference:
        """Return the conference of that name that goes on, or a new one."""
        with self.lock:
            for there in self._conferences:
                if there.name == name and not there.over:
                    return there
            self._conferences.append(made := make())
            return made

    def conferences(self) -> list[Conference]:
        """Return all conferences, also those that have ended, in the order in which they came."""
        with self.lock:
            return list(self._conferences)
