"""HTTP to Twilio: one pool of connections, one table of errors, one place that tries again."""

from __future__ import annotations

import logging
import random
import re
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urlencode, urlsplit

import requests

from twirec.adapters.adaptive_limit import AdaptiveLimit
from twirec.adapters.sessions import prepare_session, send
from twirec.model.errors import (
    NotAtVendor,
    SettingsError,
    VendorBusy,
    VendorError,
    VendorRefused,
    VendorUnavailable,
)
from twirec.model.steady import left

TRIES = 3
FIRST_WAIT = 0.5
"""Seconds before the second try, on average; doubled before the third."""
LONGEST_WAIT = 7.0
"""Seconds. Who is asked to wait longer gives up at once, and the caller comes back later."""

IN_A_HURRY = (1.0, 2.0)
"""Seconds to connect, and to wait for each read, while somebody on the phone waits for us: Twilio
gives up on us after four (`PROMPTLY` in `calls/twiml.py`)."""

PLAIN = re.compile(r"[A-Za-z0-9/._-]+")
"""A path in which there is nothing to quote, and no query."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who asks: an API key and its secret, or an account SID and its auth token."""

    username: str
    password: str = field(repr=False)

    @property
    def basic(self) -> str:
        """The header by which they are given (RFC 7617)."""
        pair = f"{self.username}:{self.password}".encode()
        return f"Basic {b64encode(pair).decode()}"


def base_url(api_url: str | None, region: str | None, edge: str | None) -> str:
    """Return where Twilio's API is, without a slash at the end.

    An `api_url` wins over region and edge. A region without an edge would be a host that Twilio
    switched off on 2026-04-28:
    https://www.twilio.com/en-us/changelog/deprecation-of-region-specific-twilio-api-domain-patterns

    Raises:
        SettingsError: one of region and edge is missing, or `api_url` is not an HTTP URL.
    """
    if api_url:
        return _checked_url(api_url)
    if bool(region) != bool(edge):
        raise SettingsError(["TWILIO_REGION and TWILIO_EDGE: set both or neither."])
    return f"https://api.{edge}.{region}.twilio.com" if region else "https://api.twilio.com"


def _checked_url(api_url: str) -> str:
    parts = urlsplit(api_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SettingsError(["TWIREC_TWILIO_API_URL: write it as https://host[:port]."])
    return api_url.rstrip("/")


def checked_sid(sid: str | None) -> str:
    """Return a SID that may become part of a URL.

    Raises:
        VendorRefused: it has not Twilio's form, two capitals and 32 hex digits
            (https://www.twilio.com/docs/glossary/what-is-a-sid).
    """
    if not re.fullmatch("[A-Z]{2}[0-9a-fA-F]{32}", sid or ""):
        raise VendorRefused("What was asked for or answered has no SID of Twilio's form")
    return str(sid)


class TwilioHttp:
    """Sends requests to one host, from many threads. Opens nothing before the first.

    Args:
        base: where the API is, as `base_url` gives it. Credentials go nowhere else: redirects are
            not followed.
        pool_size: connections that are kept open, one for each thread.
        timeout: seconds to connect, and seconds to wait for each read.
        sleep: waits between tries, in seconds.
    """

    def __init__(
        self,
        base: str,
        *,
        pool_size: int,
        timeout: tuple[float, float],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._base = base
        self._timeout = timeout
        self._sleep = sleep
        self._session = requests.Session()
        prepare_session(self._session, base, pool_size=pool_size)
        self._most = pool_size
        self._limits: dict[str, AdaptiveLimit] = {}
        # The session is shared by threads and accounts: nothing may stick to it.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    @property
    def host(self) -> str | None:
        """The host of the API, without a port."""
        return urlsplit(self._base).hostname

    def limit_of(self, credentials: Credentials) -> AdaptiveLimit:
        """Return how many requests may be on their way at once with these credentials."""
        made = self._limits.get(credentials.username)
        return made or self._limits.setdefault(credentials.username, AdaptiveLimit(self._most))

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def send(
        self,
        method: str,
        path: str,
        credentials: Credentials,
        *,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        hurry: bool = False,
    ) -> requests.Response:
        """Send a request, and return the 200, 201 or 204.

        What may be repeated (GET, DELETE) is, some times; a POST only after a 429, which Twilio
        never processed. The body is not read yet: read it or close the response.

        Args:
            path: absolute, with SIDs and perhaps a query; it is named in errors without the query.
            data: the form of a POST.
            hurry: try once, and not for long.

        Raises:
            NotAtVendor, VendorRefused: at once.
            VendorBusy, VendorUnavailable: after some tries.
        """
        timeout = IN_A_HURRY if hurry else self._timeout
        tries = 1
        while True:
            try:
                if hurry:  # which waits for nobody's turn
                    return self._try(method, path, credentials, params, data, headers, timeout)
                with self._turn(credentials):
                    return self._try(method, path, credentials, params, data, headers, timeout)
            except (VendorBusy, VendorUnavailable) as error:
                wait = _wait(error, tries)
                safe = method != "POST" or isinstance(error, VendorBusy)
                if hurry or tries == TRIES or wait > left(LONGEST_WAIT) or not safe:
                    raise
                _log.info("%s; trying again in %.1f s", error, wait)
            self._sleep(wait)
            tries += 1

    def delete(self, path: str, credentials: Credentials) -> None:
        """Delete what is at a path. Raises as `send`."""
        with self.send("DELETE", path, credentials) as response:
            response.raw.drain_conn()  # so that the connection is used again

    def status_for_anybody(self, path: str) -> int:
        """Ask for a path as somebody without credentials would; return the status.

        The body is not read.

        Raises:
            VendorUnavailable: there was no answer.
        """
        try:
            with self._session.get(
                self._base + path,
                auth=_nobody,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                return response.status_code
        except requests.RequestException as error:
            reason = type(error).__name__
            raise VendorUnavailable(f"Twilio did not answer GET {path}: {reason}") from error

    @contextmanager
    def _turn(self, credentials: Credentials) -> Iterator[None]:
        """Send a request when it is its turn, and learn from the answer how many may be."""
        limit = self.limit_of(credentials)
        with limit.turn() as began:
            try:
                yield
            except VendorBusy:
                limit.busy(began)
                raise
            limit.well()

    def _try(
        self,
        method: str,
        path: str,
        credentials: Credentials,
        params: Mapping[str, str] | None,
        data: Mapping[str, object] | None,
        headers: Mapping[str, str] | None,
        timeout: tuple[float, float],
    ) -> requests.Response:
        what = f"{method} {urlsplit(path).path}"
        try:
            response = self._ask(method, path, credentials, params, data, headers, timeout)
        except requests.RequestException as error:
            reason = type(error).__name__
            raise VendorUnavailable(f"Twilio did not answer {what}: {reason}") from error
        if response.status_code in {200, 201, 204}:
            return response
        with response:
            raise _error(response, what)

    def _ask(
        self,
        method: str,
        path: str,
        credentials: Credentials,
        params: Mapping[str, str] | None,
        data: Mapping[str, object] | None,
        headers: Mapping[str, str] | None,
        timeout: tuple[float, float],
    ) -> requests.Response:
        soon = (left(timeout[0]), left(timeout[1]))
        if data is None and PLAIN.fullmatch(path):  # media and deletions: most requests are these
            query = f"?{urlencode(params)}" if params else ""
            given = {**(headers or {}), "Authorization": credentials.basic}
            return send(self._session, method, self._base + path + query, given, timeout=soon)
        return self._session.request(
            method,
            self._base + path,
            params=params,
            data=data,
            headers=headers,
            # Given with each request, so that no .netrc takes its place.
            auth=(credentials.username, credentials.password),
            timeout=soon,
            allow_redirects=False,
            stream=True,
        )


def _nobody(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Send no credentials, those of a .netrc neither, which `auth=None` would."""
    return request


def _error(response: requests.Response, what: str) -> VendorError:
    """Translate a status (https://www.twilio.com/docs/usage/twilios-response)."""
    status, code = response.status_code, _code(response)
    if status == 404:
        return NotAtVendor(f"Twilio has nothing at {what}", status=status, code=code)
    if status == 429:
        busy = f"Twilio is too busy for {what}"
        return VendorBusy(busy, status=status, code=code, retry_after=_retry_after(response))
    if status == 408 or status >= 500:
        return VendorUnavailable(f"Twilio failed at {what}", status=status, code=code)
    return VendorRefused(f"Twilio refused {what}", status=status, code=code)


def _code(response: requests.Response) -> int | None:
    try:
        return int(response.json()["code"])
    except (requests.RequestException, ValueError, KeyError, TypeError):
        return None


def _retry_after(response: requests.Response) -> float | None:
    """Read seconds or a date (RFC 9110, section 10.2.3)."""
    value = response.headers.get("Retry-After", "")
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def _wait(error: VendorError, tries: int) -> float:
    """Seconds until the next try: doubling, spread, and never less than Twilio asked for."""
    seconds = error.retry_after if isinstance(error, VendorBusy) else None
    spread = random.uniform(0.5, 1.5)  # noqa: S311 - spreads threads, hides nothing
    ours: float = FIRST_WAIT * 2 ** (tries - 1) * spread
    return max(seconds or 0.0, ours)
