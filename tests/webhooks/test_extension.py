"""How the extension is put into an app, and the mistakes of a developer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any

import pytest
from flask import Blueprint, Flask, Response, request

from tests.factories import call_sid
from tests.webhooks.calling import AGENT, LONG_ENOUGH, VOICE, Clock
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.adapters.memory_vendor import MemoryVendor
from twirec.archive import Archive
from twirec.calls.signature import SignatureCheck, sign
from twirec.flask import Twirec
from twirec.model.errors import InvalidQuery
from twirec.sandbox.sandbox import SHARED_KEY
from twirec.sandbox.signing import Signer
from twirec.settings import Settings
from twirec.testing import ACCOUNT_SID, AUTH_TOKEN, ENVIRONMENT, PUBLIC_URL, SignedPosts


def test_an_app_factory_adds_the_archive_later(
    twirec_archive: Archive, twirec_post: Callable[[Flask], SignedPosts]
) -> None:
    recordings = Twirec()
    app = Flask(__name__)
    app.post("/voice")(recordings.signed(lambda: recordings.answer(dial="+34911222333")))
    recordings.init_app(app, twirec_archive)
    assert twirec_post(app)("/voice", VOICE).status_code == 200


def test_a_view_that_is_not_signed_cannot_answer(twirec_archive: Archive) -> None:
    app = Flask(__name__)
    recordings = Twirec(app, twirec_archive)
    with app.test_request_context("/voice"), pytest.raises(RuntimeError, match="signed"):
        recordings.answer(dial="+34911222333")


def test_an_answer_without_anybody_to_connect_is_a_mistake_of_the_developer(
    twirec_archive: Archive, twirec_post: Callable[[Flask], SignedPosts]
) -> None:
    app = Flask(__name__)
    app.testing = True
    recordings = Twirec(app, twirec_archive)
    app.post("/voice")(recordings.signed(lambda: recordings.answer()))
    with pytest.raises(RuntimeError, match="build_dial"):
        twirec_post(app)("/voice", VOICE)


def test_so_is_an_answer_that_connects_nobody_that_there_is(
    twirec_archive: Archive, twirec_post: Callable[[Flask], SignedPosts]
) -> None:
    app = Flask(__name__)
    app.testing = True
    recordings = Twirec(app, twirec_archive)
    app.post("/voice")(recordings.signed(lambda: recordings.answer(dial=["ana", ""])))
    with pytest.raises(InvalidQuery, match=r"^dial: give \+34911222333, client:NAME"):
        twirec_post(app)("/voice", VOICE)


@pytest.mark.parametrize(
    "targets", [["queue:support", AGENT], [AGENT, ""], [AGENT, "sips:ana@x"], ["ana", AGENT]]
)
def test_what_cannot_be_connected_is_left_out_and_logged(
    twirec_archive: Archive,
    twirec_post: Callable[[Flask], SignedPosts],
    caplog: pytest.LogCaptureFixture,
    targets: list[str],
) -> None:
    app = Flask(__name__)
    recordings = Twirec(app, twirec_archive)
    app.post("/voice")(recordings.signed(lambda: recordings.answer(dial=targets)))
    assert "<Say" in twirec_post(app)("/voice", VOICE).text
    assert twirec_archive.calls.get(call_sid()).call.dial == (AGENT,)
    assert "dial: give" in caplog.text


def test_an_app_without_an_archive_is_a_mistake_of_the_developer() -> None:
    with pytest.raises(TypeError, match="archive"):
        Twirec(Flask(__name__))


def test_a_factory_keeps_who_builds_the_dial(
    twirec_archive: Archive, twirec_post: Callable[[Flask], SignedPosts], clock: Clock
) -> None:
    recordings = Twirec(build_dial=lambda call, dial: dial.client("ana"))
    app = Flask(__name__)
    app.post("/voice")(recordings.signed(lambda: recordings.answer()))
    recordings.init_app(app, twirec_archive)
    post = twirec_post(app)
    post("/voice", VOICE)
    clock.advance(LONG_ENOUGH)
    assert "<Client>ana</Client>" in post("/twirec/connect", VOICE).text


def test_a_body_that_was_taken_away_is_a_clear_error(app: Flask, post: SignedPosts) -> None:
    app.testing = True
    app.before_request(lambda: request.stream.read() and None)
    with pytest.raises(RuntimeError, match=r"read the body .* let it read request\.form"):
        post("/voice", VOICE)


def test_a_decorator_above_may_read_the_form(
    twirec_archive: Archive, twirec_post: Callable[[Flask], SignedPosts]
) -> None:
    def noted(view: Callable[[], Any]) -> Callable[[], Any]:
        return lambda: request.form["CallSid"] and view()

    app = Flask(__name__)
    recordings = Twirec(app, twirec_archive)
    app.post("/voice")(noted(recordings.signed(lambda: recordings.answer(dial=AGENT))))
    assert "<Say" in twirec_post(app)("/voice", VOICE).text


def test_a_coroutine_may_be_signed(
    twirec_archive: Archive, twirec_post: Callable[[Flask], SignedPosts]
) -> None:
    app = Flask(__name__)
    recordings = Twirec(app, twirec_archive)

    @app.post("/voice/<agent>")
    @recordings.signed
    async def voice(agent: str) -> Response:
        await asyncio.sleep(0)
        return recordings.answer(dial=agent)

    post = twirec_post(app)
    # In a thread, as servers do: that of the tests may have an event loop, of a browser's driver.
    with ThreadPoolExecutor(1) as pool:
        heard = pool.submit(post, f"/voice/{AGENT}", VOICE).result(60)
    assert "<Say" in heard.text
    assert post(f"/voice/{AGENT}", VOICE, **{"X-Twilio-Signature": "x"}).status_code == 403


def test_a_key_of_ones_own_may_sign(
    app: Flask, twirec_settings: Settings, twirec_archive: Archive
) -> None:
    keys = {ACCOUNT_SID: {"webhooks_sharedkey_1": "secret"}}
    twirec_archive.signature = SignatureCheck(PUBLIC_URL, twirec_settings.auth_tokens, keys)
    form = {"AccountSid": ACCOUNT_SID, **VOICE}
    headers = {
        "X-Twilio-Signature": sign(f"{PUBLIC_URL}/voice", form.items(), "secret", "HMAC_SHA256"),
        "X-Twilio-Webhooks-Signature-Settings": "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256",
    }
    assert app.test_client().post("/voice", data=form, headers=headers).status_code == 200
    del headers["X-Twilio-Webhooks-Signature-Settings"]
    assert app.test_client().post("/voice", data=form, headers=headers).status_code == 403


@contextmanager
def app_with(**changes: str) -> Iterator[tuple[Flask, str]]:
    """An app whose settings differ, and where Twilio reaches it."""
    settings = Settings.from_env({**ENVIRONMENT, **changes})
    with closing(Archive(settings, bucket=MemoryBucket(), vendor=MemoryVendor())) as archive:
        archive.set_up()
        app = Flask(__name__)
        recordings = Twirec(app, archive)
        app.post("/voice")(recordings.signed(lambda: recordings.answer(dial=AGENT)))
        yield app, settings.public_url


def test_what_the_sandbox_signs_with_a_shared_key_is_believed() -> None:
    form = {"AccountSid": ACCOUNT_SID, **VOICE}
    with app_with(TWIREC_TWILIO_SHARED_KEYS=f"{ACCOUNT_SID}={':'.join(SHARED_KEY)}") as (app, url):
        headers = Signer("no token of this account", SHARED_KEY).headers(f"{url}/voice", form)
        assert "<Say" in app.test_client().post("/voice", data=form, headers=headers).text
        ping = Signer("no token", SHARED_KEY).headers(f"{url}/twirec/ping", form)
        assert app.test_client().post("/twirec/ping", data=form, headers=ping).status_code < 300


def test_a_proxy_may_take_a_path_away_that_the_routes_begin_with() -> None:
    form = {"AccountSid": ACCOUNT_SID, **VOICE}
    with app_with(TWIREC_PUBLIC_URL="https://company.example.com/twirec") as (app, url):
        post = app.test_client().post
        for path in ("/voice", "/twirec/connect", "/twirec/ended"):
            genuine = {"X-Twilio-Signature": sign(url + path, form.items(), AUTH_TOKEN)}
            assert post(path, data=form, headers=genuine).status_code == 200
        told = post("/voice", data=form, headers={"X-Twilio-Signature": "x"})
        assert told.status_code == 403


# --- put together in a way that cannot work ---------------------------------------------------

BELOW = r"Put @recordings\.signed below the line of the route, directly above voice\(\)"


def voice() -> Response:
    raise AssertionError("nobody may reach it")


def test_signed_above_the_route_does_not_start(twirec_archive: Archive) -> None:
    app = Flask(__name__)
    recordings = Twirec(app, twirec_archive)
    with pytest.raises(RuntimeError, match=BELOW):
        recordings.signed(app.post("/voice")(voice))


def test_nor_does_it_in_an_app_that_gets_the_archive_later(twirec_archive: Archive) -> None:
    app = Flask(__name__)
    recordings = Twirec()
    recordings.signed(app.post("/voice")(voice))
    with pytest.raises(RuntimeError, match=BELOW):
        recordings.init_app(app, twirec_archive)


@pytest.mark.parametrize("blueprint_first", [True, False])
def test_nor_does_it_on_a_blueprint_that_is_registered_first(
    blueprint_first: bool, twirec_archive: Archive, twirec_post: Callable[[Flask], SignedPosts]
) -> None:
    app, routes, recordings = Flask(__name__), Blueprint("phone", __name__), Twirec()
    app.testing = True
    recordings.signed(routes.post("/voice")(lambda: recordings.answer(dial=AGENT)))
    if blueprint_first:
        app.register_blueprint(routes)
        with pytest.raises(RuntimeError, match="below the line of the route"):
            recordings.init_app(app, twirec_archive)
        return
    recordings.init_app(app, twirec_archive)
    app.register_blueprint(routes)
    with pytest.raises(RuntimeError, match=r"answer\(\), below the line of its route"):
        twirec_post(app)("/voice", VOICE)


def test_a_view_of_a_blueprint_may_be_signed_before_there_is_an_app(
    twirec_archive: Archive, twirec_post: Callable[[Flask], SignedPosts]
) -> None:
    routes, recordings = Blueprint("phone", __name__, url_prefix="/phone"), Twirec()
    routes.post("/voice")(recordings.signed(lambda: recordings.answer(dial=AGENT)))
    for _ in range(2):  # the same views serve every app that a factory makes
        app = Flask(__name__)
        recordings.init_app(app, twirec_archive)
        app.register_blueprint(routes)
        assert "<Say" in twirec_post(app)("/phone/voice", VOICE).text


def test_without_init_app_the_error_says_so(twirec_post: Callable[[Flask], SignedPosts]) -> None:
    app, recordings = Flask(__name__), Twirec()
    app.testing = True
    app.post("/voice")(recordings.signed(voice))
    with pytest.raises(RuntimeError, match=r"call recordings\.init_app\(app, Archive\.from_env"):
        twirec_post(app)("/voice", VOICE)


def test_the_class_is_not_the_object() -> None:
    with pytest.raises(TypeError, match=r"recordings = Twirec\(app, archive\)"):
        Twirec.signed(voice)  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [(), (None,), ("voice",)])
def test_signed_stands_on_a_function_without_brackets(given: Any) -> None:
    with pytest.raises(TypeError, match="without brackets"):
        Twirec().signed(*given)


def test_an_app_has_one_extension(twirec_archive: Archive) -> None:
    app = Flask(__name__)
    recordings = Twirec(app, twirec_archive)
    for again in (
        lambda: Twirec(app, twirec_archive),
        lambda: recordings.init_app(app, twirec_archive),
    ):
        with pytest.raises(RuntimeError, match="has a Twirec already"):
            again()


@pytest.mark.parametrize(
    ("app", "archive", "said"),
    [
        (Blueprint("phone", __name__), None, "with the app, or neither"),
        (None, Archive, "with the app, or neither"),
        (Blueprint("phone", __name__), Archive, "a blueprint needs nothing"),
        (Archive, Flask(__name__), "the Flask app first"),
        (Flask(__name__), Archive, r"an archive, such as Archive\.from_env\(\)"),
        (Flask(__name__), Archive.from_env, r"an archive, such as Archive\.from_env\(\)"),
    ],
)
def test_the_app_comes_first_and_then_an_archive(app: Any, archive: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        Twirec(app, archive)


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("answer", {}),
        ("voicemail", {}),
        ("take", {"queue": "support"}),
        ("join", {"room": "support"}),
        ("dial_out", {"to": AGENT, "own_number": AGENT}),
    ],
)
def test_outside_of_a_request_the_error_says_where_it_belongs(
    method: str, words: dict[str, str], twirec_archive: Archive
) -> None:
    recordings = Twirec(Flask(__name__), twirec_archive)
    with pytest.raises(RuntimeError, match="while it answers a request of Twilio's"):
        getattr(recordings, method)(**words)


def test_an_error_of_another_view_is_its_own(app: Flask, twirec_archive: Archive) -> None:
    app.add_url_rule("/mine", view_func=lambda: str(twirec_archive.calls.get(call_sid(9))))
    app.config["PROPAGATE_EXCEPTIONS"] = False
    assert app.test_client().get("/mine").status_code == 500


def test_the_routes_are_exempt_from_the_apps_own_csrf_protection(twirec_archive: Archive) -> None:
    class Protection:
        exempted: list[str] = []  # noqa: RUF012 - one per test

        def exempt(self, blueprint: Any) -> None:
            self.exempted.append(blueprint.name)

    app = Flask(__name__)
    app.extensions["csrf"] = Protection()
    Twirec(app, twirec_archive)
    assert Protection.exempted == ["twirec", "twirec_disclosed"]
