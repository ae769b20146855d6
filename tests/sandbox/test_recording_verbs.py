from __future__ import annotations

from array import array
from typing import Any

import pytest
from flask import Response

from tests.sandbox.conftest import AGENT, Get, Ring
from tests.sandbox.listening import RATE, begin_of_sound, channels, place_of
from tests.sandbox.target import Target, twiml
from twirec.sandbox import Call, Line, Party
from twirec.sandbox.parties import LINES

FOUR_SECONDS = f"<Say>{'a' * 60}</Say>"
SPEAKS = Party(says=[Line("customer_thanks", at=1)])
LENGTH = len(Line("customer_thanks").samples()) / RATE


def start(attributes: str = "trim='do-not-trim'") -> str:
    return f"<Start><Recording {attributes}/></Start>"


def codes(call: Call) -> list[int]:
    return [entry.code for entry in call.log if entry.code]


def silent(channel: array[int]) -> bool:
    return not any(channel)


def test_it_starts_at_once_and_holds_what_is_said_to_the_caller(ring: Ring, get: Get) -> None:
    call = ring(twiml(FOUR_SECONDS, start(), FOUR_SECONDS, "<Pause length='3'/>"))
    (recording,) = call.recordings
    assert (recording.source, recording.channels) == ("OutboundAPI", 2)
    left, right = channels(get, recording)
    assert len(right) == 7 * RATE
    assert silent(left)
    assert begin_of_sound(right) == 0
    assert silent(right[4 * RATE :])


def test_what_the_caller_says_is_on_the_other_channel(ring: Ring, get: Get) -> None:
    call = ring(twiml(start(), "<Pause length='9'/>"), SPEAKS)
    left, right = channels(get, call.recordings[0])
    assert place_of("customer_thanks", left) == 1
    assert silent(right)


def test_it_goes_on_through_a_dial_and_after_it(ring: Ring, get: Get) -> None:
    callee = Party(says=[Line("agent_answer", at=1)], answers_after=2, hangs_up_after=9)
    call = ring(twiml(start(), f"<Dial>{AGENT}</Dial>", FOUR_SECONDS), callee=callee)
    _, right = channels(get, call.recordings[0])
    assert place_of("agent_answer", right) == 2 + 1
    assert not silent(right[11 * RATE :])
    assert len(right) == 15 * RATE


def test_a_played_file_is_in_it(ring: Ring, get: Get, target: Target) -> None:
    wav = (LINES / "agent_answer.wav").read_bytes()
    target.says("/hello.wav", Response(wav, mimetype="audio/x-wav"))
    call = ring(twiml(start(), "<Play loop='2'>/hello.wav</Play>"))
    _, right = channels(get, call.recordings[0])
    assert place_of("agent_answer", right) == 0
    assert len(right) == 2 * len(Line("agent_answer").samples())


def test_a_key_cuts_a_prompt_short_in_it_too(ring: Ring, get: Get, target: Target) -> None:
    target.says("/key", twiml("<Pause length='4'/>"))
    gather = f"<Gather action='/key' numDigits='1'>{FOUR_SECONDS}</Gather>"
    _, right = channels(get, ring(twiml(start(), gather), Party(keys=[(2, "1")])).recordings[0])
    assert not silent(right[: 2 * RATE])
    assert silent(right[2 * RATE :])


def test_if_no_verb_follows_the_call_ends(ring: Ring) -> None:
    call = ring(twiml(start()))
    assert (call.duration, call.recordings[0].status) == (0, "absent")


def test_it_trims_silence_unless_told_not_to(ring: Ring) -> None:
    call = ring(twiml(start(""), "<Pause length='60'/>"), SPEAKS)
    assert call.recordings[0].duration == int(LENGTH)


def test_it_is_stopped_by_its_name(ring: Ring) -> None:
    stop = "<Stop><Recording name='one'/></Stop>"
    document = twiml(start("name='one' trim='do-not-trim'"), FOUR_SECONDS, stop, FOUR_SECONDS)
    assert ring(document).recordings[0].duration == 4


def test_a_name_that_is_not_there_is_a_warning(ring: Ring) -> None:
    call = ring(twiml("<Stop><Recording name='two'/></Stop>", "<Pause length='2'/>"))
    assert (codes(call), call.duration) == ([21220], 2)


def test_a_name_is_used_only_once_at_a_time(ring: Ring) -> None:
    one = start("name='one'")
    assert len(ring(twiml(one, one, "<Pause length='2'/>")).recordings) == 1


def test_the_app_is_told(ring: Ring, target: Target) -> None:
    target.says("/status", twiml())
    events = "recordingStatusCallbackEvent='in-progress completed'"
    call = ring(
        twiml(start(f"recordingStatusCallback='/status' {events}"), "<Pause length='9'/>"), SPEAKS
    )
    forms = target.forms("/status")
    assert [form["RecordingStatus"] for form in forms] == ["in-progress", "completed"]
    assert {form["CallSid"] for form in forms} == {call.sid}
    assert forms[1]["RecordingTrack"] == "both"


@pytest.mark.parametrize(("track", "caller"), [("inbound", True), ("outbound", False)])
def test_one_track_alone_makes_one_channel(ring: Ring, get: Get, track: str, caller: bool) -> None:
    begin = start(f"track='{track}' trim='do-not-trim'")
    call = ring(twiml(begin, FOUR_SECONDS, "<Pause length='9'/>"), SPEAKS)
    (recording,) = call.recordings
    path = f"/Recordings/{recording.sid}.wav"
    assert get(path, params={"RequestedChannels": 2}).status_code == 400
    samples = array("h", get(path).content[44:])
    assert (place_of("customer_thanks", samples) == 1) is caller
    assert (recording.channels, recording.track) == (1, track)


def test_voicemail_holds_the_caller_alone_in_one_channel(
    ring: Ring, get: Get, target: Target
) -> None:
    target.says("/voicemail", twiml())
    record = "<Record action='/voicemail' trim='do-not-trim' timeout='3'/>"
    call = ring(twiml(FOUR_SECONDS, record), Party(says=[Line("customer_thanks", at=6)]))
    (recording,) = call.recordings
    assert (recording.source, recording.channels) == ("RecordVerb", 1)
    path = f"/Recordings/{recording.sid}.wav"
    assert get(path, params={"RequestedChannels": 2}).status_code == 400
    samples = array("h", get(path).content[44:])
    assert place_of("customer_thanks", samples) == 6 - 4 - 1
    assert recording.duration == int(1 + LENGTH + 3)
    (form,) = target.forms("/voicemail")
    assert form["RecordingSid"] == recording.sid
    assert form["RecordingUrl"].endswith(recording.sid)
    assert (form["RecordingDuration"], form["Digits"]) == (str(recording.duration), "")


@pytest.mark.parametrize(
    ("attributes", "party", "duration", "digits"),
    [
        ("finishOnKey='#'", {"keys": [(2, "1"), (3, "#")]}, 3, "#"),
        ("", {"keys": [(2, "1")]}, 2, "1"),
        ("maxLength='4'", {}, 4, ""),
        ("", {"hangs_up_after": 3}, 3, "hangup"),
    ],
)
def test_voicemail_ends_with_a_key_the_length_or_the_call(
    ring: Ring, target: Target, attributes: str, party: dict[str, Any], duration: int, digits: str
) -> None:
    target.says("/voicemail", twiml())
    record = f"<Record action='/voicemail' playBeep='false' trim='do-not-trim' {attributes}/>"
    ring(twiml(record), Party(says=[Line("customer_thanks", at=1)], **party))
    (form,) = target.forms("/voicemail")
    assert (form["RecordingDuration"], form["Digits"]) == (str(duration), digits)


def test_somebody_who_says_nothing_leaves_no_voicemail(ring: Ring, target: Target) -> None:
    call = ring(twiml("<Record action='/voicemail'/>", "<Pause length='2'/>"))
    assert target.at("/voicemail") == []
    assert call.recordings[0].status == "absent"
    assert call.duration == 1 + 5 + 2


@pytest.mark.parametrize(
    ("attributes", "status"),
    [("", "no-answer"), ("reason='rejected'", "no-answer"), ("reason='busy'", "busy")],
)
def test_a_rejected_call_is_never_answered(ring: Ring, attributes: str, status: str) -> None:
    call = ring(twiml(f"<Reject {attributes}/>", FOUR_SECONDS))
    assert (call.status, call.duration, call.started) == (status, 0, None)


def test_a_call_that_was_answered_cannot_be_rejected(ring: Ring) -> None:
    call = ring(twiml("<Pause/>", "<Reject/>"))
    assert (codes(call), call.status) == ([12200], "completed")
