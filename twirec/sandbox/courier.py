"""Requests to the app: signed, bounded, and repeated as the URL's fragment says.

Retries follow https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides; redirects
and cookies https://www.twilio.com/docs/voice/twiml#twilio-is-a-well-behaved-http-client.
"""

from __future__ import annotations

import http.client
import re
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from http.cookies import SimpleCookie
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from twirec.sandbox.signing import Signer

MOST_REDIRECTS = 10
"""How many redirects in a row are followed."""

JSON_SECONDS = 5.0
"""How long a sink of Event Streams may take (https://www.twilio.com/docs/events/webhook-quickstart)."""

_SAME_METHOD = frozenset({307, 308})
_REDIRECTS = _SAME_METHOD | {301, 302, 303}
_POLICIES = frozenset({"4xx", "5xx", "ct", "rt"})
_DEFAULT_POLICY = frozenset({"ct"})


@dataclass(frozen=True, slots=True)
class Overrides:
    """How a webhook is delivered. Times are real seconds.

    Attributes:
        connect: how long connecting may take (`ct`).
        read: how long the answer may take (`rt`).
        total: how long everything may take, with all repetitions (`tt`).
        retries: how often it is repeated (`rc`).
        policy: after which failures (`rp`).
    """

    connect: float = 5.0
    read: float = 15.0
    total: float = 15.0
    retries: int = 1
    policy: frozenset[str] = _DEFAULT_POLICY

    @classmethod
    def of(cls, url: str) -> Overrides:
        """Read the fragment of a URL. What is missing or out of bounds has its default."""
        given = dict(parse_qsl(url.partition("#")[2]))
        words = frozenset(given.get("rp", "ct").split(","))
        policy = _POLICIES if "all" in words else words
        return cls(
            connect=_bounded(given.get("ct"), 100, 10_000, 5_000) / 1000,
            read=_bounded(given.get("rt"), 100, 15_000, 15_000) / 1000,
            total=_bounded(given.get("tt"), 100, 15_000, 15_000) / 1000,
            retries=_bounded(given.get("rc"), 0, 5, 1),
            policy=policy if policy <= _POLICIES else _DEFAULT_POLICY,
        )


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of a request to the app.

    Attributes:
        status: the HTTP status; 0 when there was no answer.
        body, content_type: what was answered.
        failure: empty for a 2xx; else `4xx`, `5xx`, `3xx` (more than ten redirects), `ct`
            (no connection), `rt` (no answer in time), `cut` (half an answer), `url` (no URL).
        attempts: how many times it was sent, redirects not counted.
        url: what answered, after redirects; without a fragment.
    """

    status: int = 0
    body: bytes = b""
    content_type: str = ""
    failure: str = ""
    attempts: int = 1
    url: str = ""


class Cookies:
    """The cookies that an app has set, which go back to it, to the host and path they are for."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], tuple[str, str]] = {}

    def header(self, url: str) -> str:
        """Return what the header `Cookie` says; empty for none."""
        parts = urlsplit(url)
        return "; ".join(
            f"{name}={value}"
            for (host, name), (value, path) in self._kept.items()
            if host == parts.hostname and (parts.path or "/").startswith(path)
        )

    def keep(self, url: str, headers: Iterable[str]) -> None:
        """Keep what some headers `Set-Cookie` of an answer say; of an empty value, nothing."""
        host = urlsplit(url).hostname or ""
        for header in headers:
            for name, morsel in SimpleCookie(header).items():
                self._kept.pop((host, name), None)
                if morsel.value and morsel["max-age"] != "0":
                    self._kept[host, name] = morsel.coded_value, morsel["path"] or "/"


@dataclass(frozen=True, slots=True)
class _Parcel:
    """What is sent: the URL as it is signed, and the fields of the form, or a body of JSON."""

    url: str
    form: Mapping[str, str]
    method: str
    json: bytes = b""

    @classmethod
    def of(cls, url: str, params: Mapping[str, str], method: str) -> _Parcel:
        bare = url.partition("#")[0]
        if method == "POST":
            return cls(bare, params, method)
        query = ("&" if "?" in bare else "?") + urlencode(params) if params else ""
        return cls(bare + query, {}, method)

    def redirected(self, status: int, location: str) -> _Parcel:
        """Return what follows a redirect: as a browser does, GET unless it says to repeat."""
        url = urljoin(self.url, location).partition("#")[0]
        same = status in _SAME_METHOD
        return _Parcel(url, self.form if same else {}, self.method if same else "GET")


class Courier:
    """Sends what Twilio would send.

    Args:
        signer: what requests are signed with.
    """

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    def send(
        self,
        url: str,
        params: Mapping[str, str],
        method: str = "POST",
        cookies: Cookies | None = None,
    ) -> Reply:
        """Send form fields (POST) or query parameters (GET), and repeat as the URL says.

        Args:
            url: absolute, with its fragment.
            params: the fields.
            method: GET or POST.
            cookies: those that go with it, and are kept from it; None for none.
        """
        overrides = Overrides.of(url)
        deadline = time.monotonic() + overrides.total
        parcel = _Parcel.of(url, params, method)
        for attempt in range(1, overrides.retries + 2):
            reply = replace(
                self._follow(parcel, overrides, deadline, cookies or Cookies()), attempts=attempt
            )
            if reply.failure not in overrides.policy or time.monotonic() >= deadline:
                break
        return reply

    def send_json(self, url: str, body: bytes) -> Reply:
        """Post JSON once, for five seconds at the most, as Event Streams do; follow no redirect.

        The hash of the body is signed with the URL
        (https://www.twilio.com/docs/usage/security#validating-requests).

        Args:
            url: absolute; its fragment counts for nothing.
            body: the JSON.
        """
        bare = url.partition("#")[0]
        signed = f"{bare}{'&' if '?' in bare else '?'}bodySHA256={sha256(body).hexdigest()}"
        parcel = _Parcel(signed, {}, "POST", body)
        return self._try(parcel, Overrides(), time.monotonic() + JSON_SECONDS, Cookies())[0]

    def _follow(
        self, parcel: _Parcel, overrides: Overrides, deadline: float, cookies: Cookies
    ) -> Reply:
        for _ in range(MOST_REDIRECTS + 1):
            reply, location = self._try(parcel, overrides, deadline, cookies)
            if not location:
                return reply
            parcel = parcel.redirected(reply.status, location)
        return reply

    def _try(
        self, parcel: _Parcel, overrides: Overrides, deadline: float, cookies: Cookies
    ) -> tuple[Reply, str]:
        """Return the answer, and where it sends to if it is a redirect."""
        try:
            connection = _connection(parcel.url, min(overrides.connect, _left(deadline)))
        except ValueError:
            return Reply(failure="url"), ""
        except OSError:
            return Reply(failure="ct"), ""
        connection.sock.settimeout(min(overrides.read, _left(deadline)))
        try:
            return _exchange(connection, parcel, self._headers(parcel, cookies), cookies)
        except TimeoutError:
            return Reply(failure="rt"), ""
        except (ValueError, http.client.InvalidURL):
            return Reply(failure="url"), ""
        except (OSError, http.client.HTTPException):
            return Reply(failure="cut"), ""
        finally:
            connection.close()

    def _headers(self, parcel: _Parcel, cookies: Cookies) -> dict[str, str]:
        headers = {
            "User-Agent": "TwilioProxy/1.1",
            "Accept": "*/*",
            **self._signer.headers(parcel.url, parcel.form),
            # Twilio does not say whether repetitions share it, so here they never do.
            "I-Twilio-Idempotency-Token": str(uuid.uuid4()),
        }
        if parcel.method == "POST":
            form = "application/x-www-form-urlencoded; charset=UTF-8"
            headers["Content-Type"] = "application/json" if parcel.json else form
        if kept := cookies.header(parcel.url):
            headers["Cookie"] = kept
        return headers


def _exchange(
    connection: http.client.HTTPConnection,
    parcel: _Parcel,
    headers: Mapping[str, str],
    cookies: Cookies,
) -> tuple[Reply, str]:
    form = urlencode(parcel.form).encode() if parcel.method == "POST" else None
    connection.request(parcel.method, _target(parcel.url), parcel.json or form, dict(headers))
    with connection.getresponse() as response:
        content_type = response.headers.get_content_type()
        failure = "" if 200 <= response.status < 300 else f"{response.status // 100}xx"
        cookies.keep(parcel.url, response.headers.get_all("Set-Cookie", ()))
        location = response.headers.get("Location", "") if response.status in _REDIRECTS else ""
        body = response.read()
        return Reply(response.status, body, content_type, failure, url=parcel.url), location


def _bounded(text: str | None, low: int, high: int, default: int) -> int:
    return int(text) if text and text.isdecimal() and low <= int(text) <= high else default


def _left(deadline: float) -> float:
    return max(0.01, deadline - time.monotonic())


def _target(url: str) -> str:
    # Never parsed and put together again: the app must see the bytes that were signed.
    target = re.sub(r"^[^:]+://[^/?]*", "", url)
    return target if target.startswith("/") else "/" + target


def _connection(url: str, timeout: float) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("not an absolute http or https URL")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=timeout)
    connection.connect()
    return connection
