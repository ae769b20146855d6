"""What goes wrong on the way of a recording, and what its line then says."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest

from tests.factories import ACCOUNT, STARTED, call_sid, recording_sid
from tests.house import AT_VENDOR, NAME, House
from tests.sounds import wav
from twirec.model.bucket import StoredObject
from twirec.model.errors import (
    BucketError,
    MediaNotReady,
    MediaTruncated,
    ObjectExists,
    ObjectNotFound,
    UploadDropped,
    VendorBusy,
    VendorUnavailable,
)
from twirec.model.states import State
from twirec.model.vendor import VendorCall
from twirec.model.vocabulary import Direction, Outcome


@pytest.mark.parametrize(
    ("operation", "error"),
    [
        ("media", VendorUnavailable("no answer", status=503)),
        ("media", VendorBusy("busy", status=429, retry_after=30)),
        ("media", MediaNotReady("not yet", status=404)),
        ("read", MediaTruncated("cut")),
        ("delete", VendorUnavailable("no answer", status=500)),
    ],
)
def test_a_fault_that_passes_ends_in_one_copy(
    house: House, operation: Any, error: Exception
) -> None:
    house.record(wav(seconds=4, channels=2))
    for _ in range(2):
        house.vendor.faults.add(operation, error)  # type: ignore[arg-type]
    first = house.work()
    assert first.due_at is not None
    assert first.due_at > house.time
    recording = house.work_on()
    assert recording.state is State.RELEASED
    assert recording.last_error == ""
    assert house.stored() == [NAME]
    assert house.at_vendor() == []


def test_the_first_retry_comes_in_a_second_or_two_and_the_pauses_double(house: House) -> None:
    house.record(b"<html>an error page</html>")
    pauses = []
    for _ in range(4):
        recording = house.work()
        assert recording.due_at is not None
        pauses.append((recording.due_at - house.time).total_seconds())
        house.time = recording.due_at
    for pause, expected in zip(pauses, (1.5, 3, 6, 12), strict=True):
        assert 0.75 * expected <= pause <= 1.25 * expected


def test_a_longer_pause_that_the_vendor_asks_for_is_kept(house: House) -> None:
    house.record(wav(seconds=4, channels=2))
    house.vendor.faults.add("media", VendorBusy("busy", status=429, retry_after=60))
    recording = house.work()
    assert recording.due_at is not None
    assert recording.due_at - house.time >= timedelta(seconds=45)


def test_a_recording_that_the_vendor_no_longer_has_is_lost_but_not_at_the_first_404(
    house: House,
) -> None:
    house.tell()
    assert house.work().state is State.COMPLETED
    recording = house.work_on()
    assert recording.state is State.LOST
    assert recording.last_error
    assert (house.time - STARTED).total_seconds() > 60 + 30


def test_a_recording_in_somebody_elses_storage_is_external_and_never_fetched(
    house: House,
) -> None:
    house.record(b"", external=True)
    recording = house.work()
    assert recording.state is State.EXTERNAL
    assert house.at_vendor() == [recording_sid()]


def test_a_recording_of_an_unknown_call_gets_its_numbers_from_the_vendor(house: House) -> None:
    other = call_sid(7)
    house.vendor.add_call(
        VendorCall(
            sid=other,
            account_sid=ACCOUNT,
            from_="+34600777888",
            to="+34911000111",
            direction="inbound",
            status="completed",
            started_at=STARTED,
        )
    )
    house.vendor.add_recording(
        dataclasses.replace(AT_VENDOR, call_sid=other), wav(seconds=4, channels=2)
    )
    house.tell(call_sid=other)
    assert house.work().state is State.RELEASED
    labels = house.bucket.stat(NAME).labels
    assert (labels["customer_number"], labels["consent"]) == ("+34600777888", "not_announced")
    assert labels["custody"] == "quarantined"
    (record,) = house.archive.calls.search(number="600777888").calls
    assert (record.call.direction, record.call.outcome) == (Direction.IN, Outcome.RECORDED)


@pytest.mark.parametrize("error", [UploadDropped("410"), ObjectNotFound("the generation is gone")])
@pytest.mark.parametrize(("times", "tries"), [(1, 1), (2, 1), (3, 2), (40, 14)])
def test_an_upload_that_the_bucket_drops_is_begun_again_at_once_and_then_as_in_an_outage(
    house: House, monkeypatch: pytest.MonkeyPatch, error: BucketError, times: int, tries: int
) -> None:
    left = [error] * times
    put = house.bucket.put

    def dropping(name: str, chunks: Iterable[bytes], **how: Any) -> StoredObject:
        if name.startswith("recordings/") and left:
            next(iter(chunks))
            raise left.pop()
        return put(name, chunks, **how)

    monkeypatch.setattr(house.bucket, "put", dropping)
    house.record(wav(seconds=4, channels=2))
    count = 0
    while house.recording().state is State.COMPLETED:
        count += 1
        recording = house.work()
        assert not recording.undecided
        if recording.parked:
            assert recording.last_error.startswith("UploadDropped: ")
            house.archive.catalog.recordings.make_due(recording.sid, house.time)
        house.time = max(house.time, recording.due_at or house.time)
    assert count == tries
    assert house.recording().state is State.RELEASED


@pytest.mark.parametrize("times", [1, 2])
def test_an_object_that_is_said_to_be_there_and_is_not_is_written_again_at_once(
    house: House, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    left = [ObjectExists("412")] * times
    put = house.bucket.put

    def denying(name: str, chunks: Iterable[bytes], **how: Any) -> StoredObject:
        if name.startswith("recordings/") and left:
            raise left.pop()
        return put(name, chunks, **how)

    monkeypatch.setattr(house.bucket, "put", denying)
    house.record(wav(seconds=4, channels=2))
    assert house.work().state is State.RELEASED
