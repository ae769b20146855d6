"""How loud it is, and who speaks when."""

from __future__ import annotations

import math
import random
import time
import tracemalloc
from array import array
from collections.abc import Iterator

import pytest

from tests.audio.talks import ANSWER, COMPLAINT, THANKS, file, seconds_of, talk, track
from twirec.audio.wav import WavFormat
from twirec.audio.waveform import POINTS, Meter, measure
from twirec.model.errors import MediaTruncated, NotAudio
from twirec.model.waveform import Side, Span, Waveform
from twirec.sandbox.audio import RATE, Track

NEAR = 0.1
"""Seconds that a span may be off."""
STEREO = WavFormat(channels=2, sample_rate=RATE, frame_bytes=4, bits=16)
CALM = random.Random(7)  # noqa: S311 - noise, no secret


def tone(seconds: float, level: int, hertz: float = 440, rate: int = RATE) -> array[int]:
    return array(
        "h",
        [
            round(level * math.sin(math.tau * hertz * n / rate))
            for n in range(round(seconds * rate))
        ],
    )


def hiss(seconds: float, level: int) -> array[int]:
    return array("h", [CALM.randint(-level, level) for _ in range(round(seconds * RATE))])


def measured(content: bytes, step: int = 65_536) -> Waveform:
    return measure(content[at : at + step] for at in range(0, len(content), step))


def rounded(side: Side) -> list[tuple[float, float]]:
    return [(span.start, span.end) for span in side.spans]


# --- who speaks when --------------------------------------------------------------------------


def test_each_side_speaks_when_its_lines_are_said() -> None:
    customer = track((0.5, COMPLAINT), (20.0, THANKS))
    agent = track((8.0, ANSWER))
    found = measured(talk(customer, agent, 26.0))
    ends = [0.5 + seconds_of(COMPLAINT), 20.0 + seconds_of(THANKS), 8.0 + seconds_of(ANSWER)]
    assert rounded(found.sides[0]) == [
        (pytest.approx(0.5, abs=NEAR), pytest.approx(ends[0], abs=NEAR)),
        (pytest.approx(20.0, abs=NEAR), pytest.approx(ends[1], abs=NEAR)),
    ]
    assert rounded(found.sides[1]) == [
        (pytest.approx(8.0, abs=NEAR), pytest.approx(ends[2], abs=NEAR))
    ]
    assert (found.seconds, found.sample_rate, found.bits, found.channels) == (26.0, RATE, 16, 2)
    assert found.first == 1
    assert found.overlap == 0.0


def test_talk_shares_silence_and_overlap_add_up() -> None:
    def side(*spans: tuple[float, float]) -> Side:
        return Side((), tuple(Span(*span) for span in spans))

    found = Waveform(20.0, RATE, 16, (side((0, 4), (10, 12)), side((3, 5), (11, 15))))
    assert found.shares == (0.5, 0.5)
    assert found.overlap == 2.0
    assert found.silence == 10.0
    assert found.first == 1


def test_nobody_speaks_first_where_both_begin_together_or_nobody_does() -> None:
    both = Side((), (Span(1.0, 2.0),))
    assert Waveform(5.0, RATE, 16, (both, both)).first is None
    silent = Waveform(5.0, RATE, 16, (Side((), ()),))
    assert (silent.first, silent.shares, silent.silence) == (None, (0.0,), 5.0)


@pytest.mark.parametrize("level", [0, 100, 250, 500, 900])
def test_the_noise_of_the_line_is_not_speech(level: int) -> None:
    noise = hiss(20, level)
    assert measured(file(noise)).sides[0].silent
    spoken = Track(((0, noise), *track((5.0, COMPLAINT)).clips))
    (span,) = measured(talk(spoken, Track(), 20.0)).sides[0].spans
    assert span.start == pytest.approx(5.0, abs=NEAR)
    assert span.end == pytest.approx(5.0 + seconds_of(COMPLAINT), abs=0.2)


@pytest.mark.parametrize("hertz", [200, 500, 697, 1000, 1336, 1633, 2000, 8000 / 3, 3000, 3400])
def test_no_tone_hides_between_the_samples_that_are_looked_at(hertz: float) -> None:
    side = measured(file(tone(2, 10_000, hertz))).sides[0]
    assert min(side.peaks) > 0.2
    assert rounded(side) == [(0.0, 2.0)]


def test_a_click_is_not_speech() -> None:
    samples = array("h", bytes(2 * RATE * 4))
    samples[8000:8200] = array("h", [30_000] * 200)
    assert measured(file(samples)).sides[0].silent


def test_speech_that_goes_on_for_hours_has_a_bounded_number_of_spans() -> None:
    meter = Meter(WavFormat(channels=1, sample_rate=50, frame_bytes=1, bits=8))
    meter.feed((b"\xf0" * 10 + b"\x80" * 40) * 20_000)  # loud for 0.2 s, silent for 0.8 s
    side = meter.waveform().sides[0]
    assert 0 < len(side.spans) <= 5_000


# --- how loud it is ---------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_samples_of_every_width_are_as_loud(bits: int) -> None:
    side = measured(file(tone(1, 16_384), bits=bits)).sides[0]
    assert max(side.peaks) == pytest.approx(0.5, abs=0.03)
    assert rounded(side) == [(0.0, 1.0)]


@pytest.mark.parametrize("rate", [6000, 8000, 16_000, 22_050, 44_100, 48_000])
def test_files_of_every_rate_last_as_long(rate: int) -> None:
    samples = array("h", bytes(2 * rate)) + tone(1, 16_384, rate=rate)
    found = measured(file(samples, rate=rate))
    assert found.seconds == pytest.approx(2.0, abs=0.001)
    assert rounded(found.sides[0]) == [(pytest.approx(1.0, abs=0.03), pytest.approx(2.0, abs=0.03))]


def test_a_long_recording_has_as_many_peaks_as_can_be_drawn_and_keeps_the_loudest() -> None:
    samples = tone(120, 1000)
    samples[480_000:480_400] = array("h", [30_000] * 400)
    side = measured(file(samples)).sides[0]
    assert len(side.peaks) == POINTS
    assert max(side.peaks) == pytest.approx(30_000 / 32_768, abs=0.02)


def test_what_is_too_loud_for_the_file_is_clipped() -> None:
    square = array("h", [32_124 if n // 20 % 2 else -32_124 for n in range(RATE)])
    assert measured(file(square)).sides[0].clipped == 1.0
    assert measured(file(tone(1, 30_000))).sides[0].clipped == 0.0


@pytest.mark.parametrize("step", [1, 7, 44, 45, 999, 16_384])
def test_how_it_is_cut_into_pieces_never_changes_the_result(step: int) -> None:
    content = talk(track((0.1, THANKS)), track((0.3, ANSWER)), 1.23)
    assert measured(content, step) == measured(content, len(content))


def test_chunks_after_the_samples_are_not_sound() -> None:
    content = talk(track((0.5, THANKS)), Track(), 6.0)
    tail = b"LIST" + (40_000).to_bytes(4, "little") + b"\x70" * 40_000
    assert measured(content + tail) == measured(content)


# --- what cannot be measured ------------------------------------------------------------------


@pytest.mark.parametrize(
    "form",
    [
        WavFormat(channels=9, sample_rate=RATE, frame_bytes=18, bits=16),
        WavFormat(channels=1, sample_rate=4_000_000_000, frame_bytes=2, bits=16),
    ],
)
def test_more_channels_or_a_higher_rate_than_any_recording_has_are_refused(form: WavFormat) -> None:
    with pytest.raises(NotAudio, match="are measured"):
        Meter(form)


def test_what_lasts_longer_than_a_call_can_is_refused() -> None:
    meter = Meter(WavFormat(channels=1, sample_rate=1, frame_bytes=1, bits=8))
    with pytest.raises(NotAudio, match="longer than the 25 hours"):
        meter.feed(bytes(90_001))


def test_a_file_that_ends_early_is_refused() -> None:
    with pytest.raises(MediaTruncated):
        measured(talk(Track(), Track(), 2.0)[:-2])


# --- time and memory --------------------------------------------------------------------------


def hours(count: float) -> Iterator[bytes]:
    block = random.Random(1).randbytes(64_000)  # noqa: S311 - two seconds of noise
    for _ in range(round(count * 1800)):
        yield block


def test_an_hour_is_measured_in_seconds_and_in_little_memory() -> None:
    meter = Meter(STEREO)
    began = time.process_time()
    for samples in hours(0.5):
        meter.feed(samples)
    meter.waveform()
    assert time.process_time() - began < 2.5  # about a tenth of it where nothing else runs
    tracemalloc.start()
    meter = Meter(STEREO)
    for samples in hours(0.25):
        meter.feed(samples)
    meter.waveform()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


@pytest.mark.parametrize("windows", [1, 7, 500])
@pytest.mark.parametrize("bits", [8, 16])
def test_a_window_is_as_loud_as_its_loudest_look(windows: int, bits: int) -> None:
    form = WavFormat(channels=2, sample_rate=400, frame_bytes=2 * bits // 8, bits=bits)
    frames = 8  # in each window, all of which are looked at
    samples = random.Random(windows).randbytes(windows * frames * form.frame_bytes)  # noqa: S311
    meter = Meter(form)
    meter.feed(samples)
    width = bits // 8
    for channel, side in enumerate(meter.waveform().sides):
        upper = [samples[at] for at in range(channel * width + width - 1, len(samples), 2 * width)]
        middle = 128 if bits == 8 else 0
        loud = [value - middle if value >= middle else middle - 1 - value for value in upper]
        if bits == 16:
            loud = [value if value < 128 else 255 - value for value in upper]
        loudest = [max(loud[at : at + frames]) for at in range(0, len(loud), frames)]
        assert [round(peak * 127) for peak in side.peaks] == loudest
