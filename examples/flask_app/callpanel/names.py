"""What people sign in with: a name, with its accents, or an e-mail address."""

from __future__ import annotations

import re
import unicodedata

LONGEST_NAME = 64
"""Characters."""

FORM = re.compile(r"[^\W_](?:[\w.'·+-]|@(?!.*@)){0,62}[^\W_]")
"""The form of a name, once it is `folded`: letters, digits, and what stands in an address."""


def folded(name: str) -> str:
    """Return a name as it is kept: one form of what is the same to whoever types it.

    Small and capital letters are the same, and so are the two ways in which keyboards write an
    accent (https://www.unicode.org/reports/tr15/).
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).strip()


def is_name(name: str) -> bool:
    """Return whether a folded name may be an account's.

    All letters are of one script: those of two can look like those of one.
    """
    letters = filter(str.isalpha, name)
    scripts = {unicodedata.name(letter, "").partition(" ")[0] for letter in letters}
    return FORM.fullmatch(name) is not None and len(scripts) == 1
