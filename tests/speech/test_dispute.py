"""Real speech, as a telephone carries it: what a model makes of it, and when it was said."""

from __future__ import annotations

import re
from itertools import groupby

import pytest

from tests.contracts.test_speech import check_stops, check_words
from tests.speech.conftest import RATE, SAID, Dispute, samples
from twirec.adapters.whisper import Whisper
from twirec.model.plain_text import plain
from twirec.model.transcript import Sentence
from twirec.model.vocabulary import Role

NUMERALS = {
    "cero": "0",
    "uno": "1",
    "dos": "2",
    "tres": "3",
    "cuatro": "4",
    "cinco": "5",
    "seis": "6",
    "siete": "7",
    "ocho": "8",
    "nueve": "9",
    "doce": "12",
    "quince": "15",
    "ochenta": "80",
}
"""Those of the call: what is written in digits counts as the same."""


def words(text: str) -> list[str]:
    """The words of a text, without accents and marks, numerals that follow each other in one."""
    bare = [NUMERALS.get(word, word) for word in re.findall(r"\w+", plain(text))]
    joined: list[str] = []
    for is_number, those in groupby(bare, str.isdigit):
        group = list(those)
        joined += ["".join(group)] if is_number else group
    return joined


def errors(said: list[str], heard: list[str]) -> int:
    """How many words have to be changed, put in or left out to make one of the other."""
    row = list(range(len(heard) + 1))
    for at, word in enumerate(said, 1):
        before, row[0] = row[0], at
        for place, other in enumerate(heard, 1):
            before, row[place] = (
                row[place],
                min(row[place] + 1, row[place - 1] + 1, before + (word != other)),
            )
    return row[-1]


def heard_of(dispute: Dispute, side: Role) -> list[Sentence]:
    return [each for each in dispute.transcript.sentences if each.side is side]


def test_of_five_words_four_are_right_on_both_sides_together(dispute: Dispute) -> None:
    wrong = count = 0
    for side in Role:
        said = words(" ".join(each["text"] for each in SAID if each["who"] == side))
        heard = words(" ".join(each.text for each in heard_of(dispute, side)))
        wrong += errors(said, heard)
        count += len(said)
    assert count > 150
    assert wrong / count <= 0.2, f"{wrong} of {count} words: {dispute.transcript}"


@pytest.mark.parametrize("said", SAID, ids=lambda each: f"{each['starts']}")
def test_each_sentence_is_found_at_its_second_on_its_side(
    dispute: Dispute, said: dict[str, float | str]
) -> None:
    starts = [each.starts for each in heard_of(dispute, Role(str(said["who"])))]
    nearest = min(starts, key=lambda at: abs(at - float(said["starts"])))
    assert abs(nearest - float(said["starts"])) <= 1.0


def test_each_word_has_its_time_and_how_sure_the_machine_is(dispute: Dispute) -> None:
    transcript = dispute.transcript
    assert (transcript.language, round(transcript.duration)) == ("es", 83)
    assert transcript.model_sha256.startswith("905e5bf8336bcc62")
    for sentence in transcript.sentences:
        assert sentence.text == " ".join(word.text for word in sentence.words)
        assert (sentence.words[0].starts, sentence.words[-1].ends) == (
            sentence.starts,
            sentence.ends,
        )
        for word in sentence.words:
            assert 0 <= word.starts <= word.ends <= transcript.duration + 0.5
            assert 0 <= word.probability <= 1


def test_it_does_what_every_model_does(whisper: Whisper) -> None:
    told = SAID[3]
    first, last = (round(float(told["starts"]) + more) * RATE for more in (0, told["seconds"]))
    customer = memoryview(samples()).cast("h")[2 * first : 2 * last : 2].tobytes()
    check_words(whisper, customer)
    check_stops(whisper, customer)
    whisper.rest()
    check_words(whisper, customer)


def test_nobody_is_heard_where_nobody_speaks(whisper: Whisper) -> None:
    assert whisper.hear(bytes(2 * 8000 * 3), 8000, "es", lambda: None).words == ()
