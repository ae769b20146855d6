"""When somebody speaks, from how loud it is.

Speech is what is louder than the line's own noise, for longer than a click, with pauses for breath
left in. Music and noise that is loud enough count as speech: nothing here understands words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from twirec.model.waveform import Span

PAUSE = 0.7
"""Seconds of quiet that do not end a stretch of speech."""
CLICK = 0.06
"""Seconds of sound that are too short for speech."""
MOST_SPANS = 5_000
"""Stretches of each channel at the most: where there are more, longer pauses do not end one."""

QUIETEST = 2
"""The level, of 127, from which sound can be speech: 36 dB under the loudest."""
CERTAIN = 8
"""The level, of 127, from which sound counts as speech over any noise: 24 dB under the loudest."""
OVER_NOISE = 4
"""How many times louder than the line's noise (12 dB) speech is."""
NOISE_SHARE = 0.1
"""The line's noise is as loud as the quietest tenth of the recording."""

_SOUND = re.compile(rb"[-#]+")


def spans(levels: bytes, window: float, seconds: float) -> tuple[Span, ...]:
    """Return when somebody speaks, in order.

    Args:
        levels: how loud it is, 0 to 127, in each window.
        window: seconds of one window.
        seconds: the length of it all, which the last window may pass.
    """
    found = list(_sounds(levels, max(1, round(CLICK / window))))
    pause = PAUSE / window
    joined = _joined(found, pause)
    while len(joined) > MOST_SPANS:
        pause *= 2
        joined = _joined(joined, pause)
    return tuple(
        Span(round(first * window, 3), round(min(last * window, seconds), 3))
        for first, last in joined
    )


def _sounds(levels: bytes, shortest: int) -> Iterator[tuple[int, int]]:
    """Yield from which window up to which there is sound that begins or becomes loud."""
    loud = min(CERTAIN, max(QUIETEST, OVER_NOISE * _noise(levels)))
    marks = levels.translate(
        bytes(b"#"[0] if n >= loud else b"-"[0] if n >= loud // 2 else b"."[0] for n in range(256))
    )
    for sound in _SOUND.finditer(marks):
        if sound.group().count(b"#") >= shortest:
            yield sound.span()


def _noise(levels: bytes) -> int:
    """Return the level that a tenth of the windows does not pass."""
    below = 0
    for level in range(256):
        below += levels.count(level)
        if below >= len(levels) * NOISE_SHARE:
            return level
    return 0


def _joined(found: Sequence[tuple[int, int]], pause: float) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for first, last in found:
        if joined and first - joined[-1][1] < pause:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined
