"""Twilio's request signature (https://www.twilio.com/docs/usage/security)."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Mapping


def signed_url(url: str) -> str:
    """Return the part of a URL that Twilio signs: no fragment, no user, no port under https.

    Nothing else is touched: the query is signed as it is written. The rules for ports are those
    that the official validators allow for on voice requests, and the fragment's is on
    https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides.
    """
    scheme, separator, rest = url.partition("#")[0].partition("://")
    authority = re.split("[/?]", rest, maxsplit=1)[0]
    host, path = authority.rpartition("@")[2], rest[len(authority) :]
    if scheme == "https":
        host = re.sub(r":\d+$", "", host)
    return scheme + separator + host + path


def sign(token: str, url: str, params: Mapping[str, str]) -> str:
    """Return the value of `X-Twilio-Signature`.

    Args:
        token: the account's primary auth token.
        url: the whole URL, with its query if it has one.
        params: the form fields of a POST; empty for a GET.
    """
    text = signed_url(url) + "".join(name + params[name] for name in sorted(params))
    digest = hmac.new(token.encode(), text.encode(), "sha1").digest()
    return base64.b64encode(digest).decode()
