"""The company's own app, asked from outside as Twilio asks it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit

import requests

from twirec.model.bucket_mark import is_identity
from twirec.model.errors import AppNotTrusted, AppUnreachable, VendorUnavailable
from twirec.model.inspection import CATALOG_HEADER, AppAnswer

TIMEOUT = (5.0, 10.0)
"""Seconds to connect, and to wait for each read; Twilio itself waits 15."""

TIMEOUT_OF_OTHERS = (2.0, 3.0)
"""The same, where it does not matter that nobody answers."""

TRIES = 2

MOST_OF_A_BIN = 64 * 1024
"""Bytes of a TwiML Bin that are looked at."""

MOST_READ = 4096
"""Bytes of an answer that are looked at."""


def post(url: str, fields: Mapping[str, str], signature: str | None) -> AppAnswer:
    """Post a form, and return what is answered. A redirect is not followed.

    Args:
        url: the whole public address.
        fields: the form.
        signature: sent as `X-Twilio-Signature`; None sends none.

    Raises:
        AppNotTrusted: its certificate is not to be trusted, or is another host's.
        AppUnreachable: nothing answers, in two tries.
    """
    for tries_left in reversed(range(TRIES)):
        try:
            return _post(url, fields, signature)
        except requests.exceptions.SSLError as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise AppNotTrusted(f"The certificate of {_host(url)} is not trusted.") from None
            raise AppUnreachable(
                f"What answers under {_host(url)} speaks no TLS, and so no https."
            ) from None
        except requests.RequestException as error:
            if not tries_left:
                raise AppUnreachable(f"Nothing answers under {url}: {_reason(error)}.") from None
    raise AssertionError("TRIES is at least one")


def fetch_bin(url: str, signature: str) -> AppAnswer:
    """Fetch a TwiML Bin, which answers what is signed with the account's token.

    Source: https://support.twilio.com/hc/en-us/articles/223132187

    Args:
        url: with `AccountSid` in its query.
        signature: of the URL.

    Raises:
        VendorUnavailable: nothing answers.
    """
    try:
        with requests.get(
            url,
            headers={"X-Twilio-Signature": signature},
            auth=lambda request: request,  # else a .netrc would add credentials
            timeout=TIMEOUT,
            allow_redirects=False,
            stream=True,
        ) as response:
            text = next(response.iter_content(MOST_OF_A_BIN), b"").decode(errors="replace")
            return AppAnswer(response.status_code, text=text)
    except requests.RequestException as error:
        raise VendorUnavailable(f"{_host(url)} does not answer: {_reason(error)}") from None


def _reason(error: requests.RequestException) -> str:
    said = str(error)
    if isinstance(error, requests.Timeout):
        return f"no answer came in {TIMEOUT[1]:g} seconds"
    for sign, reason in _REASONS.items():
        if sign in said:
            return reason
    return type(error).__name__


_REASONS = {
    "NameResolutionError": "no such name is known to DNS",
    "Failed to resolve": "no such name is known to DNS",
    "Connection refused": "the connection was refused",
    "unreachable": "the network is not reachable",
    "RemoteDisconnected": "the connection was closed without an answer",
    "Connection reset": "the connection was closed without an answer",
}
"""What is in an error of requests, which has no class for it, and what it means."""


def _host(url: str) -> str:
    return urlsplit(url).netloc


def _post(url: str, fields: Mapping[str, str], signature: str | None) -> AppAnswer:
    headers = {} if signature is None else {"X-Twilio-Signature": signature}
    with requests.post(
        url,
        data=fields,
        headers=headers,
        auth=lambda request: request,  # else a .netrc would add credentials
        timeout=TIMEOUT,
        allow_redirects=False,
        stream=True,
    ) as response:
        location = response.headers.get("Location", "")
        beginning = next(response.iter_content(MOST_READ), b"")
        return AppAnswer(
            response.status_code,
            urljoin(url, location) if location else "",
            beginning.decode(errors="replace"),
            response.headers.get(CATALOG_HEADER, ""),
        )


def whose(url: str) -> str | None:
    """Ask an app that may be another installation's which catalog it works with.

    Nothing is sent but the question, and no redirect is followed. None where nobody says it.

    Args:
        url: its `/twirec/ping`.
    """
    try:
        with requests.get(
            url,
            auth=lambda request: request,  # else a .netrc would add credentials
            timeout=TIMEOUT_OF_OTHERS,
            allow_redirects=False,
            stream=True,
        ) as response:
            said = json.loads(next(response.iter_content(MOST_READ), b""))
    except (requests.RequestException, ValueError, RecursionError):
        return None
    catalog = said.get("catalog") if isinstance(said, dict) else None
    return catalog if is_identity(catalog) else None
