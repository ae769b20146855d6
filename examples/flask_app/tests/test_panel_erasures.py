"""Erasing in the panel: what is ordered, decided by a second person, and forgotten by the panel."""

from __future__ import annotations

from panel_house import NUMBERS, OUT, PLAIN, Browser, call_sid, recording_sid

from twirec import Actor, Archive, Custody

EVA = Actor("eva", "admin")
CALL = call_sid(PLAIN)


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
    path = admin.post("/erasures", form).headers["Location"]
    page = auditor.get(path).text
    assert "they asked" in page
    assert recording_sid(PLAIN) in page
    assert number_of(archive)[1:] not in page
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
