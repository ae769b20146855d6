"""Opening a recording at the vendor: as it is, or decrypted where Twilio encrypted it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from twirec.model.encryption import Encryption
from twirec.model.errors import DecryptionKeyMissing, EncryptionUnknown
from twirec.model.ports import Decrypt, PrivateKey, Vendor
from twirec.model.records import Recording
from twirec.model.vendor import Media

Keys = Mapping[str, PrivateKey]
"""The private keys, by the SID that Twilio gave to the public half, `CR…`."""


@contextmanager
def open_media(vendor: Vendor, keys: Keys, recording: Recording) -> Iterator[Media]:
    """Open a recording's media as plain audio. Leaving the context closes the connection.

    That nothing is missing or changed of what was encrypted is proven only when the chunks end
    without an error.

    Raises:
        DecryptionError: it cannot be decrypted. Nothing was asked of the vendor.
    """
    if recording.encryption is None:
        with vendor.media(recording.account_sid, recording.sid) as media:
            yield media
        return
    decrypt = _key_for(recording.encryption, keys)
    with vendor.media(recording.account_sid, recording.sid, encrypted=True) as media:
        # What the response announced is the length of the ciphertext, which the vendor's adapter
        # checks; that nothing of it is missing is proven by its tag.
        yield replace(media, content_length=None, chunks=decrypt(media.chunks))


def _key_for(encryption: Encryption, keys: Keys) -> Decrypt:
    if not encryption.known:
        raise EncryptionUnknown(f"Twilio encrypted it in a way that is not known: {encryption}.")
    sid = encryption.public_key_sid
    if sid not in keys:
        raise DecryptionKeyMissing(
            f"Twilio encrypted it with {sid}: add its private key to TWIREC_DECRYPTION_KEYS."
        )
    return keys[sid].opens(encryption)
