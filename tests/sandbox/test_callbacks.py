from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

import pytest
from flask import Response

from tests.sandbox.conftest import AGENT, SPEED, Ring
from tests.sandbox.target import Target, twiml
from twirec.sandbox import Faults, Party, Sandbox

ALL = "in-progress completed absent"
FIVE_SECONDS = Party(hangs_up_after=5)


@pytest.fixture(autouse=True)
def _the_callbacks_are_taken(target: Target) -> None:
    target.says("/status", Response(status=204))


def dial(events: str | None = ALL, url: str = "/status") -> str:
    wanted = "" if events is None else f'recordingStatusCallbackEvent="{events}"'
    return twiml(
        f"<Dial record='record-from-answer-dual' recordingStatusCallback='{url}' {wanted}>"
        f"{AGENT}</Dial>"
    )


def told(target: Target) -> list[str]:
    return [form["RecordingStatus"] for form in target.forms("/status")]


def test_beginning_and_end_are_told_with_exactly_twilios_fields(
    ring: Ring, target: Target, sandbox: Sandbox
) -> None:
    call = ring(dial(), callee=FIVE_SECONDS)
    (recording,) = call.recordings
    begun, completed = target.forms("/status")
    media = f"{sandbox.url}/2010-04-01/Accounts/{sandbox.account_sid}/Recordings/{recording.sid}"
    fields = {
        "AccountSid": sandbox.account_sid,
        "CallSid": call.sid,
        "RecordingSid": recording.sid,
        "RecordingUrl": media,
        "RecordingStatus": "in-progress",
        "RecordingChannels": "2",
        "RecordingStartTime": begun["RecordingStartTime"],
        "RecordingSource": "DialVerb",
        "RecordingTrack": "both",
        "ErrorCode": "0",
    }
    assert begun == fields
    assert completed == fields | {"RecordingStatus": "completed", "RecordingDuration": "5"}
    assert parsedate_to_datetime(begun["RecordingStartTime"]) == recording.started.replace(
        microsecond=0
    )


def test_callbacks_are_signed_without_the_fragment(
    ring: Ring, target: Target, sandbox: Sandbox
) -> None:
    ring(dial(url="/status?call=1#rc=5&amp;rp=all"), callee=FIVE_SECONDS)
    assert len(target.came) == 3
    assert all(came.signed_with(sandbox.auth_token) for came in target.came)
    assert target.at("/status")[0].url.endswith("/status?call=1")


def test_a_recording_of_under_a_second_is_told_as_absent(ring: Ring, target: Target) -> None:
    ring(dial(), callee=Party(hangs_up_after=0.5))
    _, absent = target.forms("/status")
    assert (absent["RecordingStatus"], absent["ErrorCode"]) == ("absent", "16101")
    assert "RecordingDuration" not in absent


def test_only_completed_is_told_unless_more_is_asked_for(ring: Ring, target: Target) -> None:
    ring(dial(None), callee=FIVE_SECONDS)
    ring(dial(None), callee=Party(hangs_up_after=0.5))
    assert told(target) == ["completed"]


def test_a_list_that_was_written_as_python_is_broken(ring: Ring, target: Target) -> None:
    call = ring(dial("['in-progress', 'completed']"), callee=FIVE_SECONDS)
    assert told(target) == []
    assert any("recordingStatusCallbackEvent" in entry.text for entry in call.log)


def test_callbacks_can_be_asked_for_by_get(ring: Ring, target: Target, sandbox: Sandbox) -> None:
    document = dial().replace("<Dial ", "<Dial recordingStatusCallbackMethod='GET' ")
    ring(document, callee=FIVE_SECONDS)
    came = target.at("/status")
    assert [one.method for one in came] == ["GET", "GET"]
    assert "RecordingStatus=completed" in came[1].url
    assert came[1].signed_with(sandbox.auth_token)


def test_a_callback_that_fails_is_lost_unless_the_fragment_asks_for_more(
    ring: Ring, target: Target
) -> None:
    answers = [Response(status=500), Response(status=204)] * 2
    target.says("/status", lambda: answers.pop(0))
    ring(dial("completed"), callee=FIVE_SECONDS)
    assert told(target) == ["completed"]
    answers[:] = [Response(status=500), Response(status=500), Response(status=204)]
    ring(dial("completed", "/status#rc=5&amp;rp=all"), callee=FIVE_SECONDS)
    assert told(target) == ["completed"] * 4


def test_the_file_is_there_when_completed_is_told(
    ring: Ring, target: Target, sandbox: Sandbox
) -> None:
    seen: list[str] = []

    def look() -> Response:
        seen.append(sandbox.recordings[-1].status)
        return Response(status=204)

    target.says("/status", look)
    ring(dial("completed"), callee=FIVE_SECONDS)
    assert seen == ["completed"]


def test_callbacks_can_be_lost(ring: Ring, target: Target) -> None:
    ring(dial(), callee=FIVE_SECONDS, faults=Faults(callbacks_lost={"completed"}))
    assert told(target) == ["in-progress"]


def test_callbacks_can_be_doubled(ring: Ring, target: Target) -> None:
    ring(dial(), callee=FIVE_SECONDS, faults=Faults(callbacks_doubled={"completed"}))
    assert told(target) == ["in-progress", "completed", "completed"]
    first, second = target.forms("/status")[1:]
    assert first == second


def test_callbacks_can_come_late(ring: Ring, target: Target) -> None:
    begin = time.monotonic()
    ring(dial(), callee=FIVE_SECONDS, faults=Faults(callbacks_late={"completed": 30}))
    assert told(target) == ["in-progress", "completed"]
    assert time.monotonic() - begin >= 30 / SPEED


def test_a_late_callback_does_not_hold_up_the_next(ring: Ring, target: Target) -> None:
    ring(dial(), callee=FIVE_SECONDS, faults=Faults(callbacks_late={"in-progress": 40}))
    assert told(target) == ["completed", "in-progress"]


def test_callbacks_can_come_out_of_order(ring: Ring, target: Target) -> None:
    ring(dial(), callee=FIVE_SECONDS, faults=Faults(callbacks_out_of_order=True))
    assert told(target) == ["completed", "in-progress"]
    ring(dial("in-progress"), callee=FIVE_SECONDS, faults=Faults(callbacks_out_of_order=True))
    assert told(target)[2:] == ["in-progress"]


def test_the_calls_own_callback_can_be_lost_too(ring: Ring, target: Target) -> None:
    ended = target.says("/ended", Response(status=204))
    ring(twiml(), faults=Faults(callbacks_lost={"call"}), status_callback=ended)
    assert target.at("/ended") == []


def test_a_status_can_be_posted_by_hand(target: Target, sandbox: Sandbox) -> None:
    recording = sandbox.add_recording(seconds=12)
    reply = sandbox.callbacks.post_status(recording, f"{target.url}/status")
    assert reply.status == 204
    (came,) = target.came
    assert came.signed_with(sandbox.auth_token)
    assert (came.form["RecordingStatus"], came.form["RecordingDuration"]) == ("completed", "12")


def test_any_form_can_be_signed_and_posted(target: Target, sandbox: Sandbox) -> None:
    url = f"{target.url}/status"
    sandbox.callbacks.post(url, {"A": "1"})
    (came,) = target.came
    assert came.headers["X-Twilio-Signature"] == sandbox.callbacks.sign(url, {"A": "1"})
