"""How an object in the bucket is called and labelled."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime

from twirec.model.announcements import Announcement
from twirec.model.bucket import StoredObject
from twirec.model.derivatives import DERIVATIVES
from twirec.model.errors import LabelsTooLong, MediaNotDescribed
from twirec.model.ownership import ALWAYS_OURS
from twirec.model.records import Call, CallRecord, Consent, Recording
from twirec.model.vocabulary import ConsentOutcome

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


def known_name(recording: Recording) -> str | None:
    """Return the same name, None while nobody has said when the recording began."""
    return None if recording.started_at is None else object_name(recording)


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


def final_labels(recording: Recording) -> dict[str, str]:
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
    allowing = [consent for consent in consents if consent.outcome.allows_recording]
    for consent in allowing or consents:  # who said no may have consented later, for their case
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


DAY = len(f"{RECORDINGS}2026/11/23/")
"""Characters of a recording's name that are the same for all of a day."""

_DAY = r"(\d{4})/(\d\d)/(\d\d)/\1\2\3T\d{6}Z_"
_RECORDING = re.compile(rf"{RECORDINGS}{_DAY}(RE[0-9a-f]{{32}})\.wav", re.ASCII)
_DERIVATIVE = re.compile(
    rf"{DERIVATIVES}{_DAY}(RE[0-9a-f]{{32}})_[0-9a-f]{{16}}\.[a-z0-9]+", re.ASCII
)
_ANNOUNCEMENT = re.compile(rf"{ANNOUNCEMENTS}([0-9a-f]{{64}})\.(?:json|wav)", re.ASCII)
_OURS = (_RECORDING, _DERIVATIVE, _ANNOUNCEMENT)


def is_ours(name: str) -> bool:
    """Whether an object's name is one that twirec gives, of a recording or what belongs to it."""
    return any(pattern.fullmatch(name) for pattern in _OURS)


def sid_of(name: str) -> str | None:
    """Return the SID in the name of a recording or of what was made of one; None in any other."""
    found = _RECORDING.fullmatch(name) or _DERIVATIVE.fullmatch(name)
    return found[4] if found else None


def shown(name: str) -> str:
    """Return a name that somebody else may have given, on one line and not too long."""
    plain = name if name.isprintable() else ascii(name)[1:-1]
    return plain if len(plain) <= LONGEST_SHOWN else f"{plain[:LONGEST_SHOWN]}…"


LONGEST_SHOWN = 200


class Strangers:
    """Objects in the bucket that twirec did not put there, or cannot read.

    They are left alone. All are counted, the first are named.

    Attributes:
        count: how many there were.
        named: name to reason, as people can read them.
    """

    def __init__(self) -> None:
        self.count = 0
        self.named: dict[str, str] = {}

    def add(self, stored: StoredObject) -> None:
        """Take one in."""
        self.count += 1
        if len(self.named) < MOST_NAMED:
            self.named[shown(stored.name)] = stored.problem or NOT_OURS


MOST_NAMED = 100
NOT_OURS = "its name is none that twirec gives"
