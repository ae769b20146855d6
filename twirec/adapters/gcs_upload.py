"""Google's protocol for an upload in pieces, on a session that was already begun.

Written from https://cloud.google.com/storage/docs/performing-resumable-uploads. The client
library's own writer (`Blob.open("wb")`, 3.17.1) does not say which generation it made, cancels
the wrong address and gives up when a piece arrived in part; this one does not.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import requests

from twirec.model.crc32c import Crc32c

GRANULE = 256 * 1024
"""Every piece but the last must be a multiple of this many bytes."""

Retry = Callable[[Callable[[], Any]], Callable[[], Any]]
"""Wraps a request so that it is repeated, for a bounded time, while the error may pass."""

_DONE = frozenset({200, 201})
_INCOMPLETE = 308


def regroup(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Cut chunks of any size into pieces of exactly `size` bytes; the last may be shorter.

    A chunk that is short, or empty, does not end anything: only the end of `chunks` does.
    """
    piece = io.BytesIO()
    for chunk in chunks:
        rest = memoryview(chunk)
        while len(rest) >= (room := size - piece.tell()):
            piece.write(rest[:room])
            rest = rest[room:]
            full, piece = piece, io.BytesIO()
            yield full.getvalue()
        piece.write(rest)
    if piece.tell():
        yield piece.getvalue()


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
        self._checksum = Crc32c()
        self._given = 0
        self._kept = 0
        self._unsure = False

    def send(self, piece: bytes) -> None:
        """Send a piece that is not the last. Its size is a multiple of `GRANULE`."""
        self._transmit(piece, final=False)

    def finish(self, piece: bytes) -> Mapping[str, Any]:
        """Send the last piece, which may be empty, and return the resource of the new object."""
        resource: Mapping[str, Any] = self._transmit(piece, final=True)
        return resource

    def cancel(self) -> None:
        """Give the session up. Does nothing to an object that is finished.

        Source: https://cloud.google.com/storage/docs/performing-resumable-uploads#cancel-upload
        """
        response = self._session.delete(self._url, timeout=self._timeout)
        response.close()

    def _transmit(self, piece: bytes, *, final: bool) -> Any:
        self._checksum.update(piece)
        start, self._given = self._given, self._given + len(piece)
        attempt = self._retry(partial(self._attempt, piece, start, final))
        resource = attempt()
        while resource is None and (final or self._kept < self._given):
            resource = attempt()
        return resource

    def _attempt(self, piece: bytes, start: int, final: bool) -> Any:
        """Send what the server lacks of `piece`, which begins at `start`; return the resource."""
        before = self._kept
        if self._unsure:
            resource = self._put(b"", {"Content-Range": "bytes */*"}, start)
            if resource is not None or (self._kept == self._given and not final):
                self._unsure = False
                return resource
        self._unsure = True
        resource = self._put(piece[self._kept - start :], self._headers(final), start)
        self._unsure = False
        if resource is None and self._kept <= before:
            raise requests.ConnectionError("The upload session does not take the bytes.")
        return resource

    def _headers(self, final: bool) -> dict[str, str]:
        total = str(self._given) if final else "*"
        span = f"{self._kept}-{self._given - 1}" if self._kept < self._given else "*"
        headers = {"Content-Range": f"bytes {span}/{total}"}
        if final:
            # The server compares it with what it has before the object becomes visible
            # (https://cloud.google.com/storage/docs/data-validation).
            headers["X-Goog-Hash"] = f"crc32c={self._checksum}"
        return headers

    def _put(self, data: bytes, headers: Mapping[str, str], start: int) -> Any:
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
