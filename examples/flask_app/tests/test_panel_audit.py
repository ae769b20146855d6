"""The audit log as people read it: one row for what was done, words of their language, files."""

from __future__ import annotations

import csv
import io

import pytest
from panel_house import PLAIN, Browser, House, call_sid, recording_sid

from callpanel import detail_words, vocabulary
from callpanel.searches import MOST_OF_ONE
from twirec import Action, Archive, AuditOutcome, check_evidence

SPANISH = {"Accept-Language": "es"}


def test_every_action_and_outcome_has_its_words() -> None:
    assert {each.value for each in Action} <= set(vocabulary.ACTIONS)
    assert {each.value for each in AuditOutcome} == set(vocabulary.OUTCOMES_OF_ACTS)


def test_a_listening_is_one_row_with_its_details_in_words(admin: Browser, archive: Archive) -> None:
    assert admin.get(f"/recordings/{recording_sid(PLAIN)}/audio").status_code in (200, 206)
    tried, *_ = archive.audit.log(action="listen")
    page = admin.get("/audit", headers=SPANISH).text
    if archive.audit.log(action="listen", limit=2)[0].outcome == "tried":
        assert "empezado" in page or "comenz" in page or "iniciado" in page
    ended = archive.audit.record(
        "listen",
        by="ana",
        sid=recording_sid(PLAIN),
        outcome="failed",
        detail={"tried": tried.seq, "error": "BucketUnavailable", "cut_short": True},
    )
    page = admin.get("/audit", headers=SPANISH).text
    assert f">{ended.seq}</td>" in page
    assert f">{tried.seq}</td>" not in page
    for said in ("fallo: el almacén no respondió", "interrumpido: sí"):
        assert said in page
    assert "BucketUnavailable" not in page


def test_an_entry_that_is_anchored_can_be_proven(admin: Browser, archive: Archive) -> None:
    entry = archive.audit.record("sign_out", by="ana")
    path = f"/audit/{entry.seq}/proof.json"
    assert "Not anchored in the bucket yet" in admin.get("/audit").text
    assert admin.get(path).status_code == 302
    assert "That entry is not anchored yet" in admin.get("/audit").text
    archive.audit.anchor()
    page = admin.get("/audit").text
    assert "Anchored in the bucket on" in page
    assert "No authority has time-stamped that." in page
    assert f'href="{path}"' in page
    answer = admin.get(path)
    assert answer.headers["Content-Disposition"] == f"attachment; filename=proof_{entry.seq}.json"
    assert check_evidence(io.BytesIO(answer.data)).holds
    assert admin.get("/audit/999999/proof.json").status_code == 404
    admin.post("/audit/verify")
    page = admin.get("/audit").text
    assert "The chain is whole" in page
    assert "It is what its anchors in the bucket say." in page


def test_it_is_found_by_number_by_call_and_by_a_name_in_any_case(
    admin: Browser, archive: Archive
) -> None:
    archive.audit.record("listen", by="ana", sid=recording_sid(PLAIN))
    for asked in ({"number": "600 111 222"}, {"sid": call_sid(PLAIN)}, {"who": "ANA"}):
        form = {"who": "", "action": "listen", "sid": "", "number": "", "since": "", "until": ""}
        answer = admin.post("/audit", form | asked)
        assert answer.status_code == 302, asked
        assert recording_sid(PLAIN) in admin.get(answer.headers["Location"]).text, asked
    assert MOST_OF_ONE > 3


def test_all_of_it_is_taken_out_as_a_table_in_which_nothing_is_a_formula(
    admin: Browser, archive: Archive
) -> None:
    archive.audit.record("annotate", by="=cmd()", sid=call_sid(PLAIN), detail={"why": "a;b"})
    answer = admin.get("/audit.csv", headers=SPANISH)
    assert answer.content_type == "text/csv; charset=utf-8"
    assert 'filename="audit_2026-11-23_12-15-00.csv"' in answer.headers["Content-Disposition"]
    text = answer.data.decode("utf-8-sig")
    heads, *lines = csv.reader(io.StringIO(text), delimiter=";")
    assert heads[:4] == ["Entrada", "Cuándo", "Hasta", "Quién"]
    assert {len(line) for line in lines} == {len(heads)}
    (hostile,) = (line for line in lines if "cmd" in line[3])
    assert hostile[3] == "'=cmd()"
    assert hostile[-1] == "motivo: a;b"
    assert archive.audit.log(limit=1)[0].action == "export_audit"


def test_the_newest_of_it_is_taken_out_as_a_document(admin: Browser, auditor: Browser) -> None:
    for browser in (admin, auditor):
        answer = browser.get("/audit.pdf")
        assert answer.content_type == "application/pdf"
        assert answer.data.startswith(b"%PDF-")


def test_others_take_nothing_out(supervisor: Browser, agent: Browser) -> None:
    for browser in (supervisor, agent):
        for path in ("/audit.csv", "/audit.pdf"):
            assert browser.get(path).status_code == 403


@pytest.mark.parametrize("path", ["/audit.csv", "/audit.pdf"])
def test_a_search_that_is_gone_takes_nothing_out(admin: Browser, path: str) -> None:
    assert admin.get(f"{path}?q=nothing").status_code == 410


def test_looking_through_the_list_of_calls_is_on_the_log_once(
    admin: Browser, archive: Archive
) -> None:
    before = len(archive.audit.log(action="search"))

    def searched() -> int:
        return len(archive.audit.log(action="search")) - before

    admin.post("/sign-out")
    admin.sign_in("ana")
    for path in ("/calls", "/calls", "/calls/newest", "/calls"):
        admin.get(path)
    assert searched() == 1
    answer = admin.post("/calls/search", {"text": "yesterday"})
    assert searched() == 2
    admin.get(answer.headers["Location"])
    assert searched() == 2


def test_the_names_of_details_that_the_panel_writes_are_known(read_only: House) -> None:
    assert {"user", "asked", "address", "format"} <= set(detail_words.NAMES)
    assert read_only.app is not None
