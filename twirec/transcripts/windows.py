"""Which seconds of a channel are heard, and together: what nobody speaks in is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from twirec.model.waveform import Span

LONGEST = 60.0
"""Seconds of one part at the most. Each minute of a part takes some 45 MB while it is heard."""
APART = 20.0
"""Seconds of silence that are left out, by ending a part before them."""
AROUND = 0.5
"""Seconds that are heard before somebody speaks, and after: words begin and end quietly."""


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a channel that is heard in one go.

    Attributes:
        starts, ends: seconds from the recording's beginning.
    """

    starts: float
    ends: float


def windows(spans: Sequence[Span], seconds: float) -> Iterator[Window]:
    """Yield the parts of a channel in which somebody speaks, in order, none over another.

    They are cut where nobody speaks, and only where somebody speaks for longer without a pause
    than a part may last, in the middle of that.

    Args:
        spans: when somebody speaks, in order.
        seconds: the length of the recording.
    """
    begin = end = None
    for span in spans:
        if begin is None or end is None:
            begin, end = span.start, span.end
        elif span.start - end > APART or span.end - begin > LONGEST - 2 * AROUND:
            yield from _cut(begin, end, seconds)
            begin, end = span.start, span.end
        else:
            end = span.end
    if begin is not None and end is not None:
        yield from _cut(begin, end, seconds)


def _cut(begin: float, end: float, seconds: float) -> Iterator[Window]:
    at, last = max(begin - AROUND, 0.0), min(end + AROUND, seconds)
    while last - at > LONGEST:
        yield Window(at, at + LONGEST)
        at += LONGEST
    if last > at:
        yield Window(at, last)
