"""Which bytes of a recording a player is sent (RFC 9110, section 14)."""

from __future__ import annotations

import hashlib

import pytest
from panel_house import (
    PLAIN,
    Browser,
    Template,
    recording_sid,
)
from sqlalchemy import insert

from twirec import Archive, CardCut, CardCutState
from twirec.catalog.card_tables import card_cuts
from twirec.catalog.database import to_row
from twirec.model.crc32c import Crc32c

PATH = f"/recordings/{recording_sid(PLAIN)}/audio"


def test_the_whole_recording_is_sent(supervisor: Browser, template: Template) -> None:
    answer = supervisor.get(PATH)
    assert (answer.status_code, answer.data) == (200, template.wav)
    assert answer.headers["Content-Length"] == str(len(template.wav))
    assert answer.headers["Content-Type"] == "audio/x-wav"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Content-Range" not in answer.headers


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-", 0, None),
        ("bytes=0-0", 0, 1),
        ("bytes=100-199", 100, 200),
        ("bytes=44-", 44, None),
        ("bytes=-500", -500, None),
        ("bytes=-99999999", 0, None),
        ("bytes=100-99999999", 100, None),
        ("bytes=95000-96000", 95000, 96001),
    ],
)
def test_a_range_is_sent(
    supervisor: Browser, template: Template, asked: str, start: int, end: int | None
) -> None:
    answer = supervisor.get(PATH, headers={"Range": asked})
    size = len(template.wav)
    first, last, _ = slice(start, end).indices(size)
    assert answer.status_code == 206
    assert answer.data == template.wav[first:last]
    assert answer.headers["Content-Length"] == str(last - first)
    assert answer.headers["Content-Range"] == f"bytes {first}-{last - 1}/{size}"


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=99999999-100000000"])
def test_a_range_that_is_not_there_is_refused(
    supervisor: Browser, template: Template, asked: str
) -> None:
    answer = supervisor.get(PATH, headers={"Range": asked})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(template.wav)}"


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=0-9,20-29",
        "bytes=0-9,-5",
        "seconds=0-9",
        "bytes=9-3",
        "bytes=-0",
        "bytes=a-b",
        "bytes=--5",
        "bytes=",
        "bytes",
        "=",
        "\N{COPYRIGHT SIGN}=1-2",
        "bytes=0-9;",
        "0-9",
        "bytes=" + "9" * 5000 + "-",
    ],
    ids=lambda asked: asked[:16],
)
def test_a_range_that_is_none_is_the_whole_or_refused(
    supervisor: Browser, template: Template, asked: str
) -> None:
    answer = supervisor.get(PATH, headers={"Range": asked})
    assert answer.status_code in (200, 416)
    if answer.status_code == 200:
        assert answer.data == template.wav


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-", 0, 999), ("bytes=500-9999", 500, 1499), ("bytes=-2000", -2000, -1001)],
)
def test_a_player_gets_one_part_at_a_time(
    supervisor: Browser,
    template: Template,
    monkeypatch: pytest.MonkeyPatch,
    asked: str,
    first: int,
    last: int,
) -> None:
    monkeypatch.setattr("callpanel.panel.audio.LARGEST_PART", 1000)
    answer = supervisor.get(PATH, headers={"Range": asked})
    size = len(template.wav)
    assert answer.headers["Content-Range"] == f"bytes {first % size}-{last % size}/{size}"
    assert answer.data == template.wav[first % size : last % size + 1]


def test_a_range_of_another_file_is_the_whole(supervisor: Browser, template: Template) -> None:
    tag = supervisor.get(PATH).headers["ETag"]
    asked = {"Range": "bytes=0-9"}
    assert supervisor.get(PATH, headers={**asked, "If-Range": tag}).status_code == 206
    for other in ('"another"', "Mon, 23 Nov 2026 10:15:00 GMT"):
        answer = supervisor.get(PATH, headers={**asked, "If-Range": other})
        assert (answer.status_code, answer.data) == (200, template.wav)


def test_a_range_of_what_was_heard_before_a_card_number_was_cut_is_the_whole(
    archive: Archive, supervisor: Browser, template: Template
) -> None:
    tag = supervisor.get(PATH).headers["ETag"]
    quiet = template.wav[:44] + bytes(len(template.wav) - 44)
    its = f"derivatives/2026/11/23/20261123T101500Z_{recording_sid(PLAIN)}_0123456789abcdef.wav"
    at = archive.now()
    stored = archive.bucket.put(
        its, [quiet], content_type="audio/x-wav", labels={}, custom_time=at, finish=dict
    )
    cut = CardCut(
        *(recording_sid(PLAIN), at, "", ()),
        state=CardCutState.CUT,
        object_name=its,
        generation=stored.generation,
        size=len(quiet),
        crc32c=str(Crc32c(quiet)),
        own_sha256=hashlib.sha256(quiet).hexdigest(),
    )
    with archive.catalog.database.write() as connection:
        connection.execute(insert(card_cuts), to_row(cut, card_cuts))
    answer = supervisor.get(PATH, headers={"Range": "bytes=0-9", "If-Range": tag})
    assert (answer.status_code, answer.data) == (200, quiet)
    again = {"Range": "bytes=0-9", "If-Range": answer.headers["ETag"]}
    assert supervisor.get(PATH, headers=again).status_code == 206
