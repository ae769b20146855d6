"""The headers of every answer, and pages of errors that show nothing of the inside."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from panel_house import (
    NOTHING_ASKED,
    PLAIN,
    Browser,
    House,
    Template,
    call_sid,
    recording_sid,
)
from werkzeug.test import TestResponse

from callpanel.roles import Role
from twirec import Archive

INSIDE = ("Traceback", "sqlalchemy", "sqlite", "twirec/", "callpanel/", ".db", "SELECT", "werkzeug")


@pytest.mark.parametrize("wrong", ["\x00", "a\x01b", "\x1b[2J", "\x7f", "\ufffe"])
@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/calls/search", "text"),
        ("/calls/search", "min_seconds"),
        (f"/calls/{call_sid(PLAIN)}/notes", "note"),
        (f"/calls/{call_sid(PLAIN)}/case", "case"),
        (f"/calls/{call_sid(PLAIN)}/notes", "x\x00"),
        ("/sign-in", "name"),
        ("/recording", "why"),
        ("/users", "name"),
    ],
)
def test_control_characters_are_refused_in_every_form(
    read_only: House, template: Template, path: str, field: str, wrong: str
) -> None:
    admin = Browser(read_only.app, template.passes[Role.ADMIN])
    assert admin.post(path, {field: wrong}).status_code == 400
    assert admin.get(path, query_string={field: wrong}).status_code in {400, 405}


@pytest.mark.parametrize("digits", [18, 19, 310, 4301])
def test_a_number_of_many_digits_is_no_number(admin: Browser, digits: int) -> None:
    for field in ("min_seconds", "max_seconds"):
        answer = admin.post("/calls/search", {**NOTHING_ASKED, field: "9" * digits})
        assert answer.status_code < 500


def is_page_of_ours(answer: TestResponse, title: str) -> None:
    """Check that an answer is an error page, and shows nothing of the inside."""
    assert answer.content_type == "text/html; charset=utf-8"
    assert f"<title>{title} · callpanel</title>" in answer.text
    for word in INSIDE:
        assert word.lower() not in answer.text.lower()


@pytest.fixture
def lenient(app: Flask) -> Flask:
    """The app as it is in production: what goes wrong in it is answered."""
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return app


@pytest.mark.parametrize("role", [None, *Role], ids=lambda role: role or "signed-out")
@pytest.mark.parametrize(
    "path",
    [
        *("/", "/calls", "/calls/newest", f"/calls/{call_sid(PLAIN)}", "/calls/nothing"),
        *("/sign-in", "/sign-out", "/desk", "/recording", "/health", "/users", "/audit"),
        *("/healthz", "/readyz", "/metrics", "/nowhere", "/twirec/status"),
        *(f"/recordings/{recording_sid(PLAIN)}/audio", "/static/style.css", "/static/nothing"),
    ],
)
def test_every_answer_says_what_may_run(
    read_only: House, template: Template, role: Role | None, path: str
) -> None:
    headers = Browser(read_only.app, template.passes[role]).get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Strict-Transport-Security"] == "max-age=31536000"
    if not path.startswith("/static/style"):
        assert headers["Cache-Control"] == "no-store"


def test_a_file_of_ours_is_asked_for_once_and_anew_when_it_is_another(
    read_only: House, template: Template
) -> None:
    browser = Browser(read_only.app, template.passes[None])
    (path,) = re.findall(r'href="(/static/style.css[^"]*)"', browser.get("/sign-in").text)
    kept = browser.get(path).headers["Cache-Control"]
    assert kept == "public, max-age=31536000, immutable"
    for other in ("/static/style.css", "/static/style.css?v=of-another-release"):
        assert browser.get(other).headers["Cache-Control"] == "no-cache", other
    assert browser.get(path.replace("style", "nothing")).headers["Cache-Control"] == "no-store"
    assert "v=" in path


def test_a_form_without_token_is_400(supervisor: Browser) -> None:
    answer = supervisor.post("/calls/search", {"csrf_token": None})
    assert answer.status_code == 400
    is_page_of_ours(answer, "That was not understood")


def test_what_is_not_for_somebody_is_403(supervisor: Browser) -> None:
    answer = supervisor.get("/users")
    assert answer.status_code == 403
    is_page_of_ours(answer, "That is not for you")


@pytest.mark.parametrize("path", ["/nowhere", "/calls/CA1", "/static/../x", "/calls/a/b", "/%00"])
def test_what_is_not_there_is_404(supervisor: Browser, path: str) -> None:
    answer = supervisor.get(path)
    assert answer.status_code == 404
    is_page_of_ours(answer, "There is no such page")


def test_a_wrong_method_is_405_and_says_which_are_right(supervisor: Browser) -> None:
    answer = supervisor.client.delete("/calls", headers={"Referer": "https://localhost/"})
    assert answer.status_code in (400, 405)
    answer = supervisor.get("/sign-out")
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"OPTIONS", "POST"}
    is_page_of_ours(answer, "There is no such page")


@pytest.mark.parametrize("path", ["/sign-in", "/calls/search", "/language", "/nowhere-post"])
def test_what_is_too_long_is_413(client: Browser, path: str) -> None:
    answer = client.post(path, {"name": "x" * 70_000})
    if path == "/nowhere-post":
        assert answer.status_code == 404
    else:
        assert answer.status_code == 413
        is_page_of_ours(answer, "That is too long")


def test_too_many_parts_of_a_form_are_413(client: Browser) -> None:
    parts = {f"a{number}": "" for number in range(1001)}
    answer = client.client.post("/sign-in", data=parts, content_type="multipart/form-data")
    assert answer.status_code == 413


def test_a_bug_is_a_page_of_ours_and_in_the_log(
    lenient: Flask,
    supervisor: Browser,
    archive: Archive,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(**_: object) -> None:
        raise ZeroDivisionError("the secret of /var/lib/twirec/catalog.db")

    monkeypatch.setattr(archive.calls, "search", broken)
    answer = supervisor.get("/calls")
    assert answer.status_code == 500
    is_page_of_ours(answer, "Something went wrong")
    assert "secret" not in answer.text
    assert "Content-Security-Policy" in answer.headers
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("path", ["/calls", f"/calls/{call_sid(PLAIN)}", "/audit", "/recording"])
def test_a_catalog_that_is_gone_is_503(
    admin: Browser, folder: Path, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "catalog.db").write_bytes(b"not a database at all")
    (folder / "catalog.db-wal").unlink(missing_ok=True)
    answer = admin.get(path)
    assert answer.status_code == 503
    is_page_of_ours(answer, "The database does not answer")
    assert "CatalogUnavailable" in caplog.text


@pytest.mark.parametrize("how", ["gone", "damaged"])
@pytest.mark.parametrize("path", ["/calls", "/users", "/sign-in"])
def test_accounts_that_are_gone_are_503(
    admin: Browser, folder: Path, path: str, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    database = folder / "callpanel.db"
    if how == "damaged":
        database.write_bytes(b"not a database at all")
    else:
        database.unlink()
    answer = admin.get(path)
    assert answer.status_code == 503
    is_page_of_ours(answer, "The database does not answer")
    assert "database of the accounts does not answer" in caplog.text


def test_what_is_not_there_stays_so_while_the_accounts_are_gone(
    admin: Browser, folder: Path
) -> None:
    (folder / "callpanel.db").unlink()
    answer = admin.get("/nowhere")
    assert answer.status_code == 404
    is_page_of_ours(answer, "There is no such page")


def test_nothing_is_signed_in_while_the_accounts_are_gone(client: Browser, folder: Path) -> None:
    (folder / "callpanel.db").unlink()
    answer = client.post("/sign-in", {"name": "ana", "password": "x" * 12})
    assert answer.status_code == 503
    is_page_of_ours(answer, "The database does not answer")


def test_what_is_said_of_a_search_is_escaped(supervisor: Browser) -> None:
    asked = {**NOTHING_ASKED, "text": "<script>alert(1)</script>"}
    answer = supervisor.post("/calls/search", asked)
    page = supervisor.get(answer.headers["Location"]).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
