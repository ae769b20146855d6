"""A package that was opened: its files, and what was found of its seal."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO

from twirec.model.evidence import EvidenceClaim

CHUNK = 1 << 20

UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    ValueError,
    NotImplementedError,
    RuntimeError,
)
"""What is raised of a file that is damaged, encrypted, or packed in a way that nobody knows."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A package.

    Attributes:
        claims: what was found of the package itself, and of its seal.
        files: what opens each file of it, by its name.
    """

    claims: tuple[EvidenceClaim, ...]
    files: Mapping[str, Callable[[], IO[bytes]]]


def chunks(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the bytes of a file."""
    while chunk := file.read(CHUNK):
        yield chunk


def sha256(open_file: Callable[[], IO[bytes]]) -> tuple[str, int]:
    """Return the SHA-256 of a file in hex, and its size; nothing of one that cannot be read."""
    digest, size = hashlib.sha256(), 0
    try:
        with open_file() as file:
            for chunk in chunks(file):
                digest.update(chunk)
                size += len(chunk)
    except UNREADABLE:
        return "", 0
    return digest.hexdigest(), size
