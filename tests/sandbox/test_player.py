from __future__ import annotations

import time

import pytest
from flask import Response

from tests.sandbox.conftest import CUSTOMER, OWN, SPEED, Ring
from tests.sandbox.listening import eventually
from tests.sandbox.target import Target, twiml
from twirec.sandbox import Call, Faults, Party, Sandbox
from twirec.sandbox.parties import LINES

FIFTEEN_LETTERS = "abcdefghijklmno"


def spoken(call: Call) -> list[str]:
    return [entry.text for entry in call.log if entry.what == "Say"]


def codes(call: Call) -> list[int]:
    return [entry.code for entry in call.log if entry.code]


def test_the_voice_url_gets_twilios_fields_signed(
    ring: Ring, target: Target, sandbox: Sandbox
) -> None:
    call = ring(twiml("<Hangup/>"))
    (came,) = target.at("/voice")
    assert came.signed_with(sandbox.auth_token)
    assert came.headers["I-Twilio-Idempotency-Token"]
    expected = {
        "AccountSid": sandbox.account_sid,
        "ApiVersion": "2010-04-01",
        "CallSid": call.sid,
        "CallStatus": "ringing",
        "Called": OWN,
        "Caller": CUSTOMER,
        "Direction": "inbound",
        "From": CUSTOMER,
        "To": OWN,
        "FromCity": "",
    }
    assert expected.items() <= came.form.items()


def test_a_call_that_runs_its_twiml_is_completed(ring: Ring) -> None:
    call = ring(twiml("<Pause length='7'/>"))
    assert (call.status, call.duration) == ("completed", 7)


def test_a_say_takes_a_second_for_fifteen_letters(ring: Ring) -> None:
    call = ring(twiml(f"<Say>{FIFTEEN_LETTERS * 4}</Say><Hangup/>"))
    assert spoken(call) == [FIFTEEN_LETTERS * 4]
    assert call.duration == 4


def test_a_short_say_takes_half_a_second(ring: Ring) -> None:
    call = ring(twiml("<Say>a</Say>" * 4))
    assert call.duration == 2


def test_a_say_can_be_repeated(ring: Ring) -> None:
    assert ring(twiml(f"<Say loop='3'>{FIFTEEN_LETTERS}</Say>")).duration == 3


def test_the_next_document_is_not_asked_for_before_the_say_is_over(
    ring: Ring, target: Target
) -> None:
    times: dict[str, float] = {}

    def first() -> str:
        times["first"] = time.monotonic()
        return twiml(f"<Say>{FIFTEEN_LETTERS * 20}</Say><Redirect>/next</Redirect>")

    def second() -> str:
        times["second"] = time.monotonic()
        return twiml()

    target.says("/next", second)
    ring(first)
    assert times["second"] - times["first"] >= 20 / SPEED


@pytest.mark.parametrize(
    "attributes",
    [
        "voice='Polly.Lucia-Neural' language='en-GB'",
        "voice='Google.ca-ES-Standard-B' language='es-ES'",
        "language='xx-XX'",
    ],
)
def test_a_voice_that_does_not_speak_the_language_is_a_warning_and_no_sound(
    ring: Ring, attributes: str
) -> None:
    call = ring(twiml(f"<Say {attributes}>{FIFTEEN_LETTERS * 9}</Say>"))
    assert (spoken(call), codes(call), call.duration) == ([], [13511], 0)
    assert call.status == "completed"


@pytest.mark.parametrize(
    "attributes",
    [
        "voice='Polly.Lucia-Neural' language='es-ES'",
        "voice='Polly.Lucia-Neural'",
        "voice='Polly.Amy-Neural' language='en-GB'",
        "voice='alice' language='es-ES'",
        "",
    ],
)
def test_voices_speak_their_own_languages(ring: Ring, attributes: str) -> None:
    assert codes(ring(twiml(f"<Say {attributes}>Hola</Say>"))) == []


@pytest.mark.parametrize("text", ["", "a" * 4097])
def test_an_empty_or_endless_text_is_a_warning_and_no_sound(ring: Ring, text: str) -> None:
    call = ring(twiml(f"<Say>{text}</Say>"))
    assert (codes(call), call.duration) == ([13520], 0)


def test_say_can_be_made_to_fail(ring: Ring) -> None:
    call = ring(twiml(f"<Say>{FIFTEEN_LETTERS}</Say>"), faults=Faults(say_fails=True))
    assert (codes(call), call.duration) == ([13520], 0)


def test_play_takes_as_long_as_the_file(ring: Ring, target: Target) -> None:
    wav = (LINES / "agent_answer.wav").read_bytes()
    target.says("/hello.wav", Response(wav, mimetype="audio/x-wav"))
    call = ring(twiml("<Play>/hello.wav</Play>"))
    assert call.duration == int((len(wav) - 44) / 16_000)
    assert target.at("/hello.wav")[0].method == "GET"


@pytest.mark.parametrize(
    ("answer", "code"), [(Response(status=404), 11200), (Response("<html/>"), 12400)]
)
def test_a_file_that_cannot_be_played_is_a_warning_and_no_sound(
    ring: Ring, target: Target, answer: Response, code: int
) -> None:
    target.says("/hello.wav", answer)
    call = ring(twiml("<Play>/hello.wav</Play>"))
    assert (codes(call), call.duration, call.status) == ([code], 0, "completed")


def test_plain_text_is_said_and_audio_played_and_then_the_call_ends(ring: Ring) -> None:
    assert spoken(ring(Response(f"\n{FIFTEEN_LETTERS}", mimetype="text/plain"))) == [
        FIFTEEN_LETTERS
    ]
    wav = (LINES / "agent_answer.wav").read_bytes()
    call = ring(Response(wav, mimetype="audio/wav"))
    assert (call.status, call.duration) == ("completed", int((len(wav) - 44) / 16_000))
    assert [entry.what for entry in call.log][-3:] == ["Play", "Hangup", "ended"]


def test_requests_of_calls_between_the_same_two_share_their_cookies(
    ring: Ring, target: Target
) -> None:
    def answer() -> Response:
        response = Response(twiml(), mimetype="text/xml")
        response.set_cookie("visits", str(len(target.at("/voice"))))
        return response

    ring(answer)
    ring(answer)
    assert [came.headers.get("Cookie") for came in target.at("/voice")] == [None, "visits=1"]


def test_redirect_goes_on_with_the_document_at_a_relative_url(ring: Ring, target: Target) -> None:
    target.says("/deep/first", twiml("<Redirect>../second?a=1</Redirect>"))
    target.says("/second", twiml("<Pause length='2'/>"))
    call = ring(twiml("<Redirect>deep/first</Redirect>", "<Pause length='60'/>"))
    assert target.at("/second")[0].url.endswith("/second?a=1")
    assert call.duration == 2


def test_redirect_can_use_get(ring: Ring, target: Target, sandbox: Sandbox) -> None:
    target.says("/next", twiml())
    call = ring(twiml("<Redirect method='GET'>/next?a=1</Redirect>"))
    (came,) = target.at("/next")
    assert came.method == "GET"
    assert f"CallSid={call.sid}" in came.url
    assert came.signed_with(sandbox.auth_token)


def test_hangup_ends_the_call(ring: Ring) -> None:
    assert ring(twiml("<Hangup/><Pause length='9'/>")).duration == 0


@pytest.mark.parametrize("verb", [f"<Say>{FIFTEEN_LETTERS * 9}</Say>", "<Pause length='9'/>"])
def test_a_caller_who_hangs_up_ends_the_call_in_the_middle_of_a_verb(
    ring: Ring, target: Target, verb: str
) -> None:
    call = ring(twiml(verb, "<Redirect>/next</Redirect>"), Party(hangs_up_after=3.2))
    assert (call.status, call.duration) == ("completed", 3)
    assert target.at("/next") == []


def test_the_status_callback_tells_of_the_end(ring: Ring, target: Target, sandbox: Sandbox) -> None:
    ended = target.says("/ended", Response(status=204))
    call = ring(twiml("<Pause length='61'/>"), status_callback=f"{ended}#rc=2")
    (came,) = target.at("/ended")
    assert came.signed_with(sandbox.auth_token)
    assert came.form["CallSid"] == call.sid
    assert came.form["CallStatus"] == "completed"
    assert (came.form["CallDuration"], came.form["Duration"]) == ("61", "2")
    assert came.form["CallbackSource"] == "call-progress-events"
    assert came.form["SequenceNumber"] == "0"
    assert came.form["Timestamp"].endswith("+0000")


def test_a_call_can_be_hung_up_from_outside(sandbox: Sandbox, target: Target) -> None:
    sandbox.number(OWN, voice_url=target.says("/voice", twiml("<Pause length='6000'/>")))
    call = sandbox.call(from_=CUSTOMER, to=OWN)
    eventually(lambda: call.status == "in-progress")  # else it is cancelled, not completed
    with pytest.raises(TimeoutError):
        call.wait(0.05)
    call.hang_up()
    call.wait(120)
    assert call.status == "completed"


def test_calls_go_only_to_numbers_of_the_account(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="no such number"):
        sandbox.call(from_=CUSTOMER, to=OWN)


def test_faults_of_the_account_can_be_changed_while_it_runs(ring: Ring, sandbox: Sandbox) -> None:
    sandbox.faults = Faults(say_fails=True)
    assert codes(ring(twiml("<Say>Hola</Say>"))) == [13520]
    sandbox.faults = None
    assert codes(ring(twiml("<Say>Hola</Say>"))) == []
