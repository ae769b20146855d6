"""A recording as something else: cut, channels, filters, codec, in constant memory."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from twirec.audio.channels import count, pick
from twirec.audio.cuts import frames_of, silenced
from twirec.audio.ffmpeg import PATIENCE, through
from twirec.audio.formats import FORMATS, AudioFormat, find_format
from twirec.audio.heads import with_head
from twirec.audio.original import SAMPLE, Original, Pcm
from twirec.model.audio import ConversionSpec, ReadBytes
from twirec.model.errors import ConversionFailed, InvalidQuery
from twirec.model.vocabulary import Role

LOUDNESS = "loudnorm=I=-23:LRA=11:TP=-2"
"""EBU R128 in one pass: the loudness follows what is heard, in a window of three seconds
(https://ffmpeg.org/ffmpeg-filters.html#loudnorm)."""

SILENCE = (
    "silenceremove=start_periods=1:start_threshold=-50dB:start_silence=0.1"
    ":stop_periods=-1:stop_duration=1:stop_threshold=-50dB:stop_mode=all:window=0.05:detection=rms"
)
"""Until somebody speaks nothing stays; of a pause a second does
(https://ffmpeg.org/ffmpeg-filters.html#silenceremove)."""

_CHUNK = 256 * 1024
_BARE = ("-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact")
_BUFFERED = ("-flush_packets", "0")
"""Into a pipe it writes every packet at once otherwise, of an MP3 300 bytes
(https://ffmpeg.org/ffmpeg-formats.html#Format-Options)."""

Run = Callable[[Sequence[str], Iterator[bytes]], Iterator[bytes]]
"""Yields what ffmpeg, with some options, makes of some bytes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be done with a recording, checked and possible.

    Attributes:
        made: the format.
        samples: yields what is encoded, 16-bit PCM.
        pcm: what those samples are.
        rate: samples per second of what is made.
        kbps: its bitrate; None or 0 for the encoder's own.
        spec: what was asked for.
    """

    made: AudioFormat
    samples: Callable[[], Iterator[bytes]]
    pcm: Pcm
    rate: int
    kbps: int | None
    spec: ConversionSpec

    def chunks(
        self, ffmpeg: Callable[[], str], patience: float = PATIENCE
    ) -> Generator[bytes, None, None]:
        """Yield the bytes of the file that was asked for.

        Args:
            ffmpeg: returns the path of ffmpeg, if it is needed.
            patience: seconds in which ffmpeg has to take or give something.

        Raises:
            ConversionFailed: ffmpeg failed, or nothing is left without silence.
            MediaTruncated: the recording ended before its end.
            BucketError: the bucket did not give it.
        """

        def run(options: Sequence[str], source: Iterator[bytes]) -> Iterator[bytes]:
            return through(ffmpeg(), options, source, patience=patience)

        if not self.spec.trim_silence:
            yield from self._made(run, self.samples(), self.pcm)
            return
        with tempfile.TemporaryFile(prefix="twirec-") as file:
            filters = ("-af", SILENCE, "-f", "s16le", "pipe:1")
            for chunk in run((*_input(self.pcm), *filters), self.samples()):
                file.write(chunk)
            left = replace(self.pcm, frames=file.tell() // self.pcm.frame)
            if not left.frames:
                raise ConversionFailed("Nothing is left of it: it is all silence.")
            file.seek(0)
            yield from self._made(run, iter(partial(file.read, _CHUNK), b""), left)

    def _made(self, run: Run, samples: Iterator[bytes], pcm: Pcm) -> Iterator[bytes]:
        frames = self.made.frames_for(-(-pcm.frames * self.rate // pcm.rate), self.rate)
        after = replace(pcm, rate=self.rate, frames=frames)
        filters = self._filters(pcm, after)
        if self.made is FORMATS["wav"] and not filters:
            return with_head(samples, self.made, pcm)
        options = [*_input(pcm)]
        options += ["-af", ",".join(filters)] if filters else []
        options += self.made.encoder.split()
        options += ["-b:a", f"{self.kbps}k"] if self.kbps else self.made.quality.split()
        options += [*_BARE, *_BUFFERED]
        return with_head(run((*options, "pipe:1"), samples), self.made, after)

    def _filters(self, before: Pcm, after: Pcm) -> list[str]:
        filters = [LOUDNESS] if self.spec.normalise else []
        if filters or before != after:
            filters.append(f"aresample={after.rate}")
            filters.append(f"apad=whole_len={after.frames},atrim=end_sample={after.frames}")
        return filters


def plan(
    read: ReadBytes, size: int, roles: Callable[[int], Sequence[Role]], spec: ConversionSpec
) -> Plan:
    """Check what is asked for, look at the recording's header, and say what will be done.

    Args:
        read: gives the bytes of the recording.
        size: bytes of the recording.
        roles: returns who is on each of so many channels; empty when nobody knows.
        spec: what is wanted.

    Raises:
        InvalidQuery: the recording or the format does not have it; the message names the fix.
        MediaError: the recording is not, or not all of, a WAV file of PCM.
        BucketError: the bucket does not give it.
    """
    made = find_format(spec.format)
    original = Original(read, size)
    there = original.pcm
    channels = count(spec.channels, there.channels)
    if made.mono and channels > 1:
        raise InvalidQuery(
            f"channels: {made.name} has one only: ask for mixed, or for the customer or the agent."
        )
    first, last = original.span(spec.start, spec.end)
    pick((), there, spec.channels, roles(there.channels))  # so that nothing starts in vain
    cuts = frames_of(spec.cuts, there)

    def samples() -> Iterator[bytes]:
        heard = silenced(original.samples(first, last), there, first, cuts)
        return pick(heard, there, spec.channels, roles(there.channels))

    return Plan(
        made,
        samples,
        Pcm(there.rate, channels, last - first),
        made.rate_for(there.rate, spec.rate),
        made.kbps_for(channels, spec.bitrate),
        spec,
    )


def decode(
    ffmpeg: str,
    chunks: Iterator[bytes],
    made: AudioFormat,
    *,
    rate: int,
    channels: int,
) -> Iterator[bytes]:
    """Yield the samples of a file of one of the formats, 16-bit PCM.

    Args:
        ffmpeg: its path.
        chunks: the file.
        made: its format.
        rate: samples per second that are wanted.
        channels: how many are wanted.

    Raises:
        ConversionFailed: it is not a file of that format.
    """
    options = ("-f", made.decoder, "-i", "pipe:0", "-map", "0:a:0")
    wanted = ("-ar", str(rate), "-ac", str(channels), "-f", "s16le", "pipe:1")
    return through(ffmpeg, (*options, *wanted), chunks, patience=PATIENCE)


def _input(pcm: Pcm) -> tuple[str, ...]:
    """Return what tells ffmpeg what it reads. It looks for nothing itself."""
    return (
        "-f",
        f"s{8 * SAMPLE}le",
        "-ar",
        str(pcm.rate),
        "-ac",
        str(pcm.channels),
        "-i",
        "pipe:0",
    )
