"""What tests of the Google adapter do again and again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from google.auth.credentials import AnonymousCredentials

from tests.strict_gcs import StrictGcs
from tests.strict_gcs.faults import Kind
from twirec.adapters.gcs import GcsBucket
from twirec.model.bucket import StoredObject

NAME = "recordings/RE1.wav"
AT = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
PIECE, SINGLE = 512 * 1024, 4 * 1024 * 1024
"""Half of what they are in life, for those who use `halved`: as many pieces, of fewer bytes."""
LARGE = SINGLE + 2 * PIECE + 5
FOREVER = 10**6


def content(size: int) -> bytes:
    return (bytes(range(251)) * (size // 251 + 1))[:size]


def chunks(size: int) -> Iterator[bytes]:
    data = content(size)
    return (data[at : at + 65_536] for at in range(0, size, 65_536))


def put(bucket: GcsBucket, size: int = 10, source: Iterator[bytes] | None = None) -> StoredObject:
    return bucket.put(
        NAME,
        source or chunks(size),
        content_type="audio/wav",
        labels={"recording_sid": "RE1"},
        custom_time=AT,
        finish=lambda: {"sha256": "e3b0"},
    )


def kinds(server: StrictGcs) -> list[Kind]:
    return [seen.kind for seen in server.requests]


def is_whole(bucket: GcsBucket, size: int) -> bool:
    return b"".join(bucket.open_range(NAME)) == content(size)


def put_large(bucket: GcsBucket) -> object:
    return put(bucket, LARGE)


def stat(bucket: GcsBucket) -> object:
    return bucket.stat(NAME)


def label(bucket: GcsBucket) -> object:
    return bucket.label(NAME, 1, {"a": "b"})


def read(bucket: GcsBucket) -> object:
    return list(bucket.open_range(NAME))


def list_all(bucket: GcsBucket) -> object:
    return list(bucket.list())


def delete(bucket: GcsBucket) -> object:
    bucket.delete(NAME, 1)
    return None


def no_credentials(**_: object) -> tuple[AnonymousCredentials, None]:
    return AnonymousCredentials(), None  # type: ignore[no-untyped-call]
