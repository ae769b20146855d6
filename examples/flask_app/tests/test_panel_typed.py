"""What was typed is there again, when the form came too late."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
from flask import Flask
from panel_house import (
    NOTHING_ASKED,
    OWN_NUMBER,
    PASSWORD,
    PLAIN,
    Browser,
    Pass,
    call_sid,
    recording_sid,
    token_in,
)

from callpanel.roles import Role
from twirec import Archive
from twirec.model.errors import CatalogUnavailable

TEXT = "Promised <b>free</b> of charge.\n600 111 333"
NOTES = f"/calls/{call_sid(PLAIN)}/notes"
NOTE = {"note": TEXT, "seen": "1"}
SWITCH = {"number": OWN_NUMBER, "direction": "in", "on": "off", "why": "works council"}


def hidden(page: str) -> dict[str, str]:
    """Return the fields of a page that nobody sees, without its token."""
    fields = re.findall('<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {name: unescape(value) for name, value in fields if name != "csrf_token"}


def expired(who: Browser, _app: Flask) -> None:
    with who.client.session_transaction(base_url="https://localhost") as session:
        session["seen"] = 0


def signed_out_elsewhere(who: Browser, app: Flask) -> None:
    Browser(app, Pass(who.cookie(), who.token)).post("/sign-out")


def signed_out_in_another_tab(who: Browser, _app: Flask) -> None:
    who.post("/sign-out")


@pytest.mark.parametrize("ended", [expired, signed_out_elsewhere, signed_out_in_another_tab])
def test_a_note_is_there_again_after_signing_in(
    supervisor: Browser, app: Flask, archive: Archive, ended: Callable[[Browser, Flask], None]
) -> None:
    ended(supervisor, app)
    page = supervisor.post(NOTES, NOTE)
    assert page.status_code == 401
    assert "Your session has ended." in page.text
    assert 'action="/sign-in"' in page.text
    for password, status in (("something else", 401), (PASSWORD, 200)):
        carried = hidden(page.text)
        supervisor.token = token_in(page.text)
        page = supervisor.post("/sign-in", {"name": "sergio", "password": password, **carried})
        assert page.status_code == status
        assert PASSWORD not in page.text
    assert f'action="{NOTES}"' in page.text
    assert "Promised &lt;b&gt;free&lt;/b&gt; of charge.\n600 111 333</textarea>" in page.text
    assert archive.calls.get(call_sid(PLAIN)).notes[1:] == ()
    reloaded = supervisor.post("/sign-in", {"name": "sergio", "password": PASSWORD, **carried})
    assert "Promised" in reloaded.text
    supervisor.token = token_in(page.text)
    for _ in range(2):
        assert supervisor.post(NOTES, {"note": TEXT, **hidden(page.text)}).status_code == 302
    assert [each.text for each in archive.calls.get(call_sid(PLAIN)).notes[1:]] == [TEXT]


@pytest.mark.parametrize(
    ("path", "form", "shown"),
    [
        (NOTES, NOTE, "Promised"),
        (f"/calls/{call_sid(PLAIN)}/case", {"case": "R-1", "seen": "C-7"}, 'value="R-1"'),
        (
            f"/recordings/{recording_sid(PLAIN)}/decision",
            {"decision": "give_up", "reason": "heard it"},
            '<input checked id="decision-2"',
        ),
        ("/calls/search", {**NOTHING_ASKED, "text": "600 111 333"}, 'value="600 111 333"'),
        ("/audit", {"action": "", "who": "sergio", "sid": "", "number": ""}, 'value="sergio"'),
        ("/recording", SWITCH, 'value="works council"'),
    ],
)
def test_what_a_page_of_an_older_session_sends_is_shown_to_be_sent_again(
    admin: Browser, path: str, form: dict[str, str], shown: str
) -> None:
    admin.token = "of before"
    page = admin.post(path, form)
    assert page.status_code == 400
    assert "This page was open for too long." in page.text
    assert shown in page.text
    admin.token = token_in(page.text)
    names = set(re.findall('name="([a-z_]+)"', page.text.partition("<main")[2]))
    assert names - {"csrf_token"} >= set(form)


def test_what_the_database_does_not_take_is_shown_to_be_sent_again(
    supervisor: Browser, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise CatalogUnavailable("The catalog cannot be used: disk is full.")

    monkeypatch.setattr(archive.catalog.notes, "add", away)
    supervisor.post("/language", {"language": "es"})
    page = supervisor.post(NOTES, NOTE)
    assert page.status_code == 503
    assert "Promised" in page.text
    assert "No ha sido posible" in page.text
    assert "disk is full" not in page.text


@pytest.mark.parametrize(
    "referer", ["", "https://evil.example/", "https://localhost.evil.example/", "null"]
)
@pytest.mark.parametrize("role", [None, Role.SUPERVISOR])
def test_nothing_comes_back_of_what_another_site_sends(
    browser: Callable[[Role | None], Browser], role: Role | None, referer: str
) -> None:
    who = browser(role)
    who.token = "of another site"
    carried = {"typed-path": NOTES, "typed-note": TEXT}
    for path, form in ((NOTES, NOTE), ("/sign-in", carried)):
        answer = who.post(path, form, headers={"Referer": referer})
        assert answer.status_code == 400
        assert "Promised" not in answer.text


@pytest.mark.parametrize(
    "path", ["", "//evil.example", "https://evil.example/", "/users", "/sign-out", "/sign-in", "é"]
)
def test_a_sign_in_carries_only_a_form_that_comes_back(client: Browser, path: str) -> None:
    client.read_token()
    form = {"name": "ana", "password": PASSWORD, "typed-path": path, "typed-note": TEXT}
    answer = client.post("/sign-in", form)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
