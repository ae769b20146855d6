"""Our own copy is looked at again before the vendor's is deleted late."""

from __future__ import annotations

import pytest

from tests.factories import STARTED, recording_sid
from tests.house import NAME, House
from tests.sounds import wav
from twirec.model.bucket import StoredObject
from twirec.model.errors import VendorUnavailable
from twirec.model.states import State


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


def test_the_vendors_copy_is_not_deleted_when_it_is_to_stay_since_ours_was_looked_at(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.vendor.faults.add("delete", VendorUnavailable("no answer"))
    house.record(wav(seconds=4, channels=2))
    house.work()
    stat = house.bucket.stat

    def stat_and_keep(name: str) -> StoredObject:
        if name == NAME:
            assert house.archive.catalog.vendor_retention.keep(recording_sid())
        return stat(name)

    monkeypatch.setattr(house.bucket, "stat", stat_and_keep)
    recording = house.work_on()
    assert (recording.state, recording.keep_at_vendor) == (State.ARCHIVED, True)
    assert house.at_vendor() == [recording_sid()]
