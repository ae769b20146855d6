"""Rows of the tables as values of the model, and back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from twirec.model.records import Announcement, Call, Consent, Recording
from twirec.model.states import Custody, State
from twirec.model.words import ConsentOutcome, Direction, Outcome, Reason, Role


def call_values(call: Call) -> dict[str, Any]:
    """Return the columns of a call."""
    return {
        "account_sid": call.account_sid,
        "call_sid": call.call_sid,
        "direction": call.direction.value,
        "customer_number": call.customer_number,
        "own_number": call.own_number,
        "started_at": call.started_at,
        "announced_at": call.announced_at,
        "announcement": call.announcement,
        "dial": list(call.dial),
        "outcome": call.outcome.value,
        "reason": call.reason.value if call.reason else None,
        "ended_at": call.ended_at,
    }


def to_call(row: Row[Any]) -> Call:
    """Return the call of a row."""
    return Call(
        account_sid=row.account_sid,
        call_sid=row.call_sid,
        direction=Direction(row.direction),
        customer_number=row.customer_number,
        own_number=row.own_number,
        started_at=row.started_at,
        announced_at=row.announced_at,
        announcement=row.announcement,
        dial=tuple(row.dial),
        outcome=Outcome(row.outcome),
        reason=Reason(row.reason) if row.reason else None,
        ended_at=row.ended_at,
    )


def consent_values(consent: Consent) -> dict[str, Any]:
    """Return the columns of a consent."""
    return {
        "account_sid": consent.account_sid,
        "call_sid": consent.call_sid,
        "leg": consent.leg,
        "outcome": consent.outcome.value,
        "method": consent.method,
        "announcement": consent.announcement,
        "language": consent.language,
        "at": consent.at,
    }


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
    )


def recording_values(recording: Recording) -> dict[str, Any]:
    """Return the columns of a recording, without those of a lease."""
    return {
        "sid": recording.sid,
        "account_sid": recording.account_sid,
        "call_sid": recording.call_sid,
        "state": recording.state.value,
        "custody": recording.custody.value,
        "source": recording.source,
        "started_at": recording.started_at,
        "duration": recording.duration,
        "channels": recording.channels,
        "channel_map": [role.value for role in recording.channel_map],
        "error_code": recording.error_code,
        "object_name": recording.object_name,
        "generation": recording.generation,
        "size": recording.size,
        "crc32c": recording.crc32c,
        "sha256": recording.sha256,
        "due_at": recording.due_at,
        "attempts": recording.attempts,
        "last_error": recording.last_error,
    }


def to_recording(row: Row[Any]) -> Recording:
    """Return the recording of a row."""
    return Recording(
        sid=row.sid,
        account_sid=row.account_sid,
        call_sid=row.call_sid,
        state=State(row.state),
        custody=Custody(row.custody),
        source=row.source,
        started_at=row.started_at,
        duration=row.duration,
        channels=row.channels,
        channel_map=tuple(Role(role) for role in row.channel_map),
        error_code=row.error_code,
        object_name=row.object_name,
        generation=row.generation,
        size=row.size,
        crc32c=row.crc32c,
        sha256=row.sha256,
        due_at=row.due_at,
        attempts=row.attempts,
        last_error=row.last_error,
    )


def to_announcement(row: Row[Any]) -> Announcement:
    """Return the announcement of a row."""
    return Announcement(language=row.language, voice=row.voice, text=row.text)
