"""Multipart and resumable uploads. Bytes go to files, never into memory as a whole."""

from __future__ import annotations

import base64
import hashlib
import json
import mmap
import re
import tempfile
import threading
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import google_crc32c

from tests.strict_gcs.rules import (
    GRANULE,
    ApiError,
    Query,
    Resource,
    check_sums,
    content_range,
    invalid,
    told_sums,
)
from tests.strict_gcs.store import Store

BLOCK = 256 * 1024


class Spool:
    """A growing file and the checksums of what is in it."""

    def __init__(self, folder: Path) -> None:
        handle = tempfile.NamedTemporaryFile(dir=folder, delete=False)  # noqa: SIM115
        handle.close()
        self.path = Path(handle.name)
        self.size = 0
        self._crc32c = 0
        self._md5 = hashlib.md5(usedforsecurity=False)

    def append(self, blocks: Iterator[bytes]) -> None:
        with self.path.open("ab") as file:
            for block in blocks:
                file.write(block)
                self.size += len(block)
                self._crc32c = google_crc32c.extend(self._crc32c, block)
                self._md5.update(block)

    @property
    def sums(self) -> dict[str, str]:
        crc32c = self._crc32c.to_bytes(4, "big")
        return {
            "crc32c": base64.b64encode(crc32c).decode(),
            "md5Hash": base64.b64encode(self._md5.digest()).decode(),
        }


@dataclass
class Session:
    """A resumable upload that was begun."""

    bucket: str
    draft: Mapping[str, Any]
    query: Query
    spool: Spool
    lock: threading.Lock = field(default_factory=threading.Lock)
    done: Resource | None = None
    cancelled: bool = False


@dataclass(frozen=True)
class Progress:
    """How much of a resumable upload is kept; the object's resource once it is finished."""

    kept: int
    resource: Resource | None = None


class Uploads:
    """All uploads to a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._sessions: dict[str, Session] = {}

    def multipart(self, bucket: str, query: Query, content_type: str, body: Path) -> Resource:
        """https://cloud.google.com/storage/docs/uploading-objects: metadata and bytes in one."""
        draft, blocks = _split_multipart(content_type, body)
        draft = {**draft, "name": draft.get("name") or query.get("name")}
        if not draft["name"]:
            raise ApiError(400, "required", "Required")
        spool = Spool(self._store.folder)
        spool.append(blocks)
        return self._store.insert(bucket, draft, query, spool.path, spool.sums)

    def begin(
        self, bucket: str, query: Query, draft: Mapping[str, Any], headers: Mapping[str, str]
    ) -> str:
        """https://cloud.google.com/storage/docs/performing-resumable-uploads#initiate-session."""
        draft = {**draft, "name": draft.get("name") or query.get("name")}
        if not draft["name"]:
            raise ApiError(400, "required", "Required")
        if kind := headers.get("X-Upload-Content-Type"):
            draft.setdefault("contentType", kind)
        self._store.check_insert(bucket, draft, query)
        key = uuid.uuid4().hex
        self._sessions[key] = Session(bucket, draft, query, Spool(self._store.folder))
        return key

    def cancel(self, key: str) -> None:
        """https://cloud.google.com/storage/docs/performing-resumable-uploads#cancel-upload."""
        session = self._session(key)
        with session.lock:
            session.cancelled = session.done is None

    def take(
        self, key: str, headers: Mapping[str, str], body: IO[bytes], length: int, keep: int | None
    ) -> Progress:
        """Take a chunk, or tell how far the upload is.

        https://cloud.google.com/storage/docs/performing-resumable-uploads#chunked-upload and
        #status-check. `keep` bytes of the chunk are kept, all when it is None.
        """
        session = self._session(key)
        first, end, total = content_range(headers.get("Content-Range", f"bytes */{length}"))
        with session.lock:
            if session.cancelled:
                raise ApiError(499, "clientClosedRequest", "The upload was cancelled.")
            if session.done is None and first is not None:
                self._append(session, (first, end, total), body, length, keep)
            if session.done is None and total is not None and session.spool.size == total:
                self._finish(session, headers)
            return Progress(session.spool.size, session.done)

    def _append(
        self,
        session: Session,
        span: tuple[int, int, int | None],
        body: IO[bytes],
        length: int,
        keep: int | None,
    ) -> None:
        first, end, total = span
        kept = session.spool.size
        if end - first != length or (total is not None and end > total):
            raise invalid("Content-Range does not fit the body.")
        if first > kept:
            raise invalid(
                f"According to the Content-Range header, the upload offset is {first} byte(s), "
                f"which exceeds already uploaded size of {kept} byte(s)."
            )
        if end != total and length % GRANULE:
            raise invalid(f"Every chunk but the last must be a multiple of {GRANULE} bytes.")
        # Bytes that are kept already are ignored when they come again.
        body.seek(kept - first if end > kept else length)
        wanted = max(end - kept, 0)
        session.spool.append(_blocks(body, wanted if keep is None else min(keep, wanted)))

    def _finish(self, session: Session, headers: Mapping[str, str]) -> None:
        """Make the object, if the preconditions still hold and the checksums are right."""
        spool = session.spool
        check_sums(told_sums(headers.get("X-Goog-Hash")), spool.sums)
        session.done = self._store.insert(
            session.bucket, session.draft, session.query, spool.path, spool.sums
        )

    def _session(self, key: str) -> Session:
        # https://cloud.google.com/storage/docs/resumable-uploads#session-uris: 404 or 410 for one
        # that is not known any more.
        if key not in self._sessions:
            raise ApiError(404, "notFound", "No such upload session.")
        return self._sessions[key]


def _blocks(file: IO[bytes], count: int) -> Iterator[bytes]:
    while count and (block := file.read(min(BLOCK, count))):
        count -= len(block)
        yield block


def _split_multipart(content_type: str, body: Path) -> tuple[dict[str, Any], Iterator[bytes]]:
    """Split a `multipart/related` body (RFC 2387) into its JSON and the blocks of its media."""
    match = re.fullmatch(r'multipart/related;\s*boundary="?([^"]+)"?', content_type)
    if not match:
        raise invalid("A multipart upload needs multipart/related with a boundary.")
    line = b"--" + match[1].encode()
    with body.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        starts = []
        at = view.find(line)
        while at >= 0:
            starts.append(at)
            at = view.find(b"\r\n" + line, at + len(line))
            at += 2 if at >= 0 else 0
        if len(starts) != 3 or view[starts[2] :].strip() != line + b"--":
            raise invalid("Expected two parts: metadata and media.")
        json_start = view.find(b"\r\n\r\n", starts[0]) + 4
        media_start, media_end = view.find(b"\r\n\r\n", starts[1]) + 4, starts[2] - 2
        draft = json.loads(view[json_start : starts[1]])
        kind = re.search(rb"content-type: *([^\r\n]+)", view[starts[1] : media_start], re.I)
    if kind:
        draft.setdefault("contentType", kind[1].decode())
    return draft, _slice(body, media_start, media_end)


def _slice(path: Path, start: int, end: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        yield from _blocks(file, end - start)
