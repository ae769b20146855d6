"""Settings that mean another place in every directory."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from twirec.settings.settings import Settings

log = logging.getLogger("twirec.settings")

_SQLITE = re.compile(r"sqlite(?:\+\w+)?:///(?!file:|:memory:)([^/?][^?]*)")

_warned: set[str] = set()


def relative_places(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """Yield name, absolute path, and how to write it, of each setting that is a relative path.

    The default of `TWIREC_DATABASE_URL` is one.
    """
    if match := _SQLITE.match(settings.database_url):
        path = Path(match[1]).absolute()
        yield "TWIREC_DATABASE_URL", str(path), f"sqlite:///{path}"
    place = urlsplit(settings.bucket)
    if place.scheme == "file" and place.path and not place.path.startswith("/"):
        path = Path(unquote(place.path)).absolute()
        yield "TWIREC_BUCKET", str(path), path.as_uri()


def warn_of_relative_places(settings: Settings) -> None:
    """Log them, each once in a process."""
    for name, path, absolute in relative_places(settings):
        if absolute not in _warned:
            _warned.add(absolute)
            log.warning(
                "%s is a relative path, another place in every directory: here it is %s; write %s",
                name,
                path,
                absolute,
            )
