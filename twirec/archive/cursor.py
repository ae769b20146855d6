"""Where a page of calls begins or ends, as a text that is given from one page to the other."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime

from twirec.model.errors import InvalidQuery
from twirec.model.records import Call

BEFORE = "before"

MOST_CALLS = 10**12
"""A number that no company's calls come to."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A call beside which a page is.

    Attributes:
        started_at: when it began, UTC.
        sid: its SID.
        number: which one it is of all that match, counted from 1; None if that is not known.
        before: whether the page is the one before the call; otherwise it is the one after.
    """

    started_at: datetime
    sid: str
    number: int | None = None
    before: bool = False

    @classmethod
    def read(cls, text: str) -> Cursor:
        """Return what a text says.

        Raises:
            InvalidQuery: it is no cursor.
        """
        try:
            place = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
            started_at, sid, *more = place.split(" ")
            moment = datetime.fromisoformat(started_at)
            number = int(more[0]) if more else None
            known = number is None or 0 < number < MOST_CALLS
            if moment.tzinfo is not None and known and more[1:] in ([], [BEFORE]):
                return cls(moment.astimezone(UTC), sid, number, before=bool(more[1:]))
        except (ValueError, OverflowError):
            pass
        raise InvalidQuery("after: give what `next` or `previous` of another page says.")

    @classmethod
    def of(cls, call: Call, number: int | None, *, before: bool = False) -> Cursor:
        """Return the one of a call."""
        return cls(call.started_at, call.call_sid, number, before)

    @property
    def place(self) -> tuple[datetime, str]:
        """Start and SID, as a query has them."""
        return self.started_at, self.sid

    def __str__(self) -> str:
        parts = [self.started_at.isoformat(), self.sid]
        parts += [] if self.number is None else [str(self.number)]
        parts += [BEFORE] if self.before else []
        return base64.urlsafe_b64encode(" ".join(parts).encode()).decode().rstrip("=")
