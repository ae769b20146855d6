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
        tone = array("h", [-8000] * period + [8000] * period)
        samples[channel::channels] = (tone * (frames // len(tone) + 1))[:frames]
    written = io.BytesIO()
    with wave.open(written, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples.tobytes())
    return written.getvalue()
