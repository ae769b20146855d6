"""Twilio's request signature (https://www.twilio.com/docs/usage/security)."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field


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


def sign(token: str, url: str, params: Mapping[str, str], algorithm: str = "sha1") -> str:
    """Return the value of `X-Twilio-Signature`.

    Args:
        token: the account's primary auth token, or the secret of a shared key.
        url: the whole URL, with its query if it has one.
        params: the form fields of a POST; empty for a GET.
        algorithm: `sha1` with the token; `sha256` with a shared key.
    """
    text = signed_url(url) + "".join(name + params[name] for name in sorted(params))
    digest = hmac.new(token.encode(), text.encode(), algorithm).digest()
    return base64.b64encode(digest).decode()


@dataclass(frozen=True, slots=True)
class Signer:
    """What signs the requests of the account.

    Attributes:
        token: the account's auth token.
        shared_key: a key and its secret, which then sign instead of the token, as under a Webhook
            Rule (https://www.twilio.com/docs/usage/webhooks/webhook-shared-keys); None for none.
    """

    token: str = field(repr=False)
    shared_key: tuple[str, str] | None = field(default=None, repr=False)

    def headers(self, url: str, params: Mapping[str, str]) -> dict[str, str]:
        """Return the headers that prove a request, for a URL and the fields of a form."""
        if self.shared_key is None:
            return {"X-Twilio-Signature": sign(self.token, url, params)}
        key, secret = self.shared_key
        return {
            "X-Twilio-Signature": sign(secret, url, params, "sha256"),
            "X-Twilio-Webhooks-Signature-Settings": f"key={key},algorithm=HMAC_SHA256",
        }
