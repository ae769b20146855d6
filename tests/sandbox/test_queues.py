from __future__ import annotations

import threading

import pytest

from tests.sandbox.conftest import CUSTOMER, OWN, Get
from tests.sandbox.listening import channels, eventually, place_of
from tests.sandbox.target import Target, twiml
from twirec.sandbox import Call, Line, Party, Sandbox

ANA = "client:ana"
WAITS = "<Enqueue action='/left'>help</Enqueue>"
TAKES = "<Dial action='/ended' {}><Queue>help</Queue></Dial>"
RECORDS = "record='record-from-answer-dual'"
CALLER = Party(says=[Line("customer_complaint", at=1)], hangs_up_after=10, counts_from_bridge=True)
TAKER = Party(says=[Line("agent_answer", at=3)], counts_from_bridge=True)


class Desk:
    """A queue with a company's number on one side and an agent on the other."""

    def __init__(self, sandbox: Sandbox, target: Target) -> None:
        self.sandbox = sandbox
        self.target = target
        self.takes("")
        sandbox.number(OWN, voice_url=target.says("/voice", twiml(WAITS)))
        target.says("/left", twiml())
        target.says("/ended", twiml())

    def takes(self, attributes: str) -> None:
        out = self.target.says("/out", twiml(TAKES.format(attributes)))
        self.sandbox.application(voice_url=out)

    def comes(self, caller: Party = CALLER) -> Call:
        call = self.sandbox.call(from_=CUSTOMER, to=OWN, caller=caller)
        eventually(lambda: "Enqueue" in [entry.what for entry in call.log])
        return call

    def answers(self, agent: Party = TAKER) -> Call:
        call = self.sandbox.call(from_=ANA, to="queue", caller=agent)
        call.wait(10)
        return call


@pytest.fixture
def desk(sandbox: Sandbox, target: Target) -> Desk:
    return Desk(sandbox, target)


def test_the_agent_is_on_channel_1_and_the_caller_on_channel_2(desk: Desk, get: Get) -> None:
    desk.takes(RECORDS)
    waiting, call = desk.comes(), desk.answers()
    waiting.wait(10)
    assert waiting.recordings == []
    (recording,) = call.recordings
    assert (recording.source, recording.duration) == ("DialVerb", 10)
    left, right = channels(get, recording)
    assert place_of("agent_answer", left) == 3
    assert place_of("customer_complaint", right) == 1


def test_both_sides_are_told_how_it_went(desk: Desk, target: Target) -> None:
    waiting, call = desk.comes(), desk.answers()
    waiting.wait(10)
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
    waiting.wait(10)
    assert call.duration == 4
    assert [entry.text for entry in waiting.log if entry.what == "Say"] == ["Adiós"]


def test_a_caller_hears_and_is_heard_on_their_own_recording_too(desk: Desk, get: Get) -> None:
    start = "<Start><Recording trim='do-not-trim'/></Start>"
    desk.target.says("/voice", twiml(start, WAITS))
    waiting = desk.comes()
    desk.answers()
    waiting.wait(10)
    left, right = channels(get, waiting.recordings[0])
    complaint, answer = place_of("customer_complaint", left), place_of("agent_answer", right)
    assert complaint is not None
    assert answer is not None
    assert answer - complaint == pytest.approx(2, abs=0.001)


def test_whoever_waits_longest_is_taken_first(desk: Desk, target: Target) -> None:
    first, second = desk.comes(Party()), desk.comes(Party())
    for waiting in (first, second):
        desk.answers(Party(hangs_up_after=2, counts_from_bridge=True))
        waiting.wait(10)
    assert [form["DialCallSid"] for form in target.forms("/ended")] == [first.sid, second.sid]


def test_an_agent_waits_for_somebody_to_come(desk: Desk, target: Target) -> None:
    desk.comes(Party()).hang_up()  # so that there is such a queue
    desk.takes("timeout='2000'")
    call = desk.sandbox.call(from_=ANA, to="queue", caller=TAKER)
    eventually(lambda: "Dial" in [entry.what for entry in call.log])
    waiting = desk.comes()
    call.wait(10)
    waiting.wait(10)
    assert target.forms("/ended")[0]["DialCallSid"] == waiting.sid


def test_an_agent_waits_no_longer_than_the_timeout(desk: Desk, target: Target) -> None:
    desk.comes(Party()).hang_up()
    desk.takes("timeout='3'")
    assert desk.answers().duration == 3
    assert target.forms("/ended")[0]["DialCallStatus"] == "no-answer"


def test_a_queue_that_never_was_is_an_error(desk: Desk, target: Target) -> None:
    desk.answers()
    assert target.forms("/ended")[0]["DialCallStatus"] == "failed"


def test_a_caller_can_hang_up_while_they_wait(desk: Desk, target: Target) -> None:
    waiting = desk.comes(Party(hangs_up_after=5))
    waiting.wait(10)
    assert (waiting.status, waiting.duration) == ("completed", 5)
    (left,) = target.forms("/left")
    assert (left["QueueResult"], left["QueueTime"]) == ("hangup", "5")


def test_either_side_can_be_cut_off_from_outside(desk: Desk, target: Target) -> None:
    for side in (0, 1):
        waiting = desk.comes(Party(hangs_up_after=90_000))
        call = desk.sandbox.call(from_=ANA, to="queue", caller=Party())
        eventually(lambda: waiting.log[-1].text == "dequeued")  # noqa: B023 - asked at once
        (waiting, call)[side].hang_up()
        call.wait(10)
        waiting.hang_up()
        waiting.wait(10)
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
    assert heard.wait(5)
    desk.answers()
    waiting.wait(10)
    assert target.forms("/music")[0]["QueuePosition"] == "1"
    assert target.forms("/left")[0]["QueueResult"] == "bridged"


def test_music_is_played_again_and_a_broken_one_leaves_silence(desk: Desk, target: Target) -> None:
    documents = [twiml("<Pause length='2'/>"), twiml(), twiml("<Dial/>")]
    target.says("/music", lambda: documents.pop(0))
    target.says("/voice", twiml("<Enqueue waitUrl='/music'>help</Enqueue>"))
    waiting = desk.comes(Party(hangs_up_after=30))
    waiting.wait(10)
    assert documents == []
    assert 12200 in [entry.code for entry in waiting.log]
    assert waiting.duration == 30
