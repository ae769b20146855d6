"""Access requests in the panel: who sees them, their steps, and what is loud."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import timedelta

import pytest
from panel_house import NOW, NUMBERS, OUT, PLAIN, Browser, call_sid, recording_sid

from callpanel.roles import Role
from twirec import Archive

KEY = "/requests/AR-1"
"""The request for the number of the call PLAIN, which the house has."""

WHAT = {"since": "", "until": "", "received": "", "language": "en"}


@pytest.fixture
def admin(browser: Callable[[Role | None], Browser]) -> Browser:
    return browser(Role.ADMIN)


def test_a_request_is_answered_step_by_step(admin: Browser, archive: Archive) -> None:
    page = admin.get(KEY).text
    assert "A phone number is no identity." in page
    assert "<button disabled>Download the archive" in page
    refused = admin.post(f"{KEY}/archive")
    assert refused.status_code == 400
    assert "It is not the time" in refused.text or "proved who they are" in refused.text
    assert admin.post(f"{KEY}/identity", {"how": "identity card"}).location == KEY
    page = admin.get(KEY).text
    assert "Calls: 1. Copies that are given: 1." in page
    assert "identity card" in page
    packed = admin.post(f"{KEY}/archive")
    assert packed.status_code == 200
    assert packed.headers["Content-Disposition"] == "attachment; filename=AR-1.zip"
    with zipfile.ZipFile(io.BytesIO(packed.data)) as files:
        assert any(recording_sid(PLAIN) in name for name in files.namelist())
        assert b"Ana Soler" in files.read("letter.html")
    delivered = admin.post(f"{KEY}/delivery", {"to": "Ana Soler", "how": "by hand"})
    assert delivered.location == KEY
    page = admin.get(KEY).text
    assert "answered" in page
    assert "by hand" in page
    entries = archive.audit.log(sid="AR-1", action="access_request")
    assert {entry.detail["step"] for entry in entries} >= {"identified", "packed", "delivered"}


def test_what_is_overdue_is_loud_on_every_page_of_those_it_concerns(
    browser: Callable[[Role | None], Browser], archive: Archive
) -> None:
    assert "overdue" not in browser(Role.ADMIN).get("/calls").text
    archive.now = lambda: NOW + timedelta(days=40)
    archive.custody.access_requests.open(NUMBERS[OUT], name="Bo", received="2026-11-01", by="ana")
    fresh = {role: browser(role) for role in (Role.ADMIN, Role.AUDITOR, Role.SUPERVISOR)}
    for role, loud in ((Role.ADMIN, True), (Role.AUDITOR, True), (Role.SUPERVISOR, False)):
        assert ("2 overdue" in fresh[role].get("/calls").text) is loud, role
    assert "Access requests overdue" in fresh[Role.ADMIN].get("/health").text
    metrics = {"Authorization": "Bearer a token for tests, as long as it has to be"}
    answer = browser(None).get("/metrics", headers=metrics)
    assert "twirec_access_requests_overdue 2.0" in answer.text


def test_what_cannot_be_is_said_on_the_page_with_what_was_typed(admin: Browser) -> None:
    for wrong, said in (
        ({"number": "1222", "name": "Bo"}, "Give the whole number"),
        ({"number": "anonymous", "name": "Bo"}, "Give the whole number"),
        ({"number": "911000111", "name": "Bo"}, "company&#39;s own"),
        ({"number": "600111222", "name": ""}, "This field is required"),
        ({"number": "600111222", "name": "Bo", "received": "soon"}, "Not a valid date"),
        ({"number": "600111222", "name": "Bo", "received": "2027-01-01"}, "still to come"),
        ({"number": "600111222", "name": "Bo", "since": "whenever"}, "since"),
    ):
        answer = admin.post("/requests", {**WHAT, **wrong})
        assert answer.status_code == 400, wrong
        assert said in answer.text or "Give the whole number" in answer.text, wrong
    assert admin.get("/requests/AR-99").status_code == 404
    assert admin.get("/requests/nonsense").status_code == 404
    assert admin.get("/requests?all=1&before=nonsense").status_code == 404
    for path, form in (
        ("copies", {"sid": "", "copies": "left_out", "why": "x"}),
        ("copies", {"sid": call_sid(OUT), "copies": "whole", "why": "x"}),
        ("term", {"months": "5", "why": "x"}),
        ("delivery", {"to": "x", "how": "x"}),
        ("refusal", {"why": " "}),
    ):
        assert admin.post(f"{KEY}/{path}", form).status_code == 400, path


def test_a_call_is_left_out_by_a_decision_that_stays_with_the_request(admin: Browser) -> None:
    form = {"sid": call_sid(PLAIN), "copies": "left_out", "why": "her mother's call"}
    assert admin.post(f"{KEY}/copies", form).location == KEY
    page = admin.get(KEY).text
    assert "Calls left out: 1." in page
    assert "her mother&#39;s call" in page


def test_an_auditor_sees_the_steps_and_no_forms(
    browser: Callable[[Role | None], Browser], archive: Archive
) -> None:
    auditor = browser(Role.AUDITOR)
    page = auditor.get(KEY).text
    assert "Opened" in page
    assert "Check who asks" not in page
    assert "Open a request" not in auditor.get("/requests").text
    looked = archive.audit.log(sid="AR-1", who="aurora")
    assert looked == []


def test_the_list_has_the_open_ones_and_all_of_them(admin: Browser) -> None:
    assert admin.post(f"{KEY}/refusal", {"why": "did not prove who they are"}).location == KEY
    assert "None is open." in admin.get("/requests").text
    every = admin.get("/requests?all=1").text
    assert "AR-1" in every
    assert "refused" in every
    assert "did not prove" in admin.get(KEY).text
