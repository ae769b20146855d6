"""Google Cloud Storage as a bucket."""

from __future__ import annotations

import logging
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any

from google.api_core.exceptions import Forbidden

# Google's storage client carries no type information.
from google.cloud import storage  # type: ignore[import-untyped]

from twirec.adapters.byte_budget import ByteBudget, Reservation
from twirec.adapters.gcs_connection import GcsConnection
from twirec.adapters.gcs_errors import FOREIGN, no_bucket
from twirec.adapters.gcs_upload import Parts, ResumableUpload, regroup
from twirec.model.bucket import OtherGeneration, StoredObject
from twirec.model.crc32c import Crc32c
from twirec.model.errors import (
    BucketRefused,
    BucketUnavailable,
    ObjectExists,
    ObjectHeld,
    ObjectKept,
    ObjectNotFound,
    UploadDropped,
)
from twirec.model.ports import Finish

_logger = logging.getLogger(__name__)

MIB = 1024 * 1024
SINGLE = 8 * MIB
"""Up to this many bytes an object is written with one request."""
PIECE = MIB
"""What one request of a download carries, or of an upload for which there is little room."""
LARGE_PIECE = 8 * MIB
"""What one request of a larger upload carries: as much as Google recommends at the least
(https://cloud.google.com/storage/docs/performing-resumable-uploads#chunked-upload)."""
BLOCK = 128 * 1024
"""What is passed on at a time, without being copied."""
SINGLE_COST = SINGLE + MIB
"""Memory of a single request: the bytes, and what is read of them."""
LARGE_COST = 2 * LARGE_PIECE + MIB
"""Memory of a larger upload: the piece that is sent and the one that is read."""
PIECES_COST = 2 * PIECE
"""The same where there is little room."""
PROCESS_BUDGET = ByteBudget(96 * MIB)
"""The bytes that all uploads of this process may hold, as far as they were granted any."""

SENT_AT_ONCE = 3
"""So often a request that makes an object is sent when the answer is that it cannot be made, while
none is there: such an answer passes."""

UNDER_HOLD = re.compile(r"under active (temporary|event-based) hold", re.IGNORECASE)
"""What Google says of what it does not delete. Its page names a reason, `objectUnderActiveHold`,
which the answers that were seen have not (https://github.com/googleapis/google-cloud-go/issues/1631)."""

_MOST_SIZES = 10_000
"""Of so many generations it is remembered how large they are: who reads one has just looked."""


class GcsBucket:
    """A bucket at Google Cloud Storage, or a part of one. Safe to share by threads.

    Nothing is opened before the first use. See `GcsConnection` for the credentials.

    Args:
        bucket: the bucket's name.
        prefix: what all names in the bucket begin with, without the last slash.
        client: for somebody who needs another; it stays theirs to close.
        budget: the memory that uploads share.
        retry_for: seconds that a request is repeated while the error may pass. Each try may wait
            for an answer as long as a minute.
    """

    def __init__(
        self,
        bucket: str,
        prefix: str = "",
        *,
        client: storage.Client | None = None,
        budget: ByteBudget = PROCESS_BUDGET,
        retry_for: float = 60.0,
    ) -> None:
        self.connection = GcsConnection(bucket, client=client, retry_for=retry_for)
        """What it asks Google by."""
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._budget = budget
        self._sizes: dict[tuple[str, int], int] = {}

    def close(self) -> None:
        """Close the connections, if this object made them."""
        self.connection.close()

    def put(
        self,
        name: str,
        chunks: Iterable[bytes],
        *,
        content_type: str,
        labels: Mapping[str, str],
        custom_time: datetime,
        finish: Finish,
    ) -> StoredObject:
        """Write an object, only if none of that name is there. See the port `Bucket`.

        Up to 8 MiB it is one request with all labels, whose answer is the description. A larger
        object, or one for which there was no room in memory in time, is sent in pieces and gets
        the labels of `finish` right after it.
        """
        blocks = regroup(chunks, BLOCK)
        with self._budget.reserve(SINGLE_COST) as room:
            limit = (SINGLE if room.granted else PIECE) // BLOCK
            head = deque(islice(blocks, limit + 1))
            if len(head) <= limit:
                room.shrink(sum(map(len, head)) + MIB)
                about = {"metadata": {**labels, **finish()}, "customTime": _written(custom_time)}
                return self._put_single(name, head, about, content_type)
            blob = self._blob(name)
            blob.custom_time = custom_time
            blob.metadata = dict(labels)
            size, cost = PIECE, PIECES_COST
            if room.granted and room.grow(LARGE_COST):
                size, cost = LARGE_PIECE, LARGE_COST
            pieces = _grouped(chain(_drain(head, room, cost), blocks), size // BLOCK)
            return self._put_pieces(blob, pieces, content_type, finish)

    def stat(self, name: str) -> StoredObject:
        """Describe the live object of that name. See the port `Bucket`."""
        found = self._describe(self._load(name))
        if found.size is not None:
            if len(self._sizes) >= _MOST_SIZES:
                self._sizes.clear()
            self._sizes[name, found.generation] = found.size
        return found

    def label(self, name: str, generation: int, labels: Mapping[str, str]) -> StoredObject:
        """Add labels to a generation. See the port `Bucket`.

        A patch merges custom metadata by key
        (https://cloud.google.com/storage/docs/json_api/v1/objects/patch).
        """
        blob = self._blob(name)
        blob.metadata = dict(labels)
        return self._patch(blob, name, generation)

    def open_range(
        self,
        name: str,
        start: int = 0,
        end: int | None = None,
        *,
        generation: int | None = None,
    ) -> Iterator[bytes]:
        """Stream the bytes from `start` up to and without `end`. See the port `Bucket`.

        Each chunk is a request of its own to one generation: nothing stays open when the reader
        leaves, and a broken connection costs one chunk. That the bytes of a part are those of the
        checksum is Google's own business: it keeps each object with it
        (https://cloud.google.com/storage/docs/data-validation).
        """
        size = self._sizes.get((name, generation or 0))  # which a generation never changes
        if size is None:
            found = self._describe(self._load(name, generation))
            size, generation = found.size, found.generation
        if size is None or generation is None:
            raise BucketUnavailable(f"The bucket did not say how large {name} is.")
        return self._ranges(name, generation, start, size if end is None else min(end, size))

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Describe the live objects in order of their names. See the port `Bucket`."""
        with self.connection.translated({404: no_bucket(self.connection.name)}):
            bucket = self.connection.bucket()
            for blob in bucket.list_blobs(prefix=self._prefix + prefix, **self.connection.options):
                yield self._describe(blob)

    def others(self, prefix: str) -> Iterator[OtherGeneration]:
        """Describe noncurrent and soft-deleted generations. See the port `Bucket`.

        https://cloud.google.com/storage/docs/json_api/v1/objects/list: `versions`, `softDeleted`
        """
        options = {"prefix": self._prefix + prefix, **self.connection.options}
        with self.connection.translated({404: no_bucket(self.connection.name)}):
            bucket = self.connection.bucket()
            for blob in bucket.list_blobs(versions=True, **options):
                if blob.time_deleted is not None:
                    yield OtherGeneration(self._own_name(blob.name), _known(blob.generation))
            for blob in bucket.list_blobs(soft_deleted=True, **options):
                yield OtherGeneration(
                    self._own_name(blob.name), _known(blob.generation), blob.hard_delete_time
                )

    def delete(self, name: str, generation: int) -> None:
        """Delete that generation for good. See the port `Bucket`.

        With a generation in the request nothing is kept as noncurrent
        (https://cloud.google.com/storage/docs/json_api/v1/objects/delete).
        """
        blob = self._blob(name, generation)
        try:
            with suppress(ObjectNotFound), self.connection.translated({404: ObjectNotFound(name)}):
                try:
                    blob.delete(**self.connection.options)
                except Forbidden as error:
                    if UNDER_HOLD.search(str(error)):
                        raise ObjectHeld(name) from None
                    raise
        except BucketRefused as refused:
            if isinstance(refused, ObjectHeld):
                raise
            with suppress(ObjectNotFound):
                self._say_what_keeps(self._load(name, generation), refused)
            raise

    def _say_what_keeps(self, blob: Any, refused: BucketRefused) -> None:
        """Raise what says until when a retention policy keeps an object, if one does.

        https://cloud.google.com/storage/docs/bucket-lock
        """
        until = blob.retention_expiration_time
        if until is not None:
            raise ObjectKept(refused.fact, until=until, fix=refused.fix) from refused

    def hold(
        self, name: str, generation: int, held: bool, labels: Mapping[str, str]
    ) -> StoredObject:
        """Hold a generation, or let it go. See the port `Bucket`.

        It is Google's temporary hold: nobody deletes or replaces the object before it is lifted,
        by this library, the console or a lifecycle rule
        (https://cloud.google.com/storage/docs/object-holds).
        """
        blob = self._blob(name)
        blob.temporary_hold = held
        blob.metadata = dict(labels)
        return self._patch(blob, name, generation)

    def _patch(self, blob: Any, name: str, generation: int) -> StoredObject:
        gone = ObjectNotFound(f"Generation {generation} of {name} is not the live one.")
        with self.connection.translated({404: gone, 410: gone, 412: gone}):
            blob.patch(if_generation_match=generation, **self.connection.options)
        return self._describe(blob)

    def _put_single(
        self, name: str, blocks: Iterable[bytes], about: dict[str, Any], content_type: str
    ) -> StoredObject:
        parts = tuple(blocks)
        about["name"] = self._prefix + name
        about["crc32c"] = about["metadata"].get("crc32c") or str(Crc32c(*parts))
        resource = self._making(
            name, lambda: self.connection.upload_whole(about, content_type, parts)
        )
        return self._describe_resource(resource)

    def _put_pieces(
        self, blob: Any, pieces: Iterator[tuple[Parts, bool]], content_type: str, finish: Finish
    ) -> StoredObject:
        upload = self._begin(blob, content_type)
        name = self._own_name(blob.name)
        try:
            generation, added = self._send_all(upload, name, pieces, finish)
        except BaseException:
            self._cancel(upload)
            raise
        try:
            return self.label(name, generation, added)
        except ObjectNotFound as error:  # or so Google says: who begins anew finds out
            raise UploadDropped(f"What was just written is not there: {error}") from None

    def _begin(self, blob: Any, content_type: str) -> ResumableUpload:
        url = self._making(
            self._own_name(blob.name),
            lambda: blob.create_resumable_upload_session(
                content_type=content_type,
                if_generation_match=0,
                checksum=None,
                **self.connection.options,
            ),
        )
        return self.connection.upload(url)

    def _send_all(
        self,
        upload: ResumableUpload,
        name: str,
        pieces: Iterator[tuple[Parts, bool]],
        finish: Finish,
    ) -> tuple[int, Mapping[str, str]]:
        """Send all pieces, the last one only when `finish` agreed; return generation and labels.

        While one is sent, the next one is read.
        """
        checksum, last = Crc32c(), Parts(())

        def send(piece: Parts) -> None:
            with self._in_doubt(name):
                upload.send(piece)

        with ThreadPoolExecutor(1, "twirec-upload") as sender:
            sent: Future[None] | None = None
            for last, is_last in pieces:
                checksum.update(*last)
                if sent is not None:
                    sent.result()
                sent = None if is_last else sender.submit(send, last)
        added = finish()
        with self._in_doubt(name):
            generation = upload.finish(last, str(checksum)).get("generation")
        return _known(generation), added

    def _cancel(self, upload: ResumableUpload) -> None:
        try:
            upload.cancel()
        except FOREIGN as error:
            _logger.warning(
                "could not cancel an upload session (%s); Google drops it after a week",
                type(error).__name__,
            )

    def _ranges(self, name: str, generation: int, start: int, stop: int) -> Iterator[bytes]:
        for at in range(start, stop, PIECE):
            blob = self._blob(name, generation)  # whose properties become those of the answer
            part = _Part(min(at + PIECE, stop) - at)
            gone = ObjectNotFound(f"{name} was deleted while it was read.")
            with self.connection.translated({404: gone}):
                blob.download_to_file(
                    part,
                    start=at,
                    end=at + part.size - 1,
                    raw_download=True,
                    checksum=None,
                    **self.connection.options,
                )
            yield part.bytes(name, blob, generation)

    def _load(self, name: str, generation: int | None = None) -> Any:
        blob = self._blob(name, generation)
        with self.connection.translated({404: ObjectNotFound(f"There is no object {name}.")}):
            blob.reload(**self.connection.options)
        return blob

    def _describe(self, blob: Any) -> StoredObject:
        return StoredObject(
            name=self._own_name(blob.name),
            generation=_known(blob.generation),
            size=blob.size,
            crc32c=blob.crc32c,
            labels=dict(blob.metadata or {}),
            custom_time=blob.custom_time,
            held=bool(blob.temporary_hold or blob.event_based_hold),
        )

    def _describe_resource(self, resource: Mapping[str, Any]) -> StoredObject:
        """Describe an object as `_describe`, by https://cloud.google.com/storage/docs/json_api/v1/objects#resource."""
        size, at = resource.get("size"), resource.get("customTime")
        return StoredObject(
            name=self._own_name(resource["name"]),
            generation=_known(resource.get("generation")),
            size=None if size is None else int(size),
            crc32c=resource.get("crc32c"),
            labels=dict(resource.get("metadata") or {}),
            custom_time=None if at is None else datetime.fromisoformat(at),
            held=bool(resource.get("temporaryHold") or resource.get("eventBasedHold")),
        )

    def _blob(self, name: str, generation: int | None = None) -> Any:
        return self.connection.bucket().blob(self._prefix + name, generation=generation)

    def _own_name(self, name: str) -> str:
        return name.removeprefix(self._prefix)

    def _making(self, name: str, send: Callable[[], Any]) -> Any:
        """Send a request that makes an object; at once again if it is refused for no reason.

        Raises:
            ObjectExists: it is there.
            UploadDropped: it is not there, and was refused each time.
        """
        for _ in range(SENT_AT_ONCE - 1):
            with suppress(UploadDropped), self._in_doubt(name):
                return send()
        with self._in_doubt(name):
            return send()

    @contextmanager
    def _in_doubt(self, name: str) -> Iterator[None]:
        """Find out what 404, 410 and 412 mean to a request that makes an object if it is absent.

        Only the object itself proves that it is there: a session that was dropped, and a request
        that was damaged on its way, are answered so too. See
        https://cloud.google.com/storage/docs/resumable-uploads#session-uris and
        https://cloud.google.com/storage/docs/retry-strategy.
        """
        answers = {
            status: UploadDropped(
                f"Google answered {status} to an upload, and {name} is not there."
            )
            for status in (404, 410, 412)
        }
        try:
            with self.connection.translated(answers):
                yield
        except UploadDropped:
            with suppress(ObjectNotFound):
                self._load(name)
                raise ObjectExists(f"{name} is there already; nothing was written.") from None
            raise


class _Part:
    """Takes the answer to a request for a part of an object, and no more than was asked for.

    A server, or a proxy before it, may answer with a page, with less, or with the whole object.

    Args:
        size: bytes that are asked for.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._held = bytearray()

    def write(self, chunk: bytes) -> int:
        """Take what arrives.

        Raises:
            BucketUnavailable: it is more than was asked for.
        """
        if len(self._held) + len(chunk) > self.size:
            raise BucketUnavailable("Google, or a proxy, answered with more than was asked for.")
        self._held += chunk
        return len(chunk)

    def bytes(self, name: str, answer: Any, generation: int) -> bytes:
        """Return the part.

        Raises:
            BucketUnavailable: it is something else, or not all of it.
        """
        if str(answer.content_type or "").lower().startswith("text/html"):
            raise BucketUnavailable(f"A page came instead of {name}: is a proxy before Google?")
        if answer.generation is not None and int(answer.generation) != generation:
            raise BucketUnavailable(f"Another generation of {name} came than was asked for.")
        if len(self._held) != self.size:
            raise BucketUnavailable(
                f"Of {name} came {len(self._held)} bytes of the {self.size} that were asked for."
            )
        return bytes(self._held)


def _known(generation: int | str | None) -> int:
    if generation is None:
        raise BucketUnavailable("The bucket's answer names no generation.")
    return int(generation)


def _grouped(blocks: Iterator[bytes], count: int) -> Iterator[tuple[Parts, bool]]:
    """Yield so many blocks at a time, and whether they are the last."""
    ahead = next(blocks, None)
    while ahead is not None:
        group = Parts((ahead, *islice(blocks, count - 1)))
        ahead = next(blocks, None)
        yield group, ahead is None
        del group  # so that two are held, and not three, when the next one has been read


def _written(at: datetime) -> str:
    """Return a time as RFC 3339 has it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _drain(head: deque[bytes], room: Reservation, cost: int) -> Iterator[bytes]:
    """Yield the collected blocks and let go of each; then keep only what the upload needs."""
    while head:
        yield head.popleft()
    room.shrink(cost)
