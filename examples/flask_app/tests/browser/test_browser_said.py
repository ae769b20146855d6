"""What was said is found by its words, and heard at that second."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from chromium import LARGE, PHONE, follow, loading
from looking import TOO_WIDE, axe_finds_nothing_as_it_is
from playwright.sync_api import expect
from visits import Visits

from callpanel.demo import Demo
from twirec import CallRecord

PLAYS_AT = "audio => audio.paused ? -1 : audio.currentTime"


@pytest.fixture(scope="session")
def written(
    demo: Demo, recorded: CallRecord, until: Callable[[Callable[[], Any]], None]
) -> CallRecord:
    """A call of which a machine wrote down what was said."""
    sid = recorded.recordings[0].sid
    demo.archive.transcripts.request(sid, by="sergio")

    def is_made() -> bool:
        kept = demo.archive.transcripts.of(sid)
        return kept is not None and kept.made_at is not None

    until(is_made)
    return recorded


@pytest.mark.parametrize(
    ("locale", "size", "scheme", "asked", "where"),
    [
        ("en-GB", LARGE, "light", 'customer said "darme de vaja sin pagar"', "customer"),
        ("es-ES", PHONE, "dark", 'cliente dijo "darme de vaja sin pagar"', "cliente"),
    ],
    ids=["in English", "in Spanish on a phone"],
)
def test_a_sentence_is_found_by_its_words_and_heard(
    visit: Visits,
    written: CallRecord,
    locale: str,
    size: dict[str, int],
    scheme: str,
    asked: str,
    where: str,
) -> None:
    page = visit("sergio", "/calls", locale=locale, viewport=size, color_scheme=scheme)
    page.locator("form.search input[type=search]").fill(asked)
    with loading(page):
        page.keyboard.press("Enter")
    hit = page.locator(".heard li").first
    expect(hit).to_contain_text("darme de baja cuando quisiera sin pagar")
    expect(hit.locator("a")).to_contain_text(where)
    assert axe_finds_nothing_as_it_is(page)
    assert not page.evaluate(TOO_WIDE)
    follow(hit.locator("a"))
    page.locator("#purpose").wait_for()
    if page.locator("audio").count() == 0:
        follow(page.locator("#purpose form button").first)
    lines = page.locator(".said-list li")
    now = page.locator(".said-list [aria-current]")
    expect(now).to_contain_text("darme de baja")  # where the player begins
    lines.filter(has_text="ochenta euros").locator("button").click()
    audio = page.locator("audio").first
    expect(now).to_contain_text("ochenta euros")
    page.wait_for_function(f"({PLAYS_AT})(document.querySelector('audio')) >= 2.0")
    audio.evaluate("audio => audio.pause()")
    page.get_by_role("searchbox").fill("PERMANENCIÁ")
    expect(page.locator(".said-list .here")).to_contain_text("una permanencia")
    assert axe_finds_nothing_as_it_is(page)
    assert not page.evaluate(TOO_WIDE)
