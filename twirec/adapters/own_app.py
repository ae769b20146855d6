"""The company's own app, asked from outside as Twilio asks it."""

from __future__ import annotations

from collections.abc import Mapping

import requests

from twirec.model.errors import AppNotTrusted, AppUnreachable

TIMEOUT = (5.0, 10.0)
"""Seconds to connect, and to wait for each read; Twilio itself waits 15."""

TRIES = 2


def post_signed(url: str, fields: Mapping[str, str], signature: str) -> int:
    """Post a form with a signature; return the HTTP status. A redirect is not followed.

    Args:
        url: the whole public address.
        fields: the form.
        signature: sent as `X-Twilio-Signature`.

    Raises:
        AppNotTrusted: its certificate is not to be trusted, or is another host's.
        AppUnreachable: nothing answers, in two tries.
    """
    for tries_left in reversed(range(TRIES)):
        try:
            return _post(url, fields, signature)
        except requests.exceptions.SSLError:
            raise AppNotTrusted("The certificate under the public URL is not trusted.") from None
        except requests.RequestException as error:
            reason = type(error).__name__
            if not tries_left:
                raise AppUnreachable(f"Nothing answers under {url} ({reason}).") from None
    raise AssertionError("TRIES is at least one")


def _post(url: str, fields: Mapping[str, str], signature: str) -> int:
    headers = {"X-Twilio-Signature": signature}
    with requests.post(
        url,
        data=fields,
        headers=headers,
        auth=lambda request: request,  # else a .netrc would add credentials
        timeout=TIMEOUT,
        allow_redirects=False,
        stream=True,
    ) as response:
        return response.status_code
