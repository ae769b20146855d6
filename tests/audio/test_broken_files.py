"""Whatever a file's header says: a result or a clear error, in bounded time and memory."""

from __future__ import annotations

import random
import struct
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.audio.talks import ANSWER, talk, track
from tests.examples import examples
from twirec.audio.conversion import plan
from twirec.audio.ffmpeg import find_ffmpeg
from twirec.audio.waveform import FASTEST, MOST_CHANNELS, POINTS, measure
from twirec.model.audio import ConversionSpec
from twirec.model.errors import ConversionFailed, MediaError, MediaTruncated, NotAudio, TwirecError
from twirec.model.waveform import Waveform
from twirec.sandbox.audio import Track

MEMORY = 2_000_000
"""Bytes at the most, beside the file itself."""
PATIENCE = 2.0
"""Seconds of CPU at the most."""
NOISE = random.Random(3).randbytes(20_000)  # noqa: S311 - noise, no secret
EXTENSIBLE = bytes.fromhex("0100000000001000800000aa00389b71")
WHOLE = talk(track((0.0, ANSWER)), Track(), 0.25)

fuzz = settings(
    max_examples=examples(80, thorough=2000),
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)


@contextmanager
def limits() -> Iterator[None]:
    """Fail what takes more time or memory than it may."""
    began = time.process_time()
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MEMORY
    assert time.process_time() - began < PATIENCE


def outcome(content: bytes, step: int = 4096) -> Waveform | MediaError:
    """What comes of a file, within the limits."""
    found: Waveform | MediaError
    with limits():
        try:
            found = measure(content[at : at + step] for at in range(0, len(content), step))
        except MediaError as error:
            found = error
    if isinstance(found, MediaError):
        assert str(found).endswith(".")
    return found


def is_sound(found: Waveform) -> None:
    """Check what holds of every waveform."""
    assert found.seconds > 0
    assert 1 <= found.channels <= MOST_CHANNELS
    assert sum(found.shares) == pytest.approx(0.0) or sum(found.shares) == pytest.approx(1.0)
    assert 0 <= found.silence <= found.seconds + 0.01
    for side in found.sides:
        assert 1 <= len(side.peaks) <= POINTS
        assert all(0.0 <= peak <= 1.0 for peak in side.peaks)
        ends = [at for span in side.spans for at in (span.start, span.end)]
        assert ends == sorted(ends)
        assert all(0.0 <= at <= found.seconds + 0.001 for at in ends)


# --- wild headers -----------------------------------------------------------------------------

sizes = st.one_of(
    st.sampled_from([0, 1, 2, 15, 16, 65_535, 65_536, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF]),
    st.integers(0, 0xFFFFFFFF),
)
kinds = st.sampled_from([b"LIST"] * 8 + [b"fmt ", b"data", b"fact", b"ds64", b"\0\0\0\0"])
rates = st.sampled_from([0, 1, 7, 49, 51, 8000, 44_100, FASTEST, FASTEST + 1, 0xFFFFFFFF])


def mostly(right: Any, wrong: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """What is right, in nine of ten times."""
    return st.integers(0, 9).flatmap(lambda dice: wrong if dice == 0 else st.just(right))


@st.composite
def forms(draw: st.DrawFn) -> bytes:
    """The content of a `fmt ` chunk, in which anything may be wrong."""
    channels = draw(mostly(2, st.sampled_from([0, 1, 3, 8, 9, 255, 65_535])))
    bits = draw(mostly(draw(st.sampled_from([8, 16, 24, 32])), st.sampled_from([0, 1, 12, 64])))
    frame = draw(mostly(channels * bits // 8 & 0xFFFF, st.sampled_from([0, 1, 65_535])))
    tag = draw(mostly(draw(st.sampled_from([1, 0xFFFE])), st.sampled_from([3, 6, 7])))
    content = struct.pack("<HHIIHH", tag, channels, draw(rates), 0, frame, bits)
    if tag == 0xFFFE:
        content += struct.pack("<HHI", 22, bits, 3) + draw(mostly(EXTENSIBLE, st.just(bytes(16))))
    return content[: draw(mostly(len(content), st.sampled_from([0, 14, 15])))]


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """A RIFF file in which anything may be wrong."""
    noise = NOISE[: draw(st.integers(0, len(NOISE) // 96)) * 96]
    parts = draw(st.lists(st.tuples(kinds, st.binary(max_size=40)), max_size=2))
    parts += [(b"fmt ", draw(forms())), (b"data", noise), (b"LIST", b"after")]
    body = b""
    for kind, content in parts:
        length = draw(mostly(len(content), sizes))
        body += kind + struct.pack("<I", length) + content + b"\0" * (len(content) % 2)
    start = draw(mostly(b"RIFF", st.sampled_from([b"RF64", b"RIFX", b"OggS", b""])))
    kept = draw(mostly(None, st.integers(0, 100)))
    return (start + struct.pack("<I", draw(st.integers(0, 0xFFFFFFFF))) + b"WAVE" + body)[:kept]


@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@fuzz
@given(content=files(), step=st.sampled_from([1024, 4096, 20_480]))
def test_a_header_that_lies_is_measured_or_refused(content: bytes, step: int) -> None:
    found = outcome(content, step)
    if isinstance(found, Waveform):
        is_sound(found)


# What it draws is long, as sound is, and is shown where it fails.
@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@settings(fuzz, max_examples=examples(50, thorough=1000))
@given(content=files(), name=st.sampled_from(["wav", "wav", "aiff", "raw"]))
def test_a_header_that_lies_is_converted_or_refused(content: bytes, name: str) -> None:
    def read(start: int, end: int | None) -> Iterator[bytes]:
        yield content[start:end]

    refused: TwirecError | None = None
    with limits():
        try:
            made = plan(read, len(content), lambda _: (), ConversionSpec(format=name))
            assert sum(len(chunk) for chunk in made.chunks(lambda: find_ffmpeg(None)))
        except TwirecError as error:
            refused = error
    assert not isinstance(refused, ConversionFailed)
    assert refused is None or str(refused).endswith(".")


@fuzz
@given(content=st.binary(max_size=200))
def test_bytes_that_are_no_file_are_refused(content: bytes) -> None:
    assert isinstance(outcome(content), NotAudio | MediaTruncated)


@pytest.mark.parametrize("value", [0x00, 0x01, 0x7F, 0xFF])
def test_any_byte_of_the_header_may_be_wrong(value: int) -> None:
    for at in range(4, 44):
        found = outcome(WHOLE[:at] + bytes([value]) + WHOLE[at + 1 :])
        if isinstance(found, Waveform):
            is_sound(found)


def test_a_file_that_ends_early_is_refused_wherever_it_ends() -> None:
    for length in (*range(60), *range(60, len(WHOLE), 97)):
        assert isinstance(outcome(WHOLE[:length]), MediaTruncated), length


# --- headers that promise much ----------------------------------------------------------------


def endless(start: bytes) -> Iterator[bytes]:
    """A start, and then a gigabyte of whatever, unless nobody asks for it any more."""
    yield start
    for _ in range(16_384):
        yield bytes(65_536)


def form(channels: int = 1, rate: int = 8000, bits: int = 16) -> bytes:
    frame = channels * bits // 8
    return b"fmt " + struct.pack("<IHHIIHH", 16, 1, channels, rate, 0, frame, bits)


@pytest.mark.parametrize(
    "start",
    [
        b"LIST" + struct.pack("<I", 0xFFFFFFFF),
        b"LIST" + struct.pack("<I", 65_536),
        b"fmt " + struct.pack("<I", 0xFFFFFFF0),
        form(rate=0xFFFFFFFF) + b"data" + struct.pack("<I", 0xFFFFFFFF),
        form(channels=65_535, bits=8) + b"data" + struct.pack("<I", 0xFFFFFFFF),
        form(rate=1, bits=8) + b"data" + struct.pack("<I", 0xFFFFFFFF),
        b"",  # empty chunks for ever
    ],
)
def test_a_header_that_promises_much_is_refused_before_it_is_read(start: bytes) -> None:
    read = 0

    def counted() -> Iterator[bytes]:
        nonlocal read
        for piece in endless(b"RIFF\xff\xff\xff\xffWAVE" + start):
            read += len(piece)
            yield piece

    with limits(), pytest.raises(NotAudio):
        measure(counted())
    assert read < 500_000
