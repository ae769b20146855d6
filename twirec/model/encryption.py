"""How Twilio encrypted a recording.

Source: https://www.twilio.com/docs/voice/tutorials/voice-recording-encryption
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

RSA_AES = "rsa-aes"
"""The only way that Twilio has, and the one that is meant where it names none."""

SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "type": ("type", "encryption_type"),
    "public_key_sid": ("public_key_sid", "encryption_public_key_sid"),
    "encrypted_cek": ("encrypted_cek", "encryption_cek"),
    "iv": ("iv", "encryption_iv"),
}
"""Callbacks have the first spelling. https://www.twilio.com/docs/voice/api/recording has the
second, and an example that mixes both and leaves the type out."""


@dataclass(frozen=True, slots=True)
class Encryption:
    """What is needed, beside the private key, to decrypt one recording.

    Attributes:
        type: `rsa-aes`, or a word that Twilio did not have when this was written.
        public_key_sid: the key that Twilio encrypted with, `CR…`.
        encrypted_cek: the recording's own key, encrypted with that one, in base64.
        iv: the initialisation vector, in base64.
    """

    type: str
    public_key_sid: str
    encrypted_cek: str = field(repr=False)
    iv: str = field(repr=False)

    @property
    def known(self) -> bool:
        """Whether all is there and of the type that the library knows."""
        complete = all((self.public_key_sid, self.encrypted_cek, self.iv))
        return self.type == RSA_AES and complete


def read_encryption(given: object) -> Encryption | None:
    """Read Twilio's encryption details, in any spelling.

    Details that make no sense are not None but an `Encryption` that is not `known`: the recording
    is encrypted, and must neither stop the news of it nor be taken for one that is not.

    Args:
        given: the JSON of a callback's `EncryptionDetails`, or the object that the REST API gives.

    Returns:
        None when the recording is not encrypted.
    """
    details = _decoded(given) if isinstance(given, str) else given
    if not details:
        return None
    if not isinstance(details, Mapping):
        return Encryption("", "", "", "")
    texts = {name: _text(details, spellings) for name, spellings in SPELLINGS.items()}
    return Encryption(**{**texts, "type": texts["type"] or RSA_AES})


def _decoded(text: str) -> object:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text


def _text(details: Mapping[str, object], spellings: tuple[str, ...]) -> str:
    values = (details.get(spelling) for spelling in spellings)
    return next((value for value in values if isinstance(value, str) and value), "")
