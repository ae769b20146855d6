"""A bucket in memory, for tests."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from twirec.model.bucket import OtherGeneration, StoredObject
from twirec.model.crc32c import Crc32c
from twirec.model.errors import BytesDiffer, ObjectExists, ObjectHeld, ObjectNotFound
from twirec.model.ports import Finish

_CHUNK = 256 * 1024


class MemoryBucket:
    """Keeps objects in memory, by the contract of the port `Bucket`. Safe to share by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._objects: dict[str, tuple[StoredObject, bytes]] = {}
        self._generations = itertools.count(1)

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
        """Write an object, only if none of that name is there. See the port `Bucket`."""
        self._refuse_if_there(name)
        data = b"".join(chunks)
        labels = {**labels, **finish()}
        with self._lock:
            self._refuse_if_there(name)
            stored = StoredObject(
                name, next(self._generations), len(data), str(Crc32c(data)), labels, custom_time
            )
            self._objects[name] = (stored, data)
        return stored

    def stat(self, name: str) -> StoredObject:
        """Describe the live object of that name. See the port `Bucket`."""
        return self._find(name)[0]

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
        """Stream the bytes from `start` up to and without `end`. See the port `Bucket`."""
        stored, held = self._find(name)
        if generation not in (None, stored.generation):
            raise ObjectNotFound(f"Generation {generation} of {name} is not the live one.")
        data = memoryview(held)[start:end]
        if len(data) < len(held) and str(Crc32c(held)) != stored.crc32c:
            raise BytesDiffer(name, "its CRC32C is another one")
        return (bytes(data[at : at + _CHUNK]) for at in range(0, len(data), _CHUNK))

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Describe the live objects in order of their names. See the port `Bucket`."""
        with self._lock:
            names = sorted(name for name in self._objects if name.startswith(prefix))
            return iter([self._objects[name][0] for name in names])

    def others(self, prefix: str) -> Iterator[OtherGeneration]:
        """Describe nothing: there is one generation of each. See the port `Bucket`."""
        return iter(())

    def delete(self, name: str, generation: int) -> None:
        """Delete that generation for good. See the port `Bucket`."""
        with self._lock:
            if name in self._objects and self._objects[name][0].generation == generation:
                if self._objects[name][0].held:
                    raise ObjectHeld(name)
                del self._objects[name]

    def hold(
        self, name: str, generation: int, held: bool, labels: Mapping[str, str]
    ) -> StoredObject:
        """Hold a generation, or let it go. See the port `Bucket`."""
        return self._change(name, generation, labels, held)

    def close(self) -> None:
        """Nothing is open. See the port `Bucket`."""

    def _change(
        self, name: str, generation: int, labels: Mapping[str, str], held: bool | None
    ) -> StoredObject:
        with self._lock:
            stored, data = self._find(name)
            if stored.generation != generation:
                raise ObjectNotFound(f"Generation {generation} of {name} is not the live one.")
            held = stored.held if held is None else held
            stored = replace(stored, labels={**stored.labels, **labels}, held=held)
            self._objects[name] = (stored, data)
            return stored

    def _find(self, name: str) -> tuple[StoredObject, bytes]:
        try:
            return self._objects[name]
        except KeyError:
            raise ObjectNotFound(f"There is no object {name}.") from None

    def _refuse_if_there(self, name: str) -> None:
        if name in self._objects:
            raise ObjectExists(f"{name} is there already; nothing was written.")
