"""What comes before the samples, written from a length that is known.

WAV: "Multimedia Programming Interface and Data Specifications 1.0" (IBM and Microsoft, 1991); AIFF:
"Audio Interchange File Format" (Apple, 1989); MP3: the Info frame, http://gabriel.mp3-tech.org/mp3infotag.html
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from twirec.audio.formats import AudioFormat, Head
from twirec.audio.original import Pcm
from twirec.model.errors import ConversionFailed, InvalidQuery

_WAV_TAGS = {
    "wav": (0x0001, 2),
    "wav8": (0x0001, 1),
    "wav24": (0x0001, 3),
    "wav32": (0x0001, 4),
    "alaw": (0x0006, 1),
    "mulaw": (0x0007, 1),
}
"""By the name of a format: the number of its codec, and bytes of a sample."""
_MOST = 0xFFFFFFFF - 1024

_ENCODER_DELAY = 576
_DECODER_DELAY = 529
"""Samples that LAME and every decoder put before the sound."""


def with_head(chunks: Iterator[bytes], made: AudioFormat, pcm: Pcm) -> Iterator[bytes]:
    """Yield what a format needs before its bytes, and its bytes.

    Args:
        chunks: what the encoder gave.
        made: the format.
        pcm: what the encoder was given, after every filter.

    Raises:
        InvalidQuery: it would be longer than the format can be.
    """
    match made.head:
        case Head.WAV:
            yield wav_head(pcm, *_WAV_TAGS[made.name])
        case Head.AIFF:
            yield aiff_head(pcm)
        case Head.MP3:
            first = next(chunks, b"")
            yield mp3_head(first[:4], pcm.frames)
            yield first
        case Head.NONE:
            pass
    yield from chunks


def wav_head(pcm: Pcm, tag: int = 0x0001, width: int = 2) -> bytes:
    """Return the header of a WAV file.

    Args:
        pcm: how much of what follows.
        tag: the format's number; 1 is PCM.
        width: bytes of a sample.
    """
    frame = pcm.channels * width
    size = _fits(pcm.frames * frame)
    about = struct.pack("<HHIIHH", tag, pcm.channels, pcm.rate, pcm.rate * frame, frame, 8 * width)
    chunks = b"fmt " + struct.pack("<I", len(about)) + about
    if tag != _WAV_TAGS["wav"][0]:
        about += bytes(2)
        chunks = b"fmt " + struct.pack("<I", len(about)) + about
        chunks += b"fact" + struct.pack("<II", 4, pcm.frames)
    head = b"WAVE" + chunks + b"data" + struct.pack("<I", size)
    return b"RIFF" + struct.pack("<I", len(head) + size) + head


def aiff_head(pcm: Pcm) -> bytes:
    """Return the header of an AIFF file of 16-bit samples."""
    size = _fits(pcm.frames * pcm.frame)
    about = struct.pack(">hIh", pcm.channels, pcm.frames, 16) + _extended(pcm.rate)
    head = b"AIFF" + b"COMM" + struct.pack(">I", len(about)) + about
    head += b"SSND" + struct.pack(">III", size + 8, 0, 0)
    return b"FORM" + struct.pack(">I", len(head) + size) + head


def mp3_head(first: bytes, samples: int) -> bytes:
    """Return the Info frame, which tells a decoder where the sound begins and ends.

    Without it an MP3 at 8 kHz lasts up to a fifth of a second longer than its original.

    Args:
        first: the header of the first frame of sound, four bytes.
        samples: of each channel, before encoding.

    Raises:
        ConversionFailed: what follows is not an MP3.
    """
    if len(first) < 4 or first[0] != 0xFF or first[1] & 0xE6 != 0xE2:
        raise ConversionFailed("ffmpeg gave something that is not an MP3.")
    mpeg1, mono = first[1] & 0x18 == 0x18, first[3] & 0xC0 == 0xC0
    per_frame = 1152 if mpeg1 else 576
    side = (17 if mono else 32) if mpeg1 else (9 if mono else 17)
    frames = -(-(samples + _ENCODER_DELAY + _DECODER_DELAY) // per_frame)
    padding = frames * per_frame - samples - _ENCODER_DELAY
    tag = b"Info" + struct.pack(">II", 1, frames) + b"LAME".ljust(9)
    tag += bytes(12) + (_ENCODER_DELAY << 12 | padding).to_bytes(3, "big")
    header, size = _big_enough(first, 4 + side + len(tag) + 12)
    return (header + bytes(side) + tag).ljust(size, b"\0")


_KBPS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBPS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_RATES = (44100, 48000, 32000)
_SHIFTS = {0x18: 0, 0x10: 1, 0x00: 2}
"""Of MPEG 1, 2 and 2.5: how often the rates of MPEG 1 are halved."""


def _big_enough(first: bytes, least: int) -> tuple[bytes, int]:
    """Return the header and the size of the smallest frame like the first that holds so much."""
    version = first[1] & 0x18
    rate = _RATES[first[2] >> 2 & 3] >> _SHIFTS[version]
    per_frame, table = (144, _KBPS_1) if version == 0x18 else (72, _KBPS_2)
    for index, kbps in enumerate(table):
        size = per_frame * kbps * 1000 // rate
        if size >= least:
            return bytes([first[0], first[1] | 1, index << 4 | first[2] & 0x0C, first[3]]), size
    raise ConversionFailed("ffmpeg gave an MP3 of an unknown kind.")


def _extended(rate: int) -> bytes:
    """Return a whole number as the 80-bit float that AIFF keeps it as."""
    exponent = rate.bit_length() - 1
    return struct.pack(">HQ", 16383 + exponent, rate << (63 - exponent))


def _fits(size: int) -> int:
    if size > _MOST:
        raise InvalidQuery("format: wav and aiff end at 4 GiB: ask for flac, or for a cut.")
    return size
