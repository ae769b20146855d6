"""Who is recorded, told how: the policy, its history, and what it says of one call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from twirec.model.vocabulary import ConsentMode, Direction, LegalBasis

FIELDS = ("on", "mode", "language", "legal_basis")
"""What a change can say, each by itself."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds for a call.

    Attributes:
        on: whether it is recorded.
        mode: how the outside party is told or asked.
        language: of the announcement, BCP 47.
        legal_basis: why it may be recorded.
    """

    on: bool
    mode: ConsentMode
    language: str
    legal_basis: LegalBasis


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """One entry of the history, which is only ever added to.

    It says what holds from `at` on for its scope. What is None stays as the entries before it said,
    or is left to the wider scope, and in the end to the settings. An entry that says nothing at all
    ends what those before it said.

    Attributes:
        at: UTC.
        by: who made it.
        why: the reason given.
        number: the own number it is for, E.164; None for all.
        direction: of the calls it is for; None for both.
        ends_at: from when on it is as if it had never been made, UTC; None for never.
    """

    at: datetime
    by: str
    why: str
    number: str | None = None
    direction: Direction | None = None
    on: bool | None = None
    mode: ConsentMode | None = None
    language: str | None = None
    legal_basis: LegalBasis | None = None
    ends_at: datetime | None = None

    def holds_at(self, at: datetime) -> bool:
        """Whether it is made, and has not ended by itself."""
        return self.at <= at and (self.ends_at is None or at < self.ends_at)

    @property
    def said(self) -> dict[str, Any]:
        """What it says, by field; empty for an entry that ends what others said."""
        held = {field: getattr(self, field) for field in FIELDS}
        return {field: value for field, value in held.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Decision:
    """What the policy says of one call, taken once, at its start.

    Attributes:
        policy: what holds.
        switched: the change that says whether it is on; None when that is the default.
    """

    policy: Policy
    switched: PolicyChange | None = None

    @property
    def why_off(self) -> str:
        """Since when and by whom it is off, for the call's line; empty when it is on."""
        if self.policy.on or self.switched is None:
            return ""
        return f"since {self.switched.at:%Y-%m-%d %H:%M} UTC by {self.switched.by}"


@dataclass(frozen=True, slots=True)
class Dialling:
    """What the catalog knows when an agent's phone dials.

    Attributes:
        history: the changes of the policy, oldest first.
        is_own: whether what is dialled is an own number.
        is_registered: whether the agent is in the register.
    """

    history: tuple[PolicyChange, ...]
    is_own: bool
    is_registered: bool
