from __future__ import annotations

import time
from typing import Any

import pytest
from flask import Response

from tests.sandbox.conftest import CUSTOMER, OWN, Ring
from tests.sandbox.target import Target, twiml
from twirec.sandbox import Call, Sandbox


def errors(call: Call) -> list[int | None]:
    return [entry.code for entry in call.log if entry.what == "error"]


def slow() -> Response:
    time.sleep(0.3)
    return Response(twiml(), mimetype="text/xml")


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (Response(status=500), 11200),
        (Response(status=403), 11200),
        (Response(status=302, headers={"Location": "/other"}), 11200),
        (Response(status=302, headers={"Location": "/voice"}), 11200),
        ("<Response><Say>", 12100),
        (Response("", mimetype="text/xml"), 12100),
        ("<Twiml/>", 12100),
        (Response("Hello", mimetype="application/pdf"), 12300),
        (twiml("<Sing/>"), 12200),
        (twiml("<say>Hola</say>"), 12200),
        (twiml("<Say vioce='man'>Hola</Say>"), 12200),
        (twiml("<Pause length='soon'/>"), 12200),
        (twiml("<Gather><Hangup/></Gather>"), 12200),
        (twiml("<Dial><Sin>x</Sin></Dial>"), 12200),
        (twiml("<Dial record='yes'>+34911222333</Dial>"), 12200),
        (twiml("<Dial>+34911222333<Number>+34911222334</Number></Dial>"), 12200),
        (twiml("<Dial>" + "<Number>+34911222333</Number>" * 11 + "</Dial>"), 12200),
        (twiml("stray text"), 12200),
        (twiml("<Hangup/>stray text"), 12200),
        (twiml("<Redirect/>"), 12100),
    ],
)
def test_a_document_that_fails_is_an_error_and_the_fallback_is_asked(
    ring: Ring, target: Target, sandbox: Sandbox, document: Any, code: int
) -> None:
    fallback = target.says("/fallback", twiml("<Pause length='2'/>"))
    call = ring(document, fallback_url=fallback)
    assert errors(call) == [code]
    (came,) = target.at("/fallback")
    assert came.signed_with(sandbox.auth_token)
    assert came.form["ErrorCode"] == str(code)
    assert came.form["ErrorUrl"] == f"{target.url}/voice"
    assert came.form["CallSid"] == call.sid
    assert call.duration == 2


def test_without_a_fallback_the_call_ends(ring: Ring, target: Target) -> None:
    ended = target.says("/ended", Response(status=204))
    call = ring(Response(status=500), status_callback=ended)
    assert call.status == "failed"
    assert target.forms("/ended")[0]["CallStatus"] == "failed"


def test_when_the_fallback_fails_too_the_call_ends(ring: Ring, target: Target) -> None:
    fallback = target.says("/fallback", Response(status=500))
    call = ring(Response(status=500), fallback_url=fallback)
    assert errors(call) == [11200, 11200]
    assert len(target.at("/fallback")) == 1


@pytest.mark.parametrize(
    "document",
    [
        twiml("<Pause/>", "<Redirect>/gone</Redirect>"),
        twiml("<Gather action='/gone' actionOnEmptyResult='true' timeout='1'/>"),
    ],
)
def test_the_fallback_is_asked_when_a_later_document_fails(
    ring: Ring, target: Target, document: str
) -> None:
    fallback = target.says("/fallback", twiml("<Pause length='2'/>"))
    call = ring(document, fallback_url=fallback)
    assert target.forms("/fallback")[0]["ErrorUrl"] == f"{target.url}/gone"
    assert (call.status, call.duration) == ("completed", 3)


def test_an_app_that_does_not_answer_in_time_is_an_error(sandbox: Sandbox, target: Target) -> None:
    sandbox.number(OWN, voice_url=target.says("/voice", slow) + "#rt=100")
    call = sandbox.call(from_=CUSTOMER, to=OWN)
    call.wait(120)
    assert errors(call) == [11200]


def test_the_voice_url_is_asked_again_when_its_fragment_says_so(
    sandbox: Sandbox, target: Target
) -> None:
    answers = [Response(status=503), Response(status=503), twiml("<Pause length='2'/>")]
    url = target.says("/voice", lambda: answers.pop(0))
    sandbox.number(OWN, voice_url=f"{url}#rc=2&rp=5xx")
    call = sandbox.call(from_=CUSTOMER, to=OWN)
    call.wait(120)
    assert (errors(call), call.duration, len(target.came)) == ([], 2, 3)


def test_documents_that_lead_round_in_circles_end_the_call(ring: Ring) -> None:
    call = ring(twiml("<Redirect>/voice</Redirect>"))
    assert errors(call) == [11200]
    assert call.status == "completed"


@pytest.mark.parametrize("mimetype", ["text/xml", "application/xml", "text/html"])
def test_twiml_may_come_as_xml_or_as_what_flask_calls_a_string(ring: Ring, mimetype: str) -> None:
    document = Response(twiml("<Pause length='2'/>"), mimetype=mimetype)
    assert ring(document).duration == 2


def test_an_empty_document_answers_the_call_and_ends_it(ring: Ring) -> None:
    call = ring(twiml())
    assert (call.status, call.duration) == ("completed", 0)
