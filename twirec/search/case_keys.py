"""The keys of cases: short, easily said on the telephone, and checked before anything is looked up.

A key is `R-`, six letters and digits by chance, and one that checks them: `R-7KM-482-4`. The
letters have names that nobody takes for each other in Spanish, nor for a digit, and none looks like
another or like a digit: of those that sound like *e* (b, c, d, e, g, p, t, v) only P is left, of m
and n only M, of s, z and f only F, of k and q only K.

There are nineteen in all, a prime, so that the check of ISO 7064 (its pure systems, the one of MOD
37-2) finds every wrong letter, every two that changed places, wherever they stand, and a double one
that became another. One in nineteen of keys that are guessed passes it, of 47 million (25 bits):
enough to name a case, and too little to prove anything. Whoever says a key is asked who they are.
"""

from __future__ import annotations

import re
import secrets

from stdnum.iso7064 import mod_37_2

from twirec.model.errors import InvalidQuery

ALPHABET = "0123456789FHJKMPRWX"
"""Of a prime length, in which 2 is a primitive root: each place has a weight of its own."""

BY_CHANCE = 6
"""Letters and digits of a key that say nothing."""

READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1"})
"""What people write for a digit, and is no letter of a key."""

_LOOKS_SO = re.compile(r"R[\s.–-]*[0-9A-Z](?:[\s.–-]*[0-9A-Z]){6}")  # noqa: RUF001 - as pasted


def new_key() -> str:
    """Return a key by chance."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(BY_CHANCE))
    return _written(body + mod_37_2.calc_check_digit(body, alphabet=ALPHABET))


def looks_like_key(text: str) -> bool:
    """Whether a text is meant for a key, be it a right one or not.

    Args:
        text: as a person types it.
    """
    said = text.strip().upper()
    if not _LOOKS_SO.fullmatch(said):
        return False
    bare = re.sub(r"[\s.–-]", "", said)[1:].translate(READ_AS)  # noqa: RUF001 - as pasted
    written_so = said.startswith("R-") and any(each.isdigit() for each in said)
    return written_so or set(bare) <= set(ALPHABET)


def read_key(text: str, field: str = "case_key") -> str:
    """Return a key as it is written, from what a person typed: with or without hyphens and R.

    Args:
        text: as a person types it.

    Raises:
        InvalidQuery: it is no key, or its check says that something of it is wrong.
    """
    bare = re.sub(r"[\s.–-]", "", text.upper()).translate(READ_AS)  # noqa: RUF001 - as pasted
    if len(bare) == BY_CHANCE + 2:
        bare = bare.removeprefix("R")
    if len(bare) != BY_CHANCE + 1:
        raise InvalidQuery(
            f"{field}: a case's key has seven letters and digits behind its R: R-7KM-482-4."
        )
    if not set(bare) <= set(ALPHABET) or mod_37_2.checksum(bare, alphabet=ALPHABET) != 1:
        raise InvalidQuery(
            f"{field}: that is no case's key: a letter or digit of it is wrong, or two changed "
            "places; have it said again."
        )
    return _written(bare)


def _written(bare: str) -> str:
    return f"R-{bare[:3]}-{bare[3:6]}-{bare[6:]}"
