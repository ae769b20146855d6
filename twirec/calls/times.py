"""What a person means by a time, in the company's zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from twirec.model.errors import InvalidQuery

LAST_DAY = date(9999, 12, 30)
"""The last day that has an end."""


def since_time(text: str, zone: tzinfo) -> datetime:
    """Return the first moment that is meant, UTC: of a day its midnight.

    Args:
        text: a date or a date with a time, ISO 8601; without an offset it is the zone's.
        zone: the company's.

    Raises:
        InvalidQuery: it is not a time.
    """
    moment = _parse("since", text)
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time.min)
    return _in_utc(moment, zone, 0)


def until_time(text: str, zone: tzinfo) -> datetime:
    """Return the moment up to which is meant, UTC: of a day the end of that day.

    Args:
        text: as in `since_time`.
        zone: the company's.

    Raises:
        InvalidQuery: it is not a time.
    """
    moment = _parse("until", text)
    if not isinstance(moment, datetime):
        moment = datetime.combine(min(moment, LAST_DAY) + timedelta(days=1), time.min)
    return _in_utc(moment, zone, 1)


def one_moment(field: str, text: str, zone: tzinfo) -> datetime:
    """Return the moment that is meant, UTC.

    Args:
        field: how an error names it.
        text: a date with a time, ISO 8601; without an offset it is the zone's.
        zone: the company's.

    Raises:
        InvalidQuery: it is not one moment; the message names the fix.
    """
    moment = _parse(field, text, "2026-11-03 17:00")
    if not isinstance(moment, datetime):
        raise InvalidQuery(f"{field}: give the time too, such as {moment} 17:00.")
    if moment.tzinfo is None:
        early, late = both_readings(moment, zone)
        if early != late:  # the clock was moved then
            or_ = " or ".join(each.astimezone(zone).isoformat() for each in (early, late))
            raise InvalidQuery(f"{field}: the clock was moved then; say {or_}.")
    return _in_utc(moment, zone, 0)


def _parse(field: str, text: str, write: str = "2026-11-03 or 2026-11-03 16:30") -> date | datetime:
    text = text.strip()
    try:
        return (
            date.fromisoformat(text)
            if len(text) <= len("2026-11-03")
            else datetime.fromisoformat(text)
        )
    except ValueError:
        raise InvalidQuery(f"{field}: {text!r} is not a time; write {write}.") from None


def both_readings(moment: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return what a local time may mean, UTC, earliest first.

    In the hour that comes twice in autumn it may be the first or the second; in the hour that
    spring leaves out, what a clock shows that was moved, or one that was not.

    Raises:
        InvalidQuery: it is too far away for a time.
    """
    try:
        readings = [moment.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    except OverflowError:
        raise InvalidQuery(f"{moment.year} is too far away for a time.") from None
    return min(readings), max(readings)


def _in_utc(moment: datetime, zone: tzinfo, which: int) -> datetime:
    if moment.tzinfo is None:
        return both_readings(moment, zone)[which]
    try:
        moment.astimezone(zone)  # as it will be shown
        return moment.astimezone(UTC)
    except OverflowError:
        raise InvalidQuery(f"{moment.year} is too far away for a time.") from None
