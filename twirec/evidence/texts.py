"""What the pages of a package say, in Spanish and English: `words.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a language.

    Attributes:
        said: sentences and names, some with places to fill.
        steps: what the steps of the chain of custody are called; others go by their own word.
        roles: what the roles are called; others go by their own word.
    """

    said: Mapping[str, str]
    steps: Mapping[str, str]
    roles: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        """Return a sentence or a name."""
        return self.said[name]

    def get(self, name: str) -> str:
        """Return a sentence or a name; what has none stays as it is."""
        return self.said.get(name, name)


def language_of(language: str) -> str:
    """Return in which language something is written for who reads a language: `es` or `en`."""
    return "es" if language.lower().split("-")[0] == "es" else "en"


def words(language: str) -> Words:
    """Return the words of a language.

    Args:
        language: BCP 47; Spanish where it begins with `es`, else English.
    """
    return _read()[language_of(language)]


def moment(at: datetime, zone: ZoneInfo) -> str:
    """Return a moment in a zone, and in UTC."""
    local = at.astimezone(zone)
    offset = local.utcoffset() or timedelta()
    hours = f"{offset.total_seconds() / 3600:+g}".replace("-", "\N{MINUS SIGN}")
    return f"{local:%Y-%m-%d %H:%M:%S} ({zone.key}, UTC{hours}) = {at:%Y-%m-%d %H:%M:%S} UTC"


@cache
def _read() -> Mapping[str, Words]:
    text = (files("twirec.evidence") / "words.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    return {
        language: Words(table, table.pop("steps"), table.pop("roles"))
        for language, table in tables.items()
    }
