"""Our own copy is looked at again before the vendor's is deleted late."""

from __future__ import annotations

from functools import partial

import pytest

from tests.factories import STARTED, recording_sid
from tests.house import NAME, House
from tests.sounds import wav
from twirec.model.bucket import StoredObject
from twirec.model.errors import VendorUnavailable
from twirec.model.states import State
from twirec.transfers.checkpoints import Step


def test_the_vendors_copy_is_not_deleted_when_ours_is_gone_before_it_is(house: House) -> None:
    house.vendor.faults.add("delete", VendorUnavailable("no answer"))
    house.record(wav(seconds=4, channels=2))
    archived = house.work()
    house.bucket.delete(NAME, archived.generation or 0)
    recording = house.work_on()
    assert (recording.state, recording.parked) == (State.ARCHIVED, True)
    assert recording.last_error == (
        f"ArchivedGone: {NAME} is not in the bucket any more: Twilio's copy is kept."
    )
    assert house.at_vendor() == [recording_sid()]


def test_the_vendors_copy_is_not_deleted_when_ours_was_changed_before_it_is(house: House) -> None:
    house.vendor.faults.add("delete", VendorUnavailable("no answer"))
    house.record(wav(seconds=4, channels=2))
    archived = house.work()
    house.bucket.delete(NAME, archived.generation or 0)
    house.bucket.put(
        NAME, [b"something else"], content_type="a", labels={}, custom_time=STARTED, finish=dict
    )
    assert "is not what was archived" in house.work_on().last_error
    assert house.at_vendor() == [recording_sid()]


def test_nobody_is_told_that_the_vendors_copy_stays_when_a_worker_is_about_to_delete_it(
    house: House,
) -> None:
    keep = partial(house.archive.catalog.vendor_retention.keep, recording_sid())
    told: list[bool] = []

    def ask(at: Step) -> None:
        if at is Step.ARCHIVED:
            told.append(keep())

    house.record(wav(seconds=4, channels=2))
    house.archive.operations.worker(threads=1, at=ask).run_once()
    assert (told, keep(), house.at_vendor()) == ([False], False, [])


@pytest.mark.parametrize("before", [True, False])
def test_the_vendors_copy_stays_if_that_was_said_before_a_worker_came_back_to_it(
    house: House, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    keep = partial(house.archive.catalog.vendor_retention.keep, recording_sid())
    house.vendor.faults.add("delete", VendorUnavailable("no answer"))
    house.record(wav(seconds=4, channels=2))
    house.work()
    if before:
        assert keep()
        assert house.work_on().state is State.ARCHIVED
        assert house.at_vendor() == [recording_sid()]
        return
    stat = house.bucket.stat

    def stat_and_keep(name: str) -> StoredObject:
        assert name != NAME or not keep()  # it is too late
        return stat(name)

    monkeypatch.setattr(house.bucket, "stat", stat_and_keep)
    assert house.work_on().state is State.RELEASED
    assert house.at_vendor() == []
