"""Events: what a webhook of the company's own is told of its recordings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from twirec.model.states import State


class EventType(StrEnum):
    """What happened, mostly to a recording."""

    ARCHIVED = "archived"
    """The bucket holds its verified bytes."""
    PARKED = "parked"
    """Trying was given up, until the next sweep or until somebody tries it again."""
    LOST = "lost"
    """Twilio no longer had it before it could be copied: an alarm."""
    DIFFERS = "differs"
    """What lies in the bucket is not what was archived, or is gone: an alarm."""
    AUDIT_BROKEN = "audit_broken"
    """The audit log, or a history beside it, was changed: an alarm, of no recording."""
    CARD_NUMBER = "card_number"
    """A card number is spoken in it, as its transcript has it: somebody has to decide."""
    CASE_OPENED = "case_opened"
    CASE_NEARLY_DUE = "case_nearly_due"
    """The term of a customer's case ends soon."""
    CASE_OVERDUE = "case_overdue"
    """It ended, and the customer was not told: an alarm."""
    CASE_RECEIPT = "case_receipt"
    """The receipt of a case was made, and is to be delivered."""
    CASE_MAILED = "case_mailed"
    """A mail server took the e-mail with a receipt."""
    CASE_NOT_MAILED = "case_not_mailed"
    """It could not be delivered, and nothing more is tried."""
    CASE_CLOSED = "case_closed"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing to tell. It holds SIDs and facts, never a number.

    Attributes:
        id: the same each time that it is sent; 32 hex digits.
        type: what happened.
        at: when it happened, UTC.
        recording_sid, account_sid, call_sid: of what; None where it is of no recording.
        state: the recording's, then.
        reason: the name of the error for which it was parked; empty otherwise.
        object_name, sha256: what the bucket holds; None if nothing.
        case_key: of the case; None where it is of no case.
        attempts: how often it was sent, this time included.
        last_error: why it was not taken the last time; empty if there was none.
    """

    id: str
    type: EventType
    at: datetime
    recording_sid: str | None
    account_sid: str | None
    call_sid: str | None
    state: State | None
    reason: str = ""
    object_name: str | None = None
    sha256: str | None = None
    attempts: int = 1
    last_error: str = ""
    case_key: str | None = None


class Receiver(Protocol):
    """The company's own webhook."""

    def take(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Hand over an event. On return it was taken.

        Raises:
            EventNotTaken: it was refused, or it is not known whether it was taken.
        """
        ...
