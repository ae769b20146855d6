"""Numbers of payment cards that are spoken: where, and never which; and how they are cut out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from twirec.model.bucket import Fingerprint, StoredObject
from twirec.model.derivatives import derivatives_of
from twirec.model.records import Recording
from twirec.model.vocabulary import Role

GUARD = 1.0
"""Seconds of silence before the first digit, and after the last: a machine says when words are, and
is half a second beside now and then."""
GUARDS = (0.5, 10.0)
"""The least and the most of them that can be asked for."""


class CardNumbers(StrEnum):
    """What happens where a card number is spoken: `TWIREC_CARD_NUMBERS`."""

    OFF = "off"
    PROPOSE = "propose"
    """Where a transcript has one, it is proposed to cut it out."""


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


def merged(known: Sequence[CardSpan], more: Iterable[CardSpan]) -> tuple[CardSpan, ...]:
    """Return what is known, and of the rest what does not lie within it."""
    return (*known, *(each for each in dict.fromkeys(more) if not is_within(each, known)))


def is_within(span: CardSpan, known: Iterable[CardSpan]) -> bool:
    """Whether all of a span lies in one that is known."""
    return any(each.starts <= span.starts and span.ends <= each.ends for each in known)


class CardCutState(StrEnum):
    """How it stands with what is to be cut out of a recording."""

    PROPOSED = "proposed"
    """Somebody has to approve it, or refuse it."""
    APPROVED = "approved"
    """A worker makes the recording anew."""
    CUT = "cut"
    """What is heard, taken out and read of it is without the card number."""
    FAILED = "failed"
    """Digits were heard in what was made, so that it is not offered."""
    REFUSED = "refused"
    """Nothing is cut: somebody listened, and it is no card."""


@dataclass(frozen=True, slots=True)
class CardCut:
    """What is known of card numbers in a recording. No digit is in it.

    Attributes:
        recording_sid: `RE…`.
        found_at: when a transcript was found to have one, UTC.
        sha256: of the recording that was heard.
        spans: when a card is spoken.
        state: how it stands with it.
        guard: seconds of silence around each span.
        decided_at, decided_by, reason: of who approved or refused it.
        object_name, generation, size, crc32c, own_sha256: of the copy without them, once it was
            heard and nothing is left in it.
        made_at: since when there is one, UTC.
        made_cuts: first and last second of each silence in it; None while there is none.
        next_name, next_transcript: the objects that a worker is making, which nobody hears or reads
            before it is done; None while none is.
        model, model_sha256: which heard that nothing is left in it.
        problem: why the last copy is not offered, in one sentence.
        replaced_at: since when the recording as it was archived is destroyed, and the copy is in
            its place, UTC; None while it is there.
        due_at: when a worker may make it, UTC; None if none is to.
        attempts: how often a worker tried.
        last_error: why the last try failed.
    """

    recording_sid: str
    found_at: datetime
    sha256: str
    spans: tuple[CardSpan, ...]
    state: CardCutState = CardCutState.PROPOSED
    guard: float = GUARD
    decided_at: datetime | None = None
    decided_by: str = ""
    reason: str = ""
    object_name: str | None = None
    generation: int | None = None
    size: int | None = None
    crc32c: str | None = None
    own_sha256: str | None = None
    made_at: datetime | None = None
    made_cuts: tuple[tuple[float, float], ...] | None = None
    next_name: str | None = None
    next_transcript: str | None = None
    model: str = ""
    model_sha256: str = ""
    problem: str = ""
    replaced_at: datetime | None = None
    due_at: datetime | None = None
    attempts: int = 0
    last_error: str = ""

    @property
    def fingerprint(self) -> Fingerprint | None:
        """What the copy without card numbers has to be; None while there is none."""
        if self.object_name is None:
            return None
        return Fingerprint(self.object_name, self.size, self.crc32c, self.own_sha256)

    @property
    def is_recording(self) -> bool:
        """Whether the copy took the recording's place, and nothing more was cut out since then."""
        return self.replaced_at is not None and self.object_name is None

    @property
    def cuts(self) -> tuple[tuple[float, float], ...]:
        """First and last second of each silence, guards included, none over another."""
        return joined((each.starts - self.guard, each.ends + self.guard) for each in self.spans)

    @property
    def is_lost(self) -> bool:
        """Whether a worker is to make the copy again that there was, and nothing else."""
        return self.state is not CardCutState.APPROVED

    @property
    def to_make(self) -> tuple[tuple[float, float], ...]:
        """The silence of the copy that a worker is to make: as approved, or as it was."""
        return self.made_cuts if self.is_lost and self.made_cuts is not None else self.cuts


def heard(recording: Recording, cut: CardCut | None) -> Fingerprint:
    """Return what is heard of a recording: it as it was archived, or its copy without card numbers.

    Args:
        recording: which.
        cut: what is known of card numbers in it.
    """
    return (cut and cut.fingerprint) or recording.fingerprint


def joined(spans: Iterable[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Return spans in order, those in one that touch or overlap; none begins before zero."""
    found: list[tuple[float, float]] = []
    for begin, end in sorted((max(round(begin, 2), 0.0), round(end, 2)) for begin, end in spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return tuple(found)


def as_labelled(recording: Recording, stored: StoredObject, at: datetime) -> CardCut | None:
    """Return what the labels of a copy say, for a catalog that does not know of it (any more).

    It is what is heard from then on, until a worker made it anew, and heard that no digit is left:
    the labels do not say whether somebody did.

    Args:
        recording: its original.
        stored: an object beside what else is made of it.
        at: now, UTC.

    Returns:
        What is to be written down; None if it is no copy without card numbers of that recording.
    """
    said = stored.labels
    if "format" in said or said.get("original_sha256") != recording.sha256:
        return None
    try:
        cuts = silences(said.get("cuts", ""))
    except ValueError:
        return None
    return CardCut(
        recording.sid,
        at,
        recording.sha256 or "",
        tuple(
            # a silence from the very beginning may have less than the guard in it
            CardSpan(CardPart.NUMBER, None, begin and min(begin + GUARD, end), max(end - GUARD, 0))
            for begin, end in cuts
        ),
        CardCutState.APPROVED,
        decided_at=at,
        reason="as the labels of its copy say",
        object_name=stored.name,
        generation=stored.generation,
        size=stored.size,
        crc32c=stored.crc32c,
        own_sha256=said.get("sha256"),
        made_at=at,
        made_cuts=cuts,
        due_at=at,
    )


def silences(said: str) -> tuple[tuple[float, float], ...]:
    """Return first and last second of each silence, as a label says them: `1.5 to 3, 8 to 9.25`.

    Raises:
        ValueError: it says something else.
    """
    pairs = [each.split(" to ") for each in said.split(", ")]
    return joined((float(begin), float(end)) for begin, end in pairs)


def cut_name(recording: Recording, recipe: str) -> str:
    """Return the name of a copy without card numbers, beside what else is made of its recording.

    `derivatives/2026/11/23/20261123T101500Z_RE…_0123456789abcdef.wav`.

    Args:
        recording: its original.
        recipe: the SHA-256 of all that decides what is in it, and of the try that makes it, in hex.
    """
    return f"{derivatives_of(recording)}{recipe[:16]}.wav"
