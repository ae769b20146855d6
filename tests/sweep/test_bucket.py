"""The bucket and the catalog compared, both ways."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from tests.erasing import destroy
from tests.factories import ACCOUNT, STARTED, recording_sid
from tests.house import A_CALL, AT_VENDOR, NAME, House
from tests.sounds import wav
from twirec.model.errors import BucketUnavailable, LeaseLost, LookedAtNothing
from twirec.model.records import Recording
from twirec.model.states import Custody, State
from twirec.model.vendor import VendorRecording
from twirec.transfers.checkpoints import Step

MEDIA = wav(seconds=4, channels=2)


def archived(house: House) -> Recording:
    house.vendor.add_call(A_CALL)
    house.record(MEDIA)
    recording = house.work()
    assert recording.state is State.RELEASED
    return recording


def put(house: House, name: str, data: bytes = MEDIA, **labels: str) -> None:
    house.bucket.put(
        name,
        [data],
        content_type="audio/x-wav",
        labels=labels,
        custom_time=STARTED,
        finish=dict,
    )


def test_all_as_it_should_be_is_looked_at_and_nothing_found(house: House) -> None:
    archived(house)
    report = house.archive.operations.sweep()
    assert (report.objects, report.labelled, report.problems) == (1, 0, {})


def test_an_object_without_a_row_is_named(house: House) -> None:
    archived(house)
    other = NAME.replace(recording_sid(), recording_sid(7))
    put(house, other)
    assert house.archive.operations.sweep().problems == {
        recording_sid(7): f"{other} is in the bucket and not in the catalog"
    }


def test_an_object_of_another_name_than_the_row_says_is_named(house: House) -> None:
    archived(house)
    other = NAME.replace("101500Z", "101501Z")
    put(house, other)
    assert house.archive.operations.sweep().problems == {
        recording_sid(): f"{other} is in the bucket; the catalog has {NAME}"
    }


def test_a_row_without_an_object_is_named(house: House) -> None:
    recording = archived(house)
    house.bucket.delete(NAME, recording.generation or 0)
    assert house.archive.operations.sweep().problems == {
        recording_sid(): f"{NAME} is not in the bucket any more"
    }


def test_bytes_that_are_not_those_that_were_archived_are_named(house: House) -> None:
    recording = archived(house)
    house.bucket.delete(NAME, recording.generation or 0)
    put(house, NAME, b"other")
    assert house.archive.operations.sweep().problems == {
        recording_sid(): f"{NAME} is not what was archived"
    }


def test_a_checksum_in_the_labels_that_differs_is_named(house: House) -> None:
    recording = archived(house)
    house.bucket.label(NAME, recording.generation or 0, {"sha256": "0" * 64})
    assert house.archive.operations.sweep().problems == {
        recording_sid(): f"{NAME} is not what was archived"
    }


def test_labels_that_were_not_completed_are_completed_once(house: House) -> None:
    recording = archived(house)
    wanted = house.bucket.stat(NAME).labels
    house.bucket.delete(NAME, recording.generation or 0)
    put(house, NAME, recording_sid=recording_sid())
    assert house.archive.operations.sweep().labelled == 1
    now = house.bucket.stat(NAME).labels
    assert {name: now.get(name, "") for name in wanted} == wanted
    assert house.archive.operations.sweep().labelled == 0


def test_an_object_whose_recording_is_still_on_its_way_is_left_alone(house: House) -> None:
    house.record(MEDIA)
    lease = house.archive.catalog.due_work.claim(house.time, timedelta(minutes=1))
    assert lease is not None
    house.archive.catalog.due_work.name_object(lease, NAME)
    put(house, NAME)
    report = house.archive.operations.sweep()
    assert (report.objects, report.problems) == (1, {})


def test_a_bucket_that_holds_nothing_of_what_it_should_is_one_error(house: House) -> None:
    house.vendor.add_call(A_CALL)
    for number in range(1, 30):
        sid = recording_sid(number)
        house.vendor.add_recording(dataclasses.replace(AT_VENDOR, sid=sid), MEDIA)
        house.tell(recording_sid=sid)
    house.work()
    for stored in list(house.bucket.list("recordings/")):
        house.bucket.delete(stored.name, stored.generation)
    with pytest.raises(LookedAtNothing, match=r"none of the 29 recordings.*TWIREC_BUCKET"):
        house.archive.operations.sweep()


def test_a_bucket_that_cannot_be_listed_is_an_error_after_all_else_was_looked_at(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.vendor.add_recording(AT_VENDOR, MEDIA)

    def down(prefix: str = "") -> None:
        raise BucketUnavailable("no answer")

    monkeypatch.setattr(house.bucket, "list", down)
    with pytest.raises(BucketUnavailable):
        house.archive.operations.sweep()
    assert house.recording().state is State.COMPLETED


def test_what_went_while_the_bucket_could_not_be_listed_is_found_afterwards(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = archived(house)
    house.archive.operations.sweep()
    house.bucket.delete(NAME, recording.generation or 0)

    def down(prefix: str = "") -> None:
        raise BucketUnavailable("no answer")

    with monkeypatch.context() as context:
        context.setattr(house.bucket, "list", down)
        for _ in range(10):
            house.time += timedelta(days=1)
            with pytest.raises(BucketUnavailable):
                house.archive.operations.sweep()
    assert list(house.archive.operations.sweep().problems) == [recording_sid()]


def test_only_a_full_sweep_looks_at_what_is_long_ago(house: House) -> None:
    recording = archived(house)
    house.bucket.delete(NAME, recording.generation or 0)
    house.time += timedelta(days=60)
    house.archive.operations.sweep()
    house.time += timedelta(days=2)
    assert house.archive.operations.sweep().problems == {}
    assert list(house.archive.operations.sweep(full=True).problems) == [recording_sid()]


def test_a_full_sweep_finds_an_object_from_before_the_first_row(house: House) -> None:
    archived(house)
    old = f"recordings/2025/01/31/20250131T101500Z_{recording_sid(7)}.wav"
    put(house, old)
    assert house.archive.operations.sweep().problems == {}
    report = house.archive.operations.sweep(full=True)
    assert (list(report.problems), report.objects) == ([recording_sid(7)], 2)


# --- a dry run --------------------------------------------------------------------------------


def test_a_dry_run_says_what_it_would_do_and_does_nothing(house: House) -> None:
    recording = archived(house)
    house.vendor.add_recording(AT_VENDOR, MEDIA)
    unknown = dataclasses.replace(AT_VENDOR, sid=recording_sid(8))
    house.vendor.add_recording(unknown, MEDIA)
    report = house.archive.operations.sweep(dry_run=True)
    assert report.planned == {recording_sid(): "deleted_again", recording_sid(8): "adopted"}
    assert (report.dry_run, report.adopted, report.deleted_again) == (True, 0, 0)
    assert house.recording() == recording
    assert len(house.at_vendor()) == 2
    assert house.archive.catalog.marks.get(f"sweep {ACCOUNT}") is None
    wet = house.archive.operations.sweep()
    assert (wet.adopted, wet.deleted_again) == (1, 1)


# --- quarantine and erasure -------------------------------------------------------------------


def test_what_was_admitted_is_active_with_its_ground_on_row_and_object(house: House) -> None:
    early = STARTED - timedelta(minutes=5)
    house.vendor.add_recording(dataclasses.replace(AT_VENDOR, started_at=early), MEDIA)
    house.tell(started_at=early)
    quarantined = house.work()
    assert quarantined.custody is Custody.QUARANTINED
    house.archive.custody.admit(recording_sid(), ground="court order 12/2026", by="ana")
    assert house.recording().custody is Custody.ACTIVE
    assert house.recording().legal_ground == "court order 12/2026"
    labels = house.bucket.stat(quarantined.object_name or "").labels
    assert (labels["custody"], labels["legal_ground"]) == ("active", "court order 12/2026")
    (order,) = house.archive.catalog.orders.of(recording_sid())
    assert (order.by, order.why, order.at) == ("ana", "court order 12/2026", house.time)


def test_a_label_that_could_not_be_changed_then_is_completed_by_the_sweep(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    early = STARTED - timedelta(minutes=5)
    house.vendor.add_call(A_CALL)
    house.vendor.add_recording(dataclasses.replace(AT_VENDOR, started_at=early), MEDIA)
    house.tell(started_at=early)
    name = house.work().object_name or ""

    def down(*_: object) -> None:
        raise BucketUnavailable("no answer")

    with monkeypatch.context() as context:
        context.setattr(house.bucket, "label", down)
        house.archive.custody.admit(recording_sid(), ground="court order 12/2026", by="ana")
    assert house.bucket.stat(name).labels["custody"] == "quarantined"
    assert house.archive.operations.sweep().labelled == 1
    assert house.bucket.stat(name).labels["custody"] == "active"


def test_what_is_erased_is_gone_at_both_ends_and_stays_so(house: House) -> None:
    recording = archived(house)
    house.vendor.add_recording(AT_VENDOR, MEDIA)
    destroy(house.archive, recording_sid(), "request 7")
    erased = house.work()
    assert (erased.state, erased.sha256, erased.size) == (State.ERASED, None, None)
    assert (house.stored(), house.at_vendor()) == ([], [])
    put(house, NAME)
    house.vendor.add_recording(AT_VENDOR, MEDIA)
    report = house.archive.operations.sweep()
    assert (report.erased_again, report.adopted, report.problems) == (2, 0, {})
    assert (house.stored(), house.at_vendor()) == ([], [])
    house.tell()
    assert house.recording().state is State.ERASED
    assert recording.object_name == erased.object_name


def test_what_is_on_its_way_can_be_erased_and_its_worker_commits_nothing(house: House) -> None:
    house.record(MEDIA)
    lease = house.archive.catalog.due_work.claim(house.time, timedelta(minutes=1))
    assert lease is not None
    destroy(house.archive, recording_sid(), "request 7")
    assert house.work().state is State.ERASING  # who has the lease may still be storing it
    house.time = lease.until
    assert house.work().state is State.ERASED
    assert (house.stored(), house.at_vendor()) == ([], [])
    with pytest.raises(LeaseLost):
        house.archive.catalog.due_work.finish(lease, State.RELEASED)


@pytest.mark.parametrize("step", [Step.RECEIVED, Step.STORED, Step.VERIFIED])
def test_what_is_erased_while_it_is_stored_does_not_stay(house: House, step: Step) -> None:
    def erase(at: Step) -> None:
        if at is step:
            destroy(house.archive, recording_sid(), "request 7")

    house.record(MEDIA)
    house.archive.operations.worker(threads=1, at=erase).run_once()
    assert house.stored() == []
    house.time = house.recording().due_at or house.time
    assert house.work().state is State.ERASED
    assert (house.stored(), house.at_vendor()) == ([], [])


def test_external_storage_is_named_once_and_never_fetched(house: House) -> None:
    elsewhere: VendorRecording = dataclasses.replace(AT_VENDOR, external=True)
    house.vendor.add_recording(elsewhere)
    report = house.archive.operations.sweep()
    assert report.problems[recording_sid()].startswith("external: ")
    assert house.work().state is State.EXTERNAL
    assert house.archive.operations.sweep().problems == {}


def test_an_erasure_that_was_given_up_is_named_and_tried_again(house: House) -> None:
    archived(house)
    destroy(house.archive, recording_sid(), "request 7")
    lease = house.archive.catalog.due_work.claim(house.time, timedelta(minutes=1))
    assert lease is not None
    house.archive.catalog.due_work.postpone(lease, None, "VendorRefused: no")
    assert house.recording().parked
    assert "VendorRefused: no" in house.archive.operations.sweep().problems[recording_sid()]
    assert house.work().state is State.ERASED
