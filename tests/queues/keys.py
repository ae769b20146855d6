"""Keys as Google's: a certificate by its key's id, and tokens that are signed with the key."""

from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from google.auth import crypt, jwt

KEY_ID = "k1"
ACCOUNT = "jobs@calls.iam.gserviceaccount.com"


class Key:
    """A key that signs tokens.

    Args:
        id_: its id.
    """

    def __init__(self, id_: str = KEY_ID) -> None:
        self.id = id_
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.pem = self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        ).decode()

    @property
    def cert(self) -> str:
        """The certificate, as Google publishes them."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(1)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .sign(self._key, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.PEM).decode()

    def token(self, audience: str, **claims: Any) -> str:
        """Return a token of the account's, but for what is said otherwise; None leaves out."""
        said = token_claims(audience) | claims
        kept = {name: value for name, value in said.items() if value is not None}
        signer = crypt.RSASigner(self._key, key_id=self.id)  # to read the PEM takes 35 ms
        made: bytes = jwt.encode(signer, kept)
        return made.decode()


def token_claims(audience: str) -> dict[str, Any]:
    now = int(time.time())
    return {
        "iss": "https://accounts.google.com",
        "aud": audience,
        "email": ACCOUNT,
        "email_verified": True,
        "sub": "1",
        "iat": now,
        "exp": now + 3600,
    }


def unsigned(header: dict[str, str], claims: dict[str, Any], signature: bytes = b"") -> str:
    """Return a token that nobody signed."""
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


@cache
def key(id_: str = KEY_ID) -> Key:
    """Return a key, made once."""
    return Key(id_)
