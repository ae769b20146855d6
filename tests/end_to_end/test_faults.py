"""Each fault of the vendor's: the recording ends released, or parked with the reason.

Whatever happens, nothing is deleted at the vendor before the bucket's copy was verified, and no
error body is stored as audio.
"""

from __future__ import annotations

import hashlib

import pytest

from tests.end_to_end.site import Site
from twirec.model.states import State
from twirec.model.vocabulary import Outcome
from twirec.sandbox import ALWAYS, Fault, Faults
from twirec.sandbox import Recording as AtVendor

REASONS = {
    Fault.NOT_FOUND: "MediaNotReady",
    Fault.BUSY: "VendorBusy",
    Fault.ERROR: "VendorUnavailable",
    Fault.UNAVAILABLE: "VendorUnavailable",
    Fault.XML_WITH_200: "MediaIsErrorPage",
    Fault.TRUNCATED: "MediaTruncated",
    Fault.WRONG_LENGTH: "MediaTruncated",
    Fault.MONO: "MediaMismatch",
}

PASSES = [fault for fault in Fault if fault is not Fault.MONO]
"""What is tried again without anybody's doing."""


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the pauses inside one try be short; those between tries are on the movable clock."""
    monkeypatch.setattr("twirec.adapters.twilio_http._wait", lambda *_: 0.01)


def check_released(site: Site, *held: AtVendor) -> None:
    """Hold that these, and no others, are in the bucket, whole, and no longer at the vendor."""
    names = []
    for each in held:
        recording = site.archive.catalog.recordings.get(each.sid)
        assert recording.state is State.RELEASED, each.plan
        assert recording.last_error == "", each.plan
        sha256 = hashlib.sha256(site.bytes_of(recording)).hexdigest()
        assert sha256 == site.sandbox.sha256(each.sid), each.plan
        names.append(recording.object_name)
    assert sorted(site.stored()) == sorted(filter(None, names))
    assert len(set(names)) == len(held)
    assert site.at_vendor() == []


def test_a_fault_of_the_media_that_passes_ends_in_the_right_bytes(site: Site) -> None:
    held = [site.record(faults=Faults(media={fault: 4}, slow_seconds=0.05)) for fault in PASSES]
    site.work_on()
    check_released(site, *held)


def test_what_lacks_a_channel_waits_for_somebody_and_is_fetched_again_when_they_say_so(
    site: Site,
) -> None:
    held = site.record(faults=Faults(media={Fault.MONO: 1}))
    site.work_on()
    site.archive.operations.sweep()
    site.work_on()
    assert site.archive.catalog.recordings.get(held.sid).undecided
    assert site.at_vendor() == [held.sid]
    site.archive.operations.retry(held.sid, by="ana")
    site.work_on()
    check_released(site, held)


def test_a_fault_of_the_media_that_stays_is_parked_with_the_reason(site: Site) -> None:
    held = {fault: site.record(faults=Faults(media={fault: ALWAYS})) for fault in REASONS}
    site.work_on()
    for fault, each in held.items():
        recording = site.archive.catalog.recordings.get(each.sid)
        assert recording.parked, fault
        assert recording.state is State.COMPLETED, fault
        assert recording.last_error.startswith(REASONS[fault])
    assert site.stored() == []
    assert sorted(site.at_vendor()) == sorted(each.sid for each in held.values())


def test_a_deletion_that_fails_is_tried_again_and_the_bytes_are_safe(site: Site) -> None:
    held = [
        site.record(faults=Faults(delete={fault: 4}))
        for fault in (Fault.NOT_FOUND, Fault.BUSY, Fault.ERROR, Fault.UNAVAILABLE)
    ]
    site.work_on()
    for each in held:
        recording = site.archive.catalog.recordings.get(each.sid)
        assert recording.state is State.RELEASED, each.plan
        sha256 = hashlib.sha256(site.bytes_of(recording)).hexdigest()
        assert sha256 == site.sandbox.sha256(each.sid), each.plan


def test_a_deletion_that_never_works_is_parked_as_archived(site: Site) -> None:
    held = [
        site.record(faults=Faults(delete={fault: ALWAYS}))
        for fault in (Fault.BUSY, Fault.ERROR, Fault.UNAVAILABLE)
    ]
    site.work_on()
    recordings = [site.archive.catalog.recordings.get(each.sid) for each in held]
    for recording in recordings:
        assert (recording.state, recording.parked) == (State.ARCHIVED, True), recording.last_error
    assert sorted(site.stored()) == sorted(each.object_name or "" for each in recordings)


def test_a_deletion_that_twilio_denies_with_404_is_made_good_by_the_sweep(site: Site) -> None:
    held = site.record(faults=Faults(delete={Fault.NOT_FOUND: 1}))
    site.work_on()
    assert site.at_vendor() == [held.sid]
    assert site.archive.operations.sweep().deleted_again == 1
    check_released(site, held)


@pytest.mark.parametrize("endpoint", ["call", "recording"])
def test_metadata_that_fails_for_a_while_delays_and_loses_nothing(
    site: Site, endpoint: str
) -> None:
    held = []
    for fault in (Fault.BUSY, Fault.ERROR, Fault.UNAVAILABLE, Fault.SLOW):
        site.sandbox.faults = Faults(**{endpoint: {fault: 4}}, slow_seconds=0.05)  # type: ignore[arg-type]
        held.append(site.record())
        site.work_on()
        check_released(site, *held)


def test_a_listing_that_fails_is_an_error_and_the_next_sweep_finds_all(site: Site) -> None:
    held = []
    for fault in (Fault.BUSY, Fault.ERROR, Fault.UNAVAILABLE):
        held.append(site.sandbox.add_recording(seconds=3))
        site.sandbox.faults = Faults(listing={fault: 3})
        with pytest.raises(Exception, match="HTTP"):
            site.archive.operations.sweep()
        assert site.archive.operations.sweep().adopted == 1, fault
        site.work_on()
        check_released(site, *held)


CALLBACKS = {
    "start lost": Faults(callbacks_lost=("in-progress",)),
    "end lost": Faults(callbacks_lost=("completed",)),
    "both lost": Faults(callbacks_lost=("in-progress", "completed")),
    "all lost": Faults(callbacks_lost=("in-progress", "completed", "call")),
    "doubled": Faults(callbacks_doubled=("in-progress", "completed", "call")),
    "late": Faults(callbacks_late={"in-progress": 20.0, "completed": 2.0}),
    "out of order": Faults(callbacks_out_of_order=True),
}


def test_callbacks_lost_doubled_late_or_out_of_order_end_in_one_copy(site: Site) -> None:
    sids = {what: site.call(faults=faults) for what, faults in CALLBACKS.items()}
    site.work_on()
    site.archive.operations.sweep()
    site.work_on()
    held = site.sandbox.recordings
    check_released(site, *held)
    assert len(held) == len(site.recordings()) == len(sids)
    for what, sid in sids.items():
        record = site.archive.calls.get(sid)
        assert record.call.outcome is Outcome.RECORDED, what
        assert len(record.recordings) == 1, what


def test_no_deletion_comes_before_the_bucket_holds_the_bytes(site: Site) -> None:
    for fault in REASONS:
        site.record(faults=Faults(media={fault: ALWAYS}))
        site.record(faults=Faults(media={fault: 1}))
    site.work_on()
    deleted = {held.sid for held in site.sandbox.recordings} - set(site.at_vendor())
    verified = {name.split("_")[1].removesuffix(".wav") for name in site.stored()}
    assert deleted == verified
    assert len(deleted) == len(REASONS) - 1  # what lacks a channel waits for somebody
