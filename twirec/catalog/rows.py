"""Rows of the tables as values of the model, and back."""

from __future__ import annotations

from dataclasses import fields
from enum import Enum
from typing import Any

from sqlalchemy import Row

from twirec.model.agents import InformedAgent, Leg
from twirec.model.announcements import Announcement
from twirec.model.audit import AuditEntry
from twirec.model.bucket import Difference
from twirec.model.custody import Order, OrderKind
from twirec.model.derivatives import Derivative
from twirec.model.ownership import Claim
from twirec.model.policy import Policy, PolicyChange
from twirec.model.records import Call, Consent, Note, Pause, Recording
from twirec.model.states import Custody, Standstill, State
from twirec.model.vocabulary import (
    ConsentMode,
    ConsentOutcome,
    Direction,
    LegalBasis,
    Outcome,
    Reason,
    Role,
)

TAIL = 6
"""How many of a number's last digits people can search for."""


def values(
    record: Call
    | Consent
    | Recording
    | Pause
    | Policy
    | PolicyChange
    | InformedAgent
    | Leg
    | Order
    | Note
    | AuditEntry
    | Derivative
    | Difference,
) -> dict[str, Any]:
    """Return the columns of a value: its fields, in types that databases have.

    A call has one more, by which it is found by the last digits of the customer's number.
    """
    row = {field.name: _plain(getattr(record, field.name)) for field in fields(record)}
    return row | {"tail": tail_of(record.customer_number)} if isinstance(record, Call) else row


def tail_of(number: str) -> str:
    """Return the last digits of a number backwards; nothing of what is none."""
    digits = number.removeprefix("+")
    return digits[: -TAIL - 1 : -1] if digits.isdigit() else ""


def to_call(row: Row[Any]) -> Call:
    """Return the call of a row."""
    return Call(
        account_sid=row.account_sid,
        call_sid=row.call_sid,
        direction=Direction(row.direction) if row.direction else None,
        customer_number=row.customer_number,
        own_number=row.own_number,
        started_at=row.started_at,
        announced_at=row.announced_at,
        announced_steady=row.announced_steady,
        announcement=row.announcement,
        dial=tuple(row.dial),
        channel_map=tuple(Role(role) for role in row.channel_map),
        leg=row.leg,
        mode=ConsentMode(row.mode) if row.mode else None,
        legal_basis=LegalBasis(row.legal_basis) if row.legal_basis else None,
        asked=row.asked,
        outcome=Outcome(row.outcome),
        reason=Reason(row.reason) if row.reason else None,
        detail=row.detail,
        ended_at=row.ended_at,
        case_number=row.case_number,
        late=row.late,
    )


def to_consent(row: Row[Any]) -> Consent:
    """Return the consent of a row."""
    return Consent(
        account_sid=row.account_sid,
        call_sid=row.call_sid,
        leg=row.leg,
        outcome=ConsentOutcome(row.outcome),
        method=row.method,
        announcement=row.announcement,
        language=row.language,
        at=row.at,
        key=row.key,
        agents=tuple(row.agents),
    )


def to_recording(row: Row[Any]) -> Recording:
    """Return the recording of a row."""
    return Recording(
        sid=row.sid,
        account_sid=row.account_sid,
        call_sid=row.call_sid,
        state=State(row.state),
        custody=Custody(row.custody),
        legal_ground=row.legal_ground,
        source=row.source,
        started_at=row.started_at,
        duration=row.duration,
        channels=row.channels,
        channel_map=tuple(Role(role) for role in row.channel_map),
        leg=row.leg,
        error_code=row.error_code,
        encryption=row.encryption,
        object_name=row.object_name,
        generation=row.generation,
        size=row.size,
        crc32c=row.crc32c,
        sha256=row.sha256,
        due_at=row.due_at,
        attempts=row.attempts,
        last_error=row.last_error,
        keep_at_vendor=row.keep_at_vendor,
        standstill=Standstill(row.standstill) if row.standstill else None,
        accepted=row.accepted,
        claim=Claim(row.claim),
        kept_for_trial=row.kept_for_trial,
    )


def to_announcement(row: Row[Any]) -> Announcement:
    """Return the announcement of a row."""
    return Announcement(
        row.language,
        row.voice,
        row.text,
        row.question,
        audio=row.audio,
        question_audio=row.question_audio,
        seconds=row.seconds,
        question_seconds=row.question_seconds,
    )


def to_policy(row: Row[Any]) -> Policy:
    """Return the policy of a row."""
    return Policy(row.on, ConsentMode(row.mode), row.language, LegalBasis(row.legal_basis))


def to_policy_change(row: Row[Any]) -> PolicyChange:
    """Return the change of the policy of a row."""
    return PolicyChange(
        at=row.at,
        by=row.by,
        why=row.why,
        number=row.number,
        direction=Direction(row.direction) if row.direction else None,
        on=row.on,
        mode=ConsentMode(row.mode) if row.mode else None,
        language=row.language,
        legal_basis=LegalBasis(row.legal_basis) if row.legal_basis else None,
    )


def to_informed_agent(row: Row[Any]) -> InformedAgent:
    """Return the entry of the register of a row."""
    return InformedAgent(row.agent, row.informed_on, row.reference, row.by, row.at, id=row.id)


def to_leg(row: Row[Any]) -> Leg:
    """Return the leg of a row."""
    return Leg(row.account_sid, row.leg_sid, row.call_sid, row.at, row.agent)


def to_order(row: Row[Any]) -> Order:
    """Return the order of a row."""
    return Order(row.recording_sid, OrderKind(row.kind), row.at, row.by, row.why)


def to_pause(row: Row[Any]) -> Pause:
    """Return the pause of a row."""
    return Pause(row.recording_sid, row.paused_at, row.by, row.resumed_at)


def to_note(row: Row[Any]) -> Note:
    """Return the note of a row."""
    return Note(row.account_sid, row.call_sid, row.by, row.at, row.text, row.case_number)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value.value if isinstance(value, Enum) else value
