"""What the sandbox does not do it says in its own words, never in Twilio's."""

from __future__ import annotations

import base64
import http.client
from urllib.parse import urlsplit

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from tests.sandbox import official as made
from tests.sandbox import served
from tests.sandbox.conftest import AGENT, CUSTOMER, OWN, SPEED, Get, Ring
from tests.sandbox.target import Target, twiml
from tests.sandbox.watching import undescribed
from twirec.sandbox import Sandbox, Unsupported
from twirec.sandbox.official import official

REQUESTS = (
    # method, path, form, what is said
    ("GET", "/Balance.json", {}, "GET /2010-04-01/Accounts/{account}/Balance.json"),
    ("POST", "/Recordings.json", {}, "POST /2010-04-01/Accounts/{account}/Recordings.json"),
    ("GET", "/IncomingPhoneNumbers.json?Beta=true", {}, "Beta in this request"),
    ("GET", "/Recordings.json?Status=completed", {}, "Status in this request"),
    (
        "POST",
        "/Calls.json",
        {"To": CUSTOMER, "From": OWN, "Twiml": "<Response/>", "AsyncAmd": "true"},
        "AsyncAmd in this request",
    ),
)
DOCUMENTS = (
    ("<Pay/>", "Pay in Response"),
    ("<Connect><Stream url='wss://x.example'/></Connect>", "Connect in Response"),
    ("<Dial><Sim>DE1</Sim></Dial>", "Sim in Dial"),
    ("<Record transcribe='true'/>", "Record transcribe"),
    (f"<Dial><Number byoc='BY1'>{AGENT}</Number></Dial>", "Number byoc"),
    ("<Dial><Conference waitUrl='/music'>a</Conference></Dial>", "Conference waitUrl='/music'"),
)


def test_requests_are_answered_501_with_what_is_not_done(sandbox: Sandbox, get: Get) -> None:
    for method, path, form, text in REQUESTS:
        response = get(path, method=method, data=form)
        said = f"the sandbox does not do {text.format(account=sandbox.account_sid)}"
        assert (response.status_code, response.json()) == (501, {"message": said, "status": 501})
        assert sandbox.unsupported[-1] == said


def test_the_official_client_shows_it(client: Client) -> None:
    with pytest.raises(TwilioRestException, match=r"the sandbox does not do GET .*/Keys/") as error:
        client.keys("SK" + "0" * 32).fetch()
    assert (error.value.status, error.value.code) == (501, 501)


def test_a_document_ends_the_call_and_no_fallback_is_asked(
    ring: Ring, target: Target, sandbox: Sandbox
) -> None:
    fallback = target.says("/fallback", twiml("<Pause length='2'/>"))
    for document, text in DOCUMENTS:
        call = ring(twiml("<Pause/>", document), fallback_url=fallback)
        said = f"the sandbox does not do {text}"
        (entry,) = [entry for entry in call.log if entry.code]
        assert (entry.what, entry.text, entry.code) == ("sandbox", said, 501)
        assert sandbox.unsupported[-1] == said
    assert target.at("/fallback") == []


def test_a_voice_that_is_on_no_list_is_silent_and_said(ring: Ring, sandbox: Sandbox) -> None:
    call = ring(twiml("<Say voice='Polly.Nobody' language='es-ES'>Hola</Say>"))
    (entry,) = [entry for entry in call.log if entry.code]
    assert (entry.text, entry.code) == ("the sandbox does not do the voice Polly.Nobody", 501)
    assert (call.status, call.duration) == ("completed", 0)


def test_a_strict_sandbox_raises_it_in_the_test(target: Target) -> None:
    with Sandbox(speed=SPEED, strict=True) as sandbox:
        sandbox.number(OWN, voice_url=target.says("/voice", twiml("<Pay/>")))
        call = sandbox.call(from_=CUSTOMER, to=OWN)
        with pytest.raises(Unsupported, match="does not do Pay in Response"):
            call.wait(120)
        call.wait(0)  # it is raised once


def test_a_strict_sandbox_raises_at_its_end_what_nobody_saw() -> None:
    with (
        pytest.raises(Unsupported, match=r"does not do GET /v2/Services"),
        Sandbox(strict=True) as sandbox,
    ):
        assert ask(sandbox, "/v2/Services", {})[0] == 501


def ask(sandbox: Sandbox, path: str, headers: dict[str, str]) -> tuple[int, str | None]:
    connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=120)
    credentials = f"{sandbox.account_sid}:{sandbox.auth_token}".encode()
    headers = {**headers, "Authorization": f"Basic {base64.b64encode(credentials).decode()}"}
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status, response.getheader("Connection")


def test_a_connection_that_is_closed_is_announced(sandbox: Sandbox) -> None:
    path = f"/2010-04-01/Accounts/{sandbox.account_sid}/Calls.json"
    assert ask(sandbox, path, {}) == (200, None)
    assert ask(sandbox, path, {"Connection": "close"}) == (200, "close")


def test_what_twilios_libraries_know_is_what_they_say_now() -> None:
    assert official().twiml == made.twiml(), "run: python -m tests.sandbox.official"


def test_the_voices_are_those_of_the_node_library() -> None:
    if not made.VOICES.exists():
        pytest.skip("the Node library is not installed: make node")
    assert official().voices == made.voices(), "run: python -m tests.sandbox.official"


def test_the_page_says_what_is_served() -> None:
    stale = served.page_with(served.tables()) != served.PAGE.read_text(encoding="utf-8")
    assert not stale, "run: python -m tests.sandbox.served"


def test_what_is_not_as_twilio_describes_it_fails_a_test(sandbox: Sandbox, get: Get) -> None:
    recording = sandbox.add_recording()
    recording.status = "finished"
    recording.channels = "two"  # type: ignore[assignment]  # on purpose
    get(f"/Recordings/{recording.sid}.json")
    found, undescribed[:] = list(undescribed), []
    assert sorted(each.rpartition(".json: ")[2] for each in found) == [
        "channels is 'two', not of type integer",
        "status is 'finished', none of ['in-progress', 'paused', 'stopped', 'processing', "
        "'completed', 'absent', 'deleted']",
    ]
