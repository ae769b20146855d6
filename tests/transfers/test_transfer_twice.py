"""Who dies, comes late or comes twice on the way: one copy, and nothing deleted too early."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest

from tests.erasing import destroy
from tests.factories import ACCOUNT, STARTED, recording_sid, wording_of
from tests.house import AT_VENDOR, NAME, House
from tests.sounds import wav
from twirec.model.errors import (
    BucketUnavailable,
    CatalogUnavailable,
    NotAtVendor,
    VendorUnavailable,
)
from twirec.model.states import State
from twirec.model.vendor import Media
from twirec.transfers import transfer
from twirec.transfers.checkpoints import Step


def test_what_died_between_upload_and_commit_is_compared_not_written_again(house: House) -> None:
    media = wav(seconds=4, channels=2)
    house.record(media)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(house.archive.catalog.due_work, "archived", _dies)
        with pytest.raises(SystemExit):
            house.archive.operations.worker().work(_claim(house))
    (before,) = house.bucket.list("recordings/")
    house.time += timedelta(minutes=6)  # the lease of the dead worker runs out
    recording = house.work()
    assert recording.state is State.RELEASED
    assert recording.generation == before.generation
    assert house.stored() == [NAME]


@pytest.mark.parametrize("commit", ["archived", "finish"])
def test_what_was_done_is_written_down_when_the_catalog_is_back_in_a_moment(
    house: House, monkeypatch: pytest.MonkeyPatch, commit: str
) -> None:
    monkeypatch.setattr(transfer, "COMMIT_PAUSE", 0.0)
    house.record(wav(seconds=4, channels=2))
    away = iter([True, True, False])
    write = getattr(house.archive.catalog.due_work, commit)

    def locked(*facts: Any) -> Any:
        if next(away):
            raise CatalogUnavailable("The catalog cannot be used: database is locked.")
        return write(*facts)

    monkeypatch.setattr(house.archive.catalog.due_work, commit, locked)
    assert house.work().state is State.RELEASED
    assert next(away, None) is None


def test_what_died_before_its_labels_were_complete_gets_them(house: House) -> None:
    media = wav(seconds=4, channels=2)
    house.record(media)
    house.bucket.put(
        NAME, [media], content_type="audio/x-wav", labels={}, custom_time=STARTED, finish=dict
    )
    recording = house.work()
    assert recording.state is State.RELEASED
    assert house.bucket.stat(NAME).labels["sha256"] == recording.sha256


@pytest.mark.parametrize("step", [Step.STORED, Step.VERIFIED])
def test_what_was_stored_by_who_died_is_not_lost_with_the_vendors_copy(
    house: House, step: Step
) -> None:
    media = wav(seconds=4, channels=2)
    house.record(media)

    def die(at: Step) -> None:
        if at is step:
            raise SystemExit("killed")

    with pytest.raises(SystemExit):
        house.archive.operations.worker(at=die).work(_claim(house))
    house.vendor.delete(ACCOUNT, recording_sid())  # somebody did, in Twilio's console
    house.time += timedelta(minutes=6)
    recording = house.work_on()
    assert (recording.state, recording.last_error) == (State.RELEASED, "")
    assert (recording.size, recording.channels) == (len(media), 2)
    assert house.bucket.stat(NAME).labels["sha256"] == recording.sha256
    assert house.archive.catalog.waveforms.get(recording_sid())


@pytest.mark.parametrize("step", [Step.STORED, Step.VERIFIED, None])
def test_what_was_erased_while_it_was_stored_is_gone_though_who_stored_it_dies(
    house: House, step: Step | None
) -> None:
    """The order is due when the lease of who works at it would have ended."""
    house.record(wav(seconds=4, channels=2))
    lease = _claim(house)

    def erase(at: Step) -> None:
        if at is Step.RECEIVING and house.recording().state is State.COMPLETED:
            destroy(house.archive, recording_sid(), "request 7")
            assert house.recording().due_at == lease.until
        if at is step:
            raise SystemExit("killed")

    with suppress(SystemExit):
        house.archive.operations.worker(at=erase).work(lease)
    assert house.stored() == ([] if step is None else [NAME])  # who lives takes it back at once
    house.time = lease.until
    assert house.work().state is State.ERASED
    assert (house.stored(), house.at_vendor()) == ([], [])


def test_what_the_bucket_has_without_having_said_so_is_taken_back_when_it_was_erased(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.record(wav(seconds=4, channels=2))
    put = house.bucket.put

    def silent(*what: Any, **how: Any) -> None:
        put(*what, **how)
        destroy(house.archive, recording_sid(), "request 7")
        raise BucketUnavailable("no answer")

    monkeypatch.setattr(house.bucket, "put", silent)
    house.archive.operations.worker().work(_claim(house))
    assert house.stored() == []


def test_what_lies_under_the_name_is_not_taken_for_a_recording_that_it_is_not(
    house: House,
) -> None:
    other = [wav(seconds=9, channels=2)]
    house.tell()
    house.bucket.put(
        NAME, other, content_type="audio/x-wav", labels={}, custom_time=STARTED, finish=dict
    )
    recording = house.work_on()
    assert (recording.state, recording.parked) == (State.COMPLETED, True)
    assert "sha256" not in house.bucket.stat(NAME).labels


def test_other_bytes_under_the_name_are_never_replaced_and_the_vendor_keeps_its_copy(
    house: House,
) -> None:
    house.record(wav(seconds=4, channels=2))
    house.bucket.put(
        NAME, [b"other"], content_type="audio/x-wav", labels={}, custom_time=STARTED, finish=dict
    )
    recording = house.work_on()
    assert recording.parked
    assert recording.last_error.startswith("ObjectDiffers")
    assert (recording.attempts, recording.undecided) == (1, True)
    assert b"".join(house.bucket.open_range(NAME)) == b"other"
    assert house.at_vendor() == [recording_sid()]


def test_what_died_between_commit_and_delete_is_only_released(house: House) -> None:
    house.record(wav(seconds=4, channels=2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(house.vendor, "delete", _dies)
        with pytest.raises(SystemExit):
            house.archive.operations.worker().work(_claim(house))
    assert house.recording().state is State.ARCHIVED
    house.vendor.faults.add("media", VendorUnavailable("would be read a second time"))
    house.time += timedelta(minutes=6)
    assert house.work().state is State.RELEASED


def test_a_copy_that_the_vendor_lost_meanwhile_counts_as_deleted(house: House) -> None:
    house.record(wav(seconds=4, channels=2))
    house.vendor.faults.add("delete", VendorUnavailable("no answer"))
    assert house.work().state is State.ARCHIVED
    house.vendor.delete(ACCOUNT, recording_sid())
    assert house.work_on().state is State.RELEASED


def test_who_lost_the_lease_commits_nothing_and_deletes_nothing(house: House) -> None:
    house.record(wav(seconds=4, channels=2))
    late = _claim(house)
    house.time += timedelta(minutes=6)
    held = _claim(house)
    house.archive.operations.worker().work(late)
    assert house.recording() == held.item
    assert house.at_vendor() == [recording_sid()]


def test_a_worker_that_is_stopped_gives_the_recording_back(house: House) -> None:
    house.record(wav(seconds=4, channels=2))
    worker = house.archive.operations.worker()
    lease = _claim(house)
    worker.stop()
    worker.work(lease)
    assert house.stored() == []
    recording = house.recording()
    assert (recording.attempts, recording.last_error) == (0, "")
    assert house.work().state is State.RELEASED


def test_a_bucket_that_is_down_parks_nothing_before_its_time(house: House) -> None:
    house.record(wav(seconds=4, channels=2))
    with pytest.MonkeyPatch.context() as patch:

        def down(*_: Any, **__: Any) -> Any:
            raise BucketUnavailable("The bucket does not answer.")

        patch.setattr(house.bucket, "put", down)
        assert house.work().last_error.startswith("BucketUnavailable")
    assert house.work_on().state is State.RELEASED


def test_an_error_of_ours_is_written_down_and_tried_again(house: House) -> None:
    house.record(wav(seconds=4, channels=2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(house.bucket, "put", _has_a_bug)
        assert house.work().last_error.startswith("ZeroDivisionError")
    assert house.recording().last_error.startswith("ZeroDivisionError")
    assert house.work_on().state is State.RELEASED


def test_the_vendor_that_does_not_know_the_recording_is_an_error_before_it_is_a_loss(
    house: House,
) -> None:
    house.tell(duration=None)
    house.vendor.faults.add("recording", NotAtVendor("unknown", status=404))
    assert house.work().state is State.COMPLETED
    assert house.work_on().state is State.LOST


def test_an_error_of_ours_does_not_keep_the_others_from_being_moved(house: House) -> None:
    good = dataclasses.replace(AT_VENDOR, sid=recording_sid(2))
    house.vendor.add_recording(good, wav(seconds=4, channels=2))
    house.record(wav(seconds=4, channels=2))
    house.tell(recording_sid=recording_sid(2))
    put = house.bucket.put

    def put_but_one(name: str, *args: Any, **kwargs: Any) -> Any:
        return _has_a_bug() if recording_sid() in name else put(name, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(house.bucket, "put", put_but_one)
        house.archive.operations.worker(threads=1).run_once()
    assert house.archive.catalog.recordings.get(recording_sid(2)).state is State.RELEASED
    assert house.recording().last_error.startswith("ZeroDivisionError")


def test_the_lease_is_renewed_on_progress(house: House) -> None:
    house.record(wav(seconds=4, channels=2))
    lease = _claim(house)
    read = house.vendor.media

    @contextmanager
    def slow(*args: str) -> Iterator[Media]:
        with read(*args) as media:
            house.time += timedelta(minutes=4)  # of five
            yield media

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(house.vendor, "media", slow)
        patch.setattr(house.vendor, "delete", lambda *_: _claim_nothing(house))
        house.archive.operations.worker().work(lease)
    assert house.recording().state is State.RELEASED


def _claim_nothing(house: House) -> None:
    house.time += timedelta(minutes=2)  # past the first lease, within the renewed one
    assert house.archive.catalog.due_work.claim(house.time, timedelta(minutes=5)) is None


def test_nothing_is_deleted_before_it_is_verified_and_written_down(house: House) -> None:
    house.record(wav(seconds=4, channels=2))
    delete = house.vendor.delete
    seen = []

    def watched(account_sid: str, sid: str) -> None:
        stored = house.bucket.stat(NAME)
        recording = house.recording()
        seen.append(
            (recording.state, (stored.size, stored.crc32c) == (recording.size, recording.crc32c))
        )
        delete(account_sid, sid)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(house.vendor, "delete", watched)
        house.work()
    assert seen == [(State.ARCHIVED, True)]


def test_a_wording_that_cannot_be_published_does_not_stop_a_transfer(house: House) -> None:
    assert wording_of(house.archive)
    house.record(wav(seconds=4, channels=2))
    put = house.bucket.put

    def only_recordings(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("announcements/"):
            raise BucketUnavailable("The bucket does not answer.")
        return put(name, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(house.bucket, "put", only_recordings)
        assert house.work().state is State.RELEASED


def test_work_once_fails_when_the_catalog_cannot_be_asked(house: House) -> None:
    def down(*_: Any) -> Any:
        raise CatalogUnavailable("The catalog cannot be used.")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(house.archive.catalog.due_work, "claim", down)
        with pytest.raises(CatalogUnavailable):
            house.archive.operations.worker().run_once()


def test_who_speaks_on_the_one_channel_of_a_mono_file_is_not_pretended(house: House) -> None:
    house.record(wav(seconds=4, channels=1), channels=1)
    assert house.work().channel_map == ()
    assert house.bucket.stat(NAME).labels["channel_map"] == "[]"


def test_a_single_404_after_other_failures_is_not_a_loss(house: House) -> None:
    house.tell()
    for _ in range(6):
        house.vendor.faults.add("media", VendorUnavailable("no answer", status=503))
        recording = house.work()
        assert recording.due_at is not None
        house.time = recording.due_at
    assert house.work().state is State.COMPLETED


def _claim(house: House) -> Any:
    lease = house.archive.catalog.due_work.claim(house.time, timedelta(minutes=5))
    assert lease is not None
    return lease


def _dies(*_: Any, **__: Any) -> Any:
    raise SystemExit("killed")


def _has_a_bug(*_: Any, **__: Any) -> Any:
    return 1 / 0
