"""Recordings: heard, taken out, converted, looked at, compared; paused while they run."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial

from twirec.audio.conversion import plan
from twirec.audio.drawing import LABELS, svg
from twirec.audio.ffmpeg import find_ffmpeg
from twirec.audio.formats import find_format
from twirec.audio.waveform import ALIKE, customer_first, judged, measure, mostly_customers
from twirec.calls.who_hears import as_agent
from twirec.catalog import Catalog
from twirec.custody.audit import AuditTrail
from twirec.custody.listening import CheckedBucket, Listening
from twirec.derivatives.derivatives import Derivatives
from twirec.model import cards
from twirec.model.access import (
    OURSELVES,
    Actor,
    Deed,
    acting,
    asking,
    check,
    check_known,
    may_ever,
    outline,
)
from twirec.model.audio import WAV_TYPE, Channels, ConversionSpec, ReadBytes, Sound
from twirec.model.audio_stream import AudioStream
from twirec.model.audit import Action, AuditDraft, AuditOutcome, Detail
from twirec.model.bucket import Difference, Fingerprint
from twirec.model.errors import BytesDiffer, CatalogError, InvalidQuery, ObjectNotFound
from twirec.model.given import understood, whole, word
from twirec.model.records import Pause, Recording
from twirec.model.sids import CallOrRecordingSid, RecordingSid
from twirec.model.vocabulary import Role
from twirec.model.waveform import SoundWarning, Waveform
from twirec.settings import Settings
from twirec.transfers.marked_bucket import MarkedBucket
from twirec.webhooks.pausing import Pausing

log = logging.getLogger("twirec.archive.recordings")

FAILED = AuditOutcome.FAILED

HEARD = {False: Deed.LISTEN, True: Deed.DOWNLOAD}
"""What somebody does who hears something or, where True, gets a file of their own."""


def agent_of(actor: Actor, settings: Settings) -> Actor:
    """Return somebody as the agent they are, if the company lets these hear their own calls."""
    return as_agent(actor, settings.country, hears_own=settings.agents_hear_their_own)


class Originals:
    """Reads what was archived, and compares all of it with what was archived.

    Attributes:
        listening: lets it leave.

    Args:
        settings: the company's zone, and which ffmpeg there is.
        catalog: what may leave.
        bucket: where the bytes are kept.
        trail: where a difference is entered.
        now: the clock, UTC.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        bucket: Callable[[], MarkedBucket],
        trail: AuditTrail,
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._bucket = bucket
        self._trail = trail
        self._now = now
        self.listening = Listening(catalog.listenings, now)

    def ffmpeg(self) -> str:
        """Return which ffmpeg converts.

        Raises:
            AudioToolsMissing: there is none.
        """
        return find_ffmpeg(self._settings.ffmpeg)

    def reader(self, recording: Recording, actor: Actor = OURSELVES) -> ReadBytes:
        """Return what reads what is heard of a recording, and compares it with what was put there.

        That is the recording as it was archived, or its copy without card numbers: which is the
        same file, but for silence where one is spoken.
        """
        return self.checked(recording.sid, actor).reader(self.heard(recording))

    def sound(self, recording: Recording, actor: Actor = OURSELVES) -> Sound:
        """Return what `reader` reads, and which object that is."""
        what = self.heard(recording)
        return Sound(what.sha256 or "", self.checked(recording.sid, actor).reader(what))

    def as_recorded(self, recording: Recording, actor: Actor = OURSELVES) -> ReadBytes:
        """Return what reads a recording as it was archived, whatever is heard of it."""
        return self.checked(recording.sid, actor).reader(recording.fingerprint)

    def heard(self, recording: Recording) -> Fingerprint:
        """Return the object that is heard, taken out and converted of a recording."""
        return cards.heard(recording, self._catalog.cards.get(recording.sid))

    def checked(self, sid: str, actor: Actor) -> CheckedBucket:
        """Return what reads objects of a recording, and enters what differs under a name.

        Args:
            sid: of the recording, `RE…`.
            actor: who reads.
        """
        return CheckedBucket(self._bucket(), partial(self.differs, sid, actor))

    def differs(self, sid: str, actor: Actor, object_name: str, why: str) -> None:
        """Write down that an object is not what was put there. The error follows in any case.

        Args:
            sid: of the recording, `RE…`.
            actor: who read it.
            object_name: in the bucket.
            why: what differs, or that it is gone.
        """
        log.error("%s: %s is not what was put there: %s", sid, object_name, why)
        # without its folders: the audit log takes a day for a number
        detail = {"object": object_name.rpartition("/")[2], "why": why}
        draft = self._trail.draft(Action.DIFFERS, actor, sid=sid, outcome=FAILED, detail=detail)
        try:
            self._catalog.operations.note_difference(
                Difference(object_name, sid, why, draft.at), draft
            )
        except CatalogError as error:
            log.error("%s: that could not be written down: %s", sid, error)

    def get(self, sid: str, actor: Actor, deed: Deed) -> Recording:
        """Return a recording with which somebody may do something.

        Args:
            sid: `RE…`.
            actor: who wants it.
            deed: what they want of it.

        Raises:
            NotFound: the catalog has no such recording, or they may not know of it.
            CustodyRefused: they may not, or there is nothing in this state.
        """
        actor = self.agent_of(actor)
        recording = self._catalog.recordings.get(sid)
        check(actor, recording, deed, own=self._catalog.recordings.is_own(actor, sid))
        return recording

    def agent_of(self, actor: Actor) -> Actor:
        """Return somebody as the agent they are, if one hears their own calls here."""
        return agent_of(actor, self._settings)

    @contextmanager
    def hearing(
        self, sid: str, actor: Actor, *, download: bool, purpose: str | None
    ) -> Iterator[AuditDraft]:
        """Give the entry of somebody who hears a recording or takes it out, which says what for.

        What fails meanwhile is on the audit log, as of `AuditTrail.attempt`.

        Args:
            sid: `RE…`.
            actor: who wants it.
            download: whether they get a file of their own, instead of only hearing it.
            purpose: what for; None where nobody has to say it.

        Raises:
            InvalidQuery: the purpose is not on the list, or it has to be said.
        """
        purposes = self._settings.purposes
        action = Action.DOWNLOAD if download else Action.LISTEN
        word = purposes.find(purpose)
        detail: Detail = {"purpose": word} if word else {}
        with self._trail.attempt(action, actor, sid, detail) as draft:
            purposes.check(purpose)
            yield draft

    def file_name(
        self, recording: Recording, extension: str, spec: ConversionSpec | None = None
    ) -> str:
        """Return number and local time, of characters that are safe in a header and on a disk.

        What was made of it says what part of it that is.
        """
        line = self._catalog.ledger.line(recording.account_sid, recording.call_sid or "")
        number = line.customer_number if line and line.number_known else recording.sid
        start = recording.started_at
        zone = self._settings.timezone
        local = f"{start.astimezone(zone):%Y-%m-%d_%H-%M-%S}" if start else ""
        parts = [number, local, spec.suffix if spec else ""]
        return re.sub(r"[^0-9A-Za-z+._-]", "_", "_".join(filter(None, parts))) + f".{extension}"

    def maker(self, actor: Actor = OURSELVES) -> Derivatives:
        """Return what makes and deletes derivatives.

        Args:
            actor: who has them made; a difference of their original is entered under that name.
        """
        sounds = partial(self.sound, actor=actor)
        return Derivatives(self._catalog, self._bucket(), sounds, self.ffmpeg, self._now)


def span(what: str, size: int, start: int, end: int | None) -> tuple[int, int]:
    """Return the bytes from which and before which to read (RFC 9110, section 14.1.2).

    Raises:
        InvalidQuery: there are none such.
    """
    end = size if end is None else min(end, size)
    if start < 0 or end < start or start >= size > 0:
        raise InvalidQuery(f"start, end: {what} has bytes 0 to {size}.")
    return start, end


@understood
class Recordings:
    """What was recorded: original bytes are never replaced, and leave only checked.

    Args:
        catalog: what is known of them.
        originals: what reads them.
        pausing: what pauses those that run.
        trail: who has what.
        now: the clock, UTC.
    """

    def __init__(
        self,
        catalog: Catalog,
        originals: Originals,
        pausing: Pausing,
        trail: AuditTrail,
        now: Callable[[], datetime],
    ) -> None:
        self._catalog = catalog
        self._originals = originals
        self._pausing = pausing
        self._trail = trail
        self._now = now

    def get(self, sid: RecordingSid, *, by: Actor | str | None = None) -> Recording:
        """Return what somebody may know of a recording.

        Args:
            sid: `RE…`.
            by: who asks; None for somebody without a role: the last column of docs/access.md.

        Returns:
            The recording; without its details, such as its object's name, if these are not for
            them.

        Raises:
            InvalidQuery: the SID is none of a recording.
            NotFound: the catalog has no such recording, or they may not know of it.
        """
        actor = self._originals.agent_of(asking(by))
        recording = self._catalog.recordings.get(sid)
        own = self._catalog.recordings.is_own(actor, sid)
        check_known(actor, recording, own=own)
        return outline(actor, recording, own=own)

    def left_alone(self, sid: RecordingSid, *, by: Actor | str | None = None) -> bool:
        """Return whether a recording stays at Twilio because it is not proven to be the company's.

        Args:
            sid: `RE…`.
            by: who asks; None for somebody without a role: the last column of docs/access.md.

        Raises:
            InvalidQuery: the SID is none of a recording.
            NotFound: the catalog has no such recording, or they may not know of it.
        """
        return self._catalog.foreign.is_left_alone(self.get(sid, by=by).sid)

    def open(
        self,
        sid: RecordingSid,
        start: int = 0,
        end: int | None = None,
        *,
        by: Actor | str,
        download: bool = False,
        purpose: str | None = None,
    ) -> AudioStream:
        """Return the bytes of a recording, or a range of them, as a stream.

        They are those that were archived; where card numbers were cut out, those of the copy
        without them: the same file, but for silence in their place.

        It is on the audit log before the first byte is read; so is an attempt that is refused.

        Args:
            sid: of the recording, `RE…`.
            start: the first byte.
            end: the byte to end before; None, or one past the end, for the file's end.
            by: who hears it.
            download: whether they get a file of their own, instead of only hearing it.
            purpose: what for, one of `TWIREC_PURPOSES`; where that is set, it has to be said.

        Raises:
            NotFound: the catalog has no such recording.
            CustodyRefused: it may not leave.
            InvalidQuery: the range or the purpose is none; the message names the fix.
            BytesDiffer: the bucket holds something else than was archived; of a whole recording
                perhaps only instead of its last bytes.
            BucketError: the bucket does not give it.
        """
        actor = acting(by)
        alone = download or (start == 0 and end is None)
        heard = self._originals.hearing(sid, actor, download=download, purpose=purpose)
        with heard as draft:
            recording = self._originals.get(sid, actor, HEARD[download])
            whole("start", start, 0, 2**63 - 1, "bytes")
            if end is not None:
                whole("end", end, 0, 2**63 - 1, "bytes")
            size = recording.size or 0
            start, end = span(sid, size, start, end)
            read = self._originals.reader(recording, actor)
        return self._originals.listening.stream(
            replace(draft, detail={**draft.detail, "of": size}),
            recording.object_name or "",
            partial(read, start, end),
            content_type=WAV_TYPE,
            file_name=self._originals.file_name(recording, "wav"),
            size=size,
            span=(start, end),
            alone=alone,
        )

    def convert(
        self,
        sid: RecordingSid,
        *,
        format: str = "mp3",
        channels: Channels | str = Channels.BOTH,
        start: float = 0.0,
        end: float | None = None,
        bitrate: int | None = None,
        rate: int | None = None,
        normalise: bool = False,
        trim_silence: bool = False,
        by: Actor | str,
        download: bool = True,
        purpose: str | None = None,
    ) -> AudioStream:
        """Return a recording, or a cut of it, in another format, as a stream.

        What is asked for is checked at once, and is on the audit log before the first byte is
        read; so is an attempt that is refused. ffmpeg starts with the first bytes that are read,
        and ends when the stream is closed.

        Args:
            sid: of the recording, `RE…`.
            format: its name, such as `mp3`, `opus` or `flac`; `docs/audio.md` has them all.
            channels: `both`, `mixed`, `customer`, `agent`, `without_agent` or `without_customer`.
            start, end: the span, in seconds of the recording; `end` None for its end.
            bitrate: kbit/s of all channels together; None for the format's usual one.
            rate: samples per second; None for the recording's own.
            normalise: bring loudness to -23 LUFS (EBU R128).
            trim_silence: leave out silence at the beginning, and of pauses all but a second.
            by: who gets it.
            download: whether they get a file of their own, instead of only hearing it.
            purpose: what for, one of `TWIREC_PURPOSES`; where that is set, it has to be said.

        Raises:
            NotFound: the catalog has no such recording.
            CustodyRefused: it may not leave.
            InvalidQuery: it cannot be had like that; the message names the fix.
            MediaError: what the bucket holds is not, or not all of, a WAV file.
            BytesDiffer: the bucket holds something else than was archived; perhaps only while
                reading.
            BucketError: the bucket does not give it.
            ConversionFailed: while reading: ffmpeg failed.
            AudioToolsMissing: the extra `audio` is not installed.
        """
        actor = acting(by)
        heard = self._originals.hearing(sid, actor, download=download, purpose=purpose)
        with heard as draft:
            more = (start, end, bitrate, rate, normalise, trim_silence)
            spec = ConversionSpec(format.lower(), word(Channels, "channels", channels), *more)
            recording = self._originals.get(sid, actor, HEARD[download])
            read = self._originals.reader(recording, actor)
            plan_ = plan(read, recording.size or 0, recording.roles, spec)
            chunks = plan_.chunks(self._originals.ffmpeg)
        made = find_format(spec.format)
        return self._originals.listening.stream(
            replace(draft, detail={**draft.detail, **spec.detail}),
            recording.object_name or "",
            lambda: chunks,
            content_type=made.content_type,
            file_name=self._originals.file_name(recording, made.extension, spec),
            alone=True,
        )

    def compare(self, sid: RecordingSid, *, by: Actor | str) -> list[str]:
        """Compare a recording, and all that was made of it, with what was archived.

        All bytes are read, in constant memory; none leaves, so it may be done in any custody. What
        was known to differ and is right again, such as after a backup was brought back, is settled.
        What was made of it and differs is deleted, and made anew when it is wanted.

        Args:
            sid: of the recording, `RE…`.
            by: who asks for it.

        Returns:
            The objects that were deleted.

        Raises:
            NotFound: the catalog has no such recording.
            CustodyRefused: it is not in the bucket.
            BytesDiffer: the recording itself is something else than was archived.
            BucketError: the bucket does not give it.
        """
        actor, deleted = acting(by), list[str]()
        with self._trail.attempt(Action.COMPARE, actor, sid):
            recording = self._originals.get(sid, actor, Deed.COMPARE)
        with self._trail.outside(Action.COMPARE, actor, sid) as done:
            checked = self._originals.checked(sid, actor)
            _read_all(checked.open(recording.fingerprint))
            for made in self._catalog.derivatives.of(sid):
                if made.made_at is None:
                    continue
                try:
                    _read_all(checked.open(made.fingerprint))
                except (BytesDiffer, ObjectNotFound):
                    self._originals.maker().delete(made.object_name)
                    deleted.append(made.object_name)
            cut = self._catalog.cards.get(sid)
            if cut is not None and cut.fingerprint is not None:
                try:
                    _read_all(checked.open(cut.fingerprint))
                except (BytesDiffer, ObjectNotFound):
                    self._originals.maker().delete(cut.fingerprint.object_name)
                    self._catalog.cards.again(sid, cut.fingerprint.object_name, self._now())
                    deleted.append(cut.fingerprint.object_name)
            kept = self._catalog.transcripts.get(sid)
            if kept is not None and kept.object_name is not None:
                try:
                    _read_all(checked.open(kept.fingerprint))
                except (BytesDiffer, ObjectNotFound):
                    self._originals.maker().delete(kept.object_name)
                    deleted.append(kept.object_name)
            detail = {**done.detail, **({"deleted": len(deleted)} if deleted else {})}
            entry = replace(done, at=self._now(), detail=detail)
            self._catalog.operations.settle_differences(sid, entry, deleted)
        return deleted

    def waveform(self, sid: RecordingSid, *, by: Actor | str | None = None) -> Waveform:
        """Return how loud a recording is, who speaks when in it, and what looks wrong with it.

        It was measured when the recording was archived. If that is lost, such as after the catalog
        was rebuilt, the recording is read once more from the bucket, in constant memory.

        Args:
            sid: of the recording, `RE…`.
            by: who asks; None for somebody without a role: the last column of docs/access.md.

        Raises:
            NotFound: the catalog has no such recording, or they may not know of it.
            CustodyRefused: it may not leave.
            MediaError: what is in the bucket is no WAV file that can be measured.
            BytesDiffer: it is something else than was archived.
            BucketError: the bucket does not give it.
        """
        recording = self._originals.get(sid, asking(by), Deed.WAVEFORM)
        waveform = self._catalog.waveforms.get(sid)
        if waveform is None:
            waveform = measure(self._originals.reader(recording)(0, None))
            self._catalog.waveforms.keep(sid, waveform)
        known = judged(waveform, recording)
        if customer_first(known) and mostly_customers(
            self._catalog.waveforms.first_speakers(recording, ALIKE)
        ):
            return replace(known, warnings=(*known.warnings, SoundWarning.PERHAPS_SWAPPED))
        return known

    def draw_waveform(
        self,
        sid: RecordingSid,
        *,
        width: int = 800,
        height: int = 120,
        title: str = "",
        labels: Mapping[Role, str] = LABELS,
        by: Actor | str | None = None,
    ) -> str:
        """Return a recording's waveform as an SVG element, the customer above, the agent below.

        It holds neither scripts nor styles. See `twirec.audio.drawing.svg` for its classes.

        Args:
            sid: of the recording, `RE…`.
            width, height: pixels, 40 to 10,000.
            title: what a screen reader says; by default its length and who speaks how much.
            labels: what customer and agent are called in the default title; whom it leaves out is
                called `customer` or `agent`.
            by: who asks; None for somebody without a role: the last column of docs/access.md.

        Raises:
            InvalidQuery: width or height is out of bounds.
            TwirecError: as `waveform`.
        """
        known = self.waveform(sid, by=by)
        return svg(known, width=width, height=height, title=title, labels=labels)

    def pause(
        self, sid: CallOrRecordingSid, *, by: Actor | str, calls: Sequence[str] | None = None
    ) -> list[Pause]:
        """Pause what is recorded of a call: all that can be paused are, before an error is raised.

        It is on the audit log as tried before Twilio is asked, and as what came of it after.

        Args:
            sid: of the call, or of a leg of it, `CA…`; or of one of its recordings, `RE…`.
            by: who asks for it.
            calls: the SIDs that `webhooks.pausing.calls_of` gave for it, if it was asked before.

        Returns:
            The pauses that begin, one for each recording.

        Raises:
            NotFound: no recording of it is in progress, or they may not know of it.
            CustodyRefused: it is not for them.
            NotPaused: Twilio did not say that it is paused; suppose that it records.
            VendorError: Twilio refused, or did not answer; suppose that it records.
            CatalogError: it could not be written down; if before, nothing was asked of Twilio.
        """
        actor = acting(by)
        with self._trail.outside(Action.PAUSE, actor, sid) as done:
            return self._pausing.pause(
                sid, by=actor.name, audited=partial(self._of, actor, done), calls=calls
            )

    def resume(
        self, sid: CallOrRecordingSid, *, by: Actor | str, calls: Sequence[str] | None = None
    ) -> list[str]:
        """Let what is recorded of a call go on: all that can do, before an error is raised.

        It is on the audit log as tried before Twilio is asked, and as what came of it after.

        Args:
            sid: of the call, or of a leg of it, `CA…`; or of one of its recordings, `RE…`.
            by: who asks for it.
            calls: the SIDs that `webhooks.pausing.calls_of` gave for it, if it was asked before.

        Returns:
            The SIDs of the recordings that go on.

        Raises:
            NotFound: no recording of it is in progress, or they may not know of it.
            CustodyRefused: it is not for them.
            NotResumed: Twilio did not say that it goes on.
            VendorError: Twilio refused, or did not answer.
            CatalogError: it could not be written down; if before, nothing was asked of Twilio.
        """
        actor = acting(by)
        with self._trail.outside(Action.RESUME, actor, sid) as done:
            return self._pausing.resume(sid, audited=partial(self._of, actor, done), calls=calls)

    def _of(self, actor: Actor, done: AuditDraft, recording: Recording) -> AuditDraft:
        """Return the entry for one of the recordings that are paused, or go on.

        Raises:
            NotFound: they may not know of it.
            CustodyRefused: it is not for them.
        """
        if not may_ever(actor, Deed.PAUSE, recording.custody):
            check(actor, recording, Deed.PAUSE)
        return replace(done, at=self._now(), sid=recording.sid)


def _read_all(chunks: Iterator[bytes]) -> None:
    for _ in chunks:
        pass
