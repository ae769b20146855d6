"""The audit log's anchors in the bucket: objects of their own, each written only if absent."""

from __future__ import annotations

import base64
import logging
import re
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

from twirec.journal.page import JOURNAL
from twirec.model.anchors import LONGEST, Anchor, KnownAnchor, head_of, read_anchor
from twirec.model.audit import FIRST, AuditHead
from twirec.model.bucket import StoredObject
from twirec.model.crc32c import Crc32c
from twirec.model.errors import (
    AuditBroken,
    BucketError,
    BytesDiffer,
    ObjectExists,
    ObjectNotFound,
    VerificationFailed,
)
from twirec.model.merkle import MerkleTree
from twirec.model.ports import Bucket

log = logging.getLogger("twirec.journal.anchors")

ANCHORS = f"{JOURNAL}anchors/"
"""What the names of anchors begin with, and of their time stamps."""

LARGEST_STAMP = 1_000_000
"""Bytes of a time stamp that are read; one with its certificates has some thousand."""

_NAME = re.compile(rf"{ANCHORS}([0-9a-z]{{1,64}})/(\d{{8}})\.(json|tst)", re.ASCII)


def is_anchor(name: str) -> bool:
    """Whether an object's name is one of an anchor, or of its time stamp."""
    return _NAME.fullmatch(name) is not None


class AnchorStore:
    """The anchors of one installation. Safe to share by threads.

    Args:
        bucket: where they are.
        installation: gives the identity of the catalog whose they are.
    """

    def __init__(self, bucket: Callable[[], Bucket], installation: Callable[[], str]) -> None:
        self._bucket = bucket
        self._installation = installation
        self._read: dict[tuple[int, int], Anchor | str] = {}
        self._turn = threading.Lock()

    def listed(self) -> Listed:
        """Return what the bucket has.

        Raises:
            BucketError: it cannot be listed or read, or is not this catalog's.
        """
        own: dict[int, StoredObject] = {}
        stamps: dict[int, StoredObject] = {}
        others: dict[str, int] = {}
        installation = self._installation()
        for stored in self._bucket().list(ANCHORS):
            name = _NAME.fullmatch(stored.name)
            if name is None or stored.problem:
                continue
            of, number, kind = name[1], int(name[2]), name[3]
            if of != installation:
                others[of] = others.get(of, 0) + (kind == "json")
            elif kind == "json":
                own[number] = stored
            else:
                stamps[number] = stored
        return Listed(self, own, stamps, others)

    def read(self, number: int, stored: StoredObject) -> Anchor | str:
        """Return an anchor, or why it is none. What was read once is not read again.

        Raises:
            BucketError: it cannot be read now.
        """
        key = (number, stored.generation)
        with self._turn:
            if key not in self._read:
                self._read[key] = self._read_new(number, stored)
            return self._read[key]

    def _read_new(self, number: int, stored: StoredObject) -> Anchor | str:
        try:
            chunks = self._bucket().open_range(stored.name, 0, LONGEST + 1)
            anchor = read_anchor(b"".join(chunks))
        except ObjectNotFound:
            return "it is not there any more"
        except (ValueError, BytesDiffer):
            return "it cannot be read as one"
        if (anchor.anchor, anchor.installation) != (number, self._installation()):
            return "it is another one's"
        return anchor

    def put(self, anchor: Anchor, tree: MerkleTree) -> None:
        """Write an anchor, only if none of its number is there, and let the bucket hold it.

        Args:
            anchor: it.
            tree: over the entries, whose peaks are kept beside it: the next one goes on from them.

        Raises:
            ObjectExists: there is one of that number.
            BucketError: it could not be written.
        """
        peaks = base64.b64encode(b"".join(tree.peaks)).decode()
        self._put(anchor, "json", anchor.content, "application/json", {"peaks": peaks}, anchor.at)

    def put_stamp(self, anchor: Anchor, token: bytes, at: datetime) -> None:
        """Write an anchor's time stamp beside it, only if it has none.

        Args:
            anchor: it.
            token: the time stamp, DER.
            at: what it says, UTC.

        Raises:
            BucketError: it could not be written.
        """
        with suppress(ObjectExists):  # another worker was first
            self._put(anchor, "tst", token, "application/timestamp-reply", {}, at)

    def _put(
        self,
        anchor: Anchor,
        kind: str,
        data: bytes,
        content_type: str,
        labels: dict[str, str],
        at: datetime,
    ) -> None:
        name = f"{ANCHORS}{self._installation()}/{anchor.anchor:08}.{kind}"
        bucket, labels = self._bucket(), {"schema": "1", **labels}
        stored = bucket.put(
            name,
            [data],
            content_type=content_type,
            labels=labels,
            custom_time=at,
            finish=dict,
        )
        crc32c = Crc32c()
        crc32c.update(data)
        if (stored.size, stored.crc32c) != (len(data), str(crc32c)):
            raise VerificationFailed(f"The bucket does not hold {name} as it was sent.")
        try:  # no lifecycle rule and no slip of the hand deletes it then
            bucket.hold(name, stored.generation, True, labels)
        except BucketError as error:
            log.warning("%s is not held by the bucket: %s", name, error)

    def stamp(self, stored: StoredObject) -> bytes:
        """Return a time stamp, DER.

        Raises:
            BucketError: it cannot be read.
        """
        return b"".join(self._bucket().open_range(stored.name, 0, LARGEST_STAMP))


class Listed:
    """What the bucket has of anchors.

    Attributes:
        objects: of each anchor of this installation, by its number.
        stamps: of their time stamps.
        others: how many anchors there are of each other installation.
    """

    def __init__(
        self,
        store: AnchorStore,
        objects: dict[int, StoredObject],
        stamps: dict[int, StoredObject],
        others: dict[str, int],
    ) -> None:
        self._store = store
        self.objects = objects
        self.stamps = stamps
        self.others = others

    def newest(self) -> Anchor | None:
        """Return the newest anchor; None without any.

        Raises:
            AuditBroken: it is none.
            BucketError: it cannot be read now.
        """
        return self.one(max(self.objects)) if self.objects else None

    def one(self, number: int) -> Anchor:
        """Return an anchor.

        Raises:
            AuditBroken: it is not there, or is none.
            BucketError: it cannot be read now.
        """
        if number not in self.objects:
            raise AuditBroken(f"Anchor {number} of the audit log is not in the bucket.")
        anchor = self._store.read(number, self.objects[number])
        if isinstance(anchor, str):
            raise AuditBroken(f"Anchor {number} of the audit log is no anchor: {anchor}.")
        return anchor

    def all(self) -> Anchored:
        """Return all anchors that can be read, the first one first, and what the rest lacks.

        Raises:
            BucketError: one cannot be read now.
        """
        found, unreadable = [], {}
        for number in sorted(self.objects):
            anchor = self._store.read(number, self.objects[number])
            if isinstance(anchor, str):
                unreadable[number] = anchor
            else:
                found.append(anchor)
        return Anchored(found, unreadable)

    def tree(self, anchor: Anchor) -> MerkleTree | None:
        """Return the tree of an anchor, to go on with, from what lies beside it.

        What does not give the anchor's own root is none of it: None.
        """
        try:
            text = self.objects[anchor.anchor].labels.get("peaks", "")
            data = base64.b64decode(text, validate=True)
            peaks = [data[at : at + 32] for at in range(0, len(data), 32)]
            tree = MerkleTree(anchor.entries, peaks)
        except ValueError:
            return None
        return tree if tree.root().hex() == anchor.root else None

    def stamp(self, number: int) -> bytes | None:
        """Return an anchor's time stamp, DER; None if it has none.

        Raises:
            BucketError: it cannot be read.
        """
        return self._store.stamp(self.stamps[number]) if number in self.stamps else None


class Anchored:
    """The anchors of one installation, as they were read.

    Attributes:
        anchors: the first one first.
        unreadable: what is in the place of others, by their numbers.
    """

    def __init__(self, anchors: Sequence[Anchor], unreadable: dict[int, str]) -> None:
        self.anchors = anchors
        self.unreadable = unreadable

    def problem(self, known: Sequence[KnownAnchor]) -> str:
        """Return what is wrong with them, the first of it; empty if nothing is.

        Args:
            known: what the catalog remembers of them.
        """
        if self.unreadable:
            number = min(self.unreadable)
            return f"anchor {number} in the bucket is none: {self.unreadable[number]}"
        before: Anchor | None = None
        remembered = {each.anchor: each for each in known}
        for place, each in enumerate(self.anchors, 1):
            if each.anchor != place:
                return f"anchor {place} was taken out of the bucket"
            if each.previous != (before.digest if before else FIRST):
                return f"anchor {place} does not follow the one before: one of them was changed"
            if before and each.entries < before.entries:
                return f"anchor {place} is of fewer entries than the one before"
            if place in remembered and remembered[place].digest != each.digest:
                return f"anchor {place} in the bucket is not the one that this catalog knows"
            before = each
        if known and known[-1].anchor > len(self.anchors):
            return f"anchor {len(self.anchors) + 1} was taken out of the bucket"
        return ""

    def heads(self) -> list[AuditHead]:
        """Return where the log ended at each of them."""
        return list(map(head_of, self.anchors))
