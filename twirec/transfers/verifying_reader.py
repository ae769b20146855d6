"""What comes in from the vendor: counted, summed, measured and checked while it streams."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from twirec.audio.wav import WavCheck, WavFacts, WavFormat
from twirec.audio.waveform import Meter
from twirec.model.bucket import StoredObject
from twirec.model.crc32c import Crc32c
from twirec.model.errors import (
    MediaError,
    MediaIsErrorPage,
    MediaMismatch,
    MediaTruncated,
    ObjectDiffers,
    VerificationFailed,
)
from twirec.model.records import Recording
from twirec.model.vendor import Media
from twirec.model.waveform import Waveform

TOLERANCE = 1.0
"""Seconds between the file and Twilio's duration, which is in whole seconds."""


def differences(facts: WavFacts, *, channels: int | None, duration: int | None) -> str:
    """Compare a file with what Twilio says of the recording.

    Args:
        facts: of the file.
        channels: that were asked for; None when any will do.
        duration: seconds, as Twilio gives them; None proves nothing, so it is a difference.

    Returns:
        All that differs, in sentences; of the duration more than a second. Empty if nothing does.
    """
    found = []
    if channels is not None and facts.channels != channels:
        found.append(f"The file has {facts.channels} channels, not {channels}.")
    if duration is None:
        found.append("Twilio does not say how long the recording is.")
    elif abs(facts.duration - duration) > TOLERANCE:
        found.append(f"The file lasts {facts.duration:.3f} s, not {duration} s.")
    return " ".join(found)


log = logging.getLogger("twirec.transfer")


class StreamMeter:
    """Measures how loud a recording is. It raises nothing: what it cannot measure, it leaves.

    Args:
        sid: of the recording, for the log.
    """

    def __init__(self, sid: str) -> None:
        self._sid = sid
        self._meter: Meter | None = None
        self._deaf = False

    def hear(self, form: WavFormat | None, samples: bytes) -> None:
        """Take the next samples."""
        if self._deaf or form is None or not samples:
            return
        with self._unharmed():
            self._meter = self._meter or Meter(form)
            self._meter.feed(samples)

    def waveform(self) -> Waveform | None:
        """Return what was heard, after the last sample; None if it could not be measured."""
        found: Waveform | None = None
        with self._unharmed():
            if self._meter is not None and not self._deaf:
                found = self._meter.waveform()
        return found

    @contextmanager
    def _unharmed(self) -> Iterator[None]:
        """Let whatever goes wrong in here end the listening, and nothing else."""
        try:
            yield
        except MediaError as error:
            self._deaf = True
            log.warning("%s: without a waveform: %s", self._sid, error)
        except Exception:
            self._deaf = True
            log.exception("%s: without a waveform, by an error of ours", self._sid)


WHITE = b"\xef\xbb\xbf \t\r\n"
PAGE_BEGINS = frozenset({b"<", b"{"})
"""How XML, HTML and JSON begin, after a byte order mark and white space; a WAV file never does."""


class VerifyingReader:
    """A recording on its way through: each chunk is seen once, none is kept.

    Args:
        media: the open download.
        recording: what the vendor says of it; more exactly, once it was asked again.
        heartbeat: called before each chunk is passed on; may raise to stop.
    """

    def __init__(self, media: Media, recording: Recording, heartbeat: Callable[[], None]) -> None:
        self._media = media
        self.recording = recording
        self._heartbeat = heartbeat
        self._sha256 = hashlib.sha256()
        self._crc32c = Crc32c()
        self._wav = WavCheck()
        self._meter = StreamMeter(recording.sid)
        self.size = 0

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes so far, in hex."""
        return self._sha256.hexdigest()

    @property
    def crc32c(self) -> str:
        """CRC32C of the bytes so far, as `StoredObject.crc32c` writes it."""
        return str(self._crc32c)

    @property
    def channels(self) -> int:
        """The channels of the file, after its last byte."""
        return self._wav.facts().channels

    @property
    def seconds(self) -> int:
        """The length of the file in whole seconds, after its last byte."""
        return round(self._wav.facts().duration)

    @property
    def waveform(self) -> Waveform | None:
        """What was heard, after the last byte; None if that could not be measured."""
        return self._meter.waveform()

    def chunks(self) -> Iterator[bytes]:
        """Pass the bytes on.

        Raises:
            MediaIsErrorPage: they begin as XML, HTML or JSON does.
            NotAudio: as soon as the bytes cannot be a PCM WAV file.
        """
        for chunk in self._media.chunks:
            self._heartbeat()
            if not self.size and chunk.lstrip(WHITE)[:1] in PAGE_BEGINS:
                raise MediaIsErrorPage("Twilio sent an error page instead of the audio")
            samples = self._wav.feed(chunk)
            self._sha256.update(chunk)
            self._crc32c.update(chunk)
            self.size += len(chunk)
            self._meter.hear(self._wav.format, samples)
            yield chunk

    def finish(self) -> dict[str, str]:
        """Check what was received and return the labels that are known only now.

        A difference that somebody accepted is none, if it is the very same.

        Raises:
            NotAudio, MediaTruncated, MediaMismatch: it is not the recording.
        """
        announced = self._media.content_length
        if announced is not None and announced != self.size:
            raise MediaTruncated(f"{self.size} bytes arrived of {announced}.")
        facts = self._wav.facts()
        duration = self.recording.duration
        if duration is None and self.recording.accepted:  # that Twilio never says it
            duration = self.seconds
        found = differences(facts, channels=self._media.channels, duration=duration)
        if found and not self._accepted(found):
            raise MediaMismatch(found)
        return {
            "sha256": self.sha256,
            "channels": str(facts.channels),
            "channel_map": json.dumps(self.recording.roles(facts.channels)),
            "duration_seconds": str(duration),
            "size": str(self.size),
            "crc32c": self.crc32c,
        }

    def _accepted(self, found: str) -> bool:
        accepted = self.recording.accepted
        return accepted is not None and accepted.despite == f"{MediaMismatch.__name__}: {found}"

    def read_rest(self) -> None:
        """Read to the end what nobody took."""
        for _ in self.chunks():
            pass

    def verify(self, stored: StoredObject) -> None:
        """Compare the bucket's own answer with what was received.

        Raises:
            VerificationFailed: size or checksum is missing or differs.
        """
        if not self._is(stored):
            raise VerificationFailed(self._other(stored))

    def compare(self, stored: StoredObject) -> None:
        """Compare what was received with an object that was there before.

        Raises:
            ObjectDiffers: it holds something else, which the next download will not change.
            VerificationFailed: the bucket does not say what it holds.
        """
        if not self._is(stored) and stored.size is not None and stored.crc32c is not None:
            raise ObjectDiffers(self._other(stored))
        self.verify(stored)

    def _is(self, stored: StoredObject) -> bool:
        return (stored.size, stored.crc32c) == (self.size, self.crc32c)

    def _other(self, stored: StoredObject) -> str:
        return (
            f"The bucket holds {stored.size} bytes with CRC32C {stored.crc32c}; "
            f"received were {self.size} with {self.crc32c}."
        )
