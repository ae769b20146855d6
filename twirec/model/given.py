"""What is given, looked at before anything is done with it: its kind, a word, a text, a number.

What a public method is given is refused with `InvalidQuery`, which names the field and what it
takes; never with an error of Python's own. A class does so for all kinds by `understood`. Some
characters no text may hold: XML cannot, PostgreSQL cannot, and nobody types them.
"""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache, wraps
from math import isfinite
from typing import Any, TypeVar, overload

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


@overload
def word(words: type[Word], field: str, given: str) -> Word: ...


@overload
def word(words: type[Word], field: str, given: str | None) -> Word | None: ...


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


Part = TypeVar("Part")

CALLED: dict[object, str] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "True or False",
    date: "a date",
    datetime: "a datetime with its zone",
    timedelta: "a timedelta",
}
"""How a message calls what is taken; anything else goes by its own name."""


def understood(part: type[Part]) -> type[Part]:
    """Let each public method of a class refuse what is not of the kinds that its signature names.

    It says nothing of which values make sense: that is the method's own. A new method has it by
    being there, so that none answers with an error of Python's own.

    Args:
        part: the class; its annotations can be resolved when a method is first called.

    Raises:
        InvalidQuery: by the methods; the message names the parameter, and what it takes.
    """
    for name, method in list(vars(part).items()):
        if not name.startswith("_") and inspect.isfunction(method):
            setattr(part, name, _checked(method))
    return part


def _checked(method: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(method)

    @wraps(method)
    def checked(*args: Any, **named: Any) -> Any:
        # Python's own TypeError for a parameter that is not there, or one too few: a misspelt name
        # is no value that anybody typed.
        bound = signature.bind(*args, **named)
        for field, given in list(bound.arguments.items())[1:]:
            check_kind(field, given, _kinds(method)[field])
        return method(*args, **named)

    return checked


@cache
def _kinds(method: Callable[..., Any]) -> Mapping[str, Any]:
    return typing.get_type_hints(method)


def check_kind(field: str, given: object, kind: Any) -> None:
    """Check that something is of a kind.

    Args:
        field: how an error names it.
        given: what was given.
        kind: a type, as an annotation says it.

    Raises:
        InvalidQuery: it is not, or it is a text that nothing can hold, or no number at all.
    """
    if not _fits(given, kind):
        if words := _words(kind):
            raise InvalidQuery(f"{field}: {short(given)} is not known; choose {', '.join(words)}.")
        raise InvalidQuery(f"{field}: give {_called(kind)}, not {short(given)}.")
    for each in _texts(given):
        text(field, each)


def _texts(given: object) -> Iterator[str]:
    """Yield each text in what was given."""
    if isinstance(given, str):
        yield given
    elif isinstance(given, list | tuple):
        for each in given:
            yield from _texts(each)


def _fits(given: object, kind: Any) -> bool:
    """Say whether something is of a kind. A bool is no number, and a text no list of texts."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return any(_fits(given, each) for each in inner)
    if kind is Any:
        return True
    if kind is int or kind is float:
        whole = isinstance(given, int) and not isinstance(given, bool)
        return whole or (kind is float and isinstance(given, float) and isfinite(given))
    if origin is None:
        return isinstance(given, kind)
    if issubclass(origin, tuple):
        return (
            isinstance(given, tuple) and len(given) == len(inner) and all(map(_fits, given, inner))
        )
    if issubclass(origin, Sequence):
        return (
            isinstance(given, Sequence)
            and not isinstance(given, str | bytes)
            and all(_fits(each, inner[0]) for each in given)
        )
    if issubclass(origin, Mapping):
        return isinstance(given, Mapping) and all(
            _fits(key, inner[0]) and _fits(value, inner[1]) for key, value in given.items()
        )
    return isinstance(given, origin) or (origin is typing.IO and hasattr(given, "read"))


def _words(kind: Any) -> list[str]:
    """Return the words of the vocabulary that is taken; none where it is something else."""
    kinds = typing.get_args(kind) or (kind,)
    words = (each for each in kinds if isinstance(each, type) and issubclass(each, StrEnum))
    return [word.value for each in words for word in each]


def _called(kind: Any) -> str:
    """Return how a message calls what is taken."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_called(each) for each in inner if each is not type(None))
    if origin is not None and issubclass(origin, Sequence):
        return f"a list of {_called(inner[0])}"
    if origin is not None and issubclass(origin, Mapping):
        return f"a mapping of {_called(inner[0])} to {_called(inner[1])}"
    if origin is Callable or kind is Callable:
        return "a function"
    if origin is typing.IO:
        return "an open file"
    return CALLED.get(kind, getattr(kind, "__name__", str(kind)))
