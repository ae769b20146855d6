"""What can be seen of a recording's sound: how loud, who spoke when, and what looks wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from twirec.model.vocabulary import Role

LOUDEST = 127
"""How finely loudness is measured and kept: as a whole number from 0 to this."""


class SoundWarning(StrEnum):
    """What looks wrong with a recording's sound."""

    SILENT = "silent"
    """Nobody says anything."""
    CUSTOMER_SILENT = "customer_silent"
    """Only the agent can be heard."""
    AGENT_SILENT = "agent_silent"
    """Only the customer can be heard."""
    ONE_SIDE_SILENT = "one_side_silent"
    """Only one channel can be heard, and who is on which is not known."""
    CLIPPED = "clipped"
    """One side is so loud that its sound is cut off."""
    PERHAPS_SWAPPED = "perhaps_swapped"
    """The customer's channel may be the agent's. It is a hint, not a proof."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of speech, in seconds from the recording's beginning."""

    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Side:
    """One channel.

    Attributes:
        peaks: how loud, from 0.0 to 1.0 (the loudest that the file can hold), at equal distances
            from the beginning to the end; at the most 2,000 of them.
        spans: when somebody speaks, in order.
        clipped: seconds in which the sound is cut off.
        role: who is on this channel; None where that is not known, or both are.
    """

    peaks: tuple[float, ...]
    spans: tuple[Span, ...]
    clipped: float = 0.0
    role: Role | None = None

    @property
    def talk(self) -> float:
        """Seconds of speech."""
        return sum(span.end - span.start for span in self.spans)

    @property
    def silent(self) -> bool:
        """Whether nobody says anything on it."""
        return not self.spans


@dataclass(frozen=True, slots=True)
class Waveform:
    """A recording's sound, seen from afar.

    Attributes:
        seconds: its length.
        sample_rate: samples per second and channel.
        bits: of one sample.
        sides: one for each channel, in the order of the channels.
        warnings: what looks wrong.
    """

    seconds: float
    sample_rate: int
    bits: int
    sides: tuple[Side, ...]
    warnings: tuple[SoundWarning, ...] = ()

    @property
    def channels(self) -> int:
        """How many channels it has."""
        return len(self.sides)

    @property
    def shares(self) -> tuple[float, ...]:
        """How much of all talk is each side's, from 0.0 to 1.0; zeros where nobody speaks."""
        total = sum(side.talk for side in self.sides)
        return tuple(side.talk / total if total else 0.0 for side in self.sides)

    @property
    def silence(self) -> float:
        """Seconds in which nobody speaks."""
        spoken = sum(end - start for start, end, sides in self._stretches() if sides)
        return max(0.0, self.seconds - spoken)

    @property
    def overlap(self) -> float:
        """Seconds in which more than one side speaks."""
        spans = [end - start for start, end, sides in self._stretches() if sides > 1]
        return sum(spans, 0.0)

    @property
    def first(self) -> int | None:
        """The channel, from 1, on which somebody speaks first; None if that is not one alone."""
        starts = [side.spans[0].start for side in self.sides if side.spans]
        if not starts or starts.count(min(starts)) > 1:
            return None
        return 1 + next(
            place
            for place, side in enumerate(self.sides)
            if side.spans and side.spans[0].start == min(starts)
        )

    def side(self, role: Role) -> Side | None:
        """Return the side of somebody; None where it is not known, or they share one."""
        return next((side for side in self.sides if side.role is role), None)

    def _stretches(self) -> Iterator[tuple[float, float, int]]:
        """Yield stretches of time, each with how many sides speak in it."""
        turns = sorted(
            turn
            for side in self.sides
            for span in side.spans
            for turn in ((span.start, 1), (span.end, -1))
        )
        before, speaking = 0.0, 0
        for at, change in turns:
            yield before, at, speaking
            before, speaking = at, speaking + change
