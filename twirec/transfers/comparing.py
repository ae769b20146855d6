"""Whether a file is the recording that Twilio speaks of."""

from __future__ import annotations

from twirec.audio.wav import WavFacts
from twirec.model.errors import MediaMismatch

TOLERANCE = 1.0
"""Seconds between the file and Twilio's duration, which is in whole seconds."""


def verify(facts: WavFacts, *, channels: int | None, duration: int | None) -> None:
    """Compare a file with what Twilio says of the recording.

    Args:
        facts: of the file.
        channels: that were asked for; None when any will do.
        duration: seconds, as Twilio gives them; None proves nothing, so it fails.

    Raises:
        MediaMismatch: they differ, in duration by more than a second.
    """
    if channels is not None and facts.channels != channels:
        raise MediaMismatch(f"The file has {facts.channels} channels, not {channels}.")
    if duration is None:
        raise MediaMismatch("Twilio does not say how long the recording is.")
    if abs(facts.duration - duration) > TOLERANCE:
        raise MediaMismatch(f"The file lasts {facts.duration:.3f} s, not {duration} s.")
