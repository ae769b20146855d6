"""Sounds for tests."""

from __future__ import annotations

import io
import wave
from array import array

RATE = 8000


def wav(seconds: float, channels: int) -> bytes:
    """A WAV file as Twilio serves it: 8 kHz, 16-bit PCM, each channel a tone of its own."""
    frames = int(seconds * RATE)
    samples = array("h", bytes(frames * channels * 2))
    for channel in range(channels):
        period = 20 + 7 * channel
        samples[channel::channels] = array(
            "h", [8000 if (n // period) % 2 else -8000 for n in range(frames)]
        )
    written = io.BytesIO()
    with wave.open(written, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples.tobytes())
    return written.getvalue()
