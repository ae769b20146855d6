"""Recordings as they were archived: PCM in a WAV file, read from where it is wanted, as 16 bits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from twirec.audio.wav import LONGEST_HEADER, STREAMED, WavCheck
from twirec.model.audio import ReadBytes
from twirec.model.errors import InvalidQuery, MediaTruncated, NotAudio

SAMPLE = 2
"""Bytes of a sample of one channel."""

SLOWEST, FASTEST = 1_000, 384_000
"""Samples per second: what is slower or faster has a header that lies."""


@dataclass(frozen=True, slots=True)
class Pcm:
    """16-bit samples, little endian, channels in turns.

    Attributes:
        rate: samples per second and channel.
        channels: how many.
        frames: samples of each channel.
    """

    rate: int
    channels: int
    frames: int

    @property
    def frame(self) -> int:
        """Bytes of one sample of all channels."""
        return SAMPLE * self.channels

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.frames / self.rate


_UNSIGNED = bytes(value ^ 0x80 for value in range(256))


def as_16_bits(samples: bytes, width: int) -> bytes:
    """Return samples of 8, 16, 24 or 32 bits as those of 16: of wider ones the upper two bytes.

    Args:
        samples: whole ones, little endian; those of 8 bits have no sign, as WAV has them.
        width: bytes of one.
    """
    if width == SAMPLE:
        return samples
    made = bytearray(len(samples) // width * SAMPLE)
    made[1::SAMPLE] = samples.translate(_UNSIGNED) if width == 1 else samples[width - 1 :: width]
    if width > SAMPLE:
        made[::SAMPLE] = samples[width - SAMPLE :: width]
    return bytes(made)


class Original:
    """A WAV file in the bucket, of which the samples of any span can be read.

    Args:
        read: gives the bytes of the file.
        size: bytes of the file.

    Raises:
        NotAudio: it is not a WAV file of PCM.
        MediaTruncated: it ends before its header says.
    """

    def __init__(self, read: ReadBytes, size: int) -> None:
        self._read = read
        check = WavCheck()
        for chunk in read(0, LONGEST_HEADER):
            check.feed(chunk)
        form, announced = check.format, check.announced
        if form is None or announced is None:
            raise NotAudio("It ended before the audio of a WAV file began.")
        if not SLOWEST <= form.sample_rate <= FASTEST:
            raise NotAudio(
                f"It has {form.sample_rate} samples a second: {SLOWEST} to {FASTEST} are converted."
            )
        self._begin, self._frame = check.begin, form.frame_bytes
        self._width = form.bits // 8
        held = size - self._begin
        if announced not in STREAMED and announced > held:
            raise MediaTruncated(f"It has {held} bytes of audio of {announced}.")
        frames = (held if announced in STREAMED else announced) // form.frame_bytes
        if not frames:
            raise NotAudio("It is a WAV file without audio.")
        self.pcm = Pcm(form.sample_rate, form.channels, frames)

    def span(self, start: float, end: float | None) -> tuple[int, int]:
        """Return the first frame, and the one to end before, of a span in seconds.

        Raises:
            InvalidQuery: the recording ends before the span begins.
        """
        first = round(start * self.pcm.rate)
        last = self.pcm.frames if end is None else min(round(end * self.pcm.rate), self.pcm.frames)
        if first >= last:
            raise InvalidQuery(f"start, end: the recording has {self.pcm.duration:.3f} seconds.")
        return first, last

    def samples(self, first: int, last: int) -> Iterator[bytes]:
        """Stream the samples of some frames, and only them, in pieces of whole frames, as 16 bits.

        Of all frames the whole file is read, what stands before and after them too: so its bytes
        can be compared with what was archived before the last of them is given.

        Raises:
            MediaTruncated: the file ends before.
        """
        frame = self._frame
        begin, end = self._begin + first * frame, self._begin + last * frame
        missing = end - begin
        rest = b""
        for chunk in self._between(begin, end, whole=(first, last) == (0, self.pcm.frames)):
            missing -= len(chunk)
            piece = rest + chunk if rest else chunk
            odd = len(piece) % frame
            rest = piece[len(piece) - odd :] if odd else b""
            if whole := piece[: len(piece) - odd] if odd else piece:
                yield as_16_bits(whole, self._width)
        if missing:
            raise MediaTruncated(f"{missing} bytes of its audio are missing.")

    def without(self, spans: Sequence[tuple[int, int]]) -> Iterator[bytes]:
        """Stream the whole file, with silence on all channels in some frames: as long as it was.

        Args:
            spans: the first frame of each, and the one to end before.
        """
        quiet = b"\x80" if self._width == 1 else b"\0"
        ends = [[self._begin + each * self._frame for each in span] for span in spans]
        at = 0
        for chunk in self._read(0, None):
            made = chunk
            for begin, end in ends:
                first, last = max(begin - at, 0), min(end - at, len(chunk))
                if first < last:
                    made = made[:first] + quiet * (last - first) + made[last:]
            yield made
            at += len(chunk)

    def _between(self, begin: int, end: int, *, whole: bool) -> Iterator[bytes]:
        if not whole:
            yield from self._read(begin, end)
            return
        at = 0
        for chunk in self._read(0, None):
            if piece := chunk[max(begin - at, 0) : max(end - at, 0)]:
                yield piece
            at += len(chunk)
