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
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache, wraps
from math import isfinite
from typing import Annotated, Any, TypeVar, overload

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
    if isinstance(given, float) and not isfinite(given):
        return str(given)
    if isinstance(given, int) and abs(given) > LARGEST:
        return "one so large"
    kind = type(given).__name__
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


LARGEST = 2**63 - 1
"""The largest whole number that every database has."""

LONGEST_NAME = 255
"""Characters of who acts, and of a SID: both are kept for ever."""

NAMES = frozenset({"by", "sid", "call_sid", "calls", "number", "own_number"})
"""The parameters that are such."""


@dataclass(frozen=True, slots=True)
class Form:
    """The form that a text has to have; it stands in the annotation of a parameter.

    Attributes:
        pattern: a regular expression for all of it.
        called: how a message calls it.
        others: what else is often given: a regular expression, and what a message says of it.
    """

    pattern: str
    called: str
    others: tuple[str, str] = ("(?!)", "")


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
        try:
            bound = signature.bind(*args, **named)
        except TypeError as error:
            # Python's own error stays one: a misspelt name is no value that anybody typed.
            takes = ", ".join(list(signature.parameters)[1:])
            raise TypeError(f"{method.__name__}(): {error}; it takes {takes}.") from None
        for field, given in list(bound.arguments.items())[1:]:
            if field in NAMES and any(len(each) > LONGEST_NAME for each in _texts(given)):
                raise InvalidQuery(f"{field}: give up to {LONGEST_NAME} characters.")
            check_kind(field, given, _kinds(method)[field])
        return method(*args, **named)

    return checked


@cache
def _kinds(method: Callable[..., Any]) -> Mapping[str, Any]:
    return typing.get_type_hints(method, include_extras=True)


@cache
def _inside(kind: Any) -> Mapping[str, Any]:
    """Return the fields of a dataclass of ours, each with its kind; none of anything else."""
    if not is_dataclass(kind) or not kind.__module__.startswith("twirec."):
        return {}
    kinds = typing.get_type_hints(kind, include_extras=True)
    return {each.name: kinds[each.name] for each in fields(kind)}


def check_kind(field: str, given: object, kind: Any) -> None:
    """Check that something is of a kind, and what is in it too: a value of ours has fields.

    Args:
        field: how an error names it.
        given: what was given.
        kind: a type, as an annotation says it.

    Raises:
        InvalidQuery: it is not, or it is a text that nothing can hold, or no number at all.
    """
    if not _fits(given, kind):
        raise InvalidQuery(f"{field}: {_refused(given, kind)}.")
    if isinstance(given, str | list | tuple | Mapping):
        for each in _texts(given):
            text(field, each)
    check_inside(given, f"{field}: its ")


def check_inside(given: object, before: str = "") -> None:
    """Check that each field of a value of ours is of its kind.

    Args:
        given: the value.
        before: what stands before the name of a field in an error.

    Raises:
        InvalidQuery: as `check_kind`.
    """
    of: Any = type(given)
    for name, kind in _inside(of).items():
        check_kind(f"{before}{name}", getattr(given, name), kind)


def _refused(given: object, kind: Any) -> str:
    """Return what a message says of what is not of a kind."""
    form = _form(kind)
    if form and isinstance(given, str) and re.fullmatch(form.others[0], given):
        return form.others[1]
    if words := _words(kind):
        return f"{short(given)} is not known; choose {', '.join(words)}"
    return f"give {_called(kind)}, not {short(given)}"


def _form(kind: Any) -> Form | None:
    """Return the form that a text of a kind has to have; None where it may have any."""
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        return next(filter(None, map(_form, typing.get_args(kind))), None)
    return kind.__metadata__[0] if origin is Annotated else None


def _texts(given: object) -> Iterator[str]:
    """Yield each text in what was given."""
    if isinstance(given, str):
        yield given
    elif isinstance(given, list | tuple):
        for each in given:
            yield from _texts(each)
    elif isinstance(given, Mapping):
        yield from _texts([*given, *given.values()])
    else:
        of: Any = type(given)
        yield from _texts([getattr(given, name) for name in _inside(of)])


def _fits(given: object, kind: Any) -> bool:
    """Say whether something is of a kind. A bool is no number, and a text no list of texts."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return any(_fits(given, each) for each in inner)
    if kind is Any:
        return True
    if kind is int or kind is float:
        return _is_number(given, kind)
    if form := _form(kind):
        return isinstance(given, str) and re.fullmatch(form.pattern, given) is not None
    if kind is datetime:
        return isinstance(given, datetime) and given.utcoffset() is not None
    if origin is None:
        return isinstance(given, kind)
    if issubclass(origin, tuple) and inner[-1] is not Ellipsis:
        return (
            isinstance(given, tuple) and len(given) == len(inner) and all(map(_fits, given, inner))
        )
    if issubclass(origin, Sequence):
        return (
            isinstance(given, origin)
            and not isinstance(given, str | bytes)
            and all(_fits(each, inner[0]) for each in given)
        )
    if issubclass(origin, Mapping):
        return isinstance(given, Mapping) and all(
            _fits(key, inner[0]) and _fits(value, inner[1]) for key, value in given.items()
        )
    return isinstance(given, origin) or (origin is typing.IO and hasattr(given, "read"))


def _is_number(given: object, kind: Any) -> bool:
    """Say whether something is a whole number or, of the kind float, any that there is."""
    if isinstance(given, bool):
        return False
    if kind is int:
        return isinstance(given, int) and abs(given) <= LARGEST
    try:
        return isinstance(given, int | float) and isfinite(given)
    except OverflowError:  # an int that is no float
        return False


def _words(kind: Any) -> list[str]:
    """Return the words of the vocabulary that is taken; none where it is something else.

    Where a member alone is taken, they are none: its own word would not do.
    """
    kinds = typing.get_args(kind)
    if str not in kinds:
        return []
    words = (each for each in kinds if isinstance(each, type) and issubclass(each, StrEnum))
    return [word.value for each in words for word in each]


def _called(kind: Any) -> str:
    """Return how a message calls what is taken."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_called(each) for each in inner if each is not type(None))
    if form := _form(kind):
        return form.called
    if origin is not None and issubclass(origin, tuple) and inner[-1] is not Ellipsis:
        return f"({', '.join(map(_called, inner))})"
    if origin is not None and issubclass(origin, Sequence):
        return f"a list of {_called(inner[0])}"
    if origin is not None and issubclass(origin, Mapping):
        return f"a mapping of {_called(inner[0])} to {_called(inner[1])}"
    if origin is Callable or kind is Callable:
        return "a function"
    if origin is typing.IO:
        return "an open file"
    return CALLED.get(kind, getattr(kind, "__name__", str(kind)))
