"""What people say of a call: its number, and when, word by word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from twirec.search import spoken
from twirec.search.days import Days
from twirec.search.hours import Hours
from twirec.search.sentence import Read, Said, Sentence
from twirec.search.spoken import Kind


def is_end(said: Said) -> bool:
    """Whether a bound is the end of a span, not its beginning."""
    return said.bound in ("until", "before")


class Listener:
    """Reads a sentence.

    Attributes:
        number: what was said of a number; empty for nothing.
        number_at: from where to where in the text, `end` exclusive; None for nothing.
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
        self.number_at: tuple[int, int] | None = None
        self.said = [Said()]
        self._between: int | None = None  # where one begins that has no second end yet

    def listen(self) -> None:
        """Read all of it into `number` and `said`.

        Raises:
            InvalidQuery: a word is not understood; the message names it.
        """
        at = 0
        while at < len(self._sentence.tokens):
            at = self._step(at)
        if self._between is not None:
            raise self._sentence.not_understood(self._between, "needs two ends")

    def _step(self, at: int) -> int:
        lately = self._hours.lately(at)
        bound = lately or (self._bound(at) if self._sentence.words else None)
        if bound:
            self._open(at, bound[0])
            return bound[1]
        read = self._when(at)
        if read:
            joined = self._joined(at, read[0])
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

    def _open(self, at: int, new: Said) -> None:
        """Begin with another end of the span; what was said before `until` is where it begins."""
        if any(bool(each.bound) and is_end(each) == is_end(new) for each in self.said):
            raise self._sentence.not_understood(at, "is said beside another time")
        if new.bound == "until" and self.said[-1] != Said() and not self.said[-1].bound:
            self.said[-1] = replace(self.said[-1], bound="since")
        self._between = at if self._sentence.phrase(at, spoken.BETWEEN) else None
        self.said.append(new)

    def _joined(self, at: int, new: Said) -> Said | None:
        """Return what was said so far with what is new; None if they do not go together.

        A span has both bounds: `desde ayer a las 9 hasta las 10` goes no further than ten, and
        `desde ayer entre las 9 y las 10` could be of any of those days.
        """
        joined = self.said[-1].and_also(new)
        if joined is None or not joined.bound or not new.hours or new.hours[0] == new.hours[1]:
            return joined
        opened = self._sentence.phrase(at, spoken.SINCE | {"de"})
        return replace(joined, bound="") if joined.bound == "since" and not opened else None

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
            if (
                at
                and self._sentence.token(at - 1).text in {"las", "at"}
                and self._like_hour(at, number)
            ):
                raise self._sentence.not_understood(at, "may be an hour or a number")
        else:
            return None
        if self.number:
            raise self._sentence.not_understood(at, "is a second number")
        self.number = number
        self.number_at = self._sentence.token(at).start, self._sentence.token(after - 1).end
        return after

    def _like_hour(self, at: int, number: str) -> bool:
        """Whether behind `a las` a number may be an hour: `930`, or the `9` of `9 600 11 12 22`."""
        return len(number) <= len("1730") or len(self._sentence.token(at).text) <= len("17")

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

    def _bound(self, at: int) -> Read:
        if self._hours.span(at) or self._days.some_days(at) or self._days.named(at):
            return None  # a span has both bounds in it; `antes de ayer` is a day
        opened = self.said[-1]
        second = opened.bound == "since" and opened != Said("since")
        ends = spoken.AND if self._between is not None else spoken.AND - spoken.ONLY_BETWEEN
        for bound, known in (
            ("since", spoken.SINCE),
            ("before", spoken.BEFORE),
            ("until", spoken.UNTIL | ends if second else spoken.UNTIL),
        ):
            phrase = self._sentence.phrase(at, known)
            start = self._sentence.skip(phrase[1], {"el", "the"}) if phrase else at
            read = self._when(start, cued=True) if phrase else None
            if phrase and read and not (phrase[0] == "a" and self._completes(opened, read[0])):
                return replace(read[0], bound=bound), read[1]
        return None

    def _completes(self, opened: Said, hour: Said) -> bool:
        """Whether `a` means at: `desde ayer a las 9`, but not `desde ayer a las 9 a las 10`."""
        return opened.hours is None and hour.hours is not None and hour.days is None

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
        yield time and (Said(hours=(time[0], time[0])), time[1])
        yield self._hours.part(at)
        yield self._days.dated(at)
        yield self._days.day_of_month(at)
        yield self._days.numbered(at)
        yield self._days.weekday(at)
        yield self._days.named(at)
