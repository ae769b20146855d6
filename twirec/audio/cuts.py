"""Spans of which nothing is heard: their samples are silence before anything is encoded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import ceil, floor

from twirec.audio.original import Pcm
from twirec.model.errors import InvalidQuery


def frames_of(cuts: Iterable[tuple[float, float]], pcm: Pcm) -> list[tuple[int, int]]:
    """Return the first frame of each cut, and the one before which it ends: never less of it.

    Args:
        cuts: in seconds of the recording.
        pcm: what the recording's samples are.

    Raises:
        InvalidQuery: the recording ends before one begins, which is then not where it is meant.
    """
    spans = list(cuts)
    if any(start >= pcm.duration for start, _ in spans):
        raise InvalidQuery(f"cuts: the recording has {pcm.duration:.3f} seconds.")
    return sorted(
        (floor(start * pcm.rate), ceil(min(end, pcm.duration) * pcm.rate)) for start, end in spans
    )


def silenced(
    chunks: Iterable[bytes], pcm: Pcm, first: int, cuts: Sequence[tuple[int, int]]
) -> Iterator[bytes]:
    """Return the chunks with silence on all channels where the cuts are.

    Args:
        chunks: of whole frames.
        pcm: what they are.
        first: which frame of the recording the first of them is.
        cuts: as `frames_of` returns them.
    """
    return _silenced(chunks, pcm.frame, first, cuts) if cuts else iter(chunks)


def _silenced(
    chunks: Iterable[bytes], frame: int, at: int, cuts: Sequence[tuple[int, int]]
) -> Iterator[bytes]:
    for chunk in chunks:
        size = len(chunk)
        for first, last in cuts:
            begin = min(max((first - at) * frame, 0), size)
            end = min(max((last - at) * frame, 0), size)
            if begin < end:
                chunk = chunk[:begin] + bytes(end - begin) + chunk[end:]
        yield chunk
        at += size // frame
