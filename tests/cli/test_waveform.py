"""Who speaks when, on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.audio.talks import ANSWER, COMPLAINT, talk, track
from tests.cli.conftest import Twirec
from tests.factories import call_sid, recording_sid
from tests.house import AT_VENDOR
from twirec.adapters.memory_vendor import MemoryVendor
from twirec.archive import Archive
from twirec.sandbox.audio import Track


@pytest.fixture
def spoken(archive: Archive) -> None:
    """A recording that is archived, in which both speak."""
    _move(archive, talk(track((0.5, COMPLAINT)), track((8.0, ANSWER)), 16.0))


def _move(archive: Archive, media: bytes) -> None:
    vendor = MemoryVendor()
    with archive.catalog.database.write() as connection:
        connection.exec_driver_sql("UPDATE recordings SET duration = 16")
    vendor.add_recording(AT_VENDOR, media)
    moving = Archive(
        archive.settings, catalog=archive.catalog, bucket=archive.bucket, vendor=vendor
    )
    moving.operations.worker(threads=1).run_once()


@pytest.mark.usefixtures("spoken")
def test_it_says_who_speaks_when(twirec: Twirec) -> None:
    said = twirec("waveform", recording_sid()).output
    assert "2 x 16 bit at 8000 Hz, 16.000 s" in said
    assert "customer speaks 6.2 s (47%)" in said
    assert "customer: 0.50 to 6.70 s" in said
    assert "agent: 8.00 to 14.86 s" in said
    assert "WARNING" not in said


@pytest.mark.usefixtures("spoken")
def test_it_is_drawn_into_a_file(twirec: Twirec, tmp_path: Path) -> None:
    path = tmp_path / "call.svg"
    assert twirec("waveform", recording_sid(), "-o", str(path), "--width", "300").exit_code == 0
    drawn = ElementTree.fromstring(path.read_text(encoding="utf-8"))  # noqa: S314 - our own
    assert drawn.get("width") == "300"


@pytest.mark.usefixtures("spoken")
def test_a_file_that_cannot_be_written_is_named(twirec: Twirec, tmp_path: Path) -> None:
    refused = twirec("waveform", recording_sid(), "-o", str(tmp_path / "none" / "call.svg"))
    assert refused.exit_code == 1
    assert "call.svg cannot be written" in refused.output


@pytest.mark.usefixtures("spoken")
def test_its_json_holds_spans_and_peaks(twirec: Twirec) -> None:
    found = json.loads(twirec("waveform", recording_sid(), "--json").output)
    customer, agent = found["sides"]
    assert (customer["role"], agent["role"]) == ("customer", "agent")
    assert agent["spans"] == [[8.0, 14.86]]
    assert len(customer["peaks"]) == 800
    assert found["warnings"] == []


def test_show_says_what_looks_wrong(twirec: Twirec, archive: Archive) -> None:
    _move(archive, talk(track((0.5, COMPLAINT)), Track(), 16.0))
    assert "WARNING: the agent says nothing" in twirec("show", call_sid()).output
    (recording,) = json.loads(twirec("show", call_sid(), "--json").output)["recordings"]
    assert recording["sound"]["warnings"] == ["agent_silent"]
    assert "peaks" not in recording["sound"]["sides"][0]


@pytest.mark.usefixtures("archive")
def test_show_says_nothing_of_sound_that_is_not_there(twirec: Twirec) -> None:
    shown = twirec("show", call_sid())
    assert shown.exit_code == 0
    assert "sound:" not in shown.output


@pytest.mark.usefixtures("spoken")
def test_show_works_where_the_recording_cannot_be_read(
    twirec: Twirec, archive: Archive, tmp_path: Path
) -> None:
    with archive.catalog.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM waveforms")
    for file in (tmp_path / "bucket").rglob("*.wav"):
        file.unlink()
    shown = twirec("show", call_sid())
    assert shown.exit_code == 0
    assert "not to be had" in shown.output


def test_what_was_never_archived_has_no_waveform(twirec: Twirec, archive: Archive) -> None:
    assert archive.catalog.recordings.get(recording_sid()).object_name is None
    refused = twirec("waveform", recording_sid())
    assert refused.exit_code == 1
    assert "there is nothing to hear" in refused.output
