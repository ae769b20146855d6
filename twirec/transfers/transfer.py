"""Move a recording: copy, verify, write down, release.

The vendor's copy is deleted only after the bucket's own answer equals what was received and that
fact is committed. Any step may be repeated, by anybody, after a crash at any line: the object's
name is committed before the first byte, the object is written only if absent, and who lost the
lease commits nothing.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TypeVar

from twirec.audio.waveform import warnings
from twirec.catalog import Catalog
from twirec.jobs.retrying import TRANSFERS
from twirec.jobs.worker import Kind, LeaseKeeper
from twirec.model.audio import WAV_TYPE
from twirec.model.bucket import StoredObject
from twirec.model.encryption import Encryption
from twirec.model.errors import (
    ArchivedGone,
    CatalogUnavailable,
    DecryptionKeyMissing,
    EncryptionUnknown,
    LeaseLost,
    MediaMismatch,
    MediaNotDescribed,
    MediaNotReady,
    NotAtVendor,
    NotAudio,
    ObjectExists,
    ObjectNotFound,
    TwirecError,
    UploadDropped,
)
from twirec.model.hints import RECORDING
from twirec.model.ports import Bucket, Decrypt, PrivateKey, Vendor, delete_named
from twirec.model.records import CallRecord, Recording
from twirec.model.states import State
from twirec.model.vendor import Media, RecordingStatus, VendorRecording
from twirec.model.waveform import Waveform
from twirec.transfers.adoption import line_of
from twirec.transfers.checkpoints import AtCheckpoint, Step, no_checkpoint
from twirec.transfers.destruction import Destruction
from twirec.transfers.naming import known_name, labels, object_name, started_at
from twirec.transfers.object_holds import ObjectHolds
from twirec.transfers.verifying_reader import VerifyingReader

Keys = Mapping[str, PrivateKey]
"""The private keys, by the SID that Twilio gave to the public half, `CR…`."""


@contextmanager
def open_media(vendor: Vendor, keys: Keys, recording: Recording) -> Iterator[Media]:
    """Open a recording's media as plain audio. Leaving the context closes the connection.

    That nothing is missing or changed of what was encrypted is proven only when the chunks end
    without an error.

    Raises:
        DecryptionError: it cannot be decrypted. Nothing was asked of the vendor.
    """
    if recording.encryption is None:
        with vendor.media(recording.account_sid, recording.sid) as media:
            yield media
        return
    decrypt = _key_for(recording.encryption, keys)
    with vendor.media(recording.account_sid, recording.sid, encrypted=True) as media:
        # What the response announced is the length of the ciphertext, which the vendor's adapter
        # checks; that nothing of it is missing is proven by its tag.
        yield replace(media, content_length=None, chunks=decrypt(media.chunks))


def _key_for(encryption: Encryption, keys: Keys) -> Decrypt:
    if not encryption.known:
        raise EncryptionUnknown(f"Twilio encrypted it in a way that is not known: {encryption}.")
    sid = encryption.public_key_sid
    if sid not in keys:
        raise DecryptionKeyMissing(
            f"Twilio encrypted it with {sid}: add its private key to TWIREC_DECRYPTION_KEYS."
        )
    return keys[sid].opens(encryption)


def check_kept(bucket: Bucket, recording: Recording) -> None:
    """Check that the bucket still holds what was archived.

    Raises:
        ArchivedGone: it does not; the vendor's copy has to stay.
        BucketError: the bucket cannot be asked.
    """
    name = recording.object_name or ""
    try:
        stored = bucket.stat(name)
    except ObjectNotFound as error:
        gone = f"{name} is not in the bucket any more: Twilio's copy is kept."
        raise ArchivedGone(gone) from error
    if (stored.size, stored.crc32c) != (recording.size, recording.crc32c):
        raise ArchivedGone(f"{name} is not what was archived: Twilio's copy is kept.")


log = logging.getLogger("twirec.transfer")

TRIES_BEFORE_LOST = 7
"""Twilio may answer 404 for half a minute after its callback. Seven tries take longer.
https://support.twilio.com/hc/en-us/articles/44750147594523"""

UPLOADS_AT_ONCE = 3
"""So often an upload that the bucket dropped in its middle is begun, before it is a failed try."""

COMMIT_TRIES = 4
COMMIT_PAUSE = 1.0
"""Seconds between two tries to write down what was done; a locked database takes its own."""

T = TypeVar("T")


class Transfer:
    """The move of one recording from the vendor into the bucket.

    Args:
        catalog: where each step is written down.
        bucket: where the bytes go.
        vendor: where they come from.
        keys: the private keys for what the vendor encrypted.
        country: ISO 3166 code by which numbers of adopted calls are read.
        forget: makes catalog and journal forget what is being erased, before it is destroyed.
        trial: whether nothing is deleted at the vendor, but what is ordered to be erased.
        at: called at each step.
    """

    def __init__(
        self,
        catalog: Catalog,
        bucket: Bucket,
        vendor: Vendor,
        *,
        keys: Keys,
        country: str,
        forget: Callable[[Recording], object],
        trial: bool = False,
        at: AtCheckpoint = no_checkpoint,
    ) -> None:
        self._catalog = catalog
        self._bucket = bucket
        self._vendor = vendor
        self._keys = keys
        self._country = country
        self._holds = ObjectHolds(catalog, bucket)
        self._trial = trial
        self._at = at
        begin = self._begin_to_destroy
        self._destruction = Destruction(catalog, bucket, vendor, self._holds, forget, begin, at)

    def kind(self, *, prepare: Callable[[], None], refill: Callable[[], int]) -> Kind[Recording]:
        """Return what a worker has to know of transfers.

        Only what has still to be copied ever waits for somebody: that costs a download each time.
        Of what is archived or to be erased only deletions are left, and an order stands until it
        is done.

        Args:
            prepare: called before a recording is claimed, such as to look at the bucket's mark.
            refill: called when no recording is due; makes more due, and says of how many.
        """
        return Kind(
            RECORDING,
            self._catalog.due_work.naming(known_name),
            self.run,
            lambda recording: recording.sid,
            TRANSFERS,
            prepare=prepare,
            refill=refill,
            waits_for_somebody=lambda recording: recording.state is State.COMPLETED,
        )

    def run(self, keeper: LeaseKeeper[Recording]) -> None:
        """Do what is left to do of a recording, and end its lease.

        Raises:
            TwirecError: a step failed; the lease still stands, for the worker to postpone it.
        """
        self._at(Step.CLAIMED)
        just_archived = keeper.lease.item.state is State.COMPLETED
        if just_archived:
            self._archive(keeper)
        if keeper.lease.item.state is State.ARCHIVED:
            self._release(keeper, just_archived)
        if keeper.lease.item.state is State.ERASING:
            self._destruction.run(keeper)

    def _archive(self, keeper: LeaseKeeper[Recording]) -> None:
        """Copy, verify and write down; or find out that there is nothing to copy."""
        try:
            self._complete_facts(keeper)
            record = keeper.lease.record
            if record is None or keeper.lease.item.object_name is None:
                # Nobody had said when it began, or it has no line: one that is written now may say
                # that Twilio's copy stays, which the row has then, and the lease has not yet.
                record = line_of(self._catalog, self._vendor, keeper.lease.item, self._country)
                name = object_name(keeper.lease.item)
                keeper.lease = self._catalog.due_work.name_object(keeper.lease, name)
            self._at(Step.NAMED)
            try:
                self._copy(keeper, record)
            except NotAudio:
                if not self._is_encrypted(keeper):
                    raise
                self._copy(keeper, record)
        except MediaNotReady as error:
            self._ask_why(keeper, error)

    def _is_encrypted(self, keeper: LeaseKeeper[Recording]) -> bool:
        """Ask whether it is encrypted after all, which no callback said of what is no audio."""
        recording = keeper.lease.item
        if recording.encryption is not None:
            return False
        try:
            found = self._vendor.recording(recording.account_sid, recording.sid)
        except NotAtVendor:
            return False
        keeper.lease = self._catalog.due_work.describe(keeper.lease, found)
        return found.encryption is not None

    def _copy(self, keeper: LeaseKeeper[Recording], record: CallRecord | None) -> None:
        """Copy; at once again if the bucket drops the upload, or what it said to be there is not.

        Raises:
            UploadDropped: it did so each time.
        """
        for _ in range(UPLOADS_AT_ONCE - 1):
            try:
                return self._copy_once(keeper, record)
            except (ObjectNotFound, UploadDropped) as error:
                log.info("%s: begun anew: %s", keeper.lease.item.sid, error)
        try:
            return self._copy_once(keeper, record)
        except ObjectNotFound as error:
            raise UploadDropped(f"The bucket contradicts itself: {error}") from error

    def _copy_once(self, keeper: LeaseKeeper[Recording], record: CallRecord | None) -> None:
        recording = keeper.lease.item
        with open_media(self._vendor, self._keys, recording) as media:
            reader = VerifyingReader(media, recording, partial(self._heartbeat, keeper))
            try:
                stored = self._put(keeper, reader, record)
            except TwirecError:
                with suppress(TwirecError):  # the bucket may have it all the same
                    self._take_back(recording)
                raise
        self._at(Step.STORED)
        self._write_down(keeper, reader, stored)

    def _write_down(
        self, keeper: LeaseKeeper[Recording], reader: VerifyingReader, stored: StoredObject
    ) -> None:
        """Commit that the bucket holds what was received, if it says so."""
        recording = keeper.lease.item
        reader.verify(stored)
        self._at(Step.VERIFIED)
        heard = reader.waveform
        facts = (keeper.lease, stored, reader.sha256, reader.channels, heard)
        try:
            keeper.lease = self._commit(lambda: self._catalog.due_work.archived(*facts))
        except LeaseLost:
            self._take_back(recording)
            raise
        self._at(Step.ARCHIVED)
        if keeper.lease.held:
            self._holds.try_to_settle(recording.sid)
        self._warn(recording, heard)

    def _commit(self, write: Callable[[], T]) -> T:
        """Write down what was done, at a catalog that is away for a moment too.

        What is not written down is done again, when the lease has ended.
        """
        for _ in range(COMMIT_TRIES - 1):
            try:
                return write()
            except CatalogUnavailable as error:
                log.info("tried again: %s", error)
            time.sleep(COMMIT_PAUSE)
        return write()

    def _warn(self, recording: Recording, heard: Waveform | None) -> None:
        for warning in warnings(heard, recording) if heard else ():
            log.info("%s: its sound looks wrong: %s", recording.sid, warning)

    def _take_back(self, recording: Recording) -> None:
        """Delete what was stored while somebody erased the recording.

        Whoever is killed before that leaves it to who erases: the order is due once their lease
        would have ended.
        """
        if self._catalog.recordings.get(recording.sid).state not in {State.ERASING, State.ERASED}:
            return
        if self._catalog.holds.is_held(recording.sid):
            return
        delete_named(self._bucket, recording.object_name or "")

    def _heartbeat(self, keeper: LeaseKeeper[Recording]) -> None:
        keeper.heartbeat()
        self._at(Step.RECEIVING)

    def _finish(self, keeper: LeaseKeeper[Recording], reader: VerifyingReader) -> dict[str, str]:
        try:
            last_labels = reader.finish()
        except MediaMismatch:
            self._ask_again(keeper, reader)
            last_labels = reader.finish()
        if keeper.lease.item.duration is None:  # which somebody accepted
            self._describe(keeper, reader, duration=reader.seconds)
        self._at(Step.RECEIVED)
        return last_labels

    def _ask_again(self, keeper: LeaseKeeper[Recording], reader: VerifyingReader) -> None:
        """Ask whether the vendor still says what its callback said, before a person has to decide.

        Raises:
            MediaNotReady: it is not finished after all.
        """
        recording = keeper.lease.item
        try:
            found = self._vendor.recording(recording.account_sid, recording.sid)
        except NotAtVendor:
            return
        if found.status is not RecordingStatus.COMPLETED:
            raise MediaNotReady(f"Twilio says of {recording.sid} that it is {found.status}")
        self._describe(keeper, reader, duration=found.duration)

    def _describe(
        self, keeper: LeaseKeeper[Recording], reader: VerifyingReader, *, duration: int | None
    ) -> None:
        recording = keeper.lease.item
        said = VendorRecording(
            recording.sid,
            recording.account_sid,
            recording.call_sid,
            RecordingStatus.COMPLETED,
            duration=duration,
        )
        keeper.lease = self._catalog.due_work.describe(keeper.lease, said)
        reader.recording = keeper.lease.item

    def _put(
        self, keeper: LeaseKeeper[Recording], reader: VerifyingReader, record: CallRecord | None
    ) -> StoredObject:
        recording = keeper.lease.item
        name = recording.object_name or ""
        try:
            return self._bucket.put(
                name,
                reader.chunks(),
                content_type=WAV_TYPE,
                labels=labels(record, recording),
                custom_time=started_at(recording),
                finish=partial(self._finish, keeper, reader),
            )
        except ObjectExists:
            # An earlier try wrote it and died before it could say so: compare, do not write again.
            stored = self._bucket.stat(name)
            reader.read_rest()
            return self._complete(reader, stored, self._finish(keeper, reader))

    def _complete(
        self, reader: VerifyingReader, stored: StoredObject, last_labels: Mapping[str, str]
    ) -> StoredObject:
        """Add the last labels to what an earlier try stored, if it is what was received."""
        reader.compare(stored)
        return self._bucket.label(stored.name, stored.generation, last_labels)

    def _rescue(self, keeper: LeaseKeeper[Recording]) -> bool:
        """Read what an earlier try stored before it died. False if it stored nothing."""
        recording = keeper.lease.item
        if recording.object_name is None:
            return False
        try:
            stored = self._bucket.stat(recording.object_name)
        except ObjectNotFound:
            return False
        media = Media(None, stored.size, self._bucket.open_range(stored.name))
        reader = VerifyingReader(media, recording, partial(self._heartbeat, keeper))
        reader.read_rest()
        self._write_down(keeper, reader, self._complete(reader, stored, reader.finish()))
        return True

    def _release(self, keeper: LeaseKeeper[Recording], just_archived: bool) -> None:
        keeper.heartbeat()
        recording = keeper.lease.item
        if recording.keep_at_vendor or self._trial:
            self._catalog.due_work.stay(keeper.lease, for_trial=self._trial)
            return
        if not just_archived:
            check_kept(self._bucket, recording)
            keeper.renew()  # that took its time
        self._vendor.delete(recording.account_sid, recording.sid)
        self._at(Step.DELETED)
        self._commit(lambda: self._catalog.due_work.finish(keeper.lease, State.RELEASED))
        self._at(Step.RELEASED)

    def _begin_to_destroy(self, keeper: LeaseKeeper[Recording]) -> bool:
        """Commit that its bytes go now. False if it is held, and the lease is given back."""
        keeper.heartbeat()
        try:
            keeper.lease = self._catalog.due_work.destroy(keeper.lease, keeper.now())
        except LeaseLost:
            if not self._catalog.holds.is_held(keeper.lease.item.sid):
                raise
            log.info("%s: it is held: nothing more of it is destroyed", keeper.lease.item.sid)
            self._catalog.due_work.give_back(keeper.lease)
            return False
        return True

    def _complete_facts(self, keeper: LeaseKeeper[Recording]) -> None:
        """Ask the vendor for what no callback said: without a duration nothing can be verified."""
        recording = keeper.lease.item
        if recording.started_at is None or recording.duration is None:
            try:
                found = self._vendor.recording(recording.account_sid, recording.sid)
            except NotAtVendor as error:
                raise MediaNotReady(f"Twilio does not know {recording.sid} yet.") from error
            keeper.lease = self._catalog.due_work.describe(keeper.lease, found)
            told = keeper.lease.item
            if told.started_at is None or (told.duration is None and not told.accepted):
                raise MediaNotDescribed(f"Twilio does not say yet when {told.sid} began, or ended")

    def _ask_why(self, keeper: LeaseKeeper[Recording], error: MediaNotReady) -> None:
        """The media is not there: not yet, or never? Ask for the recording itself."""
        recording = keeper.lease.item
        try:
            found = self._vendor.recording(recording.account_sid, recording.sid)
        except NotAtVendor as gone_error:
            before = recording.last_error.startswith(MediaNotReady.__name__)
            if recording.attempts < TRIES_BEFORE_LOST or not before:
                raise MediaNotReady(f"Twilio does not know {recording.sid} yet") from gone_error
            if self._rescue(keeper):
                return
            gone = "Twilio no longer had it before it could be copied."
            log.error("%s: lost: %s", recording.sid, gone)
            self._catalog.due_work.finish(keeper.lease, State.LOST, gone)
            return
        if not found.external:
            raise error
        log.error("%s: external: Twilio put it into your own storage", recording.sid)
        self._catalog.due_work.finish(
            keeper.lease, State.EXTERNAL, "Its media is in external storage."
        )
