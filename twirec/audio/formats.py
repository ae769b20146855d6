"""The formats, and what each can be asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from twirec.model.errors import InvalidQuery

_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_OPUS_RATES = (8000, 12000, 16000, 24000, 48000)
_AAC_RATES = (48000,)
"""AAC ends with a whole frame of 1024 samples: at 8 kHz that would be an eighth of a second."""
_AAC_FRAME = 1024

NEAR = 0.020
"""Seconds by which what is made may be longer than its recording, or a cut of it."""


class Head(StrEnum):
    """What has to be written before what ffmpeg gives: in a pipe it cannot come back for it."""

    NONE = "none"
    WAV = "wav"
    AIFF = "aiff"
    MP3 = "mp3"


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """A format that recordings are converted to.

    Attributes:
        name: what people ask for.
        extension: of files, without a dot.
        content_type: for HTTP.
        encoder: ffmpeg's options for codec and container.
        decoder: ffmpeg's name of the container.
        kbps: the usual kbit/s of a channel; 0 where a quality is usual; None where neither can be
            chosen.
        quality: ffmpeg's options for the usual quality.
        most_kbps: the most of all channels together.
        rates: samples per second that it can have.
        mono: whether it has one channel only.
        head: what is written before it.
        frame: samples of a channel that it codes together: it ends with a whole one.
    """

    name: str
    extension: str
    content_type: str
    encoder: str
    decoder: str
    kbps: int | None = None
    quality: str = ""
    most_kbps: int = 0
    rates: tuple[int, ...] = _RATES
    mono: bool = False
    head: Head = Head.NONE
    frame: int = 1

    def rate_for(self, own: int, wanted: int | None) -> int:
        """Return the sample rate to use for a recording with one of its own.

        Raises:
            InvalidQuery: the one that was asked for is none of the format's.
        """
        if wanted is None:
            return min((rate for rate in self.rates if rate >= own), default=self.rates[-1])
        if wanted not in self.rates:
            known = ", ".join(map(str, self.rates))
            raise InvalidQuery(f"rate: {self.name} has {known} samples per second.")
        return wanted

    def frames_for(self, wanted: int, rate: int) -> int:
        """Return how many samples to encode, so that the last frame adds no more than `NEAR`.

        A few at the end, some thousandths of a second, are left out where it would.
        """
        over = wanted % self.frame
        return wanted - over if 0 < over < self.frame - rate * NEAR < wanted else wanted

    def kbps_for(self, channels: int, wanted: int | None) -> int | None:
        """Return the bitrate to use, all channels together; None or 0 for the encoder's own.

        Raises:
            InvalidQuery: the one that was asked for is none of the format's.
        """
        if wanted is None:
            return self.kbps and self.kbps * channels
        if self.kbps is None:
            raise InvalidQuery(f"bitrate: that of {self.name} cannot be chosen: leave it out.")
        if not 6 <= wanted <= self.most_kbps:
            raise InvalidQuery(f"bitrate: {self.name} has 6 to {self.most_kbps} kbit/s.")
        return wanted


# Two channels are never coded as their sum and difference where that can be chosen: one side of a
# call would be heard on the other.
_MP3 = "-c:a libmp3lame -joint_stereo 0 -write_xing 0 -id3v2_version 0 -f mp3"
_M4A = (
    "-c:a aac -aac_ms 0 -aac_is 0 "
    "-movflags frag_keyframe+delay_moov+default_base_moof -frag_duration 5000000 -f mp4"
)

FORMATS: Mapping[str, AudioFormat] = {
    made.name: made
    for made in (
        AudioFormat(
            name="wav",
            extension="wav",
            content_type="audio/wav",
            encoder="-c:a pcm_s16le -f s16le",
            decoder="wav",
            head=Head.WAV,
        ),
        AudioFormat(
            name="wav8",
            extension="wav",
            content_type="audio/wav",
            encoder="-c:a pcm_u8 -f u8",
            decoder="wav",
            head=Head.WAV,
        ),
        AudioFormat(
            name="wav24",
            extension="wav",
            content_type="audio/wav",
            encoder="-c:a pcm_s24le -f s24le",
            decoder="wav",
            head=Head.WAV,
        ),
        AudioFormat(
            name="wav32",
            extension="wav",
            content_type="audio/wav",
            encoder="-c:a pcm_s32le -f s32le",
            decoder="wav",
            head=Head.WAV,
        ),
        AudioFormat(
            name="alaw",
            extension="wav",
            content_type="audio/wav",
            encoder="-c:a pcm_alaw -f alaw",
            decoder="wav",
            head=Head.WAV,
        ),
        AudioFormat(
            name="mulaw",
            extension="wav",
            content_type="audio/wav",
            encoder="-c:a pcm_mulaw -f mulaw",
            decoder="wav",
            head=Head.WAV,
        ),
        AudioFormat(
            name="mp3",
            extension="mp3",
            content_type="audio/mpeg",
            encoder=_MP3,
            decoder="mp3",
            kbps=32,
            most_kbps=320,
            head=Head.MP3,
        ),
        AudioFormat(
            name="ogg",
            extension="ogg",
            content_type="audio/ogg",
            encoder="-c:a libvorbis -f ogg",
            decoder="ogg",
            kbps=0,
            quality="-q:a 2",
            most_kbps=480,
        ),
        AudioFormat(
            name="opus",
            extension="opus",
            content_type="audio/ogg; codecs=opus",
            encoder="-c:a libopus -application voip -f opus",
            decoder="ogg",
            kbps=16,
            most_kbps=510,
            rates=_OPUS_RATES,
        ),
        AudioFormat(
            name="flac",
            extension="flac",
            content_type="audio/flac",
            encoder="-c:a flac -f flac",
            decoder="flac",
        ),
        AudioFormat(
            name="m4a",
            extension="m4a",
            content_type="audio/mp4",
            encoder=_M4A,
            decoder="mov",
            kbps=32,
            most_kbps=384,
            rates=_AAC_RATES,
            frame=_AAC_FRAME,
        ),
        AudioFormat(
            name="webm",
            extension="webm",
            content_type="audio/webm",
            encoder="-c:a libopus -application voip -f webm",
            decoder="matroska",
            kbps=16,
            most_kbps=510,
            rates=_OPUS_RATES,
        ),
        AudioFormat(
            name="aiff",
            extension="aiff",
            content_type="audio/aiff",
            encoder="-c:a pcm_s16be -f s16be",
            decoder="aiff",
            head=Head.AIFF,
        ),
        AudioFormat(
            name="amr",
            extension="amr",
            content_type="audio/amr",
            encoder="-c:a libopencore_amrnb -b:a 12.2k -f amr",
            decoder="amr",
            rates=(8000,),
            mono=True,
        ),
    )
}
"""All formats, by name."""


def find_format(name: str) -> AudioFormat:
    """Return a format.

    Raises:
        InvalidQuery: there is none of that name; the message lists those that there are.
    """
    try:
        return FORMATS[name.lower()]
    except KeyError:
        known = ", ".join(FORMATS)
        raise InvalidQuery(f"format: {name!r} is not known: choose one of {known}.") from None
