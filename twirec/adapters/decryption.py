"""Twilio's Voice Recording Encryption, on the library `cryptography`.

Source: https://www.twilio.com/docs/voice/tutorials/voice-recording-encryption. The recording's own
key is encrypted with RSA-OAEP (RFC 8017), its media with AES-256-GCM (NIST SP 800-38D), with the
tag as the last 16 bytes of the body. Twilio's example in Python leaves the tag unchecked.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import GCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from twirec.model.encryption import Encryption
from twirec.model.errors import (
    DecryptionKeyWrong,
    EncryptionUnknown,
    MediaNotAuthentic,
    SettingsError,
)
from twirec.model.ports import Decrypt

TAG = 16
"""Bytes of the tag, after the encrypted audio."""
CEK = 32
"""Bytes of a recording's own key: AES-256."""
SHORTEST_KEY = 2048
"""Bits of the RSA keys that Twilio takes at least."""

_OAEP = OAEP(MGF1(SHA256()), SHA256(), label=None)


class RsaKey:
    """An RSA private key. Nothing of it shows in its `repr`. Safe to use from many threads.

    Args:
        pem: PKCS#1 or PKCS#8 in PEM, without a passphrase.

    Raises:
        ValueError: it is not that, or too short. The message holds nothing of the key.
    """

    def __init__(self, pem: bytes) -> None:
        self._key = _loaded(pem)

    def opens(self, encryption: Encryption) -> Decrypt:
        """Return what decrypts the media of one recording. See the port `PrivateKey`."""
        try:
            encrypted_cek = b64decode(encryption.encrypted_cek, validate=True)
            mode = GCM(b64decode(encryption.iv, validate=True))
        except ValueError as error:
            raise EncryptionUnknown("Twilio's encryption details cannot be read.") from error
        return partial(_plain, AES256(self._cek(encrypted_cek, encryption.public_key_sid)), mode)

    def _cek(self, encrypted: bytes, sid: str) -> bytes:
        try:
            cek = self._key.decrypt(encrypted, _OAEP)
        except ValueError as error:
            message = f"The key that TWIREC_DECRYPTION_KEYS names for {sid} is not the right one."
            raise DecryptionKeyWrong(message) from error
        if len(cek) != CEK:
            raise EncryptionUnknown(f"The recording's own key has {len(cek)} bytes, not {CEK}.")
        return cek


def read_keys(table: str, environ: Mapping[str, str]) -> dict[str, RsaKey]:
    """Return the keys that a setting names, by the SID of the public half.

    Args:
        table: `CR…=/path/to/key.pem;CR…=env:NAME`.
        environ: where the keys are that it names as `env:NAME`.

    Raises:
        SettingsError: it names every key that is not usable. Nothing of a value is in it: it could
            be the key itself.
    """
    keys: dict[str, RsaKey] = {}
    problems = []
    for entry in filter(None, (part.strip() for part in table.split(";"))):
        sid, _, place = (part.strip() for part in entry.partition("="))
        if not re.fullmatch("CR[0-9a-fA-F]{32}", sid):
            problems.append("write it as CR…=/path/to/key.pem;CR…=env:NAME.")
            continue
        try:
            keys[sid] = RsaKey(_pem(place, environ))
        except ValueError as error:
            problems.append(f"{sid}: {error}")
    if problems:
        raise SettingsError(problems)
    return keys


def key_files(environ: Mapping[str, str]) -> list[Path]:
    """Return the files that `TWIREC_DECRYPTION_KEYS` names, whether or not they are there."""
    entries = environ.get("TWIREC_DECRYPTION_KEYS", "").split(";")
    places = (entry.partition("=")[2].strip() for entry in entries)
    return [Path(place) for place in places if place and not place.startswith("env:")]


def _pem(place: str, environ: Mapping[str, str]) -> bytes:
    kind, _, name = place.partition(":")
    if kind == "env":
        if name not in environ:
            raise ValueError("that variable is not set.")
        # Files of environments have one line for each variable, so newlines come as two letters.
        return environ[name].replace("\\n", "\n").encode()
    try:
        return Path(place).read_bytes()
    except OSError as error:
        raise ValueError(f"the file cannot be read ({type(error).__name__}).") from error


def _loaded(pem: bytes) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError as error:
        raise ValueError("the key has a passphrase; give it without one.") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError("it is not a private key in PEM.") from error
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("it is not an RSA key.")
    if key.key_size < SHORTEST_KEY:
        raise ValueError(f"it has {key.key_size} bits, at least {SHORTEST_KEY} are needed.")
    return key


def _plain(cipher: AES256, mode: GCM, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Decrypt all but the last 16 bytes, which are the tag, and check that at the end."""
    decryptor = Cipher(cipher, mode).decryptor()
    held = b""
    for chunk in chunks:
        held += chunk
        yield decryptor.update(held[:-TAG])
        held = held[-TAG:]
    try:
        decryptor.finalize_with_tag(held)
    except (InvalidTag, ValueError) as error:  # ValueError: it is shorter than a tag
        raise MediaNotAuthentic("It is not, or not all of, what Twilio encrypted.") from error
