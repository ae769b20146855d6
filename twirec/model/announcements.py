"""What a party hears before anything is recorded."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True)
class Audio:
    """A WAV file of the company's, played where otherwise a voice reads.

    Attributes:
        data: the whole file.
        seconds: how long it takes to play.
    """

    data: bytes = field(repr=False)
    seconds: float

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the file, in hex."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class Announcement:
    """An announcement: its words, and the voice or the audio that says them.

    Attributes:
        language: BCP 47, such as `es-ES`.
        voice: Twilio's name of the voice; empty where all of it is audio.
        text: the exact words that no key cuts short.
        question: the exact words after which a key is waited for; empty where none is.
        audio: hash of the audio that says `text`; empty where the voice reads it.
        question_audio: hash of the audio that says `question`; empty where the voice reads it.
        seconds: how long `audio` takes; 0 where there is none.
        question_seconds: how long `question_audio` takes; 0 where there is none.
    """

    language: str
    voice: str
    text: str
    question: str = ""
    audio: str = ""
    question_audio: str = ""
    seconds: float = 0.0
    question_seconds: float = 0.0

    @property
    def content(self) -> str:
        """The canonical JSON that is hashed and kept."""
        fields = {"language": self.language, "voice": self.voice, "text": self.text}
        more = {
            "question": self.question,
            "audio": self.audio,
            "question_audio": self.question_audio,
            "seconds": self.seconds,
            "question_seconds": self.question_seconds,
        }
        said = fields | {name: value for name, value in more.items() if value}
        return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @property
    def hash(self) -> str:
        """SHA-256 of `content`, in hex: the identity of this version."""
        return hashlib.sha256(self.content.encode()).hexdigest()
