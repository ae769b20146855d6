"""A zip archive made as it is read: no file of it is ever in memory, or on a disk, as a whole."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Generator, Iterable
from datetime import datetime

SUMS = "SHA256SUMS"
"""The list of all files, as `sha256sum -c` reads it."""


class _Outlet(io.RawIOBase):
    """What was written since it was last taken."""

    def __init__(self) -> None:
        super().__init__()
        self._written: list[bytes] = []

    def writable(self) -> bool:
        """Whether it can be written to."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Keep some bytes until they are taken."""
        self._written.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        """Return what was written since it was last taken."""
        taken = b"".join(self._written)
        self._written.clear()
        return taken


class Zip:
    """A zip archive on its way out, with the SHA-256 of each file in its last one.

    Args:
        at: when its files are from, in the time of whoever reads it.
    """

    def __init__(self, at: datetime) -> None:
        self._at = at
        self._outlet = _Outlet()
        # what is not seekable gets the sizes behind each file: https://docs.python.org/3/library/zipfile.html
        self._zip = zipfile.ZipFile(self._outlet, "w", zipfile.ZIP_STORED)
        self._sums: dict[str, str] = {}

    def add(
        self, name: str, chunks: Iterable[bytes], *, packs: bool = False
    ) -> Generator[bytes, None, str]:
        """Yield what comes of a file, and return its SHA-256 in hex.

        Args:
            name: of the file.
            chunks: its bytes.
            packs: whether it gets smaller by being packed, as texts do.
        """
        info = zipfile.ZipInfo(name, self._at.timetuple()[:6])
        info.compress_type = zipfile.ZIP_DEFLATED if packs else zipfile.ZIP_STORED
        info.external_attr = 0o600 << 16
        sha256 = hashlib.sha256()
        with self._zip.open(info, "w", force_zip64=True) as file:
            for chunk in chunks:
                sha256.update(chunk)
                file.write(chunk)
                if taken := self._outlet.take():
                    yield taken
        yield self._outlet.take()
        self._sums[name] = sha256.hexdigest()
        return self._sums[name]

    def end(self) -> Generator[bytes, None, None]:
        """Yield the list of what is in it, and its end."""
        lines = "".join(f"{sha256}  {name}\n" for name, sha256 in self._sums.items())
        yield from self.add(SUMS, [lines.encode()], packs=True)
        self._zip.close()
        yield self._outlet.take()
