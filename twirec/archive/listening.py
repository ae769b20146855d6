"""What leaves an archive to be heard: originals, and what is made of them."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

from twirec.archive.audit import Auditing
from twirec.audio.conversion import plan
from twirec.audio.ffmpeg import find_ffmpeg
from twirec.audio.formats import find_format
from twirec.catalog import Catalog
from twirec.custody.checked import CheckedBucket
from twirec.model.audio import Channels, ConversionSpec, ReadBytes
from twirec.model.audio_stream import AudioStream
from twirec.model.audit import Action, AuditDraft, Detail
from twirec.model.bucket import Difference
from twirec.model.errors import CatalogError, CustodyRefused, InvalidQuery, NotFound
from twirec.model.given import seconds, text, whole, word
from twirec.model.ports import Bucket
from twirec.model.records import Recording
from twirec.model.states import STORED, Custody
from twirec.settings import Settings

log = logging.getLogger("twirec.archive.listening")

OURSELVES = "twirec"
"""By whom something is read that nobody asked for, such as to make a listening copy."""

ORIGINAL = "audio/x-wav"
"""The content type of originals."""


class Listening(Auditing):
    """The part of the archive that lets recordings be heard.

    Attributes:
        settings: the company's zone.
        catalog: what may leave.
        now: the clock, UTC.
    """

    settings: Settings
    catalog: Catalog
    now: Callable[[], datetime]

    @property
    def bucket(self) -> Bucket:
        """Where the bytes are kept."""
        raise NotImplementedError

    def open(
        self,
        sid: str,
        start: int = 0,
        end: int | None = None,
        *,
        by: str,
        role: str = "",
        download: bool = False,
    ) -> AudioStream:
        """Return the bytes of a recording as it was archived, or a range of them, as a stream.

        It is on the audit log before the first byte is read; so is an attempt that is refused.

        Args:
            sid: of the recording, `RE…`.
            start: the first byte.
            end: the byte to end before; None, or one past the end, for the file's end.
            by: who hears it.
            role: what they are in the app.
            download: whether they get a file of their own, instead of only hearing it.

        Raises:
            NotFound: the catalog has no such recording.
            CustodyRefused: it may not leave.
            InvalidQuery: the range is none; the message names the fix.
            BytesDiffer: the bucket holds something else than was archived; of a whole recording
                perhaps only instead of its last bytes.
            BucketError: the bucket does not give it.
        """
        with self._attempt(hearing(download), by, sid, role=role) as done:
            recording = self._may_leave(sid)
            whole("start", start, 0, 2**63 - 1, "bytes")
            if end is not None:
                whole("end", end, 0, 2**63 - 1, "bytes")
            size = recording.size or 0
            start, end = span(sid, size, start, end)
            read = self._original(recording, by, role)
        self._audit(done, {"start": start, "end": end})
        return AudioStream(
            read(start, end),
            content_type=ORIGINAL,
            file_name=self._file_name(recording, "wav"),
            size=size,
            start=start,
            end=end,
        )

    def convert(
        self,
        sid: str,
        *,
        format: str = "mp3",
        channels: Channels | str = Channels.BOTH,
        start: float = 0.0,
        end: float | None = None,
        bitrate: int | None = None,
        rate: int | None = None,
        normalise: bool = False,
        trim_silence: bool = False,
        by: str,
        role: str = "",
        download: bool = True,
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
            role: what they are in the app.
            download: whether they get a file of their own, instead of only hearing it.

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
        with self._attempt(hearing(download), by, sid, role=role) as done:
            asked = ConversionSpec(
                text("format", format).lower(),
                word(Channels, "channels", channels) or Channels.BOTH,
                seconds("start", start),
                None if end is None else seconds("end", end),
                None if bitrate is None else whole("bitrate", bitrate, 1, 10_000, "kbit/s"),
                None if rate is None else whole("rate", rate, 1, 1_000_000, "samples per second"),
                normalise,
                trim_silence,
            )
            recording = self._may_leave(sid)
            read = self._original(recording, by, role)
            plan_ = plan(read, recording.size or 0, recording.roles, asked)
            chunks = plan_.chunks(self._ffmpeg)
        self._audit(done, asked.detail)
        made = find_format(asked.format)
        return AudioStream(
            chunks,
            content_type=made.content_type,
            file_name=self._file_name(recording, made.extension),
        )

    def _original(self, recording: Recording, by: str = OURSELVES, role: str = "") -> ReadBytes:
        """Return what reads a recording's bytes, and compares them with what was archived."""
        return self._checked(recording.sid, by, role).reader(recording.fingerprint)

    def _checked(self, sid: str, by: str, role: str) -> CheckedBucket:
        return CheckedBucket(self.bucket, partial(self._differs, sid, by, role))

    def _differs(self, sid: str, by: str, role: str, object_name: str, why: str) -> None:
        """Write down that an object is not what was put there. The error follows in any case."""
        log.error("%s: %s is not what was put there: %s", sid, object_name, why)
        # without its folders: the audit log takes a day for a number
        detail = {"object": object_name.rpartition("/")[2], "why": why}
        draft = self._draft(Action.DIFFERS, by, role=role, sid=sid, ok=False, detail=detail)
        try:
            self.catalog.operations.note_difference(
                Difference(object_name, sid, why, draft.at), draft
            )
        except CatalogError as error:
            log.error("%s: that could not be written down: %s", sid, error)

    def _ffmpeg(self) -> str:
        return find_ffmpeg(self.settings.ffmpeg)

    def _audit(self, done: AuditDraft, detail: Detail) -> None:
        self.catalog.audit.append(replace(done, detail=detail))

    def _stored(self, sid: str) -> Recording:
        recording = self.catalog.recordings.get(sid)
        if recording.state not in STORED:
            raise CustodyRefused(f"{sid} is {recording.state}: there is nothing to hear.")
        return recording

    def _may_leave(self, sid: str) -> Recording:
        recording = self._stored(sid)
        if recording.custody is not Custody.ACTIVE:
            raise CustodyRefused(f"{sid} is {recording.custody}: it may not leave.")
        return recording

    def _file_name(self, recording: Recording, extension: str) -> str:
        """Return number and local time, of characters that are safe in a header and on a disk."""
        try:
            line = self.catalog.search.find(recording.sid).call
            number = line.customer_number if line.number_known else recording.sid
        except NotFound:
            number = recording.sid
        start = recording.started_at
        zone = self.settings.timezone
        parts = [number, f"{start.astimezone(zone):%Y-%m-%d_%H-%M-%S}" if start else ""]
        return re.sub(r"[^0-9A-Za-z+._-]", "_", "_".join(filter(None, parts))) + f".{extension}"


def hearing(download: bool) -> Action:
    """Return what is audited of somebody who hears something, or downloads it."""
    return Action.DOWNLOAD if download else Action.LISTEN


def span(what: str, size: int, start: int, end: int | None) -> tuple[int, int]:
    """Return the bytes from which and before which to read (RFC 9110, section 14.1.2).

    Raises:
        InvalidQuery: there are none such.
    """
    end = size if end is None else min(end, size)
    if start < 0 or end < start or start >= size > 0:
        raise InvalidQuery(f"start, end: {what} has bytes 0 to {size}.")
    return start, end
