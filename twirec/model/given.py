"""What is given, looked at before anything is done with it: a word, a text, a number.

What a public method is given is refused with `InvalidQuery`, which names the field and what it
takes; never with an error of Python's own. Some characters no text may hold: XML cannot, PostgreSQL
cannot, and nobody types them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from twirec.model.errors import InvalidQuery

_UNSPEAKABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
"""https://www.w3.org/TR/xml/#charsets, and DEL. Half of a surrogate pair has no UTF-8, and NUL is
in no text of PostgreSQL's (https://www.postgresql.org/docs/current/datatype-character.html)."""

IN_THEIR_PLACE = "\ufffd"
"""What stands where such a character was. It is not left out: `client:a\\x01na` is nobody's name,
and must not become that of somebody else."""


def unspeakable(text: str) -> bool:
    """Whether a text has characters that no XML document may hold, and so no TwiML."""
    return _UNSPEAKABLE.search(text) is not None


def without_unspeakable(text: str) -> str:
    """Return a text with `IN_THEIR_PLACE` for each of them."""
    return _UNSPEAKABLE.sub(IN_THEIR_PLACE, text)


def speakable(texts: Mapping[str, str]) -> dict[str, str]:
    """Return names and texts without any of them, in either."""
    clean = _UNSPEAKABLE.sub
    return {clean(IN_THEIR_PLACE, name): clean(IN_THEIR_PLACE, texts[name]) for name in texts}


Word = TypeVar("Word", bound=StrEnum)


def word(words: type[Word], field: str, given: object) -> Word | None:
    """Return a word of a vocabulary; None if nothing was given.

    Args:
        words: the vocabulary.
        field: how an error names it.
        given: one of its members, or the text of one: `not_recorded`, `Not-Recorded`.

    Raises:
        InvalidQuery: it is none of them; the message lists them.
    """
    if given is None:
        return None
    if isinstance(given, str):
        try:
            return words(given.strip().lower().replace("-", "_"))
        except ValueError:
            pass
    raise InvalidQuery(f"{field}: {short(given)} is not known; choose {', '.join(words)}.")


def text(field: str, given: object) -> str:
    """Return a text as it is.

    Args:
        field: how an error names it.
        given: what has to be a `str`.

    Raises:
        InvalidQuery: it is none, or has characters that nothing can hold.
    """
    if not isinstance(given, str):
        raise InvalidQuery(f"{field}: give text, not {short(given)}.")
    if unspeakable(given):
        raise InvalidQuery(f"{field}: it has control characters; leave them out.")
    return given


def texts(field: str, given: object) -> tuple[str, ...]:
    """Return several texts.

    Args:
        field: how an error names it.
        given: what has to be a list or tuple of `str`.

    Raises:
        InvalidQuery: it is none.
    """
    if not isinstance(given, list | tuple):
        raise InvalidQuery(f"{field}: give text, or a list of it, not {short(given)}.")
    return tuple(text(field, each) for each in given)


def whole(field: str, given: object, least: int, most: int, unit: str = "") -> int:
    """Return a whole number.

    Args:
        field: how an error names it.
        given: what has to be an `int`.
        least, most: between which it has to be, both included.
        unit: of what it counts, such as `minutes`.

    Raises:
        InvalidQuery: it is none, or beyond them.
    """
    if not isinstance(given, int) or isinstance(given, bool) or not least <= given <= most:
        raise InvalidQuery(f"{field}: give {f'{unit}, ' if unit else ''}{least} to {most}.")
    return given


def seconds(field: str, given: object) -> float:
    """Return a time within a recording, in seconds.

    Args:
        field: how an error names it.
        given: what has to be a number.

    Raises:
        InvalidQuery: it is none.
    """
    if not isinstance(given, int | float) or isinstance(given, bool):
        raise InvalidQuery(f"{field}: give seconds, not {short(given)}.")
    return float(given)


def short(given: object) -> str:
    """Return how a message names what was given: a text by itself, anything else by its kind.

    Args:
        given: whatever was given.
    """
    if given is None:
        return "None"
    if isinstance(given, str):
        return repr(given[:40])
    kind = type(given).__name__
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
