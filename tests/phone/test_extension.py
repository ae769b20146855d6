"""How the extension is put into an app, and the mistakes of a developer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, request

from tests.factories import call_sid
from tests.phone.calling import AGENT, LONG_ENOUGH, VOICE, Clock
from twirec.archive import Archive
from twirec.flask import Twirec
from twirec.model.errors import InvalidQuery
from twirec.testing import SignedPosts


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
    assert twirec_archive.show(call_sid()).call.dial == (AGENT,)
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


def test_a_form_that_was_read_before_it_could_be_checked_is_a_clear_error(
    app: Flask, post: SignedPosts
) -> None:
    app.testing = True
    app.before_request(lambda: request.form.get("x") and None)
    with pytest.raises(RuntimeError, match="read the form before"):
        post("/voice", VOICE)


def test_an_error_of_another_view_is_its_own(app: Flask, twirec_archive: Archive) -> None:
    app.add_url_rule("/mine", view_func=lambda: str(twirec_archive.show(call_sid(9))))
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
    assert Protection.exempted == ["twirec"]
