"""Who gets what answer at which route: the table is written by hand, and has every route."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from panel_house import (
    BLOCKED,
    GOING_ON,
    NOTHING_ASKED,
    OF_ANOTHER,
    PARKED,
    PASSWORD,
    PLAIN,
    SAVED,
    Browser,
    House,
    Template,
    call_sid,
    house_of,
    recording_sid,
)
from werkzeug.test import TestResponse

from callpanel.roles import Role
from tests.lending import POSTGRESQL
from twirec import Archive

CALL, RECORDING = call_sid(PLAIN), recording_sid(PLAIN)
NOTE = {"note": "rang again", "seen": "1"}
CASE = {"case": "C-8", "seen": "C-7"}
ASKED = {
    "number": "600333444",
    "name": "Bo",
    "since": "",
    "until": "",
    "received": "",
    "language": "en",
}
SWITCH = {"number": "", "direction": "", "on": "off", "why": "works council", "sure": "1"}
RULE = {
    "name": "all",
    "term": "1 year",
    "kept": "recordings",
    "at_end": "block",
    "number": "",
    "direction": "",
    "consent": "",
    "case": "",
    "why": "agreed",
}
NEW = {"name": "pia", "password": "una contraseña larga", "role": "supervisor", "line": ""}
CHANGED = {"role": "agent", "line": "", "password": "", "disabled": "yes"}
OWN_PASSWORD = {
    "old": PASSWORD,
    "password": "una contraseña larga",
    "again": "una contraseña larga",
}
CUT = {"decision": "approve", "guard": "1", "reason": "PCI"}
HOLD = {"case": "C-7", "reason": "a dispute"}
RELEASE = {
    "sid": recording_sid(BLOCKED),
    "authority": "Juzgado 3",
    "reference": "DP 7",
    "reason": "an order",
}
MP3 = {"format": "mp3", "channels": "both", "start": "", "end": ""}

CONSENT = {
    "participant": "customer",
    "name": "",
    "recipient": "Seguros Norte",
    "purpose": "claim C-7",
    "given_on": "2026-11-03",
    "how": "writing",
    "evidence": "letter",
}
GIVE = {
    "recipient": "Juzgado 7",
    "purpose": "claim C-7",
    "ground": "court_order",
    "reference": "auto 7/2026",
    "channels": "both",
    "format": "wav",
    "start": "",
    "end": "",
    "cuts": "",
    "days": "7",
    "openings": "1",
}
WHY = {"why": "the claim was settled"}

COMES_BACK = (
    f"/calls/{CALL}/notes",
    f"/calls/{CALL}/case",
    f"/recordings/{recording_sid(PARKED)}/decision",
    *("/calls/search", "/searches", "/recording", "/audit"),
)
"""What was typed there comes back with the page where one signs in."""

ROLES = (None, Role.AGENT, Role.SUPERVISOR, Role.ADMIN, Role.AUDITOR)

# Method, path, form; then what is answered to somebody signed out, an agent, a supervisor, an
# admin, an auditor. 302 of somebody signed out leads to the page where one signs in; 401 is that
# page, with what was typed.
TABLE: tuple[tuple[str, str, Mapping[str, str], tuple[int, int, int, int, int]], ...] = (
    ("GET", "/", {}, (302, 302, 302, 302, 302)),
    ("GET", "/sign-in", {}, (200, 302, 302, 302, 302)),
    ("POST", "/sign-in", {"name": "ana", "password": PASSWORD}, (302, 302, 302, 302, 302)),
    ("POST", "/sign-out", {}, (302, 302, 302, 302, 302)),
    ("POST", "/language", {"language": "es"}, (302, 302, 302, 302, 302)),
    ("GET", "/static/style.css", {}, (200, 200, 200, 200, 200)),
    ("GET", "/twirec/ping", {}, (200, 200, 200, 200, 200)),
    ("GET", "/healthz", {}, (200, 200, 200, 200, 200)),
    ("GET", "/readyz", {}, (200, 200, 200, 200, 200)),
    ("GET", "/readyz/panel", {}, (200, 200, 200, 200, 200)),
    ("GET", "/readyz/archive", {}, (503, 503, 503, 503, 503)),  # no worker runs here
    ("GET", "/metrics", {}, (401, 401, 401, 401, 401)),
    ("GET", "/calls", {}, (302, 403, 200, 200, 200)),
    ("GET", "/calls/newest", {}, (302, 403, 200, 200, 200)),
    ("POST", "/calls/search", {**NOTHING_ASKED, "text": "1222"}, (401, 403, 302, 302, 302)),
    ("POST", "/calls/csv", {"q": "", "columns": "when"}, (302, 403, 200, 200, 200)),
    ("POST", "/calls/columns", {"q": "", "columns": "when"}, (302, 403, 302, 302, 302)),
    ("POST", "/calls/zip", {"sid": CALL, "purpose": "quality"}, (302, 403, 200, 200, 403)),
    ("GET", "/now", {}, (302, 403, 200, 200, 200)),
    ("GET", "/now/calls", {}, (302, 403, 200, 200, 200)),
    ("POST", "/searches", {"name": "Mine", "shared": "me", "q": "x"}, (401, 403, 410, 410, 410)),
    ("GET", f"/searches/{SAVED}", {}, (302, 403, 302, 302, 302)),
    ("POST", f"/searches/{SAVED}/forget", {}, (302, 403, 403, 302, 403)),
    ("GET", f"/calls/{CALL}", {}, (302, 403, 200, 200, 200)),
    ("POST", f"/calls/{CALL}/notes", NOTE, (401, 403, 302, 302, 403)),
    ("POST", f"/calls/{CALL}/case", CASE, (401, 403, 302, 302, 403)),
    ("POST", f"/calls/{CALL}/purpose", {"purpose": "claim"}, (302, 403, 302, 302, 403)),
    ("GET", f"/recordings/{RECORDING}/audio", {}, (302, 403, 200, 200, 403)),
    ("GET", f"/recordings/{RECORDING}/transcript", {}, (302, 403, 404, 404, 403)),
    ("POST", f"/recordings/{RECORDING}/download", MP3, (302, 403, 200, 200, 403)),
    ("GET", "/disclosures", {}, (302, 403, 403, 200, 200)),
    ("GET", f"/disclosures/{RECORDING}", {}, (302, 403, 403, 200, 403)),
    ("POST", f"/disclosures/{RECORDING}/consents", CONSENT, (302, 403, 403, 302, 403)),
    ("POST", f"/disclosures/{RECORDING}/consents/1/withdrawn", WHY, (302, 403, 403, 302, 403)),
    ("POST", f"/disclosures/{RECORDING}", GIVE, (302, 403, 403, 200, 403)),
    (
        "POST",
        f"/disclosures/{RECORDING}/{{given_id}}/ended",
        WHY,
        (302, 403, 403, 302, 403),
    ),
    ("POST", f"/recordings/{RECORDING}/evidence", {"form": "pdf"}, (302, 403, 302, 302, 403)),
    ("GET", "/desk", {}, (302, 200, 403, 403, 403)),
    ("GET", "/desk/now", {}, (302, 200, 403, 403, 403)),
    # what agents hear of their own is switched off here
    ("GET", "/own", {}, (302, 404, 403, 403, 403)),
    ("POST", "/own", {"text": "1222"}, (302, 404, 403, 403, 403)),
    ("GET", f"/own/{CALL}", {}, (302, 404, 403, 403, 403)),
    ("POST", f"/own/{CALL}/purpose", {"purpose": "claim"}, (302, 404, 403, 403, 403)),
    ("GET", f"/own/recordings/{RECORDING}/audio", {}, (302, 404, 403, 403, 403)),
    ("GET", f"/own/recordings/{RECORDING}/transcript", {}, (302, 404, 403, 403, 403)),
    ("POST", f"/desk/{call_sid(GOING_ON)}/pause", {}, (302, 302, 403, 403, 403)),
    ("POST", f"/desk/{call_sid(GOING_ON)}/resume", {}, (302, 302, 403, 403, 403)),
    ("POST", f"/desk/{call_sid(OF_ANOTHER)}/pause", {}, (302, 404, 403, 403, 403)),
    ("GET", "/recording", {}, (302, 403, 403, 200, 200)),
    ("POST", "/recording", SWITCH, (401, 403, 403, 302, 403)),
    ("GET", "/retention", {}, (302, 403, 403, 200, 200)),
    ("POST", "/retention", RULE, (302, 403, 403, 302, 403)),
    ("POST", "/retention/removed", {"name": "all", "why": "x"}, (302, 403, 403, 400, 403)),
    ("GET", "/retention/preview", {}, (302, 403, 403, 200, 200)),
    ("POST", "/retention/applied", {"confirm": "x", "why": "x"}, (302, 403, 403, 409, 403)),
    ("GET", "/approvals", {}, (302, 403, 403, 200, 200)),
    ("POST", "/approvals/1/approve", {}, (302, 403, 403, 404, 403)),
    ("POST", "/approvals/1/refuse", {"reason": "x"}, (302, 403, 403, 404, 403)),
    ("POST", "/approvals/release", RELEASE, (302, 403, 403, 302, 403)),
    ("POST", f"/approvals/released/{recording_sid(BLOCKED)}", {}, (302, 403, 403, 403, 403)),
    ("POST", f"/recordings/{RECORDING}/hold", HOLD, (302, 403, 302, 302, 403)),
    ("POST", f"/recordings/{RECORDING}/unhold", HOLD, (302, 403, 403, 404, 403)),
    ("POST", f"/recordings/{RECORDING}/card-number", CUT, (302, 403, 404, 404, 403)),
    ("POST", f"/recordings/{RECORDING}/block", {"reason": "x"}, (302, 403, 403, 302, 403)),
    ("GET", "/erasures", {}, (302, 403, 403, 200, 200)),
    ("POST", "/erasures", {"what": "", "how": "block"}, (302, 403, 403, 400, 403)),
    ("GET", "/erasures/E-22222222", {}, (302, 403, 403, 404, 404)),
    ("GET", "/erasures/E-22222222/certificate.pdf", {}, (302, 403, 403, 404, 404)),
    ("POST", "/erasures/E-22222222/approved", {}, (302, 403, 403, 404, 403)),
    ("POST", "/erasures/E-22222222/refused", {"why": "x"}, (302, 403, 403, 404, 403)),
    ("GET", "/proof", {}, (302, 403, 200, 200, 200)),
    ("GET", "/proof/check", {}, (302, 403, 302, 302, 302)),
    ("GET", "/proof/months", {}, (302, 403, 302, 302, 302)),
    ("POST", "/proof/check", {}, (302, 403, 400, 400, 400)),
    ("POST", "/proof/months", {"month": ""}, (302, 403, 403, 400, 400)),
    ("GET", "/proof/months/M-2026-11-22222222.pdf", {}, (302, 403, 403, 404, 404)),
    ("GET", "/health", {}, (302, 403, 403, 200, 200)),
    ("POST", "/health/retry", {}, (302, 403, 403, 302, 403)),
    ("POST", f"/health/retry/{recording_sid(PARKED)}", {}, (302, 403, 403, 302, 403)),
    ("POST", f"/health/differences/{RECORDING}", {}, (302, 403, 403, 302, 403)),
    (
        "POST",
        f"/recordings/{recording_sid(PARKED)}/decision",
        {"decision": "retry"},
        (401, 403, 403, 302, 403),
    ),
    ("GET", "/cases", {}, (302, 200, 200, 200, 200)),
    ("POST", "/cases", {"what": "600111222"}, (302, 200, 200, 200, 200)),
    ("GET", "/cases/{case_key}", {}, (302, 200, 200, 200, 200)),
    ("GET", "/cases/{case_key}/call", {}, (302, 200, 200, 200, 403)),
    ("GET", f"/calls/{call_sid(GOING_ON)}/cases", {}, (302, 200, 200, 200, 403)),
    ("GET", f"/calls/{call_sid(OF_ANOTHER)}/cases", {}, (302, 404, 200, 200, 403)),
    (
        "POST",
        f"/calls/{call_sid(GOING_ON)}/cases",
        {"kind": "billing"},
        (302, 302, 302, 302, 403),
    ),
    (
        "POST",
        f"/calls/{call_sid(GOING_ON)}/cases/added",
        {"key": "R-222-222-2", "part": "later"},
        (302, 400, 400, 400, 403),
    ),
    ("POST", "/cases/{case_key}/consent", {"answer": "refused"}, (302, 302, 302, 302, 403)),
    ("POST", "/cases/{case_key}/content", {"content": "x"}, (302, 302, 302, 302, 403)),
    ("POST", "/cases/{case_key}/notes", {"note": "x"}, (302, 302, 302, 302, 403)),
    (
        "POST",
        "/cases/{case_key}/incomplete",
        {"missing": "x", "asked_how": ""},
        (302, 302, 302, 302, 403),
    ),
    ("POST", "/cases/{case_key}/complete", {"came": "x"}, (302, 400, 400, 400, 403)),
    ("POST", "/cases/{case_key}/receipt", {}, (302, 200, 200, 200, 403)),
    ("POST", "/cases/{case_key}/mail", {"to": "ana@example.com"}, (302, 400, 400, 400, 403)),
    ("POST", "/cases/years", {"year": "2026", "what": "cases"}, (302, 403, 403, 200, 200)),
    (
        "POST",
        "/cases/{case_key}/closed",
        {"notified_at": "today", "how": "by post", "resolution": ""},
        (302, 403, 302, 302, 403),
    ),
    ("GET", "/requests", {}, (302, 403, 403, 200, 200)),
    ("POST", "/requests", ASKED, (302, 403, 403, 302, 403)),
    ("GET", "/requests/AR-1", {}, (302, 403, 403, 200, 200)),
    ("POST", "/requests/AR-1/identity", {"how": "x"}, (302, 403, 403, 302, 403)),
    (
        "POST",
        "/requests/AR-1/copies",
        {"sid": "", "copies": "whole", "why": "x"},
        (302, 403, 403, 302, 403),
    ),
    ("POST", "/requests/AR-1/term", {"months": "2", "why": "x"}, (302, 403, 403, 302, 403)),
    ("POST", "/requests/AR-1/archive", {}, (302, 403, 403, 400, 403)),
    ("POST", "/requests/AR-1/delivery", {"to": "x", "how": "x"}, (302, 403, 403, 400, 403)),
    ("POST", "/requests/AR-1/refusal", {"why": "x"}, (302, 403, 403, 302, 403)),
    (
        "POST",
        f"/recordings/{recording_sid(PARKED)}/admit",
        {"ground": ""},
        (302, 403, 403, 302, 403),
    ),
    ("GET", "/audit", {}, (302, 403, 403, 200, 200)),
    ("POST", "/audit", {"who": "ana", "action": ""}, (401, 403, 403, 302, 302)),
    ("GET", "/audit.csv", {}, (302, 403, 403, 200, 200)),
    ("GET", "/audit.pdf", {}, (302, 403, 403, 200, 200)),
    ("POST", "/audit/verify", {}, (302, 403, 403, 302, 302)),
    ("GET", "/audit/1/proof.json", {}, (302, 403, 403, 302, 302)),
    ("GET", "/users", {}, (302, 403, 403, 200, 403)),
    ("POST", "/users", NEW, (302, 403, 403, 302, 403)),
    ("GET", "/users/{sergio}", {}, (302, 403, 403, 200, 403)),
    ("POST", "/users/{sergio}", CHANGED, (302, 403, 403, 302, 403)),
    ("POST", "/users/{sergio}/second-factor", {}, (302, 403, 403, 302, 403)),
    ("GET", "/sign-in/code", {}, (302, 302, 302, 302, 302)),
    ("POST", "/sign-in/code", {"code": "123456"}, (302, 302, 302, 302, 302)),
    ("GET", "/sign-in/set-up", {}, (302, 302, 302, 302, 302)),
    ("POST", "/sign-in/set-up", {"code": "123456"}, (302, 302, 302, 302, 302)),
    ("GET", "/sign-in/company", {}, (404, 404, 404, 404, 404)),
    ("GET", "/sign-in/company/back", {}, (404, 404, 404, 404, 404)),
    ("GET", "/account", {}, (302, 200, 200, 200, 200)),
    ("POST", "/account/password", OWN_PASSWORD, (302, 302, 302, 302, 302)),
    ("GET", "/account/second-factor", {}, (302, 200, 200, 200, 200)),
    ("POST", "/account/second-factor", {"code": "1"}, (302, 400, 400, 400, 400)),
    ("POST", "/account/second-factor/off", {"password": PASSWORD}, (302, 302, 302, 302, 302)),
    ("POST", "/account/recovery-codes", {"password": PASSWORD}, (302, 400, 400, 400, 400)),
    ("POST", "/voice", {}, (403, 403, 403, 403, 403)),
    ("POST", "/softphone", {}, (403, 403, 403, 403, 403)),
    ("POST", "/softphone/fallback", {}, (403, 403, 403, 403, 403)),
    ("POST", "/twirec/connect", {}, (403, 403, 403, 403, 403)),
    ("POST", "/twirec/consent/0", {}, (403, 403, 403, 403, 403)),
    ("POST", "/twirec/outbound/x", {}, (403, 403, 403, 403, 403)),
    ("POST", "/twirec/fallback/x", {}, (403, 403, 403, 403, 403)),
    ("POST", "/twirec/agent/x", {}, (403, 403, 403, 403, 403)),
    ("POST", "/twirec/agent_fallback/x", {}, (403, 403, 403, 403, 403)),
    ("POST", "/twirec/announce", {}, (403, 403, 403, 403, 403)),
    ("POST", f"/twirec/announced/{CALL}/0", {}, (403, 403, 403, 403, 403)),
    ("POST", "/twirec/dequeued", {}, (403, 403, 403, 403, 403)),
    ("POST", "/twirec/conference", {}, (403, 403, 403, 403, 403)),
    ("POST", "/twirec/ended", {}, (403, 403, 403, 403, 403)),
    ("POST", "/twirec/status", {}, (403, 403, 403, 403, 403)),
    ("POST", "/twirec/ping", {}, (403, 403, 403, 403, 403)),
    ("GET", "/twirec/ping", {}, (200, 200, 200, 200, 200)),
    ("GET", f"/twirec/audio/{'0' * 64}.wav", {}, (404, 404, 404, 404, 404)),
    ("GET", "/twirec/disclosed/{secret}", {}, (200, 200, 200, 200, 200)),
    ("POST", "/twirec/disclosed/x", {"code": "x"}, (404, 404, 404, 404, 404)),
    ("GET", "/twirec/disclosed/{opened}/{ticket}", {}, (200, 200, 200, 200, 200)),
    ("GET", "/twirec/disclosed/{opened}/{ticket}/audio", {}, (200, 200, 200, 200, 200)),
    ("GET", "/twirec/disclosed/{opened}/{ticket}/file", {}, (200, 200, 200, 200, 200)),
)
FOR_ALL = {
    "static",
    "language",
    "auth.sign_in",
    "auth.sign_out",
    "second.code",
    "second.set_up",
    "provider.begin",
    "provider.back",
    "panel.home",
    "probes.healthz",
    "probes.readyz",
    "probes.readyz_part",
    "probes.readyz_archive",
    "probes.metrics",
    "twirec.audio",
    "twirec.whose",
    *(f"twirec_disclosed.{name}" for name in ("look", "open", "opened", "audio", "file")),
}
"""What needs no permission, and is not for Twilio alone."""

OF_TWILIO = ("/twirec/", "/voice", "/softphone")
ABOUT_FILES = pytest.mark.about_sqlite("what is there before and after is read from the files")

POSTS = [
    (path, form)
    for method, path, form, _ in TABLE
    if method == "POST" and not path.startswith(OF_TWILIO)
]


@pytest.fixture(scope="module")
def refusing(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One for all who are refused: of it nothing but the audit log changes."""
    with house_of(template, tmp_path_factory.mktemp("refusing") / "house") as house:
        archive: Archive = house.app.extensions["archive"]
        archive.recordings.waveform(RECORDING)  # measured when a page asks for it first
        yield house


def is_private(path: str) -> bool:
    return path not in ("/", "/language") and not path.startswith("/sign-")


def is_refused(path: str, role: Role | None, status: int) -> bool:
    return status >= 400 or (role is None and is_private(path) and status == 302)


def roles_of(path: str, expected: tuple[int, ...]) -> tuple[Role | None, ...]:
    """Return the roles that ask: on PostgreSQL one that is let through, whose queries are asked."""
    if not POSTGRESQL:
        return ROLES
    through = [
        role
        for role, status in zip(ROLES, expected, strict=True)
        if not is_refused(path, role, status)
    ]
    return tuple(through[-2:-1] or through)


@pytest.mark.parametrize(
    ("method", "path", "form", "expected"),
    TABLE,
    ids=[f"{method} {path}" for method, path, _, _ in TABLE],
)
def test_a_route_answers_a_role_as_the_table_says(
    template: Template,
    read_only: House,
    refusing: House,
    tmp_path: Path,
    method: str,
    path: str,
    form: Mapping[str, str],
    expected: tuple[int, ...],
) -> None:
    refused, let_through = [], []
    for role in roles_of(path, expected):
        its = refused if is_refused(path, role, expected[ROLES.index(role)]) else let_through
        its.append(role)
    path = path.format_map(template.named)

    def ask(app: Flask, role: Role | None) -> TestResponse:
        who = Browser(app, template.passes[role])
        answer = who.get(path) if method == "GET" else who.post(path, form)
        assert (role, answer.status_code) == (role, expected[ROLES.index(role)])
        return answer

    before = unaudited(refusing.folder) if refused else {}
    for role in refused:
        answer = ask(refusing.app, role)
        assert answer.status_code != 302 or answer.headers["Location"].startswith("/sign-in")
    assert not refused or unaudited(refusing.folder) == before
    for role in let_through:
        if method == "GET":
            ask(read_only.app, role)
        else:
            with house_of(template, tmp_path / (role or "nobody")) as house:
                ask(house.app, role)


def test_every_route_is_in_the_table(app: Flask, template: Template) -> None:
    urls = app.url_map.bind("localhost")
    listed = {
        (method, urls.match(path.format_map(template.named), method)[0])
        for method, path, _, _ in TABLE
    }
    there = {
        (method, rule.endpoint)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert listed == there


def test_every_view_says_which_permission_it_needs_but_a_few(app: Flask) -> None:
    without = {name for name, view in app.view_functions.items() if not hasattr(view, "permission")}
    twilios = {name for name in without if name.startswith(("twirec.", "voice."))}
    assert without - twilios == FOR_ALL - {"twirec.audio", "twirec.whose"}


@ABOUT_FILES
@pytest.mark.parametrize(
    ("role", "token"),
    [
        *((role, None) for role in ROLES),
        *((role, token) for role in (None, Role.ADMIN) for token in ("", "nonsense")),
    ],
)
def test_a_form_without_its_token_changes_nothing(
    refusing: House, template: Template, role: Role | None, token: str | None
) -> None:
    before = everything(refusing.folder)
    for path, form in POSTS:
        who = Browser(refusing.app, template.passes[role])
        answer = who.post(path.format_map(template.named), {**form, "csrf_token": token})
        if role is None and path in COMES_BACK:
            assert (path, answer.status_code) == (path, 401)
            continue
        assert (path, answer.status_code) == (path, 400)
        assert "This page was open for too long" in answer.text
    assert everything(refusing.folder) == before


@ABOUT_FILES
def test_a_form_from_elsewhere_changes_nothing(admin: Browser, folder: Path) -> None:
    before = everything(folder)
    for elsewhere in ("https://evil.example/", "https://localhost.evil.example/", ""):
        headers = {"Referer": elsewhere}
        assert admin.post("/recording", SWITCH, headers=headers).status_code == 400
    assert everything(folder) == before


@ABOUT_FILES
def test_another_ones_token_is_worth_nothing(
    admin: Browser, supervisor: Browser, folder: Path
) -> None:
    before = everything(folder)
    admin.token = supervisor.token
    assert admin.post("/recording", SWITCH).status_code == 400
    assert everything(folder) == before


def unaudited(folder: Path) -> dict[str, list[Any]]:
    """Return all that the databases hold but the audit log, where refusals are too."""
    return {name: rows for name, rows in everything(folder).items() if name != "audit"}


def everything(folder: Path) -> dict[str, list[Any]]:
    """Return all rows that the databases hold, by table."""
    rows = defaultdict[str, list[Any]](list)
    for name in ("catalog.db", "callpanel.db"):
        with closing(sqlite3.connect(folder / name)) as raw:
            tables = raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            for (table,) in tables:
                rows[table] += raw.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608
    return rows
