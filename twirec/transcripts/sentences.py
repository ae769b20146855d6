"""Sentences made of words: cut where one ends, where somebody pauses, and where it grows long."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from twirec.model.transcript import Sentence, Word
from twirec.model.vocabulary import Role

PAUSE = 1.2
"""Seconds without a word that end a sentence, whatever stands at its end."""
LONGEST = 20.0
"""Seconds after which the next comma ends one: a person has to find the place."""
SHORT = 0.2
"""Seconds of a word whose time is not known."""
ENDS = (".", "?", "!", "…")


def sentences(words: Iterable[Word], side: Role | None) -> list[Sentence]:
    """Return the sentences of one side.

    Args:
        words: in order, their times from the recording's beginning.
        side: whose they are; None where nobody knows.
    """
    return [_sentence(those, side) for those in _grouped(words)]


def in_order(sides: Iterable[Iterable[Sentence]]) -> tuple[Sentence, ...]:
    """Return what all sides say, in the order in which it begins."""
    return tuple(sorted((each for side in sides for each in side), key=lambda one: one.starts))


def _grouped(words: Iterable[Word]) -> Iterator[list[Word]]:
    those: list[Word] = []
    for word in words:
        if those and word.starts - those[-1].ends > PAUSE:
            if len(those) == 1 and word.text[:1].islower() and not those[0].text.endswith(ENDS):
                those = [_moved(those[0], word)]
            else:
                yield those
                those = []
        those.append(word)
        long = word.ends - those[0].starts > LONGEST and word.text.endswith((",", ";", ":"))
        if word.text.endswith(ENDS) or long:
            yield those
            those = []
    if those:
        yield those


def _moved(word: Word, before: Word) -> Word:
    """Return a word as one that is said right before another one.

    Pauses are cut out before the model hears, and the first word behind one is sometimes put before
    it. It shows by a single word, behind which the sentence goes on in small letters.
    """
    ends = before.starts
    return replace(word, starts=round(max(ends - SHORT, word.starts), 2), ends=ends)


def _sentence(words: Sequence[Word], side: Role | None) -> Sentence:
    return Sentence(
        side,
        words[0].starts,
        words[-1].ends,
        " ".join(word.text for word in words),
        round(sum(word.probability for word in words) / len(words), 3),
        tuple(words),
    )
