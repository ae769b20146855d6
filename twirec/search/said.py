"""A phrase that somebody remembers, and how well what a machine heard is it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from twirec.model.errors import InvalidQuery
from twirec.model.heard_words import SMALL, HeardWord, heard_word, heard_words, index_keys

LONGEST = 200
"""Characters of a phrase."""

MOST_LOOKED_UP = 6
"""Words of a phrase that the index is asked for, the longest: all are compared afterwards."""

FLOOR = 0.7
"""How well what was heard has to be the phrase: below that it is another one."""

LARGEST_GAP = 4
"""Words that a side says between two words of the phrase."""

SMALL_WEIGHT = 0.25
"""Of a word that may be missing, where that of any other is 1."""

ALIKE = 0.92
"""How well two words that sound the same are the same."""

NEAREST, NEARLY = 0.7, 0.9
"""How much of two words has to be the same, and what that is worth beside the same word."""

LEAST = 0.6
"""How much of what is written has to be the same of words that sound nearly alike."""

SHORTEST_NEAR = 4
"""Letters of a word that is compared letter by letter."""

LONG_KEY = 4
"""Letters of a key whose beginning and end are of few words."""

SHORTEST_PART = 4
"""Digits by which a longer number is found."""

OTHER_WORD, OTHER_SMALL_WORD = 0.03, 0.01
"""What a word between two of the phrase takes away."""


@dataclass(frozen=True, slots=True)
class Match:
    """Where in a text a phrase was heard.

    Attributes:
        at: with which word of the text it begins.
        well: how well it was heard, from `FLOOR` to 1.
    """

    at: int
    well: float


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase that somebody remembers.

    Attributes:
        words: in order.
    """

    words: tuple[HeardWord, ...]
    # How well words that were heard are each of these: the same are heard again and again.
    _known: tuple[dict[str, float], ...] = field(repr=False, compare=False, default=())

    @classmethod
    def of(cls, text: str) -> Phrase:
        """Read a phrase.

        Raises:
            InvalidQuery: there is no word in it, or it is too long.
        """
        if len(text) > LONGEST:
            raise InvalidQuery(f"said: that is too long; give up to {LONGEST} characters.")
        words = tuple(heard_words(text))
        if not words:
            raise InvalidQuery('said: give words, such as said:"permanencia de doce meses".')
        return cls(words, tuple({} for _ in words))

    def keys(self, *, near: bool) -> list[list[str]]:
        """Return what the index is asked for: one of each list has to be there.

        Args:
            near: whether words that sound nearly as one of the phrase are found by it too.
        """
        large = [word for word in self.words if not word.small] or list(self.words)
        if near:  # what begins and ends like a short word are too many: it is compared afterwards
            large = [each for each in large if each.is_number or len(each.key) >= LONG_KEY] or large
        longest = sorted(dict.fromkeys(large), key=lambda word: -len(word.text))[:MOST_LOOKED_UP]
        return [_near_keys(word) if near else index_keys(word)[:1] for word in longest]

    def match(self, heard: Sequence[str]) -> Match | None:
        """Return where a phrase was heard best; None if it was not.

        Each of its words has to be there, in their order, as it is or as a machine hears it; small
        ones may be missing, and a few others may stand between them.

        Args:
            heard: words as they are compared: `HeardWord.text` of each.
        """
        best: Match | None = None
        weights = [SMALL_WEIGHT if word.small else 1.0 for word in self.words]
        if all(word.small for word in self.words):
            weights = [1.0] * len(self.words)
        ways: list[tuple[int, float, int]] = []  # last word, worth, first word
        begun = True  # whether the first words may have been missing
        for word, weight, known in zip(self.words, weights, self._known, strict=True):
            for each in heard:
                if each not in known:
                    known[each] = alike(word, heard_word(each))
            new = [
                way
                for at, each in enumerate(heard)
                if known[each]
                for way in self._onto(heard, at, known[each] * weight, ways, begin=begun)
            ]
            if weight == 1.0:
                ways, begun = new, False
            else:
                ways = _best([*ways, *new])
            if not ways and not begun:
                return None
        total = sum(weights)
        for _, worth, first in ways:
            if best is None or worth / total > best.well:
                best = Match(first, worth / total)
        return best if best is not None and best.well >= FLOOR else None

    def _onto(
        self,
        heard: Sequence[str],
        at: int,
        worth: float,
        ways: Sequence[tuple[int, float, int]],
        *,
        begin: bool,
    ) -> Iterator[tuple[int, float, int]]:
        """Yield the best way that goes on to a word, and the one that begins with it."""
        on = [
            (way[1] + worth - _taken(heard[way[0] + 1 : at]), way[2])
            for way in ways
            if 0 < at - way[0] <= LARGEST_GAP + 1
        ]
        if on:
            best, first = max(on)
            yield at, best, first
        if begin:
            yield at, worth, at


def _near_keys(word: HeardWord) -> list[str]:
    """Return the keys of what sounds nearly like a word, and like it: that begins as it does."""
    first, *others = index_keys(word)
    return others if len(others) > 1 else [first, *others]


def _best(ways: Sequence[tuple[int, float, int]]) -> list[tuple[int, float, int]]:
    """Return of the ways that end with the same word the best."""
    by_last: dict[int, tuple[int, float, int]] = {}
    for way in ways:
        if way[0] not in by_last or by_last[way[0]][1] < way[1]:
            by_last[way[0]] = way
    return list(by_last.values())


def _taken(between: Sequence[str]) -> float:
    return sum(OTHER_SMALL_WORD if word in SMALL else OTHER_WORD for word in between)


def alike(word: HeardWord, heard: HeardWord) -> float:
    """Return how well a word that was heard is a word of a phrase: 0 to 1.

    A number is the same or another one; of a long one, a part is enough.
    """
    if word.text == heard.text:
        return 1.0
    if word.is_number or heard.is_number:
        part = len(word.text) >= SHORTEST_PART and word.text in heard.text
        return ALIKE if part and heard.is_number else 0.0
    if word.small != heard.small:
        return 0.0
    if word.key == heard.key and len(word.key) > 1:
        return ALIKE
    if min(len(word.text), len(heard.text)) < SHORTEST_NEAR or word.small:
        return 0.0
    if word.key[0] != heard.key[0] and word.key[-1] != heard.key[-1]:
        return 0.0
    written = _in_common(word.text, heard.text)
    if not written:
        return 0.0
    same = max(written, (written + _in_common(word.key, heard.key)) / 2)
    return same * NEARLY if same >= NEAREST else 0.0


def _in_common(one: str, other: str) -> float:
    """Return how much of two words is the same, 0 to 1; 0 where a glance says that it is little."""
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    if matcher.real_quick_ratio() < LEAST or matcher.quick_ratio() < LEAST:
        return 0.0
    same = matcher.ratio()
    return same if same >= LEAST else 0.0
