"""CRC32C in the form in which Google Cloud Storage writes it."""

from __future__ import annotations

import base64

import google_crc32c


class Crc32c:
    """A running CRC32C (https://cloud.google.com/storage/docs/data-validation)."""

    def __init__(self, *chunks: bytes) -> None:
        self._value = 0
        self.update(*chunks)

    def update(self, *chunks: bytes) -> None:
        """Take in more bytes."""
        for chunk in chunks:
            self._value = int(google_crc32c.extend(self._value, chunk))

    def __str__(self) -> str:
        return base64.b64encode(self._value.to_bytes(4, "big")).decode()
