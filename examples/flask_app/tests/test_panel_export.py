"""Calls that leave together: columns, CSV, several recordings as one zip; and the wall."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from panel_house import (
    BLOCKED,
    GOING_ON,
    HIDDEN,
    OF_ANOTHER,
    OUT,
    PLAIN,
    REFUSED,
    Browser,
    Template,
    call_sid,
    recording_sid,
)

from callpanel.panel.export import harmless
from twirec import Archive, AuditOutcome, BytesDiffer

EVERYTHING = [
    *("when", "customer", "direction", "own_number", "seconds", "state", "reason", "agents"),
    *("case", "notes", "call_sid"),
]
FOR = {"purpose": "quality"}


def rows(browser: Browser, columns: list[str], **asked: str) -> list[list[str]]:
    q = browser.post("/calls/search", asked).headers["Location"].partition("q=")[2]
    answer = browser.post("/calls/csv", {"q": q, "columns": columns})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "calls.csv" in answer.headers["Content-Disposition"]
    return list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"), newline="")))


def test_a_csv_has_the_order_of_the_list(supervisor: Browser) -> None:
    orders = []
    for order in ("", "oldest"):
        answer = supervisor.post("/calls/csv", {"order": order, "columns": ["call_sid"]})
        orders.append(answer.get_data().decode("utf-8-sig").splitlines()[1:])
    newest, oldest = orders
    assert len(newest) > 2
    assert newest[0] == call_sid(PLAIN)
    assert oldest == newest[::-1]


def test_a_search_is_given_as_csv_and_is_on_the_log(supervisor: Browser, archive: Archive) -> None:
    head, *found = rows(supervisor, EVERYTHING, text="600 111 222")
    assert head[:4] == ["When", "Customer", "Direction", "Our number"]
    (only,) = found
    assert only[:5] == [
        "2026-11-23T11:14:00+01:00",
        "'+34600111222",
        "incoming",
        "'+34911000111",
        "6",
    ]
    assert only[8:] == ["C-7", "asks for a refund", call_sid(PLAIN)]
    exports = archive.audit.log(action="export")
    assert [(each.by, each.detail["calls"]) for each in exports] == [("sergio", 1)]
    assert len(rows(supervisor, ["call_sid"])) == 10


def test_a_note_is_no_formula(supervisor: Browser) -> None:
    form = {"note": '=HYPERLINK("https://evil.example","x")', "seen": "1"}
    supervisor.post(f"/calls/{call_sid(PLAIN)}/notes", form)
    _, only = rows(supervisor, ["notes"], text="600 111 222")
    assert only == ['asks for a refund | =HYPERLINK("https://evil.example","x")']
    for text in ("=1+1", "+34600", "-1", "@SUM(A1)", "\t1", "\r1"):
        assert harmless(text) == f"'{text}"
    assert harmless("\t=1") == "'\t'=1"
    for text in ("C-7", "a, b; c - d", "ana@example.com, +34600"):
        assert harmless(text) == text


@pytest.mark.parametrize("parts", [",", ";", "\t"])
def test_a_note_is_no_formula_either_where_other_signs_part_cells(
    supervisor: Browser, admin: Browser, archive: Archive, parts: str
) -> None:
    bad = "=1+1"
    form = {"note": f"x{parts}{bad}", "seen": "1"}
    supervisor.post(f"/calls/{call_sid(PLAIN)}/notes", form)
    archive.audit.record("annotate", by="ana", detail={"why": f"x{parts}{bad}"})
    calls = supervisor.post("/calls/csv", {"q": "", "columns": "notes"}).text
    for text in (calls, admin.get("/audit.csv").text):
        cells = [each for row in csv.reader(io.StringIO(text), delimiter=parts) for each in row]
        assert any(bad in each for each in cells)
        assert not [each for each in cells if each.strip('"').startswith("=")]


def test_what_custody_hides_is_in_no_csv(supervisor: Browser, admin: Browser) -> None:
    assert rows(supervisor, ["seconds"], text="600 333 444")[1] == [""]
    assert rows(admin, ["seconds"], text="600 333 444")[1] == ["6"]


def test_columns_are_chosen_for_the_list(supervisor: Browser) -> None:
    def heads() -> list[str]:
        page = supervisor.get("/calls").text.partition("<thead>")[2].partition("</thead>")[0]
        return [each.partition("<")[0] for each in page.split('<th scope="col">')[1:]]

    assert heads()[-1] == "Case number"
    supervisor.post("/calls/columns", {"columns": ["when", "notes", "agents"], "q": ""})
    assert heads() == ["When", "Customer", "Agents", "Notes"]
    assert "asks for a refund" in supervisor.get("/calls/newest").text
    answer = supervisor.post("/calls/columns", {"q": ""}, follow_redirects=True)
    assert "Choose the columns." in answer.text


def test_several_recordings_come_as_one_zip_each_on_the_log(
    supervisor: Browser, archive: Archive, template: Template
) -> None:
    sids = [call_sid(number) for number in (PLAIN, OUT, HIDDEN, BLOCKED, REFUSED)]
    answer = supervisor.post("/calls/zip", {"sid": sids, **FOR})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.get_data())) as archived:
        assert archived.testzip() is None
        manifest = json.loads(archived.read("manifest.json"))
        sums = archived.read("SHA256SUMS").decode()
        names = [each["file"] for each in manifest["files"]]
        assert [each["recording_sid"] for each in manifest["files"]] == [
            recording_sid(PLAIN),
            recording_sid(OUT),
        ]
        for each in manifest["files"]:
            data = archived.read(each["file"])
            assert data == template.wav
            assert each["sha256"] == hashlib.sha256(data).hexdigest()
            assert f"{each['sha256']}  {each['file']}\n" in sums
        assert sorted(archived.namelist()) == sorted([*names, "manifest.json", "SHA256SUMS"])
    done = archive.audit.log(action="download")
    heard = {each.sid for each in done if each.outcome is AuditOutcome.TRIED}
    assert heard == {recording_sid(PLAIN), recording_sid(OUT)}


def test_a_zip_is_refused_where_nothing_or_too_much_is_chosen(
    supervisor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def said(**form: object) -> str:
        answer = supervisor.post("/calls/zip", form, follow_redirects=True)
        assert answer.headers["Content-Type"].startswith("text/html")
        return answer.text

    assert "Choose 1 to 25 calls" in said(**FOR)
    assert "Choose 1 to 25 calls" in said(**FOR, sid=[call_sid(each) for each in range(26)])
    assert "has a recording that you may have" in said(**FOR, sid=[call_sid(REFUSED), "x"])
    assert "Choose what you listen for." in said(sid=[call_sid(PLAIN)])
    monkeypatch.setattr("callpanel.panel.export.MOST_BYTES", 1)
    assert "choose fewer calls" in said(**FOR, sid=[call_sid(PLAIN)])


def test_bytes_that_differ_break_a_zip_off(
    supervisor: Browser, archive: Archive, template: Template
) -> None:
    stored = archive.calls.get(call_sid(PLAIN)).recordings[0]
    path = archive.settings.bucket.removeprefix("file://") + f"/{stored.object_name}"
    with Path(path).open("r+b") as file:
        file.seek(5000)
        file.write(b"\0\1\2\3")
    answer = supervisor.post("/calls/zip", {"sid": [call_sid(PLAIN)], **FOR}, buffered=False)
    with suppress(BytesDiffer):  # as it is streamed, it breaks off
        assert not zipfile.is_zipfile(io.BytesIO(answer.get_data()))
    assert archive.audit.log(action="differs")


def test_the_wall_shows_who_is_on_the_phone_and_whether_it_is_recorded(
    supervisor: Browser,
) -> None:
    page = supervisor.get("/now").text
    for number in (GOING_ON, OF_ANOTHER):
        assert f"/calls/{call_sid(number)}" in page
    assert "client:berta" in page
    assert "badge recording" in page
    first = supervisor.get("/now/calls")
    assert 'data-live="/now/calls"' in page
    again = supervisor.get("/now/calls", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code) == (200, 304)
