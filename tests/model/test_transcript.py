from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from twirec.model.transcript import Sentence, Transcript, TranscriptRule, Word
from twirec.model.vocabulary import Direction, Role
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

WORDS = (Word("¿Sí?", 0.5, 0.9, 0.75), Word("Dígame.", 1.0, 1.6, 0.25))
TRANSCRIPT = Transcript(
    "RE" + "1" * 32,
    "a" * 64,
    "base",
    "b" * 64,
    {"beam_size": 5, "vad": True},
    "es",
    datetime(2026, 11, 23, 10, 15, tzinfo=UTC),
    83.5,
    (
        Sentence(Role.AGENT, 0.5, 1.6, "¿Sí? Dígame.", 0.5, WORDS),
        Sentence(None, 2.0, 2.5, "Hola", 0.9),
    ),
)


def test_json_is_the_same_thing_again() -> None:
    text = TRANSCRIPT.as_json()
    assert "\n" not in text
    assert "¿Sí?" in text
    assert Transcript.from_json(text) == TRANSCRIPT
    assert Transcript.from_json(text.encode()) == TRANSCRIPT
    record = json.loads(text)
    assert (record["schema"], record["version"]) == ("twirec.transcript", 1)
    assert record["made_by"] == "machine"
    assert [each["side"] for each in record["sentences"]] == ["agent", None]


@pytest.mark.parametrize(
    "changes",
    [{"schema": "other"}, {"version": 2}, {"sentences": [{}]}, {"duration": None}],
)
def test_what_is_no_transcript_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="transcript"):
        Transcript.from_json(json.dumps(json.loads(TRANSCRIPT.as_json()) | changes))
    with pytest.raises(ValueError, match=r"transcript|JSON|Expecting"):
        Transcript.from_json("[]")


A, B = "+34911000111", "+34911000222"
IN, OUT = Direction
COVERED = [
    ("off", []),
    ("all", [(A, IN), (A, OUT), (B, IN), (B, OUT), (None, IN)]),
    ("in", [(A, IN), (B, IN), (None, IN)]),
    (A, [(A, IN), (A, OUT)]),
    (f"{A}:out, +34 911 000 222:in", [(A, OUT), (B, IN)]),
    (f"{A}:out,in", [(A, IN), (A, OUT), (B, IN), (None, IN)]),
]


@pytest.mark.parametrize(("value", "covered"), COVERED)
def test_of_which_calls_a_transcript_is_made(
    value: str, covered: list[tuple[str | None, Direction]]
) -> None:
    rule = Settings.from_env({**ENVIRONMENT, "TWIREC_TRANSCRIPTS": value}).transcripts
    asked = [(A, IN), (A, OUT), (B, IN), (B, OUT), (None, IN)]
    assert [each for each in asked if rule.covers(*each)] == covered
    assert bool(rule) is bool(covered)
    assert not TranscriptRule().covers(A, None)
