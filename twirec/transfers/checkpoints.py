"""The points that a transfer, or a destruction, reaches, for tests that break in there."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum


class Step(StrEnum):
    """A point that a transfer reached."""

    CLAIMED = "claimed"
    """The lease is held, and nothing else was done."""
    NAMED = "named"
    """The object's name is committed."""
    RECEIVING = "receiving"
    """A part of the media has arrived, and may have been passed on to the bucket."""
    RECEIVED = "received"
    """All of it arrived and is the recording; the object cannot be seen yet."""
    STORED = "stored"
    """The bucket says that it has the object."""
    VERIFIED = "verified"
    """What the bucket says equals what was received."""
    ARCHIVED = "archived"
    """That is committed."""
    DELETED = "deleted"
    """The vendor's copy is gone."""
    RELEASED = "released"
    """That is committed, and the lease has ended."""
    FOUND = "found"
    """What is to be destroyed is written down, copy by copy."""
    DESTROYED = "destroyed"
    """Nothing of it is left, at the vendor and in the bucket."""
    ERASED = "erased"
    """That is committed, and the lease has ended."""


OF_A_TRANSFER = tuple(
    step for step in Step if step not in {Step.FOUND, Step.DESTROYED, Step.ERASED}
)
"""What the transfer of a recording reaches, in turn; the others are of a destruction alone."""

AtCheckpoint = Callable[[Step], None]
"""Called at each step, for tests that break in there."""


def no_checkpoint(step: Step) -> None:
    """Do nothing."""
