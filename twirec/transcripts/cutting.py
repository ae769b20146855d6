"""Copies without card numbers, as a kind of due work: made anew, heard again, then given."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

from twirec.audio.cuts import frames_of
from twirec.audio.original import Original
from twirec.audio.waveform import measure
from twirec.catalog import Catalog
from twirec.derivatives.putting import put_made
from twirec.jobs.retrying import TRANSCRIPTS
from twirec.jobs.worker import Kind, LeaseKeeper
from twirec.model.access import OURSELVES, Deed, check
from twirec.model.audio import WAV_TYPE, ReadBytes, Sound
from twirec.model.audit import Action, AuditDraft, AuditOutcome
from twirec.model.bucket import Fingerprint, StoredObject
from twirec.model.cards import CardCut, cut_name, is_within
from twirec.model.derivatives import hash_of
from twirec.model.errors import (
    CatalogError,
    NotFound,
    ObjectNotFound,
    TwirecError,
    VerificationFailed,
)
from twirec.model.hints import CARD_CUT
from twirec.model.ports import Bucket, delete_named
from twirec.model.records import Recording
from twirec.model.transcript import SpeechFacts, Transcript, transcript_name
from twirec.transcripts import objects
from twirec.transcripts.cards import find_cards, left_over
from twirec.transcripts.hearing import Hearing
from twirec.transcripts.transcripts import WhileUsable

log = logging.getLogger("twirec.transcripts")

LEASE = timedelta(minutes=15)
"""As of transcripts: a few seconds of speech can take a slow machine minutes."""
WAIT = timedelta(minutes=5)
"""After which it is looked again whether the transcript is there that is waited for."""
SCHEMA = "1"
"""The version of the labels."""


class CardCuts:
    """Makes recordings anew with silence where a card number is spoken.

    On all channels, as the other side may say it again while it is said; and the same file else, so
    that all else is heard at its second. The same model that found the number hears what was made:
    if any digit is left, it is not offered, and the proposal says so. What fails otherwise is tried
    again. Nobody hears of the copy before that, and nobody of the original after it.

    Args:
        catalog: which are approved.
        bucket: where they are kept.
        originals: returns what reads a recording as it was archived, and compares it with that.
        copies: returns what reads an object made of a recording, and compares it with what was put.
        hearing: hears what was made.
        write_day: writes the journal of a day, which has to say at once that there is a copy.
        now: the clock, UTC.
    """

    def __init__(
        self,
        catalog: Catalog,
        bucket: Bucket,
        originals: Callable[[Recording], ReadBytes],
        copies: Callable[[str, Fingerprint], ReadBytes],
        hearing: Hearing,
        write_day: Callable[[date], object],
        now: Callable[[], datetime],
    ) -> None:
        self._write_day = write_day
        self._catalog = catalog
        self._bucket = bucket
        self._originals = originals
        self._copies = copies
        self._hearing = hearing
        self._now = now

    def kind(self) -> Kind[CardCut]:
        """Return what a worker has to know of them: they have a thread of their own."""
        usable: Callable[[], bool] = lambda: not self._hearing.speech.problem()  # noqa: E731
        return Kind(
            CARD_CUT,
            WhileUsable(self._catalog.cards.due, usable),
            self.run,
            lambda cut: f"{cut.recording_sid}: its copy without card numbers",
            TRANSCRIPTS,
            lease_for=LEASE,
            aside=True,
        )

    def run(self, keeper: LeaseKeeper[CardCut]) -> None:
        """Make one, hear it, and give it or say why it is not given.

        Raises:
            TwirecError: it failed; nothing of it is kept, and the worker tries again.
        """
        cut = keeper.lease.item
        recording = self._catalog.recordings.get(cut.recording_sid)
        check(OURSELVES, recording, Deed.CUT)
        if cut.is_lost:
            self._make_again(keeper, recording)
            return
        facts = self._hearing.speech.facts()
        recipe = self._hearing.recipe(facts)
        before = self._heard_before(keeper, recording, facts, recipe)
        if before is None:
            self._catalog.cards.put_off(keeper.lease, self._now() + WAIT)
            return
        more = [each for each in find_cards(before.sentences) if not is_within(each, cut.spans)]
        if more:  # by another model, or as it is heard anew: somebody has to approve that first
            self._catalog.cards.found(keeper.lease, more, self._now())
            return
        # Names of this try alone: whoever lost the lease and does not know it yet puts and deletes
        # nothing of whoever has it now.
        attempt = hash_of(recording.sha256 or "", *_told(cut), keeper.lease.token)
        name, text_name = (
            cut_name(recording, attempt),
            transcript_name(recording, hash_of(recipe, attempt), recording.sha256 or ""),
        )
        keeper.lease = self._catalog.cards.begin(keeper.lease, name, text_name)
        self._delete_named([cut.next_name, cut.next_transcript])  # of who came no further
        mine: list[StoredObject] = []
        try:
            stored = self._put(keeper, recording, name)
            mine.append(stored)
            what = Fingerprint(stored.name, stored.size, stored.crc32c, stored.labels.get("sha256"))
            read = self._copies(recording.sid, what)
            waveform = measure(read(0, None))
            transcript = self._hearing.hear(
                recording,
                Sound(stored.labels["sha256"], read),
                waveform,
                {},
                facts=facts,
                heartbeat=keeper.heartbeat,
                keep=_keep_nothing,
            )
            left = left_over(before.sentences, transcript.sentences, cut.cuts, cut.spans)
            if left is not None:
                why = f"The copy is not offered: {left.why}."
                self._catalog.cards.failed(
                    keeper.lease, why, left.spans, self._entry(cut, stored, why)
                )
                with suppress(TwirecError):  # a sweep deletes what is left
                    self._delete(mine)
                return
            kept = objects.put(self._bucket, recording, text_name, recipe, transcript)
            mine.append(kept)
            gone = self._catalog.cards.made(
                keeper.lease, stored, transcript, kept, recipe, waveform, self._entry(cut, stored)
            )
        except CatalogError:
            raise  # it may be written down all the same; else the next try, or a sweep, deletes it
        except TwirecError:
            with suppress(TwirecError):
                self._delete(mine)
            raise
        with suppress(TwirecError):
            self._delete_named(gone)
        self._write_down(cut)

    def _make_again(self, keeper: LeaseKeeper[CardCut], recording: Recording) -> None:
        """Make the copy that was there: it was heard before, and is to be the same in each byte."""
        cut = keeper.lease.item
        name = cut_name(recording, hash_of(recording.sha256 or "", *_told(cut), keeper.lease.token))
        keeper.lease = self._catalog.cards.begin(keeper.lease, name, None)
        self._delete_named([cut.next_name, cut.next_transcript])
        mine: list[StoredObject] = []
        try:
            stored = self._put(keeper, recording, name)
            mine.append(stored)
            if stored.labels.get("sha256") != cut.own_sha256:
                raise VerificationFailed(f"{name} is not the copy that was there.")
            self._catalog.cards.made_again(keeper.lease, stored, self._entry(cut, stored))
        except CatalogError:
            raise
        except TwirecError:
            with suppress(TwirecError):
                self._delete(mine)
            raise
        self._write_down(cut)

    def _write_down(self, cut: CardCut) -> None:
        """Write the journal of its day, so that no rebuild brings back the number meanwhile.

        What fails of that is written later, as each day that changed.
        """
        try:
            self._write_day(cut.found_at.astimezone(UTC).date())
        except TwirecError as error:
            log.error("the journal of a copy without card numbers: %s", error)

    def _heard_before(
        self,
        keeper: LeaseKeeper[CardCut],
        recording: Recording,
        facts: SpeechFacts,
        recipe: str,
    ) -> Transcript | None:
        """Return what the model of this machine hears in the recording as it was archived.

        That is the transcript, where it is of that model, and of that recording. None while there
        is no transcript: one is asked for, as after the catalog was made anew.
        """
        kept = self._catalog.transcripts.get(recording.sid)
        if kept is None:
            kept = self._catalog.transcripts.request(recording.sid, "", self._now())
        if kept.object_name is None:
            if kept.due_at is not None:
                return None
            raise NotFound(f"There is no transcript of {recording.sid} (any more): ask for one.")
        if keeper.lease.item.object_name is not None or kept.made_by != recipe:
            read = self._originals(recording)
            return self._hearing.hear(
                recording,
                Sound(recording.sha256 or "", read),
                measure(read(0, None)),
                {},
                facts=facts,
                heartbeat=keeper.heartbeat,
                keep=_keep_nothing,
            )
        try:
            return Transcript.from_json(
                b"".join(self._copies(recording.sid, kept.fingerprint)(0, None))
            )
        except ValueError as error:
            raise VerificationFailed(f"{kept.object_name} is no transcript.") from error

    def _put(self, keeper: LeaseKeeper[CardCut], recording: Recording, name: str) -> StoredObject:
        """Make the copy, as a stream."""
        cut = keeper.lease.item
        original = Original(self._originals(recording), recording.size or 0)
        spans = frames_of(cut.to_make, original.pcm)

        def chunks() -> Iterator[bytes]:
            for chunk in original.without(spans):
                keeper.heartbeat()
                yield chunk

        stored = put_made(
            self._bucket,
            name,
            chunks(),
            content_type=WAV_TYPE,
            labels={
                "schema": SCHEMA,
                "recording_sid": recording.sid,
                "original_sha256": recording.sha256 or "",
                "cuts": ", ".join(_told(cut)),
            },
            custom_time=recording.started_at or self._now(),
        )
        if stored.size != recording.size:
            self._bucket.delete(stored.name, stored.generation)
            raise VerificationFailed(f"{stored.name} is not as long as what it is made of.")
        return stored

    def _entry(self, cut: CardCut, stored: StoredObject, why: str = "") -> AuditDraft:
        """Return the entry that says that it was cut, or why not, with its seconds and no digit."""
        detail: dict[str, Any] = {
            "object": stored.name.rpartition("/")[2],
            "cuts": ", ".join(_told(cut)),
            "decided_by": cut.decided_by,
            **({"why": why} if why else {}),
        }
        me, outcome = OURSELVES, AuditOutcome.FAILED if why else AuditOutcome.DONE
        return AuditDraft(
            self._now(),
            me.name,
            me.role,
            Action.CUT,
            cut.recording_sid,
            outcome=outcome,
            detail=detail,
        )

    def _delete(self, mine: Sequence[StoredObject]) -> None:
        """Delete what this try put, and nothing that came in its place."""
        for stored in mine:
            with suppress(ObjectNotFound):
                self._bucket.delete(stored.name, stored.generation)

    def _delete_named(self, names: Sequence[str | None]) -> None:
        for name in filter(None, names):
            delete_named(self._bucket, name)


def _keep_nothing(*_: object) -> None:
    """Keep no part: whoever takes over begins anew; what is kept is of the recording itself."""


def _told(cut: CardCut) -> list[str]:
    """Return the seconds of silence in words."""
    return [f"{begin:g} to {end:g}" for begin, end in cut.to_make]
