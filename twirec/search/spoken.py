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


HOURS = _numbered(
    *("one una", "two dos", "three tres", "four cuatro", "five cinco", "six seis", "seven siete"),
    *("eight ocho", "nine nueve", "ten diez", "eleven once", "twelve doce"),
)
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

PARTS = {
    **dict.fromkeys(("morning", "manana"), (6 * 60, 14 * 60)),
    **dict.fromkeys(("afternoon", "tarde"), (12 * 60, 21 * 60)),
    "evening": (18 * 60, 24 * 60),
    **dict.fromkeys(("night", "noche"), (19 * 60, 24 * 60)),
    "madrugada": (0, 6 * 60),
}
"""Parts of a day, in minutes after midnight."""

_OF = ("de la", "por la", "en la", "in the", "at", "del")
PART_OF_DAY = {f"{of} {part}": part for part in PARTS for of in _OF}
THIS_PART = {f"{this} {part}": part for part in PARTS for this in ("this", "esta")} | {
    "tonight": "night"
}
LAST_NIGHT = {"last night", "anoche"}
MORNING, AFTERNOON, NIGHT, AS_WRITTEN = 0, 12, 24, -1
"""Which half of the day an hour is of; at night is from six to midnight, and after it."""

HALF_OF_DAY = {
    **dict.fromkeys(("am", "de la manana", "por la manana", "in the morning"), MORNING),
    "de la madrugada": MORNING,
    **dict.fromkeys(("pm", "de la tarde", "por la tarde", "in the afternoon"), AFTERNOON),
    "in the evening": AFTERNOON,
    **dict.fromkeys(("de la noche", "por la noche", "at night"), NIGHT),
}
PAST_THE_HOUR = {
    "y media": 30,
    "y cuarto": 15,
    "menos cuarto": -15,
    "en punto": 0,
    "o clock": 0,
}
BEFORE_THE_HOUR = {"half past": 30, "quarter past": 15, "quarter to": -15}
HOURS_WORD = {"h", "hs", "hrs", "hora", "horas"}

AROUND = {
    *("around", "about", "roughly", "approximately", "circa", "at", "by"),
    *("sobre", "hacia", "cerca de", "a eso de", "alrededor de", "mas o menos", "a"),
}
SINCE = {
    *("since", "after", "from", "between", "desde", "entre", "a partir de", "a partir del"),
    *("despues de", "despues del"),
}
UNTIL = {"until", "till", "up to", "to", "hasta"}
BEFORE = {"before", "antes de", "antes del"}
AND = {"and", "to", "until", "till", "y", "a", "hasta", "-"}
LAST = {"last", "past", "previous"}
PAST = {"pasado", "pasada"}
LAST_WEEK = {"last week", "de la semana pasada", "of last week"}
WEEKS = {
    **dict.fromkeys(("this week", "esta semana"), 0),
    **dict.fromkeys(("last week", "la semana pasada", "semana pasada"), 1),
}
THIS_MONTH = {"this month", "este mes"}
LAST_MONTH = {"last month", "el mes pasado", "mes pasado"}
MINUTES_IN = {
    **dict.fromkeys(("minute", "minutes", "min", "minuto", "minutos"), 1),
    **dict.fromkeys(("hour", "hours", "hora", "horas"), 60),
    **dict.fromkeys(("day", "days", "dia", "dias"), 24 * 60),
    **dict.fromkeys(("week", "weeks", "semana", "semanas"), 7 * 24 * 60),
}
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
    DIGITS = r"[+(]*\d+(?:[./()-]+\d+)*\)?"
    HALF = r"[ap]\.\s?m\.?(?!\w)"
    WORD = r"[^\W\d_]+"
    DASH = r"[-–—]"  # noqa: RUF001 - people type them


TOKEN = re.compile("|".join(f"(?P<{kind.name}>{kind.value})" for kind in Kind))
ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th|º|ª)(?!\w)")


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a figure or a date.

    Attributes:
        kind: what it looks like.
        text: in small letters without accents.
        said: as it was typed.
    """

    kind: Kind
    text: str
    said: str


def tokens(text: str) -> Iterator[Token]:
    """Return a text as tokens; what is neither letter nor figure falls away."""
    plain = "".join(_plain(letter) for letter in text)
    plain = ORDINAL.sub(lambda match: " " * len(match[0]), plain)
    for match in TOKEN.finditer(plain):
        kind = Kind[match.lastgroup or "WORD"]
        said = text[match.start() : match.end()]
        word = match[0][0] + "m" if kind is Kind.HALF else match[0]
        yield Token(Kind.WORD if kind is Kind.HALF else kind, word, said)


def _plain(letter: str) -> str:
    """Return one letter for one, so that both texts have the same length."""
    if letter in "ºª":
        return letter
    return unicodedata.normalize("NFKD", letter.casefold())[:1] or " "
