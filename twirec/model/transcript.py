"""What a machine heard in a recording: word by word, with its times and its doubt."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from twirec.model.vocabulary import Direction, Role

SCHEMA = "twirec.transcript"
"""What the JSON of a transcript calls itself."""
VERSION = 1
"""Of that form. A reader knows this one and no other."""

TRANSCRIPTS = "transcripts/"
"""What the names of transcripts in the bucket begin with."""

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
        sha256: of the recording that was heard.
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
