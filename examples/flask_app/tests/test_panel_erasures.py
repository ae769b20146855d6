"""Erasing in the panel: what is ordered, decided by a second person, and forgotten by the panel."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from panel_house import NUMBERS, OUT, PLAIN, Browser, call_sid, recording_sid

from callpanel import accounts
from callpanel.panel.two_people import OF_ACCOUNTS
from twirec import Actor, Archive, Custody

EVA = Actor("eva", "admin")
CALL, SID = call_sid(PLAIN), recording_sid(PLAIN)


def number_of(archive: Archive) -> str:
    return archive.calls.get(CALL, by=EVA).call.customer_number


def test_a_wrong_form_comes_back_and_nothing_is_erased(archive: Archive, admin: Browser) -> None:
    for form, status in (
        ({"what": "oculto", "how": "block", "reason": "x"}, 400),
        ({"what": "699000000", "how": "block", "reason": "x"}, 404),
        ({"what": CALL, "how": "now", "reason": "x", "ground": ""}, 400),
        ({"what": CALL, "how": "block", "reason": ""}, 400),
    ):
        answer = admin.post("/erasures", form)
        assert answer.status_code == status, form
        assert form["what"] in answer.text
    assert archive.custody.certificates.list(by=EVA) == []


def test_a_call_is_blocked_from_its_page(
    archive: Archive, admin: Browser, auditor: Browser
) -> None:
    assert f"/erasures?of={CALL}" in admin.get(f"/calls/{CALL}").text
    assert "/erasures?of=" not in auditor.get(f"/calls/{CALL}").text
    form = {"what": CALL, "how": "block", "reason": "they asked", "ground": "ignored"}
    number = number_of(archive)
    path = admin.post("/erasures", form).headers["Location"]
    page = auditor.get(path).text
    assert "they asked" in page
    assert recording_sid(PLAIN) in page
    assert number[1:] not in page
    for who in (admin, auditor):
        call = who.get(f"/calls/{CALL}").text
        assert number[1:] not in call.replace(" ", "")
        assert "It is blocked: kept for authorities only" in call
    assert auditor.get(f"{path}/certificate.pdf").data.startswith(b"%PDF-")
    assert archive.catalog.recordings.get(recording_sid(PLAIN)).custody is Custody.BLOCKED


def test_one_asks_and_cannot_approve_it_alone(archive: Archive, admin: Browser) -> None:
    form = {"what": CALL, "how": "now", "reason": "asked", "ground": "art. 17"}
    path = admin.post("/erasures", form).headers["Location"]
    assert "It waits for a second person" in admin.get(path).text
    assert admin.post(f"{path}/approved").status_code == 409
    assert admin.post(f"{path}/refused", {"why": ""}).status_code == 400
    assert admin.post(f"{path}/refused", {"why": "a mistake"}).status_code == 302
    assert admin.post(f"{path}/refused", {"why": "a mistake"}).status_code == 409
    assert admin.post(f"{path}/approved").status_code == 409
    assert "nothing was erased" in admin.get(path).text
    asked = archive.custody.erase(CALL, reason="x", by=EVA, now=True, ground="art. 17")
    assert admin.post(f"/erasures/{asked.id}/approved").status_code == 302
    assert archive.custody.certificates.get(asked.id, by=EVA).erasure.approved_by == "ana"


def test_searches_are_forgotten_when_a_second_person_approves(
    archive: Archive, admin: Browser
) -> None:
    number = number_of(archive)
    waits = archive.custody.erase(number, reason="x", by=EVA, now=True, ground="art. 17")
    archive.custody.erase(NUMBERS[OUT], reason="another", by=EVA)  # which is newer, and seen
    kept = admin.post("/calls/search", {"text": number}).headers["Location"]
    admin.post("/calls/search", {"text": "today"})
    assert admin.get(kept).status_code == 200
    approval = archive.custody.certificates.get(waits.id, by=EVA).approval
    archive.custody.approvals.approve(approval, by=Actor("ana", "admin"))  # elsewhere
    admin.post("/calls/search", {"text": "today"})
    assert admin.get(kept).status_code == 410


def test_an_account_that_who_asked_has_a_hand_in_is_no_second_person(
    archive: Archive, app: Flask, admin: Browser
) -> None:
    """One that is younger than the request, or that they changed since."""
    asked = archive.custody.erase(CALL, reason="x", by=EVA, now=True, ground="art. 17")
    hold = archive.custody.hold(SID, case="C-9", reason="a claim", by=EVA)
    lift = archive.custody.unhold(SID, case="C-9", reason="settled", by=EVA)
    assert hold.id in lift.subject["holds"]

    def refused() -> None:
        for path in (f"/erasures/{asked.id}/approved", f"/approvals/{lift.id}/approve"):
            answer = admin.post(path, follow_redirects=True)
            assert "Your account is younger than the request" in answer.text
        assert [each.id for each in archive.custody.approvals.pending(by=EVA)] == [
            asked.approval,
            lift.id,
        ]
        entry = archive.audit.log(action="approve", limit=1)[0]
        assert (entry.by, entry.outcome, entry.detail["why"]) == ("ana", "denied", "account")

    with app.app_context():
        ana = accounts.find("ana")
        assert ana
        made, ana.made_at = ana.made_at, ana.made_at + timedelta(days=1)
        accounts.keep()
        refused()
        ana.made_at = made
        accounts.keep()
    for action in OF_ACCOUNTS:
        archive.audit.record(action, by=Actor("bo", "admin"), detail={"user": "ana"})
        archive.audit.record(action, by=EVA, detail={"user": "somebody"})
    archive.audit.record("second_factor_reset", by=Actor("os:eva", "admin"), detail={"user": "ana"})
    refused()


def test_searches_for_an_erased_number_are_forgotten(archive: Archive, admin: Browser) -> None:
    number = number_of(archive)
    searches = {
        text: admin.post("/calls/search", {"text": text}).headers["Location"]
        for text in (number, "699 00 01 99", "yesterday")
    }
    archive.custody.erase(number, reason="asked", by=EVA)  # elsewhere, such as by a command
    admin.post("/calls/search", {"text": "today"})
    assert admin.get(searches[number]).status_code == 410
    assert admin.get(searches["yesterday"]).status_code == 200
    again = admin.post("/calls/search", {"text": number}).headers["Location"]
    form = {"what": number, "how": "block", "reason": "asked again"}
    assert admin.post("/erasures", form).status_code == 302
    assert admin.get(again).status_code == 410
