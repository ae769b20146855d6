"""Whose a recording at the vendor is: this installation's own, or another app's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Claim(StrEnum):
    """By what a recording is the installation's own, the surest first."""

    TOLD = "told"
    """Twilio told this app of it, as its TwiML asked."""
    LINE = "line"
    """Its call has a line that this app wrote while it went on."""
    ROUTE = "route"
    """Its own number, SIP domain or TwiML application points at this app, and did so then."""
    ACCOUNT = "account"
    """Twilio knows no call of it (any more), and all of the account that takes calls is ours."""
    NAMED = "named"
    """`TWIREC_ADOPT` names its own number."""
    ALL = "all"
    """`TWIREC_ADOPT` is `all`: whatever the account has."""
    UNPROVEN = "unproven"
    """By nothing: Twilio does not know its call (any more), so that it may be anybody's. It has a
    line, and stays where it is."""


ALWAYS_OURS = frozenset(Claim) - {Claim.NAMED, Claim.ALL, Claim.UNPROVEN}
"""The claims that stand whatever `TWIREC_ADOPT` says later."""


class NotOurs(StrEnum):
    """Why a recording is not the installation's own, as far as anybody can prove."""

    ELSEWHERE = "elsewhere"
    """Its own number does not point at this app."""
    BEFORE = "before"
    """It began before its own number was set up as it is now."""
    NO_CALL = "no_call"
    """It names no call."""
    CALL_UNKNOWN = "call_unknown"
    """Twilio does not know its call (any more)."""
    ROUTES_UNKNOWN = "routes_unknown"
    """Twilio did not say which numbers point at this app."""

    @property
    def sentence(self) -> str:
        """Return why, in words."""
        return _SENTENCES[self]


_SENTENCES = {
    NotOurs.ELSEWHERE: "its own number does not point at this app",
    NotOurs.BEFORE: "it began before its own number was set up as it is now",
    NotOurs.NO_CALL: "it names no call",
    NotOurs.CALL_UNKNOWN: "Twilio does not know its call (any more)",
    NotOurs.ROUTES_UNKNOWN: "Twilio did not say which numbers point at this app",
}


@dataclass(frozen=True, slots=True)
class Adopt:
    """What is adopted of what an account has: `TWIREC_ADOPT`.

    Attributes:
        everything: all of it, other apps' too.
        numbers: the own numbers, in E.164; None for those that point at this app.
    """

    everything: bool = False
    numbers: frozenset[str] | None = None


OURS, ALL = Adopt(), Adopt(everything=True)

MOST_NAMED = 20
"""How many recordings that are not ours are named one by one, where all are counted."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """A recording at the vendor that is not the installation's own, and is left alone.

    Attributes:
        sid: `RE…`.
        account_sid: `AC…`.
        created_at: when the vendor made it, UTC.
        why: why it is not.
        rule: of what it was concluded: while that is the same, so is the answer.
    """

    sid: str
    account_sid: str
    created_at: datetime
    why: NotOurs
    rule: str = ""
