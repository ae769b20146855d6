"""What a person means by a time, in the company's zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, tzinfo

from twirec.model.errors import InvalidQuery
from twirec.model.given import text

When = str | date | datetime
"""A time as a public method takes it: as a person says it, a day, or a moment with its zone."""

TOO_FAR = "that is too far away for a time; give one of this century"
"""What is said of a time that no clock comes to."""

LAST_DAY = date(9999, 12, 30)
"""The last day that has an end."""


def one_moment(field: str, given: When, zone: tzinfo) -> datetime:
    """Return the moment that is meant, UTC.

    Args:
        field: how an error names it.
        given: a `datetime` with a zone; or a date with a time, ISO 8601, which without an offset
            is the company's.
        zone: the company's.

    Raises:
        InvalidQuery: it is not one moment; the message names the fix.
    """
    if isinstance(given, datetime):
        return with_zone(field, given, zone)
    moment = given if isinstance(given, date) else _parse(field, given)
    if not isinstance(moment, datetime):
        raise InvalidQuery(f"{field}: give the time too, such as {moment} 17:00.")
    if moment.tzinfo is not None:
        return with_zone(field, moment, zone)
    early, late = both_readings(field, moment, zone)
    if early != late:  # the clock was moved then
        or_ = " or ".join(each.astimezone(zone).isoformat() for each in (early, late))
        raise InvalidQuery(f"{field}: the clock was moved then; say {or_}.")
    return early


def one_day(field: str, given: date | str) -> date:
    """Return the day that is meant.

    Args:
        field: how an error names it.
        given: a `date`, or its text, ISO 8601.

    Raises:
        InvalidQuery: it is none; a moment is of another day in another zone.
    """
    if isinstance(given, date) and not isinstance(given, datetime):
        return given
    try:
        return date.fromisoformat(text(field, given).strip())  # a datetime is a date
    except ValueError:
        raise InvalidQuery(f"{field}: {given!r} is not a day; write 2026-11-03.") from None


def with_zone(field: str, moment: datetime, zone: tzinfo) -> datetime:
    """Return a moment in UTC.

    Args:
        field: how an error names it.
        moment: with its zone.
        zone: the company's, in which it will be shown.

    Raises:
        InvalidQuery: it has no zone, or is too far away. One without a zone is not taken for the
            company's time: `datetime.utcnow()` has none either, and is another moment.
    """
    if moment.utcoffset() is None:
        raise InvalidQuery(
            f"{field}: a datetime without a zone is no moment; give it one, such as "
            f"datetime.now(UTC), or write '{moment:%Y-%m-%d %H:%M}' for the company's time."
        )
    try:
        moment.astimezone(zone)
        return moment.astimezone(UTC)
    except OverflowError:
        raise InvalidQuery(f"{field}: {TOO_FAR}.") from None


def _parse(field: str, said: str) -> date | datetime:
    said = said.strip()
    try:
        return (
            date.fromisoformat(said)
            if len(said) <= len("2026-11-03")
            else datetime.fromisoformat(said)
        )
    except ValueError:
        raise InvalidQuery(f"{field}: {said!r} is not a time; write 2026-11-03 17:00.") from None


def both_readings(field: str, moment: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return what a local time may mean, UTC, earliest first.

    In the hour that comes twice in autumn it may be the first or the second; in the hour that
    spring leaves out, what a clock shows that was moved, or one that was not.

    Raises:
        InvalidQuery: it is too far away for a time; the message begins with the field.
    """
    try:
        readings = [moment.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    except OverflowError:
        raise InvalidQuery(f"{field}: {TOO_FAR}.") from None
    return min(readings), max(readings)
