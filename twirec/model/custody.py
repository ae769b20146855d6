"""What is ordered of recordings, by whom and why; what keeps them, and from whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from twirec.model.states import Custody

LONGEST_CASE_NUMBER = 64
"""Characters; it is a column of the catalog."""


class OrderKind(StrEnum):
    """What is ordered of a recording."""

    ADMIT = "admit"
    """Take it out of quarantine, on a legal ground."""
    ERASE = "erase"
    ACCEPT = "accept"
    """Archive it although it is not what the vendor says of it."""
    GIVE_UP = "give_up"
    """Try nothing more; the vendor's copy stays."""
    BLOCK = "block"
    """Keep it for judges and authorities only, until its date."""


@dataclass(frozen=True, slots=True)
class Order:
    """An entry of the history of orders, which is only ever added to.

    Attributes:
        recording_sid: `RE…`.
        at: UTC.
        by: who ordered it.
        why: the legal ground, or the reason.
    """

    recording_sid: str
    kind: OrderKind
    at: datetime
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class Hold:
    """What keeps recordings from being destroyed, by whomever and whatever, until it is lifted.

    Attributes:
        case_number: of the dispute for which they are kept.
        reason: why.
        by: who holds them.
        at: since when, UTC.
        recording_sid: the one that is held, `RE…`; None if it is those of a number, or of a call.
        account_sid, call_sid: the call whose recordings are held, also one to come; None for none.
        number: whose calls' recordings are held, also those to come, as the catalog keys it; either
            side's. None if it is one recording, and of a hold that was lifted.
        since: calls from then on, UTC; None for all before `until`.
        until: calls before then, UTC; None for all to come.
        lifted_by: who lifted it; empty while it holds.
        lifted_at: when, UTC.
        lifted_reason: why.
        id: its number; 0 until it is written down.
    """

    case_number: str
    reason: str
    by: str
    at: datetime
    recording_sid: str | None = None
    number: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    lifted_by: str = ""
    lifted_at: datetime | None = None
    lifted_reason: str = ""
    id: int = 0
    account_sid: str | None = None
    call_sid: str | None = None

    @property
    def lifted(self) -> bool:
        """Whether it holds no more."""
        return self.lifted_at is not None


@dataclass(frozen=True, slots=True)
class Block:
    """That a recording is kept for judges and authorities only (LOPDGDD art. 32).

    Attributes:
        recording_sid: `RE…`.
        at: since when, UTC.
        by: who, or which rule, blocked it.
        why: the reason.
        until: the day (UTC) from which it is destroyed.
        was: its custody before.
    """

    recording_sid: str
    at: datetime
    by: str
    why: str
    until: date
    was: Custody


def block_until(at: datetime, blocked_for: timedelta) -> date:
    """Return the day (UTC) from which what is blocked now is destroyed: its last day ends before.

    Args:
        at: when it is blocked.
        blocked_for: how long it is kept.
    """
    return (at.astimezone(UTC) + blocked_for).date() + timedelta(days=1)
