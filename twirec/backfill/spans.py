"""How far a backfill is: days, of which each is done when all that was listed in it is."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from hashlib import sha256

from twirec.catalog import Catalog

DAY = timedelta(days=1)


@dataclass(slots=True)
class Span:
    """A day of an account, or the part of it that is looked at, UTC.

    Attributes:
        open: recordings that were listed in it and are not settled.
    """

    account_sid: str
    begin: datetime
    end: datetime
    open: int = 0


class Spans:
    """The days of a backfill, in order, and the mark up to which all are done.

    Safe to use from many threads.

    Args:
        catalog: where the mark of each account is remembered.
        since, until: the whole span, UTC.
        name: of this backfill: the same for what may go on where the last one stopped.
    """

    def __init__(self, catalog: Catalog, since: datetime, until: datetime, name: str) -> None:
        self._catalog = catalog
        self._since = since
        self._until = until
        self._name = sha256(name.encode()).hexdigest()[:16]
        self._turn = threading.Lock()
        self._begun: dict[str, deque[Span]] = {}

    def begin(self, account_sid: str) -> datetime:
        """Return from when there is something left to do."""
        marked = self._catalog.marks.get(self._mark(account_sid))
        return min(max(marked or self._since, self._since), self._until)

    def days(self, account_sid: str, begin: datetime) -> Iterator[Span]:
        """Return the days from a moment on, each to be `listed` or left open."""
        while begin < self._until:
            midnight = datetime.combine(begin.date(), time(), UTC) + DAY
            span = Span(account_sid, begin, min(midnight, self._until))
            yield span
            begin = span.end

    def listed(self, span: Span, count: int) -> None:
        """Say that a day is listed, and how many recordings it has."""
        with self._turn:
            span.open = count
            self._begun.setdefault(span.account_sid, deque()).append(span)
            self._move(span.account_sid)

    def settled(self, span: Span) -> None:
        """Say that one recording of a day is done with."""
        with self._turn:
            span.open -= 1
            if not span.open:
                self._move(span.account_sid)

    def finish(self, account_sid: str) -> None:
        """Forget the mark of an account of which all is done: the next run looks at all again."""
        self._catalog.marks.set(self._mark(account_sid), self._since)

    def _move(self, account_sid: str) -> None:
        spans, reached = self._begun[account_sid], None
        while spans and not spans[0].open:
            reached = spans.popleft().end
        if reached:
            self._catalog.marks.set(self._mark(account_sid), reached)

    def _mark(self, account_sid: str) -> str:
        return f"backfill {account_sid} {self._name}"
