from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Response
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from tests.sandbox.conftest import AGENT, CUSTOMER, OWN, Get, Ring
from tests.sandbox.listening import RATE, channels, eventually, place_of
from tests.sandbox.target import Target, twiml
from twirec.sandbox import ALWAYS, Call, Fault, Faults, Line, Party, Recording, Sandbox

EVENTS = ["in-progress", "completed", "absent"]
DIAL = f"<Dial>{AGENT}</Dial>"


@pytest.fixture
def then(target: Target, client: Client, sandbox: Sandbox) -> Callable[..., str]:
    """A step of a document: while the app answers it the call's time stands still."""

    def then(path: str, does: Callable[[Call], object], *verbs: str) -> str:
        def answer() -> str:
            does(sandbox.calls[0])
            return twiml(*verbs)

        target.says(path, answer)
        return f"<Redirect>{path}</Redirect>"

    return then


Then = Callable[..., str]


def starts(client: Client, **options: object) -> Callable[[Call], object]:
    return lambda call: client.calls(call.sid).recordings.create(**options)


def updates(client: Client, status: str, **options: object) -> Callable[[Call], object]:
    def update(call: Call) -> object:
        sid = call.recordings[0].sid
        changed = client.calls(call.sid).recordings(sid).update(status=status, **options)
        assert changed.status == status
        return changed

    return update


def test_a_recording_started_over_rest_holds_what_both_say_from_then_on(
    ring: Ring, get: Get, client: Client, then: Then
) -> None:
    caller = Party(says=[Line("customer_thanks", at=1)], counts_from_bridge=True)
    callee = Party(says=[Line("agent_answer", at=2)], answers_after=3, hangs_up_after=9)
    begin = then("/start", starts(client, recording_channels="dual"), DIAL)
    call = ring(twiml("<Pause length='5'/>", begin), caller, callee)
    (recording,) = call.recordings
    assert (recording.source, recording.channels) == ("StartCallRecordingAPI", 2)
    left, right = channels(get, recording)
    assert place_of("customer_thanks", left) == 3 + 1
    assert place_of("agent_answer", right) == 3 + 2
    assert len(left) == 12 * RATE


def test_it_answers_as_the_official_client_expects(
    ring: Ring, client: Client, then: Then, target: Target
) -> None:
    created = []
    status = target.says("/status", Response(status=204))

    def start(call: Call) -> None:
        options = {"recording_status_callback": status, "recording_status_callback_event": EVENTS}
        created.append(client.calls(call.sid).recordings.create(**options))

    call = ring(twiml(then("/start", start, "<Pause length='3'/>")))
    (recording,) = created
    assert (recording.status, recording.source) == ("in-progress", "StartCallRecordingAPI")
    assert (recording.call_sid, recording.channels, recording.track) == (call.sid, 1, "both")
    assert isinstance(recording.start_time, datetime)
    assert [form["RecordingStatus"] for form in target.forms("/status")] == [
        "in-progress",
        "completed",
    ]
    (listed,) = client.calls(call.sid).recordings.list()
    assert listed.sid == recording.sid


@pytest.mark.parametrize("events", ["in-progress completed", ["in-progress completed"]])
def test_several_events_may_come_in_one_field(
    ring: Ring, client: Client, then: Then, target: Target, events: object
) -> None:
    status = target.says("/status", Response(status=204))
    options = {"recording_status_callback": status, "recording_status_callback_event": events}
    ring(twiml(then("/start", starts(client, **options), "<Pause length='3'/>")))
    assert len(target.forms("/status")) == 2


def test_two_channels_are_kept_also_when_one_was_asked_for(
    ring: Ring, get: Get, client: Client, then: Then
) -> None:
    call = ring(twiml(then("/start", starts(client), "<Say>Hola, muy buenos días</Say>")))
    assert any(channels(get, call.recordings[0])[1])


def test_a_recording_of_a_dialled_leg_belongs_to_the_leg_that_dialled(
    ring: Ring, sandbox: Sandbox, client: Client, target: Target
) -> None:
    def told() -> str:
        client.calls(target.forms("/told")[0]["CallSid"]).recordings.create()
        return twiml()

    target.says("/told", told)
    target.says(
        "/whisper", twiml("<Gather timeout='1' actionOnEmptyResult='true' action='/told'/>")
    )
    document = twiml(f"<Dial><Number url='/whisper'>{AGENT}</Number></Dial>")
    call = ring(document, callee=Party(answers_after=2, hangs_up_after=9))
    (recording,) = sandbox.recordings
    assert (recording.call_sid, recording.duration) == (call.sid, 9 - 1)


def test_only_a_call_in_progress_can_be_recorded(
    ring: Ring, client: Client, sandbox: Sandbox, target: Target
) -> None:
    seen: list[TwilioRestException] = []

    def ringing() -> str:
        with pytest.raises(TwilioRestException) as error:
            client.calls(sandbox.calls[0].sid).recordings.create()
        seen.append(error.value)
        return twiml()

    over = ring(ringing)
    with pytest.raises(TwilioRestException) as error:
        client.calls(over.sid).recordings.create()
    assert [(one.status, one.code) for one in (*seen, error.value)] == [(400, 21220)] * 2


@pytest.mark.parametrize(
    "form",
    [
        {"RecordingChannels": "stereo"},
        {"Trim": "yes"},
        {"RecordingStatusCallbackEvent": "begun"},
        {"RecordingStatusCallbackMethod": "PUT"},
    ],
)
def test_what_twilio_does_not_know_is_refused(
    ring: Ring, get: Get, then: Then, sandbox: Sandbox, form: dict[str, str]
) -> None:
    answers = []

    def start(call: Call) -> None:
        answers.append(get(f"/Calls/{call.sid}/Recordings.json", method="POST", data=form))

    ring(twiml(then("/start", start)))
    assert answers[0].status_code == 400
    assert sandbox.recordings == []


RECORDED = "<Start><Recording trim='do-not-trim'/></Start>"
SAY = "<Say>" + "a" * 60 + "</Say>"


@pytest.mark.parametrize(("behavior", "seconds"), [("silence", 12), ("skip", 8), (None, 12)])
def test_a_pause_is_silence_or_is_skipped(
    ring: Ring, get: Get, client: Client, then: Then, behavior: str | None, seconds: int
) -> None:
    options = {"pause_behavior": behavior} if behavior else {}
    resume = then("/resume", updates(client, "in-progress"), SAY)
    pause = then("/pause", updates(client, "paused", **options), SAY, resume)
    call = ring(twiml(RECORDED, SAY, pause))
    _, right = channels(get, call.recordings[0])
    assert len(right) == seconds * RATE
    heard = [any(right[second * RATE : (second + 1) * RATE]) for second in range(seconds)]
    expected = [True] * 4 + [False] * 4 + [True] * 4 if seconds == 12 else [True] * 8
    assert heard == expected


def test_only_the_answer_to_the_update_says_paused(ring: Ring, client: Client, then: Then) -> None:
    statuses = []

    def look(call: Call) -> None:
        statuses.append(client.recordings(call.recordings[0].sid).fetch().status)

    pause = then("/pause", updates(client, "paused"), then("/look", look))
    call = ring(twiml(RECORDED, "<Pause length='2'/>", pause))
    assert statuses == ["processing"]
    assert call.recordings[0].status == "completed"


def test_a_recording_that_stays_paused_is_silent_to_the_end(
    ring: Ring, get: Get, client: Client, then: Then
) -> None:
    call = ring(twiml(RECORDED, SAY, then("/pause", updates(client, "paused"), SAY)))
    _, right = channels(get, call.recordings[0])
    assert len(right) == 8 * RATE
    assert not any(right[4 * RATE :])


def test_a_dials_recording_can_be_paused_by_its_sid_while_it_goes_on(
    sandbox: Sandbox, target: Target, client: Client, get: Get
) -> None:
    dial = f"<Dial record='record-from-answer-dual'>{AGENT}</Dial>"
    sandbox.number(OWN, voice_url=target.says("/voice", twiml(dial)))
    callee = Party(says=[Line("agent_answer", at=200)], hangs_up_after=220)
    call = sandbox.call(from_=CUSTOMER, to=OWN, callee=callee)
    recording = eventually(lambda: (call.recordings and call.recordings[0]) or None)
    client.calls(call.sid).recordings(recording.sid).update(status="paused")
    call.wait(120)
    _, right = channels(get, recording)
    assert len(right) == 220 * RATE
    assert not any(right)


def test_stopped_is_the_end_of_it(ring: Ring, client: Client, then: Then) -> None:
    call = ring(twiml(RECORDED, SAY, then("/stop", updates(client, "stopped"), SAY)))
    assert call.recordings[0].duration == 4


def update_answer(get: Get, call: Call, recording: Recording | None) -> tuple[int, str]:
    sid = recording.sid if recording else "Twilio.CURRENT"
    path = f"/Calls/{call.sid}/Recordings/{sid}.json"
    response = get(path, method="POST", data={"Status": "paused"})
    return response.status_code, response.json()["status"]


@pytest.mark.parametrize(("count", "status"), [(0, 400), (1, 200), (2, 400)])
def test_the_current_recording_must_be_the_only_one(
    ring: Ring, get: Get, then: Then, count: int, status: int
) -> None:
    answers = []

    def pause(call: Call) -> None:
        answers.append(update_answer(get, call, None)[0])

    ring(twiml(*[RECORDED] * count, then("/pause", pause)))
    assert answers == [status]


@pytest.mark.parametrize(
    ("fault", "status", "word"),
    [
        (Fault.IGNORED, 200, "in-progress"),
        (Fault.TIMED_OUT, 408, 408),
        (Fault.ERROR, 500, 500),
        (Fault.NOT_FOUND, 404, 404),
        (Fault.BUSY, 429, 429),
    ],
)
def test_a_pause_that_goes_wrong_is_no_pause(
    ring: Ring, get: Get, then: Then, fault: Fault, status: int, word: object
) -> None:
    answers = []

    def pause(call: Call) -> None:
        answers.append(update_answer(get, call, call.recordings[0]))

    document = twiml(RECORDED, SAY, then("/pause", pause, SAY))
    call = ring(document, faults=Faults(update={fault: ALWAYS}))
    assert answers == [(status, word)]
    _, right = channels(get, call.recordings[0])
    assert any(right[4 * RATE :])


def test_starting_a_recording_can_go_wrong(ring: Ring, get: Get, then: Then) -> None:
    answers = []

    def start(call: Call) -> None:
        answers.append(get(f"/Calls/{call.sid}/Recordings.json", method="POST").status_code)

    twice = then("/again", start)
    call = ring(twiml(then("/start", start, twice)), faults=Faults(start={Fault.ERROR: 1}))
    assert answers == [500, 201]
    assert len(call.recordings) == 1


def test_a_recording_that_is_over_or_was_never_there_cannot_be_paused(
    ring: Ring, get: Get, then: Then
) -> None:
    answers = []

    def pause(call: Call) -> None:
        answers.append(update_answer(get, call, Recording(call.sid, started=call.created))[0])

    call = ring(twiml(RECORDED, SAY, then("/pause", pause)))
    assert answers == [404]
    assert update_answer(get, call, call.recordings[0])[0] == 404


def test_an_update_says_what_it_wants(ring: Ring, get: Get, then: Then) -> None:
    answers = []

    def update(call: Call) -> None:
        path = f"/Calls/{call.sid}/Recordings/{call.recordings[0].sid}.json"
        for data in ({}, {"Status": "gone"}, {"Status": "paused", "PauseBehavior": "noise"}):
            answers.append(get(path, method="POST", data=data).status_code)  # noqa: PERF401

    ring(twiml(RECORDED, "<Pause/>", then("/update", update)))
    assert answers == [400, 400, 400]
