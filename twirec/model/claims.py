"""What was looked at, and whether it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class CheckLevel(StrEnum):
    """What a look at one thing says."""

    HOLDS = "holds"
    BROKEN = "broken"
    UNKNOWN = "unknown"
    """It cannot be known, from what is there and the certificates that are trusted."""


@dataclass(frozen=True, slots=True)
class EvidenceClaim:
    """One thing that was looked at.

    Attributes:
        name: what, in a few words, such as `seal` or the name of a file.
        level: whether it holds.
        code: which sentence is said about it, such as `seal_holds`; for programs.
        about: what the sentence names, by the places it is put in.
        said: the sentence, in the language that was asked for.
    """

    name: str
    level: CheckLevel
    code: str
    about: Mapping[str, str] = field(default_factory=dict)
    said: str = ""
