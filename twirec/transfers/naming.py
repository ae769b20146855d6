"""How an object in the bucket is called and labelled."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from twirec.model.announcements import Announcement
from twirec.model.errors import LabelsTooLong, MediaNotDescribed
from twirec.model.ownership import ALWAYS_OURS
from twirec.model.records import Call, CallRecord, Consent, Recording
from twirec.model.words import ConsentOutcome

RECORDINGS = "recordings/"
"""What the names of recordings begin with."""

ANNOUNCEMENTS = "announcements/"
"""What the names of wordings and their audio begin with."""

SCHEMA = "1"
"""The version of the labels."""

MOST_BYTES = 8000
"""Names and values together, with room left for the checksum below the limit of 8 KiB
(https://cloud.google.com/storage/quotas#objects)."""


def object_name(recording: Recording) -> str:
    """Return the name: UTC start and SID, and no number, since names end up in logs and links.

    The same for ever, whenever and wherever it is computed:
    `recordings/2026/11/23/20261123T101500Z_RE….wav`.
    """
    start = started_at(recording).astimezone(UTC)
    return f"{RECORDINGS}{start:%Y/%m/%d}/{start:%Y%m%dT%H%M%SZ}_{recording.sid}.wav"


def announcement_name(announcement: Announcement) -> str:
    """Return the name of the object that keeps a wording."""
    return f"{ANNOUNCEMENTS}{announcement.hash}.json"


def audio_name(hash_: str) -> str:
    """Return the name of the object that keeps the audio of a wording."""
    return f"{ANNOUNCEMENTS}{hash_}.wav"


def labels(record: CallRecord | None, recording: Recording) -> dict[str, str]:
    """Return the labels that are known before the first byte.

    Args:
        record: the call with its consents; None when nobody knows the call.
        recording: one of its recordings.

    Raises:
        LabelsTooLong: they would not fit into an object's metadata.
    """
    found = {
        "schema": SCHEMA,
        "recording_sid": recording.sid,
        "call_sid": recording.call_sid or "",
        "account_sid": recording.account_sid,
        "started_at": started_at(recording).astimezone(UTC).isoformat(),
        "duration_seconds": str(recording.duration),
        "source": recording.source or "",
        "leg": recording.leg or "",
        "custody": recording.custody.value,
        "legal_ground": recording.legal_ground,
        "consent": ConsentOutcome.NOT_ANNOUNCED.value,
    }
    if recording.accepted:
        found["accepted_despite"] = recording.accepted.despite
        found["accepted_by"] = recording.accepted.by
        found["accepted_why"] = recording.accepted.why
    if recording.keep_at_vendor:
        found["keep_at_vendor"] = "yes"
    if recording.claim not in ALWAYS_OURS:
        found["claim"] = recording.claim.value
    if recording.encryption:
        found["encrypted"] = recording.encryption.type
        found["public_key_sid"] = recording.encryption.public_key_sid
    if record:
        found |= _call_labels(record.call) | _consent_labels(record.consents)
    if sum(len(name.encode()) + len(value.encode()) for name, value in found.items()) > MOST_BYTES:
        raise LabelsTooLong(f"The labels of {recording.sid} do not fit into 8 KiB.")
    return found


def sealed_labels(recording: Recording) -> dict[str, str]:
    """Return the labels that are known only when all bytes were received, of one that was."""
    channels = recording.channels or 0
    return {
        "sha256": recording.sha256 or "",
        "channels": str(channels),
        "channel_map": json.dumps(recording.roles(channels)),
        "size": str(recording.size),
        "crc32c": recording.crc32c or "",
    }


def _call_labels(call: Call) -> dict[str, str]:
    return {
        "customer_number": call.customer_number,
        "own_number": call.own_number,
        "direction": call.direction or "",
        "call_started_at": call.started_at.astimezone(UTC).isoformat(),
        "legal_basis": call.legal_basis or "",
        "consent_mode": call.mode or "",
        **({"late": "yes"} if call.late else {}),
    }


def _consent_labels(consents: Sequence[Consent]) -> dict[str, str]:
    for consent in consents:
        return {
            "consent": consent.outcome.value,
            "consent_at": consent.at.astimezone(UTC).isoformat(),
            "consent_leg": consent.leg,
            "consent_method": consent.method,
            "consent_key": consent.key,
            "agents": " ".join(map(str, consent.agents)),
            "announcement": consent.announcement,
            "language": consent.language,
        }
    return {}


def started_at(recording: Recording) -> datetime:
    """Return the recording's start.

    Raises:
        MediaNotDescribed: Twilio never gave one.
    """
    if recording.started_at is None:
        raise MediaNotDescribed(f"Twilio gives no start for {recording.sid}.")
    return recording.started_at
