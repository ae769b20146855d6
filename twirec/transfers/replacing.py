"""Destroying recordings as they were archived: their copies without card numbers take the place."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from twirec.catalog import Catalog
from twirec.jobs.worker import LeaseKeeper
from twirec.model.access import OURSELVES
from twirec.model.audio import ReadBytes
from twirec.model.audit import Action, AuditDraft
from twirec.model.bucket import Fingerprint, StoredObject
from twirec.model.cards import CardCut
from twirec.model.erasure import CertificateLine, Copy, CopyOutcome, Erasure
from twirec.model.errors import (
    NotFound,
    ObjectDiffers,
    ObjectHeld,
    ObjectKept,
    ObjectNotFound,
    VerificationFailed,
)
from twirec.model.ports import Bucket
from twirec.model.records import CallRecord, Recording
from twirec.transfers.naming import final_labels, labels, started_at
from twirec.transfers.object_holds import ObjectHolds
from twirec.transfers.transfer import WAV


class Replacing:
    """Puts the copy without card numbers into the place of a recording as it was archived.

    The copy is read and compared before anything goes, and stays until the catalog says that it is
    the recording: at each moment one of the two is there. Each step may be done again.

    Args:
        catalog: where each step is written down.
        bucket: where both are.
        copies: returns what reads an object made of a recording, and compares it with what was put.
        now: the clock, UTC.
    """

    def __init__(
        self,
        catalog: Catalog,
        bucket: Bucket,
        copies: Callable[[str, Fingerprint], ReadBytes],
        now: Callable[[], datetime],
    ) -> None:
        self._catalog = catalog
        self._bucket = bucket
        self._copies = copies
        self._now = now

    def run(self, keeper: LeaseKeeper[Erasure]) -> None:
        """Do what can be done of the originals of an erasure.

        Raises:
            TwirecError: a step failed; what was done stays done.
        """
        for sid in self._catalog.replacements.of(keeper.lease.item.id):
            keeper.heartbeat()
            found = self._catalog.replacements.begin(keeper.lease, sid, self._now())
            if found is not None and self._replace(keeper, *found):
                lines = [*self._older(found[0])]
                self._catalog.replacements.settle(keeper.lease, sid, lines)

    def _replace(self, keeper: LeaseKeeper[Erasure], recording: Recording, cut: CardCut) -> bool:
        """Destroy the original, and put the copy there. Whether that is done."""
        copy = cut.fingerprint
        if copy is None:  # an earlier try did
            return True
        read = self._copies(recording.sid, copy)
        deque(read(0, None), maxlen=0)  # all of it is there, and is what was heard
        try:
            stored = self._gone(recording, cut)
        except ObjectKept as error:
            self._catalog.replacements.wait(keeper.lease, recording, error.until, self._now())
            return False
        except ObjectHeld:
            self._catalog.replacements.wait(keeper.lease, recording, None, self._now())
            return False
        if stored is None:
            stored = self._put(keeper, recording, cut, read)
        entry = self._entry(keeper.lease.item, recording, cut)
        if not self._catalog.replacements.replaced(keeper.lease, recording, cut, stored, entry):
            with suppress(ObjectNotFound):
                self._bucket.delete(stored.name, stored.generation)
            return False
        with suppress(ObjectNotFound):
            made = self._bucket.stat(copy.object_name)
            self._bucket.delete(made.name, made.generation)
        return True

    def _gone(self, recording: Recording, cut: CardCut) -> StoredObject | None:
        """Destroy the original; return what is in its place already, by an earlier try.

        Raises:
            ObjectDiffers: something else is there; nothing is deleted.
            ObjectKept, ObjectHeld: the bucket does not let it go.
        """
        name = recording.object_name or ""
        try:
            there = self._bucket.stat(name)
        except ObjectNotFound:
            return None
        found = (there.size, there.crc32c)
        if found == (cut.size, cut.crc32c):
            return there
        if found != (recording.size, recording.crc32c):
            raise ObjectDiffers(f"{name} is not what was archived: nothing of it is destroyed.")
        ObjectHolds(self._catalog, self._bucket).let_go(there)
        self._bucket.delete(there.name, there.generation)
        return None

    def _put(
        self,
        keeper: LeaseKeeper[Erasure],
        recording: Recording,
        cut: CardCut,
        read: ReadBytes,
    ) -> StoredObject:
        anew = replace(recording, size=cut.size, crc32c=cut.crc32c, sha256=cut.own_sha256)
        silent = ", ".join(f"{begin:g} to {end:g}" for begin, end in cut.made_cuts or ())
        its_own = {"original_sha256": recording.sha256 or "", "cuts": silent}

        def chunks() -> Iterator[bytes]:
            for chunk in read(0, None):
                keeper.heartbeat()
                yield chunk

        stored = self._bucket.put(
            recording.object_name or "",
            chunks(),
            content_type=WAV,
            labels=labels(self._record(recording), anew) | final_labels(anew) | its_own,
            custom_time=started_at(recording),
            finish=dict,
        )
        if (stored.size, stored.crc32c) != (cut.size, cut.crc32c):
            self._bucket.delete(stored.name, stored.generation)
            raise VerificationFailed(f"{stored.name} is not the copy without card numbers.")
        return stored

    def _record(self, recording: Recording) -> CallRecord | None:
        if recording.call_sid is None:
            return None
        with suppress(NotFound):
            return self._catalog.ledger.call(recording.account_sid, recording.call_sid)
        return None

    def _older(self, recording: Recording) -> Iterator[CertificateLine]:
        """Destroy what the bucket kept of the original, and yield what became of each."""
        name = recording.object_name or ""
        for other in list(self._bucket.others(name)):
            if other.until is None:
                self._bucket.delete(other.name, other.generation)
                yield CertificateLine(
                    recording.sid,
                    Copy.GENERATION,
                    CopyOutcome.DONE,
                    self._now(),
                    other.name,
                    other.generation,
                )
        for other in self._bucket.others(name):
            yield CertificateLine(
                recording.sid,
                Copy.RECORDING,
                CopyOutcome.PENDING,
                self._now(),
                other.name,
                other.generation,
                other.until,
                "soft_delete",
            )

    def _entry(self, erasure: Erasure, recording: Recording, cut: CardCut) -> AuditDraft:
        me = OURSELVES
        detail = {
            "erasure": erasure.id,
            "original_sha256": recording.sha256 or "",
            "sha256": cut.own_sha256 or "",
        }
        return AuditDraft(self._now(), me.name, me.role, Action.ERASE, recording.sid, detail=detail)
