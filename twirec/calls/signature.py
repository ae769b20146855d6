"""Whether a request is Twilio's (https://www.twilio.com/docs/usage/security).

The URL is the public one of the settings with the path and query as they came, never the request's
own host. Every field is signed over, also the empty, the doubled and the unknown.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from urllib.parse import parse_qsl, urlsplit

from twirec.model.errors import RequestRefused, SettingsError

Pairs = list[tuple[str, str]]

FORM = "application/x-www-form-urlencoded"
BODY_HASH = "bodySHA256"
"""Query parameter in which Twilio signs a body that is not a form: its SHA-256 in hex."""

_NO_URL = "TWIREC_PUBLIC_URL: write it as https://host, with a port or a path if there is one."
_DEFAULT_PORTS = {"https": 443, "http": 80}


SIGNATURE = "X-Twilio-Signature"
SIGNED_BY = "X-Twilio-Webhooks-Signature-Settings"
"""The header that names the key and the algorithm, where it is not the auth token that signs."""

ALGORITHMS: Mapping[str, Callable[[], hashlib._Hash]] = {
    "HMAC_SHA1": hashlib.sha1,
    "HMAC_SHA256": hashlib.sha256,
}
"""By the name that Twilio gives it. With the auth token it is always the first."""

SharedKeys = Mapping[str, Mapping[str, str]]
"""By account SID and key (`webhooks_sharedkey_…`), the secret that signs."""


def sign(
    url: str, pairs: Iterable[tuple[str, str]], secret: str, algorithm: str = "HMAC_SHA1"
) -> str:
    """Return the value of `X-Twilio-Signature` that Twilio sends with a request.

    As https://www.twilio.com/docs/usage/security#validating-requests says, and
    https://www.twilio.com/docs/usage/webhooks/webhook-shared-keys for keys of one's own: only the
    hash is another. A field that comes twice with the same value counts once, as in Twilio's own
    library.

    Args:
        url: the whole URL without a fragment.
        pairs: the fields of a form; none for GET and for other bodies.
        secret: an auth token of the account, or the secret of a shared key; API keys do not sign.
        algorithm: one of `ALGORITHMS`.
    """
    signed = url + "".join(name + value for name, value in sorted(set(pairs)))
    text = signed.encode("utf-8", "surrogatepass")
    digest = hmac.new(secret.encode(), text, ALGORITHMS[algorithm])
    return base64.b64encode(digest.digest()).decode()


LENGTHS = frozenset({28, 44})
"""Characters of a signature: Base64 of SHA-1, and of SHA-256."""

MOST_FIELDS = 500
"""Fields of a query or form. Twilio sends some forty, and SIP headers; anybody may send 64 kB of
`&`, and reading these would cost a hundred times what a form costs."""


class SignatureCheck:
    """Checks that requests are Twilio's.

    Args:
        public_url: where Twilio reaches the app, with a path if it does not sit at the root.
        tokens: by account SID, the auth tokens that may have signed: several while one is
            replaced.
        shared_keys: the keys that may have signed where a Webhook Rule says so.

    Raises:
        SettingsError: the URL is not an HTTP URL, or a token is empty.
    """

    def __init__(
        self,
        public_url: str,
        tokens: Mapping[str, Sequence[str]],
        shared_keys: SharedKeys | None = None,
    ) -> None:
        if not all(all(several) for several in tokens.values()):
            raise SettingsError(["TWIREC_TWILIO_AUTH_TOKENS: a token is empty."])
        self._tokens = {account: tuple(several) for account, several in tokens.items()}
        self._shared_keys = shared_keys or {}
        if not all(all(keys.values()) for keys in self._shared_keys.values()):
            raise SettingsError(["TWIREC_TWILIO_SHARED_KEYS: a secret is empty."])
        self._origins, self._prefix = _places(public_url)

    def check(
        self,
        *,
        method: str,
        target: str,
        signature: str | None,
        signed_by: str | None,
        content_type: str,
        body: bytes,
        form: Pairs | None = None,
        account: str = "",
    ) -> Mapping[str, str]:
        """Return the fields of a request of Twilio's: of a form, of the query (GET), or of JSON.

        Of a field that comes twice, the first value. `AccountSid` is always that of who signed.

        Args:
            method: the HTTP method.
            target: path and query as received, not decoded: `/twirec/status?x=%41`.
            signature: the header `X-Twilio-Signature`.
            signed_by: the header `X-Twilio-Webhooks-Signature-Settings`; None if there is none.
            content_type: the header `Content-Type`, empty if there is none.
            body: as received.
            form: every field, also those that come twice, of a form that was read before and whose
                bytes are gone; what is signed are its fields, so that this proves as much.
            account: whose the request is if it names nobody; empty to refuse it.

        Raises:
            RequestRefused: it is not proven to be Twilio's.
        """
        if signature is None:
            raise RequestRefused("The request has no X-Twilio-Signature header.")
        if len(signature) not in LENGTHS:  # before anything is read, which would cost more
            raise RequestRefused("The X-Twilio-Signature header is no signature.")
        target = target.partition("#")[0]
        query = _pairs(target.partition("?")[2])
        if form is None:
            form, fields = _read(method, content_type, body, query)
            _check_hash(query, body, needed=bool(body) and not form)
        else:
            _check_parsed(method, content_type, body, form, query)
            fields = form
        account = _account_of(query + fields, account)
        algorithm, secrets = self._signers(account, signed_by)
        self._check_signature(target, form, signature, algorithm, secrets)
        first_wins = dict(reversed(fields))
        return MappingProxyType({**first_wins, "AccountSid": account})

    def _signers(self, account: str, signed_by: str | None) -> tuple[str, tuple[str, ...]]:
        """Return the algorithm and the secrets that may have signed for an account.

        The header decides, as in Twilio's own libraries: with it only the key that it names, so
        that whoever learns the one secret gains nothing by leaving out, or naming, the other.
        """
        if signed_by is None:
            tokens = self._tokens.get(account, ())
            if not tokens:
                raise RequestRefused(
                    "There is no auth token for the account that the request names."
                )
            return "HMAC_SHA1", tokens
        key, algorithm = _named(signed_by)
        secret = self._shared_keys.get(account, {}).get(key)
        if secret is None:
            raise RequestRefused(
                "The request is signed with a shared key that TWIREC_TWILIO_SHARED_KEYS does not "
                "have for the account that it names."
            )
        return algorithm, (secret,)

    def _check_signature(
        self, target: str, form: Pairs, signature: str, algorithm: str, secrets: tuple[str, ...]
    ) -> None:
        given = signature.encode("utf-8", "surrogatepass")
        matches = [
            hmac.compare_digest(sign(url, form, secret, algorithm).encode(), given)
            for url in self._urls(target)
            for secret in secrets
        ]
        if not any(matches):
            raise RequestRefused("The signature is not that of the account the request names.")

    def _urls(self, target: str) -> list[str]:
        """The URLs that Twilio may have signed.

        It leaves the port out or puts it in, and not by a rule that can be relied on; its own
        library tries both, too.

        A proxy may take the path of the public URL away, or leave it: a target that begins with it
        is read in both ways, since our own routes begin with `/twirec`, and so may that path. Each
        reading is an address below the public URL that nobody but Twilio can sign for, so that a
        request signed for neither is refused as before. What one more reading lets through is a
        genuine request sent again to the path that is longer or shorter by that prefix; and what
        is sent again changes nothing, and lacks the fields that another route needs.
        """
        if not target.startswith("/"):
            raise RequestRefused("The target of the request is not a path.")
        paths = [self._prefix + target]
        if self._prefix and _is_below(target, self._prefix):
            paths.append(target)
        return [origin + path for path in paths for origin in self._origins]


def _account_of(pairs: Pairs, default: str) -> str:
    accounts = {value for name, value in pairs if name == "AccountSid"}
    if not accounts and default:
        return default
    if not accounts:
        raise RequestRefused("The request names no AccountSid.")
    if len(accounts) > 1:
        raise RequestRefused("The request names more than one AccountSid.")
    return accounts.pop()


def _named(signed_by: str) -> tuple[str, str]:
    """Return the key and the algorithm of `key=…,algorithm=…`."""
    parts = [part.partition("=") for part in signed_by.split(",")]
    named = [(name.strip(), value.strip()) for name, _, value in parts]
    given = {
        word: [value for name, value in named if name == word] for word in ("key", "algorithm")
    }
    if any(len(values) != 1 or not values[0] for values in given.values()):
        raise RequestRefused(f"The header {SIGNED_BY} does not name one key and one algorithm.")
    algorithm = given["algorithm"][0].upper()
    if algorithm not in ALGORITHMS:
        raise RequestRefused(f"The header {SIGNED_BY} names an algorithm that is not known here.")
    return given["key"][0], algorithm


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
    if text.count("&") >= MOST_FIELDS:
        raise RequestRefused(f"The request has more than {MOST_FIELDS} fields.")
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


def _check_parsed(method: str, content_type: str, body: bytes, form: Pairs, query: Pairs) -> None:
    """Refuse what somebody else's reading of a form could hide.

    The fields that were read are those that are signed over and handed on; but what is not a form,
    or was read as nothing, may have had more in it.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if method == "GET" or kind != FORM or not form or body:
        raise RequestRefused("What was read of the request is not a form that can be checked.")
    if any(name == BODY_HASH for name, _ in query):
        raise RequestRefused("The body of the request was read before its hash could be checked.")


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
