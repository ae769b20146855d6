"""What people do on the pages: the desk of an agent, the switch, notes, users, the audit log."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from callpanel import accounts
from callpanel.roles import Role
from flask import Flask
from panel_house import (
    GOING_ON,
    HIDDEN,
    LINE,
    NUMBERS,
    OF_ANOTHER,
    OWN_NUMBER,
    PARKED,
    PASSWORD,
    PLAIN,
    WORDING,
    Browser,
    Template,
    call_sid,
    make_app,
    object_name,
    open_archive,
    recording_sid,
)

from twirec import Archive, Direction, NotFound
from twirec.testing import ACCOUNT_SID

PAUSE, RESUME = (f"/desk/{call_sid(GOING_ON)}/{step}" for step in ("pause", "resume"))


@pytest.fixture
def live(
    environ: dict[str, str], twirec_archive: Archive, template: Template
) -> Iterator[tuple[Archive, Browser]]:
    """The house with a Twilio in memory, where a call goes on, and its agent's browser."""
    vendor = twirec_archive.vendor
    started = vendor.start_recording(ACCOUNT_SID, call_sid(GOING_ON), status_url="")
    archive = open_archive(environ, vendor=vendor)
    # Twilio names a recording itself: let it be the one that the catalog knows
    known = vendor._recordings.pop((ACCOUNT_SID, started))  # type: ignore[attr-defined]
    vendor.add_recording(  # type: ignore[attr-defined]
        type(known)(recording_sid(GOING_ON), ACCOUNT_SID, call_sid(GOING_ON), known.status)
    )
    yield archive, Browser(make_app(environ, archive), template.passes[Role.AGENT])
    archive.close()


def messages(page: str) -> list[str]:
    """Return what a page says at its top."""
    return re.findall('<p class="message [a-z]+"[^>]*>(.*?)</p>', page, re.DOTALL)


def test_an_agent_sees_the_calls_of_their_line_alone(agent: Browser) -> None:
    for page in (agent.get("/desk").text, agent.get("/desk/now").text):
        assert "+34 600 555 666" in page
        assert "+34 600 777 888" not in page
        assert call_sid(OF_ANOTHER) not in page
        assert page.count("<section") == 1


def test_an_agent_without_a_line_sees_none(app: Flask, client: Browser) -> None:
    with app.app_context():
        accounts.add("eva", PASSWORD, Role.AGENT)
        accounts.keep()
    client.sign_in("eva")
    assert "Your account has no line" in client.get("/desk").text


def test_an_agent_pauses_and_goes_on(live: tuple[Archive, Browser]) -> None:
    archive, agent = live
    assert agent.post(PAUSE).headers["Location"] == "/desk"
    page = agent.get("/desk").text
    assert messages(page) == ["Paused: what is said now is not recorded."]
    assert RESUME in page
    assert PAUSE not in page
    assert agent.post(RESUME).status_code == 302
    assert PAUSE in agent.get("/desk").text
    entries = archive.audit_log(who="alex", limit=2)
    assert [(each.action, each.sid, each.ok) for each in entries] == [
        ("resume", call_sid(GOING_ON), True),
        ("pause", recording_sid(GOING_ON), True),
    ]


@pytest.mark.parametrize(
    ("path", "said"),
    [(PAUSE, "suppose that it is recorded"), (RESUME, "suppose that it does not")],
)
def test_an_agent_is_told_when_twilio_does_not_answer(
    agent: Browser, archive: Archive, path: str, said: str
) -> None:
    assert agent.post(path).status_code == 302
    assert said in messages(agent.get("/desk").text)[0]
    assert archive.audit_log(sid=call_sid(GOING_ON))[0].ok is False


def test_a_call_shows_its_wording_consent_legs_notes_and_who_listened(
    supervisor: Browser,
) -> None:
    supervisor.get(f"/recordings/{recording_sid(PLAIN)}/audio", headers={"Range": "bytes=0-9"})
    supervisor.get(f"/recordings/{recording_sid(PLAIN)}/audio", headers={"Range": "bytes=10-"})
    page = supervisor.get(f"/calls/{recording_sid(PLAIN)}").text
    for said in (
        WORDING.text,
        "informed",
        call_sid(PLAIN),
        "asks for a refund",
        "Paused at 0:02 by alex",
        "Who spoke when",
        "<svg",
    ):
        assert said in page
    assert page.count("sergio: listened") == 1


def test_a_call_whose_wording_is_lost_is_shown_all_the_same(
    supervisor: Browser, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_hash: str) -> None:
        raise NotFound("No announcement with that hash was ever played.")

    monkeypatch.setattr(archive.catalog, "announcement", gone)
    assert supervisor.get(f"/calls/{call_sid(PLAIN)}").status_code == 200


def test_a_note_and_a_case_number_are_written_down(supervisor: Browser, archive: Archive) -> None:
    path = f"/calls/{call_sid(PLAIN)}/notes"
    answer = supervisor.post(path, {"note": "<b>rang</b> again", "case": "C-8"})
    page = supervisor.get(answer.headers["Location"]).text
    assert "&lt;b&gt;rang&lt;/b&gt; again" in page
    assert messages(page) == ["Written down."]
    call = archive.show(call_sid(PLAIN))
    assert call.call.case_number == "C-8"
    assert call.notes[-1].by == "sergio"


@pytest.mark.parametrize("form", [{"note": "x" * 4001}, {"case": "x" * 65}, {}, {"note": " "}])
def test_a_note_that_cannot_be_is_refused(
    supervisor: Browser, archive: Archive, form: dict[str, str]
) -> None:
    answer = supervisor.post(f"/calls/{call_sid(HIDDEN)}/notes", form)
    assert answer.status_code == 400
    assert archive.show(call_sid(HIDDEN)).notes == ()


@pytest.mark.parametrize(
    ("number", "direction", "off"),
    [
        ("", "", {("+34911000111", "in"), ("+34911000111", "out"), ("+34911000222", "in")}),
        ("", "in", {("+34911000111", "in"), ("+34911000222", "in")}),
        (OWN_NUMBER, "", {("+34911000111", "in"), ("+34911000111", "out")}),
        (OWN_NUMBER, "out", {("+34911000111", "out")}),
    ],
)
def test_the_switch_turns_off_what_it_says(
    admin: Browser, archive: Archive, number: str, direction: str, off: set[tuple[str, str]]
) -> None:
    form = {"number": number, "direction": direction, "on": "off", "why": "works council"}
    assert admin.post("/recording", form).status_code == 302
    for own, way in [("+34911000111", "in"), ("+34911000111", "out"), ("+34911000222", "in")]:
        assert archive.policy(own, Direction(way)).policy.on is ((own, way) not in off)
    page = admin.get("/recording").text
    assert "works council" in page
    assert messages(page) == ["Changed. Calls that go on are not touched."]
    entry = archive.audit_log(limit=1)[0]
    assert (entry.action, entry.by, entry.ok) == ("policy", "ana", True)


@pytest.mark.parametrize(
    "changes",
    [
        {"why": ""},
        {"why": "   "},
        {"why": "x" * 501},
        {"number": "+34999888777"},
        {"direction": "up"},
        {"on": "maybe"},
        {"on": ""},
    ],
    ids=str,
)
def test_a_switch_that_is_not_understood_changes_nothing(
    admin: Browser, archive: Archive, changes: dict[str, str]
) -> None:
    form = {"number": "", "direction": "", "on": "off", "why": "works council", **changes}
    assert admin.post("/recording", form).status_code == 400
    assert archive.catalog.policy_history() == []


def test_what_was_given_up_is_tried_again(admin: Browser, archive: Archive) -> None:
    assert recording_sid(PARKED) in admin.get("/health").text
    admin.post(f"/health/retry/{recording_sid(PARKED)}")
    page = admin.get("/health").text
    assert messages(page) == ["1 recording is tried again."]
    assert archive.stats().parked == 0
    assert admin.post(f"/health/retry/{recording_sid(PARKED)}").status_code == 404
    admin.post("/health/retry")
    assert messages(admin.get("/health").text) == ["0 recordings are tried again."]


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
    entries = [each for each in archive.audit_log(who="ana") if each.action.startswith("user")]
    assert [each.action for each in entries] == ["user_change", "user_add"]
    assert entries[0].detail == {
        "user": "pia",
        "role": "auditor",
        "access": "no",
        "password": "new",
    }
    assert "contraseña" not in str(archive.audit_log())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "ana"}, "has an account already"),
        ({"name": "a b"}, "name: give 2 to 32"),
        ({"password": "short"}, "between 12 and 256"),
        ({"role": "king"}, "Not a valid choice"),
        ({"line": "600 111 222"}, "line: write"),
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


def test_a_recording_that_cannot_be_drawn_is_shown_all_the_same(
    supervisor: Browser, archive: Archive
) -> None:
    stored = archive.bucket.stat(object_name(PLAIN))
    archive.bucket.delete(stored.name, stored.generation)
    page = supervisor.get(f"/calls/{call_sid(PLAIN)}")
    assert page.status_code == 200
    assert "<audio" not in page.text


def test_the_audit_log_is_filtered_and_checked(auditor: Browser, admin: Browser) -> None:
    admin.get(f"/recordings/{recording_sid(PLAIN)}/audio")
    asked = {"who": "ana", "action": "listen", "sid": recording_sid(PLAIN), "since": "2026-11-23"}
    auditor.post("/audit", asked)
    page = auditor.get("/audit").text
    assert page.count('data-label="Entry"') == 1
    auditor.post("/audit/verify")
    assert "The chain is whole" in messages(auditor.get("/audit").text)[0]


def test_the_audit_log_is_found_by_number_without_holding_it(
    auditor: Browser, archive: Archive
) -> None:
    archive.record_audit("disclose", by="ana", number=NUMBERS[PLAIN])
    auditor.post("/audit", {"number": "600 111 222"})
    assert auditor.get("/audit").text.count('data-label="Entry"') == 1
    auditor.post("/audit", {"number": "600 111 223"})
    assert "No entry matches." in auditor.get("/audit").text


@pytest.mark.parametrize("form", [{"since": "soon"}, {"until": "9" * 32}, {"action": "Listen!"}])
def test_a_filter_that_is_not_understood_is_said(auditor: Browser, form: dict[str, str]) -> None:
    answer = auditor.post("/audit", form)
    if answer.status_code == 302:
        answer = auditor.get("/audit")
    assert answer.status_code == 400


@pytest.mark.parametrize("after", ["0", "-1", "9" * 30, "x", "%00"])
def test_a_page_of_the_log_that_is_none_is_the_first(auditor: Browser, after: str) -> None:
    first = auditor.get("/audit").text
    assert auditor.get(f"/audit?after={after}").text.count("<tr>") == first.count("<tr>")


def test_a_broken_chain_is_said(auditor: Browser, folder: Path, archive: Archive) -> None:
    with closing(sqlite3.connect(folder / "catalog.db")) as raw, raw:
        names = raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in names:
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute("UPDATE audit SET by = 'somebody else' WHERE seq = 2")
    auditor.post("/audit/verify")
    assert "The chain is broken at entry 2" in messages(auditor.get("/audit").text)[0]


@pytest.mark.parametrize("role", [*Role])
def test_the_first_page_is_the_one_that_somebody_uses(
    browser: Callable[[Role | None], Browser], role: Role
) -> None:
    expected = "/desk" if role is Role.AGENT else "/calls"
    assert browser(role).get("/").headers["Location"] == expected


@pytest.mark.parametrize(
    ("asked", "language"),
    [("es-ES,es;q=0.9", "es"), ("de", "en"), ("", "en"), ("*", "es"), (";q=x,,\xff", "en")],
)
def test_a_page_speaks_the_browsers_language(client: Browser, asked: str, language: str) -> None:
    page = client.get("/sign-in", headers={"Accept-Language": asked}).text
    assert f'<html lang="{language}">' in page
