"""What callers hear, on the command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.conftest import Twirec
from tests.sounds import wav
from twirec.archive import Archive
from twirec.model.announcements import Announcement, Audio

AUDIO = Audio(wav(8.0, channels=1), 8.0)
RECORDED = Announcement("gl-ES", "", "Esta chamada grávase.", audio=AUDIO.hash, seconds=8.0)


@pytest.fixture(autouse=True)
def set_up(twirec: Twirec, environ: dict[str, str]) -> None:
    assert twirec("init").exit_code == 0
    archive = Archive.from_env(environ)
    archive.catalog.keep_audio(AUDIO, datetime.now(UTC))
    archive.catalog.keep_announcement(RECORDED, datetime.now(UTC))
    archive.close()


def test_without_a_hash_it_shows_what_is_said_now(twirec: Twirec) -> None:
    said = json.loads(twirec("announcement", "--json").output)
    assert (said["language"], said["voice"]) == ("es-ES", "Polly.Lucia-Neural")
    assert "va a ser grabada" in said["text"]
    assert said["text"] in twirec("announcement").output


def test_by_a_hash_it_shows_what_was_said_and_saves_the_audio(
    twirec: Twirec, tmp_path: Path
) -> None:
    assert "Esta chamada grávase." in twirec("announcement", RECORDED.hash).output
    assert twirec("announcement", RECORDED.hash, "-o", f"{tmp_path}/heard.wav").exit_code == 0
    assert (tmp_path / "heard.wav").read_bytes() == AUDIO.data


def test_what_a_voice_read_has_no_audio(twirec: Twirec, tmp_path: Path) -> None:
    refused = twirec("announcement", "-o", f"{tmp_path}/heard.wav")
    assert refused.exit_code == 2
    assert "A voice read it (Polly.Lucia-Neural)" in refused.output


def test_a_hash_that_was_never_played_is_an_error(twirec: Twirec) -> None:
    refused = twirec("announcement", "0" * 64)
    assert refused.exit_code == 1
    assert "was ever played" in refused.output
