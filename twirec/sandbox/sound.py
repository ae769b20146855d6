"""Who hears what, and when: the material of which recordings are made."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from twirec.sandbox.audio import RATE, Track

Clips: TypeAlias = "tuple[tuple[float, array[int]], ...]"
"""Pieces of sound, each with the second at which it starts."""


@dataclass(slots=True)
class Sound:
    """Something that is heard on a leg, in the leg's own seconds.

    Attributes:
        clips: what is heard.
        begin, end: from when until when; the end is None while it goes on.
    """

    clips: Clips
    begin: float
    end: float | None = None


def moved(clips: Clips, seconds: float) -> Clips:
    """Return the same clips, so many seconds later."""
    return tuple((at + seconds, samples) for at, samples in clips)


def heard(sounds: Iterable[Sound], begin: float, end: float) -> Track:
    """Return what is heard from one second to another; frame 0 of the track is at `begin`."""
    return Track(
        tuple(
            piece
            for sound in sounds
            for piece in _pieces(
                sound,
                begin,
                _frame(max(begin, sound.begin), begin),
                _frame(end if sound.end is None else min(end, sound.end), begin),
            )
        )
    )


def _pieces(sound: Sound, origin: float, first: int, last: int) -> Iterable[tuple[int, array[int]]]:
    for at, samples in sound.clips:
        start = _frame(at, origin)
        low, high = max(start, first), min(start + len(samples), last)
        if low < high:
            yield low, samples[low - start : high - start]


def _frame(second: float, origin: float) -> int:
    return round((second - origin) * RATE)
