"""Identifiers that can be guessed or counted give nothing away."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from panel_house import (
    BLOCKED,
    GOING_ON,
    HIDDEN,
    OF_ANOTHER,
    PLAIN,
    Browser,
    House,
    Template,
    call_sid,
    recording_sid,
    without_what_differs,
)
from werkzeug.test import TestResponse

from callpanel import accounts
from callpanel.roles import Role
from twirec import Archive

NOWHERE = 4711
STRANGE = [
    recording_sid(PLAIN).lower(),
    recording_sid(PLAIN)[:-1],
    recording_sid(PLAIN) + "0",
    "%25",
    "_" * 34,
    "'%20OR%201=1--",
    "RE",
    "x" * 2000,
    "é" * 30,
    "+34600111222",
]


def at(who: Browser, sid: str) -> list[TestResponse]:
    """Return what somebody is answered about a call or recording, at every route."""
    return [
        who.get(f"/calls/{sid}"),
        who.post(f"/calls/{sid}/notes", {"note": "mine", "seen": "0"}),
        who.post(f"/calls/{sid}/case", {"case": "mine", "seen": ""}),
        who.get(f"/recordings/{sid}/audio"),
        who.get(f"/recordings/{sid}/audio", headers={"Range": "bytes=0-99"}),
        who.client.head(f"/recordings/{sid}/audio"),
        who.get(f"/recordings/{sid}/transcript"),
        who.post(f"/recordings/{sid}/download", {"format": "mp3", "channels": "both"}),
        who.post(f"/recordings/{sid}/download", {"format": "nonsense"}),
    ]


@pytest.mark.parametrize(
    "sid", [recording_sid(HIDDEN), recording_sid(BLOCKED), *STRANGE], ids=lambda sid: sid[:40]
)
def test_what_is_hidden_is_answered_like_what_is_not_there(
    read_only: House, template: Template, sid: str
) -> None:
    supervisor = Browser(read_only.app, template.passes[Role.SUPERVISOR])
    expected = [without_what_differs(each) for each in at(supervisor, recording_sid(NOWHERE))]
    assert {status for status, _ in expected} == {404}
    assert [without_what_differs(each) for each in at(supervisor, sid)] == expected


def test_a_path_that_leads_out_is_no_page(supervisor: Browser) -> None:
    answers = at(supervisor, "..%2f..%2fcatalog.db")
    assert {each.status_code for each in answers} == {404}
    shown = [each.text for each in answers if each.request.method != "HEAD"]
    assert all("There is no such page" in each for each in shown)


def test_the_call_of_a_hidden_recording_is_shown_without_it(supervisor: Browser) -> None:
    page = supervisor.get(f"/calls/{call_sid(HIDDEN)}").text
    assert "+34 600 333 444" in page
    assert recording_sid(HIDDEN) not in page
    assert "quarantine" not in page


def test_those_who_may_see_the_quarantine_cannot_hear_it(admin: Browser, archive: Archive) -> None:
    sid = recording_sid(HIDDEN)
    page = admin.get(f"/calls/{sid}").text
    assert sid in page
    assert "It is in quarantine: nothing proves that the caller was told" in page
    assert "<audio" not in page
    assert admin.get(f"/recordings/{sid}/audio").status_code == 403
    asked = {"format": "mp3", "channels": "both"}
    assert admin.post(f"/recordings/{sid}/download", asked).status_code == 403
    refused = archive.audit.log(sid=sid)
    assert [(each.action, each.outcome) for each in refused] == [
        ("download", "denied"),
        ("listen", "denied"),
        ("show", "done"),
    ]


@pytest.mark.parametrize(
    "sid",
    [call_sid(OF_ANOTHER), recording_sid(OF_ANOTHER), recording_sid(GOING_ON)],
)
@pytest.mark.parametrize("step", ["pause", "resume"])
def test_an_agent_learns_nothing_of_calls_that_are_not_theirs(
    agent: Browser, archive: Archive, sid: str, step: str
) -> None:
    expected = without_what_differs(agent.post(f"/desk/{call_sid(NOWHERE)}/{step}"))
    assert expected[0] == 404
    assert without_what_differs(agent.post(f"/desk/{sid}/{step}")) == expected
    entry = archive.audit.log(sid=sid)[0]
    assert (entry.by, entry.action, entry.outcome) == ("alex", "refused", "denied")
    assert entry.detail["asked"] == step


@pytest.mark.parametrize("role", [Role.AGENT, Role.AUDITOR])
def test_who_may_not_is_answered_alike_whether_it_is_there_or_not(
    browser: Callable[[Role | None], Browser], role: Role
) -> None:
    answers = []
    for sid in (recording_sid(PLAIN), recording_sid(NOWHERE)):
        status, page = without_what_differs(browser(role).get(f"/recordings/{sid}/audio"))
        assert status == 403
        answers.append(page.replace(sid, "what was asked for"))  # whether it is there or not
    assert answers[0] == answers[1]


@pytest.mark.parametrize("sid", [recording_sid(NOWHERE), recording_sid(HIDDEN), "+34600111222"])
def test_who_tries_what_is_hidden_is_on_the_audit_log(
    supervisor: Browser, archive: Archive, sid: str
) -> None:
    supervisor.get(f"/recordings/{sid}/audio")
    supervisor.post(f"/recordings/{sid}/download", {"format": "mp3"})
    entries = archive.audit.log(limit=2)
    assert [(each.action, each.outcome, each.by) for each in entries] == [
        ("download", "denied", "sergio"),
        ("listen", "denied", "sergio"),
    ]
    assert {each.sid for each in entries} == {"(a number)" if sid.startswith("+") else sid}


def test_accounts_cannot_be_counted(app: Flask) -> None:
    with app.app_context():
        ids = [each.id for each in accounts.everybody()]
    assert len(ids) == 4
    assert all(re.fullmatch("[0-9a-f]{32}", each) for each in ids)
    assert len({each[:4] for each in ids}) == 4


def test_an_account_that_is_not_there_is_not_found(admin: Browser) -> None:
    assert admin.get("/users/1").status_code == 404
    changed = {"role": "admin", "line": "", "password": "", "disabled": "no"}
    assert admin.post(f"/users/{'0' * 32}", changed).status_code == 404
