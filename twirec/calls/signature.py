"""Whether a request is Twilio's (https://www.twilio.com/docs/usage/security).

The URL is the public one of the settings with the path and query as they came, never the request's
own host. Every field is signed over, also the empty, the doubled and the unknown.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from urllib.parse import parse_qsl, urlsplit

from twirec.model.errors import RequestRefused, SettingsError

Pairs = list[tuple[str, str]]

FORM = "application/x-www-form-urlencoded"
BODY_HASH = "bodySHA256"
"""Query parameter in which Twilio signs a body that is not a form: its SHA-256 in hex."""

_NO_URL = "TWIREC_PUBLIC_URL: write it as https://host, with a port or a path if there is one."
_DEFAULT_PORTS = {"https": 443, "http": 80}


def sign(url: str, pairs: Iterable[tuple[str, str]], token: str) -> str:
    """Return the value of `X-Twilio-Signature` that Twilio sends with a request.

    As https://www.twilio.com/docs/usage/security#validating-requests says; a field that comes
    twice with the same value counts once, as in Twilio's own library.

    Args:
        url: the whole URL without a fragment.
        pairs: the fields of a form; none for GET and for other bodies.
        token: an auth token of the account; API keys do not sign.
    """
    signed = url + "".join(name + value for name, value in sorted(set(pairs)))
    digest = hmac.new(token.encode(), signed.encode("utf-8", "surrogatepass"), hashlib.sha1)
    return base64.b64encode(digest.digest()).decode()


class SignatureCheck:
    """Checks that requests are Twilio's.

    Args:
        public_url: where Twilio reaches the app, with a path if it does not sit at the root.
        tokens: by account SID, the auth tokens that may have signed: several while one is
            replaced.

    Raises:
        SettingsError: the URL is not an HTTP URL, or a token is empty.
    """

    def __init__(self, public_url: str, tokens: Mapping[str, Sequence[str]]) -> None:
        if not all(all(several) for several in tokens.values()):
            raise SettingsError(["TWIREC_TWILIO_AUTH_TOKENS: a token is empty."])
        self._tokens = {account: tuple(several) for account, several in tokens.items()}
        self._origins, self._prefix = _places(public_url)

    def check(
        self, *, method: str, target: str, signature: str | None, content_type: str, body: bytes
    ) -> Mapping[str, str]:
        """Return the fields of a request of Twilio's: of a form, of the query (GET), or of JSON.

        Of a field that comes twice, the first value.

        Args:
            method: the HTTP method.
            target: path and query as received, not decoded: `/twirec/status?x=%41`.
            signature: the header `X-Twilio-Signature`.
            content_type: the header `Content-Type`, empty if there is none.
            body: as received.

        Raises:
            RequestRefused: it is not proven to be Twilio's.
        """
        if signature is None:
            raise RequestRefused("The request has no X-Twilio-Signature header.")
        target = target.partition("#")[0]
        query = _pairs(target.partition("?")[2])
        form, fields = _read(method, content_type, body, query)
        _check_hash(query, body, needed=bool(body) and not form)
        self._check_signature(target, form, signature, self._tokens_of(query + fields))
        first_wins = dict(reversed(fields))
        return MappingProxyType(first_wins)

    def _tokens_of(self, pairs: Pairs) -> tuple[str, ...]:
        accounts = {value for name, value in pairs if name == "AccountSid"}
        if not accounts:
            raise RequestRefused("The request names no AccountSid.")
        if len(accounts) > 1:
            raise RequestRefused("The request names more than one AccountSid.")
        tokens = self._tokens.get(accounts.pop(), ())
        if not tokens:
            raise RequestRefused("There is no auth token for the account that the request names.")
        return tokens

    def _check_signature(
        self, target: str, form: Pairs, signature: str, tokens: tuple[str, ...]
    ) -> None:
        given = signature.encode("utf-8", "surrogatepass")
        matches = [
            hmac.compare_digest(sign(url, form, token).encode(), given)
            for url in self._urls(target)
            for token in tokens
        ]
        if not any(matches):
            raise RequestRefused("The signature is not that of the account the request names.")

    def _urls(self, target: str) -> list[str]:
        """The URLs that Twilio may have signed.

        It leaves the port out or puts it in, and not by a rule that can be relied on; its own
        library tries both, too.
        """
        if not target.startswith("/"):
            raise RequestRefused("The target of the request is not a path.")
        prefix = "" if _is_below(target, self._prefix) else self._prefix
        return [origin + prefix + target for origin in self._origins]


def _places(public_url: str) -> tuple[tuple[str, str], str]:
    """Return the origin without and with a port, and the path, of the public URL."""
    try:
        parts = urlsplit(public_url)
        port = parts.port
    except ValueError as error:
        raise SettingsError([_NO_URL]) from error
    host = parts.netloc.rpartition("@")[2].removesuffix(f":{port}")
    if parts.scheme not in _DEFAULT_PORTS or not host:
        raise SettingsError([_NO_URL])
    bare = f"{parts.scheme}://{host}"
    return (bare, f"{bare}:{port or _DEFAULT_PORTS[parts.scheme]}"), parts.path.rstrip("/")


def _is_below(target: str, prefix: str) -> bool:
    return target.partition("?")[0] == prefix or target.startswith(prefix + "/")


def _pairs(text: str) -> Pairs:
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise RequestRefused("The fields of the request are not UTF-8.") from error


def _read(method: str, content_type: str, body: bytes, query: Pairs) -> tuple[Pairs, Pairs]:
    """Return what is signed as a form, and what the fields of the request are."""
    if method == "GET":
        return [], query
    kind = content_type.partition(";")[0].strip().lower()
    if kind == FORM:
        form = _pairs(_text(body))
        return form, form
    return [], _json_fields(body) if kind == "application/json" else []


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise RequestRefused("The body of the request is not UTF-8.") from error


def _json_fields(body: bytes) -> Pairs:
    try:
        content = json.loads(_text(body))
    except (ValueError, RecursionError) as error:
        raise RequestRefused("The body of the request is not JSON.") from error
    members = content.items() if isinstance(content, dict) else ()
    return [(name, value) for name, value in members if isinstance(value, str)]


def _check_hash(query: Pairs, body: bytes, *, needed: bool) -> None:
    """Compare a body that is not a form with its hash, which the signature of the URL covers."""
    given = [value for name, value in query if name == BODY_HASH]
    if not given and not needed:
        return
    named = given[0].lower().encode("utf-8", "surrogatepass") if len(given) == 1 else b""
    if not hmac.compare_digest(hashlib.sha256(body).hexdigest().encode(), named):
        raise RequestRefused("The body of the request is not the one that was signed.")
