"""What lies in the bucket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

TO_ERASE = "to_erase"
"""The label of an object that was ordered to be destroyed."""

BLOCKED_UNTIL = "blocked_until"
"""The label of an object that is blocked: the day (UTC) from which it is destroyed."""

HELD = "held"
"""The label of an object that is held by us: for which cases. Empty if it is not any more."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What an object has to be, as the catalog remembers it.

    Attributes:
        object_name: the name inside the bucket.
        size: bytes.
        crc32c: as in `StoredObject`.
        sha256: of all bytes, in hex.
    """

    object_name: str
    size: int | None
    crc32c: str | None
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Difference:
    """An object that is not any more what was put there, until somebody looked.

    Attributes:
        object_name: the object.
        recording_sid: the recording that it is, or was made of, `RE…`.
        why: what differs.
        found_at: when that was first seen, UTC.
    """

    object_name: str
    recording_sid: str
    why: str
    found_at: datetime


@dataclass(frozen=True, slots=True)
class OtherGeneration:
    """What a bucket still has of an object besides the live one.

    Attributes:
        name: the name inside the bucket, without the configured prefix.
        generation: which version of the object it is.
        until: until when the bucket can bring it back, UTC, whatever anybody does; None of an older
            version that can be deleted.
    """

    name: str
    generation: int
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as the bucket itself describes it.

    Attributes:
        name: the name inside the bucket, without the configured prefix.
        generation: which version of the object this is.
        size: bytes, as the bucket gives it; None when it gave none.
        crc32c: the CRC32C in base64 of the big-endian value, as Google Cloud Storage writes it
            (https://cloud.google.com/storage/docs/json_api/v1/objects#crc32c); None when the
            bucket gave none.
        labels: custom metadata.
        custom_time: the recording's start, UTC.
        problem: why nothing more is known of it, such as labels that cannot be read, in a few
            words; empty if all is. A name that ends in `/` is then a folder that cannot be read.
        held: whether the bucket itself refuses to delete it, by a hold that can be lifted.
    """

    name: str
    generation: int
    size: int | None
    crc32c: str | None
    labels: Mapping[str, str] = field(default_factory=dict)
    custom_time: datetime | None = None
    problem: str = ""
    held: bool = False
