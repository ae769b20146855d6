"""Whether what was archived is still what was archived: what reading it back found."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

CONFIDENCE = 0.95
"""With which it is said how many may be damaged of those that were not read."""


@dataclass(frozen=True, slots=True)
class IntegrityReport:
    """What reading recordings back found.

    Attributes:
        of: how many recordings the bucket is to have.
        read: how many were read, and compared with what was archived.
        size: bytes of these.
        changed: how many are something else than was archived.
        lost: how many are not there any more.
        unread: how many the bucket did not give: nothing is known of them.
        named: the SIDs of those that are changed or lost, the first `MOST_NAMED` of them; blocked
            ones are counted, and not named.
        oldest: when the one that has waited the longest was read back, UTC; None if some never was.
    """

    of: int
    read: int
    size: int
    changed: int = 0
    lost: int = 0
    unread: int = 0
    named: tuple[str, ...] = ()
    oldest: datetime | None = None

    @property
    def whole(self) -> bool:
        """Whether all that was asked for was read, and is as it was archived."""
        return not (self.changed or self.lost or self.unread)

    @property
    def at_most(self) -> float:
        """The share of all that is damaged at the most, with a confidence of `CONFIDENCE`."""
        looked = self.read + self.lost
        return share_at_most(self.of, looked, self.changed + self.lost)


MOST_NAMED = 100


def share_at_most(of: int, read: int, damaged: int) -> float:
    """Return the share of all that is damaged at the most, from a sample drawn by chance.

    The upper bound of Clopper and Pearson (Biometrika 26, 1934), one-sided: had more been damaged,
    so few in the sample would have been less likely than `1 - CONFIDENCE`. It takes the sample for
    one with replacement, which says rather too much than too little.

    Args:
        of: how many there are.
        read: how many of them were read.
        damaged: how many of these are damaged.
    """
    if of <= 0:
        return 0.0
    if read >= of:
        return damaged / of
    if damaged >= read:
        return 1.0
    low, high = damaged / read, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if _likely(read, damaged, middle) > 1 - CONFIDENCE:
            low = middle
        else:
            high = middle
    return high


def _likely(read: int, damaged: int, share: float) -> float:
    """Return how likely so few damaged ones, or fewer, are in a sample (binomial distribution)."""
    if share >= 1:
        return 0.0
    of_one, of_other = math.log(share), math.log1p(-share)
    return sum(
        math.exp(
            math.lgamma(read + 1)
            - math.lgamma(each + 1)
            - math.lgamma(read - each + 1)
            + each * of_one
            + (read - each) * of_other
        )
        for each in range(damaged + 1)
    )
