"""What can be made to go wrong."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

Kind = Literal[
    "multipart",
    "begin",
    "chunk",
    "final",
    "status",
    "cancel",
    "stat",
    "media",
    "patch",
    "list",
    "delete",
    "bucket",
    "permissions",
]
"""Kinds of requests: a whole upload; of resumable uploads their begin, a chunk, the last chunk, the
question how far it is, the cancellation; an object's metadata, its bytes, a change of metadata; a
listing; a deletion; anything about a bucket; the question what one may do there."""


@dataclass(frozen=True)
class Fault:
    """What goes wrong with requests of a kind: after `skip` good ones, with the next `times`.

    Attributes:
        status: answered instead of doing anything.
        retry_after: seconds, sent with `status`.
        drop: cut the connection before anything is done, or after it was done.
        keep: bytes of a chunk that are kept; the rest is dropped, as the protocol allows.
        delay: seconds to wait first.
        media: what comes instead of the bytes that were asked for, as if all were well: a page,
            half of them, the whole object whatever the range, or none.
        answer: fields that the answer has instead of the true ones; None leaves a field out.
    """

    on: Kind
    times: int = 1
    skip: int = 0
    status: int | None = None
    retry_after: int | None = None
    drop: Literal["before", "after"] | None = None
    keep: int | None = None
    delay: float = 0
    answer: Mapping[str, object] = field(default_factory=dict)
    media: Literal["page", "short", "whole", "empty"] | None = None


class Faults:
    """The faults of a server, counted down. Safe to share by threads.

    Attributes:
        happened: how many requests of each kind met one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.happened: Counter[Kind] = Counter()
        self._ahead: list[Fault] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._ahead.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._ahead.clear()

    def next(self, kind: Kind) -> Fault:
        """Return the fault that this request meets; one without effect if there is none."""
        with self._lock:
            for at, fault in enumerate(self._ahead):
                if fault.on != kind or not fault.times:
                    continue
                if not fault.skip:
                    self.happened[kind] += 1
                    self._ahead[at] = replace(fault, times=fault.times - 1)
                    return fault
                self._ahead[at] = replace(fault, skip=fault.skip - 1)
        return Fault(on=kind)
