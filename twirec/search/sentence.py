"""A sentence as words, and what is said of one time in it."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, replace
from datetime import date, datetime

from twirec.model.errors import InvalidQuery
from twirec.search import spoken
from twirec.search.spoken import Kind, Part, Token, tokens

LONGEST = 300
YEARS = range(1970, 2101)
HALF_A_DAY, DAY = 12 * 60, 24 * 60


@dataclass(frozen=True, slots=True)
class Hour:
    """A time of day as it is said.

    Attributes:
        hour: 0 to 24.
        minute: after it; before it if negative.
        part: the part of the day it is said to be of, if any.
        of_24: whether it is written by the 24 hours of a day, and so of one half only.
    """

    hour: int
    minute: int
    part: Part | None = None
    of_24: bool = False

    def within(self, part: Part | None) -> int | None:
        """Return minutes after midnight, of the next day beyond 24 hours; None where none fits.

        Without more, one to seven are of the afternoon.

        Args:
            part: of the day, said for the whole; it has to fit the hour's own too.
        """
        written = self.hour * 60 + self.minute
        if self.part is part is None:
            return written + HALF_A_DAY if not self.of_24 and 1 <= self.hour <= 7 else written
        other = written + (HALF_A_DAY if self.hour < 12 else -HALF_A_DAY)
        halves = (written,) if self.of_24 else (written, other)
        for minutes in (each + day for day in (0, DAY) for each in halves):
            if _holds(part, minutes) and (
                _holds(self.part, minutes) or _holds(self.part, minutes - DAY)
            ):
                return minutes
        return None


def _holds(part: Part | None, minutes: int) -> bool:
    return part is None or part.hours[0] <= minutes <= part.hours[1]


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of one moment or span, in the company's zone.

    Attributes:
        bound: `since`, `until` or `before` if only one end is said.
        days: the first and the last day.
        hours: from and up to; the same twice for one moment.
        part: of the day.
        moment: a whole moment, with or without a zone.
        weekly: whether the day is said as a weekday, which comes every week.
    """

    bound: str = ""
    days: tuple[date, date] | None = None
    hours: tuple[Hour, Hour] | None = None
    part: Part | None = None
    moment: datetime | None = None
    weekly: bool = False

    def and_also(self, other: Said) -> Said | None:
        """Return both together; None if they say the same thing twice."""
        new = {
            name: value
            for name in ("days", "hours", "part", "moment")
            if (value := getattr(other, name)) is not None
        }
        twice = any(getattr(self, name) is not None for name in new)
        whole = self.moment or (other.moment and (self.days or self.hours or self.part))
        if twice or whole:
            return None
        return replace(self, **new, weekly=self.weekly or other.weekly)


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
        number = spoken.NUMBERS.get(token.text)
        if token.kind is Kind.DIGITS and token.text.isdigit() and len(token.text) < 4:
            number = int(token.text)
        return number if number is not None and number <= most else None
