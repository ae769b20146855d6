"""What is made of recordings and kept: derivatives."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from twirec.model.audio import ConversionSpec
from twirec.model.bucket import Fingerprint
from twirec.model.records import Recording

DERIVATIVES = "derivatives/"
"""What the names of derivatives begin with."""


@dataclass(frozen=True, slots=True)
class Derivative:
    """A converted or cut copy of a recording.

    Attributes:
        object_name: the name in the bucket, which says what it is.
        recording_sid: its original, `RE…`.
        sha256: of the object that was read: the original, or its copy without card numbers.
        format: the name of its format.
        conversion: all that was asked for, as `ConversionSpec.words`.
        begun_at: when it was first asked for, UTC.
        made_at: since when the bucket holds it, UTC; None while it does not.
        expires_at: when it is deleted, UTC; None for a listening copy, which stays as long as the
            original.
        generation, size, crc32c, own_sha256: what the bucket holds, once it is made.
        due_at: when a worker may make it, UTC; None if none is to, or not any more.
        attempts: how often a worker tried.
        last_error: why the last try failed.
    """

    object_name: str
    recording_sid: str
    sha256: str
    format: str
    conversion: str
    begun_at: datetime
    made_at: datetime | None = None
    expires_at: datetime | None = None
    generation: int | None = None
    size: int | None = None
    crc32c: str | None = None
    own_sha256: str | None = None
    due_at: datetime | None = None
    attempts: int = 0
    last_error: str = ""

    @property
    def fingerprint(self) -> Fingerprint:
        """What its object has to be."""
        return Fingerprint(self.object_name, self.size, self.crc32c, self.own_sha256)


def derivative_name(recording: Recording, spec: ConversionSpec, extension: str, sha256: str) -> str:
    """Return the name of a derivative: that of its original, and a hash of what was asked for.

    `derivatives/2026/11/23/20261123T101500Z_RE…_0123456789abcdef.mp3`. Where a copy without card
    numbers is heard, it is in the hash: what was made of anything else is no more of that name.

    Args:
        recording: its original.
        spec: what was asked for.
        extension: of the file.
        sha256: of the object that is read: the original, or its copy without card numbers.
    """
    asked = spec.hash if sha256 == (recording.sha256 or "") else hash_of(spec.words, sha256)[:16]
    return f"{derivatives_of(recording)}{asked}.{extension}"


def hash_of(*told: str) -> str:
    """Return the SHA-256 of several words or lines, in hex."""
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def derivatives_of(recording: Recording) -> str:
    """Return what the names of all derivatives of a recording begin with, and of no other's."""
    original = (recording.object_name or "").removesuffix(".wav")
    return f"{DERIVATIVES}{original.removeprefix('recordings/')}_"
