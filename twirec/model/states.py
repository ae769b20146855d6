"""Where a recording's bytes are, who may have them, and what may follow what."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """Where the bytes of a recording are. A fact, never an activity.

    Being worked on is a lease; trying again is a due date; giving up is no due
    date with the last error kept ("parked").
    """

    RECORDING = "recording"
    """Twilio says it is in progress."""
    COMPLETED = "completed"
    """Twilio holds a finished file, we do not."""
    ARCHIVED = "archived"
    """Our bucket holds verified bytes; Twilio's copy is still there."""
    RELEASED = "released"
    """Our bucket holds verified bytes; Twilio's copy is gone."""
    ABSENT = "absent"
    """Twilio says there is no audio (16101 too short, 16102 silent)."""
    FAILED = "failed"
    """Twilio could not produce it (16105 and the like)."""
    EXTERNAL = "external"
    """Twilio put it into the customer's own S3; there is nothing to copy."""
    LOST = "lost"
    """Twilio no longer had it before we did: an alarm."""
    ERASING = "erasing"
    """Destruction is ordered and audited, not finished everywhere."""
    ERASED = "erased"
    """No copy anywhere; the tombstone keeps it from coming back."""


class Custody(StrEnum):
    """Who may have a recording."""

    ACTIVE = "active"
    QUARANTINED = "quarantined"
    """Adopted without proof of notice: admin and auditor only, until a legal ground is recorded."""
    BLOCKED = "blocked"
    """Bloqueado (LOPDGDD art. 32): kept for judges and authorities only, then destroyed."""


class Standstill(StrEnum):
    """Why nothing is tried of a recording until a person says so.

    It is no state: the bytes are where they were, at the vendor.
    """

    UNDECIDED = "undecided"
    """Time does not mend the last error: nothing is tried until somebody decides."""
    GIVEN_UP = "given_up"
    """Somebody ordered that nothing more is tried. The vendor's copy stays."""


MAY_BECOME: Mapping[State, frozenset[State]] = {
    State.RECORDING: frozenset(
        {State.COMPLETED, State.ABSENT, State.FAILED, State.EXTERNAL, State.LOST}
    ),
    State.COMPLETED: frozenset({State.ARCHIVED, State.EXTERNAL, State.LOST, State.ERASING}),
    State.ARCHIVED: frozenset({State.RELEASED, State.ERASING}),
    State.RELEASED: frozenset({State.ERASING}),
    State.ABSENT: frozenset({State.COMPLETED}),  # which is what it is, whatever came first
    State.FAILED: frozenset({State.COMPLETED}),
    State.EXTERNAL: frozenset(),
    State.LOST: frozenset({State.COMPLETED}),
    State.ERASING: frozenset({State.ERASED}),
    State.ERASED: frozenset(),
}
"""What each state may become. A step that is not here is not taken."""


UNFINISHED = frozenset({State.COMPLETED, State.ARCHIVED, State.ERASING})
"""The states in which a worker has something left to do."""

STORED = frozenset({State.ARCHIVED, State.RELEASED})
"""The states in which the bucket holds verified bytes."""

NOTHING_THERE = frozenset({State.ABSENT, State.FAILED, State.LOST})
"""The states in which there are no bytes anywhere."""

AT_VENDOR = frozenset({State.RECORDING, State.COMPLETED, State.ARCHIVED})
"""The states in which the vendor's copy is there, or will be; a transfer would delete it."""

UNDONE = frozenset({State.ERASING, State.ERASED})
"""The states of what is destroyed, or to be."""

FORGOTTEN = ("generation", "size", "crc32c", "sha256", "encryption")
"""What the catalog forgets of a recording that is destroyed."""


def advance(current: State, news: State) -> State:
    """Return the state after being told `news` while in `current`.

    News that are late, repeated or out of order do not move a recording
    backwards: whatever the table does not allow leaves the state as it is.
    """
    return news if news in MAY_BECOME[current] else current
