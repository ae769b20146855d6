"""A local folder as a bucket.

An object is a file under its own name; what is known of it is in a JSON file beside it, there
before the object is. Drafts and the lock are in `.twirec` at the top, on the same file system.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import stat
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from twirec.adapters.folder_draft import Draft, make_folder, sync_folder, write_whole
from twirec.adapters.folder_inspect import PRIVATE
from twirec.model.bucket import OtherGeneration, StoredObject
from twirec.model.crc32c import Crc32c
from twirec.model.errors import (
    BucketRefused,
    BucketUnavailable,
    BytesDiffer,
    ObjectExists,
    ObjectHeld,
    ObjectNotFound,
)
from twirec.model.ports import Finish

SUFFIX = ".labels.json"
"""What the name of the file with an object's labels ends with, after the object's own name."""

_CHUNK = 256 * 1024
_MOST_COMPARED = 10_000
"""Of so many files it is remembered that they were compared with their checksums."""
_FULL = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN = {
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.EEXIST,
    errno.EISDIR,
    errno.ENOTDIR,
    errno.ELOOP,
    errno.ENAMETOOLONG,
}


class FolderBucket:
    """A folder of this machine as a bucket. Safe to share by threads and processes.

    The checksum that is kept was computed from what the disk gave back when the object was
    written; the size is always that of the file.

    Args:
        root: the folder. It is made at the first write, for its owner only.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._private = root / PRIVATE
        self._compared: dict[Path, tuple[object, ...]] = {}

    def put(
        self,
        name: str,
        chunks: Iterable[bytes],
        *,
        content_type: str,
        labels: Mapping[str, str],
        custom_time: datetime,
        finish: Finish,
    ) -> StoredObject:
        """Write an object, only if none of that name is there. See the port `Bucket`.

        A crash leaves at most a draft, which is never listed and is removed by a later write.
        """
        path = self._path(name)
        self._refuse_if_there(name, path)
        with self._draft() as draft:
            for chunk in chunks:
                with _translated():
                    draft.write(chunk)
            labels = {**labels, **finish()}
            with _translated():
                size, checksum = draft.settle()
                about = {
                    "generation": time.time_ns(),
                    "size": size,
                    "crc32c": checksum,
                    "content_type": content_type,
                    "custom_time": custom_time.isoformat(),
                    "labels": labels,
                }
                self._publish(name, path, draft, about)
        return self.stat(name)

    def stat(self, name: str) -> StoredObject:
        """Describe the live object of that name. See the port `Bucket`."""
        path = self._path(name)
        with _translated():
            try:
                return self._describe(name, path)
            except ObjectNotFound:
                self._drop_labels_of_nothing(path)
                raise

    def label(self, name: str, generation: int, labels: Mapping[str, str]) -> StoredObject:
        """Add labels to a generation. See the port `Bucket`."""
        return self._change(name, generation, labels, None)

    def open_range(
        self,
        name: str,
        start: int = 0,
        end: int | None = None,
        *,
        generation: int | None = None,
    ) -> Iterator[bytes]:
        """Stream the bytes from `start` up to and without `end`. See the port `Bucket`.

        Before a first part of it is given, a file is read whole and compared with its checksum:
        once in each process, and again if it changed.
        """
        path, stored = self._path(name), self.stat(name)
        if generation not in (None, stored.generation):
            raise ObjectNotFound(f"Generation {generation} of {name} is not the live one.")
        size = stored.size or 0
        stop = size if end is None else min(end, size)
        if start < stop and stop - start < size:
            self._compare(path, stored)
        return _read(path, start, stop)

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Describe the live objects in order of their names. See the port `Bucket`."""
        for name, problem in _names(self._root, "", prefix, ()):
            if problem:
                yield StoredObject(name, 0, None, None, problem=problem)
                continue
            with suppress(ObjectNotFound):  # deleted since the folder was read
                yield self._listed(name)

    def others(self, prefix: str) -> Iterator[OtherGeneration]:
        """Describe nothing: there is one generation of each. See the port `Bucket`."""
        return iter(())

    def delete(self, name: str, generation: int) -> None:
        """Delete that generation for good. See the port `Bucket`."""
        path = self._path(name)
        with suppress(ObjectNotFound), _translated(), self._locked():
            if self._describe(name, path).generation == generation:
                if _read_about(path)[0]["held"]:
                    raise ObjectHeld(name)
                path.unlink()
                _about_path(path).unlink(missing_ok=True)
                sync_folder(path.parent)

    def hold(
        self, name: str, generation: int, held: bool, labels: Mapping[str, str]
    ) -> StoredObject:
        """Hold a generation, or let it go. See the port `Bucket`.

        It keeps this class from deleting it. Whoever may write to the folder can delete the file
        all the same: a folder has nobody who refuses, as Google does.
        """
        return self._change(name, generation, labels, held)

    def close(self) -> None:
        """Nothing is open. See the port `Bucket`."""

    def _change(
        self, name: str, generation: int, labels: Mapping[str, str], held: bool | None
    ) -> StoredObject:
        path = self._path(name)
        with _translated(), self._locked():
            if self._describe(name, path).generation != generation:
                raise ObjectNotFound(f"Generation {generation} of {name} is not the live one.")
            about, problem = _read_about(path)
            if problem:
                raise BucketRefused(f"{name}: {problem}; nothing was added to them.")
            about["labels"] = {**about["labels"], **labels}
            about["held"] = about["held"] if held is None else held
            self._write_about(path, about)
            return self._describe(name, path)

    def _compare(self, path: Path, stored: StoredObject) -> None:
        with _translated():
            status = path.stat()
            version = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
            if stored.crc32c is None or self._compared.get(path) == (*version, stored.crc32c):
                return  # of what has no checksum nothing can be said
            checksum = Crc32c()
            for chunk in _read(path, 0, status.st_size):
                checksum.update(chunk)
            if str(checksum) != stored.crc32c:
                raise BytesDiffer(stored.name, "its CRC32C is another one")
        if len(self._compared) >= _MOST_COMPARED:
            self._compared.clear()
        self._compared[path] = (*version, stored.crc32c)

    def _listed(self, name: str) -> StoredObject:
        path = self._root / name
        try:
            return self._describe(name, path)
        except ObjectNotFound:
            if not os.path.lexists(path):
                raise
            problem = "it is a link to nothing" if path.is_symlink() else "it is no file"
        except OSError as error:
            problem = f"it cannot be read ({_why(error)})"
        return StoredObject(name, 0, None, None, problem=problem)

    def _describe(self, name: str, path: Path) -> StoredObject:
        try:
            status = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            status = None
        if status is None or not stat.S_ISREG(status.st_mode):
            raise ObjectNotFound(f"There is no object {name}.")
        about, problem = _read_about(path)
        return StoredObject(
            name=name,
            generation=about["generation"] or status.st_mtime_ns,
            size=status.st_size,
            crc32c=about["crc32c"],
            labels=about["labels"],
            custom_time=about["custom_time"] and datetime.fromisoformat(about["custom_time"]),
            problem=problem,
            held=about["held"],
        )

    def _publish(self, name: str, path: Path, draft: Draft, about: Mapping[str, Any]) -> None:
        """Make the draft the object, in one step, when everything else is on the disk."""
        make_folder(path.parent)
        with self._locked():
            self._refuse_if_there(name, path)
            self._write_about(path, about)
            os.link(draft.path, path)
            sync_folder(path.parent)

    def _write_about(self, path: Path, about: Mapping[str, Any]) -> None:
        text = json.dumps(about, ensure_ascii=False, indent=1)
        draft = self._private / "labels"  # one at a time: the lock is held
        write_whole(draft, text.encode())
        draft.replace(_about_path(path))
        sync_folder(path.parent)

    def _drop_labels_of_nothing(self, path: Path) -> None:
        """Remove what a crash left without its object: it names the customer."""
        about = _about_path(path)
        if about.exists():
            with self._locked():
                if not path.exists():  # and is not being published just now
                    about.unlink(missing_ok=True)

    @contextmanager
    def _draft(self) -> Iterator[Draft]:
        with _translated():
            make_folder(self._private)
            with self._locked():
                draft = Draft(self._private)
        try:
            yield draft
        finally:
            draft.discard()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other threads and processes from changing names and labels meanwhile."""
        lock = os.open(self._private / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _refuse_if_there(self, name: str, path: Path) -> None:
        if os.path.lexists(path):
            raise ObjectExists(f"{name} is there already; nothing was written.")

    def _path(self, name: str) -> Path:
        parts = PurePosixPath(name).parts
        unsafe = not parts or name != "/".join(parts) or ".." in parts or "\0" in name
        if unsafe or parts[0] == PRIVATE or name.endswith(SUFFIX):
            raise BucketRefused(f"{name!r} cannot be the name of an object in a folder.")
        return self._root / name


def _about_path(path: Path) -> Path:
    return path.with_name(path.name + SUFFIX)


def _read_about(path: Path) -> tuple[dict[str, Any], str]:
    """Read what is known of an object, and what is wrong with that; empty for nothing.

    Nothing is known of a file that somebody else put there, or whose labels are damaged.
    """
    try:
        with _about_path(path).open("rb") as file:
            return _parsed(file.read(_LONGEST_ABOUT)), ""
    except FileNotFoundError:
        return dict(_UNKNOWN), ""
    except OSError as error:
        return dict(_UNKNOWN), f"its labels cannot be read ({_why(error)})"
    except (TypeError, ValueError, RecursionError):
        return dict(_UNKNOWN), "its labels are damaged"


_UNKNOWN: Mapping[str, Any] = {
    **dict.fromkeys(("generation", "crc32c", "custom_time")),
    "labels": {},
    "held": False,
}
_LONGEST_ABOUT = 1024 * 1024


def _parsed(text: bytes) -> dict[str, Any]:
    """Return what a file of labels says.

    Raises:
        TypeError: ValueError: it is not what is written into one.
    """
    fields = {**_UNKNOWN, **json.loads(text)}
    generation, labels, at = fields["generation"], fields["labels"], fields["custom_time"]
    if generation is not None and not (type(generation) is int and 0 < generation < 2**63):
        raise ValueError("generation")
    if not isinstance(labels, dict) or not isinstance(fields["held"], bool):
        raise TypeError("labels")
    for value in (*labels, *labels.values(), fields["crc32c"] or ""):
        if not isinstance(value, str):
            raise TypeError("no text")
        value.encode()
    if at is not None and datetime.fromisoformat(at).utcoffset() is None:
        raise ValueError("custom_time")
    return fields


def _read(path: Path, start: int, stop: int) -> Iterator[bytes]:
    with _translated(), path.open("rb") as file:
        file.seek(start)
        while start < stop and (chunk := file.read(min(_CHUNK, stop - start))):
            start += len(chunk)
            yield chunk


def _names(
    folder: Path, above: str, prefix: str, parents: tuple[tuple[int, int], ...]
) -> Iterator[tuple[str, str]]:
    """Yield the names of objects below `folder`, in the order of whole names.

    With each comes why it, a folder then, cannot be looked into; empty for objects.

    Args:
        folder: where to look.
        above: what the names of all there begin with.
        prefix: what the names that are wanted begin with.
        parents: the folders that it is in, so that links do not lead round and round.
    """
    try:
        status = folder.stat()
        if (status.st_dev, status.st_ino) in parents:
            yield above, "it is a link to a folder that it is in"
            return
        names = sorted(entry.name + "/" * _is_folder(entry) for entry in _entries(folder))
    except FileNotFoundError:
        return
    except OSError as error:
        if not above:
            with _translated():
                raise
        yield above, f"it cannot be looked into ({_why(error)})"
        return
    for name in names:
        whole = above + name
        if not name.endswith("/"):
            if whole.startswith(prefix) and not whole.endswith(SUFFIX):
                yield whole, ""
        elif whole != f"{PRIVATE}/" and (whole.startswith(prefix) or prefix.startswith(whole)):
            known = (*parents, (status.st_dev, status.st_ino))
            yield from _names(folder / name, whole, prefix, known)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return list(entries)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # such as a link to itself, which is then listed as what it is
        return False


def _why(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else type(error).__name__


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise ObjectNotFound("The object is gone.") from error
    except OSError as error:
        why = _why(error)
        if error.errno in _FULL:
            raise BucketRefused(f"The disk of the bucket's folder is full ({why}).") from error
        if error.errno in _FORBIDDEN:
            raise BucketRefused(f"The bucket's folder cannot be used ({why}).") from error
        raise BucketUnavailable(f"The bucket's folder does not answer ({why}).") from error
