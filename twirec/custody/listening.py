"""Bytes that somebody hears or takes out: entered, and compared with what was put there."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial

from twirec.catalog.audit import Listenings, Span
from twirec.model.audio import ReadBytes
from twirec.model.audio_stream import AudioStream
from twirec.model.audit import AuditDraft
from twirec.model.bucket import Fingerprint
from twirec.model.errors import BytesDiffer, CatalogError
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
        count = 0
        for chunk in chunks:
            count += len(chunk)
            if count > size:
                break
            yield chunk
        if count != size:
            raise self._difference(name, f"{count} bytes came of it, not {size}")

    def _difference(self, name: str, why: str) -> BytesDiffer:
        self._differs(name, why)
        return BytesDiffer(name, why)


def _said(value: object) -> object:
    return "unknown" if value is None else value


log = logging.getLogger("twirec.custody")


class Listening:
    """Lets audio leave, and enters who got which bytes of it.

    Args:
        listenings: where that is gathered.
        now: the clock, UTC.
    """

    def __init__(self, listenings: Listenings, now: Callable[[], datetime]) -> None:
        self._listenings = listenings
        self._now = now

    def stream(
        self,
        draft: AuditDraft,
        object_name: str,
        read: Callable[[], Iterator[bytes]],
        *,
        content_type: str,
        file_name: str,
        size: int | None = None,
        span: Span = (0, None),
        alone: bool,
    ) -> AudioStream:
        """Return a stream whose end is entered too.

        Args:
            draft: who hears what.
            object_name: of what it is read.
            read: begins to read, once it is entered that it is tried.
            content_type: for HTTP.
            file_name: number and local time.
            size: bytes of the whole file; None when it is not known before the end.
            span: which bytes of it are read.
            alone: whether this is a listening of its own; else it goes on with what they heard of
                it a moment before.

        Raises:
            CatalogError: it could not be entered; nothing was read.
            BucketError: the bucket does not give it.
        """
        number = self._listenings.begin(draft, object_name, span, alone=alone)

        def ended(count: int, error: str) -> None:
            try:
                self._listenings.end(number, span, count, self._now(), error=error, over=alone)
            except CatalogError as wrong:  # the worker enters it, as all of what was asked for
                log.error("%s: the end of a listening waits: %s", draft.sid, wrong)

        try:
            chunks = read()
        except Exception as error:
            ended(0, type(error).__name__)
            raise
        return AudioStream(
            chunks,
            content_type=content_type,
            file_name=file_name,
            size=size,
            start=span[0],
            end=span[1],
            ended=ended,
        )
