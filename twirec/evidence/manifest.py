"""The manifest: what a package says, for programs. The pages say the same to people."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from twirec.model.announcements import Announcement
from twirec.model.audio import WAV_TYPE
from twirec.model.audit import Action, AuditEntry
from twirec.model.evidence import CaseFacts, RecordingFacts
from twirec.model.records import Consent, Pause

SCHEMA = "twirec-evidence/1"

MANIFEST = "manifest.json"

WORDING = "announcement-"
"""Before the hash of a wording, or of its audio, in the name of its file."""

ANCHOR, ANCHOR_STAMP = "anchor.json", "anchor.tst"
"""The anchor of the audit log, and its time stamp."""

NOT_SHOWN = frozenset({Action.SEARCH, Action.SHOW})
"""What is on the audit log of a call and touched no recording."""


@dataclass(frozen=True, slots=True)
class Inside:
    """A small file of a package.

    Attributes:
        name: of the file; packages have no folders.
        data: its bytes.
        content_type: of it.
    """

    name: str
    data: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the chain of custody.

    Attributes:
        at: UTC.
        what: in one word.
        role: of who did it; empty where nobody did.
        outcome: as the audit log has it; empty of what no person did.
        detail: more of it, as names and values.
        entry: the number of its entry on the audit log, and its hash; None where it is not there.
    """

    at: datetime
    what: str
    role: str = ""
    outcome: str = ""
    detail: Mapping[str, str] | None = None
    entry: tuple[int, str] | None = None


def steps(facts: RecordingFacts) -> list[Step]:
    """Return the chain of custody of a recording, from the call to today, in order of time."""
    return sorted(_steps(facts), key=lambda step: step.at)


def _steps(facts: RecordingFacts) -> Iterator[Step]:
    call, recording = facts.record.call, facts.recording
    moments = (
        (call.started_at, "call_began", {}),
        (call.announced_at, "announcement_sent", _named(leg=call.leg)),
        (recording.started_at, "recording_began", {}),
        (recording.ended_at, "recording_ended", {}),
        (call.ended_at, "call_ended", {}),
        *((each.paused_at, "paused", {}) for each in _pauses(facts)),
        *((each.resumed_at, "resumed", {}) for each in _pauses(facts)),
    )
    yield from (Step(at, what, detail=detail) for at, what, detail in moments if at)
    for consent in facts.record.consents:
        said = _named(leg=consent.leg, outcome=consent.outcome.value, key=consent.key)
        yield Step(consent.at, "consent", detail=said)
    for callback in facts.callbacks:
        yield Step(callback.received_at, "vendor_said", detail={"status": callback.status})
    for order in facts.orders:
        yield Step(order.at, "ordered", detail=_named(kind=order.kind.value, why=order.why))
    shown = (entry for entry in facts.entries if entry.action not in NOT_SHOWN)
    yield from map(_of_entry, shown)


def _of_entry(entry: AuditEntry) -> Step:
    purpose = entry.detail.get("purpose")
    return Step(
        entry.at,
        entry.action,
        entry.role,
        entry.outcome.value,
        {"purpose": str(purpose)} if purpose else None,
        (entry.seq, entry.hash),
    )


def _pauses(facts: RecordingFacts) -> list[Pause]:
    return [each for each in facts.record.pauses if each.recording_sid == facts.recording.sid]


def _named(**details: str) -> dict[str, str]:
    return {name: value for name, value in details.items() if value}


def media_name(facts: RecordingFacts) -> str:
    """Return the name of a recording in its package."""
    return f"{facts.recording.sid}.wav"


def transcript_name(facts: RecordingFacts) -> str:
    """Return the name of a recording's transcript in its package, which says what made it."""
    return f"{facts.recording.sid}-transcript-by-machine.json"


def files(case: CaseFacts) -> list[Inside]:
    """Return the small files beside the recordings: the raw facts, and the wordings."""
    found = []
    for facts in case.recordings:
        sid = facts.recording.sid
        sent = [
            {"status": each.status, "received_at": utc(each.received_at), "raw": dict(each.raw)}
            for each in facts.callbacks
        ]
        found.append(_json(f"{sid}-callbacks.json", sent))
        found.append(_json(f"{sid}-object.json", _stored(facts)))
        if facts.transcript is not None:
            text = facts.transcript.as_json().encode()  # as it lies in the bucket
            found.append(Inside(transcript_name(facts), text, JSON))
    if case.proof:
        found.append(Inside(ANCHOR, case.proof.anchor.content, JSON))
        if case.proof.stamp:
            found.append(Inside(ANCHOR_STAMP, case.proof.stamp, "application/timestamp-reply"))
    for digest, announcement in sorted(case.announcements.items()):
        content = announcement.content.encode()  # of which the hash is the name
        found.append(Inside(f"{WORDING}{digest}.json", content, JSON))
    for digest, data in sorted(case.audio.items()):
        found.append(Inside(f"{WORDING}{digest}.wav", data, WAV_TYPE))
    return found


JSON = "application/json"


def _json(name: str, value: object) -> Inside:
    return Inside(name, canonical(value), JSON)


def canonical(value: object) -> bytes:
    """Return JSON as it is written in packages: indented, keys in order, UTF-8."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1)
    return f"{text}\n".encode()


def manifest(case: CaseFacts, inside: Sequence[Inside]) -> bytes:
    """Return the manifest of a package.

    Args:
        case: what it says.
        inside: the small files of the package, besides the manifest itself.
    """
    listed: dict[str, dict[str, object]] = {
        each.name: {"sha256": hashlib.sha256(each.data).hexdigest(), "size": len(each.data)}
        for each in inside
    }
    for facts in case.recordings:
        recording = facts.recording
        listed[media_name(facts)] = {"sha256": recording.sha256, "size": recording.size}
    head = case.head
    return canonical(
        {
            "schema": SCHEMA,
            "made_at": utc(case.made_at),
            "made_by_role": case.made_by,
            "purpose": case.purpose,
            "software": f"twirec {case.version}",
            "company": case.company,
            "case_number": case.case_number,
            "timezone": case.zone,
            "audit_head": {"seq": head.seq, "hash": head.hash} if head else None,
            "audit_anchor": case.proof.fields if case.proof else None,
            "recordings": [_recording(facts) for facts in case.recordings],
            "files": listed,
        }
    )


def _recording(facts: RecordingFacts) -> dict[str, Any]:
    call, recording = facts.record.call, facts.recording
    return {
        "recording_sid": recording.sid,
        "call_sid": recording.call_sid,
        "account_sid": recording.account_sid,
        "file": media_name(facts),
        "sha256": recording.sha256,
        "size": recording.size,
        "crc32c": recording.crc32c,
        "started_at": utc(recording.started_at),
        "duration_seconds": recording.duration,
        "channels": recording.channels,
        "channel_map": [role.value for role in recording.channel_map],
        "source": recording.source,
        "custody": recording.custody.value,
        "legal_ground": recording.legal_ground,
        "accepted_despite": recording.accepted.despite if recording.accepted else "",
        "call": {
            "direction": call.direction.value if call.direction else None,
            "customer_number": call.customer_number,
            "own_number": call.own_number,
            "started_at": utc(call.started_at),
            "ended_at": utc(call.ended_at),
            "announced_at": utc(call.announced_at),
            "consent_mode": call.mode.value if call.mode else None,
            "legal_basis": call.legal_basis.value if call.legal_basis else None,
            "case_number": call.case_number,
            "legs": [
                {"sid": leg.leg_sid, "agent": leg.agent, "at": utc(leg.at)}
                for leg in facts.record.legs
            ],
        },
        "consents": [_consent(each) for each in facts.record.consents],
        "pauses": [
            {"at": utc(each.paused_at), "until": utc(each.resumed_at), "by": each.by}
            for each in _pauses(facts)
        ],
        "speech": _speech(facts),
        "transcript": _transcript(facts),
        "card_numbers_cut": _cut(facts),
        "custody_chain": [_step(each) for each in steps(facts)],
    }


def _consent(consent: Consent) -> dict[str, Any]:
    return {
        "leg": consent.leg,
        "outcome": consent.outcome.value,
        "method": consent.method,
        "key": consent.key,
        "language": consent.language,
        "announcement": consent.announcement,
        "at": utc(consent.at),
        "informed_agents": list(consent.agents),
    }


def _speech(facts: RecordingFacts) -> list[dict[str, Any]]:
    sides = facts.waveform.sides if facts.waveform else ()
    return [
        {
            "channel": channel,
            "role": side.role.value if side.role else None,
            "spans": [[round(span.start, 2), round(span.end, 2)] for span in side.spans],
        }
        for channel, side in enumerate(sides, 1)
    ]


def _transcript(facts: RecordingFacts) -> dict[str, Any] | None:
    transcript = facts.transcript
    if transcript is None:
        return None
    return {
        "file": transcript_name(facts),
        "made_by": "machine",
        "model": transcript.model,
        "model_sha256": transcript.model_sha256,
        "made_at": utc(transcript.made_at),
        "of_sha256": transcript.sha256,
    }


def _cut(facts: RecordingFacts) -> dict[str, Any] | None:
    """Return that a copy without card numbers is heard, and whether the sound here is that."""
    cut = facts.cut
    if cut is None or (cut.object_name is None and cut.replaced_at is None):
        return None
    earlier = "as recorded" if cut.replaced_at is None else "an earlier copy"
    return {
        "copy_sha256": cut.own_sha256 or facts.recording.sha256,
        "made_at": utc(cut.made_at),
        "silent": [[begin, end] for begin, end in cut.made_cuts or ()],
        "file_is": "the copy" if cut.is_recording else earlier,
        "speech_and_transcript_are_of": "the copy",
        "original_sha256": cut.sha256,
        "original_destroyed_at": utc(cut.replaced_at) if cut.replaced_at else None,
    }


def _step(step: Step) -> dict[str, Any]:
    found: dict[str, Any] = {"at": utc(step.at), "what": step.what}
    found |= {"role": step.role} if step.role else {}
    found |= {"outcome": step.outcome} if step.outcome else {}
    found |= {"detail": dict(step.detail)} if step.detail else {}
    if step.entry:
        found["entry"] = {"seq": step.entry[0], "hash": step.entry[1]}
    return found


def _stored(facts: RecordingFacts) -> dict[str, Any] | None:
    stored = facts.stored
    if stored is None:
        return None
    return {
        "name": stored.name,
        "generation": stored.generation,
        "size": stored.size,
        "crc32c": stored.crc32c,
        "labels": dict(stored.labels),
        "custom_time": utc(stored.custom_time),
    }


def utc(at: datetime | None) -> str | None:
    """Return a time as packages write it, such as `2026-11-23T10:15:00.000000Z`."""
    return f"{at:%Y-%m-%dT%H:%M:%S.%f}Z" if at else None


def wording(content: bytes) -> Announcement:
    """Return the wording of a file whose name begins with `WORDING`.

    Raises:
        ValueError: it is none.
    """
    fields = json.loads(content)
    try:
        return Announcement(**fields)
    except TypeError as error:
        raise ValueError(str(error)) from error
