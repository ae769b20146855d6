"""A trial: everything is copied and checked, and nothing is deleted at the vendor."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.backfill.gathering import gather, run
from tests.erasing import destroy
from tests.factories import recording_sid
from tests.house import A_CALL, AT_VENDOR, House, with_settings
from tests.sounds import wav
from twirec.archive import periodic
from twirec.model.errors import VendorUnavailable
from twirec.model.states import State

SOUND = wav(seconds=4, channels=2)


def trial(house: House, on: bool) -> None:
    house.archive = with_settings(house.archive, keep_at_twilio=on)


@pytest.fixture(autouse=True)
def begun(house: House) -> None:
    trial(house, on=True)
    house.vendor.add_call(A_CALL)


def test_what_is_copied_stays_at_the_vendor_and_nothing_waits(house: House) -> None:
    house.record(SOUND)
    recording = house.work()
    assert (recording.state, recording.kept, recording.due_at) == (State.ARCHIVED, True, None)
    assert (len(house.stored()), house.at_vendor()) == (1, [recording_sid()])
    stats = house.archive.operations.stats()
    assert (stats.kept_for_trial, stats.waiting, stats.parked) == (1, 0, 0)
    house.time += timedelta(hours=1)
    report = house.archive.operations.sweep()
    assert report.problems == {}
    assert house.work() == recording


def test_after_the_trial_everything_is_released(house: House) -> None:
    house.record(SOUND)
    house.work()
    trial(house, on=False)
    assert house.work().state is State.RELEASED
    assert (len(house.stored()), house.at_vendor()) == (1, [])
    assert house.archive.operations.stats().kept_for_trial == 0


def test_it_is_released_in_lots(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(periodic, "LOT", 3)
    gather(house, *range(10, 20))
    run(house)
    assert (house.archive.operations.stats().kept_for_trial, len(house.at_vendor())) == (10, 10)
    trial(house, on=False)
    house.archive.operations.sweep()
    assert (
        house.archive.operations.stats().kept_for_trial,
        house.archive.operations.stats().waiting,
    ) == (7, 3)
    house.archive.operations.worker(threads=2).run_once()
    assert (house.archive.operations.stats().kept_for_trial, house.at_vendor()) == (0, [])


def test_what_a_backfill_was_told_to_keep_outlives_the_trial(house: House) -> None:
    gather(house, 10, 11)
    run(house, keep_at_vendor=True)
    gather(house, 12)
    run(house, since="2026-11-11", until="2026-11-11")
    trial(house, on=False)
    house.archive.operations.worker(threads=1).run_once()
    assert sorted(house.at_vendor()) == [recording_sid(10), recording_sid(11)]
    assert house.archive.operations.stats().kept_at_vendor == 2


def test_what_a_backfill_no_longer_keeps_is_kept_by_the_trial(house: House) -> None:
    gather(house, 10)
    run(house, keep_at_vendor=True)
    report = run(house)
    assert (report.here, report.failed, report.waiting) == (1, {}, 0)
    assert house.at_vendor() == [recording_sid(10)]
    trial(house, on=False)
    house.archive.operations.worker(threads=1).run_once()
    assert house.at_vendor() == []


def test_what_was_archived_before_the_trial_and_not_released_yet_is_kept(house: House) -> None:
    trial(house, on=False)
    house.record(SOUND)
    house.vendor.faults.add("delete", VendorUnavailable("no answer"))
    assert house.work().state is State.ARCHIVED
    trial(house, on=True)
    house.time += timedelta(hours=1)
    assert house.work().kept
    assert house.at_vendor() == [recording_sid()]


def test_a_copy_that_is_back_is_not_deleted_again_during_a_trial(house: House) -> None:
    trial(house, on=False)
    house.record(SOUND)
    house.work()
    house.vendor.add_recording(AT_VENDOR, SOUND)
    trial(house, on=True)
    assert house.archive.operations.sweep().deleted_again == 0
    assert house.at_vendor() == [recording_sid()]
    trial(house, on=False)
    assert house.archive.operations.sweep().deleted_again == 1


def test_an_ordered_erasure_destroys_both_copies_in_a_trial_too(house: House) -> None:
    house.record(SOUND)
    house.work()
    destroy(house.archive, recording_sid(), "their request")
    assert house.work().state is State.ERASED
    assert (house.stored(), house.at_vendor()) == ([], [])
