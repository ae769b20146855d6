"""What is given to a public method is of the kind that its signature says, or refused by name."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache, wraps
from math import isfinite
from typing import Any, TypeVar

from twirec.model.errors import InvalidQuery
from twirec.model.given import short, text

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
    if isinstance(given, str):
        text(field, given)


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
