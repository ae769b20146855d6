"""Derivatives: made once, kept beside their originals, and gone with them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from contextlib import closing, suppress
from datetime import datetime, timedelta

from twirec.audio.conversion import plan
from twirec.audio.formats import find_format
from twirec.catalog import Catalog
from twirec.derivatives.putting import put_made
from twirec.jobs.worker import LeaseKeeper
from twirec.model import cards
from twirec.model.audio import ConversionSpec, Sound
from twirec.model.audit import AuditDraft
from twirec.model.bucket import StoredObject
from twirec.model.derivatives import Derivative, derivative_name
from twirec.model.errors import (
    BucketError,
    CustodyRefused,
    LeaseLost,
    ObjectExists,
    ObjectNotFound,
    VerificationFailed,
)
from twirec.model.ports import Bucket, delete_named
from twirec.model.records import Recording

log = logging.getLogger("twirec.derivatives")

SCHEMA = "1"
"""The version of the labels."""

Chunks = Generator[bytes, None, None]

AT_ONCE = 100
"""How many expired ones are deleted in one turn."""


class Derivatives:
    """Makes derivatives, and deletes what expired.

    The row is written before the object and completed after it. Whoever erases the original in
    between deletes what there is; who finds then that the original is gone deletes what they made.
    So does who finds that another sound is heard of it by now, as a card number was cut out.

    Args:
        catalog: where they are written down.
        bucket: where they are kept.
        sounds: returns what is heard of a recording.
        ffmpeg: returns the path of ffmpeg.
        now: the clock, UTC.
    """

    def __init__(
        self,
        catalog: Catalog,
        bucket: Bucket,
        sounds: Callable[[Recording], Sound],
        ffmpeg: Callable[[], str],
        now: Callable[[], datetime],
    ) -> None:
        self._catalog = catalog
        self._bucket = bucket
        self._sounds = sounds
        self._ffmpeg = ffmpeg
        self._now = now

    def make(
        self,
        recording: Recording,
        spec: ConversionSpec,
        keep_for: timedelta | None,
        keeper: LeaseKeeper[Derivative] | None = None,
        audited: AuditDraft | None = None,
    ) -> Derivative:
        """Return a derivative that the bucket holds, making it if it does not.

        Args:
            recording: the original, which is archived.
            spec: what is wanted.
            keep_for: how long, from now; None for as long as the original.
            keeper: holds the lease of the worker that makes it; None if somebody asked for it.
            audited: the entry of the audit log that says that it is done; None where nobody asked.

        Raises:
            LeaseLost: another worker makes it, or what is heard of the recording changed meanwhile.
            Stopped: the worker was asked to stop.
            CustodyRefused: the original may not leave, or was erased meanwhile.
            InvalidQuery: it cannot be had like that.
            MediaError: the original is damaged.
            ConversionFailed: ffmpeg failed.
            BucketError: the bucket does not take it.
        """
        if keeper is None:
            with suppress(LeaseLost):  # what is heard changed: once more, of what is heard now
                return self._make(recording, spec, keep_for, None, audited)
        return self._make(recording, spec, keep_for, keeper, audited)

    def _make(
        self,
        recording: Recording,
        spec: ConversionSpec,
        keep_for: timedelta | None,
        keeper: LeaseKeeper[Derivative] | None,
        audited: AuditDraft | None,
    ) -> Derivative:
        now = self._now()
        sound = self._sounds(recording)
        content = plan(sound.read, recording.size or 0, recording.roles, spec).chunks(self._ffmpeg)
        lease = keeper.lease if keeper is not None else None
        begun = self._catalog.derivatives.begin(
            Derivative(
                derivative_name(recording, spec, find_format(spec.format).extension, sound.sha256),
                recording.sid,
                sound.sha256,
                spec.format,
                spec.words,
                begun_at=now,
                expires_at=None if keep_for is None else now + keep_for,
            ),
            lease,
        )
        if begun.made_at is not None:
            if self._is_there(begun):
                if audited:
                    self._catalog.audit.append(audited)
                return begun
            self.delete(begun.object_name)  # something else is there, or nothing
        if keeper is not None:
            content = _kept_up(content, keeper)
        stored = self._put(recording, spec, begun, content)
        lease = keeper.lease if keeper is not None else None  # renewed meanwhile
        made = self._catalog.derivatives.made(
            begun.object_name, stored, self._now(), lease, audited
        )
        if made is None:
            self._bucket.delete(stored.name, stored.generation)
            heard = cards.heard(recording, self._catalog.cards.get(recording.sid))
            if (heard.sha256 or "") != sound.sha256:
                raise LeaseLost(f"A card number was cut out of {recording.sid} meanwhile.")
            raise CustodyRefused(f"{recording.sid} was erased meanwhile; nothing of it was kept.")
        return made

    def expire(self) -> int:
        """Delete those that expired, and return how many.

        If the bucket does not answer, a sweep deletes what is left.
        """
        expired = self._catalog.derivatives.take_expired(self._now(), AT_ONCE)
        for derivative in expired:
            try:
                self.delete(derivative.object_name)
            except BucketError as error:  # of one object: a sweep deletes what is left over
                log.warning("%s: an expired copy stays: %s", derivative.recording_sid, error)
        return len(expired)

    def delete(self, object_name: str) -> None:
        """Delete an object; done already if it is not there."""
        delete_named(self._bucket, object_name)

    def _is_there(self, derivative: Derivative) -> bool:
        try:
            stored = self._bucket.stat(derivative.object_name)
        except ObjectNotFound:
            return False
        held = (stored.generation, stored.size, stored.crc32c)
        return held == (derivative.generation, derivative.size, derivative.crc32c)

    def _put(
        self, recording: Recording, spec: ConversionSpec, begun: Derivative, content: Chunks
    ) -> StoredObject:
        labels = {
            "schema": SCHEMA,
            "recording_sid": recording.sid,
            "original_sha256": recording.sha256 or "",
            "format": spec.format,
            "asked": spec.words,
        }
        if begun.sha256 != labels["original_sha256"]:
            labels["heard_sha256"] = begun.sha256
        try:
            with closing(content):
                return put_made(
                    self._bucket,
                    begun.object_name,
                    content,
                    content_type=find_format(spec.format).content_type,
                    labels=labels,
                    custom_time=recording.started_at or begun.begun_at,
                )
        except ObjectExists:
            return self._compare(self._bucket.stat(begun.object_name), labels)

    def _compare(self, stored: StoredObject, labels: dict[str, str]) -> StoredObject:
        """Take what somebody else made at the same time, if it is the same."""
        wanted = {**labels, "size": str(stored.size)}
        if any(stored.labels.get(name) != value for name, value in wanted.items()):
            raise VerificationFailed(f"{stored.name} is there, and is not what was asked for.")
        return stored


def _kept_up(content: Chunks, keeper: LeaseKeeper[Derivative]) -> Chunks:
    """Give what is converted, and hold the lease meanwhile."""
    with closing(content):
        for chunk in content:
            keeper.heartbeat()
            yield chunk
