"""Holds on objects: the bucket itself refuses to delete what is held in the catalog."""

from __future__ import annotations

import logging
from contextlib import suppress

from twirec.catalog import Catalog
from twirec.model.bucket import HELD, StoredObject
from twirec.model.errors import NotFound, ObjectNotFound, TwirecError
from twirec.model.ports import Bucket
from twirec.model.states import STORED, State

log = logging.getLogger("twirec.transfers")

SETTLED_IN = 3
"""So often it is looked again when a hold comes or goes meanwhile."""

LONGEST_LABEL = 500
"""Bytes of the label that names the cases; there may be many, and labels have little room."""


class ObjectHolds:
    """Brings the hold on a recording's object to what the catalog says.

    A hold of the catalog is what counts; the object's follows it. It is set again and again by
    whoever comes by, a hold, a worker or a sweep, and changes nothing where all is right. What was
    made of a recording is not held: it is made again of the original.

    Args:
        catalog: what is held.
        bucket: where the objects are.
    """

    def __init__(self, catalog: Catalog, bucket: Bucket) -> None:
        self._catalog = catalog
        self._bucket = bucket

    def is_settled(self, sid: str) -> bool:
        """Return whether a recording's object is held as it should be."""
        stored = self._object(sid)
        return stored is None or is_right(stored, said(self._catalog.holds.cases(sid)))

    def settle(self, sid: str) -> bool:
        """Hold a recording's object, or let it go. Whether anything had to be changed.

        An object that somebody else holds in the bucket is left so.

        Args:
            sid: of the recording, `RE…`.

        Raises:
            BucketError: it could not be done.
        """
        changed = False
        for _ in range(SETTLED_IN):
            stored = self._object(sid)
            if stored is None or not self._bring(stored, said(self._catalog.holds.cases(sid))):
                break
            changed = True
        return changed

    def try_to_settle(self, sid: str) -> None:
        """Do so now, if it goes; else the next sweep does."""
        try:
            self.settle(sid)
        except TwirecError as error:
            log.warning("%s: the hold on its object waits for the sweep: %s", sid, error)

    def let_go(self, stored: StoredObject) -> None:
        """Let an object go that is to be destroyed, if the hold on it is ours."""
        if stored.held and stored.labels.get(HELD):
            self._bucket.hold(stored.name, stored.generation, False, {HELD: ""})

    def _object(self, sid: str) -> StoredObject | None:
        with suppress(NotFound, ObjectNotFound):
            recording = self._catalog.recordings.get(sid)
            if recording.object_name and recording.state in {*STORED, State.ERASING}:
                return self._bucket.stat(recording.object_name)
        return None

    def _bring(self, stored: StoredObject, cases: str) -> bool:
        if is_right(stored, cases):
            return False
        with suppress(ObjectNotFound):
            self._bucket.hold(stored.name, stored.generation, bool(cases), {HELD: cases})
        return True


def is_right(stored: StoredObject, cases: str) -> bool:
    """Whether an object is held as it should be.

    Args:
        stored: the object.
        cases: for which it should be, as its label says it; empty for none.
    """
    return stored.labels.get(HELD, "") == cases and (stored.held or not cases)


def said(cases: tuple[str, ...]) -> str:
    """Return how the label names the cases; the first ones, if there are many."""
    text = ", ".join(cases)
    return text.encode()[:LONGEST_LABEL].decode(errors="ignore")
