"""What people say of days and times, in Spanish and English: the words, and a text as words.

All words are in small letters without accents.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum


def _numbered(*rows: str, start: int = 1) -> Mapping[str, int]:
    return {word: number for number, row in enumerate(rows, start) for word in row.split()}


NUMBERS = {
    **_numbered(
        *("one una", "two dos", "three tres", "four cuatro", "five cinco", "six seis"),
        *("seven siete", "eight ocho", "nine nueve", "ten diez", "eleven once", "twelve doce"),
        *("thirteen trece", "fourteen catorce", "fifteen quince", "sixteen dieciseis"),
        *("seventeen diecisiete", "eighteen dieciocho", "nineteen diecinueve", "twenty veinte"),
        *("veintiuno veintiuna", "veintidos", "veintitres", "veinticuatro", "veinticinco"),
    ),
    **dict.fromkeys(("thirty", "treinta"), 30),
    **dict.fromkeys(("forty", "cuarenta"), 40),
    **dict.fromkeys(("fifty", "cincuenta"), 50),
}
MONTHS = _numbered(
    *("january enero jan ene", "february febrero feb", "march marzo mar", "april abril apr abr"),
    *("may mayo", "june junio jun", "july julio jul", "august agosto aug ago"),
    *("september septiembre setiembre sept sep set", "october octubre oct"),
    *("november noviembre nov", "december diciembre dec dic"),
)
WEEKDAYS = _numbered(
    *("monday lunes mon lun", "tuesday martes tues tue", "wednesday miercoles wed mie"),
    *("thursday jueves thurs thu jue", "friday viernes fri vie", "saturday sabado sat sab"),
    "sunday domingo sun dom",
    start=0,
)
DAYS_BACK = {
    "today": 0,
    "hoy": 0,
    "yesterday": 1,
    "ayer": 1,
    "anteayer": 2,
    "antier": 2,
    "antes de ayer": 2,
    "day before yesterday": 2,
}
NAMED_TIMES = {"noon": 720, "midday": 720, "mediodia": 720, "midnight": 1440, "medianoche": 1440}
"""Minutes after midnight; midnight is that at the end of the day."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a day, in minutes after its midnight, both ends included.

    Attributes:
        alone: what it means where no hour is said: `in the morning`.
        hours: which hours are said to be of it: five in the morning is one, before six as it is.
    """

    alone: tuple[int, int]
    hours: tuple[int, int]


AM = Part((0, 12 * 60), (0, 12 * 60 - 1))
PM = Part((12 * 60, 24 * 60), (12 * 60, 24 * 60 - 1))
NIGHT = Part((19 * 60, 24 * 60), (18 * 60, 30 * 60))
WHOLE_NIGHT = Part((19 * 60, 30 * 60), NIGHT.hours)
"""A night that is named, such as last night: it goes on to six in the morning of the next day."""

PARTS = {
    "morning": Part((6 * 60, 14 * 60), AM.hours),
    "manana": Part((6 * 60, 14 * 60), (0, 14 * 60)),
    **dict.fromkeys(("afternoon", "tarde"), Part((12 * 60, 21 * 60), (12 * 60, 21 * 60))),
    "evening": Part((18 * 60, 24 * 60), (17 * 60, 24 * 60 - 1)),
    **dict.fromkeys(("night", "noche"), NIGHT),
    "madrugada": Part((0, 6 * 60), (0, 7 * 60)),
}

_OF = ("de la", "por la", "en la", "in the", "at", "del")
PART_OF_DAY = {f"{of} {name}": part for name, part in PARTS.items() for of in _OF}
THIS_PART = {
    f"{this} {name}": part for name, part in PARTS.items() for this in ("this", "esta")
} | {"tonight": NIGHT}
LAST_NIGHT = {"last night", "anoche"}
OF_THE_HOUR = {"am": AM, "pm": PM} | PART_OF_DAY
"""What is said behind an hour, `5 pm`, `a las 2 de la madrugada`: the part of the day it is of."""

PAST_THE_HOUR = {
    **{f"y {word}": number for word, number in NUMBERS.items()},
    **{f"menos {word}": -number for word, number in NUMBERS.items() if number < 30},
    **{word: NUMBERS[word] for word in ("fifteen", "thirty", "quince", "treinta")},
    **dict.fromkeys(("en punto", "o clock"), 0),
    "y media": 30,
    "y cuarto": 15,
    "menos cuarto": -15,
}
BEFORE_THE_HOUR = {
    f"{words}{minutes} {side}": number * sign
    for words, number in (
        *(("quarter", 15), ("a quarter", 15), ("half", 30), ("twenty five", 25)),
        *((word, NUMBERS[word]) for word in ("five", "ten", "twenty")),
    )
    for minutes in ("", " minutes")
    for side, sign in (("past", 1), ("to", -1))
    if words != "half" or side == "past"
}
HOURS_WORD = {"h", "hs", "hrs", "hora", "horas"}

AROUND = {
    *("around", "about", "roughly", "approximately", "circa", "at", "by"),
    *("sobre", "hacia", "cerca de", "a eso de", "alrededor de", "mas o menos", "a"),
}
SINCE = {
    *("since", "after", "from", "between", "desde", "entre", "a partir de", "a partir del"),
    *("despues de", "despues del"),
}
BETWEEN = {"between", "entre"}
FROM_TO = BETWEEN | {"from", "de"}
"""What opens a span with two ends, so that `y` and `to` behind an hour may be between them."""

UNTIL = {"until", "till", "up to", "to", "hasta"}
BEFORE = {"before", "antes de", "antes del"}
AND = {"and", "to", "until", "till", "y", "a", "hasta", "-"}
ONLY_BETWEEN = {"and", "y"}
LAST = {"last", "past", "previous", "ultimo"}
PAST = {"pasado", "pasada"}
LAST_WEEK = {"last week", "de la semana pasada", "of last week"}
WEEKS = {
    **dict.fromkeys(("this week", "esta semana"), 0),
    **dict.fromkeys(("last week", "la semana pasada", "semana pasada"), 1),
}
WEEKEND = {"weekend", "fin de semana", "finde"}
YEARS = {
    **dict.fromkeys(("this year", "este ano"), 0),
    **dict.fromkeys(("last year", "el ano pasado", "ano pasado"), 1),
}
THIS_MONTH = {"this month", "este mes"}
LAST_MONTH = {"last month", "el mes pasado", "mes pasado"}
MINUTES_IN = {
    **dict.fromkeys(("minute", "minutes", "min", "minuto", "minutos"), 1),
    **dict.fromkeys(("hour", "hours", "hora", "horas"), 60),
    **dict.fromkeys(("day", "days", "dia", "dias"), 24 * 60),
    **dict.fromkeys(("week", "weeks", "semana", "semanas"), 7 * 24 * 60),
    **dict.fromkeys(("fortnight", "fortnights"), 14 * 24 * 60),
    **dict.fromkeys(("quincena", "quincenas"), 15 * 24 * 60),
}
MONTHS_IN = {
    **dict.fromkeys(("month", "months", "mes", "meses"), 1),
    **dict.fromkeys(("year", "years", "ano", "anos"), 12),
}
UNITS = MINUTES_IN.keys() | MONTHS_IN.keys()
WHILES = {
    **dict.fromkeys(("un cuarto de hora", "quarter of an hour"), 15),
    **dict.fromkeys(("media hora", "half an hour"), 30),
    **dict.fromkeys(("hora y media", "una hora y media"), 90),
}
"""Spans that are said without a figure, in minutes."""

LATELY = {
    *("last", "the last", "past", "the past", "in the last"),
    *(f"{article}{word}" for article in ("", "la ", "las ") for word in ("ultima", "ultimas")),
    *(f"{article}{word}" for article in ("", "el ", "los ") for word in ("ultimo", "ultimos")),
}
LATELY_ONE = LATELY - {"last", "the last"}
"""What one span may follow without a figure: `la última semana`. Last week is another."""

ON_THE = {"dia", "el dia"}
A = {"a": 1, "an": 1, "un": 1, "una": 1, "a couple of": 2, "un par de": 2}
ENDING = {
    *("ending in", "ending with", "ending", "ends in", "ends with"),
    *("terminado en", "terminada en", "termina en", "acabado en", "acaba en"),
    *(
        f"{last} {many} {digits}".replace("  ", " ").strip()
        for last, count, figures in (
            ("last", ("", "three", "four", "five", "six"), ("", "digits", "figures")),
            ("ultimas", ("", "tres", "cuatro", "cinco", "seis"), ("", "cifras")),
            ("ultimos", ("", "tres", "cuatro", "cinco", "seis"), ("", "digitos", "numeros")),
        )
        for many in count
        for digits in figures
    ),
}
WITHHELD = {
    *("withheld", "hidden", "anonymous", "private", "restricted", "no caller id"),
    *("oculto", "oculta", "anonimo", "privado", "desconocido"),
}
NOT_KNOWN = {"not known", "no conocido", "no conocida", "no conocidos"}
FILLERS = {
    *("the", "on", "of", "in", "at", "from", "with", "by", "call", "calls", "caller", "called"),
    *("customer", "number", "phone", "they", "who", "rang", "that", "was", "were", "this"),
    *("el", "la", "las", "los", "de", "del", "en", "a", "al", "con", "por", "que", "este", "esta"),
    *("llamada", "llamadas", "llamo", "llamaron", "cliente", "numero", "telefono", "tel", "dia"),
    *("nº", "num"),
    *("around", "about", "roughly", "approximately", "circa"),
    *("sobre", "hacia", "mas o menos", "a eso de", "cerca de", "alrededor de"),
}


class Kind(Enum):
    """What a token looks like."""

    MOMENT = (
        r"\d{4}-\d\d-\d\d(?:t\d\d:\d\d(?::\d\d(?:\.\d+)?)?| \d\d:\d\d:\d\d(?:\.\d+)?)"
        r"(?:z|[+-]\d\d:?\d\d)?(?![\d:])"
    )
    ISO_DAY = r"(?<![\d/.-])\d{4}[-/]\d\d[-/]\d\d(?![\d/-])"
    DAY = r"(?<![\d./+()-])\d{1,2}(?P<by>[/.-])\d{1,2}(?P=by)(?:\d{4}|\d\d)(?![./-]?\d)"
    SHORT_DAY = r"(?<![\d./+()-])\d{1,2}[/-]\d{1,2}(?![./-]?\d)(?!\s?[ap]\.?m)"
    CLOCK = r"(?<![\d.:+()])(?:[01]?\d|2[0-4])(?:[:.][0-5]\d(?::[0-5]\d)?|h[0-5]\d)(?![.:]?\d)"
    NO_CLOCK = r"\d+(?::\d+)+"
    DIGITS = r"[+(]*\d+(?:[./()-]+\d+)*\)?"
    HALF = r"[ap]\.\s?m\.?(?!\w)"
    WORD = r"[^\W\d_]+"
    DASH = r"[-–—]"  # noqa: RUF001 - people type them
    SIGN = r"(?:[^\s\w,.;:!?¡¿'\"()\[\]«»“”‘’…/#*–—-]|_)+"  # noqa: RUF001 - the same


TOKEN = re.compile("|".join(f"(?P<{kind.name}>{kind.value})" for kind in Kind))
ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th|º|ª)(?!\w)")


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a figure or a date.

    Attributes:
        kind: what it looks like.
        text: in small letters without accents.
        said: as it was typed.
        start, end: where it stands, `end` exclusive.
    """

    kind: Kind
    text: str
    said: str
    start: int = 0
    end: int = 0


def tokens(text: str) -> Iterator[Token]:
    """Return a text as tokens.

    Punctuation falls away, and so does what nobody sees, such as the marks around a number that was
    copied. Any other sign is a token that means nothing.
    """
    text = unicodedata.normalize("NFC", text)
    plain = "".join(_plain(letter) for letter in text)
    plain = ORDINAL.sub(lambda match: " " * len(match[0]), plain)
    for match in TOKEN.finditer(plain):
        kind = Kind[match.lastgroup or "WORD"]
        said = text[match.start() : match.end()]
        word = match[0][0] + "m" if kind is Kind.HALF else match[0]
        yield Token(Kind.WORD if kind is Kind.HALF else kind, word, said, *match.span())


def _plain(letter: str) -> str:
    """Return one letter for one, so that both texts have the same length."""
    if letter in "ºª":
        return letter
    if unicodedata.category(letter) in ("Cc", "Cf"):
        return " "
    return unicodedata.normalize("NFKD", letter.casefold())[:1] or " "
