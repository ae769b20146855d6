"""When the term of a case ends, and from when on it ends soon. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from twirec.calls.working_days import WorkingDays
from twirec.model.case_terms import TO_COMPLETE, CaseTerm, TermUnit

SOON = 5
"""A case is nearly due in the last fifth of its days; in the last quarter of its hours."""


@dataclass(frozen=True, slots=True)
class Due:
    """The end of a term.

    Attributes:
        at: its last moment, UTC: of days, the end of the last one in the company's zone.
        warn_at: from when on it ends soon, UTC.
    """

    at: datetime
    warn_at: datetime


def due(term: CaseTerm, since: datetime, zone: tzinfo, working: WorkingDays) -> Due:
    """Return when a term ends. Of days, that on which it begins is not counted (CC art. 5.1).

    Args:
        term: how long it is.
        since: when it begins, UTC.
        zone: the company's.
        working: which days are working days.
    """
    if term.unit is TermUnit.HOURS:
        whole = timedelta(hours=term.count)
        return Due(since + whole, since + whole * 3 / 4)
    first = since.astimezone(zone).date()
    left = max(1, term.count // SOON)

    def end(count: int) -> datetime:
        if term.unit is TermUnit.DAYS:
            return _end_of(first + timedelta(days=count), zone)
        return _end_of(working.after(first, count), zone)

    return Due(end(term.count), max(since, end(term.count - left)))


def to_complete(since: datetime, zone: tzinfo, working: WorkingDays) -> datetime:
    """Return until when a customer may complete what was incomplete, UTC (art. 13.3)."""
    return due(TO_COMPLETE, since, zone, working).at


def _end_of(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(23, 59, 59), zone).astimezone(UTC)
