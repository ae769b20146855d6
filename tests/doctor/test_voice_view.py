"""The app's own views, as they are written wrong: each over real HTTP, and each is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Blueprint, Flask, Response, redirect, request
from flask_wtf import CSRFProtect

from tests.doctor.conftest import Installation, serving
from tests.factories import call_sid
from tests.webhooks.calling import VOICE
from twirec import DialStep
from twirec.archive import Archive
from twirec.calls.signature import sign
from twirec.flask import Twirec
from twirec.model.errors import InvalidQuery
from twirec.model.inspection import Check, CheckResult, Level
from twirec.model.vocabulary import Outcome, Reason
from twirec.testing import ACCOUNT_SID, AUTH_TOKEN, PUBLIC_URL, SignedPosts

AGENT = "+34911222333"
SHORT = "101"

ran: list[str] = []
"""What views ran for, as each of them writes down."""


STEPS = ["client:bea", DialStep(["client:ana", AGENT], on="busy"), "voicemail"]


def right(app: Flask, recordings: Twirec) -> None:
    @app.post("/voice")
    @recordings.signed
    def voice() -> Response:
        ran.append("right")
        return recordings.answer(dial=AGENT, timeout=20, otherwise=STEPS)


def not_signed(app: Flask, recordings: Twirec) -> None:
    @app.post("/voice")
    def voice() -> Response:
        return recordings.answer(dial=AGENT)


def not_signed_and_not_asking_twirec(app: Flask, recordings: Twirec) -> None:
    @app.post("/voice")
    def voice() -> Response:
        return Response("<Response><Dial>+34911222333</Dial></Response>", mimetype="text/xml")


def swapped(app: Flask, recordings: Twirec) -> None:
    routes = Blueprint("phone", __name__)  # with the app itself it would not start

    @recordings.signed
    @routes.post("/voice")
    def voice() -> Response:
        return recordings.answer(dial=AGENT)

    app.register_blueprint(routes)


def gets_only(app: Flask, recordings: Twirec) -> None:
    @app.route("/voice")
    @recordings.signed
    def voice() -> Response:
        return recordings.answer(dial=AGENT)


def mistyped(app: Flask, recordings: Twirec) -> None:
    @app.post("/vioce")
    @recordings.signed
    def voice() -> Response:
        return recordings.answer(dial=AGENT)


def with_a_slash(app: Flask, recordings: Twirec) -> None:
    @app.post("/voice/")
    @recordings.signed
    def voice() -> Response:
        return recordings.answer(dial=AGENT)


def behind_a_login(app: Flask, recordings: Twirec) -> None:
    right(app, recordings)

    @app.before_request
    def sign_in() -> Any:
        return redirect("/login?next=/voice") if request.path == "/voice" else None


def behind_a_login_page(app: Flask, recordings: Twirec) -> None:
    right(app, recordings)

    @app.before_request
    def sign_in() -> Any:
        return "<!doctype html><title>Sign in</title>" if request.path == "/voice" else None


def behind_a_password(app: Flask, recordings: Twirec) -> None:
    right(app, recordings)

    @app.before_request
    def ask() -> Any:
        return ("", 401) if request.path == "/voice" else None


def not_exempt(app: Flask, recordings: Twirec) -> None:
    right(app, recordings)


def dials_a_short_number(app: Flask, recordings: Twirec) -> None:
    @app.post("/voice")
    @recordings.signed
    def voice() -> Response:
        return recordings.answer(dial="101")


def dials_by_a_variable(app: Flask, recordings: Twirec) -> None:
    @app.post("/voice")
    @recordings.signed
    def voice() -> Response:
        return recordings.answer(SHORT)


def dials_one_of_two_wrong(app: Flask, recordings: Twirec) -> None:
    @app.post("/voice")
    @recordings.signed
    def voice() -> Response:
        return recordings.answer(dial=["client:ana", "sips:bruno@x"])


def dials_a_wrong_step(app: Flask, recordings: Twirec) -> None:
    @app.post("/voice")
    @recordings.signed
    def voice() -> Response:
        return recordings.answer(
            dial=AGENT,
            otherwise=[DialStep("client:ana", timeout=10), ["client:bea", "101"], "voicemail"],
        )


def dials_nobody(app: Flask, recordings: Twirec) -> None:
    @app.post("/voice")
    @recordings.signed
    def voice() -> Response:
        return recordings.answer()


def always_204(app: Flask, recordings: Twirec) -> None:
    app.post("/voice")(lambda: ("", 204))


def refused_before(app: Flask, recordings: Twirec) -> None:
    app.post("/voice")(lambda: ("Bad host", 400))


Build = Callable[[Flask, Twirec], None]


@contextmanager
def built(installation: Installation, build: Build) -> Iterator[str]:
    """Serve an app with a view, to which the number points; give its public URL."""
    app = Flask(__name__)
    if build is not_exempt:
        app.config["SECRET_KEY"] = "of tests"
        CSRFProtect(app)
    with serving(app) as host:
        installation.environ["TWIREC_PUBLIC_URL"] = f"http://{host}"
        archive = Archive.from_env(installation.environ)
        build(app, Twirec(app, archive))
        installation.number()
        yield f"http://{host}"
        archive.close()


def found(installation: Installation, build: Build) -> CheckResult:
    with built(installation, build):
        return installation.found(Check.VIEW)


@pytest.mark.parametrize(
    ("build", "said", "fix"),
    [
        (not_signed, "@recordings.signed", "directly above def, below @app.post"),
        (not_signed_and_not_asking_twirec, "@recordings.signed", "directly above def"),
        (swapped, "does not stand directly above def", "directly above def, below @app.post"),
        (gets_only, "does not take POST", '@app.post("…")'),
        (mistyped, "no view at this path", "Correct the voice URL"),
        (with_a_slash, "a redirect to http://", "Set the voice URL in the Twilio console to http"),
        (behind_a_login, "a page to sign in at", "out of the login"),
        (behind_a_login_page, "a page, such as one to sign in at", "out of the login"),
        (behind_a_password, "a password is asked for", "Leave this path out"),
        (not_exempt, "CSRF protection", "@csrf.exempt above @recordings.signed"),
        (dials_a_short_number, "dial: give +34911222333", "answer() is given"),
        (dials_by_a_variable, "dial: give +34911222333", "answer() is given"),
        (dials_one_of_two_wrong, "dial: give +34911222333", "answer() is given"),
        (dials_a_wrong_step, "otherwise: give +34911222333", "answer() is given"),
        (dials_nobody, "names nobody", "answer() is given"),
        (always_204, "without a signature, instead of 403", "directly above def"),
        (refused_before, "something before the view refuses", "logs"),
    ],
)
def test_each_mistake_of_a_view_is_named_with_its_fix(
    installation: Installation, build: Build, said: str, fix: str
) -> None:
    result = found(installation, build)
    assert result.level is Level.FAILED
    assert "/voice" in result.what
    assert said in result.what
    assert fix in result.fix


def test_a_view_as_it_should_be_is_ok_and_never_runs(installation: Installation) -> None:
    ran.clear()
    result = found(installation, right)
    assert (result.level, ran) == (Level.OK, [])


def test_a_view_that_fails_for_others_reasons_is_not_called_unsigned(
    installation: Installation,
) -> None:
    def fails(app: Flask, recordings: Twirec) -> None:
        right(app, recordings)

        @app.before_request
        def fail() -> Any:
            signed = "X-Twilio-Signature" in request.headers and request.path == "/voice"
            return ("", 500) if signed else None

    result = found(installation, fails)
    assert (result.level, "the app fails" in result.what) == (Level.FAILED, True)


def test_views_are_tried_once_each_and_further_ones_when_named(installation: Installation) -> None:
    installation.number("+34911000222")
    views = [
        one for one in installation.examine(voice=["sales", "/voice"]) if one.check is Check.VIEW
    ]
    assert [(one.level, one.what.split()[0]) for one in views] == [
        (Level.OK, f"{installation.url}/voice"),
        (Level.FAILED, f"{installation.url}/sales"),
    ]


def test_without_a_number_it_is_said_how_to_name_a_view(installation: Installation) -> None:
    installation.number(voice_url="https://elsewhere.example.com/")
    result = installation.found(Check.VIEW)
    assert (result.level, "--voice" in result.what) == (Level.UNKNOWN, True)


# --- what is believed as a test request ----------------------------------------------------------


@pytest.fixture
def post(twirec_archive: Archive, twirec_post: Callable[[Flask], SignedPosts]) -> SignedPosts:
    app = Flask(__name__)
    right(app, Twirec(app, twirec_archive))
    ran.clear()
    return twirec_post(app)


def test_a_test_request_is_answered_before_the_view(
    post: SignedPosts, twirec_archive: Archive
) -> None:
    assert post("/voice", {"TwirecProbe": "doctor"}).status_code == 204
    assert (ran, twirec_archive.calls.search().count) == ([], 0)


@pytest.mark.parametrize("more", [{"CallSid": call_sid()}, VOICE, {"anything": ""}])
def test_what_names_anything_else_is_no_test_request(
    post: SignedPosts, more: dict[str, str]
) -> None:
    """A caller's phone may add fields to Twilio's, and none of them takes the view away."""
    post("/voice", {"TwirecProbe": "doctor", **more})
    assert ran == ["right"]


def test_a_test_request_that_is_not_signed_for_this_address_is_refused(post: SignedPosts) -> None:
    fields = {"AccountSid": ACCOUNT_SID, "TwirecProbe": "doctor"}
    elsewhere = sign(f"{PUBLIC_URL}/other", fields.items(), AUTH_TOKEN)
    for signature in (elsewhere, "", None):
        headers: Any = {"X-Twilio-Signature": signature}
        assert post("/voice", {"TwirecProbe": "doctor"}, **headers).status_code == 403


# --- whom it dials is known only while a call comes in -------------------------------------------


def test_a_call_that_could_be_connected_with_nobody_has_a_line_that_says_so(
    twirec_archive: Archive, twirec_post: Callable[[Flask], SignedPosts]
) -> None:
    app = Flask(__name__)
    app.testing = True
    recordings = Twirec(app, twirec_archive)
    app.post("/voice")(recordings.signed(lambda: recordings.answer(dial=str(100 + 1))))
    for more in ({}, {"ErrorUrl": f"{PUBLIC_URL}/voice", "ErrorCode": "11200"}):
        with pytest.raises(InvalidQuery, match=r"^dial: "):
            twirec_post(app)("/voice", {**VOICE, "CallStatus": "ringing", **more})
    call = twirec_archive.calls.get(call_sid()).call
    assert (call.outcome, call.reason) == (Outcome.NOT_RECORDED, Reason.NOT_CONNECTED)
    assert call.detail.startswith("dial: give +34911222333")


def test_the_last_call_to_a_number_that_could_not_be_connected_is_named(
    installation: Installation,
) -> None:
    targets = ["101"]

    def asks_a_table(app: Flask, recordings: Twirec) -> None:
        app.post("/voice")(recordings.signed(lambda: recordings.answer(dial=targets[0])))

    def call() -> None:
        sandbox = installation.sandbox
        sandbox.call(from_="+34600111222", to="+34911000111").wait(120)

    with built(installation, asks_a_table):
        assert installation.found(Check.VIEW).level is Level.OK
        call()
        view, last = [one for one in installation.examine() if one.check is Check.VIEW]
        assert (view.level, last.level) == (Level.OK, Level.FAILED)
        assert "+34911000111" in last.what
        assert "dial: give +34911222333" in last.what
        targets[0] = AGENT
        call()
        assert installation.found(Check.VIEW).level is Level.OK
