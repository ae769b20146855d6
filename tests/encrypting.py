"""Key pairs as a company makes them, and what Twilio does with the public half."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from functools import cache

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import GCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from twirec.sandbox import Encryption

OAEP = padding.OAEP(padding.MGF1(SHA256()), SHA256(), label=None)
PKCS1, PKCS8 = PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8


class KeyPair:
    """An RSA key pair whose public half Twilio has."""

    def __init__(self, number: int, bits: int = 2048) -> None:
        self.sid = f"CR{number:032x}"
        self.private = rsa.generate_private_key(65537, bits)

    def pem(self, form: PrivateFormat = PKCS8, passphrase: bytes = b"") -> str:
        """The private half in PEM."""
        kept = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
        return self.private.private_bytes(Encoding.PEM, form, kept).decode()

    def details(self, cek: bytes, iv: bytes) -> dict[str, str]:
        """Twilio's encryption details, as callbacks spell them."""
        encrypted = self.private.public_key().encrypt(cek, OAEP)
        return {
            "type": "rsa-aes",
            "public_key_sid": self.sid,
            "encrypted_cek": base64.b64encode(encrypted).decode(),
            "iv": base64.b64encode(iv).decode(),
        }

    def encryption(self) -> Encryption:
        """How Twilio encrypts one recording with it."""
        cek, iv = os.urandom(32), os.urandom(12)

        def encrypt(chunks: Iterator[bytes]) -> Iterator[bytes]:
            encryptor = Cipher(AES(cek), GCM(iv)).encryptor()
            for chunk in chunks:
                yield encryptor.update(chunk)
            encryptor.finalize()
            yield encryptor.tag

        return Encryption(self.details(cek, iv), encrypt)


def key_pair(number: int = 1) -> KeyPair:
    """One of the company's key pairs, always the same; making one takes a moment."""
    return _made(number)


@cache
def _made(number: int) -> KeyPair:
    return KeyPair(number)


def key_settings(*numbers: int) -> dict[str, str]:
    """The environment of an installation that has the private halves of these."""
    pairs = [key_pair(number) for number in numbers]
    table = ";".join(f"{pair.sid}=env:PEM_{pair.sid}" for pair in pairs)
    pems = {f"PEM_{pair.sid}": pair.pem() for pair in pairs}
    return {"TWIREC_DECRYPTION_KEYS": table, **pems}


def with_a_flipped_bit(encryption: Encryption, at: int) -> Encryption:
    """Let one bit of the body be another; `at` as an index, -1 being the end of the tag."""

    def encrypt(chunks: Iterator[bytes]) -> Iterator[bytes]:
        body = bytearray(b"".join(encryption.encrypt(chunks)))
        body[at] ^= 1
        yield bytes(body)

    return Encryption(encryption.details, encrypt)
