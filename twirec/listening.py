"""What leaves an archive to be heard: originals, and what is made of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

from twirec.adapters.sql.catalog import SqlCatalog
from twirec.audio.conversion import Plan, plan
from twirec.audio.ffmpeg import find_ffmpeg
from twirec.audio.formats import find_format
from twirec.auditing import Auditing
from twirec.model.audio import Asked, Channels
from twirec.model.audit import Action, AuditDraft, Detail
from twirec.model.errors import CustodyRefused, InvalidQuery, NotFound
from twirec.model.given import seconds, text, whole, word
from twirec.model.ports import Bucket
from twirec.model.reading import Reading
from twirec.model.records import Recording
from twirec.model.states import STORED, Custody
from twirec.settings import Settings

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
    catalog: SqlCatalog
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
    ) -> Reading:
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
            BucketError: the bucket does not give it.
        """
        with self._attempt(hearing(download), by, sid, role=role) as done:
            recording = self._may_leave(sid)
            whole("start", start, 0, 2**63 - 1, "bytes")
            if end is not None:
                whole("end", end, 0, 2**63 - 1, "bytes")
            size = recording.size or 0
            start, end = span(sid, size, start, end)
        self._audit(done, {"start": start, "end": end})
        return Reading(
            self.bucket.open_range(recording.object_name or "", start, end),
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
    ) -> Reading:
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
            BucketError: the bucket does not give it.
            ConversionFailed: while reading: ffmpeg failed.
            AudioToolsMissing: the extra `audio` is not installed.
        """
        with self._attempt(hearing(download), by, sid, role=role) as done:
            asked = Asked(
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
            chunks = self._plan(recording, asked).chunks(self._ffmpeg)
        self._audit(done, asked.detail)
        made = find_format(asked.format)
        return Reading(
            chunks,
            content_type=made.content_type,
            file_name=self._file_name(recording, made.extension),
        )

    def _plan(self, recording: Recording, asked: Asked) -> Plan:
        read = partial(self.bucket.open_range, recording.object_name or "")
        return plan(read, recording.size or 0, recording.roles, asked)

    def _ffmpeg(self) -> str:
        return find_ffmpeg(self.settings.ffmpeg)

    def _audit(self, done: AuditDraft, detail: Detail) -> None:
        self.catalog.append_audit(replace(done, detail=detail))

    def _may_leave(self, sid: str) -> Recording:
        recording = self.catalog.recording(sid)
        if recording.state not in STORED:
            raise CustodyRefused(f"{sid} is {recording.state}: there is nothing to hear.")
        if recording.custody is not Custody.ACTIVE:
            raise CustodyRefused(f"{sid} is {recording.custody}: it may not leave.")
        return recording

    def _file_name(self, recording: Recording, extension: str) -> str:
        """Return number and local time, of characters that are safe in a header and on a disk."""
        try:
            number = self.catalog.find(recording.sid).call.customer_number
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
