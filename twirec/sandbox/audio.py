"""The media: 8 kHz, 16-bit PCM in two channels, made chunk by chunk and never held whole.

The form follows https://www.twilio.com/docs/voice/api/recording (`audio/x-wav`, 128 kbit/s for
each channel).
"""

from __future__ import annotations

import io
import random
import struct
import wave
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

RATE = 8000
"""Frames per second."""

_HEADER_SIZE = 44
_CHUNK = 16_384
_BLOCK = 8_192
_HUM = 40  # frames of one wave


class Audio(Protocol):
    """Sound in two channels that can be made in pieces, in any order, always the same."""

    @property
    def frames(self) -> int:
        """Length in frames (`RATE` of them make a second)."""
        ...

    def stereo(self, first: int, count: int) -> array[int]:
        """Return `count` frames from `first` on, left and right by turns."""
        ...


@dataclass(frozen=True, slots=True)
class Track:
    """What one party says: clips, each with the frame at which it starts (may be negative)."""

    clips: tuple[tuple[int, array[int]], ...] = ()

    def samples(self, first: int, count: int) -> array[int]:
        """Return `count` samples from frame `first` on, silence where nothing is said."""
        out = array("h", bytes(2 * count))
        for start, clip in self.clips:
            begin, end = max(first, start), min(first + count, start + len(clip))
            if begin < end:
                piece = clip[begin - start : end - start]
                there = out[begin - first : end - first]
                out[begin - first : end - first] = _added(there, piece) if any(there) else piece
        return out

    def moved(self, frames: int) -> Track:
        """Return the same track, `frames` later."""
        return Track(tuple((start + frames, clip) for start, clip in self.clips))

    def without(self, first: int, last: int, shorter: bool) -> Track:
        """Return it silent from frame `first` to `last`, or shorter by these frames."""
        shift = last - first if shorter else 0
        pieces = []
        for start, clip in self.clips:
            if (before := clip[: max(0, first - start)]) and start < first:
                pieces.append((start, before))
            if after := clip[max(0, last - start) :]:
                pieces.append((max(start, last) - shift, after))
        return Track(tuple(pieces))


@dataclass(frozen=True, slots=True)
class Talk:
    """Two parties, each on a channel of their own."""

    left: Track
    right: Track
    frames: int

    def stereo(self, first: int, count: int) -> array[int]:
        """Return `count` frames from `first` on, left and right by turns."""
        out = array("h", bytes(4 * count))
        out[0::2] = self.left.samples(first, count)
        out[1::2] = self.right.samples(first, count)
        return out

    def trimmed(self) -> Talk:
        """Return it without the silence before the first clip and after the last one."""
        clips = [
            (max(0, start), min(self.frames, start + len(clip)))
            for start, clip in (*self.left.clips, *self.right.clips)
            if start < self.frames and start + len(clip) > 0
        ]
        if not clips:
            return Talk(Track(), Track(), 0)
        begin, end = min(start for start, _ in clips), max(end for _, end in clips)
        return Talk(self.left.moved(-begin), self.right.moved(-begin), end - begin)

    def without(self, first: int, last: int, shorter: bool) -> Talk:
        """Return it silent from frame `first` to `last`, or shorter by these frames."""
        return Talk(
            self.left.without(first, last, shorter),
            self.right.without(first, last, shorter),
            self.frames - (last - first if shorter else 0),
        )


class Noise:
    """Any length of noise that costs next to nothing to make: for large recordings.

    Every block carries its number, so that no piece of it can be mistaken for another.

    Args:
        frames: length in frames.
        seed: the same seed makes the same bytes.
    """

    def __init__(self, frames: int, seed: str) -> None:
        self.frames = frames
        self._block = random.Random(seed).randbytes(4 * _BLOCK)  # noqa: S311 - noise, no secret

    def stereo(self, first: int, count: int) -> array[int]:
        """Return `count` frames from `first` on, left and right by turns."""
        begin, end = first // _BLOCK, -(-(first + count) // _BLOCK)
        blocks = b"".join(struct.pack("<Q", n) + self._block[8:] for n in range(begin, end))
        skipped = 4 * (first - begin * _BLOCK)
        return array("h", blocks[skipped : skipped + 4 * count])


def hum(seconds: float) -> array[int]:
    """Return the sound that stands for a synthetic voice: a low hum."""
    wave_form = [1500 if place < _HUM // 2 else -1500 for place in range(_HUM)]
    frames = round(seconds * RATE)
    return (array("h", wave_form) * (frames // _HUM + 1))[:frames]


def wav_size(audio: Audio, channels: int) -> int:
    """Return how many bytes `wav` makes."""
    return _HEADER_SIZE + audio.frames * 2 * channels


def wav(audio: Audio, channels: int) -> Iterator[bytes]:
    """Yield a WAV file piece by piece; with one channel, both sides mixed."""
    yield _header(audio.frames, channels)
    for first in range(0, audio.frames, _CHUNK):
        stereo = audio.stereo(first, min(_CHUNK, audio.frames - first))
        yield (stereo if channels == 2 else _mixed(stereo)).tobytes()


def read_wav(source: bytes | Path) -> array[int]:
    """Return the samples of a WAV file.

    Raises:
        ValueError: it is not a WAV file of 8 kHz, 16-bit PCM and one channel.
    """
    data = source if isinstance(source, bytes) else source.read_bytes()
    try:
        with wave.open(io.BytesIO(data)) as file:
            form = (file.getframerate(), file.getsampwidth(), file.getnchannels())
            frames = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise ValueError(f"not a PCM WAV file: {error}") from error
    if form != (RATE, 2, 1):
        raise ValueError(f"a spoken line must be 8 kHz, 16 bit, mono; this is {form}")
    return array("h", frames)


def _header(frames: int, channels: int) -> bytes:
    size = frames * 2 * channels
    riff = struct.pack("<4sI4s", b"RIFF", 36 + size, b"WAVE")
    bytes_a_second, frame = RATE * 2 * channels, 2 * channels
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, RATE, bytes_a_second, frame, 16)
    return riff + form + struct.pack("<4sI", b"data", size)


def _added(one: array[int], other: array[int]) -> array[int]:
    loudest = 2**15 - 1
    pairs = zip(one, other, strict=True)
    return array("h", [max(-loudest, min(loudest, a + b)) for a, b in pairs])


def _mixed(stereo: array[int]) -> array[int]:
    pairs = zip(stereo[0::2], stereo[1::2], strict=True)
    return array("h", [(left + right) // 2 for left, right in pairs])
