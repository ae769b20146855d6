"""Small ways of the panel: back to the list, out of quarantine, who took a call, a switch."""

from __future__ import annotations

import re

from panel_house import (
    LINE,
    NOTHING_ASKED,
    OWN_NUMBER,
    PLAIN,
    Browser,
    call_sid,
    recording_sid,
)
from sqlalchemy import update

from twirec import Archive, Custody
from twirec.catalog.tables import recordings

CALL = f"/calls/{call_sid(PLAIN)}"
ALL_OFF = {"number": "", "direction": "", "on": "off", "why": "works council"}


def way_back(page: str) -> str:
    found = re.search(r'<a href="([^"]+)">← ', page)
    assert found
    return found[1]


def test_the_way_back_is_to_the_list_one_came_from_and_stays_after_a_note(
    supervisor: Browser,
) -> None:
    asked = {**NOTHING_ASKED, "text": "1222"}
    found = supervisor.post("/calls/search", asked).headers["Location"]
    from_list = {"Referer": f"https://localhost{found}"}
    assert way_back(supervisor.get(CALL, headers=from_list).text) == f"{found}#{call_sid(PLAIN)}"
    from_call = {"Referer": f"https://localhost{CALL}"}
    supervisor.post(f"{CALL}/notes", {"note": "rang again", "seen": "1"}, headers=from_call)
    assert way_back(supervisor.get(CALL, headers=from_call).text) == f"{found}#{call_sid(PLAIN)}"
    assert f'<tr id="{call_sid(PLAIN)}">' in supervisor.get(found).text
    elsewhere = {"Referer": "https://evil.example/calls?q=x"}
    other = supervisor.get(f"/calls/{call_sid(PLAIN + 1)}", headers=elsewhere).text
    assert way_back(other) == f"/calls#{call_sid(PLAIN + 1)}"


def test_who_took_a_call_has_a_name(supervisor: Browser) -> None:
    page = supervisor.get(CALL).text
    assert LINE == "+34911222333"
    assert "alex · +34 911 222 333" in page


def test_an_admin_takes_a_recording_out_of_quarantine_on_a_ground(
    admin: Browser, auditor: Browser, archive: Archive
) -> None:
    sid = recording_sid(PLAIN)
    with archive.catalog.database.write() as connection:
        changed = update(recordings).where(recordings.c.sid == sid)
        connection.execute(changed.values(custody=Custody.QUARANTINED))
    page = admin.get(CALL).text
    assert "It is in quarantine: nothing proves that the caller was told" in page
    assert f"/recordings/{sid}/admit" in page
    assert f"/recordings/{sid}/admit" not in auditor.get(CALL).text
    admin.post(f"/recordings/{sid}/admit", {"ground": "  "})
    assert archive.recordings.get(sid, by="ana").custody == "quarantined"
    admin.post(f"/recordings/{sid}/admit", {"ground": "told in writing, file 7"})
    page = admin.get(CALL).text
    assert "It is out of quarantine." in page
    assert "told in writing, file 7" in page
    (entry,) = archive.audit.log(action="admit", limit=1)
    assert (entry.by, str(entry.outcome)) == ("ana", "done")


def test_a_switch_for_all_says_what_it_changes_before_it_does_and_can_be_undone(
    admin: Browser, archive: Archive
) -> None:
    of_one = {"number": OWN_NUMBER, "direction": "in", "on": "on", "why": "the shop"}
    assert admin.post("/recording", of_one).status_code == 302
    asked = admin.post("/recording", ALL_OFF)
    assert asked.status_code == 200
    assert len(archive.policy.history()) == 1
    assert "Switch recording off for all numbers?" in asked.text
    changed, own = asked.text.split("These have a choice of their own")
    assert changed.count("on → off") == 5
    assert own.count("+34 911 000 111") == 1
    assert 'name="why" value="works council"' in asked.text
    assert admin.post("/recording", {**ALL_OFF, "sure": "1"}).status_code == 302
    page = admin.get("/recording").text
    assert "Undo it: on again" in page
    undo = dict(re.findall(r'name="(number|direction|on|sure|why)" value="([^"]*)"', page))
    assert undo == {
        "number": "",
        "direction": "",
        "on": "on",
        "sure": "1",
        "why": "undone: works council",
    }
    assert admin.post("/recording", undo).status_code == 302
    last, _ = archive.policy.history()[-1]
    assert (last.on, last.why) == (True, "undone: works council")


def test_a_switch_for_one_number_is_not_asked_again(admin: Browser) -> None:
    of_one = {"number": OWN_NUMBER, "direction": "", "on": "off", "why": "the shop"}
    assert admin.post("/recording", of_one).status_code == 302
    assert "Undo it" not in admin.get("/recording").text
