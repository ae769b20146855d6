"""How loud each channel is, measured while the samples stream by: a byte for 20 milliseconds.

It costs 0.03 s of CPU for an hour of two channels, since it looks at some of the samples only,
and at their upper eight bits: enough to see speech, and to draw it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise

from twirec.audio.wav import WavCheck, WavFormat
from twirec.model.errors import NotAudio
from twirec.model.records import Recording
from twirec.model.vocabulary import Role
from twirec.model.waveform import LOUDEST, Side, SoundWarning, Span, Waveform

PAUSE = 0.7
"""Seconds of quiet that do not end a stretch of speech."""
CLICK = 0.06
"""Seconds of sound that are too short for speech."""
MOST_SPANS = 5_000
"""Stretches of each channel at the most: where there are more, longer pauses do not end one."""

QUIETEST = 2
"""The level, of 127, from which sound can be speech: 36 dB under the loudest."""
CERTAIN = 8
"""The level, of 127, from which sound counts as speech over any noise: 24 dB under the loudest."""
OVER_NOISE = 4
"""How many times louder than the line's noise (12 dB) speech is."""
NOISE_SHARE = 0.1
"""The line's noise is as loud as the quietest tenth of the recording."""

_SOUND = re.compile(rb"[-#]+")


def spans(levels: bytes, window: float, seconds: float) -> tuple[Span, ...]:
    """Return when somebody speaks, in order.

    Args:
        levels: how loud it is, 0 to 127, in each window.
        window: seconds of one window.
        seconds: the length of it all, which the last window may pass.
    """
    sounds = list(_sounds(levels, max(1, round(CLICK / window))))
    pause = PAUSE / window
    joined = _joined(sounds, pause)
    while len(joined) > MOST_SPANS:
        pause *= 2
        joined = _joined(joined, pause)
    return tuple(
        Span(round(first * window, 3), round(min(last * window, seconds), 3))
        for first, last in joined
    )


def _sounds(levels: bytes, shortest: int) -> Iterator[tuple[int, int]]:
    """Yield from which window up to which there is sound that begins or becomes loud."""
    loud = min(CERTAIN, max(QUIETEST, OVER_NOISE * _noise(levels)))
    for sound in _SOUND.finditer(levels.translate(_marks(loud))):
        if sound.group().count(b"#") >= shortest:
            yield sound.span()


@cache
def _marks(loud: int) -> bytes:
    """Return what makes `#` of loud windows, `-` of those half as loud, and `.` of the others."""
    return bytes(
        b"#"[0] if level >= loud else b"-"[0] if level >= loud // 2 else b"."[0]
        for level in range(256)
    )


def _noise(levels: bytes) -> int:
    """Return the level that a tenth of the windows does not pass, or one that is certainly loud."""
    below = level = 0
    for level in range(CERTAIN // OVER_NOISE + 1):
        below += levels.count(level)
        if below >= len(levels) * NOISE_SHARE:
            break
    return level


def _joined(sounds: Sequence[tuple[int, int]], pause: float) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for first, last in sounds:
        if joined and first - joined[-1][1] < pause:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined


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
        window = self._frames * self._form.frame_bytes
        begin = (window - len(self._rest)) % window  # of the first window that is all in here
        if self._rest:
            self._rest += samples[:begin]
            if len(self._rest) < window:
                return
            self._take(self._rest, 0, window)
        end = begin + (len(samples) - begin) // window * window
        self._take(samples, begin, end)
        self._rest = samples[end:]
        if len(self._levels[0]) * self.window > LONGEST:
            raise NotAudio(f"It is longer than the {LONGEST // 3600} hours that are measured.")

    def waveform(self) -> Waveform:
        """Return what was measured, without who is on which channel."""
        last = len(self._rest) // self._form.frame_bytes
        size = last * self._form.frame_bytes
        end = [b""] * len(self._levels)
        if last:
            end = self._measure(self._rest, last, _places(last), 0, size)
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

    def _take(self, samples: bytes, begin: int, end: int) -> None:
        """Measure whole windows."""
        measured = self._measure(samples, self._frames, self._looks, begin, end)
        for levels, more in zip(self._levels, measured, strict=True):
            levels += more

    def _measure(
        self, samples: bytes, frames: int, looks: tuple[int, ...], begin: int, end: int
    ) -> list[bytes]:
        """Return the loudness of each channel in each window of so many frames."""
        form, stride = self._form, frames * self._form.frame_bytes
        width = form.bits // 8
        windows = (end - begin) // stride
        measured = []
        for channel in range(form.channels):
            upper = begin + (channel + 1) * width - 1  # the bytes are little-endian
            columns = (
                samples[upper + look * form.frame_bytes : end : stride].translate(self._magnitudes)
                for look in looks
            )
            measured.append(_loudest(columns, windows))
        return measured

    def _side(self, levels: bytes, seconds: float) -> Side:
        clipped = sum(levels.count(level) for level in range(CLIPPED, LOUDEST + 1))
        return Side(
            peaks=tuple(map(_PEAKS.__getitem__, _merged(levels))),
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


def _loudest(columns: Iterable[bytes], windows: int) -> bytes:
    """Return the largest byte at each place of columns that are as long as there are windows.

    Of bytes up to 127, all places at once: each column is one large number, whose bytes have their
    upper bit free to say which of two is larger. `map(max, …)` takes seven times as long.
    """
    upper_bits = int.from_bytes(b"\x80" * windows, "little")
    largest = 0
    for column in columns:
        other = int.from_bytes(column, "little")
        is_larger = ((largest | upper_bits) - other) & upper_bits  # no byte borrows from the next
        mask = is_larger - (is_larger >> 7)
        largest = other ^ ((largest ^ other) & mask)
    return largest.to_bytes(windows, "little")


def _places(frames: int) -> tuple[int, ...]:
    """Return which of the frames are looked at: spread irregularly, so that no tone hides."""
    if frames <= LOOKS:
        return tuple(range(frames))
    return tuple({int(frames * (look * _GOLDEN % 1.0)) for look in range(LOOKS)})


_PEAKS = tuple(level / LOUDEST for level in range(LOUDEST + 1))


def _merged(levels: bytes) -> bytes:
    """Return the levels, or the loudest of several at a time where there are too many."""
    if len(levels) <= POINTS:
        return levels
    edges = [point * len(levels) // POINTS for point in range(POINTS + 1)]
    return bytes(max(levels[begin:end]) for begin, end in pairwise(edges))


MUCH_CLIPPED = 0.02
"""The share of a side's talk that may be cut off without a warning."""

ALIKE = 20
"""How many recordings of calls like one tell whether its channels look swapped."""
FEWEST = 10
"""Fewer than these tell nothing."""
MOST = 0.8
"""Who picks up speaks first: the customer does in so many calls in only if they are the agent."""

SILENT_SIDE = {
    Role.CUSTOMER: SoundWarning.CUSTOMER_SILENT,
    Role.AGENT: SoundWarning.AGENT_SILENT,
    None: SoundWarning.ONE_SIDE_SILENT,
}


def judged(measured: Waveform, recording: Recording) -> Waveform:
    """Return what was measured, with who is on which channel and what looks wrong."""
    roles = zip(measured.sides, _roles(measured, recording), strict=True)
    sides = tuple(replace(side, role=role) for side, role in roles)
    return replace(measured, sides=sides, warnings=warnings(measured, recording))


def warnings(measured: Waveform, recording: Recording) -> tuple[SoundWarning, ...]:
    """Return what looks wrong, the worst first."""
    sides, roles = measured.sides, _roles(measured, recording)
    silent = [role for side, role in zip(sides, roles, strict=True) if side.silent]
    if len(silent) == len(sides):
        found = [SoundWarning.SILENT]
    else:
        found = [SILENT_SIDE[role] for role in silent]
    if any(side.clipped > MUCH_CLIPPED * side.talk for side in sides):
        found.append(SoundWarning.CLIPPED)
    return tuple(dict.fromkeys(found))


def _roles(measured: Waveform, recording: Recording) -> Sequence[Role | None]:
    return recording.roles(measured.channels) or (None,) * measured.channels


def customer_first(waveform: Waveform) -> bool:
    """Whether both sides speak, and who is said to be the customer does so first."""
    customer, agent = waveform.side(Role.CUSTOMER), waveform.side(Role.AGENT)
    if customer is None or agent is None or not (customer.spans and agent.spans):
        return False
    return customer.spans[0].start < agent.spans[0].start


def mostly_customers(first: Sequence[Role]) -> bool:
    """Whether the first to speak were mostly customers, in enough calls to tell."""
    return len(first) >= FEWEST and first.count(Role.CUSTOMER) >= MOST * len(first)
