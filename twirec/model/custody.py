"""What is ordered of recordings, by whom and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class OrderKind(StrEnum):
    """What is ordered of a recording."""

    ADMIT = "admit"
    """Take it out of quarantine, on a legal ground."""
    ERASE = "erase"
    ACCEPT = "accept"
    """Archive it although it is not what the vendor says of it."""
    GIVE_UP = "give_up"
    """Try nothing more; the vendor's copy stays."""


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
