"""Whether signed requests reach the app through its public URL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import requests
from flask import Flask, Response, redirect

from tests.doctor.conftest import Installation, serving
from twirec.adapters import own_app
from twirec.model.inspection import Check, Level


@pytest.fixture
def elsewhere() -> Iterator[Callable[..., str]]:
    """Serve an app that answers every request in the same way; give its address."""
    with ExitStack() as stack:

        def serve(answer: Callable[[], Response | tuple[str, int]], **options: str) -> str:
            app = Flask(__name__)
            app.add_url_rule("/<path:path>", "any", lambda path: answer(), methods=["POST"])
            return stack.enter_context(serving(app, **options))

        yield serve


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (404, "no twirec app"),
        (405, "no twirec app"),
        (500, "fails"),
        (502, "fails"),
        (200, "a page that is not the app's"),
        (400, "something before the app refuses"),
        (401, "password"),
        (429, "something before the app refuses"),
    ],
)
def test_another_answer_than_the_apps_is_failed(
    installation: Installation, elsewhere: Callable[..., str], status: int, said: str
) -> None:
    url = f"http://{elsewhere(lambda: ('', status))}"
    result = installation.found(Check.PUBLIC_URL, TWIREC_PUBLIC_URL=url)
    assert (result.level, bool(result.fix)) == (Level.FAILED, True)
    assert f"answered {status}" in result.what
    assert said in result.what


def test_a_redirect_is_failed_and_not_followed(
    installation: Installation, elsewhere: Callable[..., str]
) -> None:
    def answer() -> Response:
        return redirect(f"{installation.url}/twirec/ping", 308)  # type: ignore[return-value]

    url = f"http://{elsewhere(answer)}"
    result = installation.found(Check.PUBLIC_URL, TWIREC_PUBLIC_URL=url)
    assert (result.level, "redirect" in result.what) == (Level.FAILED, True)


@pytest.mark.parametrize(
    ("leads_to", "what", "fix"),
    [
        ("https://www.example.com/twirec/ping", "lost", "TWIREC_PUBLIC_URL to https://www.example"),
        (
            "/login?next=/twirec/ping&token=secret",
            "/login, a page to sign in at",
            "Leave the paths",
        ),
        ("https://sso.example.com/", "a page to sign in at", "Leave the paths"),
        ("/elsewhere", "lost", "Take the redirect away"),
    ],
)
def test_where_a_redirect_leads_says_how_to_mend_it(
    installation: Installation, elsewhere: Callable[..., str], leads_to: str, what: str, fix: str
) -> None:
    url = f"http://{elsewhere(lambda: redirect(leads_to))}"
    result = installation.found(Check.PUBLIC_URL, TWIREC_PUBLIC_URL=url)
    assert what in result.what
    assert fix in result.fix
    assert "secret" not in result.what


def test_csrf_protection_that_was_made_too_late_is_named(
    installation: Installation, elsewhere: Callable[..., str]
) -> None:
    url = f"http://{elsewhere(lambda: ('<p>The CSRF token is missing.</p>', 400))}"
    result = installation.found(Check.PUBLIC_URL, TWIREC_PUBLIC_URL=url)
    assert "CSRF protection" in result.what
    assert "CSRFProtect before Twirec" in result.fix


def test_an_app_with_another_public_url_is_failed(installation: Installation) -> None:
    by_name = installation.url.replace("127.0.0.1", "localhost")
    result = installation.found(Check.PUBLIC_URL, TWIREC_PUBLIC_URL=by_name)
    assert (result.level, "does not believe" in result.what) == (Level.FAILED, True)
    assert "TWIREC_PUBLIC_URL" in result.fix


def test_an_app_with_another_token_is_failed(installation: Installation) -> None:
    result = installation.found(Check.PUBLIC_URL, TWILIO_AUTH_TOKEN="another")
    assert (result.level, "answered 403" in result.what) == (Level.FAILED, True)


def test_an_app_that_believes_forgeries_is_failed(
    installation: Installation, elsewhere: Callable[..., str]
) -> None:
    url = f"http://{elsewhere(lambda: ('', 204))}"
    result = installation.found(Check.PUBLIC_URL, TWIREC_PUBLIC_URL=url)
    assert (result.level, "wrong signature" in result.what) == (Level.FAILED, True)


def test_a_host_that_nobody_serves_is_failed(installation: Installation) -> None:
    result = installation.found(Check.PUBLIC_URL, TWIREC_PUBLIC_URL="http://127.0.0.1:9")
    assert (result.level, "Nothing answers" in result.what) == (Level.FAILED, True)


def test_a_certificate_that_nobody_trusts_is_failed(
    installation: Installation, elsewhere: Callable[..., str]
) -> None:
    url = f"https://{elsewhere(lambda: ('', 204), ssl_context='adhoc')}"
    result = installation.found(Check.PUBLIC_URL, TWIREC_PUBLIC_URL=url)
    assert (result.level, "certificate" in result.what) == (Level.FAILED, True)
    assert "certificate" in result.fix


def test_each_account_with_a_token_is_tried(installation: Installation) -> None:
    other = "AC" + "b" * 32
    results = installation.examine(TWIREC_TWILIO_AUTH_TOKENS=f"{other}=unknown to the app")
    found = sorted(one.level for one in results if one.check is Check.PUBLIC_URL)
    assert found == [Level.FAILED, Level.OK]


def test_what_broke_off_is_tried_once_more(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []
    post = own_app._post

    def break_off_at_first(url: str, *rest: Any) -> int:
        tried.append(url)
        if len(tried) == 1:
            raise requests.ConnectionError
        return post(url, *rest)

    monkeypatch.setattr(own_app, "_post", break_off_at_first)
    assert installation.found(Check.PUBLIC_URL).level is Level.OK
    assert len([url for url in tried if url.endswith("/twirec/ping")]) == 3
