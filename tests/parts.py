"""The parts of an archive, and their public methods."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import make_dataclass
from functools import cache
from typing import Any

from twirec.archive import Archive
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

NOT_OURS = {"settings", "now", "catalog", "signature"}
"""Attributes of an archive that are no parts: what it was made with, and of."""


@cache
def parts() -> dict[str, type]:
    """Return the class of each part, by the name that it has in an archive.

    A part of a part has the names of both: `custody.holds`.
    """
    archive = Archive(Settings.from_env(ENVIRONMENT))
    return {name: type(part) for name, part in _parts(archive) if name not in NOT_OURS}


def _parts(of: object) -> Iterator[tuple[str, object]]:
    for name, part in vars(of).items():
        if not name.startswith("_") and name not in NOT_OURS:
            yield name, part
            if type(part).__module__.startswith("twirec.archive."):
                yield from ((f"{name}.{inner}", each) for inner, each in _parts(part))


OURS = ("twirec.archive.", "twirec.webhooks.")


def attributes(of: object, name: str = "") -> Iterator[str]:
    """Yield what an archive, or a part of one, shows to whoever has it, and what its parts show.

    That is what its class has: methods, properties, what an operator calls; and what was put on it.
    """
    own = vars(of)
    inherited = {each for kind in type(of).__mro__[:-1] for each in vars(kind)}
    for each in sorted(own.keys() | inherited - WRITTEN_ANYWAY):
        if each.startswith("_") and not (each.startswith("__") and each.endswith("__")):
            continue
        path = f"{name}.{each}".lstrip(".")
        if each in own and type(own[each]).__module__.startswith(OURS):
            yield from attributes(own[each], path)
        else:
            yield path


WRITTEN_ANYWAY = set(dir(make_dataclass("Empty", [])))
"""What every class has, or is given by `dataclass`."""


def methods() -> Iterator[tuple[str, str, Callable[..., Any]]]:
    """Yield each public method of each part but `webhooks`, which only the web doors call."""
    for part, kind in parts().items():
        if part == "webhooks":
            continue
        for name, method in inspect.getmembers(kind, inspect.isfunction):
            if not name.startswith("_"):
                yield part, name, method
