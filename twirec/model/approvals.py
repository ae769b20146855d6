"""What one person alone may not do: it is asked for, and waits for a second one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from unicodedata import category, normalize

OPEN_FOR = timedelta(days=7)
"""So long a request waits; and so long what was released can be taken out."""


class ApprovalKind(StrEnum):
    """What a second person has to approve."""

    UNHOLD = "unhold"
    """Lift holds."""
    RELEASE = "release"
    """Open a blocked recording, for one download by each of the two."""
    ERASE_NOW = "erase_now"
    """Destroy at once what would be blocked."""


class ApprovalOutcome(StrEnum):
    """What became of a request."""

    APPROVED = "approved"
    REFUSED = "refused"
    EXPIRED = "expired"
    """Nobody decided in time."""


@dataclass(frozen=True, slots=True)
class Approval:
    """A request for what needs two people, and what was decided.

    Attributes:
        kind: what is asked for.
        asked_by: who asks.
        asked_at: when, UTC.
        reason: why.
        expires_at: until when somebody may decide, UTC.
        subject: of what, in what JSON has: SIDs and numbers of rows.
        ground: the authority, or the legal ground; empty where none is asked for.
        reference: of its order or letter; empty where none is asked for.
        outcome: what became of it; None while it waits.
        decided_by: who decided; empty while it waits, and if nobody did in time.
        decided_at: when, UTC.
        why: the reason of a refusal.
        id: its number; 0 until it is written down.
    """

    kind: ApprovalKind
    asked_by: str
    asked_at: datetime
    reason: str
    expires_at: datetime
    subject: Mapping[str, Any] = field(default_factory=dict)
    ground: str = ""
    reference: str = ""
    outcome: ApprovalOutcome | None = None
    decided_by: str = ""
    decided_at: datetime | None = None
    why: str = ""
    id: int = 0


@dataclass(frozen=True, slots=True)
class Release:
    """That somebody may take a blocked recording out, once.

    Attributes:
        recording_sid: `RE…`.
        approval: the number of the request that was approved.
        by: for whom: who asked, or who approved.
        at: since when, UTC.
        until: until when, UTC.
        opened_at: when they took it out, UTC; None while they have not.
    """

    recording_sid: str
    approval: int
    by: str
    at: datetime
    until: datetime
    opened_at: datetime | None = None


def same_person(one: str, other: str) -> bool:
    """Whether two names are of one person, as far as names tell.

    Capitals, forms of one letter, spaces and what nobody sees make no difference, nor whether they
    are signed in or run a command: `ana`, `Ana` and `os:ana` are one.

    Args:
        one, other: the names.
    """
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    folded = normalize("NFKC", normalize("NFKC", name).casefold())
    seen = "".join(char for char in folded if not char.isspace() and category(char) != "Cf")
    return seen.removeprefix("os:")
