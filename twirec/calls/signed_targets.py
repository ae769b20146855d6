"""Whom to connect, in the URL of a placed call: encrypted, so that no log shows a number."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from twirec.model.errors import MalformedRequest


def sign_targets(targets: Sequence[str], tokens: Sequence[str]) -> str:
    """Return whom to connect as a segment of a path.

    Args:
        targets: as `check_targets` returns them.
        tokens: the account's auth tokens, the current one first.
    """
    return _box(tokens).encrypt("\n".join(targets).encode()).decode()


def read_targets(segment: str, tokens: Sequence[str]) -> tuple[str, ...]:
    """Return whom to connect, as `sign_targets` wrote it.

    Raises:
        MalformedRequest: it did not, or with another token.
    """
    try:
        return tuple(_box(tokens).decrypt(segment.encode()).decode().split("\n"))
    except InvalidToken:
        raise MalformedRequest("The path does not say whom to connect.") from None


def _box(tokens: Sequence[str]) -> MultiFernet:
    keys = (HKDF(SHA256(), 32, None, b"whom to connect").derive(each.encode()) for each in tokens)
    return MultiFernet([Fernet(urlsafe_b64encode(key)) for key in keys])
