"""What is known of a call, as evidence is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from twirec.model.anchors import SharedProof
from twirec.model.announcements import Announcement
from twirec.model.audit import AuditEntry, AuditHead
from twirec.model.bucket import StoredObject
from twirec.model.cards import CardCut
from twirec.model.claims import CheckLevel, EvidenceClaim
from twirec.model.custody import Order
from twirec.model.records import CallRecord, Recording
from twirec.model.transcript import Transcript
from twirec.model.waveform import Waveform


class EvidenceForm(StrEnum):
    """The two forms of an evidence package, by the ending of its file."""

    PDF = "pdf"
    """PDF/A-3 with the recordings inside, sealed as PAdES."""
    ASICE = "asice"
    """An ASiC-E container, which is a zip file, sealed as CAdES."""


class ProofForm(StrEnum):
    """The forms of a proof of the audit log, which is a file of JSON."""

    ENTRY = "entry"
    """That an entry is on the log that was anchored."""
    CONSISTENCY = "consistency"
    """That the log of an anchor goes on, unchanged, in that of a later one."""


@dataclass(frozen=True, slots=True)
class KeptCallback:
    """What Twilio sent of a recording, as it came.

    Attributes:
        status: Twilio's word.
        received_at: UTC.
        raw: every field.
    """

    status: str
    received_at: datetime
    raw: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RecordingFacts:
    """All that is known of one recording.

    Attributes:
        record: its call, with everything that belongs to that.
        callbacks: what Twilio sent of it, oldest first.
        stored: its object, as the bucket describes it.
        waveform: who speaks when; None where it was not measured.
        picture: of that, SVG; empty for none.
        entries: of the audit log, about it and its call, oldest first.
        orders: what was ordered of it, oldest first.
        transcript: what a machine heard in it, or in its copy without card numbers; None where
            there is none.
        cut: what is known of card numbers in it; None where none was found.
    """

    recording: Recording
    record: CallRecord
    callbacks: tuple[KeptCallback, ...] = ()
    stored: StoredObject | None = None
    waveform: Waveform | None = None
    picture: str = ""
    entries: tuple[AuditEntry, ...] = ()
    orders: tuple[Order, ...] = ()
    transcript: Transcript | None = None
    cut: CardCut | None = None


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What an evidence package is made of.

    Attributes:
        recordings: at least one.
        announcements: every wording that a consent or a call names, by its hash.
        audio: the audio of those wordings that have some, by its hash.
        case_number: of the case that was asked for; empty where it was a recording.
        company: who recorded.
        zone: in which times are written, beside UTC, such as `Europe/Madrid`.
        language: of the pages, `es` or `en`.
        made_at: UTC.
        made_by: the role of who had it made; empty for none.
        purpose: what for, a word of the company's; empty where none was said.
        head: where the audit log ended.
        version: of twirec.
        proof: that entries of the audit log which it shows were anchored; None if none was.
    """

    recordings: tuple[RecordingFacts, ...]
    announcements: Mapping[str, Announcement]
    audio: Mapping[str, bytes]
    case_number: str
    company: str
    zone: str
    language: str
    made_at: datetime
    made_by: str
    purpose: str
    head: AuditHead | None
    version: str
    proof: SharedProof | None = None


@dataclass(frozen=True, slots=True)
class EvidenceCheck:
    """What a check of a package found.

    Attributes:
        form: of the package, or of the proof.
        claims: everything that was looked at, in order.
    """

    form: EvidenceForm | ProofForm
    claims: tuple[EvidenceClaim, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing is broken."""
        return all(each.level is not CheckLevel.BROKEN for each in self.claims)
