"""Listening to recordings, and waiting for what happens in other threads."""

from __future__ import annotations

import io
import time
import wave
from array import array
from collections.abc import Callable
from typing import TypeVar

from tests.sandbox.conftest import Get
from twirec.sandbox import Line, Recording

RATE = 8000
Found = TypeVar("Found")


def channels(get: Get, recording: Recording) -> tuple[array[int], array[int]]:
    response = get(f"/Recordings/{recording.sid}.wav", params={"RequestedChannels": 2})
    with wave.open(io.BytesIO(response.content)) as file:
        form = (file.getframerate(), file.getsampwidth(), file.getnchannels())
        assert form == (RATE, 2, 2)
        frames = array("h", file.readframes(file.getnframes()))
    return frames[0::2], frames[1::2]


def begin_of_sound(channel: array[int]) -> float:
    return next(place for place, sample in enumerate(channel) if abs(sample) > 200) / RATE


def place_of(line: str, channel: array[int]) -> float | None:
    """Return the second at which a spoken line begins on a channel, the whole of it; or None."""
    said = Line(line).samples()
    place = channel.tobytes().find(said.tobytes())
    return None if place < 0 else place / 2 / RATE


def eventually(look: Callable[[], Found | None], seconds: float = 120.0) -> Found:
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)
    return found
