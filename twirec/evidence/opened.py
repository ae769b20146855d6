"""A package that was opened: its files, and what was found of its seal."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO

from twirec.model.claims import CheckLevel, EvidenceClaim

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


class TooLarge(ValueError):
    """A file is larger than what is read of one.

    Attributes:
        name: of the file.
        most: bytes.
    """

    def __init__(self, name: str, most: int) -> None:
        super().__init__(f"{name} has more than {most:,} bytes.")
        self.name = name
        self.most = most

    def claim(self) -> EvidenceClaim:
        """Return what is to be said of it."""
        about = {"file": self.name, "size": f"{self.most / 1e6:g}"}
        return EvidenceClaim(self.name, CheckLevel.BROKEN, "too_large", about)


class Files:
    """The files of a package, by their names. A large one is read once to know its hash.

    Args:
        openers: what opens each.
    """

    def __init__(self, openers: Mapping[str, Callable[[], IO[bytes]]]) -> None:
        self._openers = openers
        self._digests: dict[str, tuple[str, int]] = {}

    def __contains__(self, name: str) -> bool:
        """Whether there is a file of that name."""
        return name in self._openers

    def open(self, name: str) -> IO[bytes]:
        """Open a file."""
        return self._openers[name]()

    def read(self, name: str, most: int) -> bytes:
        """Return the bytes of a file that is read at once. Raises `TooLarge`."""
        with self.open(name) as file:
            data = file.read(most + 1)
        if len(data) > most:
            raise TooLarge(name, most)
        return data

    def sha256(self, name: str) -> tuple[str, int]:
        """Return a file's SHA-256 in hex, and its size; nothing of one that cannot be read."""
        if name not in self._digests:
            self._digests[name] = _sha256(self._openers[name])
        return self._digests[name]


@dataclass(frozen=True, slots=True)
class Opened:
    """A package.

    Attributes:
        claims: what was found of the package itself, and of its seal.
        files: of it.
    """

    claims: tuple[EvidenceClaim, ...]
    files: Files


def chunks(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the bytes of a file."""
    while chunk := file.read(CHUNK):
        yield chunk


def _sha256(open_file: Callable[[], IO[bytes]]) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    try:
        with open_file() as file:
            for chunk in chunks(file):
                digest.update(chunk)
                size += len(chunk)
    except UNREADABLE:
        return "", 0
    return digest.hexdigest(), size
