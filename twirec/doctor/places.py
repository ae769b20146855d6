"""Whether the settings mean the same places wherever a command is started."""

from __future__ import annotations

from collections.abc import Iterator

from twirec.doctor.results import ok, warning
from twirec.model.inspection import Check, CheckResult
from twirec.settings import Settings
from twirec.settings.places import relative_places


def place_results(settings: Settings) -> Iterator[CheckResult]:
    """Check that database and bucket are not paths of the directory that one happens to be in."""
    places = list(relative_places(settings))
    for name, path, absolute in places:
        yield warning(
            Check.PLACES,
            f"{name} is another place in every directory that a process is started in; "
            f"here it is {path}.",
            f"Write {name}={absolute}",
        )
    if not places:
        yield ok(Check.PLACES, "Database and bucket are the same wherever a process is started.")
