"""The call in which a card number is spoken; other tests of transcripts have their own house."""

from __future__ import annotations

import pytest

from tests.audio.hearing import archived
from tests.house import House
from tests.transcripts.cut_house import WITH_CARD, a_house
from twirec.adapters.memory_speech import MemorySpeech


@pytest.fixture(scope="module")
def template() -> House:
    """A call in which a card number is spoken, of which each test has a copy."""
    house = a_house(MemorySpeech(WITH_CARD))
    archived(house)
    return house


@pytest.fixture
def house(template: House) -> House:
    """A copy of it, with a model of its own."""
    template.archive._given_speech = MemorySpeech(WITH_CARD)
    return template.copy()
