"""What comes when nobody answered: what is a step, which one is next, and what a URL carries."""

from __future__ import annotations

import pytest
from twilio.twiml.voice_response import VoiceResponse

from tests.factories import ACCOUNT, call_sid
from twirec.calls.forms import CallEnd
from twirec.calls.otherwise import (
    LONGEST_SEGMENT,
    Plan,
    checked_step,
    checked_timeout,
    fitting,
    following,
    read_plan,
    said_by,
    sign_plan,
    steps_of,
    unanswered,
)
from twirec.calls.signed_targets import read_targets
from twirec.model.dial_steps import DialStep
from twirec.model.errors import InvalidQuery, MalformedRequest
from twirec.model.records import VOICEMAIL

BEA, SHOP = DialStep(("client:bea",), 15), DialStep(("+34911222333", "client:ana"))
BUSY = DialStep((VOICEMAIL,), on=("busy",))
HTML = DialStep(function="later")


def test_what_is_a_step() -> None:
    table: list[tuple[object, tuple[DialStep, ...]]] = [
        ("client:bea", (DialStep("client:bea"),)),
        (BEA, (BEA,)),
        (["client:bea", BEA], (DialStep("client:bea"), BEA)),
        (("client:bea",), (DialStep("client:bea"),)),
        ([["+34911222333", "client:ana"], HTML], (SHOP, HTML)),
        ([], ()),
    ]
    for given, steps in table:
        assert steps_of(given) == steps, given
    for given in (None, 7, [None], [[7]], b"client:bea", {"client:bea": 1}):
        with pytest.raises(InvalidQuery, match="otherwise"):
            steps_of(given)


def test_a_step_is_dialled_as_twilio_can() -> None:
    table = {
        DialStep("911 22 23 33", 20): DialStep(("+34911222333",), 20),
        DialStep("voicemail", 20, "busy"): DialStep((VOICEMAIL,), None, ("busy",)),
        DialStep("queue:sales"): DialStep(("queue:sales",)),
        DialStep("sip:shop@pbx.example.com"): DialStep(("sip:shop@pbx.example.com",)),
        HTML: HTML,
    }
    for given, step in table.items():
        assert checked_step(given, "ES") == (step, ""), given
    step, problem = checked_step(DialStep(("nobody", "client:bea")), "ES")
    assert step == DialStep(("client:bea",))
    assert problem.startswith("otherwise: ")
    refused = {
        DialStep(): "names nobody",
        DialStep("101"): "otherwise: give",
        DialStep("client:bea", 0): "timeout: give seconds",
        DialStep("client:bea", True): "timeout: give seconds",
        DialStep("client:bea", on="engaged"): "on: engaged is none of busy",
    }
    for given, why in refused.items():
        with pytest.raises(InvalidQuery, match=why):
            checked_step(given, "ES")
    for seconds in (None, 1, 600):
        assert checked_timeout(seconds) == seconds


def test_what_a_function_may_say() -> None:
    response = VoiceResponse()
    response.say("Call again.")
    assert said_by(None) is None
    assert said_by(response) == str(response)
    assert said_by(" <Response/>") == " <Response/>"
    assert said_by("client:bea") == (DialStep("client:bea"),)
    assert said_by([BEA]) == (BEA,)
    with pytest.raises(InvalidQuery, match="names no other"):
        said_by(HTML)


def test_who_answered_and_who_did_not() -> None:
    def end(**facts: object) -> CallEnd:
        facts = {"call_status": "in-progress", **facts}
        return CallEnd(ACCOUNT, call_sid(), **facts)  # type: ignore[arg-type]

    table = [
        ("busy", {"dial_status": "busy"}),
        ("no-answer", {"dial_status": "no-answer"}),
        ("failed", {"dial_status": "failed"}),
        ("canceled", {"dial_status": "canceled"}),
        ("", {"dial_status": "completed"}),
        ("", {"dial_status": "completed", "bridged": True}),
        ("no-answer", {"dial_status": "completed", "apart": True}),
        ("", {"dial_status": "answered", "apart": True}),  # of a conference
        ("", {"dial_status": "no-answer", "call_status": "completed"}),  # the caller is gone
        ("", {}),
        ("queue-full", {"queue_result": "queue-full"}),
        ("leave", {"queue_result": "leave"}),
        ("", {"queue_result": "bridged"}),
        ("", {"queue_result": "redirected"}),
        ("", {"queue_result": "hangup", "call_status": "completed"}),
    ]
    for status, facts in table:
        assert unanswered(end(**facts)) == status, facts


def test_which_step_is_next() -> None:
    steps = (BUSY, BEA, SHOP)
    assert following(steps, "busy") == (BUSY, (BEA, SHOP))
    assert following(steps, "no-answer") == (BEA, (SHOP,))
    assert following((SHOP,), "failed") == (SHOP, ())
    assert following((BUSY,), "no-answer") == (None, ())
    assert following((), "busy") == (None, ())


def test_a_plan_is_carried_in_a_path_that_shows_no_number() -> None:
    plan = Plan(20, (BEA, SHOP, BUSY, HTML), 3, 1)
    segment = sign_plan(plan, call_sid(1), ["old"])
    assert segment.replace("-", "").replace("_", "").replace("=", "").isalnum()
    assert read_plan(segment, call_sid(1), ["new", "old"]) == plan
    assert sign_plan(Plan(), call_sid(1), ["old"]) == ""
    assert read_plan("", call_sid(1), ["old"]) == Plan()


def test_a_plan_of_another_call_or_token_or_purpose_is_none() -> None:
    segment = sign_plan(Plan(20), call_sid(1), ["a token"])
    for its, tokens in ((call_sid(2), ["a token"]), (call_sid(1), ["another"])):
        with pytest.raises(MalformedRequest):
            read_plan(segment, its, tokens)
    with pytest.raises(MalformedRequest):
        read_targets(segment, ["a token"])


def test_what_no_path_has_room_for_is_left_out_from_the_end() -> None:
    long = DialStep(tuple(f"sip:{number:0100}@pbx.example.com" for number in range(5)))
    plan = Plan(20, (BEA, long, long, long))
    kept = fitting(plan, call_sid(1), ["a token"])
    assert len(sign_plan(kept, call_sid(1), ["a token"])) <= LONGEST_SEGMENT
    assert kept == Plan(20, plan.steps[: len(kept.steps)])
    assert 1 < len(kept.steps) < 4
    assert fitting(kept, call_sid(1), ["a token"]) == kept
