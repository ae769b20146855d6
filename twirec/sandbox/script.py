"""What a call runs, and who is told of it. URLs are absolute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Next:
    """Where the next document comes from, and what is sent beside the call's own fields."""

    url: str
    method: str = "POST"
    params: Mapping[str, str] = field(default_factory=dict)


Document = Next | bytes
"""A document: where it is fetched, or itself."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who is told of what: the URL with its fragment, GET or POST, and Twilio's words."""

    url: str
    method: str = "POST"
    events: frozenset[str] = frozenset({"completed"})


@dataclass(frozen=True, slots=True)
class Script:
    """What a call runs.

    Attributes:
        first: the first document.
        fallback: where TwiML is asked for when that fails.
        progress: who is told how the call goes.
    """

    first: Document
    fallback: str | None = None
    progress: Subscription | None = None
