"""Whatever appears in a public signature, and every error, can be imported where the docs say."""

from __future__ import annotations

import dataclasses
import inspect
import re
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import twirec
from tests.parts import methods
from twirec.archive import Archive
from twirec.model import errors
from twirec.model.search import Query

PAGE = (Path(__file__).parent.parent / "docs/python.md").read_text(encoding="utf-8")
ERRORS = {
    name: each
    for name, each in inspect.getmembers(errors, inspect.isclass)
    if each.__module__ == errors.__name__
}


def ours(kind: Any, seen: set[type]) -> None:
    """Add the classes of ours in an annotation, and in the fields of those that have fields."""
    for each in kind if isinstance(kind, list) else typing.get_args(kind):
        ours(each, seen)  # a list is the parameters of a function
    if isinstance(kind, type) and kind.__module__.startswith("twirec.") and kind not in seen:
        seen.add(kind)
        if dataclasses.is_dataclass(kind):
            for field in typing.get_type_hints(kind).values():
                ours(field, seen)


def not_importable(method: Callable[..., Any]) -> set[str]:
    """Return what is in a signature and not among the public names."""
    kinds: set[type] = set()
    for hint in typing.get_type_hints(method).values():
        ours(hint, kinds)
    return {
        kind.__name__ for kind in kinds if getattr(twirec, kind.__name__, None) is not kind
    } - ERRORS.keys()


SIGNATURES = {
    **{f"{part}.{name}": method for part, name, method in methods()},
    "__init__": Archive.__init__,
    "from_env": Archive.from_env,
}


def test_what_a_signature_names_can_be_imported() -> None:
    for name, method in SIGNATURES.items():
        assert not_importable(method) == set(), name


def test_one_that_cannot_be_imported_is_found() -> None:
    def asks(query: Query | None, other: list[twirec.Page]) -> None: ...

    assert not_importable(asks) == {"Query"}


def test_every_error_is_on_the_page_with_what_it_is() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (?:`(\w+)`)? ?\|", PAGE, re.M)
    of = {name: each.__mro__[1].__name__ for name, each in ERRORS.items()}
    of |= {name: "" for name, base in of.items() if base == "Exception"}
    assert dict(rows) == of


def test_what_a_docstring_says_is_raised_is_an_error_that_there_is() -> None:
    for name, method in SIGNATURES.items():
        raised = (inspect.getdoc(method) or "").partition("Raises:")[2]
        assert set(re.findall(r"^ {4}(\w+): ", raised, re.M)) <= ERRORS.keys(), name


def test_every_part_is_on_the_page() -> None:
    from tests.parts import parts

    assert set(re.findall(r"^\| `archive\.([\w.]+)` \|", PAGE, re.M)) == parts().keys()
