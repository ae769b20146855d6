"""Figures as people say them, and as a machine writes them: every way in which they can be read.

`veinte dos` is 22 or 20 and 2, so that a reader gets all digits that may be meant, and judges by
what comes of them. Spanish, English, Catalan, Galician and Basque are one table: nobody has to know
which of them is spoken. Of the last three digits and pairs are read, and no hundreds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from twirec.model.heard_words import HUNDREDS

Reading = tuple[str, int]
"""Digits, and where it goes on."""


def _numbered(*rows: str, start: int = 0) -> dict[str, int]:
    return {word: at for row in rows for at, word in enumerate(row.split(), start) if word != "_"}


_DIGITS = {
    **_numbered(
        "cero uno dos tres cuatro cinco seis siete ocho nueve",
        "zero one two three four five six seven eight nine",
        "zero u dos tres quatre cinc sis set vuit nou",
        "cero _ dous tres catro cinco seis sete oito nove",
        "zero bat bi hiru lau bost sei zazpi zortzi bederatzi",
    ),
    **dict.fromkeys(("oh", "o", "nought", "null"), 0),
    "dues": 2,
    "duas": 2,
}
_TEENS = _numbered(
    "diez once doce trece catorce quince dieciseis diecisiete dieciocho diecinueve veinte "
    "veintiuno veintidos veintitres veinticuatro veinticinco veintiseis veintisiete "
    "veintiocho veintinueve",
    "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen",
    "deu onze dotze tretze catorze quinze setze disset divuit dinou",
    "dez once doce trece catorce quince dezaseis dezasete dezaoito dezanove",
    "hamar hamaika hamabi hamahiru hamalau hamabost hamasei hamazazpi hemezortzi hemeretzi",
    start=10,
)
_TENS = {
    word: 10 * tens
    for word, tens in _numbered(
        "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
        "twenty thirty forty fifty sixty seventy eighty ninety",
        "vint trenta quaranta cinquanta seixanta setanta vuitanta noranta",
        "vinte trinta corenta cincuenta sesenta setenta oitenta noventa",
        "hogei _ berrogei _ hirurogei _ laurogei",
        "_ _ fourty",
        start=2,
    ).items()
}
_SCORES = {f"{word}ta": _TENS[word] for word in ("hogei", "berrogei", "hirurogei", "laurogei")}
"""Of Basque, which counts in twenties: `hirurogeita hamabi`, 72."""
_THOUSAND, _AND = frozenset({"mil", "thousand"}), frozenset({"y", "and", "i", "e", "eta"})
_TIMES = {
    **dict.fromkeys(("doble", "double", "dobre"), 2),
    **dict.fromkeys(("triple", "treble", "tripla"), 3),
}
_SEVERAL = {
    f"{word}{end}": digit
    for word, digit in _DIGITS.items()
    for end in ("s", "es")
    if f"{word}{end}" not in _DIGITS
}
"""`dos ceros`, `three fives`."""


def readings(words: Sequence[str], at: int) -> list[Reading]:
    """Return what the words from one on may be read as, the longest reading first; empty for none.

    Args:
        words: in small letters, without accents and marks: what is written in digits is one.
        at: which one it begins with.
    """
    found = dict.fromkeys(_all(words, at))
    return sorted(found, key=lambda reading: -reading[1])


def is_figure(word: str) -> bool:
    """Whether a word is a figure, or a part of one that is said in several words."""
    return word.isdecimal() or word in _FIGURES


def _all(words: Sequence[str], at: int) -> Iterator[Reading]:
    word, following = _word(words, at), _word(words, at + 1)
    if word in _TIMES:  # `doble cuatro`, and `doble 4`
        if (digit := _digit(following)) is not None:
            yield digit * _TIMES[word], at + 2
        return
    if following in _SEVERAL and (count := _number_of(word)) in {2, 3, 4}:
        yield str(_SEVERAL[following]) * count, at + 2
        return
    if word.isdecimal():
        yield word, at + 1
    for number, after in (*_below_1000(words, at), *_thousands(words, at)):
        yield str(number), after


def _thousands(words: Sequence[str], at: int) -> Iterator[tuple[int, int]]:
    """Yield numbers with thousands. That `dos mil` may be 2 and 1000 says who reads `dos` alone."""
    before = [(1, at)] if _word(words, at) in _THOUSAND else []
    before += [each for each in (*_below_1000(words, at), *_written(words, at)) if each[0] > 0]
    for many, after in before:
        if _word(words, after) in _THOUSAND:
            rest = [*_rest(words, after + 1, 3)] or [(0, after + 1)]
            yield from ((1000 * many + more, end) for more, end in rest)


def _below_1000(words: Sequence[str], at: int) -> Iterator[tuple[int, int]]:
    word, below = _word(words, at), [*_below_100(words, at)]
    yield from below
    heads = [(HUNDREDS[word], at + 1)] if word in HUNDREDS else []
    heads += [
        (100 * many, after + 1)
        for many, after in (*below, *_written(words, at))
        if 0 < many < 100 and _word(words, after) == "hundred"
    ]
    for hundreds, after in heads:
        rest = [] if word == "cien" else [*_rest(words, after, 2)]
        yield from ((hundreds + more, end) for more, end in rest or [(0, after)])


def _rest(words: Sequence[str], at: int, digits: int) -> Iterator[tuple[int, int]]:
    """Yield what is said behind a round number: below 100 or, with three digits, below 1000."""
    start = at + 1 if _word(words, at) in _AND else at
    spoken = _below_1000(words, start) if digits > 2 else _below_100(words, start)
    written = (each for each in _written(words, start) if len(words[start]) == digits)
    yield from (each for each in (*spoken, *written) if each[0] > 0)


def _below_100(words: Sequence[str], at: int) -> Iterator[tuple[int, int]]:
    word = _word(words, at)
    if word in _SCORES:
        rest = _number_of(_word(words, at + 1))
        yield (_SCORES[word] + rest, at + 2) if 0 < rest < 20 else (_SCORES[word], at + 1)
        return
    joined = word in _TENS and _word(words, at + 1) in _AND
    following = _word(words, at + 2 if joined else at + 1)
    unit = 1 if following in _ONE else _DIGITS.get(following, 0)
    if word in _TENS and unit > 0:
        yield _TENS[word] + unit, at + (3 if joined else 2)
        if joined:
            return
    if (number := _number_of(word)) >= 0:
        yield number, at + 1


def _written(words: Sequence[str], at: int) -> Iterator[tuple[int, int]]:
    """Yield what is written in at most three digits, as before `mil`."""
    word = _word(words, at)
    if word.isdecimal() and len(word) <= 3:
        yield int(word), at + 1


def _number_of(word: str) -> int:
    """Return what one word says, below 100; -1 for none."""
    if word.isdecimal():
        return int(word) if len(word) == 1 else -1
    return _BELOW_100.get(word, -1)


_ONE = frozenset({"un", "una", "unha"})
"""One behind tens only: `cuarenta y un mil`. Elsewhere they are articles."""
_BELOW_100 = {**_TENS, **_TEENS, **_DIGITS}


def _digit(word: str) -> str | None:
    if word in _DIGITS:
        return str(_DIGITS[word])
    return word if word.isdecimal() and len(word) == 1 else None


def _word(words: Sequence[str], at: int) -> str:
    return words[at] if 0 <= at < len(words) else ""


_FIGURES = frozenset({*_BELOW_100, *_SCORES, *HUNDREDS, "hundred", *_THOUSAND, *_TIMES, *_SEVERAL})
