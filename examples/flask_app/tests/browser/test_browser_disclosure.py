"""A recording is given to somebody outside, who opens it by link and code: once, and as agreed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from chromium import follow
from looking import looks_well
from playwright.sync_api import Page, expect
from visits import Visits

from callpanel.demo import Demo
from twirec import Actor, CallRecord, Handover

ANA = Actor("ana", "admin")
CLOSED = re.compile("opens nothing|no abre nada")


@pytest.fixture
def given(demo: Demo, recorded: CallRecord) -> Iterator[Handover]:
    """A link that nobody has opened yet."""
    disclosures = demo.archive.custody.disclosures
    made = disclosures.give(
        recorded.recordings[0].sid,
        recipient="Juzgado de lo Mercantil 3",
        purpose="autos 7/2026",
        ground="court_order",
        reference="auto 7/2026",
        channels="without_agent",
        cuts=[(1.0, 2.5)],
        by=ANA,
    )
    yield made
    if disclosures.list(by=ANA)[0].revoked_at is None:
        disclosures.revoke(made.disclosure.id, why="the test is over", by=ANA)


def path(link: str) -> str:
    return urlsplit(link).path


def type_code(page: Page, code: str, button: str = "Open") -> None:
    page.get_by_role("textbox").fill(code)
    follow(page.get_by_role("button", name=button))


def test_it_is_given_by_consent_and_opened_by_its_recipient_once(
    visit: Visits, recording_path: str
) -> None:
    page = visit("ana", recording_path)
    follow(page.get_by_role("link", name="Give to others"))
    consents = page.get_by_role("region", name="Consents to a disclosure")
    heard = page.get_by_role("region", name="Who is heard").get_by_role("listitem").count()
    make = page.get_by_role("region", name="Make a link")

    def give() -> None:
        make.get_by_label("To whom").fill("Seguros Norte, S.A.")
        make.get_by_label("What for").fill("claim C-7")
        follow(make.get_by_role("button", name="Make link and code"))

    visit.problems.clear()
    give()
    expect(page.get_by_role("alert")).to_contain_text("has not consented")
    assert "403" in visit.problems.pop()
    for number in range(heard):
        consents.get_by_text("Write a consent down").click()
        consents.get_by_label("Who consented").select_option(index=number)
        consents.get_by_label("Their name").fill("Eva Gil")
        consents.get_by_label("To whom it may be given").fill("Seguros Norte, S.A.")
        consents.get_by_label("What for").fill("claim C-7")
        consents.get_by_label("On which day they consented").fill("2026-11-03")
        consents.get_by_label("Where that can be looked up").fill("letter in file C-7")
        follow(consents.get_by_role("button", name="Write down"))
        expect(page.get_by_role("status")).to_contain_text("Written down")
    give()
    made = page.get_by_role("region", name="Link and code for Seguros Norte, S.A.")
    expect(made).to_contain_text("They are shown only now.")
    link, code = made.locator("code").all_inner_texts()
    looks_well(page)

    theirs = visit("", path(link), java_script_enabled=False)
    assert not theirs.context.cookies()
    type_code(theirs, code.lower())
    expect(theirs.get_by_role("heading", level=1)).to_have_text("A recording for you")
    expect(
        theirs.get_by_text("Everybody who is heard in it has consented to this.")
    ).to_be_visible()
    with theirs.expect_download() as taken:
        theirs.get_by_role("link", name="Download").click()
    assert taken.value.suggested_filename.startswith("recording_")

    visit.problems.clear()
    again = visit("", path(link))
    expect(again.get_by_role("alert")).to_contain_text(CLOSED)
    visit.problems.clear()  # 404, which is what it is
    page.goto("/disclosures")
    row = page.get_by_role("row").filter(has_text="Seguros Norte, S.A.")
    expect(row).to_contain_text("1 of 1")
    expect(row).to_contain_text("opened as often as it may be")


def test_what_was_opened_is_played_in_pieces(
    visit: Visits, given: Handover, until: Callable[[Callable[[], Any]], None]
) -> None:
    page = visit("", path(given.link))
    looks_well(page)
    type_code(page, given.code)
    expect(page.get_by_role("heading", name="This copy is not the whole")).to_be_visible()
    looks_well(page)
    page.evaluate("document.querySelector('audio').muted = true")
    page.evaluate("document.querySelector('audio').play()")
    until(lambda: page.evaluate("document.querySelector('audio').currentTime > 0.2"))
    pieces = [answer for answer in visit.answers if answer.url.endswith("/audio")]
    assert {answer.status for answer in pieces} == {206}


def test_a_wrong_code_says_what_is_left_and_a_link_that_was_ended_says_nothing(
    visit: Visits, given: Handover, demo: Demo
) -> None:
    page = visit("", path(given.link), locale="es-ES")
    type_code(page, "AAAA-AAAA", "Abrir")
    expect(page.get_by_role("alert")).to_have_text("Ese no es el código. Intentos que quedan: 4.")
    looks_well(page)
    type_code(page, given.code, "Abrir")
    expect(page.get_by_role("heading", level=1)).to_have_text("Una grabación para usted")
    expect(page.get_by_text("Por orden de un juzgado o tribunal: auto 7/2026")).to_be_visible()
    follow(page.get_by_role("link", name="English"))
    expect(page.get_by_text("By order of a court: auto 7/2026")).to_be_visible()
    demo.archive.custody.disclosures.revoke(given.disclosure.id, why="settled", by=ANA)
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text(CLOSED)
    looks_well(page)
    visit.problems.clear()  # 403 and 404, which is what they are
