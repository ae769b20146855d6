"""Which seconds are heard together, and what sentences are made of words."""

from __future__ import annotations

import pytest

from twirec.model.transcript import Word
from twirec.model.vocabulary import Role
from twirec.model.waveform import Span
from twirec.transcripts.sentences import in_order, sentences
from twirec.transcripts.windows import Window, windows

WINDOWS = [
    ([], 60.0, []),
    ([(1.0, 3.0)], 60.0, [(0.5, 3.5)]),
    ([(0.2, 3.0)], 3.1, [(0.0, 3.1)]),
    ([(1.0, 3.0), (10.0, 12.0)], 60.0, [(0.5, 12.5)]),
    ([(1.0, 3.0), (30.0, 32.0)], 60.0, [(0.5, 3.5), (29.5, 32.5)]),
    (
        [(0.0, 50.0), (51.0, 100.0), (101.0, 140.0), (141.0, 155.0)],
        200.0,
        [(0.0, 50.5), (50.5, 100.5), (100.5, 155.5)],
    ),
    ([(0.0, 320.0)], 350.0, [(at, min(at + 60.0, 320.5)) for at in range(0, 320, 60)]),
]


@pytest.mark.parametrize(("spans", "seconds", "heard"), WINDOWS)
def test_what_nobody_speaks_in_is_not_heard_and_no_part_is_long(
    spans: list[tuple[float, float]], seconds: float, heard: list[tuple[float, float]]
) -> None:
    found = list(windows([Span(*span) for span in spans], seconds))
    assert found == [Window(*window) for window in heard]


def spoken(*said: tuple[str, float, float]) -> list[Word]:
    return [Word(text, starts, ends, 0.5) for text, starts, ends in said]


SENTENCES = [
    ([], []),
    ([("Hola.", 0.0, 0.4), ("¿Sí?", 0.5, 0.9), ("Diga", 1.0, 1.4)], ["Hola.", "¿Sí?", "Diga"]),
    ([("eso", 0.0, 0.4), ("no", 0.5, 0.7)], ["eso no"]),
    ([("Eso", 0.0, 0.4), ("No", 2.0, 2.4)], ["Eso", "No"]),
    ([("eso", 0.0, 0.4), ("es", 0.5, 0.6), ("no", 2.0, 2.4)], ["eso es", "no"]),
    ([("De", 0.0, 0.4), ("acuerdo.", 9.0, 9.4)], ["De acuerdo."]),
    ([("son", 0.0, 0.4), ("3.500", 0.5, 1.0), ("euros.", 1.1, 1.5)], ["son 3.500 euros."]),
    (
        [
            ("bueno,", 0.0, 0.4),
            *((f"y{at}", at, at + 0.9) for at in range(1, 21)),
            ("así,", 21, 22),
            ("ya", 22.1, 22.5),
        ],
        ["bueno, " + " ".join(f"y{at}" for at in range(1, 21)) + " así,", "ya"],
    ),
]


@pytest.mark.parametrize(("words", "texts"), SENTENCES)
def test_a_sentence_ends_with_its_mark_with_a_pause_or_when_it_is_long(
    words: list[tuple[str, float, float]], texts: list[str]
) -> None:
    found = sentences(spoken(*words), Role.AGENT)
    assert [each.text for each in found] == texts
    for each in found:
        assert (each.side, each.probability) == (Role.AGENT, 0.5)
        assert (each.starts, each.ends) == (each.words[0].starts, each.words[-1].ends)


def test_a_word_that_was_put_before_a_pause_is_where_it_goes_on() -> None:
    (one,) = sentences(spoken(("De", 1.0, 1.3), ("acuerdo.", 9.0, 9.4)), Role.AGENT)
    assert (one.starts, one.words[0].ends, one.ends) == (8.8, 9.0, 9.4)


def test_both_sides_are_in_the_order_of_what_they_say() -> None:
    one = sentences(spoken(("A.", 0.0, 1.0), ("C.", 4.0, 5.0)), Role.AGENT)
    other = sentences(spoken(("B.", 2.0, 3.0)), Role.CUSTOMER)
    assert [each.text for each in in_order([one, other])] == ["A.", "B.", "C."]
