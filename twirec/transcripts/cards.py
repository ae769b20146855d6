"""Card numbers in what was said: found by their digits, and given as seconds. No digit leaves here.

A card's number has 13 to 19 digits (ISO/IEC 7812-1) of which the last one follows from the others
(Luhn, its annex B): of ten numbers that are none, one looks like one all the same. Whoever says it
takes breath, errs, begins again, and is asked in between, so that the digits of a run are read in
every way that can be meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from twirec.model.cards import CardPart, CardSpan
from twirec.model.plain_text import plain
from twirec.model.transcript import Sentence
from twirec.model.vocabulary import Role
from twirec.transcripts.numerals import is_figure, readings

SHORTEST, LONGEST = 13, 19
"""Digits of a card's number."""
APART, TOGETHER = 30.0, 6.0
"""Seconds between two digits of one number, as whoever has to look for the card takes some; and
between two of one run, of which all is taken for the number."""
STRANGE = 4
"""Words between two groups that are neither figures nor hesitation: `lo tengo aquí delante`."""
MOST_READINGS = 100
"""Ways to read a number that are followed at once, of the thousands that many repetitions have."""
FARTHEST = 80
"""Words in which a number is said: a machine that hears nothing may write one word for ever."""
AROUND = 20
"""Words of the run before a number, and after it, that are taken for a part of it: what was said
before a mistake, the month and the code. A machine that goes on by itself writes more."""
AFTER = 60.0
"""Seconds after a number in which its code is said where somebody asks for it."""
AT_ONCE = 10.0
"""Seconds after a number in which its code is said without being asked for, and in which a part of
the number is said again."""
ASKED = 30.0
"""Seconds between who asks for a code and its first digit."""
FEWEST = 3
"""Digits in a row of a card's number that are taken for it where they are said again."""
FEW_WORDS, KEPT = 3, 0.5
"""Of so many words beside the silence, such a part has to be heard again: what is heard of few
words depends on what is heard beside them."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FILLERS = _words(
    "eh em ehm mm mmm hm uh um er ah oh a ver vale si bien bueno pues y luego despues entonces "
    "espere espera perdone un una momento segundo coma guion espacio punto barra raya mas ahora "
    "sigo digame diga siga adelante aja ok okay correcto perfecto exacto claro entiendo de acuerdo "
    "gracias and then so well yes yeah right let me see dash hyphen space comma go on "
    "ahead got it hold i la el les despres d acord digui continui bai eta ados e logo agora "
    "seguinte siguiente next o es is ya"
)
"""Hesitation, what is said of the gaps, and what the other side says in between."""
_MISTAKES = _words(
    "perdon no digo miento corrijo rectifico equivocado equivoque sorry mistake correction rather "
    "mean wrong perdo perdoa barkatu repito repite otra vez again repeat nuevo"
)
"""After which something that was said before is said anew."""
_UNITS = _words(
    "euro euros centimo centimos dolar dolares libra libras eur usd pound pounds dollar dollars "
    "pence cent cents porciento percent grados kilos kilometros metros km kg gramos litros "
    "ano anos mes meses dia dias semana semanas hora horas minuto minutos segundos "
    "year years month months day days week weeks hour hours minute minutes seconds "
    "enero febrero marzo abril mayo junio julio agosto septiembre setiembre octubre noviembre "
    "diciembre january february march april june july august september october november december "
    "euroak gener febrer marc maig juny juliol agost setembre novembre desembre"
)
"""What counts something, or names a month: figures before and behind it are no card's."""
_EXPIRES = ("caduc", "expir", "venc", "valid", "thru", "iraung")
"""How the words begin that stand before the month and year of a card."""
_ASKS = re.compile(
    r"\b(?:cvv2?|cvc2?|cid|ce uve|ce be ce|c v [vc]|c b c)\b|codigo|clave|seguridad|seguretat|"
    r"seguranza|segurtasun|(?:de |por |la parte )(?:atras|detras)|detras|reverso|dorso|"
    r"tres (?:numeros|cifras|digitos|ultim)|security|three digits|on the back|card verification"
)
"""What asks for the code of a card, or announces it."""

_TOKEN = re.compile(r"\d+|[^\W\d_]+|[€$£%]")
_SIGNS = {"€": "euros", "$": "dolares", "£": "libras", "%": "porciento"}

# How numbers begin, and how long they are, where something else may be a part of the run: what is
# no whole run has to look like a card's. https://en.wikipedia.org/wiki/Payment_card_number
_ISSUED = re.compile(
    r"4\d{15}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}|"
    r"3(?:0[0-5]|[689]\d)\d{11}|(?:6011|64[4-9]\d|65\d\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|62\d{14}|"
    r"(?:5018|5020|5038|5893|6304|6759|676[123])\d{12}"
)


class _Kind(Enum):
    FIGURE = auto()
    FILLER = auto()
    MISTAKE = auto()
    UNIT = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    kind: _Kind
    starts: float
    ends: float


@dataclass(frozen=True, slots=True)
class _Run:
    """Figures of one side that may be one number: places of its tokens, the last one exclusive.

    Attributes:
        digits: of the card's number in it, which are shown to nobody; empty while none is known.
    """

    first: int
    last: int
    digits: str = field(default="", repr=False)


def find_cards(said: Iterable[Sentence]) -> list[CardSpan]:
    """Return when card numbers are spoken, and the codes after them, in the order of their times.

    What one side says is read by itself; where nobody knows who is on which channel, all together.
    Of a number all of the run is given in which it is said, with false starts, and whatever of it
    is said again around it, by whichever side.

    Args:
        said: the sentences of a transcript, in any order.
    """
    sides = _by_side(said)
    spans: list[CardSpan] = []
    for side, tokens in sides.items():
        for number in _numbers(tokens):
            span = _span(CardPart.NUMBER, side, tokens, number)
            again = [*_said_again(sides, number.digits, span)]
            spans += [span, *again, *_codes(sides, span, again)]
    return sorted(dict.fromkeys(spans), key=lambda each: (each.starts, each.ends))


@dataclass(frozen=True, slots=True)
class LeftOver:
    """What keeps a copy from being offered. No digit is in it.

    Attributes:
        why: in words.
        spans: when it is heard; empty where nothing is heard that should not be.
    """

    why: str
    spans: tuple[CardSpan, ...] = ()


def left_over(
    before: Iterable[Sentence],
    after: Iterable[Sentence],
    cuts: Sequence[tuple[float, float]],
    found: Sequence[CardSpan],
) -> LeftOver | None:
    """Return why a recording is not free of the card numbers that were found in it; None if it is.

    Args:
        before: what was heard in it as it was recorded, by the model that heard `after`.
        after: what was heard in it with silence in the cuts.
        cuts: first and last second of each.
        found: when the numbers, and their codes, were found to be spoken.
    """
    was, now = _by_side(before), _by_side(after)
    number = CardPart.NUMBER
    spans = [
        CardSpan(number, side, each.starts, each.ends)
        for side, tokens in now.items()
        for each in tokens
        if each.kind is _Kind.FIGURE and _is_within(each, cuts)
    ]
    if spans:
        return LeftOver("figures are heard where there should be silence", tuple(spans))
    for side, tokens in now.items():
        spans += [_span(number, side, tokens, each) for each in _numbers(tokens)]
    if spans:
        return LeftOver("a card number is heard in it still", tuple(spans))
    numbers = [
        (_span(number, side, tokens, each), each.digits)
        for side, tokens in was.items()
        for each in _numbers(tokens)
    ]
    if found and not numbers:
        return LeftOver("the number is not heard in the recording by the model that is here")
    for span, digits in numbers:
        spans += _said_again(now, digits, span, cuts)
    if spans:
        return LeftOver("a part of a card number is heard beside the silence", _once_each(spans))
    for of, again in _each_number(was, numbers, found):
        spans += _codes(now, of, again, cuts, [*was.values(), *now.values()])
    if spans:
        return LeftOver("a code is heard after a card number", _once_each(spans))
    if _is_much_less(was, now, cuts):
        return LeftOver("far fewer words are heard beside the silence than were before")
    return None


def _once_each(spans: Iterable[CardSpan]) -> tuple[CardSpan, ...]:
    return tuple(dict.fromkeys(spans))


def _each_number(
    was: dict[Role | None, list[_Token]],
    numbers: Sequence[tuple[CardSpan, str]],
    found: Sequence[CardSpan],
) -> Iterator[tuple[CardSpan, Sequence[CardSpan]]]:
    """Yield when each number was said, and said again; and what was found besides."""
    told: list[CardSpan] = []
    for span, digits in numbers:
        again = [*_said_again(was, digits, span)]
        told += [span, *again]
        yield span, again
    for span in found:
        heard = any(each.starts < span.ends and each.ends > span.starts for each in told)
        if span.part is CardPart.NUMBER and not heard:
            yield span, ()


def _is_within(token: _Token, cuts: Sequence[tuple[float, float]]) -> bool:
    """Whether some of a word is in a cut."""
    return any(token.ends > first and token.starts < last for first, last in cuts)


def _is_much_less(
    was: dict[Role | None, list[_Token]],
    now: dict[Role | None, list[_Token]],
    cuts: Sequence[tuple[float, float]],
) -> bool:
    """Whether a side, or all of them, says much less beside the cuts than it did.

    Who hears nothing hears no digit either.
    """
    before = {side: _beside(tokens, cuts) for side, tokens in was.items()}
    after = {side: _beside(tokens, cuts) for side, tokens in now.items()}
    if any(before.values()) and not any(after.values()):
        return True
    return any(
        count >= FEW_WORDS and after.get(side, 0) < count * KEPT for side, count in before.items()
    )


def _beside(tokens: Sequence[_Token], cuts: Sequence[tuple[float, float]]) -> int:
    return sum(not _is_within(each, cuts) for each in tokens)


def _by_side(said: Iterable[Sentence]) -> dict[Role | None, list[_Token]]:
    sides: dict[Role | None, list[_Token]] = {}
    for sentence in sorted(said, key=lambda each: each.starts):
        tokens = sides.setdefault(sentence.side, [])
        for word in sentence.words:
            for text in _TOKEN.findall(plain(word.text)):
                text = _SIGNS.get(text, text)
                tokens.append(_Token(text, _kind(text), word.starts, word.ends))
    return sides


def _kind(text: str) -> _Kind:
    for kind, words in (
        (_Kind.FILLER, _FILLERS),
        (_Kind.MISTAKE, _MISTAKES),
        (_Kind.UNIT, _UNITS),
    ):
        if text in words:
            return kind
    # `doble` alone is none, nor is `mil` in front of nothing
    return _Kind.FIGURE if is_figure(text) else _Kind.OTHER


def _span(part: CardPart, side: Role | None, tokens: Sequence[_Token], run: _Run) -> CardSpan:
    return CardSpan(part, side, tokens[run.first].starts, tokens[run.last - 1].ends)


# --- runs -------------------------------------------------------------------------------------


def _runs(
    tokens: Sequence[_Token],
    strange: int = 0,
    apart: float = TOGETHER,
    cuts: Sequence[tuple[float, float]] = (),
) -> Iterator[_Run]:
    """Yield figures with little in between.

    Args:
        tokens: of one side.
        strange: words between two figures, at the most, that are no hesitation.
        apart: seconds between them, at the most.
        cuts: silence over which none goes on.
    """
    first = last = None
    others = 0
    for at, token in enumerate(tokens):
        if first is not None and last is not None:
            others += token.kind is _Kind.OTHER
            too_late = token.starts - tokens[last].ends > apart
            since = tokens[last].ends
            silent = any(end > since and begin < token.starts for begin, end in cuts)
            if token.kind is _Kind.UNIT or others > strange or too_late or silent:
                yield _Run(first, last + 1)
                first = last = None
        if token.kind is _Kind.FIGURE:
            first = at if first is None else first
            last, others = at, 0
    if first is not None and last is not None:
        yield _Run(first, last + 1)


def _numbers(tokens: Sequence[_Token]) -> list[_Run]:
    """Return the card numbers that one side says, each with all of the run in which it is."""
    tight = [*_runs(tokens)]
    words = [each.text for each in tokens]
    found: list[_Run] = []
    for loose in _runs(tokens, STRANGE, APART):
        if sum(_most(words[at]) for at in range(loose.first, loose.last)) < SHORTEST:
            continue
        parts = [each for each in tight if loose.first <= each.first < loose.last]
        parts = [each for each in parts if not _is_account(words, tokens, each)]
        at = loose.first
        for first in range(loose.first, loose.last):
            if first < at or not any(each.first <= first < each.last for each in parts):
                continue
            if (number := _number(tokens, words, first, loose.last, parts)) is not None:
                found.append(number)
                at = number.last
    return found


def _number(
    tokens: Sequence[_Token], words: Sequence[str], first: int, end: int, parts: Sequence[_Run]
) -> _Run | None:
    """Return the card number that begins with a figure; None if none does."""
    whole = next((each.last for each in parts if each.first == first), None)
    best: tuple[bool, int, str] | None = None
    for last, digits, is_plain in _said(tokens, words, first, end):
        if not SHORTEST <= len(digits) <= LONGEST or not follows_luhn(digits):
            continue
        if (is_plain and last == whole) or _ISSUED.fullmatch(digits):
            found = (not is_plain, last, digits)
            best = min(best or found, found)
    if best is None:
        return None
    _, last, digits = best
    over = [each for each in parts if each.first < last and each.last > first]
    return _Run(
        max(min(each.first for each in over), first - AROUND),
        min(max(last, *(each.last for each in over)), last + AROUND),
        digits,
    )


class _Way(Enum):
    """How a number was read so far: one of these, and never two."""

    PLAIN = auto()
    """Just what is said."""
    GAPS = auto()
    """With other words in between."""
    MENDED = auto()
    """Without what was said twice, or by mistake."""


def _said(
    tokens: Sequence[_Token], words: Sequence[str], first: int, end: int
) -> Iterator[tuple[int, str, bool]]:
    """Yield where a number that begins with a figure may end, its digits, and if it is plain."""
    ways: dict[int, dict[tuple[str, _Way], None]] = {first: {("", _Way.PLAIN): None}}
    for at in range(first, min(end, first + FARTHEST)):
        # what is plain first, and in few digits: `sesenta seis` is rather 66 than 60 and 6
        here = sorted(ways.pop(at, {}), key=lambda way: (way[1].value, len(way[0])))
        kind, numbers = tokens[at].kind, readings(words, at) if here else []
        for digits, way in here[:MOST_READINGS]:
            for more, after in numbers:
                now = digits + more
                if after > end or len(now) > LONGEST:
                    continue
                there = ways.setdefault(after, {})
                twice = () if way is _Way.GAPS else _once(now)
                for each in ((now, way), *((fewer, _Way.MENDED) for fewer in twice)):
                    if each not in there:
                        there[each] = None
                        yield after, each[0], each[1] is _Way.PLAIN
            if digits and kind is not _Kind.FIGURE:
                ways.setdefault(at + 1, {}).update(dict.fromkeys(_passed(digits, way, kind)))


def _passed(digits: str, way: _Way, kind: _Kind) -> Iterator[tuple[str, _Way]]:
    """Yield how a number may go on behind a word that is none."""
    if kind is not _Kind.OTHER:
        yield digits, way
    elif way is not _Way.MENDED:
        yield digits, _Way.GAPS
    if kind is _Kind.MISTAKE and way is not _Way.GAPS:
        yield from ((digits[:-less], _Way.MENDED) for less in _TAKEN_BACK)


_TAKEN_BACK = range(1, 9)
"""Digits that are said anew after a mistake."""


def _once(digits: str) -> Iterator[str]:
    """Yield digits without the last ones, where these are said twice."""
    for count in range(2, 9):
        if digits[-count:] == digits[-2 * count : -count]:
            yield digits[:-count]


def follows_luhn(digits: str) -> bool:
    """Whether the last digit follows from the others, as in the number of every payment card."""
    return not sum(
        digit if at % 2 == 0 else digit * 2 - 9 * (digit > 4)
        for at, digit in enumerate(map(int, reversed(digits)))
    ) % 10 and bool(digits.strip("0"))


def _most(word: str) -> int:
    """Return how many digits a word gives at the most, of a few together."""
    return len(word) if word.isdecimal() else 4 * is_figure(word)


def _is_account(words: Sequence[str], tokens: Sequence[_Token], run: _Run) -> bool:
    """Whether a run is just a Spanish bank account's number: `ES`, 22 digits (ISO 13616)."""
    readable = [*_whole(words, tokens, run, 22)]
    return bool(readable) and all(
        len(digits) == 22 and int(f"{digits[2:]}1428{digits[:2]}") % 97 == 1 for digits in readable
    )


def _whole(words: Sequence[str], tokens: Sequence[_Token], run: _Run, most: int) -> Iterator[str]:
    """Yield what all of a run may be read as, in so many digits at the most."""
    ways: dict[int, dict[str, None]] = {run.first: {"": None}}
    for at in range(run.first, run.last):
        for digits in sorted(ways.pop(at, {}), key=len)[:MOST_READINGS]:
            for more, after in readings(words, at):
                if len(digits + more) <= most:
                    ways.setdefault(after, {})[digits + more] = None
            if tokens[at].kind is not _Kind.FIGURE:
                ways.setdefault(at + 1, {})[digits] = None
    yield from ways.get(run.last, {})


# --- what is said after a number ------------------------------------------------------------------


def _said_again(
    sides: dict[Role | None, list[_Token]],
    number: str,
    span: CardSpan,
    cuts: Sequence[tuple[float, float]] | None = None,
) -> Iterator[CardSpan]:
    """Yield when some digits of a number are said in a row, by any side, around all of it.

    Args:
        sides: what is said.
        number: its digits.
        span: when it is said.
        cuts: where there is silence now, at which runs end; None where it is said still, so that
            that very run is none of them.
    """
    for side, tokens in sides.items():
        words = [each.text for each in tokens]
        for run in _runs(tokens, cuts=cuts or ()):
            again = _span(CardPart.NUMBER, side, tokens, run)
            if again.starts > span.ends + AT_ONCE or again.ends < span.starts - AT_ONCE:
                continue
            itself = again.starts <= span.ends and again.ends >= span.starts
            if cuts is None and side == span.side and itself:
                continue
            if _has_some_of(number, words, tokens, run):
                yield again


def _has_some_of(number: str, words: Sequence[str], tokens: Sequence[_Token], run: _Run) -> bool:
    """Whether three digits in a row of a run are in a row in a number too, however it is read."""
    ways: dict[int, set[str]] = {run.first: {""}}
    for at in range(run.first, run.last):
        # any may be the first one
        for digits in ways.pop(at, set()) | {""}:
            for more, after in readings(words, at):
                now = digits + more
                if any(
                    now[first : first + FEWEST] in number for first in range(len(now) - FEWEST + 1)
                ):
                    return True
                ways.setdefault(after, set()).add(now[1 - FEWEST :])
            if tokens[at].kind is not _Kind.FIGURE:
                ways.setdefault(at + 1, set()).add(digits)
    return False


def _codes(
    sides: dict[Role | None, list[_Token]],
    of: CardSpan,
    again: Sequence[CardSpan],
    cuts: Sequence[tuple[float, float]] = (),
    around: Sequence[Sequence[_Token]] | None = None,
) -> Iterator[CardSpan]:
    """Yield when the code of a card is said, after its number, and perhaps said again.

    Args:
        sides: what is said.
        of: when the number is.
        again: when it is said again.
        cuts: where there is silence now.
        around: all that is, or was, said of it; None for what is said.
    """
    last = max(each.ends for each in (of, *again))
    around = [*sides.values()] if around is None else around
    for side, tokens in sides.items():
        words = [each.text for each in tokens]
        for run in _runs(tokens, cuts=cuts):
            code = _span(CardPart.CODE, side, tokens, run)
            if not of.ends < code.starts <= last + AFTER:
                continue
            if any((side, code.starts) == (each.side, each.starts) for each in again):
                continue
            if run.last < len(tokens) and tokens[run.last].kind is _Kind.UNIT:
                continue
            if not any(_CODE.fullmatch(each) for each in _whole(words, tokens, run, 8)):
                continue
            since = max(of.starts, code.starts - ASKED)
            said = (
                " ".join(each.text for each in those if since < each.starts < code.starts)
                for those in around
            )
            between = [each for each in tokens[: run.first] if each.starts > of.ends]
            expires = any(each.text.startswith(_EXPIRES) for each in between)
            at_once = side == of.side and code.starts <= last + AT_ONCE and not expires
            if at_once or any(map(_ASKS.search, said)):
                yield code


_CODE = re.compile(r"(\d{3,4})\1?")
"""A code, perhaps said twice."""
