"""A time-stamping authority, over HTTP (RFC 3161, section 3.4)."""

from __future__ import annotations

import random
import time
from urllib.parse import urlsplit, urlunsplit

import requests

from twirec.model.errors import TimeStampUnavailable

TIMEOUT = (5.0, 20.0)
"""Seconds to connect, and seconds to wait for the answer."""

TRIES = 3
FIRST_PAUSE = 0.5
"""Seconds after the first try, doubled after each further one, jittered by a quarter."""

LARGEST = 1_000_000
"""Bytes of an answer; a token with its certificates has some thousand."""


class TimeStampAuthority:
    """Asks one authority for tokens.

    Args:
        url: of the authority; a name and a password in it are sent as HTTP's basic authentication.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host = parts.hostname or ""
        at = f"{parts.hostname or ''}:{parts.port}" if parts.port else parts.hostname or ""
        self._url = urlunsplit(parts._replace(netloc=at))
        self._auth = (parts.username, parts.password or "") if parts.username else None

    def ask(self, query: bytes) -> bytes:
        """Return the answer (`TimeStampResp`, DER) to a query (`TimeStampReq`, DER).

        Raises:
            TimeStampUnavailable: it did not answer, after bounded tries, or refused.
        """
        for attempt in range(TRIES):
            try:
                return self._ask(query)
            except TimeStampUnavailable:
                if attempt + 1 == TRIES:
                    raise
            jitter = random.uniform(0.75, 1.25)  # noqa: S311 - it guards nothing
            time.sleep(FIRST_PAUSE * 2**attempt * jitter)
        raise AssertionError

    def _ask(self, query: bytes) -> bytes:
        try:
            with requests.post(
                self._url,
                data=query,
                headers={
                    "Content-Type": "application/timestamp-query",
                    "Accept": "application/timestamp-reply",
                },
                timeout=TIMEOUT,
                allow_redirects=False,
                stream=True,
                auth=self._auth or _unchanged,
            ) as response:
                status = response.status_code
                answer = response.raw.read(LARGEST + 1, decode_content=True)
        except (requests.RequestException, ValueError, OSError) as error:
            reason = type(error).__name__
            raise TimeStampUnavailable(
                f"The time-stamping authority {self.host} did not answer: {reason}."
            ) from error
        if status != 200 or len(answer) > LARGEST:
            raise TimeStampUnavailable(
                f"The time-stamping authority {self.host} answered HTTP {status}."
            )
        return bytes(answer)


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Authenticate with nothing; without this requests sends what a .netrc says of the host."""
    return request
