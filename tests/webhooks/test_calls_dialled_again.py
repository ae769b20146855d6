"""An agent's leg that goes on to somebody else, by dialling again or by being moved."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.factories import call_sid, part_of, recording_sid
from tests.webhooks.calling import (
    CUSTOMER,
    DIALLED,
    LONG_ENOUGH,
    PARENT,
    WHISPER,
    Clock,
    down,
    is_recording,
    started,
    talk,
)
from twirec.adapters.memory_vendor import MemoryVendor, Operation
from twirec.archive import Archive
from twirec.calls.wordings import WORDINGS
from twirec.model.errors import VendorUnavailable
from twirec.model.vendor import RecordingStatus, VendorRecording
from twirec.model.vocabulary import Reason
from twirec.testing import ACCOUNT_SID, PUBLIC_URL, SignedPosts

OTHER = call_sid(3)


@pytest.mark.parametrize("number", ["+34600999888", CUSTOMER])
def test_an_agents_leg_that_dials_again_reaches_them_and_records_nothing_more(
    post: SignedPosts, vendor: MemoryVendor, clock: Clock, number: str
) -> None:
    """Somebody else may answer there now, and consent is given once for a call."""
    talk(post, clock)
    assert started(vendor) == [PARENT]
    again = post("/dial", {**DIALLED, "To": number}).text
    assert f">{number}</Number>" in again
    assert "url=" not in again
    assert started(vendor) == []


def test_who_answers_after_another_leg_was_told_is_not_recorded(
    post: SignedPosts, vendor: MemoryVendor, clock: Clock
) -> None:
    """The agent dialled again before the first leg's answer had arrived."""
    post("/dial", DIALLED)
    post("/twirec/announce", WHISPER)
    clock.advance(LONG_ENOUGH)
    post("/dial", DIALLED)
    post(f"/twirec/announced/{PARENT}/0", WHISPER)
    assert started(vendor) == [PARENT]
    post("/twirec/announce", WHISPER)  # come twice
    assert started(vendor) == [PARENT]
    answer = post("/twirec/announce", {**WHISPER, "CallSid": OTHER}).text
    assert "<Say" not in answer
    assert started(vendor) == []


def test_who_is_dialled_before_the_first_answered_is_neither_told_nor_recorded(
    post: SignedPosts, clock: Clock, vendor: MemoryVendor, twirec_archive: Archive
) -> None:
    post("/dial", DIALLED)
    assert "url=" not in post("/dial", {**DIALLED, "To": "+34600999888"}).text
    clock.advance(LONG_ENOUGH)
    assert started(vendor) == []
    post("/twirec/ended", {**DIALLED, "CallStatus": "completed", "DialCallStatus": "completed"})
    assert twirec_archive.calls.get(PARENT).call.reason is Reason.NOT_STARTED


def test_a_replay_of_an_agents_first_request_ends_nothing(
    post: SignedPosts, vendor: MemoryVendor, clock: Clock
) -> None:
    first = {**DIALLED, "CallStatus": "ringing"}
    post("/dial", first)
    post("/twirec/announce", WHISPER)
    clock.advance(LONG_ENOUGH)
    post(f"/twirec/announced/{PARENT}/0", WHISPER)
    post("/dial", first)
    assert started(vendor) == [PARENT]


def test_what_ended_before_is_not_ended_again_when_a_leg_moves_on(
    post: SignedPosts, vendor: MemoryVendor, clock: Clock
) -> None:
    talk(post, clock)
    (recording,) = vendor.recordings(ACCOUNT_SID)
    vendor.add_recording(replace(recording, status=RecordingStatus.COMPLETED))
    post("/dial", DIALLED)
    assert vendor.recording(ACCOUNT_SID, recording.sid).status is RecordingStatus.COMPLETED


@pytest.mark.parametrize("catalog_is_down", [False, True])
def test_a_leg_that_is_moved_to_a_colleague_is_neither_told_nor_recorded(
    post: SignedPosts,
    vendor: MemoryVendor,
    clock: Clock,
    twirec_archive: Archive,
    monkeypatch: pytest.MonkeyPatch,
    catalog_is_down: bool,
) -> None:
    talk(post, clock)
    assert started(vendor) == [PARENT]
    if catalog_is_down:
        for does in ("agents.is_agents_leg", "ledger.open_call", "marks.get", "marks.set"):
            monkeypatch.setattr(*part_of(twirec_archive.catalog, does), down)
    answer = post("/voice", {**DIALLED, "CallStatus": "in-progress"}).text
    assert "<Say" not in answer
    assert "<Dial" in answer
    assert started(vendor) == []


@pytest.mark.parametrize("fails", ["recordings", "set_recording"])
def test_what_twilio_does_not_end_at_once_the_sweep_ends(
    post: SignedPosts, vendor: MemoryVendor, clock: Clock, twirec_archive: Archive, fails: Operation
) -> None:
    talk(post, clock)
    vendor.faults.add(fails, VendorUnavailable("no answer"))
    post("/dial", DIALLED)
    assert started(vendor) == [PARENT]
    clock.advance(timedelta(minutes=6))
    assert twirec_archive.operations.sweep().stopped == 1
    assert started(vendor) == []
    (ended,) = vendor.recordings(ACCOUNT_SID)
    vendor.add_recording(replace(ended, status=RecordingStatus.COMPLETED))
    later = VendorRecording(
        recording_sid(5), ACCOUNT_SID, PARENT, RecordingStatus.IN_PROGRESS, started_at=clock()
    )
    vendor.add_recording(later)
    for _ in range(2):
        clock.advance(timedelta(minutes=6))
        assert twirec_archive.operations.sweep().stopped == 0
    assert started(vendor) == [PARENT]


def test_a_leg_that_is_moved_to_one_colleague_after_the_other_is_recorded_with_none(
    post: SignedPosts, clock: Clock, twirec_archive: Archive
) -> None:
    """What the customer allowed is of their own call, and they are gone."""
    talk(post, clock)
    before = twirec_archive.calls.get(PARENT).call
    moved = {**DIALLED, "CallStatus": "in-progress"}
    answer = post("/chain", moved)
    for says in ("<Client>bea</Client>", WORDINGS["es-ES"].no_message):
        assert not is_recording(answer)
        (path,) = re.findall(f'action="{PUBLIC_URL}([^#"]*)', answer.text)
        answer = post(path, {**moved, "DialCallStatus": "busy", "DialCallSid": call_sid(7)})
        assert says in answer.text
    assert "<Record" not in answer.text
    assert twirec_archive.calls.get(PARENT).call == before
