"""What somebody decides of a recording that time does not mend, and where it is kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from sqlalchemy import update

from tests.erasing import destroy
from tests.factories import SEEING, call_sid, recording_sid
from tests.house import A_CALL, AT_VENDOR, House
from tests.sounds import wav
from twirec.archive import Archive
from twirec.catalog.tables import recordings
from twirec.model.access import Actor
from twirec.model.errors import InvalidQuery, NotFound, VendorUnavailable
from twirec.model.records import Acceptance
from twirec.model.states import Custody, State
from twirec.model.vocabulary import Outcome, Reason

LONGER = wav(seconds=11.3, channels=2)
DESPITE = "MediaMismatch: The file lasts 11.300 s, not 4 s."
MP3 = b"\xff\xfb\x90\x00" * 100


def accept(house: House, reason: str = "heard it, it is whole") -> None:
    house.archive.custody.accept(recording_sid(), reason=reason, by=Actor("ana", "admin"))


def give_up(house: House, reason: str = "a test call") -> None:
    house.archive.custody.give_up(recording_sid(), reason=reason, by=Actor("ana", "admin"))


def line(archive: Archive) -> tuple[Outcome, Reason | None]:
    call = archive.calls.get(call_sid(), **SEEING).call
    return call.outcome, call.reason


def test_what_is_accepted_is_archived_and_says_by_whom_why_and_in_spite_of_what(
    house: House,
) -> None:
    house.record(LONGER)
    house.work()
    accept(house)
    recording = house.work()
    assert recording.state is State.RELEASED
    assert recording.accepted == Acceptance(DESPITE, "ana", "heard it, it is whole")
    assert (recording.standstill, recording.last_error) == (None, "")
    stored = house.bucket.stat(recording.object_name or "")
    assert b"".join(house.bucket.open_range(stored.name)) == LONGER
    assert stored.labels["accepted_despite"] == DESPITE
    assert stored.labels["accepted_by"] == "ana"
    assert stored.labels["accepted_why"] == "heard it, it is whole"
    (entry,) = house.archive.audit.log(action="accept")
    assert (entry.by, entry.role, entry.outcome, entry.sid) == (
        "ana",
        "admin",
        "done",
        recording.sid,
    )
    assert entry.detail == {"despite": DESPITE, "reason": "heard it, it is whole"}
    house.vendor.add_call(A_CALL)
    assert house.archive.operations.sweep().problems == {}


@pytest.mark.parametrize("journalled", ["never", "before", "after"])
def test_a_rebuild_knows_what_was_accepted(
    house: House, rebuilt: Callable[[], Archive], journalled: str
) -> None:
    house.record(LONGER)
    house.work()
    if journalled == "before":
        house.archive.journal.write()
    accept(house)
    archived = house.work()
    if journalled == "after":
        house.archive.journal.write()
    again = rebuilt().catalog.recordings.get(recording_sid())
    assert again.accepted == archived.accepted
    assert again.undecided is False


def test_only_what_was_accepted_is_archived(house: House) -> None:
    house.record(LONGER)
    house.work()
    accept(house)
    house.record(wav(seconds=7.5, channels=2))
    recording = house.work()
    assert (recording.state, recording.undecided) == (State.COMPLETED, True)
    assert "7.500" in recording.last_error
    assert house.stored() == []
    accept(house)
    assert house.work().state is State.RELEASED


def test_all_that_differs_is_accepted_together_or_not_at_all(house: House) -> None:
    house.record(wav(seconds=11.3, channels=1))
    assert house.work().last_error == (
        "MediaMismatch: The file has 1 channels, not 2. The file lasts 11.300 s, not 4 s."
    )
    accept(house)
    assert house.work().channels == 1


def test_a_length_that_twilio_never_says_is_that_of_the_file(house: House) -> None:
    house.vendor.add_recording(dataclasses.replace(AT_VENDOR, duration=None), LONGER)
    house.tell(duration=None)
    assert house.work_on().last_error.startswith("MediaNotDescribed")
    accept(house)
    recording = house.work()
    assert (recording.state, recording.duration) == (State.RELEASED, 11)
    assert house.bucket.stat(recording.object_name or "").labels["duration_seconds"] == "11"


@pytest.mark.parametrize("media", [MP3, b"<html>", LONGER[:-5000]], ids=["MP3", "page", "cut"])
def test_what_is_not_whole_audio_cannot_be_accepted_only_given_up(
    house: House, media: bytes
) -> None:
    house.record(media)
    assert house.work_on().undecided
    with pytest.raises(InvalidQuery, match="cannot be accepted, only what is whole audio"):
        accept(house)
    assert house.archive.audit.log(action="accept")[0].outcome == "failed"
    give_up(house)
    assert house.recording().given_up


def test_what_is_given_up_stays_at_twilio_untouched_and_the_line_says_so(house: House) -> None:
    house.vendor.add_call(A_CALL)
    house.record(MP3)
    house.work()
    assert line(house.archive) == (Outcome.RECORDED, None)
    give_up(house)
    given_up = house.recording()
    assert (given_up.parked, given_up.given_up, given_up.due_at) == (False, True, None)
    assert line(house.archive) == (Outcome.NOT_RECORDED, Reason.GIVEN_UP)
    house.tell()
    assert house.archive.operations.sweep(full=True).problems == {}
    backfill = house.archive.operations.backfill("2026-11-23", by="ana")
    backfill.run()
    assert house.archive.operations.retry(by="ana") == 0
    assert house.recording() == given_up
    assert house.at_vendor() == [recording_sid()]
    stats = house.archive.operations.stats()
    assert (stats.parked, stats.undecided, stats.given_up) == (0, 0, 1)
    (entry,) = house.archive.audit.log(action="give_up")
    assert (entry.role, entry.detail["reason"]) == ("admin", "a test call")


def test_a_retry_takes_back_that_it_was_given_up(house: House) -> None:
    house.record(MP3)
    house.work()
    give_up(house)
    house.record(wav(seconds=4, channels=2))
    assert house.archive.operations.retry(recording_sid(), by="ana") == 1
    assert line(house.archive) == (Outcome.RECORDED, None)
    assert house.work().state is State.RELEASED


def test_what_was_given_up_can_be_erased(house: House) -> None:
    house.record(MP3)
    house.work()
    give_up(house)
    destroy(house.archive, recording_sid(), "request 7")
    assert house.work().state is State.ERASED
    assert house.at_vendor() == []


def test_a_rebuild_knows_what_waits_and_what_was_given_up(
    house: House, rebuilt: Callable[[], Archive]
) -> None:
    house.record(MP3)
    house.work()
    house.archive.journal.write()
    assert rebuilt().catalog.recordings.get(recording_sid()).undecided
    give_up(house)
    house.archive.journal.write()
    again = rebuilt()
    assert again.catalog.recordings.get(recording_sid()).given_up
    assert line(again) == (Outcome.NOT_RECORDED, Reason.GIVEN_UP)


@pytest.mark.parametrize("decide", [accept, give_up])
@pytest.mark.parametrize("reason", ["", "  ", "x" * 256])
def test_a_decision_needs_a_reason(
    house: House, decide: Callable[[House, str], None], reason: str
) -> None:
    house.record(LONGER)
    known = house.work()
    with pytest.raises(InvalidQuery, match="reason"):
        decide(house, reason)
    assert house.recording() == known


@pytest.mark.parametrize("decide", [accept, give_up])
def test_what_waits_for_nobody_is_not_decided(
    house: House, decide: Callable[[House], None]
) -> None:
    with pytest.raises(NotFound):
        decide(house)
    house.vendor.faults.add("media", VendorUnavailable("down"))
    house.record(LONGER)
    house.work()
    with pytest.raises(InvalidQuery, match=r"does not wait|not parked"):
        decide(house)
    house.record(wav(seconds=4, channels=2))
    house.work_on()
    with pytest.raises(InvalidQuery):
        decide(house)


def test_of_what_is_blocked_the_object_is_not_named(house: House) -> None:
    house.record(wav(seconds=4, channels=2))
    name = house.work().object_name or ""
    database = house.archive.catalog.database
    error = f"ArchivedGone: {name} is not in the bucket any more: Twilio's copy is kept."
    with database.write() as connection:
        connection.execute(
            update(recordings).values(
                state="archived", due_at=None, last_error=error, custody=Custody.BLOCKED.value
            )
        )
    assert house.archive.operations.parked() == [], "to who says nothing of themselves"
    (parked,) = house.archive.operations.parked(by="ana")
    assert parked.object_name is None
    assert name not in parked.last_error
