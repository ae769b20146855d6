"""What comes in from the vendor: counted, summed and checked while it streams."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator

from twirec.audio.wav import WavCheck
from twirec.model.bucket import StoredObject
from twirec.model.crc32c import Crc32c
from twirec.model.errors import MediaTruncated, VerificationFailed
from twirec.model.records import Recording
from twirec.model.vendor import Media
from twirec.model.waves import Waveform
from twirec.transfers.comparing import verify
from twirec.transfers.ear import Ear


class Intake:
    """A recording on its way through: each chunk is seen once, none is kept.

    Args:
        media: the open download.
        recording: what the vendor says of it.
        beat: called before each chunk is passed on; may raise to stop.
    """

    def __init__(self, media: Media, recording: Recording, beat: Callable[[], None]) -> None:
        self._media = media
        self._recording = recording
        self._beat = beat
        self._sha256 = hashlib.sha256()
        self._crc32c = Crc32c()
        self._wav = WavCheck()
        self._ear = Ear(recording.sid)
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
    def waveform(self) -> Waveform | None:
        """What was heard, after the last byte; None if that could not be measured."""
        return self._ear.waveform()

    def chunks(self) -> Iterator[bytes]:
        """Pass the bytes on.

        Raises:
            NotAudio: as soon as the bytes cannot be a PCM WAV file.
        """
        for chunk in self._media.chunks:
            self._beat()
            samples = self._wav.feed(chunk)
            self._sha256.update(chunk)
            self._crc32c.update(chunk)
            self.size += len(chunk)
            self._ear.hear(self._wav.format, samples)
            yield chunk

    def seal(self) -> dict[str, str]:
        """Check what was received and return the labels that are known only now.

        Raises:
            NotAudio, MediaTruncated, MediaMismatch: it is not the recording.
        """
        announced = self._media.content_length
        if announced is not None and announced != self.size:
            raise MediaTruncated(f"{self.size} bytes arrived of {announced}.")
        facts = self._wav.facts()
        verify(facts, channels=self._media.channels, duration=self._recording.duration)
        return {
            "sha256": self.sha256,
            "channels": str(facts.channels),
            "channel_map": json.dumps(self._recording.roles(facts.channels)),
            "size": str(self.size),
            "crc32c": self.crc32c,
        }

    def drain(self) -> dict[str, str]:
        """Read to the end what nobody took, and seal it."""
        for _ in self.chunks():
            pass
        return self.seal()

    def verify(self, stored: StoredObject) -> None:
        """Compare the bucket's own answer with what was received.

        Raises:
            VerificationFailed: size or checksum is missing or differs.
        """
        if stored.size != self.size or stored.crc32c != self.crc32c:
            raise VerificationFailed(
                f"The bucket holds {stored.size} bytes with CRC32C {stored.crc32c}; "
                f"received were {self.size} with {self.crc32c}."
            )
