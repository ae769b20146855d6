"""Keys as tones: what digits a Play plays, and what a Number presses."""

from __future__ import annotations

DIGITS = r"[0-9A-DwW#*]+"
"""Keys, `w` for half a second and `W` for a second of silence (https://www.twilio.com/docs/voice/twiml/number#senddigits)."""

_SECONDS = {"w": 0.5, "W": 1.0}
TONE = 0.25
"""Seconds that a tone takes, with the silence after it; Twilio does not say how long."""


def seconds_of(digits: str) -> float:
    """Return how long keys take."""
    return sum(_SECONDS.get(key, TONE) for key in digits)
