"""Reads moments, times of day, spans of hours, and parts of a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from twirec.search import spoken
from twirec.search.sentence import YEARS, Hour, Read, Said, Sentence
from twirec.search.spoken import Kind

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
