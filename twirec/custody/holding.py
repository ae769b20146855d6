"""What a hold has to say: for which case, and why. Pure."""

from __future__ import annotations

from datetime import datetime

from twirec.custody.standstill import check_reason
from twirec.model.custody import LONGEST_CASE_NUMBER, Hold
from twirec.model.errors import InvalidQuery


def new_hold(*, case: str, reason: str, by: str, at: datetime) -> Hold:
    """Return a hold that is of nothing yet.

    Args:
        case: the number of the dispute.
        reason: why.
        by: who holds.
        at: since when, UTC.

    Raises:
        InvalidQuery: no case or no reason is given, or it is too long.
    """
    return Hold(check_case(case), check_reason(reason), by, at)


def check_case(case: str) -> str:
    """Return a case number without spaces around it.

    Raises:
        InvalidQuery: there is none, or it is longer than the catalog takes.
    """
    if not case.strip():
        raise InvalidQuery("case: say for which case; a hold without one is never lifted.")
    if len(case.strip()) > LONGEST_CASE_NUMBER:
        raise InvalidQuery(f"case: a case number has up to {LONGEST_CASE_NUMBER} characters.")
    return case.strip()


def check_period(since: datetime | None, until: datetime | None) -> None:
    """Check that a period has something between its beginning and its end.

    Raises:
        InvalidQuery: it ends before it begins.
    """
    if since is not None and until is not None and until <= since:
        raise InvalidQuery("until: it is before since; swap them.")
