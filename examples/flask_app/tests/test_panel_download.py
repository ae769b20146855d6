"""Taking a recording out as a file."""

from __future__ import annotations

import io
import re
import wave

import pytest
from panel_house import (
    OUT,
    PLAIN,
    REFUSED,
    SECONDS,
    Browser,
    House,
    Template,
    call_sid,
    recording_sid,
)

from callpanel.roles import Role
from callpanel.vocabulary import CHANNELS, FORMATS
from twirec import Archive

PATH = f"/recordings/{recording_sid(PLAIN)}/download"

BEGINS = {
    "original": (b"RIFF", "wav", "audio/x-wav"),
    "wav": (b"RIFF", "wav", "audio/wav"),
    "wav8": (b"RIFF", "wav", "audio/wav"),
    "wav24": (b"RIFF", "wav", "audio/wav"),
    "wav32": (b"RIFF", "wav", "audio/wav"),
    "alaw": (b"RIFF", "wav", "audio/wav"),
    "mulaw": (b"RIFF", "wav", "audio/wav"),
    "mp3": (b"\xff", "mp3", "audio/mpeg"),
    "opus": (b"OggS", "opus", "audio/ogg; codecs=opus"),
    "ogg": (b"OggS", "ogg", "audio/ogg"),
    "m4a": (b"\x00\x00\x00\x1cftyp", "m4a", "audio/mp4"),
    "flac": (b"fLaC", "flac", "audio/flac"),
    "webm": (b"\x1aE\xdf\xa3", "webm", "audio/webm"),
    "aiff": (b"FORM", "aiff", "audio/aiff"),
    "amr": (b"#!AMR", "amr", "audio/amr"),
}
"""What files of each format begin with, are named, and are called in HTTP."""


def asked(format: str = "mp3", **changes: str) -> dict[str, str]:
    """Return the form."""
    return {"format": format, "channels": "both", "start": "", "end": "", **changes}


def seconds_of(data: bytes) -> float:
    """Return how long a WAV file is, which a stream's head does not say."""
    with wave.open(io.BytesIO(data)) as file:
        frame = file.getnchannels() * file.getsampwidth()
        return (len(data) - data.index(b"data") - 8) / frame / file.getframerate()


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_of_the_form_gives_such_a_file(
    read_only: House, template: Template, format: str
) -> None:
    supervisor = Browser(read_only.app, template.passes[Role.SUPERVISOR])
    channels = "mixed" if format == "amr" else "both"
    answer = supervisor.post(PATH, asked(format, channels=channels))
    begin, extension, content_type = BEGINS[format]
    assert answer.status_code == 200
    assert answer.data.startswith(begin)
    assert answer.content_type == content_type
    part = "_mixed" if channels == "mixed" else ""
    name = f"+34600111222_2026-11-23_11-15-00{part}.{extension}"
    assert re.fullmatch(
        rf'attachment; filename="?{re.escape(name)}"?', answer.headers["Content-Disposition"]
    )


def test_a_file_is_named_with_number_and_local_time(supervisor: Browser) -> None:
    answer = supervisor.post(f"/recordings/{recording_sid(OUT)}/download", asked())
    assert "+447700900123_2026-11-23_11-15-00.mp3" in answer.headers["Content-Disposition"]


def test_the_original_is_what_was_archived(supervisor: Browser, template: Template) -> None:
    assert supervisor.post(PATH, asked("original")).data == template.wav


@pytest.mark.parametrize("channels", CHANNELS)
def test_every_choice_of_voices_can_be_had(supervisor: Browser, channels: str) -> None:
    answer = supervisor.post(PATH, asked("wav", channels=channels))
    with wave.open(io.BytesIO(answer.data)) as file:
        expected = 1 if channels in ("mixed", "customer", "agent") else 2
        assert file.getnchannels() == expected


@pytest.mark.parametrize(
    ("start", "end", "seconds"),
    [
        ("", "", SECONDS),
        ("1", "", 5),
        ("", "2", 2),
        ("0:01", "0:03.5", 2.5),
        ("0:00:01", "00:00:02", 1),
        (" 1 ", " 2 ", 1),
    ],
)
def test_a_cut_is_as_long_as_it_says(
    supervisor: Browser, start: str, end: str, seconds: float
) -> None:
    answer = supervisor.post(PATH, asked("wav", start=start, end=end))
    assert seconds_of(answer.data) == pytest.approx(seconds, abs=0.05)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"start": "3", "end": "2"}, "start"),
        ({"start": "2", "end": "2"}, "start"),
        ({"start": "7"}, "start"),
        ({"start": "99999:99:99"}, "start"),
        ({"start": "five"}, "From: Write a time in the recording"),
        ({"end": "-1"}, "Write a time in the recording"),
        ({"end": "1:2:3:4"}, "Write a time in the recording"),
        ({"start": "\N{ARABIC-INDIC DIGIT ONE}"}, "Write a time in the recording"),
        ({"end": "1" * 17}, "To: Field cannot be longer than 16"),
        ({"format": "exe"}, "Not a valid choice"),
        ({"channels": "third"}, "Not a valid choice"),
        ({"format": "amr"}, "channel"),
        ({"format": "original", "start": "1"}, "The original is given whole"),
        ({"format": "original", "channels": "agent"}, "The original is given whole"),
    ],
    ids=str,
)
def test_what_cannot_be_had_is_said(
    supervisor: Browser, archive: Archive, changes: dict[str, str], said: str
) -> None:
    answer = supervisor.post(PATH, asked() | changes)
    assert answer.status_code == 302
    assert answer.headers["Location"].endswith(recording_sid(PLAIN))
    page = supervisor.get(answer.headers["Location"])
    message = re.search('<p class="message error" role="alert">(.*?)</p>', page.text)
    assert message
    assert said in message[1]
    assert [each for each in archive.audit.log(action="download") if each.outcome == "done"] == []


def test_a_call_without_a_recording_has_none_to_download(supervisor: Browser) -> None:
    assert supervisor.get(f"/calls/{call_sid(REFUSED)}").status_code == 200
    path = f"/recordings/{call_sid(REFUSED)}/download"
    assert supervisor.post(path, asked()).status_code == 404
