"""The table of formats in the docs is that of the library, and its sizes are measured."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.audio.hearing import SECONDS, archived
from tests.house import House
from twirec.audio.formats import FORMATS, AudioFormat

PAGE = Path(__file__).parents[2] / "docs/audio.md"
ROWS = re.findall(
    r"^\| `(\w+)` \| (.*?) \| `\.(\w+)` \| `(.*?)` \| ([\d,]+) \|", PAGE.read_text(), re.M
)


def test_every_format_is_in_the_table() -> None:
    assert [(row[0], row[2], row[3]) for row in ROWS] == [
        (made.name, made.extension, made.content_type) for made in FORMATS.values()
    ]


def test_a_minute_has_the_size_of_the_table(house: House) -> None:
    sid = archived(house)
    measured = {}
    for row in ROWS:
        channels = "mixed" if FORMATS[row[0]].mono else "both"
        made = house.archive.recordings.convert(sid, format=row[0], channels=channels, by="ana")
        measured[row[0]] = sum(map(len, made)) / SECONDS * 60 / 1000
    said = {row[0]: int(row[4].replace(",", "")) for row in ROWS}
    assert measured == pytest.approx(said, rel=0.1)


@pytest.mark.parametrize("made", FORMATS.values(), ids=FORMATS)
def test_a_recording_of_a_rate_that_a_format_has_not_gets_the_next(made: AudioFormat) -> None:
    assert made.rate_for(made.rates[0] - 1, None) == made.rates[0]
    assert made.rate_for(made.rates[-1], None) == made.rates[-1]
    assert made.rate_for(192_000, None) == made.rates[-1]
