"""What an erasure does, and the certificate that says of each copy what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class ErasureScope(StrEnum):
    """What an erasure is of."""

    RECORDING = "recording"
    ORIGINAL = "original"
    """A recording as it was archived, and nothing else: its copy without card numbers stays, in its
    place."""
    CALL = "call"
    """A call's line, what was written about it, and all its recordings."""
    NUMBER = "number"
    """All calls of a customer that there were when it was asked for."""


class ErasureKind(StrEnum):
    """What becomes of what is erased."""

    BLOCK = "block"
    """Kept for judges and authorities only, and destroyed on its date (LOPDGDD art. 32)."""
    DESTROY = "destroy"
    """Destroyed at once, which takes a legal ground and a second person."""


class Copy(StrEnum):
    """What a line of a certificate is about."""

    RECORDING = "recording"
    """The object in the bucket, and its labels."""
    GENERATION = "generation"
    """Another generation of an object that the bucket kept."""
    DERIVATIVE = "derivative"
    """What was made of it: a listening copy, a conversion, a cut."""
    TRANSCRIPT = "transcript"
    """What a machine heard in it."""
    WAVEFORM = "waveform"
    VENDOR_RECORDING = "vendor_recording"
    """Twilio's copy."""
    VENDOR_FACTS = "vendor_facts"
    """What Twilio keeps of a recording that it deleted: no sound, for 40 days."""
    VENDOR_CALL = "vendor_call"
    """Twilio's own record of a call, and of the legs that it dialled."""
    LINE = "line"
    """The personal fields of the call's line. That there was a call stays."""
    ROWS = "rows"
    """What other tables of the catalog hold of it."""
    JOURNAL = "journal"
    """A day's page in the bucket."""


class CopyOutcome(StrEnum):
    """What became of a copy."""

    DONE = "done"
    """Destroyed."""
    ORDERED = "ordered"
    """A worker destroys it."""
    WAITING = "waiting"
    """It cannot be destroyed yet: it goes on, or its bucket keeps it until a date."""
    PENDING = "pending"
    """Destroyed by us; somebody else keeps it until a date, and lets nobody hear it."""
    BLOCKED = "blocked"
    """Kept for judges and authorities only, until its date."""
    REFUSED = "refused"
    """It is held, or may not be destroyed; it stays."""
    NOTHING = "nothing"
    """There was nothing."""


OPEN = frozenset({CopyOutcome.ORDERED, CopyOutcome.WAITING})
"""What a worker has still to do."""


KEPT_BY_THE_BUCKET = "kept_by_the_bucket"
"""Why something waits that a retention policy of the bucket keeps, or a hold of its own."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure as it was ordered. No field of it is of the person whom it is about.

    Attributes:
        scope: what it is of.
        kind: what becomes of it.
        sid: of the recording or call; empty of a number.
        at: when it was asked for, UTC.
        by: who asked for it.
        reason: why, without numbers.
        number: keyed HMAC-SHA256 of the number, in hex; empty of a SID, and without a key.
        ground: the legal ground on which it is destroyed at once; empty of what is blocked.
        approved_by: the second person; empty while none has, and of what is blocked.
        begun_at: since when it is carried out, UTC; None while it waits for a second person.
        until: the day (UTC) from which what is blocked is destroyed; None of what is destroyed.
        done_at: when nothing was left for us to do, UTC.
        due_at: when a worker looks at it next, UTC; None while there is nothing to do.
        attempts: how often one did.
        last_error: why the last try failed.
        id: by which its certificate is found, such as `E-7KQ4XN2M`.
    """

    scope: ErasureScope
    kind: ErasureKind
    sid: str
    at: datetime
    by: str
    reason: str
    number: str = ""
    ground: str = ""
    approved_by: str = ""
    begun_at: datetime | None = None
    until: date | None = None
    done_at: datetime | None = None
    due_at: datetime | None = None
    attempts: int = 0
    last_error: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class CertificateLine:
    """What became of one copy.

    Attributes:
        sid: of the recording, or of the call, that it is of.
        copy: what it is.
        outcome: what became of it.
        at: when that was found, UTC.
        name: the object's name, the page's day, or the table's; empty where there is only one.
        generation: of an object in a bucket that keeps several; 0 where that means nothing.
        until: until when somebody else keeps it, or it waits, UTC; None where nobody knows.
        why: why it waits or was refused, in a word; empty otherwise.
    """

    sid: str
    copy: Copy
    outcome: CopyOutcome
    at: datetime
    name: str = ""
    generation: int = 0
    until: datetime | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What an erasure did, what is pending with its date, and what was refused.

    It names each copy by SIDs, names of objects and dates: nothing of it is of a person.

    Attributes:
        erasure: what was ordered, by whom and why.
        lines: a line for each copy, in order of the SIDs.
        recordings, calls: how many it is of.
        more: of how many more recordings and calls the lines are not here.
        approval: the number of the request for it that waits for a second person; 0 for none.
    """

    erasure: Erasure
    lines: tuple[CertificateLine, ...]
    recordings: int
    calls: int
    more: int = 0
    approval: int = 0

    @property
    def id(self) -> str:
        """By which it is found."""
        return self.erasure.id

    @property
    def done(self) -> bool:
        """Whether nothing is left for us to do."""
        return self.erasure.done_at is not None

    def count(self, outcome: CopyOutcome) -> int:
        """Return how many of its lines say so."""
        return sum(line.outcome is outcome for line in self.lines)

    @property
    def until(self) -> datetime | None:
        """When the last of what others keep is gone, as far as it is known; None for nothing."""
        waits = {CopyOutcome.PENDING, CopyOutcome.WAITING}
        return max(
            (line.until for line in self.lines if line.until and line.outcome in waits),
            default=None,
        )
