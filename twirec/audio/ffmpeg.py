"""ffmpeg as a pipe: bytes in, bytes out, and no process that outlives who wants them."""

from __future__ import annotations

import os
import select
import subprocess
import threading
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from fcntl import fcntl
from functools import cache
from importlib.util import find_spec
from typing import IO, cast

from twirec.audio.channels import INSTALL
from twirec.model.errors import AudioToolsMissing, ConversionFailed, ConversionStalled

PATIENCE = 60.0
"""Seconds in which ffmpeg has to take or give something. Waiting for the bucket, or for who reads
what it gives, is not counted."""

COMMON = ("-hide_banner", "-nostats", "-loglevel", "error", "-protocol_whitelist", "pipe")
"""What it is always told: to talk about errors only, and to open nothing but its pipes."""

_CHUNK = 256 * 1024
_PIPE = 1024 * 1024
_SET_PIPE_SIZE = 1031  # F_SETPIPE_SZ of fcntl(2); Python has the name on Linux only
_TICK = 0.5
_LEAVE = 2.0
_LAST_WORDS = 400


def find_ffmpeg(own: str | None) -> str:
    """Return the path of ffmpeg: the company's own, or the one that comes with the extra `audio`.

    Raises:
        AudioToolsMissing: there is none.
    """
    return own or _from_the_wheel()


def is_installed() -> bool:
    """Whether the extra `audio` is there. It is not looked into."""
    return all(find_spec(name) is not None for name in ("pydub", "imageio_ffmpeg"))


@cache
def _from_the_wheel() -> str:
    try:
        from imageio_ffmpeg import get_ffmpeg_exe

        return str(get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        raise AudioToolsMissing(
            f"ffmpeg is not installed: {INSTALL}, or set TWIREC_FFMPEG to one of your own."
        ) from error


def through(
    program: str,
    options: Sequence[str],
    source: Iterable[bytes],
    *,
    patience: float = PATIENCE,
) -> Iterator[bytes]:
    """Yield what ffmpeg makes of the bytes of a source.

    It starts with the first chunk that is asked for, and is killed when the generator is closed.

    Args:
        program: the path of ffmpeg.
        options: what it is told; input is `pipe:0` and output `pipe:1`.
        source: what it reads; consumed by a thread of its own, and closed.
        patience: seconds in which it has to take or give something.

    Raises:
        ConversionFailed: it failed; the message ends with its last words.
        ConversionStalled: it did nothing for too long; the message ends with its last words.
        Exception: whatever the source raised.
    """
    try:
        process = subprocess.Popen(  # noqa: S603 - no shell, and only a checked `ConversionSpec`
            [program, *COMMON, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
        )
    except OSError as error:
        raise AudioToolsMissing(f"{program} cannot be run ({error.strerror}).") from error
    into, out, errors = (
        cast(IO[bytes], pipe) for pipe in (process.stdin, process.stdout, process.stderr)
    )
    feeder, listener = _Feeder(process, into, source), _Listener(errors)
    try:
        yield from _chunks(out.fileno(), feeder, patience)
        status = process.wait(patience)
        if feeder.error is not None:
            raise feeder.error
        if status != 0:
            raise ConversionFailed(f"ffmpeg failed: {listener.last_words()}")
    except subprocess.TimeoutExpired:
        process.kill()
        idle = f"ffmpeg did nothing for {patience:g} seconds"
        raise ConversionStalled(f"{idle}: {listener.last_words()}") from None
    finally:
        process.kill()
        process.wait()
        feeder.join(_LEAVE)  # it may be waiting for the bucket, and ends on its own then
        listener.join()
        out.close()
        errors.close()


_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "HOME", "TMPDIR")
"""What it may know of our environment: no secrets."""


def _chunks(out: int, feeder: _Feeder, patience: float) -> Iterator[bytes]:
    _widen(out)
    poll = select.poll()
    poll.register(out, select.POLLIN)
    while True:
        begun = time.monotonic()
        while not poll.poll(_TICK * 1000):
            if feeder.idle(begun) > patience:
                raise subprocess.TimeoutExpired("ffmpeg", patience)
        chunk = os.read(out, _CHUNK)
        if not chunk:
            return
        yield chunk


def _widen(pipe: int) -> None:
    with suppress(OSError):  # a smaller pipe only costs more turns
        fcntl(pipe, _SET_PIPE_SIZE, _PIPE)


class _Feeder(threading.Thread):
    """Writes the source into ffmpeg's input. What the source raises ends ffmpeg, and is kept."""

    def __init__(
        self, process: subprocess.Popen[bytes], into: IO[bytes], source: Iterable[bytes]
    ) -> None:
        super().__init__(name="twirec-ffmpeg-feeder", daemon=True)
        self._process = process
        self._into = into
        self._source = source
        self._moved = time.monotonic()
        self._reads_source = False
        self.error: BaseException | None = None
        self.start()

    def idle(self, since: float) -> float:
        """Return the seconds since ffmpeg took something, or since then, whichever is later."""
        if self._reads_source:
            return 0.0
        return time.monotonic() - max(self._moved, since)

    def run(self) -> None:
        """Feed all there is."""
        _widen(self._into.fileno())
        try:
            with closing(self._chunks()) as chunks:
                for chunk in chunks:
                    _write(self._into, chunk)
        except BrokenPipeError:
            pass  # it ended: what it says, and how, tells why
        except BaseException as error:  # noqa: BLE001 - it is raised where the bytes are wanted
            self.error = error
            self._process.kill()
        with suppress(OSError):
            self._into.close()

    def _chunks(self) -> Generator[bytes, None, None]:
        source = iter(self._source)
        try:
            while True:
                self._reads_source = True
                chunk = next(source, None)
                self._moved, self._reads_source = time.monotonic(), False
                if chunk is None:
                    return
                yield chunk
        finally:
            self._reads_source = False
            close = getattr(source, "close", None)
            if close is not None:
                close()


def _write(pipe: IO[bytes], chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:
        rest = rest[pipe.write(rest) :]


class _Listener(threading.Thread):
    """Keeps ffmpeg's last words."""

    def __init__(self, errors: IO[bytes]) -> None:
        super().__init__(name="twirec-ffmpeg-listener", daemon=True)
        self._errors = errors
        self._said = b""
        self.start()

    def run(self) -> None:
        """Listen until it ends."""
        while chunk := os.read(self._errors.fileno(), _CHUNK):
            self._said = (self._said + chunk)[-_LAST_WORDS:]

    def last_words(self) -> str:
        """Return them, once ffmpeg has ended."""
        self.join()
        lines = self._said.decode(errors="replace").split("\n")
        return " ".join(line.strip() for line in lines).strip() or "it did not say why."
