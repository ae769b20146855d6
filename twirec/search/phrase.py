"""What a person asks for in one sentence: a number, a time as it is said, and what has a name.

What time it is, the zone and the country are given.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from twirec.calls.address import agent_key, search_term
from twirec.model.errors import InvalidQuery
from twirec.model.given import text as a_text
from twirec.model.search import Understood
from twirec.model.vocabulary import Role
from twirec.search.grammar import Listener
from twirec.search.named import Named, named
from twirec.search.sentence import DAY, HALF_A_DAY, Said
from twirec.search.spoken import WHOLE_NIGHT
from twirec.search.times import LAST_DAY, TOO_FAR, When, both_readings, with_zone


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time, UTC; None where it has no end.

    Attributes:
        point: whether it was said as one moment.
    """

    since: datetime | None = None
    until: datetime | None = None
    point: bool = False

    def wider(self, by: timedelta, field: str) -> Span:
        """Return it with as much time before and after.

        Raises:
            InvalidQuery: there is no such time; the message begins with the field.
        """
        try:
            return Span(self.since and self.since - by, self.until and self.until + by)
        except OverflowError:
            raise InvalidQuery(f"{field}: {TOO_FAR}.") from None

    def both(self, other: Span) -> Span:
        """Return what is in both."""
        since = [each for each in (self.since, other.since) if each is not None]
        until = [each for each in (self.until, other.until) if each is not None]
        return Span(max(since, default=None), min(until, default=None))


@dataclass(frozen=True, slots=True)
class Asked:
    """What a sentence asks for.

    Attributes:
        number: the search term of a customer's number; None for none.
        span: of call time.
        case, note, agent, sid: what was said of them; None for nothing.
        said: words of the call; None for none.
        said_by: whose they are; None for either side's.
        parts: each of these with its words, in the order of the sentence.
    """

    number: str | None = None
    span: Span = Span()
    case: str | None = None
    note: str | None = None
    agent: str | None = None
    sid: str | None = None
    said: str | None = None
    said_by: Role | None = None
    parts: tuple[Understood, ...] = ()


def ask(text: str, *, now: datetime, zone: tzinfo, country: str, within: timedelta) -> Asked:
    """Return what a sentence asks for.

    Args:
        text: such as `1222 last Tuesday around 17:00`, or `agent client:ana case R-2026/17`.
        now: UTC.
        zone: the company's.
        country: whose numbers come without a prefix, ISO 3166.
        within: how much before and after one moment counts too.

    Raises:
        InvalidQuery: a word cannot be understood; the message names it.
    """
    rest, said = named(text)
    by_name = {each.part: each for each in said}
    heard = _listen(rest, now, zone, field="search", words=True)
    span = Span()
    for each in _spans(heard.said, now, zone, "search"):
        span = span.both(each.wider(within, "search") if each.point else each)
    address = by_name.get("address")
    if address and heard.number:
        raise InvalidQuery("search: give one number or address.")
    of_number = address.value if address else heard.number
    of_time = any(each != Said() for each in heard.said)
    if text.strip() and not said and not of_number and not of_time:
        raise InvalidQuery("search: that says neither a number nor a time; write one of them.")
    number = search_term(of_number, country, "search") if of_number else None
    span = _in_order(span, "search")
    values = {each.part: each.value for each in said if each.part != "address"}
    if "agent" in values:
        values["agent"] = agent_key(values["agent"], country)
    number_at = (address.start, address.end) if address else heard.number_at
    parts = list(_parts(text, said, number or "", number_at, span if of_time else None, values))
    side = by_name["said"].side if "said" in by_name else None
    return Asked(number, span, **values, said_by=side, parts=tuple(parts))


def _parts(
    text: str,
    said: Sequence[Named],
    number: str,
    number_at: tuple[int, int] | None,
    span: Span | None,
    values: Mapping[str, str],
) -> Iterator[Understood]:
    """Yield what was understood, each with the text that asks for all but that.

    What is of no other part is said of the time, with all words around it.
    """
    text = unicodedata.normalize("NFC", text)
    places = {each.part: (each.start, each.end) for each in said if each.part != "address"}
    side = next((each.side for each in said if each.part == "said"), None)
    if number_at:
        places["number"] = number_at
    for part, (start, end) in sorted(places.items(), key=lambda each: each[1]):
        without = " ".join(f"{text[:start]} {text[end:]}".split()).strip(" ,;")
        value = number if part == "number" else values[part]
        yield Understood(part, value, without, side=side if part == "said" else None)
    if span is not None:
        words = (text[start:end] for start, end in sorted(places.values()))
        yield Understood("time", "", " ".join(words), span.since, span.until)


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
        return _between(given, 0, given, 24 * 60, zone, field)
    heard = _listen(a_text(field, given), now, zone, field=field, words=False)
    spans = list(_spans(heard.said, now, zone, field))
    if len(spans) != 1:
        raise InvalidQuery(f"{field}: give one time, such as 2026-11-03 16:30 or yesterday.")
    return spans[0]


def from_until(since: When | None, until: When | None, *, now: datetime, zone: tzinfo) -> Span:
    """Return the span from one time to another.

    Args:
        since: from when, as `spoken_span` takes it; None or empty for the beginning.
        until: up to when, a day with all of it; None or empty for no end.
        now: UTC.
        zone: the company's.

    Raises:
        InvalidQuery: one cannot be understood, or `until` is before `since`.
    """
    first, last = (
        spoken_span(field, given, now=now, zone=zone) if given else Span()
        for field, given in (("since", since), ("until", until))
    )
    begin, end = first.since, last.until
    if begin and end and (end < begin or (end == begin and not last.point)):
        raise InvalidQuery("until: it is before since; swap them.")
    return Span(begin, end)


def _listen(text: str, now: datetime, zone: tzinfo, *, field: str, words: bool) -> Listener:
    listener = Listener(text, now.astimezone(zone), field=field, words=words)
    listener.listen()
    return listener


def _spans(said: Sequence[Said], now: datetime, zone: tzinfo, field: str) -> list[Span]:
    """Return what is meant; a day that is said once is the day of every hour."""
    named = next((each for each in said if each.days), Said())
    today = now.astimezone(zone).date()
    spans = []
    for each in said:
        if each == Said(each.bound):
            continue
        if each.days is None and each.moment is None:
            _one_day_only(replace(each, days=named.days))
            days = named.days or _latest(each, now, zone, today, field)
            each = replace(each, days=days, weekly=named.weekly)
        else:
            _one_day_only(each)
        span = _past(each, now, zone, field)
        if each.part and each.bound in ("", "since") and span.since and span.since > now:
            raise InvalidQuery("hour: that part of the day is still to come; name one that was.")
        spans.append(_cut(span, each.bound))
    return spans


def _one_day_only(said: Said) -> None:
    """Refuse `ayer a las 2 de la noche`: of the night before that day, or of the one after it?"""
    if said.days and said.hours and said.part is not WHOLE_NIGHT and _minutes(said)[0] > DAY:
        raise InvalidQuery(
            "hour: after midnight it is another day; write that one, such as 'today at 2 am'."
        )


def _latest(said: Said, now: datetime, zone: tzinfo, today: date, field: str) -> tuple[date, date]:
    """Return the last day on which it was that time already."""
    day = today
    for _ in range(2):  # at half past one, two at night was in the night before the last one
        start = _span(replace(said, days=(day, day)), zone, field).since
        if start is None or start <= now:
            break
        day -= timedelta(days=1)
    return day, day


def _past(said: Said, now: datetime, zone: tzinfo, field: str) -> Span:
    """Return its span; a time of this weekday that is still to come was a week ago."""
    span = _span(said, zone, field)
    if said.weekly and said.days and span.since and span.since > now:
        first, last = (day - timedelta(days=7) for day in said.days)
        return _span(replace(said, days=(first, last)), zone, field)
    return span


def _cut(span: Span, bound: str) -> Span:
    if bound == "since":
        return Span(since=span.since)
    if bound == "before" and not span.point:
        return Span(until=span.since)
    return Span(until=span.until) if bound else span


def _span(said: Said, zone: tzinfo, field: str) -> Span:
    if said.moment is not None:
        if said.moment.tzinfo is None:
            return Span(*both_readings(field, said.moment, zone), point=True)
        moment = said.moment.astimezone(UTC)
        return Span(moment, moment, point=True)
    first, last = said.days or (date.min, date.min)
    if said.hours is None and said.part is None:
        return _between(first, 0, last, 24 * 60, zone, field)
    if first != last:
        raise InvalidQuery("time: a time of day needs one day, such as 'Tuesday at 17:00'.")
    start, end = _minutes(said)
    return _between(first, start, first, end, zone, field)


def _minutes(said: Said) -> tuple[int, int]:
    """Return from and up to which minute; what is said of one hour has to fit together."""
    if said.hours is None:
        return said.part.alone if said.part else (0, 0)
    start, end = (each.within(said.part) for each in said.hours)
    if start is None or end is None or (said.part and end < start):
        raise InvalidQuery(
            "hour: the hour is not of the part of the day that is said with it; write it alone, "
            "from 0:00 to 23:59, such as 'yesterday at 23:00'."
        )
    last = said.hours[1]
    while end < start:  # `entre las 6 y las 8`, `from 22:00 to 6`
        end += DAY if last.of_24 or last.part else HALF_A_DAY
    return start, end


def _between(first: date, start: int, last: date, end: int, zone: tzinfo, field: str) -> Span:
    since = datetime.combine(min(first, LAST_DAY), time.min) + timedelta(minutes=start)
    until = datetime.combine(min(last, LAST_DAY), time.min) + timedelta(minutes=end)
    return Span(
        both_readings(field, since, zone)[0],
        both_readings(field, until, zone)[1],
        point=since == until,
    )


def _in_order(span: Span, field: str) -> Span:
    if span.since is not None and span.until is not None and span.until < span.since:
        raise InvalidQuery(f"{field}: that ends before it begins.")
    return span
