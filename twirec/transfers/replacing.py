"""Destroying recordings as they were archived: their copies without card numbers take the place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from twirec.catalog import Catalog
from twirec.jobs.worker import LeaseKeeper
from twirec.model.access import OURSELVES
from twirec.model.audio import WAV_TYPE, ReadBytes
from twirec.model.audit import Action, AuditDraft
from twirec.model.bucket import BLOCKED_UNTIL, Fingerprint, StoredObject
from twirec.model.cards import CardCut
from twirec.model.derivatives import derivatives_of
from twirec.model.erasure import (
    KEPT_BY_THE_BUCKET,
    CertificateLine,
    Copy,
    CopyOutcome,
    Erasure,
)
from twirec.model.errors import (
    BucketError,
    BucketUnavailable,
    NotFound,
    ObjectDiffers,
    ObjectHeld,
    ObjectKept,
    ObjectNotFound,
    TwirecError,
    VerificationFailed,
)
from twirec.model.journal import UNDATED
from twirec.model.ports import Bucket
from twirec.model.records import CallRecord, Recording
from twirec.model.states import Custody
from twirec.model.transcript import is_transcript
from twirec.transfers.destruction import copy_of
from twirec.transfers.naming import final_labels, labels, started_at
from twirec.transfers.object_holds import ObjectHolds


@dataclass(frozen=True)
class _Kept:
    """That the bucket does not delete something before a time, UTC, or nobody knows when."""

    until: datetime | None


class Replacing:
    """Puts the copy without card numbers into the place of a recording as it was archived.

    The copy is read and compared before anything goes, and stays until the catalog says that it is
    the recording: at each moment one of the two is there. Each step may be done again.

    Args:
        catalog: where each step is written down.
        bucket: where both are.
        copies: returns what reads an object made of a recording, and compares it with what was put.
        write_day: writes the journal of a day.
        now: the clock, UTC.
    """

    def __init__(
        self,
        catalog: Catalog,
        bucket: Bucket,
        copies: Callable[[str, Fingerprint], ReadBytes],
        write_day: Callable[[date], object],
        now: Callable[[], datetime],
    ) -> None:
        self._write_day = write_day
        self._catalog = catalog
        self._bucket = bucket
        self._copies = copies
        self._now = now

    def run(self, keeper: LeaseKeeper[Erasure]) -> None:
        """Do what can be done of the originals of an erasure.

        Raises:
            TwirecError: a step failed; what was done stays done.
        """
        for sid in self._catalog.replacements.of(keeper.lease.item.id, self._now()):
            keeper.heartbeat()
            recording, cut = self._catalog.replacements.get(sid)
            try:
                done = self._replace(keeper, recording, cut)
            except BucketUnavailable:  # nobody knows whether it went
                raise
            except TwirecError:
                with suppress(TwirecError):
                    if self._is_there(recording, cut):
                        self._catalog.replacements.spare(keeper.lease, sid)
                raise
            if done and cut is not None:
                for day in {_day(recording.started_at), _day(cut.found_at)}:
                    self._write_day(day)  # a rebuild has to know of it before the copy goes
                self._delete(cut)
                lines = [*self._rest(keeper, recording)]
                self._catalog.replacements.settle(keeper.lease, sid, lines)
                ObjectHolds(self._catalog, self._bucket).try_to_settle(sid)

    def _replace(
        self, keeper: LeaseKeeper[Erasure], recording: Recording, cut: CardCut | None
    ) -> bool:
        """Destroy the original, and put the copy there. Whether that is done.

        Raises:
            ObjectDiffers: something else is in its place; nothing is deleted.
        """
        there = self._in_place(recording)
        copy = cut.fingerprint if cut else None
        put = there if there and _is_of(there, cut) else None  # by an earlier try
        original = None if put else there
        if original and copy and not _is_of(original, recording):
            raise ObjectDiffers(
                f"{original.name} is not what was archived: nothing of it is destroyed."
            )
        if copy and not put:
            for _ in self._copies(recording.sid, copy)(0, None):  # it is what was heard, all of it
                keeper.heartbeat()
        said = self._labels(recording, cut) if cut and copy else {}  # before anything goes
        keeper.heartbeat()
        now, gone = self._now(), original is None
        if not self._catalog.replacements.begin(keeper.lease, recording, cut, now, gone=gone):
            return False
        if cut is None or copy is None:  # an earlier try did
            return True
        if original and not self._destroy(keeper, recording, original):
            return False
        stored = put or self._put(keeper, recording, copy, said)
        entry = self._entry(keeper.lease.item, recording, cut)
        if not self._catalog.replacements.replaced(keeper.lease, recording, cut, stored, entry):
            with suppress(ObjectNotFound):
                self._bucket.delete(stored.name, stored.generation)
            return False
        return True

    def _destroy(
        self, keeper: LeaseKeeper[Erasure], recording: Recording, there: StoredObject
    ) -> bool:
        """Destroy the original. Whether the bucket lets it go."""
        ObjectHolds(self._catalog, self._bucket).let_go(there)
        kept = self._try_to_delete(there.name, there.generation)
        if kept:
            self._catalog.replacements.wait(keeper.lease, recording, kept.until, self._now())
        return kept is None

    def _try_to_delete(self, name: str, generation: int) -> _Kept | None:
        """Delete a generation; return until when the bucket keeps it, if it does."""
        try:
            self._bucket.delete(name, generation)
        except ObjectKept as error:
            return _Kept(error.until)
        except ObjectHeld:
            return _Kept(None)
        return None

    def _in_place(self, recording: Recording) -> StoredObject | None:
        with suppress(ObjectNotFound):
            return self._bucket.stat(recording.object_name or "")
        return None

    def _is_there(self, recording: Recording, cut: CardCut | None) -> bool:
        """Whether nothing of the original went yet."""
        there = self._in_place(recording)
        return there is not None and not _is_of(there, cut)

    def _delete(self, cut: CardCut) -> None:
        """Delete the copy beside the recording; what fails of that, a sweep does."""
        if cut.object_name:
            with suppress(BucketError):
                made = self._bucket.stat(cut.object_name)
                self._bucket.delete(made.name, made.generation)

    def _put(
        self,
        keeper: LeaseKeeper[Erasure],
        recording: Recording,
        copy: Fingerprint,
        said: dict[str, str],
    ) -> StoredObject:
        def chunks() -> Iterator[bytes]:
            for chunk in self._copies(recording.sid, copy)(0, None):
                keeper.heartbeat()
                yield chunk

        stored = self._bucket.put(
            recording.object_name or "",
            chunks(),
            content_type=WAV_TYPE,
            labels=said,
            custom_time=started_at(recording),
            finish=dict,
        )
        if (stored.size, stored.crc32c) != (copy.size, copy.crc32c):
            self._bucket.delete(stored.name, stored.generation)
            raise VerificationFailed(f"{stored.name} is not the copy without card numbers.")
        return stored

    def _labels(self, recording: Recording, cut: CardCut) -> dict[str, str]:
        """Return the labels of the copy once it is the recording.

        Raises:
            LabelsTooLong: they would not fit into an object's metadata.
        """
        anew = replace(recording, size=cut.size, crc32c=cut.crc32c, sha256=cut.own_sha256)
        silent = ", ".join(f"{begin:g} to {end:g}" for begin, end in cut.made_cuts or ())
        its_own = {"original_sha256": cut.sha256 or recording.sha256 or "", "cuts": silent}
        its_own["replaced_at"] = self._now().isoformat()
        block = self._catalog.blocks.get(recording.sid)
        if block is not None and recording.custody is Custody.BLOCKED:
            its_own[BLOCKED_UNTIL] = block.until.isoformat()
        return labels(self._record(recording), anew) | final_labels(anew) | its_own

    def _record(self, recording: Recording) -> CallRecord | None:
        if recording.call_sid is None:
            return None
        with suppress(NotFound):
            return self._catalog.ledger.call(recording.account_sid, recording.call_sid)
        return None

    def _rest(
        self, keeper: LeaseKeeper[Erasure], recording: Recording
    ) -> Iterator[CertificateLine]:
        """Destroy what else the bucket has of the original, and yield what became of each.

        That is its older generations; and what was made of it before the card number was cut out,
        where that could not be deleted then.
        """
        prefixes = (recording.object_name or "", derivatives_of(recording))
        now, gone = self._now(), CopyOutcome.DONE
        line = CertificateLine(recording.sid, Copy.GENERATION, gone, now)
        doomed = [
            replace(
                line,
                copy=copy_of(recording, stored.name),
                name=stored.name,
                generation=stored.generation,
            )
            for stored in self._strays(recording)
        ]
        doomed += [
            replace(line, name=other.name, generation=other.generation)
            for prefix in prefixes
            for other in self._bucket.others(prefix)
            if other.until is None
        ]
        for each in doomed:
            keeper.heartbeat()
            kept = self._try_to_delete(each.name, each.generation)
            yield (
                replace(each, outcome=CopyOutcome.WAITING, until=kept.until, why=KEPT_BY_THE_BUCKET)
                if kept
                else each
            )
        for prefix in prefixes:
            for other in self._bucket.others(prefix):
                if other.until is not None:
                    yield replace(
                        line,
                        copy=copy_of(recording, other.name),
                        outcome=CopyOutcome.PENDING,
                        name=other.name,
                        generation=other.generation,
                        until=other.until,
                        why="soft_delete",
                    )

    def _strays(self, recording: Recording) -> list[StoredObject]:
        """Return what was made of the recording and is wanted no more, as a sweep finds it."""
        catalog, made = self._catalog, list(self._bucket.list(derivatives_of(recording)))
        names = [stored.name for stored in made]
        known = catalog.cards.known(names)  # first what is coming
        known |= catalog.derivatives.known(names) | catalog.transcripts.known(names)
        if catalog.transcripts.get(recording.sid) is None:  # a rebuild knows of none
            known.update(filter(is_transcript, names))
        return [stored for stored in made if stored.name not in known]

    def _entry(self, erasure: Erasure, recording: Recording, cut: CardCut) -> AuditDraft:
        me = OURSELVES
        detail = {
            "erasure": erasure.id,
            "original_sha256": recording.sha256 or "",
            "sha256": cut.own_sha256 or "",
        }
        return AuditDraft(self._now(), me.name, me.role, Action.ERASE, recording.sid, detail=detail)


def _is_of(stored: StoredObject, what: Recording | CardCut | None) -> bool:
    return what is not None and (stored.size, stored.crc32c) == (what.size, what.crc32c)


def _day(at: datetime | None) -> date:
    return UNDATED if at is None else at.astimezone(UTC).date()
