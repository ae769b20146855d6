"""Text as it is compared: without accents, and with no difference of small and capital letters."""

from __future__ import annotations

import re
import unicodedata


def plain(text: str) -> str:
    """Return a text as searches compare it, the same on every database.

    Accents and other marks are left out, letters are made small, spaces and line breaks in a row
    are one space: `Compañía  SUR` becomes `compania sur`. Databases each fold in a way of their own
    (SQLite only the letters of ASCII, PostgreSQL by the server's locale), so that we keep a column
    of it beside the text.

    Source: https://www.unicode.org/reports/tr15/ (NFKD) and
    https://www.unicode.org/reports/tr44/ (Mn).
    """
    if text.isascii():
        return " ".join(text.replace("\0", " ").lower().split())
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    without = (letter for letter in apart if unicodedata.category(letter) not in ("Mn", "Me"))
    return " ".join("".join(without).replace("\0", " ").split())


BETWEEN = r"[\s().,/\-\u00ad\u2010-\u2015]{0,3}"
"""What people write between the digits of a number."""

MASK = "\N{BULLET}"
"""What stands for a digit of a number that was erased."""


def number_in(prefix: str, digits: str) -> re.Pattern[str]:
    """Return what finds a number in a text, in whatever groups it is written.

    Args:
        prefix: the country's, without zeros and plus, such as `34`; it may be left out in the text.
        digits: the others, such as `600111222`; a zero before them makes no difference.
    """
    country = rf"(?:(?:\+|00)?{BETWEEN}{BETWEEN.join(prefix)}{BETWEEN})?" if prefix else ""
    return re.compile(rf"(?<!\d){country}(?:0{BETWEEN})?{BETWEEN.join(digits)}(?!\d)")


def without_digits(text: str, spans: str) -> str:
    """Return a text with `MASK` for each digit in some places, all others where they were.

    Args:
        text: the text.
        spans: first and end of each, such as `5-17,40-49`.
    """
    letters = list(text)
    for start, end in (map(int, each.split("-")) for each in spans.split(",") if each):
        letters[start:end] = [MASK if each.isdigit() else each for each in letters[start:end]]
    return "".join(letters)
