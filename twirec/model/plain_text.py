"""Text as it is compared: without accents, and with no difference of small and capital letters."""

from __future__ import annotations

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
