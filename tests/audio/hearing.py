"""Listening to what came out: how loud each channel is, and when."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable
from dataclasses import replace
from operator import mul

from tests.audio.talks import ANSWER, COMPLAINT, seconds_of, talk, track
from tests.factories import recording_sid
from tests.house import AT_VENDOR, House
from twirec.audio.conversion import decode
from twirec.audio.ffmpeg import find_ffmpeg
from twirec.audio.formats import FORMATS

RATE = 8000
FIRST, SECOND = seconds_of(COMPLAINT), seconds_of(ANSWER)
SECONDS = math.ceil(FIRST + SECOND + 0.5)
TALK = talk(track((0.0, COMPLAINT)), track((FIRST + 0.5, ANSWER)), SECONDS)
"""The customer speaks first, on channel 1, then the agent, on channel 2."""

SPANS = ((0.0, FIRST), (FIRST + 0.5, FIRST + SECOND))
"""When the customer speaks, and when the agent does."""


def archived(house: House, media: bytes = TALK, duration: int = SECONDS) -> str:
    """Let a recording be archived, and return its SID."""
    house.vendor.add_recording(replace(AT_VENDOR, duration=duration, channels=media[22]), media)
    house.tell(duration=duration, channels=media[22])
    assert house.work().sha256
    return recording_sid()


def decoded(content: Iterable[bytes], name: str, channels: int = 2) -> array[int]:
    """The samples of a file, at 8 kHz, channels in turns."""
    found = array("h")
    chunks = decode(find_ffmpeg(None), iter(content), FORMATS[name], rate=RATE, channels=channels)
    found.frombytes(b"".join(chunks))
    return found


def loudness(samples: array[int], channels: int) -> list[list[float]]:
    """How loud each channel is while the customer speaks, and while the agent does."""
    return [
        [_rms(samples[channel::channels], *span) for channel in range(channels)] for span in SPANS
    ]


def _rms(samples: array[int], begin: float, end: float) -> float:
    part = samples[round(begin * RATE) : round(end * RATE)]
    return math.sqrt(sum(map(mul, part, part)) / max(1, len(part)))
