"""A request signed as Twilio would, and what the check says of it."""

from collections.abc import Mapping
from urllib.parse import urlencode

from twirec.calls.signature import SharedKeys, SignatureCheck, sign

ACCOUNT = "AC" + "0" * 32
OTHER = "AC" + "1" * 32
TOKEN = "12345"
FORM = "application/x-www-form-urlencoded"


def post(
    target: str = "/twirec/status",
    pairs: list[tuple[str, str]] | None = None,
    *,
    public_url: str = "https://calls.example.com",
    signed_url: str | None = None,
    signature: str | None = "right",
    token: str = TOKEN,
    tokens: Mapping[str, tuple[str, ...]] | None = None,
    method: str = "POST",
    content_type: str = FORM,
    body: bytes | None = None,
    form: list[tuple[str, str]] | None = None,
    signed_by: str | None = None,
    algorithm: str = "HMAC_SHA1",
    shared_keys: SharedKeys | None = None,
) -> Mapping[str, str]:
    """Post a form, signed as Twilio would for `https://calls.example.com`, and check it."""
    pairs = [("AccountSid", ACCOUNT)] if pairs is None else pairs
    url = signed_url or f"https://calls.example.com{target}"
    check = SignatureCheck(public_url, tokens or {ACCOUNT: (TOKEN,)}, shared_keys)
    return check.check(
        method=method,
        target=target,
        signature=sign(url, pairs, token, algorithm) if signature == "right" else signature,
        content_type=content_type,
        body=urlencode(pairs).encode() if body is None else body,
        signed_by=signed_by,
        form=form,
    )
