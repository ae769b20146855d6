"""The company's own webhook, over HTTP."""

from __future__ import annotations

from collections.abc import Mapping

import requests

from twirec.model.errors import EventNotTaken

TIMEOUT = (5.0, 10.0)
"""Seconds to connect, and seconds to wait for the answer."""


class HttpReceiver:
    """Posts events to one address. Redirects are not followed, and answers not read.

    Args:
        url: the address. It may hold a token, so that no message names it.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    def take(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Hand over an event. On return it was taken."""
        try:
            with requests.post(
                self._url,
                data=body,
                headers={"Content-Type": "application/json", **headers},
                timeout=TIMEOUT,
                allow_redirects=False,
                stream=True,
                auth=_unchanged,
            ) as response:
                status = response.status_code
        except (requests.RequestException, ValueError) as error:
            reason = type(error).__name__
            raise EventNotTaken(f"The webhook did not answer: {reason}.") from error
        if not 200 <= status < 300:
            raise EventNotTaken(f"The webhook answered HTTP {status}.")


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Authenticate with nothing; without this requests sends what a .netrc says of the host."""
    return request
