"""Hearing a recording: part by part, each channel by itself, until there is a transcript of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from twirec.audio.original import SAMPLE, Original
from twirec.catalog import Catalog
from twirec.model.audio import Sound
from twirec.model.ports import SpeechModel
from twirec.model.records import Recording
from twirec.model.transcript import ANNOUNCED, DETECTED, Heard, SpeechFacts, Transcript, Word
from twirec.model.waveform import Waveform
from twirec.transcripts.sentences import in_order, sentences
from twirec.transcripts.windows import windows

Part = tuple[int, int]
"""Which part of a recording: its channel, from 0, and where it begins, in milliseconds."""


class Hearing:
    """Hears recordings by a model.

    Attributes:
        speech: the model.

    Args:
        catalog: how calls were announced.
        speech: the model.
        language: in which they speak, as the settings say it.
        usual: the language of announcements where a call says nothing of it, BCP 47.
        now: the clock, UTC.
    """

    def __init__(
        self,
        catalog: Catalog,
        speech: SpeechModel,
        *,
        language: str,
        usual: str,
        now: Callable[[], datetime],
    ) -> None:
        self.speech = speech
        self._catalog = catalog
        self._language = language
        self._usual = usual
        self._now = now

    def recipe(self, facts: SpeechFacts) -> str:
        """Return what decides what is heard, as of `SpeechFacts`."""
        return facts.recipe(self._language)

    def hear(
        self,
        recording: Recording,
        sound: Sound,
        waveform: Waveform,
        heard: dict[Part, Heard],
        *,
        facts: SpeechFacts,
        heartbeat: Callable[[], object],
        keep: Callable[[Part, Heard], object],
    ) -> Transcript:
        """Hear what was not heard before, and return the whole of it.

        Args:
            recording: which.
            sound: what is heard.
            waveform: who speaks when in them.
            heard: what was heard before, by its part; what is heard now is added.
            facts: of the model.
            heartbeat: called while it is heard.
            keep: called with each part that was heard now.

        Raises:
            TwirecError: it cannot be read or heard, or what is called raises it.
        """
        original = Original(sound.read, recording.size or 0)
        roles = recording.roles(waveform.channels)
        language = self._language_of(recording)
        sides = []
        for channel, side in enumerate(waveform.sides):
            words: list[Word] = []
            for window in windows(side.spans, original.pcm.duration):
                part = (channel, round(window.starts * 1000))
                if part not in heard:
                    samples = _channel(original, channel, window.starts, window.ends)
                    spoken = language or _spoken(heard.values())
                    now = self.speech.hear(samples, original.pcm.rate, spoken or None, heartbeat)
                    heard[part] = _moved(now, window.starts)
                    keep(part, heard[part])
                words += heard[part].words
            sides.append(sentences(words, roles[channel] if roles else None))
        return Transcript(
            recording.sid,
            sound.sha256,
            facts.model,
            facts.sha256,
            {**facts.options, "language": language or DETECTED},
            language or _spoken(heard.values()),
            self._now(),
            round(original.pcm.duration, 3),
            in_order(sides),
        )

    def _language_of(self, recording: Recording) -> str:
        """Return in which language they speak, ISO 639; empty where the model is to say it."""
        if self._language == DETECTED:
            return ""
        if self._language != ANNOUNCED:
            return self._language
        record = None
        if recording.call_sid is not None:
            record = self._catalog.ledger.call(recording.account_sid, recording.call_sid)
        said = [each.language for each in (record.consents if record else ()) if each.language]
        return (said[-1] if said else self._usual).partition("-")[0].lower()


def _channel(original: Original, channel: int, starts: float, ends: float) -> bytes:
    """Return the samples of one channel, of some seconds."""
    first, last = original.span(starts, ends)
    samples = b"".join(original.samples(first, last))
    count = len(samples) // SAMPLE
    return memoryview(samples).cast("h")[channel : count : original.pcm.channels].tobytes()


def _moved(heard: Heard, by: float) -> Heard:
    """Return what was heard, its times from the recording's beginning."""
    return replace(
        heard,
        words=tuple(
            replace(each, starts=round(each.starts + by, 2), ends=round(each.ends + by, 2))
            for each in heard.words
        ),
    )


def _spoken(heard: Iterable[Heard]) -> str:
    """Return the language of most words; empty where nothing was heard."""
    counts: dict[str, int] = {}
    for each in heard:
        if each.language:
            counts[each.language] = counts.get(each.language, 0) + len(each.words)
    return max(counts, key=lambda language: counts[language], default="")
