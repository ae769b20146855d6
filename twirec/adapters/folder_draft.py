"""Files that are safe on the disk before anybody sees them."""

from __future__ import annotations

import fcntl
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from twirec.model.crc32c import Crc32c
from twirec.model.errors import VerificationFailed

_BLOCK = 1024 * 1024


class Draft:
    """A file that becomes an object or vanishes.

    Its maker holds a lock on it, so that drafts of a process that died can be told from those
    that are being written, and are removed when the next draft is made.

    Args:
        folder: where drafts are. The caller keeps others from making one there meanwhile.
    """

    def __init__(self, folder: Path) -> None:
        _remove_abandoned(folder)
        self._handle, name = tempfile.mkstemp(prefix="draft-", dir=folder)
        self.path = Path(name)
        fcntl.flock(self._handle, fcntl.LOCK_EX)
        self._written = Crc32c()

    def write(self, chunk: bytes) -> None:
        """Append a chunk."""
        self._written.update(chunk)
        rest = memoryview(chunk)
        while rest:
            rest = rest[os.write(self._handle, rest) :]

    def settle(self) -> tuple[int, str]:
        """Force the bytes to the disk, read them back, and return their number and CRC32C.

        Raises:
            VerificationFailed: the disk does not give back what was written.
        """
        os.fsync(self._handle)
        if hasattr(os, "posix_fadvise"):
            # Without this the page cache would answer, whatever the disk holds.
            os.posix_fadvise(self._handle, 0, 0, os.POSIX_FADV_DONTNEED)
        size, crc32c = 0, Crc32c()
        while block := os.pread(self._handle, _BLOCK, size):
            size += len(block)
            crc32c.update(block)
        if str(crc32c) != str(self._written):
            raise VerificationFailed("The disk does not give back what was written to it.")
        return size, str(crc32c)

    def discard(self) -> None:
        """Remove the draft. An object that was made of it stays."""
        os.close(self._handle)
        with suppress(OSError):  # the next draft removes it
            self.path.unlink()


def _remove_abandoned(folder: Path) -> None:
    for path in folder.glob("draft-*"):
        with suppress(OSError), path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()


def make_folder(path: Path) -> None:
    """Make a folder and those above it, for their owner only and safe on the disk."""
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
        sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Force a folder's list of names to the disk."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file from its beginning and force it to the disk."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(handle)
