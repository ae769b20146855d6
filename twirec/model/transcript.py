"""What a machine heard in a recording: word by word, with its times and its doubt."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from twirec.model.bucket import Fingerprint, StoredObject
from twirec.model.derivatives import DERIVATIVES, derivatives_of, hash_of
from twirec.model.records import Recording
from twirec.model.vocabulary import Direction, Role

SCHEMA = "twirec.transcript"
"""What the JSON of a transcript calls itself."""
VERSION = 1
"""Of that form. A reader knows this one and no other."""

ANNOUNCED = "announced"
"""The language of a transcript is the one in which its call was announced."""
DETECTED = "auto"
"""The machine says by itself which language it hears."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word.

    Attributes:
        text: with what stands at its end, such as a comma, and without spaces around it.
        starts, ends: seconds from the recording's beginning.
        probability: how sure the machine is, 0 to 1.
    """

    text: str
    starts: float
    ends: float
    probability: float


@dataclass(frozen=True, slots=True)
class Sentence:
    """What one side says without a longer pause, in one sentence or a part of one.

    Attributes:
        side: whose channel it was heard on; None where both are on one, or nobody knows who is on
            which.
        starts, ends: seconds from the recording's beginning: of its first word, and of its last.
        text: the words, with single spaces between them.
        probability: the mean of its words'.
        words: in order.
    """

    side: Role | None
    starts: float
    ends: float
    text: str
    probability: float
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a machine heard in a recording. The sound decides, never this.

    Attributes:
        recording_sid: `RE…`.
        sha256: of what was heard: the recording as it was archived, or its copy without card
            numbers.
        model: its name, as the settings say it.
        model_sha256: of the model's file.
        options: all else that decides what comes out, such as the width of the search.
        language: of what was said, ISO 639: `es`; empty where nobody spoke.
        made_at: when it was finished, UTC.
        duration: of the recording, in seconds.
        sentences: in the order in which they begin.
    """

    recording_sid: str
    sha256: str
    model: str
    model_sha256: str
    options: Mapping[str, Any]
    language: str
    made_at: datetime
    duration: float
    sentences: tuple[Sentence, ...] = ()

    def as_json(self) -> str:
        """Return it as JSON, in one line: seconds as numbers, times in UTC, ISO 8601."""
        return json.dumps(
            {
                "schema": SCHEMA,
                "version": VERSION,
                "recording_sid": self.recording_sid,
                "sha256": self.sha256,
                "made_by": "machine",
                "model": self.model,
                "model_sha256": self.model_sha256,
                "options": dict(self.options),
                "language": self.language,
                "made_at": self.made_at.isoformat(),
                "duration": self.duration,
                "sentences": [sentence_as_record(each) for each in self.sentences],
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> Transcript:
        """Read what `as_json` wrote.

        Raises:
            ValueError: it is no transcript, or one of a version that is not known.
        """
        record = json.loads(text)
        if not isinstance(record, dict) or record.get("schema") != SCHEMA:
            raise ValueError("It is no transcript.")
        if record.get("version") != VERSION:
            raise ValueError(f"It is a transcript of version {record.get('version')!r}.")
        try:
            return cls(
                record["recording_sid"],
                record["sha256"],
                record["model"],
                record["model_sha256"],
                record["options"],
                record["language"],
                datetime.fromisoformat(record["made_at"]),
                float(record["duration"]),
                tuple(sentence_of(each) for each in record["sentences"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"A field of the transcript is missing or wrong: {error}.") from error


def sentence_as_record(sentence: Sentence) -> dict[str, Any]:
    """Return a sentence as JSON has it; each word is `[text, starts, ends, probability]`."""
    return {
        "side": sentence.side,
        "starts": sentence.starts,
        "ends": sentence.ends,
        "text": sentence.text,
        "probability": sentence.probability,
        "words": [[each.text, each.starts, each.ends, each.probability] for each in sentence.words],
    }


def sentence_of(record: Mapping[str, Any]) -> Sentence:
    """Read what `sentence_as_record` wrote. Raises `KeyError`, `TypeError` or `ValueError`."""
    side = record["side"]
    return Sentence(
        None if side is None else Role(side),
        float(record["starts"]),
        float(record["ends"]),
        record["text"],
        float(record["probability"]),
        tuple(
            Word(text, float(starts), float(ends), float(probability))
            for text, starts, ends, probability in record["words"]
        ),
    )


@dataclass(frozen=True, slots=True)
class TranscriptRule:
    """Of which calls a transcript is made without anybody's asking: `TWIREC_TRANSCRIPTS`.

    Attributes:
        everything: of all.
        directions: of all calls in these directions.
        numbers: of calls of these own numbers, E.164, each in these directions.
    """

    everything: bool = False
    directions: frozenset[Direction] = frozenset()
    numbers: Mapping[str, frozenset[Direction]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Return whether there is any call of which one is made."""
        return self.everything or bool(self.directions) or bool(self.numbers)

    def covers(self, own_number: str | None, direction: Direction | None) -> bool:
        """Return whether one is made of a call of that number, in that direction."""
        if self.everything or direction in self.directions:
            return True
        return direction in self.numbers.get(own_number or "", frozenset())


NO_TRANSCRIPTS = TranscriptRule()


@dataclass(frozen=True, slots=True)
class SpeechFacts:
    """What decides what a model hears: the same of it hears the same.

    Attributes:
        model: its name, as the settings say it.
        sha256: of its file.
        options: all else.
    """

    model: str
    sha256: str
    options: Mapping[str, Any]

    def recipe(self, language: str) -> str:
        """Return the SHA-256 of it all, in hex.

        Args:
            language: as the settings say it.
        """
        told = json.dumps([self.sha256, dict(self.options), language], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Heard:
    """What a model heard in some seconds of one channel.

    Attributes:
        language: of it, ISO 639; empty where it heard nothing.
        words: in order, their times in seconds from where that begins.
    """

    language: str
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class TranscriptPart:
    """What was heard in a part of a recording, kept until the whole is there.

    Attributes:
        recording_sid: `RE…`.
        channel: from 0.
        starts: where the part begins, in milliseconds of the recording.
        heard: what was, its times in seconds from the recording's beginning.
    """

    recording_sid: str
    channel: int
    starts: int
    heard: Heard


class TranscriptState(StrEnum):
    """How it stands with the transcript of a recording."""

    MADE = "made"
    WAITING = "waiting"
    """A worker makes it, or makes it anew; the older one is there until then."""
    PARKED = "parked"
    """It failed too often; whoever asks for it lets a worker try again."""


@dataclass(frozen=True, slots=True)
class KeptTranscript:
    """What the catalog knows of a recording's transcript, which is an object in the bucket.

    Attributes:
        recording_sid: `RE…`.
        begun_at: when it was first wanted, UTC.
        by: who asked for it; empty where `TWIREC_TRANSCRIPTS` does.
        recipe: by which it is to be made, as of `SpeechFacts`; empty while no worker has said it.
        next_name: the object's that is being made; None while none is.
        object_name: of the one that is there; None while none is.
        made_at: since when it is, UTC.
        made_by: the recipe by which it was made.
        generation, size, crc32c, own_sha256: what the bucket holds.
        model, model_sha256: by which it was made.
        language: in which, ISO 639.
        due_at: when a worker may make it (anew), UTC; None if none is to.
        attempts: how often a worker tried.
        last_error: why the last try failed.
    """

    recording_sid: str
    begun_at: datetime
    by: str = ""
    recipe: str = ""
    next_name: str | None = None
    object_name: str | None = None
    made_at: datetime | None = None
    made_by: str = ""
    generation: int | None = None
    size: int | None = None
    crc32c: str | None = None
    own_sha256: str | None = None
    model: str = ""
    model_sha256: str = ""
    language: str = ""
    due_at: datetime | None = None
    attempts: int = 0
    last_error: str = ""

    @property
    def state(self) -> TranscriptState:
        """How it stands with it."""
        if self.due_at is not None:
            return TranscriptState.WAITING
        return TranscriptState.PARKED if self.last_error else TranscriptState.MADE

    @property
    def fingerprint(self) -> Fingerprint:
        """What its object has to be."""
        return Fingerprint(self.object_name or "", self.size, self.crc32c, self.own_sha256)

    def is_of(self, stored: StoredObject) -> bool:
        """Whether it is that very object, and not another one of its name."""
        return (self.object_name, self.generation) == (stored.name, stored.generation)


def changed(made: Mapping[str, int], facts: SpeechFacts) -> str:
    """Return a sentence on transcripts that another model made; empty where there are none.

    Args:
        made: how many were made by which model, by its SHA-256.
        facts: of the model that is set.
    """
    others = sum(count for sha256, count in made.items() if sha256 != facts.sha256)
    if not others:
        return ""
    return (
        f"The model {facts.model} is another one than that which made {others:,} of the "
        "transcripts: these are made anew, and stay until then."
    )


EXTENSION = ".json"
"""What the names of transcripts end with, and of nothing else that is made of recordings."""


def transcript_name(recording: Recording, recipe: str, sha256: str) -> str:
    """Return the name of a transcript: it stands beside what else is made of its recording.

    `derivatives/2026/11/23/20261123T101500Z_RE…_0123456789abcdef.json`. Where a copy without card
    numbers is heard, it is in the hash: what was heard in anything else is no more of that name.

    Args:
        recording: of which it is.
        recipe: by which it is heard, as of `SpeechFacts`.
        sha256: of what is heard.
    """
    by = recipe if sha256 == (recording.sha256 or "") else hash_of(recipe, sha256)
    return f"{derivatives_of(recording)}{by[:16]}{EXTENSION}"


def is_transcript(object_name: str) -> bool:
    """Return whether an object's name is a transcript's."""
    return object_name.startswith(DERIVATIVES) and object_name.endswith(EXTENSION)
