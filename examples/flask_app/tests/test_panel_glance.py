"""A call at a glance, its axis, notes at a second, and links to one."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from panel_house import ERASED, GOING_ON, HIDDEN, PLAIN, REFUSED, Browser, call_sid, recording_sid

from callpanel.panel.sound import ticks
from callpanel.roles import Role
from twirec import Archive

PAGE = f"/calls/{call_sid(PLAIN)}"
FOR = {"purpose": "quality"}


def line(page: str) -> list[str]:
    shown = page.partition('<ul class="timeline"')[2].partition("</ul>")[0]
    names = re.findall('<span class="name">(.*?)</span>', shown)
    said = re.findall('<span class="said quiet">(.*?)</span>', shown)
    return [f"{name}: {what}" for name, what in zip(names, said, strict=True)]


def test_what_went_on_is_on_a_line(admin: Browser) -> None:
    page = admin.get(PAGE).text
    recording = "11:15:00\u201311:15:06 (0\u203206\u2033); Paused 11:15:02\u201311:15:03 by alex"
    assert line(page)[1:] == [f"Recording: {recording}"]
    assert "Told or asked at 11:14:00" in line(page)[0]
    assert "<dd>2\u203200\u2033</dd>" in page
    assert "it goes on" in admin.get(f"/calls/{call_sid(GOING_ON)}").text
    assert '<rect class="pause"' in page


def test_only_what_is_known_is_said(browser: Callable[[Role], Browser]) -> None:
    for number in (HIDDEN, GOING_ON, ERASED, REFUSED):
        page = browser(Role.SUPERVISOR).get(f"/calls/{call_sid(number)}").text
        assert "Hung up" not in page.partition('class="timeline"')[0].partition("glance")[2]
        assert line(page)
    hidden = browser(Role.SUPERVISOR).get(f"/calls/{call_sid(HIDDEN)}").text
    assert len(line(hidden)) == 1  # what is in quarantine is not there


def test_the_customers_other_calls_are_there_and_no_number_is_in_an_address(
    admin: Browser, archive: Archive
) -> None:
    from dataclasses import replace

    plain = archive.calls.get(call_sid(PLAIN)).call
    for number in range(20, 27):
        archive.catalog.ledger.open_call(replace(plain, call_sid=call_sid(number)))
    before = len(archive.audit.log(action="search"))
    page = admin.get(PAGE).text
    others = page.partition("This customer's other calls")[2].partition("</details>")[0]
    assert others.count('<a href="/calls/CA') == 5
    assert 'name="text" value="+34600111222"' in others
    assert "+34600" not in " ".join(re.findall('href="([^"]+)"', page))
    assert len(archive.audit.log(action="search")) == before  # it is entered with the call
    assert "other calls" not in admin.get(f"/calls/{call_sid(REFUSED)}").text


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, []),
        (6, [0, 2, 4, 6]),
        (65, [0, 15, 30, 45, 60]),
        (3600, [0, 900, 1800, 2700, 3600]),
        (90_000, [0, 28_800, 57_600, 86_400]),
    ],
)
def test_the_axis_has_few_round_times(seconds: float, shown: list[int]) -> None:
    axis = ticks(seconds)
    assert [tick.at for tick in axis] == shown
    assert all(0 <= tick.x <= 100 for tick in axis)


def test_a_note_is_pinned_to_a_second_and_shown_on_the_drawing(
    supervisor: Browser, archive: Archive
) -> None:
    sid = recording_sid(PLAIN)
    form = {"note": "Here it is promised", "seen": "1", "second": "0:03.5", "recording": sid}
    for _ in range(2):  # sent twice, it is written once
        assert supervisor.post(f"{PAGE}/notes", form).status_code == 302
    (*_, note) = archive.calls.get(call_sid(PLAIN)).notes
    assert (note.text, note.recording_sid, note.second) == ("Here it is promised", sid, 3.5)
    page = supervisor.get(PAGE).text
    assert "Note at 0\u203204\u2033: Here it is promised" in page
    assert '<line class="note" x1="583.' in page
    assert f'href="/calls/{sid}?t=3.5#{sid}"' in page
    assert len(archive.calls.get(call_sid(PLAIN)).notes) == 2


def test_a_second_that_is_not_there_is_refused_and_the_note_stays(
    supervisor: Browser, archive: Archive
) -> None:
    sid = recording_sid(PLAIN)
    refused = [
        ({"second": "9:00", "recording": sid}, 400, "where the recording ends"),
        ({"second": "half past", "recording": sid}, 400, "such as 1:30"),
        ({"second": "0:01", "recording": ""}, 400, "Load the page anew"),
        ({"second": "0:01", "recording": recording_sid(GOING_ON)}, 404, "no such page"),
    ]
    for more, status, why in refused:
        form = {"note": "Keep these words", "seen": "1", **more}
        answer = supervisor.post(f"{PAGE}/notes", form)
        assert (answer.status_code, why in answer.text) == (status, True), more
        assert status == 404 or "Keep these words" in answer.text
    assert len(archive.calls.get(call_sid(PLAIN)).notes) == 1


@pytest.mark.parametrize(
    ("said", "fragment"), [("12", "#t=12"), ("3.5", "#t=3.5"), ("x", ""), ("-1", ""), ("1e9", "")]
)
def test_a_link_to_a_second_begins_there_without_scripts_too(
    supervisor: Browser, said: str, fragment: str
) -> None:
    supervisor.post(f"{PAGE}/purpose", FOR)
    page = supervisor.get(f"/calls/{recording_sid(PLAIN)}?t={said}").text
    source = re.findall(r'<source src="([^"]+)"', page)[0]
    assert source.partition("#")[1] + source.partition("#")[2] == fragment
