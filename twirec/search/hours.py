"""Reads moments, times of day, spans of hours, and parts of a day."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from twirec.search import spoken
from twirec.search.sentence import DAY, YEARS, Hour, Read, Said, Sentence
from twirec.search.spoken import Kind


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
        """Read `hace 2 horas`, `2 hours ago`, `hace media hora`, `a month ago`."""
        first = self._sentence.skip(at, {"hace"})
        passed = self._passed(first)
        if passed is None:
            return None
        end = self._sentence.skip(passed[1], {"ago"})
        return None if end == passed[1] and first == at else (passed[0], end)

    def lately(self, at: int) -> Read:
        """Read from when on: `last 2 hours`, `los últimos 3 días`, `la última semana`."""
        opened = self._sentence.phrase(at, spoken.LATELY)
        if opened is None:
            return None
        passed = self._passed(opened[1])
        of_one = opened[0] in spoken.LATELY_ONE or self._sentence.token(opened[1]).text == "hour"
        if passed is None and of_one:
            passed = self._units(opened[1], 1)
        return (replace(passed[0], bound="since"), passed[1]) if passed else None

    def _passed(self, at: int) -> Read:
        whole = self._sentence.phrase(at, spoken.WHILES)
        if whole:
            return self._ago(timedelta(minutes=spoken.WHILES[whole[0]])), whole[1]
        how_many = self._sentence.phrase(at, spoken.A)
        count = spoken.A[how_many[0]] if how_many else self._sentence.count(at, most=999)
        return self._units(how_many[1] if how_many else at + 1, count) if count else None

    def _units(self, at: int, count: int) -> Read:
        unit = self._sentence.phrase(at, spoken.MINUTES_IN)
        if unit:
            passed = timedelta(minutes=count * spoken.MINUTES_IN[unit[0]])
            if spoken.MINUTES_IN[unit[0]] < DAY:
                return self._ago(passed), unit[1]
            day = self._sentence.today - passed
            return Said(days=(day, day)), unit[1]
        unit = self._sentence.phrase(at, spoken.MONTHS_IN)
        if unit is None:
            return None
        today = self._sentence.today
        year, month = divmod(
            today.year * 12 + today.month - 1 - count * spoken.MONTHS_IN[unit[0]], 12
        )
        if year not in YEARS:
            raise self._sentence.not_understood(at, "is too long ago")
        day = date(year, month + 1, min(today.day, monthrange(year, month + 1)[1]))
        return Said(days=(day, day)), unit[1]

    def _ago(self, passed: timedelta) -> Said:
        return Said(moment=self._sentence.now.astimezone(UTC) - passed)  # not by the clock

    def span(self, at: int) -> Read:
        """Read `from 16:30 to 17:30`, `entre las 4 y las 5`."""
        opened = self._sentence.phrase(at, spoken.SINCE | {"de"})
        start = opened[1] if opened else at
        read = self._span(start, cued=opened is not None)
        if read is None and opened and opened[0] in spoken.FROM_TO:  # `entre cuatro y cinco`
            read = self._span(start, cued=True, minutes=False)
        return read

    def _span(self, at: int, *, cued: bool, minutes: bool = True) -> Read:
        first = self.clock(at, cued=cued, minutes=minutes)
        between = first and self._sentence.phrase(first[1], spoken.AND)
        last = between and self.clock(between[1], cued=cued)
        if not first or not last:
            return None
        start, end = first[0], last[0]
        until = end.within(None) if end.part else None
        if until is not None and start.part is None and not start.of_24:
            halves = (replace(start, part=half) for half in (spoken.AM, spoken.PM))
            start = min(halves, key=lambda half: (until - (half.within(None) or 0)) % DAY)
        return Said(hours=(start, end)), last[1]

    def clock(self, at: int, *, cued: bool, minutes: bool = True) -> tuple[Hour, int] | None:
        """Read `17:30`, `5 pm`, and with a word before it that says so, `sobre las 5`.

        Args:
            at: where it begins.
            cued: whether what stands before says that it is a time.
            minutes: whether words beside the hour may be its minutes: `ten past five`.
        """
        start = at
        while around := self._sentence.phrase(at, spoken.AROUND):
            at = around[1]
        at = self._sentence.skip(at, {"las", "la"})
        cued = cued or at > start
        named = self._sentence.phrase(at, spoken.NAMED_TIMES)
        if named:
            return Hour(0, spoken.NAMED_TIMES[named[0]], of_24=True), named[1]
        before, at = self._before(at) if minutes else (None, at)
        token = self._sentence.token(at)
        if token.kind is Kind.CLOCK:
            parts = token.text.replace("h", ":").replace(".", ":").split(":")
            written, minute = int(parts[0]), int(parts[1])
            of_24 = written > 12 or token.text.startswith("0")
            return self._of_part(Hour(written, minute, of_24=of_24), at + 1)
        count = self._sentence.count(at, most=24)
        if count is None or self.counts_something_else(at):
            return None
        past, after = self._past(at + 1, cued=cued) if minutes else (None, at + 1)
        of_24 = count > 12 or token.text.startswith("0")
        hour, end = self._of_part(Hour(count, (past or 0) + (before or 0), of_24=of_24), after)
        cued = cued or before is not None or end > at + 1
        return (hour, end) if cued else None

    def _before(self, at: int) -> tuple[int | None, int]:
        """Read the minutes before an hour: `ten past`, `quarter to`; in figures only `10 past`."""
        before = self._sentence.phrase(at, spoken.BEFORE_THE_HOUR)
        if before:
            return spoken.BEFORE_THE_HOUR[before[0]], before[1]
        figures = self._sentence.token(at).kind is Kind.DIGITS
        count = self._sentence.count(at, most=59) if figures else None
        past = count is not None and self._sentence.token(at + 1).text == "past"
        return (count, at + 2) if past else (None, at)

    def _past(self, at: int, *, cued: bool) -> tuple[int | None, int]:
        """Read the minutes behind an hour: `y media`, `menos diez`; in figures only `y 10`."""
        past = self._sentence.phrase(at, spoken.PAST_THE_HOUR)
        if past:
            return spoken.PAST_THE_HOUR[past[0]], past[1]
        figures = cued and self._sentence.token(at + 1).kind is Kind.DIGITS
        count = self._sentence.count(at + 1, most=59) if figures else None
        follows = count is not None and self._sentence.token(at).text == "y"
        return (count, at + 2) if follows else (None, at)

    def counts_something_else(self, at: int) -> bool:
        """Whether a figure is part of a number, a day of a month, or counts days."""
        following = self._sentence.token(at + 1)
        part = (
            self._sentence.token(at).kind is following.kind is Kind.DIGITS
            and len(following.text) < 4
        )
        month = self._sentence.token(self._sentence.skip(at + 1, {"de", "of"})).text
        days = following.text in spoken.UNITS - spoken.HOURS_WORD
        return part or days or month in spoken.MONTHS

    def _of_part(self, hour: Hour, at: int) -> tuple[Hour, int]:
        at = self._sentence.skip(at, spoken.HOURS_WORD)
        part = self._sentence.phrase(at, spoken.OF_THE_HOUR)
        return (replace(hour, part=spoken.OF_THE_HOUR[part[0]]), part[1]) if part else (hour, at)

    def part(self, at: int) -> Read:
        """Read `last night`, `esta mañana`, `in the afternoon`."""
        today, yesterday = self._sentence.today, self._sentence.today - timedelta(days=1)
        last_night = self._sentence.phrase(at, spoken.LAST_NIGHT)
        if last_night:
            return Said(days=(yesterday, yesterday), part=spoken.WHOLE_NIGHT), last_night[1]
        this = self._sentence.phrase(at, spoken.THIS_PART)
        if this and spoken.THIS_PART[this[0]] is spoken.NIGHT:
            goes_on = self._sentence.now.hour * 60 < spoken.WHOLE_NIGHT.alone[1] - DAY
            day = yesterday if goes_on else today
            return Said(days=(day, day), part=spoken.WHOLE_NIGHT), this[1]
        if this:
            return Said(days=(today, today), part=spoken.THIS_PART[this[0]]), this[1]
        of = self._sentence.phrase(at, spoken.PART_OF_DAY)
        if of:
            return Said(part=spoken.PART_OF_DAY[of[0]]), of[1]
        alone = self._sentence.phrase(at, spoken.PARTS.keys() - {"manana"})
        return (Said(part=spoken.PARTS[alone[0]]), alone[1]) if alone else None
