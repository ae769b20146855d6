from __future__ import annotations

import threading
import time

import pytest
from flask import Response
from twilio.rest import Client

from tests.sandbox.conftest import CUSTOMER, OWN, Get
from tests.sandbox.listening import RATE, begin_of_sound, channels, eventually, place_of
from tests.sandbox.target import Says, Target, twiml
from twirec.sandbox import Call, Line, Party, Reaction, Sandbox

ANA = "client:ana"
WAITS = "<Enqueue action='/left'>help</Enqueue>"
TAKES = "<Dial action='/ended' {}><Queue {}>help</Queue></Dial>"
FOUR_SECONDS = f"<Say>{'a' * 60}</Say>"
RECORDS = "record='record-from-answer-dual'"
CALLER = Party(says=[Line("customer_complaint", at=1)], hangs_up_after=10, counts_from_bridge=True)
TAKER = Party(says=[Line("agent_answer", at=3)], counts_from_bridge=True)


class Desk:
    """A queue with a company's number on one side and an agent on the other."""

    def __init__(self, sandbox: Sandbox, target: Target) -> None:
        self.sandbox = sandbox
        self.target = target
        self.takes("")
        done = target.says("/done", "")
        sandbox.number(OWN, voice_url=target.says("/voice", twiml(WAITS)), status_callback=done)
        target.says("/left", twiml())
        target.says("/ended", twiml())

    def takes(self, attributes: str, noun: str = "") -> None:
        out = self.target.says("/out", twiml(TAKES.format(attributes, noun)))
        self.sandbox.application(voice_url=out)

    def tells(self, document: Says, attributes: str = "", noun: str = "") -> None:
        """Let callers hear a document before they are connected."""
        self.target.says("/told", document)
        self.takes(attributes, f"url='/told' {noun}")

    def comes(self, caller: Party = CALLER) -> Call:
        call = self.sandbox.call(from_=CUSTOMER, to=OWN, caller=caller)
        eventually(lambda: "Enqueue" in [entry.what for entry in call.log])
        return call

    def came_and_left(self) -> None:
        """Let there be such a queue, in which nobody waits any more."""
        caller = self.comes(Party())
        caller.hang_up()
        caller.wait(120)

    def answers(self, agent: Party = TAKER) -> Call:
        call = self.sandbox.call(from_=ANA, to="queue", caller=agent)
        call.wait(120)
        return call


@pytest.fixture
def desk(sandbox: Sandbox, target: Target) -> Desk:
    return Desk(sandbox, target)


def test_the_agent_is_on_channel_1_and_the_caller_on_channel_2(desk: Desk, get: Get) -> None:
    desk.takes(RECORDS)
    waiting, call = desk.comes(), desk.answers()
    waiting.wait(120)
    assert waiting.recordings == []
    (recording,) = call.recordings
    assert (recording.source, recording.duration) == ("DialVerb", 10)
    left, right = channels(get, recording)
    assert place_of("agent_answer", left) == 3
    assert place_of("customer_complaint", right) == 1


def test_both_sides_are_told_how_it_went(desk: Desk, target: Target) -> None:
    waiting, call = desk.comes(), desk.answers()
    waiting.wait(120)
    (ended,) = target.forms("/ended")
    assert (ended["CallSid"], ended["DialCallSid"]) == (call.sid, waiting.sid)
    assert (ended["DialCallStatus"], ended["DialCallDuration"]) == ("completed", "10")
    assert ended["DialBridged"] == "true"
    (left,) = target.forms("/left")
    assert (left["CallSid"], left["QueueResult"]) == (waiting.sid, "bridged")
    assert left["QueueSid"].startswith("QU")
    assert left["QueueTime"].isdecimal()


def test_the_caller_goes_on_with_their_document_when_the_agent_hangs_up(
    desk: Desk, target: Target
) -> None:
    target.says("/left", twiml("<Say>Adiós</Say>"))
    waiting = desk.comes(Party())
    call = desk.answers(Party(hangs_up_after=4, counts_from_bridge=True))
    waiting.wait(120)
    assert call.duration == 4
    assert [entry.text for entry in waiting.log if entry.what == "Say"] == ["Adiós"]
    (left,), (done,) = target.forms("/left"), target.forms("/done")
    assert left["QueueResult"] == "bridged"
    assert (done["CallSid"], done["CallStatus"]) == (waiting.sid, "completed")


def test_a_caller_hears_and_is_heard_on_their_own_recording_too(desk: Desk, get: Get) -> None:
    start = "<Start><Recording trim='do-not-trim'/></Start>"
    desk.target.says("/voice", twiml(start, WAITS))
    waiting = desk.comes()
    desk.answers()
    waiting.wait(120)
    left, right = channels(get, waiting.recordings[0])
    complaint, answer = place_of("customer_complaint", left), place_of("agent_answer", right)
    assert complaint is not None
    assert answer is not None
    assert answer - complaint == pytest.approx(2, abs=0.001)


def test_whoever_waits_longest_is_taken_first(desk: Desk, target: Target) -> None:
    first, second = desk.comes(Party()), desk.comes(Party())
    for waiting in (first, second):
        desk.answers(Party(hangs_up_after=2, counts_from_bridge=True))
        waiting.wait(120)
    assert [form["DialCallSid"] for form in target.forms("/ended")] == [first.sid, second.sid]


def test_an_agent_waits_for_somebody_to_come(desk: Desk, target: Target) -> None:
    desk.came_and_left()
    desk.takes("timeout='2000'")
    call = desk.sandbox.call(from_=ANA, to="queue", caller=TAKER)
    eventually(lambda: "Dial" in [entry.what for entry in call.log])
    waiting = desk.comes()
    call.wait(120)
    waiting.wait(120)
    assert target.forms("/ended")[0]["DialCallSid"] == waiting.sid


def test_an_agent_waits_no_longer_than_the_timeout(desk: Desk, target: Target) -> None:
    desk.came_and_left()
    desk.takes("timeout='3'")
    assert desk.answers().duration == 3
    assert target.forms("/ended")[0]["DialCallStatus"] == "no-answer"


def test_a_queue_that_never_was_is_an_error(desk: Desk, target: Target) -> None:
    desk.answers()
    assert target.forms("/ended")[0]["DialCallStatus"] == "failed"


def test_a_caller_can_hang_up_while_they_wait(desk: Desk, target: Target) -> None:
    waiting = desk.comes(Party(hangs_up_after=5))
    waiting.wait(120)
    assert (waiting.status, waiting.duration) == ("completed", 5)
    (left,) = target.forms("/left")
    assert (left["QueueResult"], left["QueueTime"]) == ("hangup", "5")


def test_either_side_can_be_cut_off_from_outside(desk: Desk, target: Target) -> None:
    for side in (0, 1):
        waiting = desk.comes(Party(hangs_up_after=90_000))
        call = desk.sandbox.call(from_=ANA, to="queue", caller=Party())
        eventually(lambda: waiting.log[-1].text == "dequeued")  # noqa: B023 - asked at once
        (waiting, call)[side].hang_up()
        call.wait(120)
        waiting.hang_up()
        waiting.wait(120)
    assert [form["QueueResult"] for form in target.forms("/left")] == ["bridged"] * 2
    assert [form["DialCallStatus"] for form in target.forms("/ended")] == ["completed"] * 2


def test_what_a_caller_hears_while_they_wait_ends_when_somebody_takes_them(
    desk: Desk, target: Target
) -> None:
    heard = threading.Event()

    def music() -> str:
        heard.set()
        return twiml("<Say>Espere, por favor</Say>", "<Pause length='9000'/>")

    target.says("/music", music)
    document = twiml(WAITS.replace("action", "waitUrl='/music' action"))
    target.says("/voice", document)
    waiting = desk.comes()
    assert heard.wait(120)
    desk.answers()
    waiting.wait(120)
    assert target.forms("/music")[0]["QueuePosition"] == "1"
    assert target.forms("/left")[0]["QueueResult"] == "bridged"


def test_music_is_played_again_and_a_broken_one_leaves_silence(desk: Desk, target: Target) -> None:
    documents = [twiml("<Pause length='2'/>"), twiml(), twiml("<Dial/>")]
    target.says("/music", lambda: documents.pop(0))
    target.says("/voice", twiml("<Enqueue waitUrl='/music'>help</Enqueue>"))
    waiting = desk.comes(Party(hangs_up_after=30))
    waiting.wait(120)
    assert documents == []
    assert 12200 in [entry.code for entry in waiting.log]
    assert waiting.duration == 30


def test_a_caller_can_be_told_something_before_they_are_connected(
    desk: Desk, target: Target
) -> None:
    desk.tells(twiml(FOUR_SECONDS))
    waiting, call = desk.comes(), desk.answers()
    waiting.wait(120)
    (told,), (left,) = target.at("/told"), target.forms("/left")
    assert told.signed_with(desk.sandbox.auth_token)
    expected = {
        "CallSid": waiting.sid,
        "CallStatus": "in-progress",
        "DequeingCallSid": call.sid,
        "QueueSid": left["QueueSid"],
        "QueueTime": left["QueueTime"],
    }
    assert expected.items() <= told.form.items()
    assert "Say" in [entry.what for entry in waiting.log]
    assert left["QueueResult"] == "bridged"
    assert target.forms("/ended")[0]["DialCallDuration"] == "10"
    assert call.duration == 4 + 10


def test_what_they_are_told_can_be_asked_for_with_get_and_go_on_elsewhere(
    desk: Desk, target: Target
) -> None:
    desk.tells(twiml("<Redirect method='GET'>/on?part=2</Redirect>"), noun="method='GET'")
    target.says("/on", twiml("<Pause/>"))
    waiting = desk.comes()
    assert desk.answers().duration == 1 + 10
    waiting.wait(120)
    (told,), (on,) = target.at("/told"), target.at("/on")
    assert (told.method, on.method) == ("GET", "GET")
    assert f"DequeingCallSid={target.forms('/out')[0]['CallSid']}" in told.url
    assert "/on?part=2" in on.url


def test_a_dial_records_from_when_the_caller_is_taken_however_slow_the_app_is(
    desk: Desk, get: Get
) -> None:
    def slow() -> str:
        time.sleep(0.1)  # 20 call seconds
        return twiml(FOUR_SECONDS)

    desk.tells(slow, RECORDS)
    waiting, call = desk.comes(), desk.answers()
    waiting.wait(120)
    (recording,) = call.recordings
    assert (recording.source, recording.duration) == ("DialVerb", 4 + 10)
    left, right = channels(get, recording)
    assert place_of("agent_answer", left) == pytest.approx(4 + 3, abs=0.001)
    assert place_of("customer_complaint", right) == pytest.approx(4 + 1, abs=0.001)


def test_what_a_caller_is_told_is_on_their_own_recording(desk: Desk, get: Get) -> None:
    desk.tells(twiml(FOUR_SECONDS))
    start = "<Start><Recording trim='do-not-trim'/></Start>"
    desk.target.says("/voice", twiml(start, WAITS))
    waiting = desk.comes()
    desk.answers()
    waiting.wait(120)
    left, right = channels(get, waiting.recordings[0])
    complaint = place_of("customer_complaint", left)
    assert complaint == pytest.approx(begin_of_sound(right) + 4 + 1, abs=0.001)


def test_the_takers_call_can_be_recorded_over_rest_while_the_app_answers(
    desk: Desk, target: Target, client: Client, get: Get
) -> None:
    def begins() -> str:
        taker = target.forms("/told")[0]["DequeingCallSid"]
        client.calls(taker).recordings.create(recording_channels="dual")
        desk.comes(Party()).hang_up()  # the queue goes on meanwhile
        return twiml("<Pause length='2'/>")

    target.says("/told/2", begins)
    desk.tells(twiml(FOUR_SECONDS, "<Redirect>/told/2</Redirect>"))
    waiting = desk.comes()
    call = desk.answers()
    waiting.wait(120)
    (recording,) = call.recordings
    assert (recording.source, recording.duration) == ("StartCallRecordingAPI", 2 + 10)
    left, right = channels(get, recording)
    assert place_of("agent_answer", left) == pytest.approx(2 + 3, abs=0.001)
    assert place_of("customer_complaint", right) == pytest.approx(2 + 1, abs=0.001)
    assert not any(right[: 2 * RATE])


def test_when_a_caller_hangs_up_while_they_are_told_the_next_one_is_taken(
    desk: Desk, target: Target
) -> None:
    first, second = desk.comes(), desk.comes()

    def tells() -> str:
        if len(target.at("/told")) == 1:
            first.hang_up()
        return twiml(FOUR_SECONDS)

    desk.tells(tells, RECORDS)
    call = desk.answers()
    for waiting in (first, second):
        waiting.wait(120)
    results = {form["CallSid"]: form["QueueResult"] for form in target.forms("/left")}
    assert results == {first.sid: "hangup", second.sid: "bridged"}
    (ended,) = target.forms("/ended")
    assert (ended["DialCallSid"], ended["DialCallStatus"]) == (second.sid, "completed")
    assert ended["RecordingSid"] == call.recordings[-1].sid


def test_when_there_is_no_next_one_the_taker_waits_until_the_timeout(
    desk: Desk, target: Target
) -> None:
    waiting = desk.comes()

    def tells() -> str:
        waiting.hang_up()
        return twiml(FOUR_SECONDS)

    desk.tells(tells, "timeout='7'")
    assert desk.answers().duration == 7
    (ended,) = target.forms("/ended")
    assert (ended["DialCallStatus"], ended["DialBridged"]) == ("no-answer", "false")


def test_when_the_taker_hangs_up_meanwhile_the_caller_is_first_in_the_queue_again(
    desk: Desk, target: Target
) -> None:
    first, second = desk.comes(Party()), desk.comes(Party())
    desk.tells(twiml("<Pause length='9000'/>"))
    assert desk.answers(Party(hangs_up_after=4)).duration == 4
    eventually(lambda: first.log[-1].text == "waits again")
    desk.tells(twiml())
    for waiting in (first, second):
        desk.answers(Party(hangs_up_after=2, counts_from_bridge=True))
        waiting.wait(120)
    gone, *ended = target.forms("/ended")
    assert (gone["DialCallStatus"], gone["DialBridged"]) == ("canceled", "false")
    assert [form["DialCallSid"] for form in ended] == [first.sid, second.sid]


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (Response(status=404), 11200),
        (Response(status=500), 11200),
        ("<Response>", 12100),
        (Response("Hello", mimetype="application/pdf"), 12300),
        (twiml("<Gather/>"), 12200),
        (twiml("<Redirect>/told</Redirect>"), 11200),
    ],
)
def test_without_a_document_they_are_connected_untold(
    desk: Desk, target: Target, document: Says, code: int
) -> None:
    desk.tells(document)
    waiting = desk.comes()
    assert desk.answers().duration == 10
    waiting.wait(120)
    assert code in [entry.code for entry in waiting.log]
    assert target.forms("/left")[0]["QueueResult"] == "bridged"


def test_who_waits_presses_a_key_to_leave_or_is_hung_up_on(desk: Desk, target: Target) -> None:
    menu = twiml("<Gather numDigits='1' action='/pressed'><Say>Press 1</Say></Gather>")
    target.says("/music", menu)
    target.says("/voice", twiml("<Enqueue action='/left' waitUrl='/music'>help</Enqueue>"))
    person = Party(reacts=[Reaction("press 1", presses="1")], hangs_up_after=90_000)
    for pressed, result in (("<Leave/>", "leave"), ("<Hangup/>", "hangup")):
        target.came.clear()
        target.says("/pressed", twiml(pressed))
        desk.comes(person).wait(120)
        (form,) = target.forms("/left")
        assert form["QueueResult"] == result


def test_nobody_leaves_a_queue_in_which_they_do_not_wait(desk: Desk, target: Target) -> None:
    target.says("/voice", twiml("<Leave/>"))
    call = desk.sandbox.call(from_=CUSTOMER, to=OWN)
    call.wait(120)
    assert [entry.code for entry in call.log if entry.code] == [12200]
