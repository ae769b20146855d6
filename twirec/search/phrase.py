"""What a person asks for in one sentence: a number, and a time as it is said.

What time it is, the zone and the country are given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from twirec.calls.address import looks_like_address, search_term
from twirec.model.errors import InvalidQuery
from twirec.model.given import text as a_text
from twirec.search.grammar import Listener
from twirec.search.sentence import Said
from twirec.search.times import LAST_DAY, When, both_readings, with_zone

HALF_A_DAY = 12 * 60


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time, UTC; None where it has no end.

    Attributes:
        point: whether it was said as one moment.
    """

    since: datetime | None = None
    until: datetime | None = None
    point: bool = False

    def wider(self, by: timedelta) -> Span:
        """Return it with as much time before and after."""
        return Span(self.since and self.since - by, self.until and self.until + by)

    def both(self, other: Span) -> Span:
        """Return what is in both."""
        since = [each for each in (self.since, other.since) if each is not None]
        until = [each for each in (self.until, other.until) if each is not None]
        return Span(max(since, default=None), min(until, default=None))


def ask(
    text: str, *, now: datetime, zone: tzinfo, country: str, within: timedelta
) -> tuple[str | None, Span]:
    """Return the search term for the number that is said, and the span of call time.

    Args:
        text: such as `1222 last Tuesday around 17:00`.
        now: UTC.
        zone: the company's.
        country: whose numbers come without a prefix, ISO 3166.
        within: how much before and after one moment counts too.

    Raises:
        InvalidQuery: a word cannot be understood; the message names it.
    """
    text, address = _without_address(text)
    heard = _listen(text, now, zone, field="search", words=True)
    span = Span()
    for each in _spans(heard.said, now, zone):
        span = span.both(each.wider(within) if each.point else each)
    if address and heard.number:
        raise InvalidQuery("search: give one number or address.")
    said = address or heard.number
    number = search_term(said, country) if said else None
    return number, _in_order(span, "search")


def _without_address(text: str) -> tuple[str, str]:
    """Return a text without the address in it, such as `client:ana`, and that."""
    address = next(filter(looks_like_address, text.split()), "")
    return text.replace(address, " ", 1) if address else text, address


def spoken_span(field: str, given: When, *, now: datetime, zone: tzinfo) -> Span:
    """Return the span that is meant by a time alone.

    Args:
        field: how an error names it.
        given: what a person says, such as `yesterday` or `2026-11-03 16:30`, in the company's zone;
            a `date`, which is that whole day in the company's zone; or a `datetime` with a zone.
        now: UTC.
        zone: the company's.

    Raises:
        InvalidQuery: it cannot be understood as one time, or is a `datetime` without a zone.
    """
    if isinstance(given, datetime):
        moment = with_zone(field, given, zone)
        return Span(moment, moment, point=True)
    if isinstance(given, date):
        return _between(given, 0, given, 24 * 60, zone)
    heard = _listen(a_text(field, given), now, zone, field=field, words=False)
    spans = list(_spans(heard.said, now, zone))
    if len(spans) != 1:
        raise InvalidQuery(f"{field}: give one time, such as 2026-11-03 16:30 or yesterday.")
    return spans[0]


def _listen(text: str, now: datetime, zone: tzinfo, *, field: str, words: bool) -> Listener:
    listener = Listener(text, now.astimezone(zone), field=field, words=words)
    listener.listen()
    return listener


def _spans(said: Sequence[Said], now: datetime, zone: tzinfo) -> list[Span]:
    """Return what is meant; a day that is said once is the day of every hour."""
    named = next((each for each in said if each.days), Said())
    today = now.astimezone(zone).date()
    spans = []
    for each in said:
        if each == Said(each.bound):
            continue
        if each.days is None and each.moment is None:
            days = named.days or _latest(each, now, zone, today)
            each = replace(each, days=days, weekly=named.weekly)
        spans.append(_cut(_past(each, now, zone), each.bound))
    return spans


def _latest(said: Said, now: datetime, zone: tzinfo, today: date) -> tuple[date, date]:
    """Return the last day on which it was that time already."""
    start = _span(replace(said, days=(today, today)), zone).since
    day = today if start is None or start <= now else today - timedelta(days=1)
    return day, day


def _past(said: Said, now: datetime, zone: tzinfo) -> Span:
    """Return its span; a time of this weekday that is still to come was a week ago."""
    span = _span(said, zone)
    if said.weekly and said.days and span.since and span.since > now:
        first, last = (day - timedelta(days=7) for day in said.days)
        return _span(replace(said, days=(first, last)), zone)
    return span


def _cut(span: Span, bound: str) -> Span:
    if bound == "since":
        return Span(since=span.since)
    if bound == "before" and not span.point:
        return Span(until=span.since)
    return Span(until=span.until) if bound else span


def _span(said: Said, zone: tzinfo) -> Span:
    if said.moment is not None:
        if said.moment.tzinfo is None:
            return Span(*both_readings(said.moment, zone), point=True)
        moment = said.moment.astimezone(UTC)
        return Span(moment, moment, point=True)
    first, last = said.days or (date.min, date.min)
    if said.minutes is None and said.part is None:
        return _between(first, 0, last, 24 * 60, zone)
    if first != last:
        raise InvalidQuery("time: a time of day needs one day, such as 'Tuesday at 17:00'.")
    start, end = _minutes(said)
    if end < start:
        end += 24 * 60
    return _between(first, start, first, end, zone)


def _minutes(said: Said) -> tuple[int, int]:
    """Return from and up to which minute; a part of the day says which half an hour is of."""
    if said.minutes is None:
        return said.part or (0, 0)
    if said.part is None:
        return said.minutes
    start, end = said.part
    fitting = [
        (since, until)
        for shift in (0, HALF_A_DAY, -HALF_A_DAY)
        if start <= (since := said.minutes[0] + shift) <= end
        and start <= (until := said.minutes[1] + shift) <= end
    ]
    return fitting[0] if fitting else said.minutes


def _between(first: date, start: int, last: date, end: int, zone: tzinfo) -> Span:
    since = datetime.combine(min(first, LAST_DAY), time.min) + timedelta(minutes=start)
    until = datetime.combine(min(last, LAST_DAY), time.min) + timedelta(minutes=end)
    return Span(
        both_readings(since, zone)[0],
        both_readings(until, zone)[1],
        point=since == until,
    )


def _in_order(span: Span, field: str) -> Span:
    if span.since is not None and span.until is not None and span.until < span.since:
        raise InvalidQuery(f"{field}: that ends before it begins.")
    return span
