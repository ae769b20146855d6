import io
import struct
import wave

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twirec.audio.wav import LONGEST_HEADER, WavCheck, WavFacts
from twirec.model.errors import MediaError, MediaTruncated, NotAudio
from twirec.transfers.verifying_reader import differences

RATE = 8000
PCM = struct.pack("<HHIIHH", 1, 2, RATE, RATE * 4, 4, 16)
EXTENSIBLE_PCM = struct.pack(
    "<HHIIHHHHI16s",
    0xFFFE, 2, RATE, RATE * 4, 4, 16, 22, 16, 3,
    bytes.fromhex("0100000000001000800000aa00389b71"),
)  # fmt: skip
SAMPLES = bytes(range(256)) * 4


steadily = settings(derandomize=True)


def chunk(kind: bytes, content: bytes, size: int | None = None) -> bytes:
    """A chunk of a RIFF file, padded to an even length."""
    size = len(content) if size is None else size
    return kind + struct.pack("<I", size) + content + b"\0" * (len(content) % 2)


def riff(*chunks: bytes) -> bytes:
    """A RIFF file of chunks."""
    content = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(content)) + content


def check(content: bytes, step: int | None = None) -> WavFacts:
    """Feed bytes, all at once or some at a time."""
    wav = WavCheck()
    for start in range(0, len(content), step or len(content) or 1):
        wav.feed(content[start : start + (step or len(content))])
    return wav.facts()


def outcome(content: bytes, step: int | None = None) -> WavFacts | tuple[type[Exception], str]:
    """What comes of it: facts or an error."""
    try:
        return check(content, step)
    except MediaError as error:
        return type(error), str(error)


def written_by_python(seconds: float, channels: int = 2, rate: int = RATE) -> bytes:
    """A WAV file of the standard library's making."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(b"\1\0" * channels * round(seconds * rate))
    return file.getvalue()


def test_reads_what_the_standard_library_writes() -> None:
    facts = check(written_by_python(1.5))
    assert facts == WavFacts(channels=2, sample_rate=8000, bits=16, frames=12000)
    assert facts.duration == 1.5


@pytest.mark.parametrize(
    "content",
    [
        riff(chunk(b"fmt ", PCM), chunk(b"data", SAMPLES)),
        riff(chunk(b"fmt ", EXTENSIBLE_PCM), chunk(b"data", SAMPLES)),
        riff(chunk(b"fmt ", PCM + b"\0\0"), chunk(b"data", SAMPLES)),
        riff(chunk(b"LIST", b"odd"), chunk(b"fmt ", PCM), chunk(b"data", SAMPLES)),
        riff(chunk(b"fmt ", PCM), chunk(b"bext", b"x" * 600), chunk(b"data", SAMPLES)),
        riff(chunk(b"fmt ", PCM), chunk(b"data", SAMPLES), chunk(b"LIST", b"after")),
    ],
)
def test_other_chunks_are_not_audio(content: bytes) -> None:
    assert check(content).frames == len(SAMPLES) // 4


@pytest.mark.parametrize("length", [0, 0xFFFFFFFF])
def test_a_streamed_file_has_the_length_that_arrived(length: int) -> None:
    content = riff(chunk(b"fmt ", PCM), chunk(b"data", SAMPLES, length))
    assert check(content).frames == len(SAMPLES) // 4


@pytest.mark.parametrize(
    "start",
    [b"<?xml version='1.0'?>", b'{"code": 20404}', b"ID3\4", b"\xff\xfb", b"RIFX", b"RF64", b"R1"],
)
def test_what_is_no_wav_file_is_refused_at_its_first_bytes(start: bytes) -> None:
    with pytest.raises(NotAudio):
        WavCheck().feed(start)


def test_a_riff_file_that_is_no_wave_is_refused_at_once() -> None:
    with pytest.raises(NotAudio):
        WavCheck().feed(b"RIFF\0\0\0\0AVI ")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (riff(chunk(b"fmt ", PCM), chunk(b"data", b"")), "without audio"),
        (riff(chunk(b"data", SAMPLES)), "does not say its format"),
        (riff(chunk(b"fmt ", PCM[:14]), chunk(b"data", SAMPLES)), "does not say its format"),
        (riff(chunk(b"fmt ", b"\7" + PCM[1:]), chunk(b"data", SAMPLES)), "format 7, not PCM"),
        (riff(chunk(b"fmt ", EXTENSIBLE_PCM[:24] + b"\3" * 16), b""), "not PCM"),
        (riff(chunk(b"fmt ", b"\xfe\xff" + PCM[2:]), b""), "not PCM"),
        (riff(chunk(b"fmt ", struct.pack("<HHIIHH", 1, 0, RATE, 0, 0, 16))), "contradicts"),
        (riff(chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 0, 0, 2, 16))), "contradicts"),
        (riff(chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, RATE, 0, 1, 12))), "contradicts"),
        (riff(chunk(b"fmt ", struct.pack("<HHIIHH", 1, 2, RATE, 0, 2, 16))), "contradicts"),
        (riff(chunk(b"junk", b"", LONGEST_HEADER)), "too long"),
        (riff(chunk(b"junk", b"", 0xFFFFFFFF)), "too long"),
        (riff(chunk(b"fmt ", b"", 0xFFFFFFF0)), "too long"),
    ],
)
def test_a_file_without_pcm_audio_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(NotAudio, match=why):
        check(content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"RIF",
        riff(),
        riff(chunk(b"fmt ", PCM)),
        riff(chunk(b"fmt ", PCM))[:-1],
    ],
)
def test_a_file_that_ends_before_its_audio_is_truncated(content: bytes) -> None:
    with pytest.raises(MediaTruncated, match="before the audio"):
        check(content)


@pytest.mark.parametrize("missing", [1, 4, 500, len(SAMPLES)])
def test_fewer_samples_than_the_header_says_is_truncated(missing: int) -> None:
    content = riff(chunk(b"fmt ", PCM), chunk(b"data", SAMPLES))
    with pytest.raises(MediaTruncated, match=f"of {len(SAMPLES)}"):
        check(content[:-missing])


@pytest.mark.parametrize("length", [0, 0xFFFFFFFF, None])
def test_half_a_frame_is_truncated(length: int | None) -> None:
    with pytest.raises(MediaTruncated, match="last frame"):
        check(riff(chunk(b"fmt ", PCM), chunk(b"data", SAMPLES[:-2], length)))


def test_a_long_file_is_not_kept() -> None:
    wav = WavCheck()
    wav.feed(riff(chunk(b"fmt ", PCM), chunk(b"data", b"", 2_000_000_000)))
    megabyte = bytes(1_000_000)
    for _ in range(2000):
        wav.feed(megabyte)
    assert wav.facts().frames == 500_000_000
    assert len(wav._head) == 0


def test_a_header_of_many_small_chunks_given_byte_by_byte_takes_no_time() -> None:
    content = riff(*[chunk(b"junk", b"")] * 8000, chunk(b"fmt ", PCM), chunk(b"data", SAMPLES))
    assert check(content, step=1).frames == len(SAMPLES) // 4


# --- whatever comes ---------------------------------------------------------------------------

small = st.integers(0, 40)
kinds = st.sampled_from([b"fmt ", b"data", b"LIST", b"junk"])
formats = st.one_of(
    st.just(PCM),
    st.just(EXTENSIBLE_PCM),
    st.binary(max_size=40),
    st.builds(
        struct.pack,
        st.just("<HHIIHH"),
        st.sampled_from([1, 7, 0xFFFE]),
        small,
        st.sampled_from([0, 8000]),
        small,
        small,
        st.sampled_from([0, 8, 12, 16]),
    ),
)
sizes = st.none() | small | st.sampled_from([0, 65535, 65536, 0x7FFFFFFF, 0xFFFFFFFF])
chunks = st.builds(chunk, kinds, formats, sizes)
files = st.one_of(
    st.binary(max_size=80),
    st.builds(lambda parts: riff(*parts), st.lists(chunks, max_size=5)),
    st.builds(
        lambda parts, samples, size: riff(
            chunk(b"fmt ", PCM), *parts, chunk(b"data", samples, size)
        ),
        st.lists(chunks, max_size=3),
        st.binary(max_size=60),
        sizes,
    ),
)


@steadily
@given(content=files, step=st.integers(1, 50))
def test_how_it_is_cut_into_pieces_never_changes_the_result(content: bytes, step: int) -> None:
    assert outcome(content, step) == outcome(content)


@steadily
@given(content=files, cut=st.integers(0, 200))
def test_whatever_comes_only_media_errors_come_out(content: bytes, cut: int) -> None:
    found = outcome(content[:cut])
    if isinstance(found, WavFacts):
        assert 0 < found.frames * found.channels * found.bits // 8 <= cut
    else:
        assert found[0] in {NotAudio, MediaTruncated}


# --- against Twilio's word --------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [9.0, 9.5, 10.0, 11.0])
def test_a_duration_within_a_second_of_twilios_is_right(seconds: float) -> None:
    assert differences(check(written_by_python(seconds)), channels=2, duration=10) == ""


@pytest.mark.parametrize("seconds", [8.99, 11.01, 0.1])
def test_a_duration_more_than_a_second_off_is_wrong(seconds: float) -> None:
    assert "lasts" in differences(check(written_by_python(seconds)), channels=2, duration=10)


def test_without_a_duration_nothing_is_proven() -> None:
    assert "how long" in differences(check(written_by_python(1)), channels=2, duration=None)


def test_one_channel_where_two_were_asked_for_is_wrong() -> None:
    found = differences(check(written_by_python(1, channels=1)), channels=2, duration=1)
    assert "1 channels, not 2" in found


@pytest.mark.parametrize("channels", [1, 2])
def test_any_number_of_channels_is_right_where_none_was_asked_for(channels: int) -> None:
    facts = check(written_by_python(1, channels=channels))
    assert differences(facts, channels=None, duration=1) == ""
