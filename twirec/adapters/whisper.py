"""Whisper, a model that hears speech, as faster-whisper runs it: on this machine, without network.

The only place that knows faster-whisper (https://github.com/SYSTRAN/faster-whisper), which is
imported when it is first needed: the extra `transcripts` brings it.
"""

from __future__ import annotations

import ctypes
import hashlib
import io
import os
import threading
import time
import wave
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from twirec.model.errors import HearingFailed, ModelUnusable, SpeechToolsMissing, TwirecError
from twirec.model.transcript import Heard, SpeechFacts, Word

INSTALL = "pip install 'twirec[transcripts]'"
"""What installs what hears speech."""

OPTIONS: Mapping[str, Any] = {
    "engine": "faster-whisper",
    "compute_type": "int8",
    "beam_size": 5,
    "vad_filter": True,
    "condition_on_previous_text": False,
    "temperature": 0.0,
}
"""What decides, beside the model, what is heard.

Each part is heard for itself: what came before would be repeated where nobody speaks. With one
temperature a second hearing of the same says the same, and takes no longer.
"""

RATE = 16_000
"""Samples a second that Whisper hears."""
IDLE = 300.0
"""Seconds without work after which the model's memory is let go."""
FETCH_AGAIN = 600.0
"""Seconds before a model that could not be fetched is tried again."""
NICE = 10
"""How far its threads step back behind all others of the machine."""

FILES = ("model.bin", "config.json")
"""What a model's folder has to have."""

_C = ctypes.CDLL(None) if os.name == "posix" else None
"""The machine's own library of C."""

_Signature = tuple[str, int, int]


class Whisper:
    """A Whisper model in faster-whisper's form.

    Args:
        model: its folder, or the name of one that faster-whisper fetches where there is a network.
        threads: how many of the machine's it works with.
    """

    def __init__(self, model: str, threads: int = 1) -> None:
        self._name = model
        self._threads = threads
        self._loaded: Any = None
        self._hashed: tuple[_Signature, str] | None = None
        self._broken: tuple[_Signature, str] | None = None
        self._unfetched, self._fetch_at = "", 0.0
        self._lock = threading.Lock()
        self._room: ThreadPoolExecutor | None = None
        self._idle: threading.Timer | None = None

    def problem(self) -> str:
        """Return why it cannot be used here. See the port `SpeechModel`."""
        if find_spec("faster_whisper") is None:
            return f"faster-whisper is not installed: {INSTALL}."
        if not self._is_path:  # whether it can be fetched is seen when it is
            return self._unfetched if time.monotonic() < self._fetch_at else ""
        folder = Path(self._name).expanduser()
        if not folder.is_dir():
            return self._missing("there is no such folder")
        if lacking := [name for name in FILES if not (folder / name).is_file()]:
            return self._missing(f"it has no {' and no '.join(lacking)}")
        if self._broken and self._broken[0] == _signature(folder):
            return self._broken[1]
        return ""

    def facts(self) -> SpeechFacts:
        """Return what decides what it hears. See the port `SpeechModel`."""
        if problem := self.problem():
            raise self._unusable(problem)
        folder = self._folder()
        signature = _signature(folder)
        if self._hashed is None or self._hashed[0] != signature:
            with (folder / FILES[0]).open("rb") as file:
                self._hashed = (signature, hashlib.file_digest(file, "sha256").hexdigest())
        return SpeechFacts(self._name, self._hashed[1], OPTIONS)

    def load(self) -> SpeechFacts:
        """Load it, and return what decides what it hears.

        Raises:
            SpeechToolsMissing: what runs it is not installed.
            ModelUnusable: it is missing or broken.
        """
        facts = self.facts()
        with self._lock:
            self._load()
        return facts

    def hear(
        self, samples: bytes, rate: int, language: str | None, heartbeat: Callable[[], object]
    ) -> Heard:
        """Return the words of some minutes of one channel. See the port `SpeechModel`."""
        self.facts()
        with self._lock:
            self._wake()
            # A thread of its own: what is loaded and heard in it steps back behind all others,
            # which a thread cannot take back.
            self._room = self._room or ThreadPoolExecutor(1, "twirec-speech", _step_back)
            try:
                hearing = self._room.submit(self._hear, samples, rate, language, heartbeat)
                return hearing.result()
            except (TwirecError, MemoryError):
                raise
            except Exception as error:
                raise HearingFailed(f"The model failed: {type(error).__name__}.") from error
            finally:
                _trim()
                self._sleep_later()

    def rest(self) -> None:
        """Let its memory go. See the port `SpeechModel`."""
        with self._lock:
            self._wake()
            self._loaded = None
            _trim()

    @property
    def _is_path(self) -> bool:
        return "/" in self._name or Path(self._name).is_dir()

    def _folder(self) -> Path:
        """Return where the model is, fetching it if it is not here.

        Raises:
            ModelUnusable: it is not here, and cannot be fetched.
        """
        if self._is_path:
            return Path(self._name).expanduser()
        from faster_whisper.utils import download_model

        # What is here is found without asking the network, which there need not be. What the
        # library that fetches raises is its own, and changes with it.
        for only_here in (True, False):
            try:
                return Path(download_model(self._name, local_files_only=only_here))
            except Exception as error:  # noqa: BLE001
                why = f"it is not on this machine, and cannot be fetched ({type(error).__name__})"
        self._unfetched, self._fetch_at = self._missing(why), time.monotonic() + FETCH_AGAIN
        raise ModelUnusable(self._unfetched)

    def _missing(self, why: str) -> str:
        return (
            f"The model {self._name} cannot be used: {why}. Set TWIREC_TRANSCRIPT_MODEL to the "
            f"folder of a model in faster-whisper's form."
        )

    def _unusable(self, problem: str) -> TwirecError:
        if INSTALL in problem:
            return SpeechToolsMissing(problem)
        return ModelUnusable(problem)

    def _load(self) -> Any:
        """Return the model, loading it if it is not."""
        if self._loaded is None:
            from faster_whisper import WhisperModel

            folder = self._folder()
            try:
                self._loaded = WhisperModel(
                    str(folder),
                    device="cpu",
                    compute_type=OPTIONS["compute_type"],
                    cpu_threads=self._threads,
                    num_workers=1,
                    local_files_only=True,
                )
            except Exception as error:
                why = self._missing(f"it is broken ({_first_line(error)})")
                self._broken = (_signature(folder), why)
                raise ModelUnusable(why) from error
        return self._loaded

    def _hear(
        self, samples: bytes, rate: int, language: str | None, heartbeat: Callable[[], object]
    ) -> Heard:
        model = self._load()
        heartbeat()
        from faster_whisper import decode_audio

        segments, about = model.transcribe(
            decode_audio(_as_wav(samples, rate), sampling_rate=RATE),
            language=language,
            beam_size=OPTIONS["beam_size"],
            vad_filter=OPTIONS["vad_filter"],
            condition_on_previous_text=OPTIONS["condition_on_previous_text"],
            temperature=OPTIONS["temperature"],
            word_timestamps=True,
        )
        words = []
        for segment in segments:  # each is heard when it is asked for
            heartbeat()
            # Its own times jump over silence that was left out: those of the words do not.
            words += [
                Word(
                    each.word.strip(),
                    round(float(each.start), 2),
                    round(float(each.end), 2),
                    round(min(max(float(each.probability), 0.0), 1.0), 3),
                )
                for each in segment.words or ()
                if each.word.strip()
            ]
        return Heard(about.language if words else "", tuple(words))

    def _wake(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def _sleep_later(self) -> None:
        self._idle = threading.Timer(IDLE, self.rest)
        self._idle.daemon = True
        self._idle.start()


def _step_back() -> None:
    """Let this thread, and those that it starts, work when no other has to.

    On Linux each thread has a priority of its own: https://man7.org/linux/man-pages/man2/nice.2.html
    """
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)


def _trim() -> None:
    """Give back to the machine what was freed: of each part its heap keeps some MB more, else.

    Of glibc only: https://man7.org/linux/man-pages/man3/malloc_trim.3.html
    """
    if trim := getattr(_C, "malloc_trim", None):
        trim(0)


def _signature(folder: Path) -> _Signature:
    try:
        file = (folder / FILES[0]).stat()
    except OSError:
        return (str(folder), 0, 0)
    return (str(folder), file.st_size, file.st_mtime_ns)


def _as_wav(samples: bytes, rate: int) -> io.BytesIO:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(samples)
    file.seek(0)
    return file


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
