"""Putting what is made of a recording into the bucket, measured as it streams by."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterable, Mapping
from contextlib import closing
from datetime import datetime

from twirec.model.bucket import StoredObject
from twirec.model.crc32c import Crc32c
from twirec.model.errors import VerificationFailed
from twirec.model.ports import Bucket


def put_made(
    bucket: Bucket,
    name: str,
    content: Iterable[bytes],
    *,
    content_type: str,
    labels: Mapping[str, str],
    custom_time: datetime,
) -> StoredObject:
    """Put something, and compare what the bucket then has with what was given to it.

    Args:
        bucket: where it is kept.
        name: the object's.
        content: of it; consumed once, in order.
        content_type: of it.
        labels: of it; its `sha256` and `size` are added.
        custom_time: when what it is made of began, UTC.

    Raises:
        ObjectExists: something of that name is there; it was not touched.
        VerificationFailed: the bucket has something else, which was deleted.
        BucketError: the bucket does not take it.
    """
    measured = _Measured()
    with closing(measured.of(content)) as chunks:
        stored = bucket.put(
            name,
            chunks,
            content_type=content_type,
            labels=labels,
            custom_time=custom_time,
            finish=measured.labels,
        )
    if (stored.size, stored.crc32c) != (measured.size, str(measured.crc32c)):
        bucket.delete(stored.name, stored.generation)
        raise VerificationFailed(f"{stored.name} is not what was made.")
    return stored


class _Measured:
    """Counts and sums what streams by."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self.crc32c = Crc32c()
        self.size = 0

    def of(self, content: Iterable[bytes]) -> Generator[bytes]:
        for chunk in content:
            self._sha256.update(chunk)
            self.crc32c.update(chunk)
            self.size += len(chunk)
            yield chunk

    def labels(self) -> dict[str, str]:
        return {"sha256": self._sha256.hexdigest(), "size": str(self.size)}
