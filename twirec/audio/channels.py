"""Channels by meaning, a chunk at a time: what pydub does."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from twirec.audio.original import SAMPLE, Pcm
from twirec.model.audio import Channels
from twirec.model.errors import AudioToolsMissing, InvalidQuery
from twirec.model.vocabulary import Role

INSTALL = "pip install 'twirec[audio]'"
"""What installs what converts audio."""


def count(channels: Channels, there: int) -> int:
    """Return how many channels come of it, of so many."""
    return 1 if channels.mono else there


def pick(
    chunks: Iterable[bytes], pcm: Pcm, channels: Channels, roles: Sequence[Role]
) -> Iterator[bytes]:
    """Return the chunks with only the channels that are wanted.

    Args:
        chunks: of whole frames.
        pcm: what they are.
        channels: what is wanted.
        roles: who is on channel 1, 2, …; empty when nobody knows.

    Raises:
        InvalidQuery: a side is wanted and nobody knows its channel, or there is but one.
        AudioToolsMissing: pydub is not installed.
    """
    index = None if channels.role is None else _channel_of(channels.role, pcm, roles)
    if channels is Channels.BOTH or pcm.channels == 1:
        return iter(chunks)
    return _picked(_segment(), chunks, pcm, _how(channels, index))


def _picked(
    segment: Any, chunks: Iterable[bytes], pcm: Pcm, how: Callable[[Any], Any]
) -> Iterator[bytes]:
    what = {"sample_width": SAMPLE, "frame_rate": pcm.rate, "channels": pcm.channels}
    for chunk in chunks:
        yield bytes(how(segment(data=chunk, **what)).raw_data)


def _how(channels: Channels, index: int | None) -> Callable[[Any], Any]:
    if index is None:
        return _mixed
    if channels.mono:
        return lambda sound: sound.split_to_mono()[index]
    return lambda sound: _silenced(sound, index)


def _mixed(sound: Any) -> Any:
    return sound.set_channels(1)


def _silenced(sound: Any, index: int) -> Any:
    sides = sound.split_to_mono()
    sides[index] = sides[index]._spawn(bytes(len(sides[index].raw_data)))
    return type(sound).from_mono_audiosegments(*sides)


def _channel_of(role: Role, pcm: Pcm, roles: Sequence[Role]) -> int:
    if pcm.channels == 1:
        raise InvalidQuery("channels: it has one channel with both sides: ask for both or mixed.")
    if len(roles) != pcm.channels or role not in roles:
        raise InvalidQuery(
            f"channels: nobody knows which channel is the {role}'s: ask for both or mixed."
        )
    return roles.index(role)


def _segment() -> Any:
    """Return pydub's class of sounds.

    Importing it warns of escapes in its patterns, of `audioop`, which Python 3.13 has as a package,
    and of an ffmpeg that is not on the path, which is not asked of it here.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            from pydub import AudioSegment
        except ImportError as error:
            raise AudioToolsMissing(f"pydub is not installed: {INSTALL}.") from error
    return AudioSegment
