"""What cannot succeed is not repeated, and what waits writes nothing: counted on a moved clock."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.erasing import destroy
from tests.factories import recording_sid
from tests.house import A_CALL, AT_VENDOR, House
from tests.journal.journalling import MEDIA, names
from tests.sounds import wav
from twirec.catalog.tables import recordings
from twirec.jobs.retrying import TRANSFERS
from twirec.journal.publishing import Publisher
from twirec.model.announcements import Announcement
from twirec.model.errors import BucketRefused, TwirecError, VendorRefused
from twirec.model.states import State
from twirec.model.vendor import RecordingStatus

MP3 = b"\xff\xfb\x90\x00" * 100
PAGE = b"<html><title>503</title></html>"


@pytest.fixture
def downloads(house: House, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count how often each recording's media is asked for."""
    count: Counter[str] = Counter()
    media = house.vendor.media

    def counted(account_sid: str, sid: str, **how: Any) -> AbstractContextManager[Any]:
        count[sid] += 1
        return media(account_sid, sid, **how)

    monkeypatch.setattr(house.vendor, "media", counted)
    return count


def let_pass(house: House, hours: int, *, every: timedelta = timedelta(minutes=15)) -> None:
    """Let time pass as it does for a worker that sweeps so often."""
    end = house.time + timedelta(hours=hours)
    while house.time < end:
        house.archive.operations.sweep()
        sweep_again = house.time + every
        while house.time < sweep_again:
            house.work()
            due_at = next_due_at(house) or sweep_again
            house.time = min(sweep_again, max(due_at, house.time))


def next_due_at(house: House) -> datetime | None:
    with house.archive.catalog.database.read() as connection:
        due_at: datetime | None = connection.scalar(select(func.min(recordings.c.due_at)))
        return due_at


MEDIA_AND_DOWNLOADS = {
    "longer": (wav(seconds=11.3, channels=2), 1),
    "one channel": (wav(seconds=4, channels=1), 1),
    "MP3": (MP3, 1),
    "cut": (wav(seconds=4, channels=2)[:-2000], TRANSFERS.tries),
    "error page": (PAGE, TRANSFERS.tries),
}
"""What a recording's media are, and how many downloads it takes to know."""


def test_a_day_costs_no_more_downloads_than_it_takes_to_know(
    house: House, downloads: Counter[str]
) -> None:
    house.vendor.add_call(A_CALL)
    sids = [recording_sid(number) for number, _ in enumerate(MEDIA_AND_DOWNLOADS, 1)]
    for sid, (media, _) in zip(sids, MEDIA_AND_DOWNLOADS.values(), strict=True):
        house.vendor.add_recording(dataclasses.replace(AT_VENDOR, sid=sid), media)
        house.tell(recording_sid=sid)
    let_pass(house, hours=24, every=timedelta(hours=1))  # more sweeps than any row has tries
    problems = house.archive.operations.sweep().problems
    for sid, (what, (_, most)) in zip(sids, MEDIA_AND_DOWNLOADS.items(), strict=True):
        assert downloads[sid] == most, what
        recording = house.archive.catalog.recordings.get(sid)
        assert (recording.state, recording.parked, recording.undecided) == (
            State.COMPLETED,
            True,
            True,
        ), what
        assert "`twirec give-up`" in problems[sid], what
    assert sorted(house.at_vendor()) == sids


def test_what_a_callback_said_wrongly_is_asked_for_again_and_archived(
    house: House, downloads: Counter[str]
) -> None:
    house.vendor.add_recording(dataclasses.replace(AT_VENDOR, duration=11), wav(11.3, channels=2))
    house.tell(duration=10)
    recording = house.work()
    assert (recording.state, recording.duration) == (State.RELEASED, 11)
    assert downloads == {recording_sid(): 1}
    stored = house.bucket.stat(recording.object_name or "")
    assert stored.labels["duration_seconds"] == "11"
    assert house.archive.operations.sweep().problems == {}


def test_what_twilio_is_still_at_work_at_is_waited_for(house: House) -> None:
    processing = dataclasses.replace(AT_VENDOR, status=RecordingStatus.PROCESSING)
    house.vendor.add_recording(processing, wav(seconds=9, channels=2))
    house.tell()
    assert house.work().due_at is not None
    house.vendor.add_recording(dataclasses.replace(AT_VENDOR, duration=9), wav(9, channels=2))
    assert house.work_on().state is State.RELEASED


def test_an_unknown_length_costs_no_download(house: House, downloads: Counter[str]) -> None:
    house.vendor.add_recording(dataclasses.replace(AT_VENDOR, duration=None), MEDIA)
    house.tell(duration=None)
    recording = house.work_on()
    assert (recording.undecided, downloads) == (True, {})
    assert recording.last_error.startswith("MediaNotDescribed")


def test_an_outage_of_a_day_costs_one_try_at_each_sweep_and_heals_by_itself(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.vendor.add_call(A_CALL)
    house.record(MEDIA)
    tries = Counter[str]()

    @contextmanager
    def down(account_sid: str, sid: str, **how: Any) -> Iterator[Any]:
        tries[sid] += 1
        raise VendorRefused("Twilio refused", status=403)
        yield

    with monkeypatch.context() as patched:
        patched.setattr(house.vendor, "media", down)
        let_pass(house, hours=24, every=timedelta(minutes=30))
    assert TRANSFERS.tries + 36 < tries[recording_sid()] <= TRANSFERS.tries + 48
    house.archive.operations.sweep()
    assert house.work().state is State.RELEASED


def test_wordings_that_the_bucket_refuses_are_not_sent_each_second(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.archive.catalog.announcements.keep(Announcement("es-ES", "", "Se graba."), house.time)
    puts = Counter[str]()

    def refused(name: str, *args: object, **how: object) -> None:
        puts[name] += 1
        raise BucketRefused("forbidden")

    publisher = Publisher(house.archive.catalog, house.bucket, lambda: house.time)
    with monkeypatch.context() as patched:
        patched.setattr(house.bucket, "put", refused)
        for _ in range(3600):
            with suppress(BucketRefused):
                publisher.publish()
            house.time += timedelta(seconds=1)
    assert puts.total() < 30
    house.time += timedelta(minutes=7)
    publisher.publish()
    assert len(list(house.bucket.list("announcements/"))) == 1


# --- an order that waits writes nothing anew ------------------------------------------------------


def refuse(error: TwirecError) -> Callable[..., None]:
    def refused(*args: object) -> None:
        raise error

    return refused


@pytest.mark.parametrize(
    ("by", "erased"), [("vendor", True), ("bucket", True), ("both", True), ("vendor", False)]
)
def test_six_hours_of_refused_deletion_write_the_journal_once(
    house: House, monkeypatch: pytest.MonkeyPatch, by: str, erased: bool
) -> None:
    house.vendor.add_call(A_CALL)
    if not erased:
        house.vendor.faults.add("delete", VendorRefused("not yet", status=400))
    house.record(MEDIA)
    house.work()
    house.archive.journal.write()
    written = []
    put = house.bucket.put

    def counted(name: str, *args: Any, **how: Any) -> Any:
        written.extend([name] if name.startswith("journal/") else [])
        return put(name, *args, **how)

    with monkeypatch.context() as patched:
        patched.setattr(house.bucket, "put", counted)
        if by in {"vendor", "both"}:
            patched.setattr(house.vendor, "delete", refuse(VendorRefused("no", status=403)))
        if by in {"bucket", "both"}:
            patched.setattr(house.bucket, "delete", refuse(BucketRefused("retention")))
        if erased:
            destroy(house.archive, recording_sid(), "request 7")
        for _ in range(6):
            let_pass(house, hours=1, every=timedelta(minutes=30))
            house.archive.journal.write()
            house.archive.__dict__.pop("_pages", None)  # as every run of `work --once` begins
    days = Counter(name.rsplit("/", 1)[0] for name in written)
    assert all(count <= 2 for count in days.values()), days
    assert len(names(house.bucket)) <= 4
    house.archive.operations.sweep()
    assert house.work().state is (State.ERASED if erased else State.RELEASED)
