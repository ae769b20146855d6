"""What is made of recordings and kept: derivatives, and the part of the catalog that knows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from twirec.model.audio import Asked
from twirec.model.bucket import Fingerprint, StoredObject
from twirec.model.records import Recording

DERIVATIVES = "derivatives/"
"""What the names of derivatives begin with."""


@dataclass(frozen=True, slots=True)
class Derivative:
    """A converted or cut copy of a recording.

    Attributes:
        object_name: the name in the bucket, which says what it is.
        recording_sid: its original, `RE…`.
        sha256: of the original.
        format: the name of its format.
        asked: all that was asked for, as text.
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
    asked: str
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


def derivative_name(recording: Recording, asked: Asked, extension: str) -> str:
    """Return the name of a derivative: that of its original, and a hash of what was asked for.

    `derivatives/2026/11/23/20261123T101500Z_RE…_0123456789abcdef.mp3`.
    """
    return f"{derivatives_of(recording)}{asked.hash}.{extension}"


def derivatives_of(recording: Recording) -> str:
    """Return what the names of all derivatives of a recording begin with, and of no other's."""
    original = (recording.object_name or "").removesuffix(".wav")
    return f"{DERIVATIVES}{original.removeprefix('recordings/')}_"


class DerivativesCatalog(Protocol):
    """Derivatives. None outlives its original, and none is begun of what may not leave."""

    def begin_derivative(self, derivative: Derivative) -> Derivative:
        """Write down that an object will be made, and return what is known of it.

        If it is known already, it expires at the later of the two times, and what is known stays.

        Raises:
            CustodyRefused: the recording is not archived, or may not leave.
        """
        ...

    def derivative_made(
        self, object_name: str, stored: StoredObject, at: datetime
    ) -> Derivative | None:
        """Write down that the bucket holds it.

        None, and nothing is written down, if it was forgotten, or the recording is not archived
        any more: then the object must go.
        """
        ...

    def derivatives(self, recording_sid: str) -> list[Derivative]:
        """Return what was made, or begun, of a recording, in order of the names."""
        ...

    def known_derivatives(self, names: Sequence[str]) -> set[str]:
        """Return those of some names of objects that are names of derivatives."""
        ...

    def forget_derivative(self, object_name: str) -> None:
        """Forget one, so that it is made anew when it is wanted: its object must be gone."""
        ...

    def take_expired_derivatives(self, now: datetime, limit: int) -> list[Derivative]:
        """Forget those that expired, and return them: their objects must go."""
        ...

    def enrol_listening_copies(
        self, asked: Asked, extension: str, now: datetime, since: str, limit: int
    ) -> int:
        """Make a listening copy due of each recording that lacks it, and return of how many.

        Only of those that may leave, and whose object's name is `since` or later.
        """
        ...

    def claim_listening_copy(self, now: datetime, until: datetime) -> Derivative | None:
        """Take the copy that is due longest, and count an attempt; None if none is due.

        Nobody else gets it before `until`. One whose recording may not leave (any more) is not
        due.
        """
        ...

    def postpone_listening_copy(
        self, object_name: str, due_at: datetime | None, error: str
    ) -> None:
        """Let it be tried again at that time, or never when it is None."""
        ...
