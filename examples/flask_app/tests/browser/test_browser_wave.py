"""The drawing of a recording: times, a closer look, a cut, silence, a note at a second, a link."""

from __future__ import annotations

import re

import pytest
from chromium import LARGE, PHONE, follow
from looking import TOO_WIDE, axe_finds_nothing_as_it_is
from playwright.sync_api import Page, expect
from visits import Visits

from callpanel.demo import Demo
from twirec import CallRecord

BEGINS_AT = """audio => new Promise((done) => {
    audio.addEventListener("timeupdate", () => done(audio.currentTime), { once: true });
    audio.preload = "metadata";
    audio.load();
})"""


def choose_purpose(page: Page) -> None:
    follow(page.locator("#purpose form button").first)
    page.locator("audio").wait_for(state="attached")


@pytest.mark.parametrize(
    ("locale", "size", "scheme", "pinned"),
    [
        ("en-GB", LARGE, "dark", "Note at 0\u203200\u2033"),
        ("es-ES", PHONE, "light", "Nota en 0\u203200\u2033"),
    ],
    ids=["in English", "in Spanish on a phone"],
)
def test_a_drawing_is_looked_at_cut_and_noted(
    visit: Visits,
    recording_path: str,
    locale: str,
    size: dict[str, int],
    scheme: str,
    pinned: str,
) -> None:
    page = visit("sergio", recording_path, locale=locale, viewport=size, color_scheme=scheme)
    choose_purpose(page)
    player = page.locator(".player").first
    wave = player.locator(".wave")
    box = wave.bounding_box()
    assert box is not None
    middle = box["y"] + 80
    page.mouse.move(box["x"] + box["width"] * 0.25, middle)
    expect(player.locator(".under")).to_have_text(re.compile("[0-9]\u2032[0-9]{2}\u2033"))
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, middle, steps=4)
    page.mouse.up()
    expect(page.locator("input[name=start]").first).to_have_value(re.compile(r"\d:\d\d"))
    expect(page.locator("input[name=end]").first).to_have_value(re.compile(r"\d:\d\d"))
    assert player.locator("audio").evaluate("audio => audio.paused")  # a drag is no click
    wave.focus()
    page.keyboard.press("Escape")
    expect(page.locator("input[name=start]").first).to_have_value("")
    page.keyboard.press("+")
    wide = "one => one.scrollWidth > 1.5 * one.clientWidth"
    assert player.locator(".zoom").evaluate(wide)
    page.keyboard.press("-")
    for key, name in (("s", "skip"), ("1", "mute")):
        page.keyboard.press(key)
        expect(player.locator(f"[data-do={name}]").first).to_have_attribute("aria-pressed", "true")
    page.locator(".keys summary").click()
    assert axe_finds_nothing_as_it_is(page)
    assert not page.evaluate(TOO_WIDE)
    wave.focus()
    page.keyboard.press("n")
    page.keyboard.type("Promised")
    follow(page.locator("section[aria-labelledby=notes] form button").first)
    expect(page.locator(".legend").first).to_contain_text(pinned)
    expect(page.locator(".marks line.note").first).to_be_attached()
    follow(page.locator("section[aria-labelledby=notes] a[href*='t=0']").first)
    expect(page.locator("audio source").first).to_have_attribute("src", re.compile("#t=0.0"))
    assert axe_finds_nothing_as_it_is(page)


def test_a_link_to_a_second_begins_there(visit: Visits, demo: Demo, recorded: CallRecord) -> None:
    sid = recorded.recordings[0].sid
    page = visit("sergio", f"/calls/{sid}?t=5")
    choose_purpose(page)
    page.goto(f"{demo.url}/calls/{sid}?t=5")
    at = page.locator("audio").evaluate(BEGINS_AT)
    assert at >= 5
    link = page.locator("[data-do=link]")
    expect(link).to_have_attribute("href", re.compile(rf"{sid}\?t="))
