"""The disk that a path is on."""

from __future__ import annotations

import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

MOUNTS = Path("/proc/self/mounts")

NETWORK = ("nfs", "cifs", "smb", "9p", "afs", "ceph", "glusterfs", "fuse.sshfs", "fuse.gcsfuse")
"""What the names of file systems on other machines begin with."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """Who may do what with a file.

    Attributes:
        mode: its permissions, such as `0o600`.
        owner: the id of the user whom it belongs to.
    """

    mode: int
    owner: int


def file_facts(path: Path) -> FileFacts | None:
    """Return who may do what with a file, links followed; None if there is none, or none to see."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return (
        FileFacts(status.st_mode & 0o777, status.st_uid) if stat.S_ISREG(status.st_mode) else None
    )


def existing(path: Path) -> Path:
    """Return the path, or the nearest folder above it that is there."""
    path = path.absolute()
    return next(place for place in (path, *path.parents) if place.exists())


def free_bytes(path: Path) -> int:
    """Return the room that is left for us on the disk of a path, in bytes."""
    return shutil.disk_usage(existing(path)).free


def network_filesystem(path: Path, mounts: Path = MOUNTS) -> str | None:
    """Return the file system of a path if it is one on another machine.

    None on a local disk, and where it cannot be told: only Linux says it
    (https://man7.org/linux/man-pages/man5/fstab.5.html has the fields).
    """
    if not mounts.exists():
        return None
    place = existing(path).resolve()
    rows = [line.split(" ") for line in mounts.read_text("utf-8", "replace").splitlines()]
    above = [
        (row[1].replace("\\040", " "), row[2])
        for row in rows
        if place.is_relative_to(row[1].replace("\\040", " "))
    ]
    # Of two mounts at one place the later one is seen.
    kind = max(enumerate(above), key=lambda one: (len(one[1][0]), one[0]), default=None)
    return kind[1][1] if kind and kind[1][1].startswith(NETWORK) else None
