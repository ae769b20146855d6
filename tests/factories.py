"""Values for tests: a call, a consent, a callback, a recording, each with what a test changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from twirec.archive import Archive
from twirec.catalog import Catalog
from twirec.model.access import Actor
from twirec.model.agents import InformedAgent
from twirec.model.announcements import Announcement
from twirec.model.audit import Action, AuditDraft
from twirec.model.custody import Order
from twirec.model.policy import PolicyChange
from twirec.model.records import Call, Consent, Note, Pause, Recording
from twirec.model.states import State
from twirec.model.vendor import RecordingCallback, RecordingStatus
from twirec.model.vocabulary import ConsentMode, ConsentOutcome, Direction, LegalBasis, Role

ACCOUNT = "AC" + "a" * 32
STARTED = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)


def call_sid(number: int = 1) -> str:
    return f"CA{number:032x}"


def recording_sid(number: int = 1) -> str:
    return f"RE{number:032x}"


def a_call(**changes: Any) -> Call:
    fields: dict[str, Any] = {
        "account_sid": ACCOUNT,
        "call_sid": call_sid(),
        "direction": Direction.IN,
        "customer_number": "+34600111222",
        "own_number": "+34911000111",
        "started_at": STARTED,
        "announced_at": STARTED,
        "announcement": "f" * 64,
        "dial": ("+34911222333",),
        "channel_map": (Role.CUSTOMER, Role.AGENT),
        "leg": call_sid(),
        "mode": ConsentMode.ANNOUNCE,
        "legal_basis": LegalBasis.CONTRACT,
    }
    return Call(**fields | changes)


def a_consent(**changes: Any) -> Consent:
    fields: dict[str, Any] = {
        "account_sid": ACCOUNT,
        "call_sid": call_sid(),
        "leg": call_sid(),
        "outcome": ConsentOutcome.INFORMED,
        "method": "announcement",
        "announcement": "f" * 64,
        "language": "es-ES",
        "at": STARTED,
    }
    return Consent(**fields | changes)


def a_callback(**changes: Any) -> RecordingCallback:
    fields: dict[str, Any] = {
        "account_sid": ACCOUNT,
        "call_sid": call_sid(),
        "recording_sid": recording_sid(),
        "status": RecordingStatus.COMPLETED,
        "started_at": STARTED,
        "duration": 4,
        "channels": 2,
        "source": "DialVerb",
        "raw": {"RecordingStatus": "completed"},
    }
    return RecordingCallback(**fields | changes)


def a_recording(**changes: Any) -> Recording:
    fields: dict[str, Any] = {
        "sid": recording_sid(),
        "account_sid": ACCOUNT,
        "call_sid": call_sid(),
        "state": State.COMPLETED,
        "source": "DialVerb",
        "started_at": STARTED,
        "duration": 4,
        "channels": 2,
        "due_at": STARTED,
    }
    return Recording(**fields | changes)


ADMIN = Actor("eva", "admin")
SEEING: dict[str, Any] = {"by": ADMIN, "repeated": True}
"""An admin who sees what is in quarantine, and leaves nothing on the audit log."""


def audited(of: Order | Pause | Note | PolicyChange | InformedAgent) -> AuditDraft:
    """Return the entry of the audit log about something that somebody did."""
    match of:
        case Order():
            return AuditDraft(of.at, of.by, "", of.kind, sid=of.recording_sid)
        case Pause():
            return AuditDraft(of.paused_at, of.by, "", Action.PAUSE, sid=of.recording_sid)
        case Note():
            return AuditDraft(of.at, of.by, "", Action.ANNOTATE, sid=of.call_sid)
        case PolicyChange():
            return AuditDraft(of.at, of.by, "", Action.POLICY)
        case InformedAgent():
            return AuditDraft(of.at, of.by, "", Action.INFORM)


Entered = TypeVar("Entered", Order, Pause, Note, PolicyChange, InformedAgent)
Result = TypeVar("Result")


def enter(write: Callable[[Entered, AuditDraft], Result], what: Entered) -> Result:
    """Let a catalog write something down, with its entry of the audit log."""
    return write(what, audited(what))


RETRIED = AuditDraft(datetime(2026, 11, 3, 17, tzinfo=UTC), "ana", "", Action.RETRY, sid="all")
"""The entry of the audit log about recordings that are tried again."""


def part_of(catalog: Catalog, method: str) -> tuple[object, str]:
    """Return the part of a catalog that has a method such as `ledger.call`, and its name."""
    part, name = method.split(".")
    return getattr(catalog, part), name


DISCLOSURE_CONSENT: dict[str, Any] = {
    "participant": "customer",
    "recipient": "a lawyer",
    "purpose": "a claim",
    "given_on": "2026-11-03",
    "how": "writing",
    "evidence": "a letter",
}
"""That somebody who is heard agrees to its being given to others."""


def wording_of(archive: Archive) -> Announcement:
    """Return what the outside party hears where no policy says otherwise."""
    return archive.webhooks.announcing.of(archive.settings.policy)
