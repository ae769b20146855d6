"""Words as a search by what was said compares them, and the keys by which an index finds them.

A machine that hears a call writes `15 días` where somebody says `quince días`, and a word that
sounds like the one that was said. So numerals become digits, accents go, and each word has a key
that those have in common which sound alike, in Spanish and in English. What is written, and what is
looked for, come the same way, so it makes no difference which language a word is of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from twirec.model.plain_text import plain

LONGEST_WORD = 40
"""Letters of a word that are compared."""

LONGEST_RUN = 4
"""Digits from which on numbers that are said one after the other are one number: `4 7 12 90`."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SMALL = _words(
    # a machine hears these or not, and who looks for a phrase remembers them or not
    "a al ante asi aun ay con de del e el ella ellas ellos en era es esa ese eso esta este esto "
    "fue ha han has hay he hemos hola la las le les lo los mas me mi mis muy ni nos o os para "
    "pero por pues que se ser si su sus tan te ti tu tus u un una uno usted ustedes va vale "
    "y ya yo eh ah um uh mm hm 1 "
    "am an and are as at be been but by did do does for from had has have her hers him his how i "
    "if in is it its just me my of off oh ok okay on or our out she so than that the their them "
    "then there they this to too us was we were well what when which who will with would yes you "
    "your im ive its thats"
)
"""Words that may be missing. What is said without them says the same: only `no` and `not`, and what
is like them, are never small."""

_SPANISH = (
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince "
    "dieciseis diecisiete dieciocho diecinueve veinte veintiuno veintidos veintitres "
    "veinticuatro veinticinco veintiseis veintisiete veintiocho veintinueve"
)
_ENGLISH = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
)
_UNITS = {
    **{name: number for number, name in enumerate(_SPANISH.split())},
    **{name: number for number, name in enumerate(_ENGLISH.split())},
    "un": 1,
    "una": 1,
    "veintiun": 21,
    "veintiuna": 21,
}
_TENS = {
    name: 10 * number
    for names in (
        "_ _ _ treinta cuarenta cincuenta sesenta setenta ochenta noventa",
        "_ _ twenty thirty forty fifty sixty seventy eighty ninety",
    )
    for number, name in enumerate(names.split())
    if name != "_"
}
HUNDREDS = {
    "cien": 100,
    "ciento": 100,
    "quinientos": 500,
    "quinientas": 500,
    "setecientos": 700,
    "setecientas": 700,
    "novecientos": 900,
    "novecientas": 900,
    **{
        f"{name}cient{end}": 100 * number
        for number, name in ((2, "dos"), (3, "tres"), (4, "cuatro"), (6, "seis"), (8, "ocho"))
        for end in ("os", "as")
    },
}
"""Spanish hundreds that are one word."""
_AND = frozenset({"y", "and"})

_SIGNS = {"%": " porciento ", "€": " euros ", "$": " dolares ", "£": " libras "}
_PERCENT = re.compile(r"\b(?:por ciento|per cent|percent)\b")
_TOKEN = re.compile(r"\d{1,3}(?:[.,]\d{3})+(?!\d)|\d+|[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class HeardWord:
    """A word as it is compared.

    Attributes:
        text: in small letters, without accents; a number in digits.
        key: what it sounds like; of a number, its digits.
        small: whether it may be missing.
    """

    text: str
    key: str
    small: bool

    @property
    def is_number(self) -> bool:
        """Whether it is a number, which is heard as it is or not at all."""
        return self.text.isdecimal()


def heard_words(text: str) -> list[HeardWord]:
    """Return a text as words that can be compared."""
    for sign, name in _SIGNS.items():
        text = text.replace(sign, name)
    folded = _PERCENT.sub("porciento", plain(text.replace("'", "").replace("’", "")))  # noqa: RUF001
    words = [re.sub("[.,]", "", each)[:LONGEST_WORD] for each in _TOKEN.findall(folded)]
    return [heard_word(word) for word in _joined(list(_in_digits(words)))]


@lru_cache(16384)
def heard_word(word: str) -> HeardWord:
    """Return a word of which `text` is known already."""
    return HeardWord(word, word if word.isdecimal() else sound(word), word in SMALL)


def index_keys(word: HeardWord) -> list[str]:
    """Return the keys of a word in the index: the first is that of all that sound like it.

    The others are of how it begins and how it ends, and are of those too that sound nearly so.
    """
    if word.is_number:
        return [f"n{word.key}"]
    key = word.key if word.key.isascii() else word.key.encode().hex()
    keys = [f"k{key}"]
    if len(key) >= 4:
        half = 3 if len(key) == 4 else 4
        keys += [f"h{key[:half]}", f"t{key[-half:]}"]
    bones = _VOWELS.sub("", key)
    if 2 <= len(bones) < 4 and not word.small:  # `mazo` and `marzo`
        keys.append(f"c{bones[0]}{bones[-1]}")
    return keys


_ALIKE = tuple(
    (frozenset(letters), re.compile(of), by)
    for letters, of, by in (
        ("h", "ph", "f"),
        ("h", "[cs]h", "x"),
        ("h", "th", "t"),
        ("h", "h", ""),
        ("ckq", "ck|q(?:u(?=[ei]))?", "k"),
        ("cz", "[cz](?=[eiy])|z", "s"),
        ("c", "c", "k"),
        ("x", "x$|x(?=[^aeiou])", "s"),
        ("g", "gu(?=[ei])", "g"),
        ("g", "g(?=[ei])", "j"),
        ("l", "ll(?=[aeiou])", "y"),
        ("y", "y$", "i"),
        ("vw", "[vw]", "b"),
    )
)
"""What sounds alike, and letters of which one has to be there: to look for them takes less."""
_TWICE = re.compile(r"(.)\1+")
_LAST_S = re.compile("s$")
_VOWELS = re.compile("(?<!^)[aeiou]")
SHORT = 4
"""Letters of a key that has its vowels. One that is shorter has its *s* at the end too."""


@lru_cache(16384)
def sound(word: str) -> str:
    """Return what a word sounds like: the same for those that are heard one for the other.

    Of a longer word go the vowels after its beginning, and an *s* at its end, which a telephone
    swallows.

    Args:
        word: in small letters, without accents.
    """
    key = word
    for letters, of, by in _ALIKE:
        if not letters.isdisjoint(key):
            key = of.sub(by, key)
    key = _TWICE.sub(r"\1", key)
    if len(key) >= SHORT:
        key = _LAST_S.sub("", key)
    if len(key) > SHORT:
        key = _TWICE.sub(r"\1", _VOWELS.sub("", key))
    return key or word


def _in_digits(words: Sequence[str]) -> Iterator[str]:
    at = 0
    while at < len(words):
        number, after = _number(words, at)
        if number is None:
            yield words[at]
            at += 1
        else:
            yield number
            at = after


def _joined(words: Sequence[str]) -> Iterator[str]:
    """Yield words, where numbers that are said one after the other may be one."""
    run: list[str] = []
    for word in (*words, ""):
        if word.isdecimal():
            run.append(word)
            continue
        if len(run) > 1 and sum(map(len, run)) >= LONGEST_RUN:
            yield "".join(run)[:LONGEST_WORD]
        else:
            yield from run
        run = []
        if word:
            yield word


def _number(words: Sequence[str], at: int) -> tuple[str | None, int]:
    """Return the number that begins here, in digits, and where it goes on; None for none."""
    small, after = _below_1000(words, at)
    thousands = _word(words, after) in ("mil", "thousand")
    if small is None and not thousands:
        return (words[at], at + 1) if words[at].isdecimal() else (None, at)
    if not thousands:
        return str(small), after
    value, after = (1 if small is None else small) * 1000, after + 1
    start = after + 1 if _word(words, after) in _AND else after
    rest, end = _below_1000(words, start)
    # `mil 200` is one number; in `1 mil 2026` there are two
    if rest is None or (words[start].isdecimal() and len(words[start]) != 3):
        return str(value), after
    return str(value + rest), end


def _below_1000(words: Sequence[str], at: int) -> tuple[int | None, int]:
    word = _word(words, at)
    if word.isdecimal():
        of_more = _word(words, at + 1) in ("mil", "thousand") or _word(words, at - 1) == "mil"
        return (int(word), at + 1) if len(word) <= 3 and of_more else (None, at)
    hundreds, after = HUNDREDS.get(word), at + 1
    if hundreds is None and _word(words, at + 1) == "hundred" and _UNITS.get(word, 10) < 10:
        hundreds, after = 100 * _UNITS[word], at + 2
    if hundreds is None:
        return _below_100(words, at)
    start = after + 1 if _word(words, after) in _AND else after
    rest, end = _below_100(words, start)
    return (hundreds, after) if rest is None else (hundreds + rest, end)


def _below_100(words: Sequence[str], at: int) -> tuple[int | None, int]:
    word = _word(words, at)
    tens = 20 if word == "veinte" else _TENS.get(word)
    if tens is None:
        unit = _UNITS.get(word)
        return (None, at) if unit is None else (unit, at + 1)
    joined = _word(words, at + 1) in _AND
    unit = _UNITS.get(_word(words, at + 2 if joined else at + 1), 0)
    if 0 < unit < 10 and (joined or word in _ENGLISH_TENS):
        return tens + unit, at + (3 if joined else 2)
    return tens, at + 1


_ENGLISH_TENS = frozenset(name for name in _TENS if name.endswith("ty"))


def _word(words: Sequence[str], at: int) -> str:
    return words[at] if 0 <= at < len(words) else ""
