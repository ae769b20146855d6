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


def check_released(site: Site, held: AtVendor) -> None:
    recording = site.archive.catalog.recordings.get(held.sid)
    assert recording.state is State.RELEASED
    assert recording.last_error == ""
    assert hashlib.sha256(site.bytes_of(recording)).hexdigest() == site.sandbox.sha256(held.sid)
    assert site.stored() == [recording.object_name]
    assert site.at_vendor() == []


@pytest.mark.parametrize("fault", PASSES)
def test_a_fault_of_the_media_that_passes_ends_in_the_right_bytes(site: Site, fault: Fault) -> None:
    faults = Faults(media={fault: 4}, slow_seconds=0.05)
    held = site.record(faults=faults)
    site.work_on()
    check_released(site, held)


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


@pytest.mark.parametrize("fault", REASONS)
def test_a_fault_of_the_media_that_stays_is_parked_with_the_reason(
    site: Site, fault: Fault
) -> None:
    held = site.record(faults=Faults(media={fault: ALWAYS}))
    site.work_on()
    recording = site.archive.catalog.recordings.get(held.sid)
    assert recording.parked
    assert recording.state is State.COMPLETED
    assert recording.last_error.startswith(REASONS[fault])
    assert site.stored() == []
    assert site.at_vendor() == [held.sid]


@pytest.mark.parametrize("fault", [Fault.NOT_FOUND, Fault.BUSY, Fault.ERROR, Fault.UNAVAILABLE])
def test_a_deletion_that_fails_is_tried_again_and_the_bytes_are_safe(
    site: Site, fault: Fault
) -> None:
    held = site.record(faults=Faults(delete={fault: 4}))
    site.work_on()
    recording = site.archive.catalog.recordings.get(held.sid)
    assert recording.state is State.RELEASED
    assert hashlib.sha256(site.bytes_of(recording)).hexdigest() == site.sandbox.sha256(held.sid)


@pytest.mark.parametrize("fault", [Fault.BUSY, Fault.ERROR, Fault.UNAVAILABLE])
def test_a_deletion_that_never_works_is_parked_as_archived(site: Site, fault: Fault) -> None:
    held = site.record(faults=Faults(delete={fault: ALWAYS}))
    site.work_on()
    recording = site.archive.catalog.recordings.get(held.sid)
    assert (recording.state, recording.parked) == (State.ARCHIVED, True)
    assert site.stored() == [recording.object_name]


def test_a_deletion_that_twilio_denies_with_404_is_made_good_by_the_sweep(site: Site) -> None:
    held = site.record(faults=Faults(delete={Fault.NOT_FOUND: 1}))
    site.work_on()
    assert site.at_vendor() == [held.sid]
    assert site.archive.operations.sweep().deleted_again == 1
    check_released(site, held)


@pytest.mark.parametrize("fault", [Fault.BUSY, Fault.ERROR, Fault.UNAVAILABLE, Fault.SLOW])
@pytest.mark.parametrize("endpoint", ["call", "recording"])
def test_metadata_that_fails_for_a_while_delays_and_loses_nothing(
    site: Site, fault: Fault, endpoint: str
) -> None:
    site.sandbox.faults = Faults(**{endpoint: {fault: 4}}, slow_seconds=0.05)  # type: ignore[arg-type]
    held = site.record()
    site.work_on()
    check_released(site, held)


@pytest.mark.parametrize("fault", [Fault.BUSY, Fault.ERROR, Fault.UNAVAILABLE])
def test_a_listing_that_fails_is_an_error_and_the_next_sweep_finds_all(
    site: Site, fault: Fault
) -> None:
    held = site.sandbox.add_recording(seconds=3)
    site.sandbox.faults = Faults(listing={fault: 3})
    with pytest.raises(Exception, match="HTTP"):
        site.archive.operations.sweep()
    assert site.archive.operations.sweep().adopted == 1
    site.work_on()
    check_released(site, held)


@pytest.mark.parametrize(
    "faults",
    [
        Faults(callbacks_lost=("in-progress",)),
        Faults(callbacks_lost=("completed",)),
        Faults(callbacks_lost=("in-progress", "completed")),
        Faults(callbacks_lost=("in-progress", "completed", "call")),
        Faults(callbacks_doubled=("in-progress", "completed", "call")),
        Faults(callbacks_late={"in-progress": 20.0, "completed": 2.0}),
        Faults(callbacks_out_of_order=True),
    ],
    ids=["start lost", "end lost", "both lost", "all lost", "doubled", "late", "out of order"],
)
def test_callbacks_lost_doubled_late_or_out_of_order_end_in_one_copy(
    site: Site, faults: Faults
) -> None:
    sid = site.call(faults=faults)
    site.work_on()
    site.archive.operations.sweep()
    site.work_on()
    (held,) = site.sandbox.recordings
    check_released(site, held)
    assert len(site.recordings()) == 1
    assert site.archive.calls.get(sid).call.outcome is Outcome.RECORDED


def test_no_deletion_comes_before_the_bucket_holds_the_bytes(site: Site) -> None:
    for fault in REASONS:
        site.record(faults=Faults(media={fault: ALWAYS}))
        site.record(faults=Faults(media={fault: 1}))
    site.work_on()
    deleted = {held.sid for held in site.sandbox.recordings} - set(site.at_vendor())
    verified = {name.split("_")[1].removesuffix(".wav") for name in site.stored()}
    assert deleted == verified
    assert len(deleted) == len(REASONS) - 1  # what lacks a channel waits for somebody
