"""Whether a request is Google's: Cloud Tasks' or Cloud Scheduler's, acting as a service account.

Each of their requests has an OIDC token that Google signed, for one audience and one account.
Sources: https://cloud.google.com/tasks/docs/creating-http-target-tasks#token,
https://developers.google.com/identity/openid-connect/openid-connect#validatinganidtoken.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import requests
from google.auth import jwt

from twirec.model.errors import CertificatesUnavailable, RequestRefused

log = logging.getLogger("twirec.jobs")

CERTS_URL = "https://www.googleapis.com/oauth2/v1/certs"
"""By key id, the certificates of the keys that Google signs with."""
ISSUERS = ("https://accounts.google.com", "accounts.google.com")

SKEW = 30
"""Seconds that the two clocks may differ by."""
TIMEOUT = 3.0
TRIES = 2
LONGEST_KEPT = 6 * 3600.0
SHORTEST_KEPT = 60.0
"""Seconds. Google says how long certificates hold; a key that is not among them is looked for no
more often than this, whoever sends tokens that name one."""
RENEWED = 0.9
"""After which part of the time that they hold they are fetched anew, while they still do."""


def fetch_certs() -> tuple[Mapping[str, str], float]:
    """Fetch Google's certificates, and return them with the seconds that they hold.

    Raises:
        requests.RequestException: they could not be had.
    """
    for remaining in reversed(range(TRIES)):
        try:
            answer = requests.get(CERTS_URL, timeout=TIMEOUT, allow_redirects=False)
            answer.raise_for_status()
            break
        except requests.RequestException:
            if not remaining:
                raise
    age = re.search(r"max-age=(\d+)", answer.headers.get("Cache-Control", ""))
    return answer.json(), float(age[1]) if age else SHORTEST_KEPT


class GoogleTokens:
    """Checks tokens. What is not proven is refused: also while certificates cannot be had.

    Args:
        audience: for whom tokens have to be: where Google reaches the app.
        account: the e-mail of the one service account that is believed.
        fetch: gives the certificates, and the seconds that they hold.
        clock: seconds that go on steadily.
    """

    def __init__(
        self,
        audience: str,
        account: str,
        fetch: Callable[[], tuple[Mapping[str, str], float]] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._audience = audience
        self._account = account
        self._fetch = fetch
        self._clock = clock
        self._turn = threading.Lock()
        self._asked_at = self._renewed_at = float("-inf")
        # together, as threads read them while another one fetches
        self._kept: tuple[Mapping[str, str], float] = ({}, float("-inf"))

    def check(self, authorization: str | None) -> None:
        """Let a request through that is Google's, in the name of that account.

        Args:
            authorization: its header of that name.

        Raises:
            RequestRefused: it is not proven to be; nothing of the token is in the message.
            CertificatesUnavailable: there is no certificate that holds, by which it could be told,
                such as while a process that began just now fetches them.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise RequestRefused("The request has no token of Google's.")
        try:
            claims = self._claims(token)
        except CertificatesUnavailable:
            raise
        except Exception as error:  # whatever a token does to the library: it proves nothing
            raise RequestRefused(
                f"The token is not Google's, or not for {self._audience}: {type(error).__name__}."
            ) from error
        if claims.get("iss") not in ISSUERS:
            raise RequestRefused("The token is not issued by Google.")
        if claims.get("email") != self._account or claims.get("email_verified") is not True:
            raise RequestRefused("The token is another account's.")

    def _claims(self, token: str) -> Mapping[str, Any]:
        key = jwt.decode_header(token).get("kid")  # type: ignore[no-untyped-call]
        certs = self._known(key)
        if not certs:
            raise CertificatesUnavailable("Google's certificates could not be had yet.")
        if not isinstance(key, str) or key not in certs:
            raise KeyError(key)
        claims: Mapping[str, Any] = jwt.decode(  # type: ignore[no-untyped-call]
            token, certs=certs, audience=self._audience, clock_skew_in_seconds=SKEW
        )
        return claims

    def _known(self, key: object) -> Mapping[str, str]:
        """Return the certificates that hold, fetched anew when it is time, or when they lack a key.

        One thread fetches. No other waits for it: it would be one of those that answer calls, and
        whoever sends invented keys could occupy them all.
        """
        now = self._clock()
        held = self._held(now)
        if (key in held and now < self._renewed_at) or not self._turn.acquire(blocking=False):
            return held
        try:
            if now - self._asked_at >= SHORTEST_KEPT:
                self._asked_at = now
                self._renew(now)
        except (requests.RequestException, TypeError, ValueError) as error:
            log.warning("Google's certificates could not be had: %s", type(error).__name__)
        finally:
            self._turn.release()
        return self._held(self._clock())

    def _held(self, now: float) -> Mapping[str, str]:
        certs, until = self._kept
        return certs if now < until else {}

    def _renew(self, now: float) -> None:
        certs, said = (self._fetch or fetch_certs)()
        seconds = min(max(said, SHORTEST_KEPT), LONGEST_KEPT)
        self._kept = dict(certs), now + seconds
        self._renewed_at = now + RENEWED * seconds
