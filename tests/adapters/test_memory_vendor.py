"""What the vendor in memory does for tests. What it does as a vendor is in tests/contracts."""

import pytest

from twirec.adapters.memory_vendor import MemoryVendor, Operation
from twirec.model.errors import MediaNotReady, VendorBusy, VendorError, VendorUnavailable
from twirec.model.vendor import RecordingStatus, VendorCall, VendorRecording

ACCOUNT = "AC" + "0" * 32
CALL = VendorCall("CA1", ACCOUNT, "+34600111222", "+34911000111", "inbound", "completed")
DONE = VendorRecording("RE1", ACCOUNT, "CA1", RecordingStatus.COMPLETED)


@pytest.fixture
def vendor() -> MemoryVendor:
    """A vendor with one call and its recording."""
    vendor = MemoryVendor()
    vendor.add_call(CALL)
    vendor.add_recording(DONE, b"RIFF")
    return vendor


def ask(vendor: MemoryVendor, operation: Operation) -> None:
    """Do one thing."""
    if operation == "recordings":
        list(vendor.recordings(ACCOUNT))
    elif operation in {"media", "read"}:
        with vendor.media(ACCOUNT, "RE1") as media:
            list(media.chunks)
    else:
        sid = "CA1" if operation in {"call", "legs"} else "RE1"
        getattr(vendor, operation)(ACCOUNT, sid)


@pytest.mark.parametrize(
    "operation", ["recordings", "recording", "call", "legs", "media", "read", "delete"]
)
def test_faults_come_one_after_the_other_and_then_all_is_well(
    vendor: MemoryVendor, operation: Operation
) -> None:
    faults: list[VendorError] = [VendorBusy("busy"), VendorUnavailable("down")]
    for fault in faults:
        vendor.faults.add(operation, fault)
    for fault in faults:
        with pytest.raises(type(fault)) as raised:
            ask(vendor, operation)
        assert raised.value is fault
    ask(vendor, operation)


def test_a_fault_while_reading_comes_after_some_bytes(vendor: MemoryVendor) -> None:
    vendor.faults.add("read", VendorUnavailable("down"))
    with vendor.media(ACCOUNT, "RE1") as media:
        assert next(media.chunks) == b"RIFF"
        with pytest.raises(VendorUnavailable):
            next(media.chunks)


def test_a_recording_that_is_put_in_again_takes_the_place_of_the_old_one(
    vendor: MemoryVendor,
) -> None:
    gone = VendorRecording("RE1", ACCOUNT, "CA1", RecordingStatus.DELETED)
    vendor.add_recording(gone)
    assert list(vendor.recordings(ACCOUNT)) == []


def test_external_media_is_not_to_be_had(vendor: MemoryVendor) -> None:
    elsewhere = VendorRecording("RE1", ACCOUNT, "CA1", RecordingStatus.COMPLETED, external=True)
    vendor.add_recording(elsewhere, b"RIFF")
    with pytest.raises(MediaNotReady):
        ask(vendor, "media")
