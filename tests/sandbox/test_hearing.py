"""What callers do when they hear something, what tests let them do, and what was run."""

from __future__ import annotations

import pytest

from tests.sandbox.conftest import AGENT, CUSTOMER, OWN, Get, Ring
from tests.sandbox.listening import eventually
from tests.sandbox.target import Target, twiml
from twirec.sandbox import BEEP, SPOKEN, Line, Party, Reaction, Sandbox

TEN_SECONDS = f"<Say>{'Pulse uno si quiere ventas. '.ljust(150, 'x')}</Say>"
MENU = f"<Gather numDigits='1' action='/key'>{TEN_SECONDS}</Gather>"
STAYS = Party(hangs_up_after=90_000)


def test_a_key_is_pressed_when_it_is_asked_for(ring: Ring, target: Target) -> None:
    asked = [twiml("<Pause length='7'/>", MENU), twiml(MENU.replace("/key", "/second"))]
    target.says("/key", asked[1])
    target.says("/second", twiml("<Hangup/>"))
    call = ring(asked[0], Party(reacts=[Reaction("pulse UNO", presses="1", after=0.5)]))
    assert [target.forms(path)[0]["Digits"] for path in ("/key", "/second")] == ["1", "1"]
    assert call.duration == int(7 + 10.5 + 10.5)


def test_several_keys_and_hanging_up_follow_what_is_heard(ring: Ring, target: Target) -> None:
    target.says("/key", twiml("<Say>Adiós</Say>", "<Pause length='60'/>"))
    person = Party(
        reacts=[Reaction("uno", presses="12#", after=1), Reaction("adiós", hangs_up=True, after=2)]
    )
    call = ring(twiml(MENU.replace("numDigits='1'", "")), person)
    assert target.forms("/key")[0]["Digits"] == "12"
    assert call.duration == int(10 + 1 + 0.4 + 0.5 + 2)


def test_somebody_speaks_after_the_beep(ring: Ring, target: Target, get: Get) -> None:
    target.says("/done", twiml())
    call = ring(
        twiml(TEN_SECONDS, "<Record action='/done' trim='do-not-trim'/>"),
        Party(reacts=[Reaction(BEEP, says="customer_complaint", after=2)]),
    )
    assert target.forms("/done")[0]["Digits"] == ""
    recording = call.recordings[0]
    assert recording.duration == int(2 + Line("customer_complaint").seconds + 5)
    assert get(f"/Recordings/{recording.sid}.wav").content[44:].strip(b"\0")


def test_speech_is_what_the_lines_of_the_caller_say(ring: Ring, target: Target) -> None:
    target.says("/heard", twiml())
    gather = "<Gather input='{}' action='/heard' {}>" + TEN_SECONDS + "</Gather>"
    mine = Line("agent_greeting", words="ventas, por favor")
    rows = [
        # input, more, caller, what the action is told
        ("speech", "", Party(says=[Line("customer_thanks", at=3)]), SPOKEN["customer_thanks"]),
        ("dtmf speech", "", Party(reacts=[Reaction("uno", says=mine)]), "ventas, por favor"),
        ("dtmf speech", "numDigits='1'", Party(keys=[(2, "4")], says=[Line(mine.sound, 3)]), "4"),
        ("speech", "timeout='2'", Party(keys=[(2, "4")]), None),
        ("speech", "actionOnEmptyResult='true'", Party(), ""),
    ]
    for listens, more, caller, expected in rows:
        target.came.clear()
        call = ring(twiml(gather.format(listens, more)), caller)
        forms = target.forms("/heard")
        if expected is None:
            assert (forms, call.duration) == ([], 12)
        else:
            assert [each.get("SpeechResult", each.get("Digits", "")) for each in forms] == [
                expected
            ]
    assert call.duration == 15


def test_speech_cuts_the_prompt_short_and_is_over_after_silence(ring: Ring) -> None:
    said = Party(says=[Line("customer_thanks", at=3)])
    for silence, after in (("auto", 1), ("4", 4)):
        attributes = f"input='speech' action='/x' speechTimeout='{silence}'"
        call = ring(twiml(f"<Gather {attributes}>{TEN_SECONDS}</Gather>"), said)
        assert call.duration == int(3 + Line("customer_thanks").seconds + after)


def test_a_test_presses_keys_and_speaks_while_the_call_goes_on(
    sandbox: Sandbox, target: Target
) -> None:
    document = twiml("<Gather numDigits='2' timeout='9000' action='/key'><Say>Uno</Say></Gather>")
    sandbox.number(OWN, voice_url=target.says("/voice", document))
    target.says("/key", twiml("<Record timeout='9000' maxLength='90000' action='/done'/>"))
    target.says("/done", twiml())
    call = sandbox.call(from_=CUSTOMER, to=OWN, caller=STAYS)
    call.wait_for("Say", "Uno")
    call.press("42")
    call.wait_for("fetch", "/key")
    assert target.forms("/key")[0]["Digits"] == "42"
    eventually(lambda: call.recordings)
    call.say("customer_thanks")
    call.press("#")
    call.wait_for("fetch", "/done")
    call.hang_up()
    call.wait(120)
    with pytest.raises(ValueError, match="nobody is on the line"):
        call.press("1")
    with pytest.raises(ValueError, match="keys are"):
        call.press("x")
    with pytest.raises(TimeoutError, match="no Dial 'x' in the log"):
        call.wait_for("Dial", "x")


def test_digits_are_played_and_pressed_for_as_long_as_they_take(ring: Ring, target: Target) -> None:
    call = ring(twiml("<Play digits='1w2W*'/>"))
    assert [entry.text for entry in call.log if entry.what == "Play"] == ["digits 1w2W*"]
    assert call.duration == int(3 * 0.25 + 0.5 + 1)
    target.says("/ended", twiml())
    dial = f"<Dial action='/ended'><Number sendDigits='wwww1234'>{AGENT}</Number></Dial>"
    assert ring(twiml(dial), callee=Party(hangs_up_after=2, answers_after=1)).duration == 3
    assert target.forms("/ended")[0]["DialBridged"] == "false"
    ring(twiml(dial), callee=Party(hangs_up_after=5, answers_after=1))
    assert target.forms("/ended")[1]["DialBridged"] == "true"


def test_ssml_is_read_as_the_text_it_holds(ring: Ring) -> None:
    said = (
        "<Say voice='Polly.Lucia-Neural'>Su código es <say-as interpret-as='digits'>12</say-as>"
        "<break time='1500ms'/>, de <sub alias='Sociedad Limitada'>S.L.</sub>"
        "<prosody rate='slow'>y <emphasis>nada</emphasis> más</prosody></Say>"
    )
    call = ring(twiml(said))
    text = "Su código es 12, de Sociedad Limitaday nada más"
    assert [entry.text for entry in call.log if entry.what == "Say"] == [text]
    assert call.duration == int(len(text) / 15 + 1.5)
    assert [entry.code for entry in ring(twiml("<Say><brake/></Say>")).log if entry.code] == [12200]


def test_what_was_run_is_there_with_its_attributes(ring: Ring) -> None:
    call = ring(
        twiml(
            "<Say language='es-ES'>Hola</Say>",
            "<Dial record='record-from-answer-dual'>",
            f"<Number sendDigits='1'>{AGENT}</Number></Dial>",
        )
    )
    dial = call.assert_ran("Dial", AGENT, record="record-from-answer-dual", send_digits="1")
    assert [noun.name for noun in dial.children] == ["Number"]
    assert [verb.name for verb in call.verbs] == ["Say", "Dial"]
    call.assert_not_ran("Record")
    with pytest.raises(AssertionError, match=r"<Say language='es-ES'>Hola</Say> was run"):
        call.assert_not_ran("Say")
    with pytest.raises(
        AssertionError, match=r"no Say  .*'en-GB'.*these were: <Say language='es-ES'"
    ):
        call.assert_ran("Say", language="en-GB")
