"""HTTP sessions that are used again and again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers


class LastingAdapter(HTTPAdapter):
    """What a session sends by, whose proxies and certificates do not change.

    `requests` looks for the connections to a host, the proxy to it, and the file of certificates
    anew for each request, and reads cookies of each answer. That was a third of its CPU.
    """

    def __init__(self, *, pool_size: int) -> None:
        super().__init__(pool_maxsize=pool_size)
        self._pools: dict[tuple[Any, ...], Any] = {}

    def get_connection_with_tls_context(
        self, request: Any, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        """Return the connections to a host."""
        parts = urlsplit(request.url)
        key = (parts.scheme, parts.netloc, verify, cert)
        pool = self._pools.get(key)
        if pool is None:
            pool = super().get_connection_with_tls_context(request, verify, proxies, cert)
            super().cert_verify(pool, request.url, verify, cert)  # type: ignore[no-untyped-call]
            self._pools[key] = pool
        return pool

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Do nothing: it is done with the first request to a host."""

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        """Return the response, with the headers that `urllib3` made, and without cookies."""
        response = requests.Response()
        response.status_code, response.reason, response.raw = resp.status, resp.reason, resp
        response.headers = resp.headers  # whose names are found in any case too
        response.encoding = get_encoding_from_headers(resp.headers)
        response.url, response.request = str(req.url), req
        response.connection = self
        return response

    def close(self) -> None:
        """Close all connections."""
        self._pools.clear()
        super().close()


def prepare_session(session: requests.Session, url: str, *, pool_size: int) -> None:
    """Let a session keep connections to a host, and read the environment once.

    For each request `requests` looks through all of the environment for proxies, certificates and
    a `.netrc`, which takes as long as all else that it does. What concerns this host is read now,
    and the `.netrc` never: who asks gives their credentials with the request.

    Args:
        session: is changed.
        url: where the host is.
        pool_size: connections that are kept open, one for each thread.
    """
    found = session.merge_environment_settings(url, {}, None, None, None)
    session.proxies.update(found["proxies"])
    session.verify = found["verify"]
    session.trust_env = False
    adapter = LastingAdapter(pool_size=pool_size)
    session.mount("https://", adapter)
    session.mount("http://", adapter)


def send(
    session: requests.Session,
    method: str,
    url: str,
    headers: Mapping[str, str],
    *,
    timeout: tuple[float, float],
    body: Any = None,
    length: int = 0,
) -> requests.Response:
    """Send a request past what a session does for each: half of a small request's CPU.

    A redirect is not followed, no cookie is kept, and of the session come its own headers, its
    proxies and its certificates. The body of the answer is not read yet: read it, or close the
    answer.

    Args:
        session: was given to `prepare_session`.
        method: of the request.
        url: whole, quoted, in ASCII.
        headers: beside the session's own.
        timeout: seconds to connect, and to wait for each read.
        body: bytes, or what yields them; None for none.
        length: bytes of the body.

    Raises:
        requests.RequestException: there was no answer.
    """
    request = requests.PreparedRequest()
    request.method, request.url, request.body = method, url, body
    all_headers: dict[str, Any] = {**session.headers, **headers}
    if body is not None:
        all_headers["Content-Length"] = str(length)
    request.headers = CaseInsensitiveDict(all_headers)
    verify: Any = session.verify
    return session.get_adapter(url).send(
        request, stream=True, timeout=timeout, verify=verify, proxies=session.proxies
    )
