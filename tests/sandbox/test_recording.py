from __future__ import annotations

import io
import time
import wave
from datetime import UTC, datetime, timedelta

import pytest

from tests.sandbox.conftest import AGENT, CUSTOMER, OWN, Get, Ring
from tests.sandbox.listening import begin_of_sound, channels, eventually
from tests.sandbox.target import Target, twiml
from twirec.sandbox import Line, Party, Sandbox

RATE = 8000
TEN_SECONDS = f"<Say>{'a' * 150}</Say>"
TALK = Party(says=[Line("customer_complaint", at=2)], hangs_up_after=9, counts_from_bridge=True)
AGENT_TALKS = Party(says=[Line("agent_answer", at=1)], answers_after=3)


def dial(record: str = "record-from-answer-dual", attributes: str = "") -> str:
    return twiml(TEN_SECONDS, f"<Dial record='{record}' {attributes}>{AGENT}</Dial>")


def test_caller_and_callee_are_on_their_channels_at_their_seconds(ring: Ring, get: Get) -> None:
    call = ring(dial(), TALK, AGENT_TALKS)
    (recording,) = call.recordings
    left, right = channels(get, recording)
    complaint, answer = Line("customer_complaint").samples(), Line("agent_answer").samples()
    assert left[2 * RATE : 2 * RATE + len(complaint)] == complaint
    assert right[1 * RATE : 1 * RATE + len(answer)] == answer
    assert not any(left[: 2 * RATE])
    assert not any(right[: 1 * RATE])
    assert not any(right[RATE + len(answer) :])


def test_the_announcement_before_the_dial_is_not_in_it(ring: Ring, get: Get) -> None:
    call = ring(dial(), TALK, AGENT_TALKS)
    (recording,) = call.recordings
    assert (recording.status, recording.duration) == ("completed", 9)
    left, _ = channels(get, recording)
    assert len(left) == 9 * RATE


def test_what_the_caller_says_during_the_announcement_is_not_in_it(ring: Ring, get: Get) -> None:
    caller = Party(says=[Line("customer_thanks", at=1)], hangs_up_after=20)
    call = ring(dial(), caller, Party(answers_after=3))
    left, right = channels(get, call.recordings[0])
    assert not any(left)
    assert not any(right)


def test_from_ringing_the_ringing_is_in_it(ring: Ring, get: Get) -> None:
    call = ring(dial("record-from-ringing-dual"), TALK, AGENT_TALKS)
    (recording,) = call.recordings
    assert recording.duration == 3 + 9
    left, right = channels(get, recording)
    assert abs(begin_of_sound(left) - (3 + 2)) < 0.1
    assert abs(begin_of_sound(right) - (3 + 1)) < 0.1


def test_the_recording_ends_when_the_caller_hangs_up_in_the_middle_of_a_word(
    ring: Ring, get: Get
) -> None:
    caller = Party(says=TALK.says, hangs_up_after=3.5, counts_from_bridge=True)
    (recording,) = ring(dial(), caller, AGENT_TALKS).recordings
    left, _ = channels(get, recording)
    assert len(left) == int(3.5 * RATE)
    assert recording.duration == 3


def test_two_channels_are_kept_also_when_one_was_asked_for(ring: Ring, get: Get) -> None:
    (recording,) = ring(dial("record-from-answer"), TALK, AGENT_TALKS).recordings
    assert recording.channels == 1
    with wave.open(io.BytesIO(get(f"/Recordings/{recording.sid}").content)) as file:
        assert file.getnchannels() == 1
    assert any(channels(get, recording)[1])


def test_silence_at_the_ends_can_be_trimmed(ring: Ring, get: Get) -> None:
    (recording,) = ring(dial(attributes="trim='trim-silence'"), TALK, AGENT_TALKS).recordings
    left, right = channels(get, recording)
    assert begin_of_sound(right) < 0.1
    assert abs(begin_of_sound(left) - 1) < 0.1


def test_silence_is_kept_unless_trimming_is_asked_for(ring: Ring) -> None:
    call = ring(dial(), Party(hangs_up_after=5, counts_from_bridge=True), Party())
    assert call.recordings[0].duration == 5


@pytest.mark.parametrize(
    ("document", "callee"),
    [
        (dial("do-not-record"), AGENT_TALKS),
        (twiml(f"<Dial>{AGENT}</Dial>"), AGENT_TALKS),
        (dial(attributes="timeout='2'"), Party(answers=False)),
        (dial("record-from-ringing-dual", "timeout='2'"), Party(answers=False)),
    ],
)
def test_nothing_is_recorded_when_not_asked_for_or_when_nobody_answers(
    ring: Ring, document: str, callee: Party
) -> None:
    assert ring(document, TALK, callee).recordings == []


def test_a_caller_who_hangs_up_while_it_rings_is_not_recorded(ring: Ring) -> None:
    call = ring(dial("record-from-ringing-dual"), Party(hangs_up_after=11), AGENT_TALKS)
    assert call.recordings == []


@pytest.mark.parametrize(("seconds", "status"), [(0.9, "absent"), (1.0, "completed")])
def test_under_a_second_there_is_no_media(
    ring: Ring, get: Get, seconds: float, status: str
) -> None:
    caller = Party(hangs_up_after=seconds, counts_from_bridge=True)
    (recording,) = ring(dial(), caller, AGENT_TALKS).recordings
    assert recording.status == status
    assert recording.error_code == (16101 if status == "absent" else None)
    assert get(f"/Recordings/{recording.sid}.wav").ok is (status == "completed")


def test_the_recording_belongs_to_the_parent_leg(ring: Ring) -> None:
    call = ring(dial(), TALK, AGENT_TALKS)
    assert call.recordings[0].call_sid == call.sid


def test_the_action_is_told_of_the_recording(ring: Ring, target: Target) -> None:
    target.says("/ended", twiml())
    call = ring(dial(attributes="action='/ended'"), TALK, AGENT_TALKS)
    (form,) = target.forms("/ended")
    assert form["RecordingSid"] == call.recordings[0].sid
    assert form["RecordingUrl"].endswith(f"/Recordings/{call.recordings[0].sid}")


def test_a_slow_app_does_not_shift_the_audio(ring: Ring, sandbox: Sandbox, target: Target) -> None:
    def slowly() -> str:
        time.sleep(0.1)  # twenty call seconds
        return dial()

    call = ring(slowly, TALK, AGENT_TALKS)
    assert call.duration == 10 + 3 + 9
    assert call.recordings[0].duration == 9


def test_a_call_can_be_placed_in_the_past(sandbox: Sandbox, target: Target) -> None:
    sandbox.number(OWN, voice_url=target.says("/voice", dial()))
    at = datetime(2026, 3, 29, 0, 59, 50, tzinfo=UTC)
    call = sandbox.call(from_=CUSTOMER, to=OWN, caller=TALK, callee=AGENT_TALKS, at=at)
    call.wait(120)
    assert call.started == at
    assert call.ended == at + timedelta(seconds=22)
    assert call.recordings[0].started == at + timedelta(seconds=13)


def test_stamps_are_the_time_now_otherwise(ring: Ring) -> None:
    before = datetime.now(UTC)
    (recording,) = ring(dial(), TALK, AGENT_TALKS).recordings
    assert before <= recording.started <= recording.updated <= datetime.now(UTC)


def test_a_call_hung_up_from_outside_keeps_what_was_recorded(
    sandbox: Sandbox, target: Target
) -> None:
    sandbox.number(OWN, voice_url=target.says("/voice", dial()))
    callee = Party(hangs_up_after=3600)
    call = sandbox.call(from_=CUSTOMER, to=OWN, caller=Party(), callee=callee)
    eventually(lambda: call.recordings)
    time.sleep(0.05)  # ten call seconds
    call.hang_up()
    call.wait(120)
    assert call.recordings[0].status == "completed"
    assert 0 < (call.recordings[0].duration or 0) < 3600
