"""A bucket and a vendor in memory that misbehave when told, and a vendor that watches deletions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar

from twirec.adapters.memory_bucket import MemoryBucket
from twirec.adapters.memory_vendor import MemoryVendor
from twirec.model.bucket import StoredObject
from twirec.model.errors import BucketUnavailable

T = TypeVar("T")

BucketMethod = Literal["put", "stat", "label", "delete"]


class FlakyBucket(MemoryBucket):
    """A bucket whose answers get lost, before or after it did what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self._lost: list[tuple[BucketMethod, bool]] = []

    def lose(self, method: BucketMethod, *, done: bool) -> None:
        """Lose the next answer to a method: the request itself was carried out, or was not."""
        self._lost.append((method, done))

    def behave(self) -> None:
        """Lose nothing any more."""
        self._lost.clear()

    def put(self, name: str, *chunks: Any, **options: Any) -> StoredObject:
        return self._do("put", lambda: super(FlakyBucket, self).put(name, *chunks, **options))

    def stat(self, name: str) -> StoredObject:
        return self._do("stat", lambda: super(FlakyBucket, self).stat(name))

    def label(self, *what: Any) -> StoredObject:
        return self._do("label", lambda: super(FlakyBucket, self).label(*what))

    def delete(self, name: str, generation: int) -> None:
        return self._do("delete", lambda: super(FlakyBucket, self).delete(name, generation))

    def _do(self, method: BucketMethod, do: Callable[[], T]) -> T:
        self._lose_if_told(method, done=False)
        answer = do()
        self._lose_if_told(method, done=True)
        return answer

    def _lose_if_told(self, method: BucketMethod, *, done: bool) -> None:
        if (method, done) in self._lost:
            self._lost.remove((method, done))
            raise BucketUnavailable(f"The bucket did not answer to {method}.")


class WatchedVendor(MemoryVendor):
    """A vendor that has each deletion looked at before it does it."""

    def __init__(self, watch: Callable[[str], None]) -> None:
        super().__init__()
        self._watch = watch

    def delete(self, account_sid: str, sid: str) -> None:
        if any(kept.sid == sid for kept in self.kept(account_sid)):
            self._watch(sid)
        super().delete(account_sid, sid)

    def kept(self, account_sid: str) -> list[Any]:
        """What it has, without a fault."""
        with self._lock:
            owned = [sid for owner, sid in self._recordings if owner == account_sid]
            return [found for sid in owned if (found := self._kept(account_sid, sid))]

    def lose(self, account_sid: str, sid: str) -> None:
        """Have a recording no more, which nobody of ours deleted."""
        with self._lock:
            self._recordings.pop((account_sid, sid), None)

    def behave(self) -> None:
        """Fail no more."""
        self.faults.clear()
