"""What was understood, search by search; searches that are saved, shared and forgotten."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask
from panel_house import SAVED, Browser

from callpanel import saved
from callpanel.extensions import db
from callpanel.panel.chips import span
from callpanel.roles import Role
from callpanel.saved import SavedSearch, holds
from twirec import Archive


def find(browser: Browser, **asked: str) -> str:
    answer = browser.post("/calls/search", asked)
    assert answer.status_code == 302
    return answer.headers["Location"]


def chips(page: str) -> list[str]:
    shown = page.partition('<ul class="chips"')[2].partition("</ul>")[0]
    return [html.unescape(each) for each in re.findall("<span>(.*?)</span>", shown)]


def fields(page: str, chip: str) -> dict[str, str]:
    """Return what the form of a chip sends, but for its token."""
    shown = page.partition('<ul class="chips"')[2].partition("</ul>")[0]
    form = next(each for each in shown.split("<li>") if f"<span>{chip}<" in html.unescape(each))
    sent = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
    return {name: html.unescape(value) for name, value in sent if name != "csrf_token"}


UNDERSTOOD = [
    ({"text": "1222 last Tuesday around 17:00"}, ["ends in 1222", "Tue 17 Nov, 16:30\u201317:30"]),
    ({"text": "600 11 12 22"}, ["+34 600 111 222"]),
    ({"text": "oculto ayer"}, ["number hidden", "Sun 22 Nov"]),
    ({"text": "since yesterday"}, ["from Sun 22 Nov, 00:00"]),
    ({"text": "last year"}, ["Wed 1 Jan 2025 \u2013 Wed 31 Dec 2025"]),
    (
        {"text": 'agent client:berta case R-7 note "a refund"'},
        ["agent client:berta", "case R-7", "note has \u201ca refund\u201d"],
    ),
    (
        {"text": "1222", "outcome": "recorded", "own_number": "911000111"},
        ["ends in 1222", "Recorded: recorded", "Our number: 911000111"],
    ),
    ({"text": "nonsense"}, []),
    ({"direction": "out"}, ["Direction: outgoing"]),
]


def test_what_was_understood_is_shown_and_each_piece_can_go(supervisor: Browser) -> None:
    for asked, said in UNDERSTOOD:
        page = supervisor.get(find(supervisor, **asked)).text
        assert chips(page) == said
        for each in said:
            rest = find(supervisor, **fields(page, each))
            assert chips(supervisor.get(rest).text) == [other for other in said if other != each]


def test_the_pieces_are_in_the_language_of_the_page(supervisor: Browser) -> None:
    supervisor.post("/language", {"language": "es"})
    page = supervisor.get(find(supervisor, text="1222 el martes a las 17:00 agente ana")).text
    assert chips(page) == ["termina en 1222", "agente client:ana", "mar, 17 nov, 16:30\u201317:30"]


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [
        ((2026, 11, 23, 9), (2026, 11, 23, 9), "Mon 23 Nov, 10:00"),
        ((2026, 11, 23, 9), (2026, 11, 24, 9), "Mon 23 Nov, 10:00 \u2013 Tue 24 Nov, 10:00"),
        ((2026, 11, 22, 23), (2026, 11, 25, 23), "Mon 23 Nov \u2013 Wed 25 Nov"),
        (None, (2025, 11, 25, 23), "until Wed 26 Nov 2025, 00:00"),
        (None, None, ""),
    ],
)
def test_a_span_is_said_in_the_companys_zone(
    app: Flask, since: tuple[int, ...] | None, until: tuple[int, ...] | None, said: str
) -> None:
    def moment(given: tuple[int, ...] | None) -> datetime | None:
        return datetime(*given, tzinfo=UTC) if given else None  # type: ignore[misc,arg-type]

    with app.test_request_context():
        assert span(moment(since), moment(until)) == said


def test_what_is_not_understood_can_be_looked_for_in_notes(supervisor: Browser) -> None:
    page = supervisor.get(find(supervisor, text="asks for")).text
    assert "That search was not understood." in page
    assert '<input type="hidden" name="note" value="asks for">' in page
    assert "1 call" in supervisor.get(find(supervisor, note="asks for")).text


def test_a_search_is_saved_for_oneself_or_for_all(
    supervisor: Browser, browser: Callable[[Role], Browser], archive: Archive
) -> None:
    q = find(supervisor, text="600 111 222").partition("q=")[2]
    for name, shared in (("My customer", "me"), ("Our customer", "all"), ("My customer", "me")):
        answer = supervisor.post("/searches", {"name": name, "shared": shared, "q": q})
        assert answer.status_code == 302
        assert "The search is saved." in supervisor.get(answer.headers["Location"]).text
    mine, theirs = supervisor.get("/calls").text, browser(Role.ADMIN).get("/calls").text
    assert mine.count("My customer</a>") == 1
    assert ("My customer" in theirs, "Our customer" in theirs) == (False, True)
    paths = re.findall(r'href="(/searches/\w+)">(\w+)', mine)
    its = next(path for path, name in paths if name == "My")
    assert browser(Role.ADMIN).get(its).status_code == 410
    before = len(archive.audit.log(action="search"))
    opened = supervisor.get(its)
    assert chips(supervisor.get(opened.headers["Location"]).text) == ["+34 600 111 222"]
    assert len(archive.audit.log(action="search")) == before + 1
    assert supervisor.post(f"{its}/forget").status_code == 302
    assert supervisor.get(its).status_code == 410


def test_a_search_without_a_name_is_not_saved(supervisor: Browser) -> None:
    q = find(supervisor, text="1222").partition("q=")[2]
    for form in ({"name": " ", "shared": "me", "q": q}, {"name": "x", "shared": "us", "q": q}):
        answer = supervisor.post("/searches", form, follow_redirects=True)
        assert "Give the search a name." in answer.text
    assert supervisor.post("/searches", {"name": "x", "shared": "me", "q": ""}).status_code == 302


def test_a_shared_search_is_forgotten_by_an_admin_and_no_colleague(
    supervisor: Browser, admin: Browser
) -> None:
    assert "/forget" not in supervisor.get("/calls").text
    assert supervisor.post(f"/searches/{SAVED}/forget").status_code == 403
    assert admin.post(f"/searches/{SAVED}/forget").status_code == 302
    assert supervisor.get(f"/searches/{SAVED}").status_code == 410


def test_the_oldest_goes_where_there_are_too_many(
    supervisor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved, "MOST_SAVED", 2)
    q = find(supervisor, text="1222").partition("q=")[2]
    for name in ("one", "two", "three"):
        supervisor.post("/searches", {"name": name, "shared": "me", "q": q})
    page = supervisor.get("/calls").text
    assert re.findall(r'/searches/\w+">(\w+)<', page) == ["Refunds", "three", "two"]


def test_the_box_offers_what_was_asked_before_agents_and_cases(supervisor: Browser) -> None:
    find(supervisor, text="1222 yesterday")
    page = supervisor.get("/calls").text
    offered = re.findall(r'<option value="([^"]+)"></option>', page)
    assert offered == [
        "1222 yesterday",
        "1222 note refund",
        "agent +34911222333",
        "agent client:berta",
        "case C-7",
    ]
    assert supervisor.get(find(supervisor, text="agent client:berta")).status_code == 200


HELD = [
    ({"text": "600 11 12 22 yesterday"}, True),
    ({"text": "0034600111222"}, True),
    ({"text": "ends in 1222"}, True),
    ({"number": "222"}, True),
    ({"text": "note", "note": "rang from +34 600-111-222 again"}, True),
    ({"text": "1223"}, False),
    ({"text": "ayer a las 17:22"}, False),
    ({"text": "case 22"}, False),
    ({"outcome": "recorded"}, False),
    ({"text": "oculto"}, False),
]


@pytest.mark.parametrize(("asked", "is_held"), HELD)
def test_a_search_holds_a_number_or_not(asked: dict[str, str], is_held: bool) -> None:
    assert holds(asked.values(), "+34600111222") is is_held


def test_erasing_a_number_takes_the_searches_that_hold_it(app: Flask, supervisor: Browser) -> None:
    gone, stays = find(supervisor, text="600111222"), find(supervisor, text="600333444")
    with app.app_context():
        assert saved.forget_number("+34600111222") == 2
        assert db.session.get(SavedSearch, SAVED) is None
    assert supervisor.get(gone).status_code == 410
    assert supervisor.get(stays).status_code == 200
