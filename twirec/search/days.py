"""Reads days, weeks and months."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta

from twirec.search import spoken
from twirec.search.hours import Hours
from twirec.search.sentence import YEARS, Read, Said, Sentence
from twirec.search.spoken import Kind

SATURDAY = 5
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
        raise self._sentence.not_understood(
            start,
            "is no such day of this month or the last, nor a time without 'at' before it",
        )

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
        return self._weekend(at) or self._month_or_year(at)

    def _weekend(self, at: int) -> Read:
        """Read `last weekend`, `el fin de semana pasado`: by itself the last one that began."""
        start = self._sentence.skip(self._sentence.skip(at, {"el", "this", "este"}), spoken.LAST)
        weekend = self._sentence.phrase(start, spoken.WEEKEND)
        if weekend is None:
            return None
        end = self._sentence.skip(weekend[1], spoken.PAST)
        last = end > weekend[1] or self._sentence.skip(start - 1, spoken.LAST) == start
        today = self._sentence.today
        back = (today.weekday() - SATURDAY) % 7
        saturday = today - timedelta(days=back + 7 if last and back < 2 else back)
        return Said(days=(saturday, saturday + timedelta(days=1))), end

    def _month_or_year(self, at: int) -> Read:
        year = self._sentence.phrase(at, spoken.YEARS)
        if year:
            number = self._sentence.today.year - spoken.YEARS[year[0]]
            return Said(days=(date(number, 1, 1), date(number, 12, 31))), year[1]
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
