"""What every model that hears speech does. Whisper itself is heard in `tests/speech`."""

from __future__ import annotations

import pytest

from twirec.adapters.memory_speech import MemorySpeech
from twirec.model.errors import ModelUnusable, Stopped
from twirec.model.ports import SpeechModel


@pytest.fixture
def speech() -> SpeechModel:
    return MemorySpeech()


def test_words_are_in_order_and_within_what_was_heard(speech: SpeechModel) -> None:
    check_words(speech, bytes(2 * 8000 * 4))


def check_words(speech: SpeechModel, samples: bytes) -> None:
    """Hear some seconds at 8 kHz, and look at the words of them."""
    heard = speech.hear(samples, 8000, "es", lambda: None)
    assert heard.words
    assert heard.language == "es"
    at = 0.0
    for word in heard.words:
        assert at - 0.05 <= word.starts <= word.ends <= len(samples) / 16_000 + 0.5
        assert word.text == word.text.strip()
        assert 0 <= word.probability <= 1
        at = word.starts


def test_what_the_heartbeat_raises_ends_the_hearing(speech: SpeechModel) -> None:
    check_stops(speech, bytes(2 * 8000 * 4))


def check_stops(speech: SpeechModel, samples: bytes) -> None:
    """Let a worker be stopped while it hears."""

    def stop() -> None:
        raise Stopped("asked to")

    with pytest.raises(Stopped):
        speech.hear(samples, 8000, "es", stop)


def test_the_same_has_the_same_recipe_and_it_hears_after_a_rest(speech: SpeechModel) -> None:
    assert speech.problem() == ""
    assert speech.facts() == speech.facts()
    speech.rest()
    assert speech.facts().recipe("es") == speech.facts().recipe("es")
    check_words(speech, bytes(2 * 8000 * 4))


def test_one_that_cannot_be_used_says_so_before_and_when_it_is_to_hear() -> None:
    speech = MemorySpeech()
    speech.broken = "It is not there."
    assert speech.problem() == "It is not there."
    with pytest.raises(ModelUnusable):
        speech.hear(bytes(16), 8000, None, lambda: None)
