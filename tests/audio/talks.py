"""Conversations as WAV files: who says what, and when."""

from __future__ import annotations

import io
import struct
import wave
from array import array

from twirec.sandbox.audio import RATE, Talk, Track
from twirec.sandbox.audio import wav as made
from twirec.sandbox.parties import Line

COMPLAINT, THANKS, ANSWER = "customer_complaint", "customer_thanks", "agent_answer"


def seconds_of(line: str) -> float:
    """How long a line is."""
    return Line(line).seconds


def track(*lines: tuple[float, str]) -> Track:
    """What one party says, each line at its second."""
    return Track(tuple((round(at * RATE), Line(name).samples()) for at, name in lines))


def talk(left: Track, right: Track, seconds: float, channels: int = 2) -> bytes:
    """The WAV file of two parties."""
    return b"".join(made(Talk(left, right, round(seconds * RATE)), channels))


def file(samples: array[int], *, channels: int = 1, rate: int = RATE, bits: int = 16) -> bytes:
    """The WAV file of samples of 16 bits, in another width."""
    upper = 1 << (bits - 16) if bits > 16 else 1
    match bits:
        case 8:
            content = bytes((sample >> 8) + 128 for sample in samples)
        case 16:
            content = samples.tobytes()
        case 24:
            content = b"".join(struct.pack("<i", sample * upper)[:3] for sample in samples)
        case _:
            content = b"".join(struct.pack("<i", sample * upper) for sample in samples)
    written = io.BytesIO()
    with wave.open(written, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(bits // 8)
        out.setframerate(rate)
        out.writeframes(content)
    return written.getvalue()
