"""A recording in every format, and in every part."""

from __future__ import annotations

import hashlib
import io
import subprocess
import wave
from array import array
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from subprocess import PIPE
from typing import Any

import imageio_ffmpeg
import pytest

from tests.audio.hearing import FIRST, RATE, SECONDS, TALK, archived, decoded, loudness
from tests.audio.talks import COMPLAINT, file, talk, track
from tests.erasing import destroy
from tests.factories import recording_sid
from tests.house import AT_VENDOR, House
from tests.sounds import wav
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.archive import Archive
from twirec.audio.ffmpeg import find_ffmpeg
from twirec.audio.formats import FORMATS
from twirec.model.access import Actor
from twirec.model.crc32c import Crc32c
from twirec.model.errors import (
    BucketError,
    BytesDiffer,
    ConversionFailed,
    CustodyRefused,
    InvalidQuery,
    MediaError,
    MediaTruncated,
    NotAudio,
)
from twirec.model.states import State
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

SID = recording_sid()
LOUD, FAINT = 500, 40
SAMPLES = array("h", TALK[44:])
STEREO = [name for name, made in FORMATS.items() if not made.mono]


@pytest.fixture
def sid(house: House) -> str:
    return archived(house)


@pytest.fixture(scope="module")
def archive() -> Iterator[Archive]:
    """An archive with the recording, for those who only convert it."""
    house = House(Settings.from_env(ENVIRONMENT), MemoryBucket())
    assert archived(house) == SID
    yield house.archive
    house.archive.close()


def test_the_tests_run_on_the_ffmpeg_of_the_wheel() -> None:
    assert Path(find_ffmpeg(None)).is_relative_to(Path(imageio_ffmpeg.__file__).parent)


@pytest.mark.parametrize("name", STEREO)
def test_every_format_gives_back_the_length_and_each_side_its_voice(
    archive: Archive, name: str
) -> None:
    with archive.recordings.convert(SID, format=name, by="ana") as made:
        back = decoded(made, name)
    assert abs(len(back) / 2 / RATE - SECONDS) < 0.021
    (customer, silent), (quiet, agent) = loudness(back, 2)
    (was_customer, _), (_, was_agent) = loudness(SAMPLES, 2)
    assert max(silent, quiet) < FAINT
    assert customer == pytest.approx(was_customer, rel=0.1)
    assert agent == pytest.approx(was_agent, rel=0.1)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_back_one_side_at_another_rate(archive: Archive, name: str) -> None:
    rate = FORMATS[name].rates[1:2] or FORMATS[name].rates
    with archive.recordings.convert(
        SID, format=name, channels="agent", rate=rate[0], by="ana"
    ) as made:
        back = decoded(made, name, channels=1)
    assert abs(len(back) / RATE - SECONDS) < 0.05
    (customer,), (agent,) = loudness(back, 1)
    assert customer < FAINT
    assert agent > LOUD


@pytest.mark.parametrize("name", [name for name in FORMATS if FORMATS[name].kbps is not None])
def test_a_bitrate_makes_the_size(archive: Archive, name: str) -> None:
    sizes = [
        len(
            b"".join(
                archive.recordings.convert(
                    SID, format=name, bitrate=kbps, rate=48000, end=3, by="ana"
                )
            )
        )
        for kbps in (96, 192)
    ]
    assert sizes[0] < sizes[1]


@pytest.mark.parametrize(
    ("channels", "heard"),
    [
        ("both", [[True, False], [False, True]]),
        ("mixed", [[True], [True]]),
        ("customer", [[True], [False]]),
        ("agent", [[False], [True]]),
        ("without_agent", [[True, False], [False, False]]),
        ("without-customer", [[False, False], [False, True]]),
    ],
)
def test_channels_are_chosen_by_who_is_on_them(
    archive: Archive, channels: str, heard: list[list[bool]]
) -> None:
    with archive.recordings.convert(SID, format="flac", channels=channels, by="ana") as made:
        back = decoded(made, "flac", channels=len(heard[0]))
    assert len(back) == SECONDS * RATE * len(heard[0])
    assert [[level > LOUD / 2 for level in span] for span in loudness(back, len(heard[0]))] == heard


def test_who_is_on_which_channel_is_what_the_recording_says(house: House, sid: str) -> None:
    with house.archive.catalog.database.write() as connection:
        connection.exec_driver_sql('UPDATE recordings SET channel_map = \'["agent", "customer"]\'')
    with house.archive.recordings.convert(sid, format="wav", channels="agent", by="ana") as made:
        (first,), (second,) = loudness(decoded(made, "wav", channels=1), 1)
    assert first > LOUD > second


def test_a_side_that_is_taken_out_is_silent_to_the_last_bit(archive: Archive) -> None:
    with archive.recordings.convert(SID, format="flac", channels="without_agent", by="ana") as made:
        assert set(decoded(made, "flac")[1::2]) == {0}


@pytest.mark.parametrize(("name", "most"), [("m4a", 20.1), ("amr", 40.1)])
def test_what_is_coded_in_frames_is_hardly_longer(archive: Archive, name: str, most: float) -> None:
    for milliseconds in (1005, 2980, 3000, 3021, 3337, 4999):
        asked = {"format": name, "channels": "mixed", "end": milliseconds / 1000}
        with archive.recordings.convert(SID, **asked, by="ana") as made:
            more = len(decoded(made, name, channels=1)) / RATE * 1000 - milliseconds
        assert -1.5 <= more <= most, (milliseconds, more)


def made_by_ffmpeg(codec: str, format: str) -> bytes:
    """The talk in a file of ffmpeg's."""
    options = ("-c:a", codec, "-f", format, "pipe:1")
    program = (find_ffmpeg(None), "-v", "error", "-i", "pipe:0")
    return subprocess.run((*program, *options), input=TALK, stdout=PIPE, check=True).stdout


@pytest.mark.parametrize("bits", [8, 24, 32])
def test_a_wav_file_of_any_width_is_converted_and_made(house: House, bits: int) -> None:
    sid = archived(house, file(SAMPLES, channels=2, bits=bits))
    with house.archive.recordings.convert(sid, format="flac", by="ana") as made:
        back = decoded(made, "flac")
    (customer, _), (_, agent) = loudness(back, 2)
    (was_customer, _), (_, was_agent) = loudness(SAMPLES, 2)
    assert (customer, agent) == pytest.approx((was_customer, was_agent), rel=0.05)
    made = house.archive.recordings.convert(sid, format=f"wav{bits}", end=2, by="ana")
    with wave.open(io.BytesIO(b"".join(made))) as sound:
        assert (sound.getsampwidth(), sound.getnchannels()) == (bits // 8, 2)
        assert sound.getnframes() == 2 * RATE


@pytest.mark.parametrize(
    ("codec", "format"), [("pcm_u8", "mp3"), ("pcm_s24le", "m4a"), ("pcm_s32le", "opus")]
)
def test_a_wav_file_of_ffmpegs_is_archived_measured_and_converted(
    house: House, codec: str, format: str
) -> None:
    content = made_by_ffmpeg(codec, "wav")
    archived(house, content)
    assert b"".join(house.archive.recordings.open(SID, by="ana")) == content
    seen = house.archive.recordings.waveform(SID, by="ana")
    assert seen.seconds == pytest.approx(SECONDS)
    with house.archive.recordings.convert(SID, format=format, by="ana") as made:
        back = decoded(made, format)
    assert loudness(back, 2)[0][0] == pytest.approx(loudness(SAMPLES, 2)[0][0], rel=0.1)


def test_what_is_no_wav_file_waits_for_somebody_and_stays_at_the_vendor(house: House) -> None:
    house.vendor.add_recording(replace(AT_VENDOR, duration=SECONDS), made_by_ffmpeg("flac", "flac"))
    house.tell(duration=SECONDS)
    recording = house.work_on()
    assert (recording.state, recording.parked) == (State.COMPLETED, True)
    assert "does not begin as a WAV file" in recording.last_error
    assert (house.stored(), house.at_vendor()) == ([], [SID])


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ({"channels": "customer"}, "customer"),
        ({"start": 3}, "3-s"),
        ({"start": 1.5, "end": 7}, "1.5-7s"),
        ({"channels": "without_agent", "end": 7}, "without_agent_0-7s"),
        ({"normalise": True, "trim_silence": True}, "level_trimmed"),
    ],
)
def test_a_part_has_another_name_than_the_whole(
    archive: Archive, asked: dict[str, Any], name: str
) -> None:
    made = archive.recordings.convert(SID, format="mp3", **asked, by="ana")
    assert made.file_name == f"+34600111222_2026-11-23_11-15-00_{name}.mp3"


def test_a_cut_begins_and_ends_at_the_sample(archive: Archive) -> None:
    made = b"".join(archive.recordings.convert(SID, format="wav", start=1.5, end=2.75, by="ana"))
    with wave.open(io.BytesIO(made)) as file:
        assert file.getnframes() == 10_000
        assert file.readframes(20_000) == TALK[44 + 12_000 * 4 : 44 + 22_000 * 4]


def test_a_cut_reads_only_its_part(house: House, sid: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spans = []
    read = house.bucket.open_range

    def watched(name: str, start: int = 0, end: int | None = None, **pinned: int):  # type: ignore[no-untyped-def]
        spans.append((start, end))
        return read(name, start, end, **pinned)

    monkeypatch.setattr(house.bucket, "open_range", watched)
    b"".join(house.archive.recordings.convert(sid, format="mp3", start=2, end=3, by="ana"))
    assert spans == [(0, 64 * 1024), (44 + 64_000, 44 + 96_000)]


def test_loudness_is_brought_to_that_of_broadcasts(archive: Archive) -> None:
    levels = []
    for normalise in (False, True):
        made = archive.recordings.convert(
            SID, format="wav", channels="mixed", normalise=normalise, by="ana"
        )
        back = decoded(made, "wav", channels=1)
        assert len(back) == SECONDS * RATE
        levels.append(loudness(back, 1)[0][0])
    assert levels[1] > 1.5 * levels[0]


def test_pauses_are_cut_in_what_is_made_and_not_in_the_original(house: House) -> None:
    media = talk(track((4.0, COMPLAINT)), track((20.0, COMPLAINT)), 30)
    sid = archived(house, media, 30)
    for name in ("wav", "mp3", "aiff"):
        with house.archive.recordings.convert(
            sid, format=name, trim_silence=True, by="ana"
        ) as made:
            seconds = len(decoded(made, name)) / 2 / RATE
        assert 2 * FIRST - 3 < seconds < 2 * FIRST + 3
    assert b"".join(house.archive.recordings.open(sid, by="ana")) == media


def test_both_sides_stay_beside_each_other_when_pauses_are_cut(archive: Archive) -> None:
    with archive.recordings.convert(SID, format="wav", trim_silence=True, by="ana") as made:
        back = decoded(made, "wav")
    spoken = [sum(map(abs, back[side::2])) for side in (0, 1)]
    before = [sum(map(abs, SAMPLES[side::2])) for side in (0, 1)]
    assert spoken == pytest.approx(before, rel=0.05)


def test_what_is_all_silence_is_said_to_be(house: House) -> None:
    sid = archived(house, talk(track(), track(), 3), 3)
    with pytest.raises(ConversionFailed, match="silence"):
        list(house.archive.recordings.convert(sid, trim_silence=True, by="ana"))


def test_it_is_named_after_number_and_local_time(archive: Archive) -> None:
    made = archive.recordings.convert(SID, format="opus", by="ana")
    assert made.file_name == "+34600111222_2026-11-23_11-15-00.opus"
    assert made.content_type == "audio/ogg; codecs=opus"
    assert made.size is None


@pytest.mark.parametrize(
    ("wanted", "named"),
    [
        ({"format": "wma"}, "format: 'wma' is not known: choose one of wav, .*amr"),
        ({"channels": "left"}, "channels: 'left' is not known; .*without_agent"),
        ({"format": "amr"}, "channels: amr has one only"),
        ({"format": "opus", "rate": 44100}, "rate: opus has 8000, .*48000"),
        ({"format": "flac", "bitrate": 64}, "bitrate: that of flac cannot be chosen"),
        ({"format": "mp3", "bitrate": 1000}, "bitrate: mp3 has 6 to 320"),
        ({"start": -1}, "start: "),
        ({"start": float("nan")}, "start: "),
        ({"start": 5, "end": 5}, "end: "),
        ({"end": float("nan")}, "end: "),
        ({"start": 3600}, r"start, end: the recording has \d+\.000 seconds"),
    ],
)
def test_what_cannot_be_had_is_named_before_anything_starts(
    archive: Archive, wanted: dict[str, object], named: str
) -> None:
    with pytest.raises(InvalidQuery, match=named):
        archive.recordings.convert(SID, **wanted, by="ana")  # type: ignore[arg-type]


@pytest.mark.parametrize("channels", ["customer", "agent", "without_agent"])
def test_a_side_of_a_recording_with_one_channel_is_refused(house: House, channels: str) -> None:
    sid = archived(house, wav(4.0, channels=1), 4)
    with pytest.raises(InvalidQuery, match="one channel with both sides"):
        house.archive.recordings.convert(sid, channels=channels, by="ana")
    for both in ("both", "mixed"):
        assert (
            len(decoded(house.archive.recordings.convert(sid, channels=both, by="ana"), "mp3", 1))
            == 4 * RATE
        )


def test_a_side_that_nobody_knows_is_refused(house: House, sid: str) -> None:
    with house.archive.catalog.database.write() as connection:
        connection.exec_driver_sql("UPDATE recordings SET channel_map = '[]'")
    with pytest.raises(InvalidQuery, match="nobody knows which channel is the agent's"):
        house.archive.recordings.convert(sid, channels="agent", by="ana")


def test_what_is_to_be_erased_is_not_converted(house: House, sid: str) -> None:
    destroy(house.archive, sid, "asked")
    with pytest.raises(CustodyRefused):
        house.archive.recordings.convert(sid, by="ana")


@pytest.mark.parametrize(
    ("damaged", "error"),
    [
        (b"", NotAudio),
        (b"RIFF", NotAudio),
        (TALK[:43], NotAudio),
        (b"<?xml version='1.0'?><TwilioResponse/>" * 99, NotAudio),
        (TALK[:44], MediaTruncated),
        (TALK[:5000], MediaTruncated),
        (wav(1.0, channels=2)[:22] + b"\xff\xff" + wav(1.0, channels=2)[24:], NotAudio),
    ],
)
def test_a_damaged_original_is_an_error_at_once(
    house: House, sid: str, damaged: bytes, error: type[MediaError]
) -> None:
    _replace(house, damaged)
    with pytest.raises(error):
        house.archive.recordings.convert(sid, by="ana")


@pytest.mark.parametrize("name", ["wav", "mp3", "flac"])
def test_an_original_that_ends_early_is_an_error_and_not_a_short_file(
    house: House, sid: str, name: str
) -> None:
    known = house.recording()
    _replace(house, TALK[:-3])
    with house.archive.catalog.database.write() as connection:
        connection.exec_driver_sql(
            "UPDATE recordings SET size = ?, crc32c = ?, sha256 = ?",
            (known.size, known.crc32c, known.sha256),
        )
    with pytest.raises(BytesDiffer, match="bytes, not"):
        list(house.archive.recordings.convert(sid, format=name, by="ana"))


@pytest.mark.parametrize("name", ["wav", "mp3"])
def test_what_the_bucket_says_comes_through(
    house: House, sid: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = house.archive.recordings.convert(sid, format=name, by="ana")
    stored = house.bucket.stat(house.stored()[0])
    house.bucket.delete(stored.name, stored.generation)
    with pytest.raises(BucketError):
        list(made)


def _replace(house: House, content: bytes) -> None:
    """Let something else have been archived."""
    stored = house.bucket.stat(house.stored()[0])
    house.bucket.delete(stored.name, stored.generation)
    house.bucket.put(
        stored.name, [content], content_type="x", labels={}, custom_time=house.time, finish=dict
    )
    with house.archive.catalog.database.write() as connection:
        connection.exec_driver_sql(
            "UPDATE recordings SET size = ?, crc32c = ?, sha256 = ?",
            (len(content), str(Crc32c(content)), hashlib.sha256(content).hexdigest()),
        )


def test_who_got_what_is_on_the_audit_log_before_the_first_byte(house: House, sid: str) -> None:
    house.archive.recordings.convert(
        sid, format="opus", channels="agent", start=1.5, by=Actor("ana", "supervisor")
    )
    house.archive.recordings.convert(sid, by="ana", download=False)
    with pytest.raises(InvalidQuery):
        house.archive.recordings.convert(sid, format="wma", by="eve")
    log = [
        (entry.action, entry.by, entry.outcome, entry.detail) for entry in house.archive.audit.log()
    ]
    assert log[:3] == [
        ("download", "eve", "failed", {"error": "InvalidQuery"}),
        ("listen", "ana", "tried", {"format": "mp3"}),
        ("download", "ana", "tried", {"format": "opus", "channels": "agent", "start": "1.5"}),
    ]


def test_who_may_not_hear_it_gets_no_conversion_either(house: House, sid: str) -> None:
    with pytest.raises(CustodyRefused, match="download is not for the role auditor"):
        house.archive.recordings.convert(sid, by=Actor("ana", "auditor"))
    assert house.archive.audit.log()[0].outcome == "denied"
