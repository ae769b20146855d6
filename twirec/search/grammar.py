"""What people say of a call: its number, and when, word by word."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from twirec.model.errors import InvalidQuery
from twirec.search import spoken
from twirec.search.spoken import Kind, Token, tokens

LONGEST = 300
YEARS = range(1970, 2101)


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of one moment or span, in the company's zone.

    Attributes:
        bound: `since`, `until` or `before` if only one end is said.
        days: the first and the last day.
        minutes: from and up to, after midnight; the same twice for one moment.
        part: of the day, in the same form.
        moment: a whole moment, with or without a zone.
        weekly: whether the day is said as a weekday, which comes every week.
    """

    bound: str = ""
    days: tuple[date, date] | None = None
    minutes: tuple[int, int] | None = None
    part: tuple[int, int] | None = None
    moment: datetime | None = None
    weekly: bool = False

    def and_also(self, other: Said) -> Said | None:
        """Return both together; None if they say the same thing twice."""
        new = {
            name: value
            for name in ("days", "minutes", "part", "moment")
            if (value := getattr(other, name)) is not None
        }
        twice = any(getattr(self, name) is not None for name in new)
        whole = self.moment or (other.moment and (self.days or self.minutes or self.part))
        if twice or whole:
            return None
        return replace(self, **new, weekly=self.weekly or other.weekly)


@dataclass(frozen=True, slots=True)
class Hour:
    """A time of day as it is said; `half` is None where it may be of either half of the day."""

    hour: int
    minute: int
    half: int | None

    def minutes(self) -> int:
        """Return minutes after midnight. Without more, one to seven are of the afternoon."""
        hour = self.hour
        if self.half == spoken.NIGHT:
            hour = hour + 12 if 6 <= hour <= 12 else hour
        elif self.half == spoken.AFTERNOON:
            hour = hour % 12 + 12
        elif self.half == spoken.MORNING:
            hour = hour % 12
        elif self.half is None and 1 <= hour <= 7:
            hour += 12
        return hour * 60 + self.minute


Read = tuple[Said, int] | None
"""What was read, and where it goes on; None if it is something else."""


class Sentence:
    """A sentence as words, and what all who read in it need.

    Attributes:
        tokens: its words.
        now: in the company's zone.
        today: the day of `now`.
        words: whether there may be more than a time.

    Args:
        text: what was typed.
        now: in the company's zone.
        field: how errors name what was typed.
        words: whether there may be more than a time: a number, and words around it.
    """

    def __init__(self, text: str, now: datetime, *, field: str, words: bool) -> None:
        if len(text) > LONGEST:
            raise InvalidQuery(f"{field}: that is too long; give up to {LONGEST} characters.")
        self.tokens = list(tokens(text))
        self.now = now
        self.today = now.date()
        self._field = field
        self.words = words

    def not_understood(self, at: int, what: str) -> InvalidQuery:
        """Return the error about a word.

        Args:
            at: which word.
            what: what is wrong with it.
        """
        example = "2026-11-03 16:30, yesterday, or 'last Tuesday around 17:00'"
        if self.words:
            example = "'600 11 12 22 yesterday around 17:00' or '1222 el martes sobre las 5'"
        return InvalidQuery(f"{self._field}: {self.tokens[at].said!r} {what}; write {example}.")

    def phrase(self, at: int, known: Container[str]) -> tuple[str, int] | None:
        """Return the longest phrase that is known here, and where it goes on."""
        for length in range(min(4, len(self.tokens) - at), 0, -1):
            words = " ".join(token.text for token in self.tokens[at : at + length])
            if words in known:
                return words, at + length
        return None

    def skip(self, at: int, known: Container[str]) -> int:
        """Return where it goes on behind a phrase, if it is here."""
        phrase = self.phrase(at, known)
        return phrase[1] if phrase else at

    def token(self, at: int) -> Token:
        """Return a word; behind the last one, one that is nothing."""
        return self.tokens[at] if at < len(self.tokens) else Token(Kind.DASH, "", "")

    def count(self, at: int, most: int) -> int | None:
        """Return a number that is said in figures or words, up to the most that it may be."""
        token = self.token(at)
        number = spoken.HOURS.get(token.text)
        if token.kind is Kind.DIGITS and token.text.isdigit() and len(token.text) < 4:
            number = int(token.text)
        return number if number is not None and number <= most else None


DAY = 24 * 60


class Hours:
    """Reads moments, times of day, spans of hours, and parts of a day.

    Args:
        sentence: what is read.
    """

    def __init__(self, sentence: Sentence) -> None:
        self._sentence = sentence

    def moment(self, at: int) -> Read:
        """Read a whole moment, ISO 8601."""
        if self._sentence.token(at).kind is not Kind.MOMENT:
            return None
        try:
            moment = datetime.fromisoformat(self._sentence.token(at).text.upper())
        except ValueError:
            moment = datetime.min
        if moment.year not in YEARS:
            raise self._sentence.not_understood(at, "is not a time")
        return Said(moment=moment), at + 1

    def ago(self, at: int) -> Read:
        """Read `hace 2 horas`, `2 hours ago`, `hace media hora`."""
        first = self._sentence.skip(at, {"hace"})
        passed = self._while(first)
        if passed is None:
            return None
        end = self._sentence.skip(passed[1], {"ago"})
        if end == passed[1] and first == at:
            return None
        return self._back(passed[0]), end

    def lately(self, at: int) -> Read:
        """Read from when on: `last 2 hours`, `los últimos 3 días`, `la última hora`."""
        opened = self._sentence.phrase(at, spoken.LATELY)
        passed = opened and (self._while(opened[1]) or self._hour(opened[1]))
        return (replace(self._back(passed[0]), bound="since"), passed[1]) if passed else None

    def _while(self, at: int) -> tuple[timedelta, int] | None:
        whole = self._sentence.phrase(at, spoken.WHILES)
        if whole:
            return timedelta(minutes=spoken.WHILES[whole[0]]), whole[1]
        how_many = self._sentence.phrase(at, spoken.A)
        count = spoken.A[how_many[0]] if how_many else self._sentence.count(at, most=999)
        unit = self._sentence.phrase(how_many[1] if how_many else at + 1, spoken.MINUTES_IN)
        if not count or not unit:
            return None
        return timedelta(minutes=count * spoken.MINUTES_IN[unit[0]]), unit[1]

    def _hour(self, at: int) -> tuple[timedelta, int] | None:
        return (
            (timedelta(hours=1), at + 1)
            if self._sentence.token(at).text in {"hora", "hour"}
            else None
        )

    def _back(self, passed: timedelta) -> Said:
        if passed < timedelta(days=1):
            return Said(moment=self._sentence.now - passed)
        day = self._sentence.today - passed
        return Said(days=(day, day))

    def span(self, at: int) -> Read:
        """Read `from 16:30 to 17:30`, `entre las 4 y las 5`."""
        opened = self._sentence.phrase(at, spoken.SINCE | {"de"})
        first = self.clock(opened[1] if opened else at, cued=opened is not None)
        between = first and self._sentence.phrase(first[1], spoken.AND)
        last = between and self.clock(between[1], cued=opened is not None)
        if not first or not last:
            return None
        start, end = first[0], last[0]
        if start.half is None and end.half not in (None, spoken.AS_WRITTEN):
            same = replace(start, half=end.half)
            start = same if same.minutes() <= end.minutes() else replace(start, half=spoken.MORNING)
        return Said(minutes=(start.minutes(), end.minutes())), last[1]

    def clock(self, at: int, *, cued: bool) -> tuple[Hour, int] | None:
        """Read `17:30`, `5 pm`, and with a word before it that says so, `sobre las 5`."""
        start = at
        while around := self._sentence.phrase(at, spoken.AROUND):
            at = around[1]
        at = self._sentence.skip(at, {"las", "la"})
        cued = cued or at > start
        named = self._sentence.phrase(at, spoken.NAMED_TIMES)
        if named:
            return Hour(0, spoken.NAMED_TIMES[named[0]], spoken.AS_WRITTEN), named[1]
        before = self._sentence.phrase(at, spoken.BEFORE_THE_HOUR)
        at = before[1] if before else at
        token = self._sentence.token(at)
        if token.kind is Kind.CLOCK:
            parts = token.text.replace("h", ":").replace(".", ":").split(":")
            hour, minute = int(parts[0]), int(parts[1])
            marked = hour > 12 or token.text.startswith("0")
            return self._half(Hour(hour, minute, spoken.AS_WRITTEN if marked else None), at + 1)
        count = self._sentence.count(at, most=24)
        if count is None or self.counts_something_else(at):
            return None
        past = self._sentence.phrase(at + 1, spoken.PAST_THE_HOUR)
        minute = spoken.PAST_THE_HOUR[past[0]] if past else 0
        minute += spoken.BEFORE_THE_HOUR[before[0]] if before else 0
        after = past[1] if past else at + 1
        marked = count > 12 or token.text.startswith("0")
        hour_and_end = self._half(Hour(count, minute, spoken.AS_WRITTEN if marked else None), after)
        cued = cued or before is not None or hour_and_end[1] > at + 1
        return hour_and_end if cued else None

    def counts_something_else(self, at: int) -> bool:
        """Whether a figure is part of a number, a day of a month, or counts days."""
        following = self._sentence.token(at + 1)
        part = (
            self._sentence.token(at).kind is following.kind is Kind.DIGITS
            and len(following.text) < 4
        )
        month = self._sentence.token(self._sentence.skip(at + 1, {"de", "of"})).text
        days = following.text in spoken.MINUTES_IN and following.text not in spoken.HOURS_WORD
        return part or days or month in spoken.MONTHS

    def _half(self, hour: Hour, at: int) -> tuple[Hour, int]:
        at = self._sentence.skip(at, spoken.HOURS_WORD)
        half = self._sentence.phrase(at, spoken.HALF_OF_DAY)
        if not half or hour.hour > 12:
            return hour, half[1] if half else at
        return replace(hour, half=spoken.HALF_OF_DAY[half[0]]), half[1]

    def part(self, at: int) -> Read:
        """Read `last night`, `esta mañana`, `in the afternoon`."""
        last_night = self._sentence.phrase(at, spoken.LAST_NIGHT)
        if last_night:
            day = self._sentence.today - timedelta(days=1)
            return Said(days=(day, day), part=(19 * 60, DAY + 6 * 60)), last_night[1]
        this = self._sentence.phrase(at, spoken.THIS_PART)
        if this:
            part = spoken.PARTS[spoken.THIS_PART[this[0]]]
            return Said(days=(self._sentence.today, self._sentence.today), part=part), this[1]
        phrase = self._sentence.phrase(at, spoken.PART_OF_DAY) or self._sentence.phrase(
            at, spoken.PARTS.keys() - {"manana"}
        )
        name = phrase and spoken.PART_OF_DAY.get(phrase[0], phrase[0])
        return (Said(part=spoken.PARTS[name]), phrase[1]) if phrase and name else None


DATES = (Kind.ISO_DAY, Kind.DAY, Kind.SHORT_DAY)


class Days:
    """Reads days, weeks and months.

    Args:
        sentence: what is read.
        hours: what reads times of day in it, for what might be one.
    """

    def __init__(self, sentence: Sentence, hours: Hours) -> None:
        self._sentence = sentence
        self._hours = hours

    def dated(self, at: int) -> Read:
        """Read `2026-11-03`, `3/11/2026`, `3-11`."""
        token = self._sentence.token(at)
        if token.kind not in DATES:
            return None
        fields = [int(part) for part in token.text.replace("/", "-").replace(".", "-").split("-")]
        if token.kind is Kind.ISO_DAY:
            fields.reverse()
        day, month, *years = fields
        if month > 12 >= day and token.kind is not Kind.ISO_DAY:
            day, month = month, day
        year = years[0] if years else None
        return self._one(self._day(at, day, month, year)), at + 1

    def day_of_month(self, at: int) -> Read:
        """Read `3 de noviembre`, `3 Nov 2026`, `November 3`, and the month alone."""
        token = self._sentence.token(at)
        if token.kind is Kind.DIGITS and token.text.isdigit() and len(token.text) < 3:
            month = self._sentence.skip(at + 1, {"de", "of"})
            named = self._sentence.token(month).text in spoken.MONTHS
            if not named or self._is_month_first(month):
                return None
            return self._of_month(at, month, int(token.text), month + 1)
        if token.text not in spoken.MONTHS:
            return None
        if self._is_month_first(at):
            return self._of_month(at, at, int(self._sentence.token(at + 1).text), at + 2)
        return self._of_month(at, at, None, at + 1) if len(token.text) > 3 else None

    def some_days(self, at: int) -> Read:
        """Read `del 3 al 5 de noviembre`, `from 3 to 5 November`."""
        articles = {"el", "the"}
        start = self._sentence.skip(self._sentence.skip(at, spoken.SINCE | {"de", "del"}), articles)
        first = self._sentence.count(start, most=31)
        between = self._sentence.phrase(start + 1, spoken.AND | {"al"})
        last = between and self.day_of_month(self._sentence.skip(between[1], articles))
        if first is None or not last or last[0].days is None:
            return None
        end = last[0].days[1]
        if end != last[0].days[0] or not 0 < first <= end.day:
            raise self._sentence.not_understood(start, "is not a day before that")
        return Said(days=(end.replace(day=first), end)), last[1]

    def _is_month_first(self, at: int) -> bool:
        following = self._sentence.token(at + 1)
        figure = following.kind is Kind.DIGITS and following.text.isdigit()
        return figure and len(following.text) < 3 and not self._hours.clock(at + 1, cued=False)

    def _of_month(self, at: int, month_at: int, day: int | None, after: int) -> Read:
        month = spoken.MONTHS[self._sentence.token(month_at).text]
        year_at = self._sentence.skip(after, {"de", "del"})
        text = self._sentence.token(year_at).text
        year = None
        if len(text) == 4 and text.isdigit() and 2000 <= int(text) <= self._sentence.today.year + 1:
            year, after = int(text), year_at + 1
        if day is not None:
            return self._one(self._day(at, day, month, year)), after
        return self._month(self._day(at, 1, month, year)), after

    def _day(self, at: int, day: int, month: int, year: int | None) -> date:
        """Return that day; without a year the last one that was."""
        years = (
            range(self._sentence.today.year, self._sentence.today.year - 8, -1)
            if year is None
            else [year]
        )
        for each in years:
            try:
                date_ = date(each + 2000 if each < 100 else each, month, day)
            except ValueError:
                continue
            if date_.year in YEARS and (year is not None or date_ <= self._sentence.today):
                return date_
        raise self._sentence.not_understood(at, "is not a day")

    def weekday(self, at: int) -> Read:
        """Read `last Tuesday`, `el martes`, `el martes de la semana pasada`."""
        at = self._sentence.skip(at, {"el", "on", "the", "this", "este"})
        last = self._sentence.skip(at, spoken.LAST)
        weekday = spoken.WEEKDAYS.get(self._sentence.token(last).text)
        if weekday is None:
            return None
        dated = self._sentence.skip(last + 1, {"el", "the"})
        date_of = self.dated(dated) or self.day_of_month(dated)
        if date_of:
            return self._checked(last, date_of, weekday)
        numbered = self.numbered(last + 1, weekday)
        if numbered:
            return numbered
        past = self._sentence.skip(last + 1, spoken.PAST)
        week = self._sentence.skip(past, spoken.LAST_WEEK)
        if week > past:
            return self._one(self._monday(weeks=1) + timedelta(days=weekday)), week
        back = (self._sentence.today.weekday() - weekday) % 7
        if back == 0 and (last > at or past > last + 1):
            back = 7
        return replace(
            self._one(self._sentence.today - timedelta(days=back)), weekly=not back
        ), past

    def numbered(self, at: int, weekday: int | None = None) -> Read:
        """Read a day of this month, or else of the month before: `martes 17`, `el día 3`."""
        start = at if weekday is not None else self._sentence.skip(at, spoken.ON_THE)
        count = (
            self._sentence.count(start, most=31)
            if self._sentence.token(start).kind is Kind.DIGITS
            else None
        )
        alone = self._sentence.token(start + 1).kind is not Kind.DIGITS
        if not count or not alone or self._hours.clock(start, cued=False):
            return None
        if weekday is None and (start == at or self._hours.counts_something_else(start)):
            return None
        for first in (
            self._sentence.today,
            self._sentence.today.replace(day=1) - timedelta(days=1),
        ):
            with suppress(ValueError):  # not every month has that day
                day = first.replace(day=count)
                if day <= self._sentence.today and weekday in (None, day.weekday()):
                    return self._one(day), start + 1
        raise self._sentence.not_understood(start, "is no such day of this month or the last")

    def _checked(self, at: int, read: tuple[Said, int], weekday: int) -> Read:
        """Return a date that is said with its weekday, if they fit each other."""
        days = read[0].days
        if days is None or days[0].weekday() != weekday:
            raise self._sentence.not_understood(at, "is not the weekday of that date")
        return read

    def named(self, at: int) -> Read:
        """Read `yesterday`, `la semana pasada`, `this month`."""
        at = self._sentence.skip(at, {"the"})
        day = self._sentence.phrase(at, spoken.DAYS_BACK)
        if day:
            back = timedelta(days=spoken.DAYS_BACK[day[0]])
            return self._one(self._sentence.today - back), day[1]
        week = self._sentence.phrase(at, spoken.WEEKS)
        if week:
            monday = self._monday(spoken.WEEKS[week[0]])
            return Said(days=(monday, monday + timedelta(days=6))), week[1]
        this, last = (
            self._sentence.phrase(at, spoken.THIS_MONTH),
            self._sentence.phrase(at, spoken.LAST_MONTH),
        )
        if this:
            return self._month(self._sentence.today), this[1]
        if last:
            return self._month(self._sentence.today.replace(day=1) - timedelta(days=1)), last[1]
        return None

    def _monday(self, weeks: int) -> date:
        return self._sentence.today - timedelta(days=self._sentence.today.weekday() + 7 * weeks)

    def _month(self, day: date) -> Said:
        first = day.replace(day=1)
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        return Said(days=(first, last))

    def _one(self, day: date) -> Said:
        return Said(days=(day, day))


class Listener:
    """Reads a sentence.

    Attributes:
        number: what was said of a number; empty for nothing.
        said: what was said of times.

    Args:
        text: what was typed.
        now: in the company's zone.
        field: how errors name what was typed.
        words: whether there may be more than a time: a number, and words around it.
    """

    def __init__(self, text: str, now: datetime, *, field: str, words: bool) -> None:
        self._sentence = Sentence(text, now, field=field, words=words)
        self._hours = Hours(self._sentence)
        self._days = Days(self._sentence, self._hours)
        self.number = ""
        self.said = [Said()]

    def listen(self) -> None:
        """Read all of it into `number` and `said`.

        Raises:
            InvalidQuery: a word is not understood; the message names it.
        """
        at = 0
        while at < len(self._sentence.tokens):
            at = self._step(at)

    def _step(self, at: int) -> int:
        lately = self._hours.lately(at)
        if lately:
            self.said.append(lately[0])
            return lately[1]
        bound = self._bound(at) if self._sentence.words else None
        if bound:
            self.said.append(Said(bound[0]))
            return bound[1]
        read = self._when(at)
        if read:
            joined = self.said[-1].and_also(read[0])
            if joined is None:
                raise self._sentence.not_understood(at, "is said beside another time")
            self.said[-1] = joined
            return read[1]
        filler = self._sentence.phrase(at, spoken.FILLERS)
        after = self._number(at) if self._sentence.words else None
        if after or filler:
            return after or (filler[1] if filler else at)
        if self._sentence.tokens[at].kind is Kind.DASH:
            return at + 1
        raise self._sentence.not_understood(at, "is not understood")

    def _number(self, at: int) -> int | None:
        hidden = self._sentence.phrase(at, spoken.WITHHELD)
        not_known = self._sentence.phrase(at, spoken.NOT_KNOWN)
        ending = self._sentence.skip(at, spoken.ENDING)
        if hidden:
            number, after = "oculto", hidden[1]
        elif not_known:
            number, after = "not known", not_known[1]
        elif self._sentence.token(ending).kind is Kind.DIGITS:
            number, after = self._digits(ending)
        else:
            return None
        if self.number:
            raise self._sentence.not_understood(at, "is a second number")
        self.number = number
        return after

    def _digits(self, at: int) -> tuple[str, int]:
        after = at + 1
        while self._goes_on(at, after):
            after += 1
        return " ".join(token.text for token in self._sentence.tokens[at:after]), after

    def _goes_on(self, start: int, at: int) -> bool:
        """Whether a number goes on: `600 11 12 22`, and `600 11-12-22`, which is no day."""
        token = self._sentence.token(at)
        if token.kind is Kind.DAY and at == start + 1:
            first = re.sub("[^0-9]", "", self._sentence.token(start).text)
            return len(first) == 3 and "/" not in token.text and len(token.text) <= 8
        return token.kind is Kind.DIGITS and not self._when(at)

    def _bound(self, at: int) -> tuple[str, int] | None:
        if self._hours.span(at) or self._days.some_days(at) or self._days.named(at):
            return None  # a span has both bounds in it; `antes de ayer` is a day
        opened = self.said[-1]
        second = opened.bound == "since" and opened != Said("since")
        for bound, known in (
            ("since", spoken.SINCE),
            ("before", spoken.BEFORE),
            ("until", spoken.UNTIL | spoken.AND if second else spoken.UNTIL),
        ):
            phrase = self._sentence.phrase(at, known)
            start = self._sentence.skip(phrase[1], {"el", "the"}) if phrase else at
            if phrase and self._when(start, cued=True):
                return bound, start
        return None

    def _when(self, at: int, *, cued: bool = False) -> Read:
        for read in self._readings(at, cued=cued):
            if read:
                return read
        return None

    def _readings(self, at: int, *, cued: bool) -> Iterator[Read]:
        yield self._hours.moment(at)
        yield self._hours.ago(at)
        yield self._days.some_days(at)
        yield self._hours.span(at)
        time = self._hours.clock(at, cued=cued)
        yield time and (Said(minutes=(time[0].minutes(),) * 2), time[1])
        yield self._hours.part(at)
        yield self._days.dated(at)
        yield self._days.day_of_month(at)
        yield self._days.numbered(at)
        yield self._days.weekday(at)
        yield self._days.named(at)
