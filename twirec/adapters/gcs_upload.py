"""Google's protocols for an upload: in one request, or in pieces on a session that was begun.

Written from https://cloud.google.com/storage/docs/uploading-objects-in-a-single-request-json and
https://cloud.google.com/storage/docs/performing-resumable-uploads. The client library (3.17.1)
joins all of a body before it sends it, and sums it a second time; its writer of pieces
(`Blob.open("wb")`) does not say which generation it made, cancels the wrong address and gives up
when a piece arrived in part.
"""

from __future__ import annotations

import io
import json
import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import requests

Retry = Callable[[Callable[[], Any]], Callable[[], Any]]
"""Wraps a request so that it is repeated, for a bounded time, while the error may pass."""

_DONE = frozenset({200, 201})
_INCOMPLETE = 308


def regroup(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Cut chunks of any size into pieces of exactly `size` bytes; the last may be shorter.

    A chunk that is short, or empty, does not end anything: only the end of `chunks` does. One that
    fits is passed on as it is.
    """
    piece = io.BytesIO()
    for chunk in chunks:
        if len(chunk) == size and not piece.tell():
            yield chunk
            continue
        rest = memoryview(chunk)
        while len(rest) >= (room := size - piece.tell()):
            piece.write(rest[:room])
            rest = rest[room:]
            full, piece = piece, io.BytesIO()
            yield full.getvalue()
        piece.write(rest)
    if piece.tell():
        yield piece.getvalue()


SMALL = 192 * 1024
"""A body of up to so many bytes is joined: that is cheaper than to send its parts one by one."""


class Parts:
    """Bytes in several parts, which a request sends one after another, without joining them.

    It has no `__len__`, which Python takes for the number of parts and makes room for.

    Attributes:
        len: the number of bytes, by the name under which `requests` looks for it.

    Args:
        parts: none of which is empty.
    """

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts = tuple(parts)
        self.len = sum(map(len, self._parts))

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._parts)

    def body(self, begin: int = 0) -> Parts | bytes:
        """Return what is to be sent, from a byte on."""
        rest = self._from(begin) if begin else self._parts
        return b"".join(rest) if self.len - begin <= SMALL else Parts(rest)

    def _from(self, begin: int) -> Iterator[bytes]:
        for part in self._parts:
            if begin < len(part):
                yield part[begin:] if begin else part
            begin = max(0, begin - len(part))


Post = Callable[[str, Mapping[str, str], Parts | bytes, int], requests.Response]
"""Posts to a URL: with headers, a body, and the bytes that it has."""


def upload_whole(
    post: Post,
    url: str,
    metadata: Mapping[str, Any],
    content_type: str,
    parts: Iterable[bytes],
) -> Mapping[str, Any]:
    """Write an object by one request, only if it is absent; return the resource of the new object.

    Args:
        post: sends the request.
        url: for uploads to the bucket.
        metadata: the resource's fields. Google compares a `crc32c` with what it received, and makes
            no object if it differs (https://cloud.google.com/storage/docs/data-validation).
        content_type: of the bytes.
        parts: the bytes.

    Raises:
        requests.RequestException: there was no answer, none that can be read, or one of 400 and
            above: `HTTPError`, with the response.
    """
    boundary = uuid.uuid4().hex  # which no recording has in it
    head = (
        f"--{boundary}\r\ncontent-type: application/json; charset=UTF-8\r\n\r\n"
        f"{json.dumps(metadata)}\r\n--{boundary}\r\ncontent-type: {content_type}\r\n\r\n"
    )
    whole = Parts((head.encode(), *parts, f"\r\n--{boundary}--".encode()))
    headers = {"Content-Type": f"multipart/related; boundary={boundary}"}
    response = post(
        f"{url}?uploadType=multipart&ifGenerationMatch=0", headers, whole.body(), whole.len
    )
    if response.status_code not in _DONE:
        raise requests.HTTPError(
            f"The upload was answered with {response.status_code}.", response=response
        )
    resource: Mapping[str, Any] = response.json()
    return resource


class ResumableUpload:
    """An upload session. Not for more than one thread.

    What may be lost on the way is asked for before it is sent again, so a piece that arrived
    whole, in part or not at all is continued where the server's copy ends.

    Errors are those of `requests`: `HTTPError`, with the response, for every status of 400 and
    above. No message holds the session's address, which is all that is needed to write to it.

    Args:
        session: sends the requests.
        url: the session's address.
        retry: how a request is repeated.
        timeout: seconds to connect, and to wait for an answer.
    """

    def __init__(
        self, session: requests.Session, url: str, *, retry: Retry, timeout: tuple[float, float]
    ) -> None:
        self._session = session
        self._url = url
        self._retry = retry
        self._timeout = timeout
        self._given = 0
        self._kept = 0
        self._unsure = False

    def send(self, piece: Parts) -> None:
        """Send a piece that is not the last. Its size is a multiple of 256 KiB."""
        self._transmit(piece, "")

    def finish(self, piece: Parts, crc32c: str) -> Mapping[str, Any]:
        """Send the last piece, which may be empty, and return the resource of the new object.

        Args:
            piece: the last bytes.
            crc32c: of all bytes, as `StoredObject.crc32c`. The server compares it with what it has
                before the object becomes visible
                (https://cloud.google.com/storage/docs/data-validation).
        """
        resource: Mapping[str, Any] = self._transmit(piece, crc32c)
        return resource

    def cancel(self) -> None:
        """Give the session up. Does nothing to an object that is finished.

        Source: https://cloud.google.com/storage/docs/performing-resumable-uploads#cancel-upload
        """
        response = self._session.delete(self._url, timeout=self._timeout)
        response.close()

    def _transmit(self, piece: Parts, crc32c: str) -> Any:
        start, self._given = self._given, self._given + piece.len
        attempt = self._retry(partial(self._attempt, piece, start, crc32c))
        resource = attempt()
        while resource is None and (crc32c or self._kept < self._given):
            resource = attempt()
        return resource

    def _attempt(self, piece: Parts, start: int, crc32c: str) -> Any:
        """Send what the server lacks of `piece`, which begins at `start`; return the resource."""
        before = self._kept
        if self._unsure:
            resource = self._put(b"", {"Content-Range": "bytes */*"}, start)
            if resource is not None or (self._kept == self._given and not crc32c):
                self._unsure = False
                return resource
        self._unsure = True
        resource = self._put(piece.body(self._kept - start), self._headers(crc32c), start)
        self._unsure = False
        if resource is None and self._kept <= before:
            raise requests.ConnectionError("The upload session does not take the bytes.")
        return resource

    def _headers(self, crc32c: str) -> dict[str, str]:
        total = str(self._given) if crc32c else "*"
        span = f"{self._kept}-{self._given - 1}" if self._kept < self._given else "*"
        headers = {"Content-Range": f"bytes {span}/{total}"}
        if crc32c:
            headers["X-Goog-Hash"] = f"crc32c={crc32c}"
        return headers

    def _put(self, data: Parts | bytes, headers: Mapping[str, str], start: int) -> Any:
        """Make one request, note how far the server is, and return the resource if it is done."""
        response = self._session.put(
            self._url, data=data, headers=headers, timeout=self._timeout, allow_redirects=False
        )
        if response.status_code in _DONE:
            return response.json()
        if response.status_code != _INCOMPLETE:
            raise requests.HTTPError(
                f"The upload session answered {response.status_code}.", response=response
            )
        # No Range header means that the server has nothing yet.
        span = re.fullmatch(r"bytes=0-(\d+)", response.headers.get("Range", ""))
        kept = int(span[1]) + 1 if span else 0
        if not start <= kept <= self._given:
            raise requests.ConnectionError("The upload session has not what it was sent.")
        self._kept = kept
        return None
