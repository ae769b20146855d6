"""Two people connected with each other."""

from __future__ import annotations

from twirec.sandbox.parties import last_word
from twirec.sandbox.sound import moved
from twirec.sandbox.stage import Stage

LONGEST = 4 * 3600
"""Call seconds that a Dial connects people at most, unless it says otherwise."""


class Bridge:
    """Connects two people.

    Args:
        first: the leg that runs the Dial: channel 1.
        second: the other one: channel 2.
        offset: how many seconds the clock of the first is ahead of the second's.
        begin: from which second of the first leg on; by default from now on.

    Attributes:
        begin, second_began: when, in the seconds of the first leg and of the second.
    """

    def __init__(
        self, first: Stage, second: Stage, offset: float = 0.0, begin: float | None = None
    ) -> None:
        self._first = first
        self._second = second
        self._offset = offset
        self.begin = first.clock.second if begin is None else begin
        self.second_began = self.begin - offset
        first.bridge(self.begin)
        second.bridge(self.second_began)
        self._sounds = (
            first.hear(moved(second.voice, offset)),
            second.hear(moved(first.voice, -offset)),
        )
        # One of the clocks may be a moment off, as another thread drives it.
        self._sounds[0].begin, self._sounds[1].begin = self.begin, self.second_began

    def length(self, limit: float) -> float:
        """Return how many call seconds the first leg stays, unless its own person hangs up."""
        return self._length(self._first, self._second, self._offset, limit)

    def length_for_second(self, limit: float) -> float:
        """Return how many call seconds the second leg stays, unless its own person hangs up."""
        return self._length(self._second, self._first, -self._offset, limit)

    def close(self) -> None:
        """Disconnect them."""
        end = self._first.clock.second
        self._sounds[0].end, self._sounds[1].end = end, end - self._offset

    def _length(self, own: Stage, other: Stage, offset: float, limit: float) -> float:
        begin = self.begin if own is self._first else self.second_began
        if other.clock.leaves_at is not None:
            return min(limit, max(0.0, other.clock.leaves_at + offset - begin))
        if own.clock.leaves_at is not None:
            return limit
        words = _last_word(own), _last_word(other) + offset
        return min(limit, max(0.0, max(words) - begin) + 1)


def _last_word(stage: Stage) -> float:
    return (stage.caller_origin or 0.0) + last_word(stage.caller.spoken())
