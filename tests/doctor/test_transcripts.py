"""What the doctor says of the model, and of announcements that do not tell of transcripts."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tests.factories import STARTED
from twirec.adapters import whisper
from twirec.adapters.whisper import Whisper
from twirec.calls.wordings import WORDINGS, says_transcribed, transcribing
from twirec.doctor.transcripts import check_model, check_wordings
from twirec.model.inspection import Level
from twirec.model.transcript import SpeechFacts
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

FACTS = SpeechFacts("small", "a" * 64, {})


class Model(Whisper):
    """One that loads."""

    def load(self) -> SpeechFacts:
        return FACTS


@pytest.mark.parametrize("language", WORDINGS)
def test_our_announcements_say_it_where_transcripts_are_made(language: str) -> None:
    notice = WORDINGS[language].notice
    assert not says_transcribed(notice, language)
    told = transcribing(WORDINGS)[language].notice
    assert says_transcribed(told, language)
    assert len(told) > len(notice)
    assert "{company}" in told
    assert "{privacy_info}" in told


def test_a_model_that_is_missing_or_another_one_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whisper, "find_spec", lambda _: True)
    missing = check_model(Whisper(str(tmp_path / "away")), {})
    assert missing.level is Level.FAILED
    assert "there is no such folder" in missing.what
    assert check_model(Model("small"), {"a" * 64: 3}).level is Level.OK
    other = check_model(Model("small"), {"a" * 64: 3, "b" * 64: 1200})
    assert other.level is Level.WARNING
    assert "1,200 of the transcripts" in other.what


def settings(**changes: str) -> Settings:
    return Settings.from_env({**ENVIRONMENT, **changes})


def test_an_announcement_that_does_not_tell_of_it_is_warned_of() -> None:
    told = settings(TWIREC_TRANSCRIPTS="all")
    assert list(check_wordings(told, [], STARTED)) == []
    silent = dataclasses.replace(told, wordings=WORDINGS)
    (found,) = check_wordings(silent, [], STARTED)
    assert found.level is Level.WARNING
    assert "announcement in es-ES does not say so" in found.what
    assert list(check_wordings(settings(), [], STARTED)) == []
