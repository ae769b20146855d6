"""Whether a folder can serve as a bucket. Leaves nothing behind."""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from twirec.adapters.disk import existing, free_bytes
from twirec.model.bucket_mark import LONGEST, NAME
from twirec.model.inspection import FolderFacts

PRIVATE = ".twirec"
"""The folder of what is nobody's object, in that of a bucket."""

FSTAB = Path("/etc/fstab")
"""What is mounted when the machine starts."""

MOST_LOOKED_AT = 50
"""Folders below that are looked at."""


def inspect_folder(root: Path) -> FolderFacts:
    """Look at a bucket's folder; what is written there to try it is removed at once."""
    mode = root.stat().st_mode & 0o777 if root.exists() else None
    return FolderFacts(mode, _problem(root), free_bytes(root))


def _problem(root: Path) -> str:
    """Return why no object can be written; empty if one can."""
    try:
        if root.exists():
            _try_a_link(root)
        elif not os.access(existing(root), os.W_OK | os.X_OK):
            return "it is not there and cannot be made"
    except OSError as error:
        return os.strerror(error.errno) if error.errno else type(error).__name__
    return ""


def _try_a_link(root: Path) -> None:
    """Write a file where drafts are, and link it, as a transfer does: not every disk can."""
    private = root / PRIVATE
    home = private if private.is_dir() else root
    with tempfile.TemporaryDirectory(prefix="doctor-", dir=home) as folder:
        draft = Path(folder) / "draft"
        draft.write_bytes(b"twirec doctor")
        os.link(draft, Path(folder) / "object")
        _refuse_other_disk(home, root / "recordings")


def _refuse_other_disk(home: Path, recordings: Path) -> None:
    if recordings.exists() and recordings.stat().st_dev != home.stat().st_dev:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))


def marks_around(root: Path) -> dict[str, bytes]:
    """Return the marks of a folder, of those above it and of those right below it, by folder."""
    below = sorted(root.iterdir())[:MOST_LOOKED_AT] if root.is_dir() else []
    marks = {}
    for folder in (root, *root.parents, *below):
        with suppress(OSError), (folder / NAME).open("rb") as file:
            marks[str(folder)] = file.read(LONGEST)
    return marks


def unmounted_above(root: Path, table: Path = FSTAB) -> Path | None:
    """Return the mount point of a folder that is to be mounted, by /etc/fstab, and is not.

    Source: https://man7.org/linux/man-pages/man5/fstab.5.html
    """
    if not table.is_file():
        return None
    rows = [line.split() for line in table.read_text("utf-8", "replace").splitlines()]
    points = [
        Path(row[1].replace("\\040", " ")) for row in rows if len(row) > 2 and row[0][0] != "#"
    ]
    above = (point for point in points if point.is_absolute() and root.is_relative_to(point))
    return next((point for point in above if not os.path.ismount(point)), None)
