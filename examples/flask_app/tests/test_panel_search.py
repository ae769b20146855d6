"""Finding calls in the panel: what is hidden stays so, and nothing personal gets out of it."""

from __future__ import annotations

import html
import itertools
import logging
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask, Response
from panel_house import (
    BLOCKED,
    GOING_ON,
    HIDDEN,
    NOTHING_ASKED,
    NUMBERS,
    PASSWORD,
    PLAIN,
    REFUSED,
    STARTED,
    Browser,
    House,
    Template,
    call_sid,
    recording_sid,
)

from callpanel.roles import Role
from twirec import (
    NOT_KNOWN,
    Archive,
    Call,
    ConsentOutcome,
    Direction,
    Outcome,
    Reason,
    State,
)
from twirec.testing import ACCOUNT_SID

SEES = {Role.SUPERVISOR: False, Role.ADMIN: True, Role.AUDITOR: True}


def find(who: Browser, **asked: str) -> str:
    """Ask for calls, and return the page that shows them."""
    return who.get(kept(who, **asked)).text


def kept(who: Browser, **asked: str) -> str:
    """Ask for calls, and return the address that shows them."""
    answer = who.post("/calls/search", {**NOTHING_ASKED, **asked})
    assert answer.status_code == 302, answer.text
    address = answer.headers["Location"]
    assert re.fullmatch("/calls([?]q=[0-9a-f]{32})?", address)
    return address


def found(page: str) -> list[int]:
    """Return the calls on a page."""
    return [int(sid, 16) for sid in re.findall('href="/calls/CA([0-9a-f]{32})"', page)]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, list(range(1, 10))),
        ({"text": "600 11 12 22"}, [PLAIN]),
        ({"text": "+34600111222"}, [PLAIN]),
        ({"text": "0034600111222"}, [PLAIN]),
        ({"text": "1222"}, [PLAIN, 6]),
        ({"text": "1222 today around 11:14"}, [PLAIN, 6]),
        ({"text": "1222 yesterday"}, []),
        ({"text": "oculto"}, [REFUSED]),
        ({"outcome": "not_recorded"}, [REFUSED]),
        ({"reason": "refused"}, [REFUSED]),
        ({"consent": "refused"}, [REFUSED]),
        ({"direction": "out"}, [9]),
        ({"state": "recording"}, [3, 4]),
        ({"case": "c-7"}, [PLAIN]),
        ({"note": "REFUND"}, [PLAIN]),
        ({"own_number": "911 000 222"}, []),
        ({"forwarded_from": "911 777 888"}, []),
        ({"min_seconds": "7"}, []),
        ({"text": "1222", "case": "C-7", "max_seconds": "6"}, [PLAIN]),
    ],
    ids=str,
)
def test_the_search_finds_what_is_asked_for(
    read_only: House, template: Template, asked: dict[str, str], expected: list[int]
) -> None:
    supervisor = Browser(read_only.app, template.passes[Role.SUPERVISOR])
    assert found(find(supervisor, **asked)) == expected


def test_a_number_that_nobody_knows_is_shown_as_such_and_not_as_hidden(
    supervisor: Browser, archive: Archive
) -> None:
    line = Call(
        ACCOUNT_SID, call_sid(77), None, NOT_KNOWN, NOT_KNOWN, STARTED, outcome=Outcome.RECORDED
    )
    archive.catalog.ledger.open_call(line)
    for language, words in (("en", "number not known"), ("es", "número no conocido")):
        supervisor.post("/language", {"language": language})
        page = find(supervisor, text=words)
        assert found(page) == [77]
        assert page.count(words) >= 3  # in the box, of the customer, of our number
        call = supervisor.get(f"/calls/{call_sid(77)}").text
        assert call.count(words) >= 2
        for text in (page, call):
            assert "not_known" not in text
            assert ">None<" not in text


def test_what_was_asked_is_in_the_address_and_nowhere_else(supervisor: Browser) -> None:
    address = kept(supervisor, text="600111222", state="released")
    page = supervisor.get(address).text
    assert 'value="600111222"' in page
    newest = re.search('data-live="([^"]+)"', page)
    assert newest
    assert found(supervisor.get(newest[1]).text) == [PLAIN]
    assert 'href="/calls">Show all calls' in page
    assert len(found(supervisor.get("/calls").text)) == 9


def test_two_tabs_search_apart_and_back_shows_what_it_showed(supervisor: Browser) -> None:
    first, second = kept(supervisor, text="600333444"), kept(supervisor, text="600555666")
    for _ in range(2):
        assert found(supervisor.get(first).text) == [HIDDEN]
        assert found(supervisor.get(second).text) == [GOING_ON]


def test_a_search_is_for_who_made_it_and_in_no_cookie(supervisor: Browser, admin: Browser) -> None:
    before = len(supervisor.cookie())
    address = kept(supervisor, text="600 11 12 22")
    supervisor.get(address)
    assert len(supervisor.cookie()) <= before + 8
    answer = admin.get(address)
    assert answer.status_code == 410
    assert "That search is not kept any more" in answer.text
    assert 'action="/calls/search"' in answer.text
    assert 'type="search" value=""' in answer.text
    assert found(answer.text) == []


def test_a_search_is_not_kept_for_ever(
    supervisor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = kept(supervisor, text="1222")
    monkeypatch.setattr("callpanel.searches.KEPT_FOR", timedelta(0))
    kept(supervisor, text="1222")
    assert supervisor.get(address).status_code == 410
    for name in ("nonsense", "0" * 32, "é"):
        assert supervisor.get(f"/calls?q={name}").status_code == 410
        assert supervisor.get(f"/calls/newest?q={name}").status_code == 410


def test_of_one_person_so_many_searches_are_kept(
    supervisor: Browser, admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callpanel.searches.MOST_OF_ONE", 3)
    another = kept(admin, text="1222")
    addresses = [kept(supervisor, text="1222") for _ in range(5)]
    answers = [supervisor.get(each).status_code for each in addresses]
    assert answers == [410, 410, 200, 200, 200]
    assert admin.get(another).status_code == 200


def test_a_search_of_the_audit_log_that_is_gone_can_be_made_anew(
    read_only: House, template: Template
) -> None:
    auditor = Browser(read_only.app, template.passes[Role.AUDITOR])
    auditor.post("/language", {"language": "es"})
    answer = auditor.get(f"/audit?q={'0' * 32}")
    assert answer.status_code == 410
    assert "Esa búsqueda ya no se guarda" in answer.text
    assert 'name="who"' in answer.text
    assert "<tbody>" not in answer.text


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"text": "1222 gibberish"}, "gibberish"),
        ({"min_seconds": "-1"}, "between"),
        ({"min_seconds": "nine"}, "integer"),
        ({"state": "nonsense"}, "Not a valid choice"),
        ({"text": "1" * 101}, "100"),
    ],
    ids=str,
)
def test_what_is_not_understood_is_said(
    read_only: House, template: Template, asked: dict[str, str], said: str
) -> None:
    supervisor = Browser(read_only.app, template.passes[Role.SUPERVISOR])
    answer = supervisor.post("/calls/search", {**NOTHING_ASKED, **asked})
    if answer.status_code == 302:
        answer = supervisor.get(answer.headers["Location"])
        assert "That search was not understood." in answer.text
    else:
        assert answer.status_code == 400
    assert said in answer.text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "ayer tardeee",
            "Escriba un número (entero, o sus tres",
        ),
        ("12", "Escriba un número (entero, o sus tres a seis últimas cifras)"),
        ("la semana pasada a las 5", "Una hora necesita un día"),
    ],
)
def test_what_is_not_understood_is_said_in_spanish(
    supervisor: Browser, text: str, said: str
) -> None:
    supervisor.post("/language", {"language": "es"})
    page = find(supervisor, text=text)
    assert said in page
    assert "understood" not in page


FILTERS = [
    *({"state": each.value} for each in State),
    *({"outcome": each.value} for each in Outcome),
    *({"consent": each.value} for each in ConsentOutcome),
    *({"reason": each.value} for each in Reason),
    *({"direction": each.value} for each in Direction),
    *({"text": number} for number in NUMBERS.values()),
    *({"min_seconds": "0"}, {"max_seconds": "604800"}, {"min_seconds": "6", "max_seconds": "6"}),
    *({"text": "today"}, {"own_number": "0111"}, {}),
]
OF_EACH_KIND = list({tuple(asked): asked for asked in FILTERS}.values())
"""A filter narrows what a role sees in the same way, whatever its value is."""


@pytest.mark.parametrize("role", SEES)
def test_no_filter_shows_a_recording_that_custody_hides(
    browser: Callable[[Role | None], Browser], role: Role
) -> None:
    who = browser(role)
    for asked in OF_EACH_KIND if SEES[role] else FILTERS:
        address = kept(who, **asked)
        newest = address.replace("/calls", "/calls/newest")
        for page in (who.get(address).text, who.get(newest).text):
            assert ("quarantine" in page) <= SEES[role], asked
            # that there was a call, when, and what came of it, is seen, and nobody's number
            said = page.replace("number blocked", "")
            assert "blocked" not in said, asked
            assert recording_sid(HIDDEN) not in said
            assert 'class="number">+34 611 333 444' not in said


def test_nothing_is_found_by_what_is_hidden(supervisor: Browser, admin: Browser) -> None:
    for asked in ({"state": "released"}, {"min_seconds": "1"}, {"max_seconds": "100"}):
        assert not {HIDDEN, BLOCKED} & set(found(find(supervisor, **asked))), asked
        assert {HIDDEN, BLOCKED} & set(found(find(admin, **asked))) == {HIDDEN}, asked


def test_a_page_of_all_pages_follows_without_gap(
    supervisor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callpanel.panel.calls.ON_A_PAGE", 4)
    seen, path = [], "/calls"
    for _ in range(3):
        page = supervisor.get(path).text
        assert "9 calls" in page
        seen += found(page)
        following = re.search('href="(/calls[^"]*after=[^"]*)" rel="next"', page)
        path = following[1] if following else ""
    assert (seen, path) == (list(range(1, 10)), "")


@pytest.mark.parametrize(
    "after", ["nonsense", "é", "MDAwMS0wMS0wMVQwMDowMDowMCsyMzo1OSBDQTE", "%00"]
)
def test_a_page_that_is_none_is_not_understood(supervisor: Browser, after: str) -> None:
    assert supervisor.get(f"/calls?after={after}").status_code == 400


def test_rows_that_the_page_has_are_not_sent_again(supervisor: Browser) -> None:
    first = supervisor.get("/calls/newest")
    again = supervisor.get("/calls/newest", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert "Content-Security-Policy" in again.headers


def test_nothing_personal_is_in_an_address_or_a_log(
    app: Flask, client: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    addresses: list[str] = []

    @app.after_request
    def noted(answer: Response) -> Response:
        addresses.append(answer.headers.get("Location", ""))
        return answer

    client.sign_in("sergio", "600 111 222 und eine Parole")
    client.sign_in("600999888", PASSWORD)
    client.sign_in("sergio")
    find(client, text="600 11 12 22", case="C-7", note="refund")
    client.post("/calls/search", {**NOTHING_ASKED, "text": "600999777 gibberish"})
    client.get("/calls")
    client.post(f"/calls/{call_sid(PLAIN)}/notes", {"note": "rang 600111333", "seen": "1"})
    client.post(f"/calls/{call_sid(PLAIN)}/case", {"case": "C-78", "seen": "C-7"})
    client.post(f"/calls/{call_sid(PLAIN)}/case", {"case": "C-79", "seen": "C-7"})
    client.get(f"/recordings/{recording_sid(PLAIN)}/audio", headers={"Range": "bytes=0-9"})
    asked = {"format": "mp3", "channels": "both", "start": "", "end": ""}
    client.post(f"/recordings/{recording_sid(PLAIN)}/download", asked)
    client.post(f"/recordings/{recording_sid(PLAIN)}/download", {**asked, "start": "9"})
    client.get(f"/recordings/{recording_sid(GOING_ON)}/audio")
    client.get("/calls/+34600111222")
    client.post("/sign-out")
    spoken = "\n".join([*(record.getMessage() for record in caplog.records), caplog.text])
    for secret, text in itertools.product(
        ("111222", "11 12 22", "999888", "999777", "111333", "C-7", "refund", "Parole", PASSWORD),
        (spoken, "\n".join(addresses)),
    ):
        assert secret not in text
    assert len([each for each in addresses if each.startswith("/calls?q=")]) == 2


def test_the_log_holds_no_number_of_a_search(supervisor: Browser, app: Flask) -> None:
    find(supervisor, text="600 11 12 22")
    log = app.extensions["archive"].audit.log()
    assert "111222" not in str(log)


@pytest.mark.parametrize("sign", ["a", "é", "\N{GRINNING FACE}", "\u2028"])
def test_the_longest_search_is_kept(admin: Browser, sign: str) -> None:
    asked = {"text": sign * 100, "note": sign * 100, "case": sign * 64, "own_number": sign * 32}
    assert admin.get(kept(admin, **asked)).status_code == 200
    longest = {"action": 0, "who": 64, "sid": 34, "number": 32, "since": 32, "until": 32}
    answer = admin.post("/audit", {name: sign * length for name, length in longest.items()})
    assert admin.get(answer.headers["Location"]).status_code == 200


def test_a_search_by_number_is_on_the_audit_log_once(supervisor: Browser, archive: Archive) -> None:
    before = len(archive.audit.log(action="search"))
    address = kept(supervisor, text="600 11 12 22")
    for path in (address, address, address.replace("/calls?", "/calls/newest?")):
        assert supervisor.get(path, headers={"X-By-Itself": "1"}).status_code == 200
    kept(supervisor, reason="refused")
    (entry,) = archive.audit.log(number="600111222", action="search")
    assert (entry.by, entry.role, entry.detail) == ("sergio", "supervisor", {"calls": 1})
    assert len(archive.audit.log(action="search")) == before + 2  # also the one without a number


def test_opening_a_call_is_on_the_audit_log(supervisor: Browser, archive: Archive) -> None:
    page = supervisor.get(f"/calls/{call_sid(PLAIN)}").text
    (entry,) = archive.audit.log(number="600111222", action="show")
    assert (entry.by, entry.role, entry.sid) == ("sergio", "supervisor", call_sid(PLAIN))
    assert "opened a call" in page
    supervisor.get(f"/calls/{recording_sid(HIDDEN)}")
    (refused,) = archive.audit.log(sid=recording_sid(HIDDEN))
    assert (refused.action, refused.outcome) == ("show", "denied")


# --- pages -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("order", "away"), [("", "Older"), ("oldest", "Newer")])
def test_pages_say_what_they_show_and_lead_back_in_either_order(
    read_only: House, template: Template, monkeypatch: pytest.MonkeyPatch, order: str, away: str
) -> None:
    supervisor = Browser(read_only.app, template.passes[Role.SUPERVISOR])
    back = {"Older": "Newer", "Newer": "Older"}[away]
    every = found(supervisor.get("/calls", query_string={"order": order}).text)
    assert every == (list(range(9, 0, -1)) if order else list(range(1, 10)))
    monkeypatch.setattr("callpanel.panel.calls.ON_A_PAGE", 4)

    def turned(page: str, rel: str, words: str) -> str:
        link = re.search(f'href="([^"]+)" rel="{rel}">{words} calls<', page)
        assert link, page
        return supervisor.get(html.unescape(link[1])).text

    first = supervisor.get("/calls", query_string={"order": order}).text
    second = turned(first, "next", away)
    third = turned(second, "next", away)
    for page, calls, said in (
        (first, every[:4], "1\N{EN DASH}4 of 9 calls"),
        (second, every[4:8], "5\N{EN DASH}8 of 9 calls"),
        (third, every[8:], "9\N{EN DASH}9 of 9 calls"),
        (turned(third, "prev", back), every[4:8], "5\N{EN DASH}8 of 9 calls"),
        (turned(second, "prev", back), every[:4], "1\N{EN DASH}4 of 9 calls"),
    ):
        assert (found(page), said in page) == (calls, True), said
    assert 'rel="prev"' not in first
    assert 'rel="next"' not in third
    assert ("data-live" in first) == (not order)


def test_where_counting_stops_a_page_says_so(
    read_only: House, template: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor = Browser(read_only.app, template.passes[Role.SUPERVISOR])
    monkeypatch.setattr("callpanel.panel.calls.ON_A_PAGE", 4)
    monkeypatch.setattr("twirec.catalog.search.MOST_COUNTED", 3)
    first = supervisor.get("/calls").text
    assert "1\N{EN DASH}4 of 5 calls or more" in first
    last = re.search('href="([^"]+)" rel="next"', first)
    assert last
    second = supervisor.get(html.unescape(last[1])).text
    assert "5\N{EN DASH}8 of 8 calls or more" in second  # so many were seen
