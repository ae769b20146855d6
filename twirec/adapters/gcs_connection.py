"""The connection to a bucket at Google Cloud Storage: the client, its patience, and its errors."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from google.api_core.retry import Retry
from google.auth.transport.requests import Request

# Google's storage client carries no type information.
from google.cloud import storage  # type: ignore[import-untyped]

from twirec.adapters.gcs_errors import may_pass, readable_credentials, translated
from twirec.adapters.gcs_upload import Parts, ResumableUpload, upload_whole
from twirec.adapters.heap import return_large_blocks
from twirec.adapters.sessions import prepare_session, send
from twirec.model.errors import BucketError, BucketRefused

_TIMEOUT = (10.0, 60.0)
"""Seconds to connect, and to wait for an answer."""
UNAUTHORIZED = 401
"""The status for a token that does not hold (any more)."""
_POOL = 64
"""Connections kept open, for as many worker threads; the library's default is 10."""


class GcsConnection:
    """One bucket at Google Cloud Storage, connected to at first use. Safe to share by threads.

    Credentials are Google's own business: `GOOGLE_APPLICATION_CREDENTIALS`, or none at all when
    `STORAGE_EMULATOR_HOST` is set. They are looked up at first use; no project is needed.

    Args:
        name: the bucket's name.
        client: for somebody who needs another; it stays theirs to close.
        retry_for: seconds that a request is repeated while the error may pass. Each try may wait
            for an answer as long as a minute.
    """

    def __init__(self, name: str, *, client: storage.Client | None, retry_for: float) -> None:
        self.name = name
        self._client = client
        self._owns_client = client is None
        self._lock = threading.Lock()
        self._authorize = Request()
        self._retry = Retry(may_pass, initial=0.5, maximum=8.0, timeout=retry_for)
        self.options = {"timeout": _TIMEOUT, "retry": self._retry}
        """What each request of Google's library is told: how long to wait, and to try again."""

    def bucket(self) -> Any:
        """Return the bucket as Google's library has it. Nothing is asked of Google."""
        return self._connected().bucket(self.name)

    def upload_whole(
        self, metadata: Mapping[str, Any], content_type: str, parts: Iterable[bytes]
    ) -> Mapping[str, Any]:
        """Write an object by one request, if it is absent. See `gcs_upload.upload_whole`."""
        client, held = self._connected(), tuple(parts)
        url = f"{client.api_endpoint}/upload/storage/v1/b/{quote(self.name, safe='')}/o"

        def upload() -> Mapping[str, Any]:
            return upload_whole(partial(self._post, client), url, metadata, content_type, held)

        resource: Mapping[str, Any] = self._retry(upload)()
        return resource

    def _post(
        self,
        client: storage.Client,
        url: str,
        headers: Mapping[str, str],
        body: Parts | bytes,
        length: int,
    ) -> requests.Response:
        """Post past what Google's session does for each request, unless it is somebody else's."""
        session: Any = client._http
        response: requests.Response
        if self._owns_client:
            given = dict(headers)
            authorize = partial(self._authorize, timeout=_TIMEOUT)
            session.credentials.before_request(authorize, "POST", url, given)
            response = send(session, "POST", url, given, timeout=_TIMEOUT, body=body, length=length)
            if response.content is not None and response.status_code != UNAUTHORIZED:
                return response
        response = session.post(  # which gets another token, if this one is refused
            url, data=body, headers=headers, timeout=_TIMEOUT, allow_redirects=False
        )
        return response

    def upload(self, url: str) -> ResumableUpload:
        """Return what sends an object in pieces to the URL of an upload session."""
        session = self._connected()._http
        return ResumableUpload(session, url, retry=self._retry, timeout=_TIMEOUT)

    def translated(self, answers: Mapping[int, BucketError]) -> AbstractContextManager[None]:
        """Turn the errors of Google's library into ours.

        Args:
            answers: what HTTP statuses mean to the request that is made.
        """
        return translated(self.name, answers)

    def close(self) -> None:
        """Close the connections, if this object made them."""
        if self._owns_client and self._client is not None:
            self._client.close()

    def _connected(self) -> storage.Client:
        with self._lock:
            if self._client is None:
                with self.translated({}), readable_credentials():
                    self._client = _new_client()
            return self._client


def _new_client() -> storage.Client:
    return_large_blocks()  # without it the budget would bound what is held, not what is kept
    emulator = os.environ.get("STORAGE_EMULATOR_HOST", "")
    # Google's library takes it as it is, and fails on one without a scheme or with a slash.
    options = {"api_endpoint": _with_scheme(emulator.strip())} if emulator else None
    client = storage.Client(project=None, client_options=options)
    # https://github.com/googleapis/python-storage/issues/253: the way to have more connections.
    prepare_session(client._http, client.api_endpoint, pool_size=_POOL)
    # 3.17.1 fetches the bucket's metadata in a thread of its own, for traces that nobody asked for.
    client._bucket_metadata_cache = None
    return client


def _with_scheme(host: str) -> str:
    """Return the address of a stand-in for Google: `http://127.0.0.1:9000` of `127.0.0.1:9000`.

    Raises:
        BucketRefused: it names no host.
    """
    address = (host if "://" in host else f"http://{host}").rstrip("/")
    try:
        parts = urlsplit(address)
        right = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        right = False
    if not right:
        raise BucketRefused(
            f"STORAGE_EMULATOR_HOST is {host!r}, which is no address.",
            fix="Write it as http://127.0.0.1:9000, or leave it out to use Google itself.",
        )
    return address
