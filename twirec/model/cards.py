"""Numbers of payment cards that are spoken: where, and never which."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from twirec.model.vocabulary import Role


class CardPart(StrEnum):
    """What of a card is spoken."""

    NUMBER = "number"
    """Its number, or a part of it that is said again."""
    CODE = "code"
    """The three or four digits that prove who holds it (CVV, CVC): never to be kept after the
    payment, PCI DSS 3.3.1."""


@dataclass(frozen=True, slots=True)
class CardSpan:
    """When a part of a card is spoken, by whom.

    Attributes:
        part: of the card.
        side: whose channel it is heard on; None where nobody knows.
        starts, ends: seconds from the recording's beginning, of the first and of the last digit.
    """

    part: CardPart
    side: Role | None
    starts: float
    ends: float
