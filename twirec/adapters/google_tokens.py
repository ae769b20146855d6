"""Whether a request is Google's: Cloud Tasks' or Cloud Scheduler's, acting as a service account.

Each of their requests has an OIDC token that Google signed, for one audience and one account.
Sources: https://cloud.google.com/tasks/docs/creating-http-target-tasks#token,
https://developers.google.com/identity/openid-connect/openid-connect#validatinganidtoken.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import requests
from google.auth import jwt

from twirec.model.errors import RequestRefused

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
        self._certs: Mapping[str, str] = {}
        self._fetched_at = self._kept_until = float("-inf")

    def check(self, authorization: str | None) -> None:
        """Let a request through that is Google's, in the name of that account.

        Args:
            authorization: its header of that name.

        Raises:
            RequestRefused: it is not proven to be; nothing of the token is in the message.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise RequestRefused("The request has no token of Google's.")
        try:
            claims = self._claims(token)
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
        if not isinstance(key, str) or key not in certs:
            raise KeyError(key)
        claims: Mapping[str, Any] = jwt.decode(  # type: ignore[no-untyped-call]
            token, certs=certs, audience=self._audience, clock_skew_in_seconds=SKEW
        )
        return claims

    def _known(self, key: object) -> Mapping[str, str]:
        """Return the certificates, fetched anew when they are old, or lack a key."""
        with self._turn:
            now = self._clock()
            lacking = key not in self._certs and now - self._fetched_at >= SHORTEST_KEPT
            if now >= self._kept_until or lacking:
                self._certs, self._fetched_at = {}, now  # none, if that fails
                self._kept_until = now + SHORTEST_KEPT
                certs, seconds = (self._fetch or fetch_certs)()
                self._certs = dict(certs)
                self._kept_until = now + min(max(seconds, SHORTEST_KEPT), LONGEST_KEPT)
            return self._certs
