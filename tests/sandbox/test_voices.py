from __future__ import annotations

import pytest

from twirec.sandbox.voices import speaks


@pytest.mark.parametrize(
    ("language", "voice"),
    [
        ("es-ES", "Polly.Lucia-Neural"),
        ("es-ES", "Polly.Sergio-Neural"),
        ("ca-ES", "Polly.Arlet-Neural"),
        ("en-GB", "Polly.Amy-Neural"),
        ("en-US", "Polly.Joanna-Neural"),
        ("pt-PT", "Polly.Ines-Neural"),
        ("fr-FR", "Polly.Lea-Neural"),
        ("de-DE", "Polly.Vicki-Neural"),
        ("it-IT", "Polly.Bianca-Neural"),
        ("gl-ES", "Google.gl-ES-Standard-A"),
        ("eu-ES", "Google.eu-ES-Standard-A"),
    ],
)
def test_a_voice_speaks_its_own_language_and_no_other(language: str, voice: str) -> None:
    assert speaks(voice, language)
    assert speaks(voice, None)
    assert not speaks(voice, "es-MX")


@pytest.mark.parametrize("language", ["gl-ES", "eu-ES"])
def test_galician_and_basque_are_not_spoken_by_the_basic_voices(language: str) -> None:
    for voice in ("man", "woman", "alice", None):
        assert not speaks(voice, language)
