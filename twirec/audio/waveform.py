"""How loud each channel is, measured while the samples stream by: a byte for 20 milliseconds.

It costs 0.2 s of CPU for an hour of two channels. That is why it looks at some of the samples only,
and at their upper eight bits: enough to see speech, and to draw it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from twirec.audio.speech import spans
from twirec.audio.wav import WavCheck, WavFormat
from twirec.model.errors import NotAudio
from twirec.model.waveform import LOUDEST, Side, Waveform

WINDOW = 0.02
"""Seconds of one measurement."""
LOOKS = 24
"""Samples that are looked at in each window."""
POINTS = 2_000
"""Peaks of each channel at the most."""
CLIPPED = 125
"""The loudness, of `LOUDEST`, from which sound is cut off: telephones speak G.711, whose μ-law can
carry 32,124 of 32,768 at the most (https://www.itu.int/rec/T-REC-G.711)."""
LONGEST = 25 * 3600
"""Seconds that are measured at the most; a call lasts 24 hours at the most."""
MOST_CHANNELS = 8
FASTEST = 384_000

_GOLDEN = 0.6180339887498949
_SIGNED = bytes(value if value < 128 else 255 - value for value in range(256))
_UNSIGNED = bytes(value - 128 if value >= 128 else 127 - value for value in range(256))


class Meter:
    """Measures how loud each channel is, in little memory: 50 bytes a second and channel.

    Args:
        form: how the samples are laid out.

    Raises:
        NotAudio: it has more channels or a higher rate than are measured.
    """

    def __init__(self, form: WavFormat) -> None:
        if form.channels > MOST_CHANNELS or form.sample_rate > FASTEST:
            raise NotAudio(
                f"It has {form.channels} channels at {form.sample_rate} Hz: up to {MOST_CHANNELS} "
                f"at {FASTEST} Hz are measured."
            )
        self._form = form
        self._frames = max(1, round(form.sample_rate * WINDOW))
        self._looks = _places(self._frames)
        self._magnitudes = _UNSIGNED if form.bits == 8 else _SIGNED
        self._rest = b""
        self._levels = [bytearray() for _ in range(form.channels)]

    @property
    def window(self) -> float:
        """Seconds of one measurement."""
        return self._frames / self._form.sample_rate

    def feed(self, samples: bytes) -> None:
        """Take the next samples.

        Raises:
            NotAudio: it is longer than is measured.
        """
        samples = self._rest + samples
        window = self._frames * self._form.frame_bytes
        whole = len(samples) // window * window
        self._rest = samples[whole:]
        measured = self._measure(samples[:whole], self._frames, self._looks)
        for levels, more in zip(self._levels, measured, strict=True):
            levels += more
        if len(self._levels[0]) * self.window > LONGEST:
            raise NotAudio(f"It is longer than the {LONGEST // 3600} hours that are measured.")

    def waveform(self) -> Waveform:
        """Return what was measured, without who is on which channel."""
        last = len(self._rest) // self._form.frame_bytes
        rest = self._rest[: last * self._form.frame_bytes]
        end = self._measure(rest, last, _places(last)) if last else [b""] * len(self._levels)
        seconds = (len(self._levels[0]) * self._frames + last) / self._form.sample_rate
        return Waveform(
            seconds=seconds,
            sample_rate=self._form.sample_rate,
            bits=self._form.bits,
            sides=tuple(
                self._side(bytes(levels) + more, seconds)
                for levels, more in zip(self._levels, end, strict=True)
            ),
        )

    def _measure(self, samples: bytes, frames: int, looks: tuple[int, ...]) -> list[bytes]:
        """Return the loudness of each channel in each window of so many frames."""
        form, stride = self._form, frames * self._form.frame_bytes
        width = form.bits // 8
        measured = []
        for channel in range(form.channels):
            upper = (channel + 1) * width - 1  # the upper byte: the bytes are little-endian
            columns = [
                samples[look * form.frame_bytes + upper :: stride].translate(self._magnitudes)
                for look in looks
            ]
            measured.append(bytes(map(max, *columns)) if len(columns) > 1 else columns[0])
        return measured

    def _side(self, levels: bytes, seconds: float) -> Side:
        clipped = sum(levels.count(level) for level in range(CLIPPED, LOUDEST + 1))
        return Side(
            peaks=tuple(level / LOUDEST for level in _merged(levels)),
            spans=spans(levels, self.window, seconds),
            clipped=round(clipped * self.window, 3),
        )


def measure(chunks: Iterable[bytes]) -> Waveform:
    """Measure a WAV file that streams by.

    Raises:
        NotAudio: it is not a PCM WAV file, or not one that is measured.
        MediaTruncated: it ends too early.
    """
    check = WavCheck()
    meter: Meter | None = None
    for chunk in chunks:
        samples = check.feed(chunk)
        if samples and check.format is not None:
            meter = meter or Meter(check.format)
            meter.feed(samples)
    check.facts()
    if meter is None:
        raise NotAudio("It is a WAV file without audio.")
    return meter.waveform()


def _places(frames: int) -> tuple[int, ...]:
    """Return which of the frames are looked at: spread irregularly, so that no tone hides."""
    if frames <= LOOKS:
        return tuple(range(frames))
    return tuple({int(frames * (look * _GOLDEN % 1.0)) for look in range(LOOKS)})


def _merged(levels: bytes) -> Iterator[int]:
    """Yield the levels, or the loudest of several at a time where there are too many."""
    points = min(len(levels), POINTS)
    for point in range(points):
        yield max(levels[point * len(levels) // points : (point + 1) * len(levels) // points])
