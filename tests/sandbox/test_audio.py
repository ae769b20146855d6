from __future__ import annotations

import io
import wave
from array import array

import pytest

from twirec.sandbox import SPOKEN, Line
from twirec.sandbox.audio import RATE, Noise, Talk, Track, hum, read_wav, wav, wav_size
from twirec.sandbox.parties import LINES, Party


def clip(value: int, seconds: float) -> array[int]:
    return array("h", [value]) * int(seconds * RATE)


def talk() -> Talk:
    return Talk(Track(((RATE, clip(100, 1)),)), Track(((2 * RATE, clip(300, 5)),)), 4 * RATE)


def test_a_file_is_what_the_wave_module_reads() -> None:
    data = b"".join(wav(talk(), 2))
    with wave.open(io.BytesIO(data)) as file:
        form = (file.getframerate(), file.getsampwidth(), file.getnchannels(), file.getnframes())
    assert form == (8000, 2, 2, 4 * RATE)
    assert len(data) == wav_size(talk(), 2)


def test_each_party_is_on_a_channel_of_their_own_at_the_right_second() -> None:
    frames = talk().stereo(0, 4 * RATE)
    left, right = frames[0::2], frames[1::2]
    assert [left[second * RATE] for second in range(4)] == [0, 100, 0, 0]
    assert [right[second * RATE] for second in range(4)] == [0, 0, 300, 300]


def test_one_channel_is_both_parties_mixed() -> None:
    with wave.open(io.BytesIO(b"".join(wav(talk(), 1)))) as file:
        mixed = array("h", file.readframes(file.getnframes()))
    assert [mixed[second * RATE] for second in range(4)] == [0, 50, 150, 150]


def test_pieces_are_the_same_wherever_they_are_cut() -> None:
    for audio in (talk(), Noise(30_000, "RE1")):
        whole = audio.stereo(0, audio.frames)
        assert audio.stereo(9_001, 12_345) == whole[2 * 9_001 : 2 * (9_001 + 12_345)]


def test_a_clip_that_began_before_the_recording_is_heard_from_its_middle() -> None:
    track = Track(((-2, array("h", [1, 2, 3, 4])),))
    assert list(track.samples(0, 4)) == [3, 4, 0, 0]


def test_trimming_takes_the_silence_at_both_ends_away() -> None:
    talk = Talk(Track(((RATE, clip(100, 1)),)), Track(((3 * RATE, clip(300, 1)),)), 6 * RATE)
    trimmed = talk.trimmed()
    assert trimmed.frames == 3 * RATE
    assert (trimmed.stereo(0, 1)[0], trimmed.stereo(3 * RATE - 1, 1)[1]) == (100, 300)


def test_trimming_silence_leaves_nothing() -> None:
    assert Talk(Track(), Track(), 5 * RATE).trimmed().frames == 0


def test_noise_is_the_same_for_the_same_seed_and_differs_from_block_to_block() -> None:
    noise = Noise(20_000, "RE1")
    assert noise.stereo(0, 20_000) == Noise(20_000, "RE1").stereo(0, 20_000)
    assert noise.stereo(0, 8192) != noise.stereo(8192, 8192)
    assert noise.stereo(0, 100) != Noise(20_000, "RE2").stereo(0, 100)


@pytest.mark.parametrize("name", SPOKEN)
def test_every_spoken_line_is_there_and_is_speech(name: str) -> None:
    samples = Line(name).samples()
    assert len(samples) > 2 * RATE
    assert max(samples) > 5_000


def test_the_spoken_lines_together_are_small() -> None:
    assert sum(file.stat().st_size for file in LINES.glob("*.wav")) < 400_000
    assert {file.stem for file in LINES.glob("*.wav")} == set(SPOKEN)


def test_a_line_can_be_a_file_or_its_bytes() -> None:
    path = LINES / "agent_answer.wav"
    assert Line(path).samples() == Line(path.read_bytes()).samples() == read_wav(path)


def test_a_line_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match="no spoken line 'shouting'"):
        Party(says=[Line("shouting")]).spoken()


@pytest.mark.parametrize("data", [b"<xml/>", b"RIFF", b""])
def test_a_line_must_be_a_wav_file(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a PCM WAV file"):
        Line(data).samples()


def test_a_line_must_be_of_the_right_form() -> None:
    with pytest.raises(ValueError, match="8 kHz, 16 bit, mono"):
        Line(b"".join(wav(talk(), 2))).samples()


def test_what_is_said_at_the_same_time_is_added_and_never_overflows() -> None:
    track = Track(((0, clip(30_000, 1)), (RATE // 2, clip(20_000, 1)), (RATE, clip(-200, 1))))
    samples = track.samples(0, 2 * RATE)
    assert [samples[place] for place in (0, RATE // 2, RATE, RATE + RATE // 2)] == [
        30_000,
        32_767,
        19_800,
        -200,
    ]


@pytest.mark.parametrize(("shorter", "frames"), [(False, 4 * RATE), (True, 3 * RATE)])
def test_a_span_is_taken_out_or_made_silent(shorter: bool, frames: int) -> None:
    talk = Talk(Track(((0, clip(100, 4)),)), Track(((3 * RATE, clip(300, 1)),)), 4 * RATE)
    cut = talk.without(RATE, 2 * RATE, shorter)
    assert cut.frames == frames
    stereo = cut.stereo(0, frames)
    assert [stereo[2 * second * RATE] for second in range(3)] == [100, 100 if shorter else 0, 100]
    assert stereo[2 * (2 if shorter else 3) * RATE + 1] == 300


def test_the_hum_of_a_voice_is_as_long_as_asked_for() -> None:
    assert len(hum(1.5)) == int(1.5 * RATE)
    assert max(hum(0.1)) > 1000
