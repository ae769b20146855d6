"""What Twilio tells comes in any order; what is written is the same, without false alarms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.factories import SEEING, call_sid, recording_sid
from tests.webhooks.calling import CUSTOMER, LONG_ENOUGH, OWN, STATUS, VOICE, Clock
from twirec.adapters.memory_vendor import MemoryVendor
from twirec.archive import Archive
from twirec.calls.forms import CallEnd, parse_recording_callback
from twirec.calls.ledger import why_late
from twirec.model.states import Custody, State, advance
from twirec.model.vendor import VendorCall, VoiceRoute
from twirec.model.vocabulary import Outcome, Reason
from twirec.testing import ACCOUNT_SID, SignedPosts


def line(archive: Archive) -> tuple[Outcome, Reason | None]:
    call = archive.calls.get(call_sid()).call
    return call.outcome, call.reason


def test_why_a_call_is_not_recorded_of_which_nothing_was_known_before_its_end() -> None:
    for call_status, dial_status, reason in (
        ("completed", None, Reason.CATALOG_DOWN),
        ("completed", "completed", Reason.CATALOG_DOWN),
        ("no-answer", None, Reason.NOBODY_ANSWERED),
        ("busy", None, Reason.NOBODY_ANSWERED),
        ("failed", None, Reason.NOBODY_ANSWERED),
        ("canceled", None, Reason.NOBODY_ANSWERED),
        ("completed", "no-answer", Reason.NOBODY_ANSWERED),
    ):
        end = CallEnd(ACCOUNT_SID, call_sid(), call_status, dial_status)
        assert why_late(end) is reason


@pytest.mark.parametrize(
    ("status", "before", "after"),
    [
        ("no-answer", Reason.NOBODY_ANSWERED, Reason.NOBODY_ANSWERED),
        ("completed", Reason.CATALOG_DOWN, Reason.HUNG_UP),
    ],
)
def test_the_end_of_a_call_may_be_told_before_its_beginning(
    post: SignedPosts, twirec_archive: Archive, status: str, before: Reason, after: Reason
) -> None:
    end = {**VOICE, "CallStatus": status}
    post("/twirec/ended", end)
    assert line(twirec_archive) == (Outcome.NOT_RECORDED, before)
    assert "<Say" not in post("/voice", {**VOICE, "CallStatus": "ringing"}).text
    assert line(twirec_archive) == (Outcome.NOT_RECORDED, after)
    post("/twirec/ended", end)
    assert line(twirec_archive) == (Outcome.NOT_RECORDED, after)


def test_what_is_recorded_may_be_told_before_its_call(
    post: SignedPosts, twirec_archive: Archive
) -> None:
    post("/twirec/status", STATUS)
    post("/twirec/ended", {**VOICE, "CallStatus": "completed"})
    assert line(twirec_archive) == (Outcome.RECORDED, None)
    (recording,) = twirec_archive.calls.get(call_sid(), **SEEING).recordings
    assert recording.custody is Custody.QUARANTINED  # nothing proves that they were told


@pytest.mark.parametrize("millisecond", [0, 999])
def test_consent_and_recording_of_the_same_second_are_in_order(
    post: SignedPosts, twirec_archive: Archive, millisecond: int
) -> None:
    """Twilio tells whole seconds."""
    twirec_archive.now = clock = Clock()
    post("/voice", VOICE)
    clock.advance(LONG_ENOUGH + timedelta(milliseconds=millisecond))
    assert "<Dial" in post("/twirec/connect", VOICE).text
    started = clock.time.replace(microsecond=0)
    told = started.strftime("%a, %d %b %Y %H:%M:%S +0000")
    post("/twirec/status", {**STATUS, "RecordingStartTime": told})
    (recording,) = twirec_archive.calls.get(call_sid()).recordings
    assert (recording.custody, recording.started_at) == (Custody.ACTIVE, started)


def test_a_time_without_a_zone_is_utc() -> None:
    for zone in (" -0000", "", " +0000", " GMT"):
        told = {**STATUS, "AccountSid": ACCOUNT_SID}
        told["RecordingStartTime"] = f"Mon, 23 Nov 2026 10:15:12{zone}"
        callback = parse_recording_callback(told)
        assert callback.started_at == datetime(2026, 11, 23, 10, 15, 12, tzinfo=UTC), zone


def test_what_is_completed_after_all_is_completed(
    post: SignedPosts, twirec_archive: Archive
) -> None:
    assert advance(State.COMPLETED, State.ABSENT) is State.COMPLETED
    post("/voice", VOICE)
    absent = {**STATUS, "RecordingStatus": "absent", "ErrorCode": "16101"}
    post("/twirec/status", absent)
    assert line(twirec_archive)[0] is Outcome.NOT_RECORDED
    post("/twirec/status", STATUS)
    post("/twirec/status", absent)  # late
    recording = twirec_archive.recordings.get(recording_sid())
    assert (recording.state, recording.error_code) == (State.COMPLETED, None)
    assert recording.due_at is not None
    assert line(twirec_archive) == (Outcome.RECORDED, None)


@pytest.mark.parametrize("full", [True, False])
def test_a_call_that_failed_while_everything_was_down_gets_its_line(
    twirec_archive: Archive, vendor: MemoryVendor, post: SignedPosts, full: bool
) -> None:
    post("/voice", {**VOICE, "CallSid": call_sid(2)})  # the number is ours
    twirec_archive.now = clock = Clock()
    vendor.routes.append((ACCOUNT_SID, VoiceRoute(OWN, "https://calls.example.com/voice")))
    vendor.add_call(
        VendorCall(
            call_sid(),
            ACCOUNT_SID,
            CUSTOMER,
            OWN,
            "inbound",
            "failed",
            ended_at=clock(),
            created_at=clock(),
        )
    )
    clock.advance(timedelta(minutes=10))
    report = twirec_archive.operations.sweep(full=full)
    assert (report.problems, report.lines_written) == ({}, 1)
    assert line(twirec_archive) == (Outcome.NOT_RECORDED, Reason.CATALOG_DOWN)
    assert twirec_archive.calls.get(call_sid()).call.started_at == Clock()()
