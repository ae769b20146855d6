"""What is kept of staff: their accounts, and the log of what they did."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask
from panel_house import (
    LINE,
    NUMBERS,
    PASSWORD,
    PLAIN,
    Browser,
    Template,
    recording_sid,
)
from werkzeug.test import TestResponse

from callpanel import accounts
from twirec import Archive


def messages(page: str) -> list[str]:
    """Return what a page says at its top."""
    return re.findall('<p class="message [a-z]+"[^>]*>(.*?)</p>', page, re.DOTALL)


def test_an_admin_makes_and_changes_accounts(
    admin: Browser, client: Browser, app: Flask, archive: Archive
) -> None:
    new = {"name": "Pia", "password": PASSWORD, "role": "agent", "line": LINE}
    assert admin.post("/users", new).status_code == 302
    assert client.sign_in("pia").status_code == 302
    with app.app_context():
        pia = accounts.find("pia")
        assert pia
        path = f"/users/{pia.id}"
    form = {"role": "auditor", "line": "", "password": "otra contraseña larga", "disabled": "no"}
    assert admin.post(path, form).status_code == 302
    assert client.get("/desk").status_code == 302
    assert client.sign_in("pia", "otra contraseña larga").status_code == 302
    assert client.get("/audit").status_code == 200
    entries = [each for each in archive.audit.log(who="ana") if each.action.startswith("user")]
    assert [each.action for each in entries] == ["user_change", "user_add"]
    assert entries[0].detail == {
        "user": "pia",
        "role": "auditor",
        "access": "no",
        "password": "new",
    }
    assert "contraseña" not in str(archive.audit.log())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "ana"}, "has an account already"),
        ({"name": "a b"}, "Name: give an e-mail address"),
        ({"password": "short"}, "between 12 and 256"),
        ({"role": "king"}, "Not a valid choice"),
        ({"line": "600 111 222"}, "Line: write"),
    ],
    ids=str,
)
def test_an_account_that_cannot_be_is_refused(
    admin: Browser, app: Flask, changes: dict[str, str], said: str
) -> None:
    new = {"name": "pia", "password": PASSWORD, "role": "agent", "line": "", **changes}
    answer = admin.post("/users", new)
    assert answer.status_code == 400
    assert said in answer.text
    assert PASSWORD not in answer.text
    with app.app_context():
        assert len(accounts.everybody()) == 4


def test_a_change_that_cannot_be_is_refused(admin: Browser, template: Template) -> None:
    path = f"/users/{template.ids['sergio']}"
    right = {"role": "admin", "line": "", "password": "", "disabled": "no"}
    for wrong in ({"role": "king"}, {"password": "short"}, {"disabled": "perhaps"}, {"line": "x"}):
        assert admin.post(path, {**right, **wrong}).status_code == 400
    assert '<td data-label="Role">supervisor</td>' in admin.get("/users").text


def test_the_audit_log_is_filtered_and_checked(auditor: Browser, admin: Browser) -> None:
    admin.get(f"/recordings/{recording_sid(PLAIN)}/audio")
    asked = {"who": "ana", "action": "listen", "sid": recording_sid(PLAIN), "since": "2026-11-23"}
    page = filtered(auditor, **asked).text
    assert page.count('data-label="Entry"') == 1
    auditor.post("/audit/verify")
    assert "The chain is whole" in messages(auditor.get("/audit").text)[0]


def test_the_audit_log_is_found_by_number_without_holding_it(
    auditor: Browser, archive: Archive
) -> None:
    archive.audit.record("sign_in", by="ana", number=NUMBERS[PLAIN])
    found = filtered(auditor, number="600 111 222", action="sign_in").text
    assert found.count('data-label="Entry"') == 1
    assert "No entry matches." in filtered(auditor, number="600 111 223").text


def filtered(auditor: Browser, /, **form: str) -> TestResponse:
    """Ask for entries of the log, and return the page that shows them."""
    answer = auditor.post("/audit", {"action": "", **form})
    return auditor.get(answer.headers["Location"]) if answer.status_code == 302 else answer


@pytest.mark.parametrize("form", [{"since": "soon"}, {"until": "9" * 32}, {"action": "Listen!"}])
def test_a_filter_that_is_not_understood_is_said(auditor: Browser, form: dict[str, str]) -> None:
    answer = filtered(auditor, **form)
    assert answer.status_code == 400 or "That search was not understood." in answer.text


@pytest.mark.parametrize("after", ["0", "-1", "9" * 30, "x"])
def test_a_page_of_the_log_that_is_none_is_the_first(auditor: Browser, after: str) -> None:
    first = auditor.get("/audit").text
    assert auditor.get(f"/audit?after={after}").text.count("<tr>") == first.count("<tr>")


def test_a_filter_is_forgotten_at_a_press(auditor: Browser) -> None:
    everything = auditor.get("/audit").text
    assert "Show all entries" not in everything
    page = filtered(auditor, who="nobody", since="yesterday", action="sign_in").text
    assert 'href="/audit">Show all entries' in page
    assert auditor.get("/audit").text.count("<tr>") == everything.count("<tr>")


def tamper(folder: Path, statement: str) -> None:
    """Change the audit log as somebody could who holds the database."""
    with closing(sqlite3.connect(folder / "catalog.db")) as raw, raw:
        names = raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in names:
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute(statement)


@pytest.mark.about_sqlite("somebody changes its file")
def test_a_broken_chain_is_said(auditor: Browser, folder: Path) -> None:
    tamper(folder, "UPDATE audit SET by = 'somebody else' WHERE seq = 2")
    auditor.post("/audit/verify")
    assert "The chain is broken at entry 2" in messages(auditor.get("/audit").text)[0]


@pytest.mark.about_sqlite("somebody changes its file")
def test_a_chain_whose_end_was_cut_off_is_said(
    auditor: Browser, folder: Path, archive: Archive
) -> None:
    archive.journal.write()
    tamper(folder, "DELETE FROM audit WHERE seq > 2")
    auditor.post("/audit/verify")
    assert "The chain is broken at entry 3" in messages(auditor.get("/audit").text)[0]
