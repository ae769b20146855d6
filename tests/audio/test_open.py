"""What may be heard, and what is read of it."""

from __future__ import annotations

import dataclasses

import pytest

from tests.erasing import destroy
from tests.factories import ADMIN, recording_sid
from tests.house import AT_VENDOR, House
from tests.sounds import wav
from twirec.model.errors import CustodyRefused, InvalidQuery, NotFound
from twirec.model.states import State

MEDIA = wav(4.0, channels=2)


@pytest.fixture
def archived(house: House) -> House:
    house.record(MEDIA)
    house.work()
    return house


def test_a_recording_is_read_whole_with_what_a_response_needs(archived: House) -> None:
    with archived.archive.recordings.open(recording_sid(), by="ana") as reading:
        assert b"".join(reading) == MEDIA
    assert (reading.size, reading.start, reading.end) == (len(MEDIA), 0, len(MEDIA))
    assert reading.content_type == "audio/x-wav"
    assert reading.file_name == "+34600111222_2026-11-23_11-15-00.wav"


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, 2, MEDIA[:2]),
        (100, 300, MEDIA[100:300]),
        (len(MEDIA) - 5, None, MEDIA[-5:]),
        (0, len(MEDIA) + 1, MEDIA),
        (7, 7, b""),
    ],
)
def test_a_range_is_read(archived: House, start: int, end: int | None, expected: bytes) -> None:
    assert (
        b"".join(archived.archive.recordings.open(recording_sid(), start, end, by="ana"))
        == expected
    )


@pytest.mark.parametrize(("start", "end"), [(-1, None), (5, 4), (len(MEDIA), None)])
def test_a_range_that_is_none_is_named(archived: House, start: int, end: int | None) -> None:
    with pytest.raises(InvalidQuery, match="start"):
        archived.archive.recordings.open(recording_sid(), start, end, by="ana")


def test_nothing_is_read_after_closing(archived: House) -> None:
    reading = archived.archive.recordings.open(recording_sid(), by="ana")
    reading.close()
    assert list(reading) == []


def test_what_is_not_in_the_bucket_yet_may_not_leave(house: House) -> None:
    house.record(MEDIA)
    with pytest.raises(CustodyRefused, match="completed"):
        house.archive.recordings.open(recording_sid(), by="ana")


def test_what_is_in_quarantine_may_not_leave_until_it_is_admitted(house: House) -> None:
    recording = dataclasses.replace(AT_VENDOR, call_sid="CA" + "e" * 32)
    house.vendor.add_recording(recording, MEDIA)
    house.tell(call_sid="CA" + "e" * 32)
    house.work()
    with pytest.raises(CustodyRefused, match="quarantined"):
        house.archive.recordings.open(recording_sid(), by=ADMIN)
    with pytest.raises(NotFound):
        house.archive.recordings.open(recording_sid(), by="ana")
    house.archive.custody.admit(recording_sid(), ground="the caller asked for it", by="admin")
    assert b"".join(house.archive.recordings.open(recording_sid(), by="ana")) == MEDIA


def test_what_is_ordered_to_be_erased_may_not_leave(archived: House) -> None:
    destroy(archived.archive, recording_sid(), "asked")
    with pytest.raises(CustodyRefused, match="erasing"):
        archived.archive.recordings.open(recording_sid(), by="ana")
    assert archived.work().state is State.ERASED
    with pytest.raises(CustodyRefused, match="erased"):
        archived.archive.recordings.open(recording_sid(), by="ana")


def test_what_nobody_knows_is_not_found(house: House) -> None:
    with pytest.raises(NotFound):
        house.archive.recordings.open(recording_sid(9), by="ana")
