"""What leaves the bucket, compared with what was put there before its last piece goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from functools import partial

from twirec.model.audio import ReadBytes
from twirec.model.bucket import Fingerprint
from twirec.model.errors import BytesDiffer
from twirec.model.ports import Bucket


class CheckedBucket:
    """Reads objects, and lets nothing pass as whole that is not what was put there.

    Args:
        bucket: where they are.
        differs: called with an object's name and with what differs, before the error is raised.
    """

    def __init__(self, bucket: Bucket, differs: Callable[[str, str], None]) -> None:
        self._bucket = bucket
        self._differs = differs

    def open(self, what: Fingerprint, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Stream the bytes from `start` up to and without `end` (to the end when None).

        Size and CRC32C, as the bucket gives them, are compared at once, and all bytes are read of
        that generation. Of all bytes the SHA-256 is compared too, before the last chunk is given:
        who got them all, got what was archived. Those of a part are counted.

        Raises:
            BytesDiffer: it is something else (at once, or instead of the last chunk).
            ObjectNotFound: it is not there.
            BucketError: the bucket does not give it.
        """
        return self.reader(what)(start, end)

    def reader(self, what: Fingerprint) -> ReadBytes:
        """Compare size and CRC32C, and return what reads parts of it, as `open` does."""
        name = what.object_name
        stored = self._bucket.stat(name)
        if stored.size != what.size:
            raise self._difference(name, f"it has {_said(stored.size)} bytes, not {what.size}")
        if stored.crc32c is None or stored.crc32c != what.crc32c:
            raise self._difference(name, f"its CRC32C is {_said(stored.crc32c)}, not {what.crc32c}")
        return partial(self._read, what, stored.generation)

    def _read(
        self, what: Fingerprint, generation: int, start: int, end: int | None
    ) -> Iterator[bytes]:
        size = what.size or 0
        end = size if end is None else min(end, size)
        try:
            chunks = self._bucket.open_range(what.object_name, start, end, generation=generation)
        except BytesDiffer as error:
            self._differs(what.object_name, error.why)
            raise
        if (start, end) == (0, size):
            return self._whole(what, chunks)
        return self._counted(what.object_name, max(end - start, 0), chunks)

    def _whole(self, what: Fingerprint, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield each chunk when the next one is there, and the last one when all is well."""
        sha256 = hashlib.sha256()
        held = b""
        for chunk in self._counted(what.object_name, what.size or 0, chunks):
            sha256.update(chunk)
            if held:
                yield held
            held = chunk
        if sha256.hexdigest() != what.sha256:
            raise self._difference(what.object_name, "its SHA-256 is another one")
        if held:
            yield held

    def _counted(self, name: str, size: int, chunks: Iterator[bytes]) -> Iterator[bytes]:
        came = 0
        for chunk in chunks:
            came += len(chunk)
            if came > size:
                break
            yield chunk
        if came != size:
            raise self._difference(name, f"{came} bytes came of it, not {size}")

    def _difference(self, name: str, why: str) -> BytesDiffer:
        self._differs(name, why)
        return BytesDiffer(name, why)


def _said(value: object) -> object:
    return "unknown" if value is None else value
