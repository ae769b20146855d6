"""Destroying what there is of one recording: in the journal, at the vendor, and in the bucket."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from twirec.catalog import Catalog
from twirec.jobs.retrying import said
from twirec.jobs.worker import LeaseKeeper
from twirec.model.bucket import OtherGeneration, StoredObject
from twirec.model.derivatives import derivatives_of
from twirec.model.erasure import KEPT_BY_THE_BUCKET, CertificateLine, Copy, CopyOutcome
from twirec.model.errors import ObjectHeld, ObjectKept, ObjectNotFound
from twirec.model.ports import Bucket, Vendor
from twirec.model.records import Recording
from twirec.model.states import State
from twirec.model.transcript import is_transcript
from twirec.transfers.checkpoints import AtCheckpoint, Step
from twirec.transfers.object_holds import ObjectHolds

VENDOR_KEEPS = timedelta(days=40)
"""For so long Twilio keeps what it knows of a recording that was deleted, without its sound:
https://www.twilio.com/docs/voice/api/recording#delete-a-recording-resource."""

LOOK_AGAIN = timedelta(days=1)
"""After which it is tried again to delete what a hold of the bucket's own keeps."""


@dataclass(frozen=True)
class _Kept:
    """A generation that the bucket does not delete yet."""

    name: str
    generation: int
    until: datetime | None
    why: str


class Destruction:
    """Destroys what was ordered to be destroyed, and writes down what became of each copy.

    Each step may be done again: a crash at any of them ends in the same.

    Args:
        catalog: where each copy is written down before it goes.
        bucket: where they are.
        vendor: has one too.
        holds: lets objects go that were held.
        forget: makes catalog and journal forget a recording, before it is destroyed.
        begin: commits that the bytes go now; False, and the lease is given back, if it is held.
        at: called at each step.
    """

    def __init__(
        self,
        catalog: Catalog,
        bucket: Bucket,
        vendor: Vendor,
        holds: ObjectHolds,
        forget: Callable[[Recording], object],
        begin: Callable[[LeaseKeeper[Recording]], bool],
        at: AtCheckpoint,
    ) -> None:
        self._catalog = catalog
        self._bucket = bucket
        self._vendor = vendor
        self._holds = holds
        self._forget = forget
        self._begin = begin
        self._at = at

    def run(self, keeper: LeaseKeeper[Recording]) -> None:
        """Destroy a recording, and end its lease.

        The journal is first: from then on a catalog that is made anew knows of the order. What the
        bucket keeps, by a retention policy or a hold of its own, waits until it does not.

        Raises:
            TwirecError: a step failed; the lease still stands, for the worker to postpone it.
        """
        if not self._begin(keeper):
            return
        recording, now = keeper.lease.item, keeper.now()
        self._forget(recording)
        doomed = list(self._objects_of(recording))  # first: the bucket may not be ours to believe
        older = [other for other in self._others_of(recording) if other.until is None]
        lines = [*self._lines(recording, doomed, older, now)]
        self._catalog.due_work.found(keeper.lease, lines)
        self._at(Step.FOUND)
        self._vendor.delete(recording.account_sid, recording.sid)
        self._at(Step.DELETED)
        if not self._begin(keeper):  # the lease may have ended meanwhile
            return
        for stored in doomed:
            self._holds.let_go(stored)  # nothing holds it any more, and its own hold may linger
        live = [(stored.name, stored.generation) for stored in doomed]
        kept = self._delete(keeper, live + [(other.name, other.generation) for other in older])
        if kept:
            self._wait(keeper, recording, kept, now)
            return
        self._at(Step.DESTROYED)
        pending = [
            CertificateLine(
                recording.sid,
                copy_of(recording, other.name),
                CopyOutcome.PENDING,
                now,
                other.name,
                other.generation,
                other.until,
                "soft_delete",
            )
            for other in self._others_of(recording)
        ]
        keeper.heartbeat()
        self._catalog.due_work.finish(keeper.lease, State.ERASED, copies=pending)
        self._at(Step.ERASED)

    def _delete(
        self, keeper: LeaseKeeper[Recording], generations: Sequence[tuple[str, int]]
    ) -> list[_Kept]:
        """Delete generations of objects, and return those that the bucket keeps."""
        kept = []
        for name, generation in generations:
            keeper.heartbeat()
            try:
                self._bucket.delete(name, generation)
            except ObjectKept as error:
                kept.append(_Kept(name, generation, error.until, said(error)))
            except ObjectHeld as error:
                kept.append(_Kept(name, generation, None, said(error)))
        return kept

    def _wait(
        self,
        keeper: LeaseKeeper[Recording],
        recording: Recording,
        kept: list[_Kept],
        now: datetime,
    ) -> None:
        waiting = [
            CertificateLine(
                recording.sid,
                copy_of(recording, each.name),
                CopyOutcome.WAITING,
                now,
                each.name,
                each.generation,
                each.until,
                KEPT_BY_THE_BUCKET,
            )
            for each in kept
        ]
        dates = [each.until or now + LOOK_AGAIN for each in kept]
        due_at, why = max(min(dates), now), kept[0].why
        self._catalog.due_work.postpone(keeper.lease, due_at, why, copies=waiting)

    def _objects_of(self, recording: Recording) -> Iterator[StoredObject]:
        if recording.object_name is None:
            return
        yield from self._bucket.list(derivatives_of(recording))
        with suppress(ObjectNotFound):
            yield self._bucket.stat(recording.object_name)

    def _others_of(self, recording: Recording) -> Iterator[OtherGeneration]:
        if recording.object_name is None:
            return
        yield from self._bucket.others(derivatives_of(recording))
        yield from self._bucket.others(recording.object_name)

    def _lines(
        self,
        recording: Recording,
        doomed: list[StoredObject],
        older: list[OtherGeneration],
        now: datetime,
    ) -> Iterator[CertificateLine]:
        """Yield a line for each copy that is there."""
        line = CertificateLine(recording.sid, Copy.VENDOR_RECORDING, CopyOutcome.ORDERED, now)
        yield line
        yield replace(
            line,
            copy=Copy.VENDOR_FACTS,
            outcome=CopyOutcome.PENDING,
            until=now + VENDOR_KEEPS,
            why="vendor",
        )
        if self._catalog.waveforms.get(recording.sid) is not None:
            yield replace(line, copy=Copy.WAVEFORM)
        for each in doomed:
            copy = copy_of(recording, each.name)
            yield replace(line, copy=copy, name=each.name, generation=each.generation)
        for other in older:
            yield replace(line, copy=Copy.GENERATION, name=other.name, generation=other.generation)


def copy_of(recording: Recording, name: str) -> Copy:
    """Return what an object is of a recording, by its name."""
    if is_transcript(name):
        return Copy.TRANSCRIPT
    return Copy.RECORDING if name == recording.object_name else Copy.DERIVATIVE
