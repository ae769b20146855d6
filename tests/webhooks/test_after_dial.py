"""Nobody answered: what Twilio is told next, what the line says, and what goes wrong on the way."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

import pytest
from flask import Flask, Response
from twilio.twiml.voice_response import VoiceResponse
from werkzeug.test import TestResponse

from tests.factories import call_sid, part_of
from tests.webhooks.calling import AGENT, LONG_ENOUGH, VOICE, Clock, down, is_recording
from twirec import DialStep, Unanswered
from twirec.adapters.memory_vendor import MemoryVendor
from twirec.archive import Archive
from twirec.calls.wordings import WORDINGS
from twirec.flask import Twirec
from twirec.model.agents import Leg
from twirec.model.records import VOICEMAIL, CallRecord
from twirec.model.vendor import VendorCall
from twirec.model.vocabulary import ConsentMode, Outcome, Reason
from twirec.testing import ACCOUNT_SID, PUBLIC_URL, SignedPosts

ON = {**VOICE, "CallStatus": "in-progress"}
TOLD: list[Unanswered] = []


def flow_app(archive: Archive) -> Flask:
    app = Flask(__name__)

    def build(call: object, dial: object) -> None:
        dial.number("+34911999999", url="/x")  # type: ignore[attr-defined]
        dial.attrs["action"] = "/mine"  # type: ignore[attr-defined]

    recordings = Twirec(app, archive)
    built = Flask(__name__)
    app.extensions["built"] = (built, Twirec(built, archive, build_dial=build))

    @recordings.unanswered
    def say_so(unanswered: Unanswered) -> object:
        TOLD.append(unanswered)
        response = VoiceResponse()
        response.say(f"It was {unanswered.status}.")
        return Response(str(response), mimetype="text/xml")

    @recordings.unanswered
    def choose(unanswered: Unanswered) -> object:
        return {"busy": "client:bea", "failed": None}.get(unanswered.status, ["bad", "voicemail"])

    @recordings.unanswered
    def fail(unanswered: Unanswered) -> object:
        raise ZeroDivisionError

    steps = {
        "chain": [DialStep("client:bea", timeout=15), DialStep(["client:eva", "101"]), "voicemail"],
        "busy": [DialStep("voicemail", on="busy"), DialStep("client:bea", on=["failed"])],
        "function": say_so,
        "choice": [choose, "client:zoe"],
        "failing": [fail, "client:zoe"],
        "only_failing": fail,
        "unknown": DialStep(function="gone"),
        "useless": ["101"],
        "endless": [f"sip:{number:0300}@pbx.example.com" for number in range(9)],
    }
    for name, otherwise in steps.items():

        def view(otherwise: object = otherwise) -> Response:
            return recordings.answer(dial=AGENT, timeout=20, otherwise=otherwise)  # type: ignore[arg-type]

        app.post(f"/{name}", endpoint=name)(recordings.signed(view))

    def after_failure() -> Response:
        return recordings.answer(dial="client:duty", fallback=True)

    app.post("/fallback")(recordings.signed(after_failure))

    def failing_too() -> Response:
        return recordings.answer(dial="client:duty", fallback=True, otherwise=["client:bea", fail])

    app.post("/failing_too")(recordings.signed(failing_too))
    return app


@pytest.fixture
def app(twirec_archive: Archive) -> Flask:
    TOLD.clear()
    return flow_app(twirec_archive)


Talk = Callable[..., TestResponse]


@pytest.fixture
def connected(post: SignedPosts, clock: Clock) -> Talk:
    """Let a call come in to a view, be told, answer, and return what it is connected with."""

    def connected(view: str, key: str = "") -> TestResponse:
        answer = post(f"/{view}", {**VOICE, "CallStatus": "ringing"})
        clock.advance(LONG_ENOUGH)
        answer = post(path_in(answer, "Redirect"), ON)
        if key:
            clock.advance(LONG_ENOUGH)
            answer = post(attribute(answer, "Gather", "action"), {**ON, "Digits": key})
        return answer

    return connected


def path_in(answer: TestResponse, verb: str) -> str:
    found = re.search(rf"<{verb}[^>]*>{PUBLIC_URL}([^#<]*)", answer.text)
    assert found, answer.text
    return found[1]


def attribute(answer: TestResponse, verb: str, name: str) -> str:
    found = re.search(rf'<{verb}[^>]* {name}="(?:{PUBLIC_URL})?([^#"]*)', answer.text)
    assert found, answer.text
    return found[1]


def ends(post: SignedPosts, answer: TestResponse, status: str, **fields: str) -> TestResponse:
    form = {**ON, "DialCallStatus": status, "DialCallSid": call_sid(7), **fields}
    return post(attribute(answer, "Dial", "action"), form)


def line(archive: Archive) -> CallRecord:
    return archive.calls.get(call_sid())


def test_one_after_the_other_rings_and_then_a_message_is_taken(
    post: SignedPosts, connected: Talk, twirec_archive: Archive
) -> None:
    answer = connected("chain")
    assert is_recording(answer)
    assert (AGENT in answer.text, attribute(answer, "Dial", "timeout")) == (True, "20")
    answer = ends(post, answer, "no-answer")
    assert is_recording(answer)
    assert "<Client>bea</Client>" in answer.text
    assert attribute(answer, "Dial", "timeout") == "15"
    assert line(twirec_archive).call.outcome is Outcome.OPEN
    answer = ends(post, answer, "busy", DialCallSid=call_sid(8))
    assert answer.text.count("<Client>") == 1  # 101 is left out
    assert "timeout" not in answer.text
    answer = ends(post, answer, "failed", DialCallSid=call_sid(9))
    assert [verb for verb in ("<Say", "<Record", "<Dial") if verb in answer.text] == [
        "<Say",
        "<Record",
    ]
    assert WORDINGS["es-ES"].leave_message in answer.text
    assert attribute(answer, "Record", "action") == "/twirec/ended"
    record = line(twirec_archive)
    assert (record.call.dial, record.call.outcome) == ((VOICEMAIL,), Outcome.OPEN)
    assert [(each.leg_sid, each.agent) for each in record.legs] == [
        (call_sid(7), AGENT),
        (call_sid(8), "client:bea"),
        (call_sid(9), "client:eva"),
    ]
    assert len(record.consents) == 1
    assert len(twirec_archive.calls.search().calls) == 1


@pytest.mark.parametrize("status", ["completed", "answered"])
def test_who_spoke_with_somebody_is_connected_with_nobody_else(
    post: SignedPosts, connected: Talk, twirec_archive: Archive, status: str
) -> None:
    assert "<Response />" in ends(post, connected("chain"), status).text
    assert line(twirec_archive).call.outcome is Outcome.OWED


def test_who_hung_up_meanwhile_is_gone(
    post: SignedPosts, connected: Talk, twirec_archive: Archive
) -> None:
    answer = ends(post, connected("chain"), "no-answer", CallStatus="completed")
    assert "<Response />" in answer.text
    call = line(twirec_archive).call
    assert (call.reason, call.ended_at is None) == (Reason.NOBODY_ANSWERED, False)


@pytest.mark.parametrize(
    ("status", "says"), [("busy", "<Record"), ("failed", "bea"), ("no-answer", "<Response />")]
)
def test_a_step_may_come_after_one_way_only(
    post: SignedPosts, connected: Talk, status: str, says: str
) -> None:
    assert says in ends(post, connected("busy"), status).text


def test_a_request_that_comes_twice_is_answered_twice_with_the_same(
    post: SignedPosts, connected: Talk
) -> None:
    first = connected("chain")
    answers = [ends(post, first, "busy") for _ in range(2)]
    for answer in answers:
        assert "<Client>bea</Client>" in answer.text
        assert "eva" in ends(post, answer, "busy").text


def test_the_end_of_a_dial_that_the_caller_was_moved_away_from_closes_nothing(
    post: SignedPosts, connected: Talk, twirec_archive: Archive
) -> None:
    first = connected("chain")
    moved = post("/useless", ON)
    assert attribute(moved, "Dial", "action").startswith("/twirec/ended/")
    for status in ("completed", "no-answer", "canceled"):
        assert "<Response />" in ends(post, first, status).text
        call = line(twirec_archive).call
        assert (call.outcome, call.ended_at, call.dial) == (Outcome.OPEN, None, (AGENT,))
    assert line(twirec_archive).legs[0].agent == ""  # whose leg it was is not known any more
    assert "<Response />" in ends(post, moved, "completed", DialCallSid=call_sid(8)).text
    record = line(twirec_archive)
    assert (record.call.outcome, record.legs[1].agent) == (Outcome.OWED, AGENT)


@pytest.mark.parametrize(("key", "records"), [("1", True), ("2", False), ("", False)])
def test_nobody_is_asked_twice_and_who_said_no_leaves_no_message(
    post: SignedPosts,
    connected: Talk,
    twirec_archive: Archive,
    clock: Clock,
    key: str,
    records: bool,
) -> None:
    twirec_archive.policy.change(by="x", why="x", mode=ConsentMode.OPT_IN)
    answer = connected("chain", key or "9")
    if not key:  # the question is put once more
        clock.advance(LONG_ENOUGH)
        answer = post(attribute(answer, "Gather", "action"), ON)
    for _ in range(2):
        assert is_recording(answer) is records
        answer = ends(post, answer, "no-answer")
    answer = ends(post, answer, "no-answer")
    assert ("<Record" in answer.text) is records
    assert (WORDINGS["es-ES"].no_message in answer.text) is not records
    assert len(line(twirec_archive).consents) == 1


def test_while_it_is_off_all_ring_and_no_message_is_taken(
    post: SignedPosts, twirec_archive: Archive
) -> None:
    twirec_archive.policy.change(by="x", why="x", on=False)
    answer = post("/chain", {**VOICE, "CallStatus": "ringing"})
    for _ in range(3):
        assert not is_recording(answer)
        answer = ends(post, answer, "no-answer")
    assert "<Record" not in answer.text
    assert line(twirec_archive).call.reason is Reason.OFF


def test_a_function_says_what_comes(
    post: SignedPosts, connected: Talk, twirec_archive: Archive
) -> None:
    answer = ends(post, connected("function"), "busy")
    assert "It was busy." in answer.text
    (told,) = TOLD
    assert (told.call.call_sid, told.call.dial, told.status) == (call_sid(), (AGENT,), "busy")
    call = line(twirec_archive).call
    assert (call.outcome, call.reason) == (Outcome.NOT_RECORDED, Reason.NOBODY_ANSWERED)


def test_who_is_sent_on_after_a_function_is_recorded_by_the_consent_they_gave(
    post: SignedPosts, connected: Talk
) -> None:
    ends(post, connected("function"), "busy")
    assert is_recording(post("/chain", ON))


@pytest.mark.parametrize(
    ("view", "status", "says"),
    [
        ("choice", "busy", "bea"),
        ("choice", "no-answer", "<Record"),
        ("choice", "failed", "<Response />"),
        ("failing", "busy", "zoe"),
    ],
)
def test_a_function_chooses_and_one_that_fails_stops_nobody(
    post: SignedPosts, connected: Talk, view: str, status: str, says: str
) -> None:
    assert says in ends(post, connected(view), status).text


@pytest.mark.parametrize("view", ["only_failing", "unknown"])
def test_where_nothing_comes_after_it_its_error_leads_to_the_fallback_url(
    post: SignedPosts, connected: Talk, view: str
) -> None:
    assert ends(post, connected(view), "busy").status_code == 500


def failed(path: str) -> dict[str, str]:
    return {**ON, "ErrorCode": "11200", "ErrorUrl": f"{PUBLIC_URL}{path}"}


@pytest.mark.parametrize("is_down", [False, True])
@pytest.mark.parametrize(
    ("fallback", "rings"),
    [("only_failing", [AGENT] * 3), ("failing_too", [AGENT, *["duty", "bea"] * 2])],
)
def test_whatever_fails_the_caller_does_not_ring_for_ever(
    post: SignedPosts,
    connected: Talk,
    twirec_archive: Archive,
    monkeypatch: pytest.MonkeyPatch,
    fallback: str,
    rings: list[str],
    is_down: bool,
) -> None:
    answer = connected("only_failing")
    rung: list[str] = []
    if is_down:
        for part in ("ledger.go_on", "ledger.open_call", "ledger.line", "ledger.close_call"):
            monkeypatch.setattr(*part_of(twirec_archive.catalog, part), down)
    while "<Dial" in answer.text and len(rung) < 9:
        rung += re.findall(r"<(?:Client|Number)[^>]*>([^<]*)<", answer.text)
        path = attribute(answer, "Dial", "action")
        answer = ends(post, answer, "no-answer")
        if answer.status_code == 500:
            answer = post(f"/{fallback}", failed(path))
    assert rung == rings
    assert WORDINGS["es-ES"].nobody_answers in answer.text
    assert "<Hangup" in answer.text
    if not is_down:
        assert line(twirec_archive).call.reason is Reason.APP_FAILED


def test_whoever_calls_may_say_so_and_only_ends_their_own_call_sooner(post: SignedPosts) -> None:
    for path in ("/twirec/ended", "/twirec/ended/made-up", "/elsewhere"):
        answer = post("/only_failing", {**failed(path), "From": "client:eva"})
        assert (answer.status_code, "<Hangup" in answer.text) == (200, False), path


def test_steps_for_which_a_url_has_no_room_are_left_out_and_logged_once(
    connected: Talk, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        assert len(attribute(connected("endless"), "Dial", "action")) < 2100
    (said,) = (each.getMessage() for each in caplog.records)
    assert said == (f"{call_sid()}: otherwise: no URL has room for the last steps; 5 are left out.")


def test_steps_that_nobody_could_dial_are_left_out(
    connected: Talk, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = connected("useless")
    assert attribute(answer, "Dial", "action") == "/twirec/ended"
    assert "The step is left out" in caplog.text


def test_while_the_catalog_is_down_the_next_rings_unrecorded(
    post: SignedPosts,
    connected: Talk,
    twirec_archive: Archive,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer = connected("chain")
    for part in ("ledger.go_on", "ledger.line", "ledger.end_call"):
        monkeypatch.setattr(*part_of(twirec_archive.catalog, part), down)
    for who in ("bea", "eva"):
        answer = ends(post, answer, "no-answer")
        assert not is_recording(answer)
        assert who in answer.text
    assert WORDINGS["es-ES"].no_message in ends(post, answer, "no-answer").text


@pytest.mark.parametrize("moved", [False, True])
def test_once_the_catalog_is_back_what_comes_after_the_next_comes(
    post: SignedPosts,
    connected: Talk,
    twirec_archive: Archive,
    monkeypatch: pytest.MonkeyPatch,
    moved: bool,
) -> None:
    answer = ends(post, connected("chain"), "no-answer")  # which is counted
    with monkeypatch.context() as outage:
        for part in ("ledger.go_on", "ledger.open_call", "ledger.end_call"):
            outage.setattr(*part_of(twirec_archive.catalog, part), down)
        answer = post("/chain", ON) if moved else ends(post, answer, "no-answer")
        assert not is_recording(answer)
    for who in ("bea", "eva") if moved else ():
        answer = ends(post, answer, "no-answer")
        assert who in answer.text
    assert "<Record" in ends(post, answer, "no-answer").text


def test_an_agents_leg_that_goes_on_from_one_to_the_next_gets_no_line(
    post: SignedPosts, twirec_archive: Archive, clock: Clock
) -> None:
    leg = Leg(ACCOUNT_SID, call_sid(3), call_sid(2), clock(), "client:ana")
    twirec_archive.catalog.agents.add_leg(leg)
    moved = {**ON, "CallSid": call_sid(3), "From": "client:ana"}
    answer = post("/chain", moved)
    for who in ("bea", "eva"):
        answer = ends(post, answer, "busy", CallSid=call_sid(3))
        assert who in answer.text
    assert WORDINGS["es-ES"].no_message in ends(post, answer, "busy", CallSid=call_sid(3)).text
    assert twirec_archive.calls.search().calls == ()


def test_a_plan_of_another_call_is_refused(post: SignedPosts, connected: Talk) -> None:
    path = attribute(connected("chain"), "Dial", "action")
    form = {**ON, "CallSid": call_sid(5), "DialCallStatus": "busy"}
    assert post(path, form).status_code == 400


@pytest.mark.parametrize(
    ("view", "status", "rings"),
    [
        ("chain", "no-answer", "bea"),
        ("chain", "completed", ""),
        ("function", "no-answer", "duty"),
        ("function", "completed", ""),
        ("unreadable", "no-answer", "duty"),
        ("unreadable", "completed", ""),
    ],
)
def test_when_we_failed_to_say_what_comes_the_fallback_url_does_if_nobody_answered(
    post: SignedPosts, connected: Talk, vendor: MemoryVendor, view: str, status: str, rings: str
) -> None:
    path = attribute(connected("chain" if view == "unreadable" else view), "Dial", "action")
    path = path[:-9] if view == "unreadable" else path  # as with a token that is gone
    leg = VendorCall(
        sid=call_sid(7),
        account_sid=ACCOUNT_SID,
        from_=VOICE["From"],
        to=AGENT,
        direction="outbound-dial",
        status=status,
        parent_call_sid=call_sid(),
    )
    vendor.add_call(leg)
    answer = post("/fallback", failed(path))
    assert re.findall("<Client>(.*)</Client>", answer.text) == ([rings] if rings else [])
    assert "record" not in answer.text
    if rings == "bea":
        assert "eva" in ends(post, answer, "no-answer").text


def test_the_end_of_a_dial_is_told_to_us_whatever_a_function_of_the_apps_puts_into_it(
    app: Flask, twirec_post: Callable[[Flask], SignedPosts], clock: Clock
) -> None:
    built, recordings = app.extensions["built"]

    def voice() -> Response:
        answer: Response = recordings.answer(otherwise="client:bea")
        return answer

    built.post("/built")(recordings.signed(voice))
    post = twirec_post(built)
    answer = post("/built", {**VOICE, "CallStatus": "ringing"})
    clock.advance(LONG_ENOUGH)
    answer = post(path_in(answer, "Redirect"), ON)
    assert "+34911999999" in answer.text
    assert attribute(answer, "Dial", "action").startswith("/twirec/ended/")
    assert "<Client>bea</Client>" in ends(post, answer, "busy").text


def test_a_function_that_another_process_would_not_know_is_refused(
    twirec_archive: Archive, twirec_post: Callable[[Flask], SignedPosts]
) -> None:
    app = Flask(__name__)
    app.testing = True
    recordings = Twirec(app, twirec_archive)

    def unknown(unanswered: Unanswered) -> None: ...

    @app.post("/voice")
    @recordings.signed
    def voice() -> Response:
        return recordings.answer(dial=AGENT, otherwise=unknown)

    with pytest.raises(RuntimeError, match=r"Put @recordings.unanswered on unknown\(\)"):
        twirec_post(app)("/voice", VOICE)
    assert recordings.unanswered(unknown) is unknown
    with pytest.raises(RuntimeError, match=r"another unanswered unknown\(\)"):
        recordings.unanswered(_unknown())


def _unknown() -> Callable[[Unanswered], object]:
    def unknown(unanswered: Unanswered) -> None: ...

    return unknown
