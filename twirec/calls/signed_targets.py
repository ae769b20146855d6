"""Whom to connect, in a URL that Twilio asks later: encrypted, so that no log shows a number."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from twirec.model.errors import MalformedRequest

PURPOSE = b"whom to connect"


def sign_targets(targets: Sequence[str], tokens: Sequence[str]) -> str:
    """Return whom to connect as a segment of a path.

    Args:
        targets: as `check_targets` returns them.
        tokens: the account's auth tokens, the current one first.
    """
    return sign_segment("\n".join(targets), tokens, PURPOSE)


def read_targets(segment: str, tokens: Sequence[str]) -> tuple[str, ...]:
    """Return whom to connect, as `sign_targets` wrote it.

    Raises:
        MalformedRequest: it did not, or with another token.
    """
    return tuple(read_segment(segment, tokens, PURPOSE).split("\n"))


def sign_segment(text: str, tokens: Sequence[str], purpose: bytes) -> str:
    """Return a text as a segment of a path, which only who has a token can write and read.

    Args:
        text: what is carried.
        tokens: the account's auth tokens, the current one first.
        purpose: what it is for; it cannot be read as what is for anything else.
    """
    return _box(tokens, purpose).encrypt(text.encode()).decode()


def read_segment(segment: str, tokens: Sequence[str], purpose: bytes) -> str:
    """Return the text of a segment, as `sign_segment` wrote it.

    Raises:
        MalformedRequest: it did not, or with another token, or for another purpose.
    """
    try:
        return _box(tokens, purpose).decrypt(segment.encode()).decode()
    except InvalidToken:
        raise MalformedRequest("The path does not say whom to connect.") from None


def _box(tokens: Sequence[str], purpose: bytes) -> MultiFernet:
    keys = (HKDF(SHA256(), 32, None, purpose).derive(each.encode()) for each in tokens)
    return MultiFernet([Fernet(urlsafe_b64encode(key)) for key in keys])
