"""The facts of an answer, for machines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from twirec.model.access_requests import (
    AccessAnswer,
    AnsweredCall,
    AnsweredRecording,
    CallSide,
    Consultation,
)


def as_record(answer: AccessAnswer) -> dict[str, Any]:
    """Return an answer as JSON has it: times in UTC, ISO 8601; nobody of the company is named."""
    request = answer.request
    return {
        "request": request.key,
        "number": request.number,
        "received_on": request.received_on.isoformat(),
        "since": _at(request.since),
        "until": _at(request.until),
        "calls": [_call(call) for call in answer.calls],
        "calls_left_out": answer.left_out,
        "recordings_blocked": answer.blocked,
    }


def _call(call: AnsweredCall) -> dict[str, Any]:
    line, own = call.record.call, call.side is CallSide.CUSTOMER
    return {
        "call": line.call_sid,
        "you": call.side.value,
        "direction": line.direction,
        "own_number": None if call.side is CallSide.AGENT else line.own_number,
        "started_at": _at(line.started_at),
        "ended_at": _at(line.ended_at),
        "legal_basis": line.legal_basis,
        "case_number": line.case_number if own else "",
        "notes": [
            {"at": _at(note.at), "text": note.text}
            for note in (call.record.notes if own else ())
            if note.text
        ],
        "consents": [
            {
                "outcome": consent.outcome,
                "at": _at(consent.at),
                "language": consent.language,
                "announcement": consent.announcement,
            }
            for consent in (call.record.consents if own else ())
        ],
        "consulted": _consulted(call.consulted),
        "recordings": [_recording(each) for each in call.recordings],
    }


def _recording(each: AnsweredRecording) -> dict[str, Any]:
    recording = each.recording
    return {
        "recording": recording.sid,
        "started_at": _at(recording.started_at),
        "seconds": recording.duration,
        "copy": each.fate.value,
        "channels": each.channels,
        "file": each.file,
        "sha256": each.sha256,
        "transcripts_by_machine": list(each.transcripts),
        "held": each.held,
        "kept_until": each.kept_until.isoformat() if each.kept_until else None,
        "recipients": list(each.recipients),
        "consulted": _consulted(each.consulted),
    }


def _consulted(each: Sequence[Consultation]) -> list[dict[str, str]]:
    return [
        {"on": one.on.isoformat(), "action": one.action, "purpose": one.purpose} for one in each
    ]


def _at(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
