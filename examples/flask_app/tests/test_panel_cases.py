"""Cases in the panel: three taps during a call, what is loud, and what a blocked call shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from panel_house import (
    BLOCKED,
    GOING_ON,
    NOW,
    NUMBERS,
    PLAIN,
    Browser,
    Template,
    call_sid,
    recording_sid,
)
from sqlalchemy import update

from callpanel.roles import Role
from twirec import Action, Actor, Approval, ApprovalKind, Archive, Hold, SealUnusable
from twirec.adapters.smtp import MailServer
from twirec.catalog.tables import recordings
from twirec.model.audit import AuditDraft

ANA, ALEX = Actor("ana", "admin"), Actor("alex", "agent")


@pytest.fixture
def agent(browser: Callable[[Role | None], Browser]) -> Browser:
    return browser(Role.AGENT)


@pytest.fixture
def supervisor(browser: Callable[[Role | None], Browser]) -> Browser:
    return browser(Role.SUPERVISOR)


def test_an_agent_opens_a_case_and_writes_down_the_answer(agent: Browser, archive: Archive) -> None:
    taken = f"/calls/{call_sid(GOING_ON)}/cases"
    assert f'href="{taken}"' in agent.get("/desk").text
    assert 'value="outage"' in agent.get(taken).text
    asked = agent.post(taken, {"kind": "outage"}).location
    key = asked.split("/")[2]
    page = agent.get(asked).text
    assert f'<h1 class="case-key">{key}</h1>' in page
    assert '<blockquote class="say" lang="es">' in page
    assert "Consiente" in page
    assert agent.post(f"/cases/{key}/consent", {"answer": "refused"}).location == asked
    assert "It goes on without a recording for the case." in agent.get(asked).text
    assert agent.post(f"/cases/{key}/content", {"content": "no light"}).status_code == 302
    page = agent.get(f"/cases/{key}").text
    assert "no light" in page
    assert "the customer said no" in page
    assert "Close the case" not in page
    known = archive.cases.get(key, by=ANA)
    assert [step.by for step in known.steps] == ["alex"] * 3


def test_the_customer_says_a_key_in_another_call_or_to_the_search(
    agent: Browser, supervisor: Browser, template: Template
) -> None:
    key = template.given["case_key"]
    added = f"/calls/{call_sid(GOING_ON)}/cases/added"
    wrong = key[:-1] + ("2" if key[-1] != "2" else "3")
    answer = agent.post(added, {"key": wrong, "part": "closing"})
    assert answer.status_code == 400
    assert "have it said again" in answer.text
    typed = key.replace("-", "").lower()
    assert agent.post(added, {"key": typed, "part": "closing"}).location == f"/cases/{key}/call"
    assert "told of the resolution in it" in agent.get(f"/cases/{key}").text
    assert agent.post("/cases", {"what": typed}).location == f"/cases/{key}"
    asked = {"text": key, "outcome": "", "direction": "", "reason": "", "consent": "", "state": ""}
    assert supervisor.post("/calls/search", asked).location == f"/cases/{key}"
    assert "have it said again" in supervisor.post("/cases", {"what": wrong}).text


def test_a_case_is_closed_with_the_date_on_which_the_customer_was_told(
    supervisor: Browser, template: Template
) -> None:
    key = template.given["case_key"]
    incomplete = {"missing": "the invoice", "asked_how": "by e-mail"}
    assert supervisor.post(f"/cases/{key}/incomplete", incomplete).status_code == 302
    assert "the term stands still" in supervisor.get("/cases").text
    assert supervisor.post(f"/cases/{key}/complete", {"came": "it"}).status_code == 302
    told = {"notified_at": "", "how": "by post", "resolution": "paid back"}
    assert supervisor.post(f"/cases/{key}/closed", told).status_code == 400
    late = supervisor.post(f"/cases/{key}/closed", {**told, "notified_at": "1/1/2027"})
    assert late.status_code == 400
    assert "paid back" in late.text
    told["notified_at"] = "today"
    assert supervisor.post(f"/cases/{key}/closed", told).location == f"/cases/{key}"
    page = supervisor.get(f"/cases/{key}").text
    assert "paid back" in page
    assert "Close the case" not in page
    assert key not in supervisor.get("/cases").text
    assert key in supervisor.get("/cases?all=1").text
    assert key not in supervisor.get("/cases?all=1&kind=outage").text
    assert supervisor.get("/cases?kind=nonsense").status_code == 404


def test_what_is_overdue_comes_first_and_is_loud(
    browser: Callable[[Role | None], Browser], archive: Archive, template: Template
) -> None:
    urgent = archive.cases.open(call_sid(PLAIN), "outage", by=ALEX).case.key
    archive.now = lambda: NOW + timedelta(hours=3)
    page = browser(Role.SUPERVISOR).get("/cases").text
    assert "1 case is overdue: tell the customer at once." in page
    assert page.index(urgent) < page.index(template.given["case_key"])
    loud = "1 case is overdue"
    assert loud in browser(Role.SUPERVISOR).get("/calls").text
    assert loud not in browser(Role.AGENT).get("/desk").text
    assert "Cases overdue" in browser(Role.ADMIN).get("/health").text


def test_of_a_closed_case_of_a_blocked_call_nothing_shows_but_that_it_was_there(
    browser: Callable[[Role | None], Browser], archive: Archive
) -> None:
    its = update(recordings).where(recordings.c.call_sid == call_sid(BLOCKED))
    with archive.catalog.database.write() as connection:
        connection.execute(its.values(custody="active"))  # before it was blocked
    shut = archive.cases.open(call_sid(BLOCKED), "billing", content="two of them", by=ALEX)
    with archive.catalog.database.write() as connection:
        connection.execute(its.values(custody="blocked"))
    key, number = shut.case.key, NUMBERS[BLOCKED]
    archive.cases.note(key, "rang Marta back", by=ALEX)
    page = browser(Role.AGENT).get(f"/cases/{key}").text  # the customer has still to be answered
    assert "two of them" in page
    assert "number blocked" not in page
    archive.cases.close(key, notified_at="today", how="by Marta", resolution="Marta paid", by=ANA)
    for role in (Role.ADMIN, Role.AUDITOR, Role.SUPERVISOR, Role.AGENT):
        shown = browser(role)
        page = shown.get(f"/cases/{key}").text
        for secret in ("two of them", "Marta", number, number.removeprefix("+34")):
            assert secret not in page, role
        assert "kept for authorities only" in page
        assert key in shown.get("/cases?all=1").text
        assert key not in shown.post("/cases", {"what": number}).text
    assert archive.cases.find(number, by=ANA) == []


def test_the_hold_of_an_open_case_is_not_lifted_by_two_admins(
    browser: Callable[[Role | None], Browser], archive: Archive, template: Template
) -> None:
    admin, key, now = browser(Role.ADMIN), template.given["case_key"], archive.now()
    entry = AuditDraft(now, "twirec", "twirec", Action.HOLD)
    sid = recording_sid(PLAIN)
    anew = Hold(key, "x", "twirec", now, recording_sid=sid)  # as of a catalog that was made anew
    hold = archive.catalog.holds.add(anew, entry)
    asked = Approval(
        ApprovalKind.UNHOLD, "eva", now, "x", now + timedelta(days=7), {"holds": [hold.id]}
    )
    waiting = archive.catalog.approvals.ask(asked, entry)
    said = {"case": key, "reason": "it is settled"}
    assert admin.post(f"/recordings/{sid}/unhold", said).status_code == 302
    assert admin.post(f"/approvals/{waiting.id}/approve", {}).status_code == 302
    assert admin.get("/approvals").text.count("close the case, and the hold ends") == 2
    assert key in archive.catalog.holds.cases(sid)


def test_a_receipt_is_sent_by_a_worker_and_the_page_says_where_it_stands(
    browser: Callable[[Role | None], Browser], archive: Archive, template: Template
) -> None:
    supervisor, key = browser(Role.SUPERVISOR), template.given["case_key"]
    nobody = MailServer("localhost", 1, begins_with_tls=True)
    mailing = replace(archive.settings, smtp=nobody, smtp_from="casos@acme.example")
    archive.settings = archive.cases.receipts._settings = mailing
    page = supervisor.get(f"/cases/{key}").text
    assert "Send by e-mail" in page
    assert supervisor.post(f"/cases/{key}/mail", {"to": "marta"}).status_code == 400
    sent = supervisor.post(f"/cases/{key}/mail", {"to": "marta@example.com"})
    assert (sent.status_code, sent.location) == (302, f"/cases/{key}")
    page = supervisor.get(f"/cases/{key}").text
    assert "The receipt will be sent" in page
    assert "Waits to be sent to marta@example.com" in page
    queue = archive.catalog.case_mails.queue(archive.now)
    lease = queue.claim(archive.now(), timedelta(minutes=1))
    assert lease
    queue.postpone(lease, archive.now() + timedelta(minutes=1), "MailNotSent: for now: 450.")
    assert "It was tried once in vain; again at" in supervisor.get(f"/cases/{key}").text
    lease = queue.claim(archive.now() + timedelta(minutes=2), timedelta(minutes=1))
    assert lease
    queue.postpone(lease, None, "MailRefused: The mail server refused the address for good: 550.")
    page = supervisor.get(f"/cases/{key}").text
    assert "It could not be delivered by e-mail" in page
    assert "refused the address for good: 550" in page
    assert "Receipt not delivered" in page
    assert (
        f'could not be delivered by e-mail: <a href="/cases/{key}">'
        in supervisor.get("/cases").text
    )
    assert "<small>1 could not be delivered</small>" in browser(Role.ADMIN).get("/health").text


def test_a_year_is_taken_out_by_who_may_as_tables_and_as_a_statement(
    browser: Callable[[Role | None], Browser], archive: Archive, template: Template
) -> None:
    auditor, key = browser(Role.AUDITOR), template.given["case_key"]
    assert '<option value="2026">' in auditor.get("/cases").text
    asked = {"year": "2026", "what": "cases"}
    table = auditor.post("/cases/years", asked)
    assert table.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert table.headers["Content-Disposition"] == "attachment; filename=cases-2026.csv"
    assert f"\r\n{key},complaint," in table.text
    waits = auditor.post("/cases/years", {**asked, "what": "waits"}).text
    assert waits.startswith("call,rang,taken,waited_seconds\r\n")
    statement = auditor.post("/cases/years", {**asked, "what": "statement"})
    assert statement.headers["Content-Type"] == "application/pdf"
    assert statement.data.startswith(b"%PDF")
    entries = archive.audit.log(action="case", who="aurora")
    assert [(each.by, each.detail["step"], each.detail["year"]) for each in entries] == [
        ("aurora", what, 2026) for what in ("statement", "waits", "cases")
    ]
    for wrong in ({"year": "2027"}, {"year": "x"}, {"what": "numbers"}):
        assert auditor.post("/cases/years", {**asked, **wrong}).status_code == 400
    archive.settings = archive.cases.years._settings = replace(archive.settings, seal="/nowhere")
    archive.cases.years._seal = unusable
    answer = auditor.post("/cases/years", {**asked, "what": "statement"})
    assert answer.status_code == 409
    assert "There is no seal" in answer.text
    supervisor = browser(Role.SUPERVISOR)
    assert "/cases/years" not in supervisor.get("/cases").text


def unusable() -> None:
    raise SealUnusable("TWIREC_SEAL: it is not there.")
