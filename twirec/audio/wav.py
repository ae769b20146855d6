"""Whether bytes that stream by are a PCM WAV file, in constant memory.

The format: https://learn.microsoft.com/en-us/windows-hardware/drivers/audio/extensible-wave-format-descriptors
and "Multimedia Programming Interface and Data Specifications 1.0" (IBM and Microsoft, 1991).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from twirec.model.errors import MediaTruncated, NotAudio

LONGEST_HEADER = 64 * 1024
"""Bytes before the samples."""

STREAMED = frozenset({0, 0xFFFFFFFF})
"""Lengths that stand for "not known when the header was written"."""

_PCM = 0x0001
_EXTENSIBLE = 0xFFFE
_PCM_SUBFORMAT = bytes.fromhex("0100000000001000800000aa00389b71")
_RIFF_HEADER = 12
_CHUNK_HEADER = 8


@dataclass(frozen=True, slots=True)
class WavFacts:
    """What a WAV file says and holds.

    Attributes:
        channels: 1, 2, …
        sample_rate: samples per second and channel.
        bits: of one sample.
        frames: samples of each channel that arrived.
    """

    channels: int
    sample_rate: int
    bits: int
    frames: int

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.frames / self.sample_rate


@dataclass(frozen=True, slots=True)
class WavFormat:
    """How the samples of a WAV file are laid out.

    Attributes:
        channels: 1, 2, …
        sample_rate: samples per second and channel.
        frame_bytes: bytes of one sample of every channel.
        bits: of one sample: 8, 16, 24 or 32.
    """

    channels: int
    sample_rate: int
    frame_bytes: int
    bits: int


class WavCheck:
    """Reads a WAV file as it streams by. Keeps the header only.

    Attributes:
        format: how the samples are laid out; None while the header has not said it.
        announced: how many bytes of samples the header says, or one of `STREAMED`; None until then.
    """

    def __init__(self) -> None:
        self.format: WavFormat | None = None
        self.announced: int | None = None
        self._head = bytearray()
        self._next = _RIFF_HEADER  # where in the head the next chunk begins
        self._received = 0  # bytes after the header

    @property
    def begin(self) -> int:
        """Where in the file the samples begin, once the header has ended."""
        return self._next + _CHUNK_HEADER

    def feed(self, chunk: bytes) -> bytes:
        """Take the next bytes, and return those of them that are samples.

        Raises:
            NotAudio: this is not, or no longer, a PCM WAV file.
        """
        samples = self._after_header(chunk) if self.announced is None else chunk
        before = self._received
        self._received += len(samples)
        if self.announced is None or self.announced in STREAMED:
            return samples
        return samples[: max(0, self.announced - before)]

    def facts(self) -> WavFacts:
        """Return what the file holds, after its last byte.

        Raises:
            NotAudio: the samples never began, or there are none.
            MediaTruncated: fewer samples arrived than the header announced, or half a frame.
        """
        if self.announced is None or self.format is None:
            raise MediaTruncated("It ended before the audio of a WAV file began.")
        size = self._received if self.announced in STREAMED else self.announced
        if size > self._received:
            raise MediaTruncated(f"{self._received} bytes of audio arrived of {size}.")
        frames, rest = divmod(size, self.format.frame_bytes)
        if rest:
            raise MediaTruncated(f"The last frame has {rest} of {self.format.frame_bytes} bytes.")
        if not frames:
            raise NotAudio("It is a WAV file without audio.")
        form = self.format
        return WavFacts(form.channels, form.sample_rate, form.bits, frames)

    def _after_header(self, chunk: bytes) -> bytes:
        """Take the next bytes of the header, and return those that come after it."""
        self._head += chunk
        self._check_riff()
        while self.announced is None and self._read_chunk():
            pass
        if self.announced is None:
            return b""
        samples = bytes(self._head[self.begin :])
        self._head.clear()
        return samples

    def _check_riff(self) -> None:
        if not b"RIFF".startswith(self._head[:4]) or not b"WAVE".startswith(self._head[8:12]):
            raise NotAudio("It does not begin as a WAV file.")

    def _read_chunk(self) -> bool:
        """Read the chunk at hand; whether to go on with the next, which may not be there yet."""
        start = self._next + _CHUNK_HEADER
        if len(self._head) < start:
            return False
        kind, size = struct.unpack_from("<4sI", self._head, self._next)
        if kind == b"data":
            self._begin_data(size)
            return False
        end = start + size
        if end > LONGEST_HEADER:
            raise NotAudio("Its header is too long for a WAV file.")
        if kind == b"fmt ":
            if len(self._head) < end:
                return False
            self.format = _read_format(bytes(self._head[start:end]))
        self._next = end + size % 2  # chunks begin at even places
        return True

    def _begin_data(self, size: int) -> None:
        if self.format is None:
            raise NotAudio("It is a WAV file that does not say its format.")
        self.announced = size


def _read_format(content: bytes) -> WavFormat:
    if len(content) < 16:
        raise NotAudio("It is a WAV file that does not say its format.")
    tag, channels, rate, _, frame_bytes, bits = struct.unpack_from("<HHIIHH", content)
    extensible_pcm = tag == _EXTENSIBLE and content[24:40] == _PCM_SUBFORMAT
    if tag != _PCM and not extensible_pcm:
        raise NotAudio(f"It is a WAV file of format {tag}, not PCM.")
    if not (channels and rate and bits in {8, 16, 24, 32} and frame_bytes * 8 == channels * bits):
        raise NotAudio("It is a WAV file whose format contradicts itself.")
    return WavFormat(channels, rate, frame_bytes, bits)
