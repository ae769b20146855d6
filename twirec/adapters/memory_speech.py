"""A model that hears what it is told to hear, for tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twirec.model.errors import ModelUnusable
from twirec.model.transcript import Heard, SpeechFacts, Word

SECONDS = 0.4
"""Of each word."""


class MemorySpeech:
    """Says texts one after the other, by the contract of the port `SpeechModel`.

    Attributes:
        heard: how many samples were heard each time, in order.
        broken: why it cannot be used; empty where it can.

    Args:
        texts: what it hears, one text for each part of a channel; after the last, the first again.
        sha256: of its file.
        before: called with how often it heard before, and may raise.
    """

    def __init__(
        self,
        texts: Sequence[str] = ("¿Sí? Dígame.", "Quiero darme de baja."),
        sha256: str = "0" * 64,
        before: Callable[[int], object] = lambda _: None,
    ) -> None:
        self.heard: list[int] = []
        self.broken = ""
        self._texts = texts
        self._sha256 = sha256
        self._before = before

    def problem(self) -> str:
        """Return why it cannot be used here. See the port `SpeechModel`."""
        return self.broken

    def facts(self) -> SpeechFacts:
        """Return what decides what it hears. See the port `SpeechModel`."""
        if self.broken:
            raise ModelUnusable(self.broken)
        return SpeechFacts("memory", self._sha256, {"engine": "memory"})

    def hear(
        self, samples: bytes, rate: int, language: str | None, heartbeat: Callable[[], object]
    ) -> Heard:
        """Return the words of some minutes of one channel. See the port `SpeechModel`."""
        self.facts()
        heartbeat()
        self._before(len(self.heard))
        text = self._texts[len(self.heard) % len(self._texts)]
        self.heard.append(len(samples) // 2)
        last = len(samples) / 2 / rate
        words = [
            Word(word, min(at * SECONDS, last), min((at + 1) * SECONDS, last), 0.9)
            for at, word in enumerate(text.split())
        ]
        return Heard((language or "es") if words else "", tuple(words))

    def rest(self) -> None:
        """Let its memory go. See the port `SpeechModel`."""
