"""A call in which a card number is spoken, and what tests ask of it."""

from __future__ import annotations

import dataclasses
from typing import Any

from tests.factories import recording_sid
from tests.house import House
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.adapters.memory_speech import MemorySpeech
from twirec.model.access import Actor
from twirec.model.cards import CardCut, CardNumbers
from twirec.model.transcript import TranscriptRule
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

SID = recording_sid()
ANA, EVA = Actor("ana", "admin"), Actor("eva", "supervisor")
CARD = "4532 0151 1283 0366"
WITH_CARD = (f"es la {CARD} vale", "muy bien gracias")
"""What is heard of each side, as it was recorded."""
CLEAN = ("es la vale", "muy bien gracias")
EVERYTHING = TranscriptRule(everything=True)


def a_house(
    speech: MemorySpeech,
    cards: CardNumbers = CardNumbers.PROPOSE,
    bucket: Any = None,
) -> House:
    settings = Settings.from_env(ENVIRONMENT)
    settings = dataclasses.replace(settings, transcripts=EVERYTHING, card_numbers=cards)
    return House(settings, bucket or MemoryBucket(), speech)


def known(house: House) -> CardCut:
    cut = house.archive.cards.of(SID, by=ANA)
    assert cut is not None
    return cut


def speech_of(house: House) -> MemorySpeech:
    speech = house.archive._given_speech
    assert isinstance(speech, MemorySpeech)
    return speech


def hears(house: House, *texts: str) -> None:
    """Let what is heard from now on be something else."""
    speech_of(house)._texts = texts
    speech_of(house).heard.clear()


def objects(house: House) -> dict[str, bytes]:
    return {
        each.name: b"".join(house.bucket.open_range(each.name))
        for each in house.bucket.list("derivatives/")
    }


def heard(house: House) -> bytes:
    return b"".join(house.archive.recordings.open(SID, by=ANA))


def cut_out(house: House) -> CardCut:
    house.archive.cards.approve(SID, reason="they pay by card", by=EVA)
    kept = house.archive.catalog.transcripts.get(SID)
    assert kept is not None
    # another model hears the original first
    first = () if kept.model_sha256 == speech_of(house)._sha256 else WITH_CARD
    hears(house, *first, *CLEAN)
    house.archive.jobs.do("card cut", SID)
    return known(house)
