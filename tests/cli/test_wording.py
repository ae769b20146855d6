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
    archive.catalog.announcements.keep_audio(AUDIO, datetime.now(UTC))
    archive.catalog.announcements.keep(RECORDED, datetime.now(UTC))
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


def test_what_is_said_now_is_what_the_policy_says(twirec: Twirec) -> None:
    because = ("--reason", "the contract")
    assert twirec("policy", "--language", "ca-ES", *because).exit_code == 0
    of_one = ("--number", "911000222", "--direction", "out")
    assert twirec("policy", *of_one, "--mode", "opt_in", *because).exit_code == 0
    all_others, one = (
        json.loads(twirec("announcement", *of, "--json").output) for of in ((), of_one)
    )
    assert all_others["language"] == one["language"] == "ca-ES"
    assert (bool(all_others["question"]), bool(one["question"])) == (False, True)


@pytest.mark.parametrize("hash_", [RECORDED.hash[:12], "xyz", ""])
def test_a_hash_has_to_be_whole(twirec: Twirec, hash_: str) -> None:
    refused = twirec("announcement", hash_)
    assert refused.exit_code == 2
    assert "give all 64 hex digits" in refused.output


def test_audio_that_cannot_be_saved_is_one_sentence(twirec: Twirec, tmp_path: Path) -> None:
    refused = twirec("announcement", RECORDED.hash, "-o", f"{tmp_path}/nowhere/heard.wav")
    assert refused.exit_code == 1
    assert "No such file or directory" in refused.output
    assert "asks no question" in twirec("announcement", "-o", "q.wav", "--question").output
