"""Whether a file is the recording that Twilio speaks of."""

from __future__ import annotations

from twirec.audio.wav import WavFacts

TOLERANCE = 1.0
"""Seconds between the file and Twilio's duration, which is in whole seconds."""


def differences(facts: WavFacts, *, channels: int | None, duration: int | None) -> str:
    """Compare a file with what Twilio says of the recording.

    Args:
        facts: of the file.
        channels: that were asked for; None when any will do.
        duration: seconds, as Twilio gives them; None proves nothing, so it is a difference.

    Returns:
        All that differs, in sentences; of the duration more than a second. Empty if nothing does.
    """
    found = []
    if channels is not None and facts.channels != channels:
        found.append(f"The file has {facts.channels} channels, not {channels}.")
    if duration is None:
        found.append("Twilio does not say how long the recording is.")
    elif abs(facts.duration - duration) > TOLERANCE:
        found.append(f"The file lasts {facts.duration:.3f} s, not {duration} s.")
    return " ".join(found)
