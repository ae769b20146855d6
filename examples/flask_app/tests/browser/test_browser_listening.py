"""A recording is played and sought in, by mouse and by keyboard."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from chromium import follow
from playwright.sync_api import Page, expect
from visits import PATIENCE, Visits

from callpanel.demo import Demo
from twirec import CallRecord, TwirecError
from twirec.archive.recordings import Recordings

AT = "document.querySelector('audio').currentTime"
SLOWLY = "(audio => { audio.defaultPlaybackRate = audio.playbackRate = 0.0625 })"
SECONDS = 60.0


@pytest.fixture
def page(visit: Visits, recording_path: str) -> Page:
    return listening(visit("sergio", recording_path))


def listening(page: Page) -> Page:
    """Say what for, by a click."""
    follow(page.get_by_role("button", name="complaint or dispute"))
    return page


def click_at(page: Page, share: float) -> None:
    wave = page.locator(".wave")
    box = wave.bounding_box()
    assert box is not None
    wave.click(position={"x": box["width"] * share, "y": 20})


def wait_for(page: Page, condition: str) -> None:
    """Wait until something is so of the player; the page's policy forbids Playwright's own way."""
    deadline = time.monotonic() + PATIENCE / 1000
    while not page.evaluate(f"(audio => {condition})(document.querySelector('audio'))"):
        assert time.monotonic() < deadline, condition
        page.wait_for_timeout(50)


def test_it_plays_in_ranges(page: Page, visit: Visits) -> None:
    page.locator(".wave").focus()
    page.keyboard.press("Space")
    wait_for(page, "audio.currentTime > 0.3 && !audio.paused")
    heard = [answer for answer in visit.answers if "/audio" in answer.url]
    assert {answer.status for answer in heard} == {206}
    assert all("range" in answer.request.headers for answer in heard)


def test_a_click_on_the_waveform_seeks(page: Page) -> None:
    page.locator("audio").evaluate(SLOWLY)  # so that it is soon after, however long it takes to ask
    click_at(page, 0.5)
    wait_for(page, "audio.currentTime > 29 && !audio.paused")
    assert page.evaluate(AT) < 40
    assert 29 <= int(page.locator(".wave").get_attribute("aria-valuenow") or 0) < 40
    click_at(page, 0.25)
    wait_for(page, "audio.currentTime > 14 && audio.currentTime < 25")


def test_arrows_seek_and_are_told_to_screen_readers(page: Page) -> None:
    wave = page.get_by_role("slider")
    wave.focus()
    for key in ("ArrowRight", "ArrowRight", "PageUp", "ArrowLeft"):
        page.keyboard.press(key)
        wait_for(page, "audio.readyState > 0 && !audio.seeking")
    assert page.evaluate(AT) == pytest.approx(35.0, abs=0.1)
    expect(wave).to_have_attribute("aria-valuetext", "0\u203235\u2033")
    page.keyboard.press("End")
    wait_for(page, f"audio.currentTime > {SECONDS - 1}")
    page.keyboard.press("Home")
    wait_for(page, "audio.currentTime === 0")


def test_its_speed_can_be_chosen(page: Page) -> None:
    page.get_by_label("Speed").select_option("1.5")
    click_at(page, 0.1)
    wait_for(page, "audio.currentTime > 6.5 && audio.playbackRate === 1.5")


def test_a_turn_in_who_spoke_when_is_sought(page: Page) -> None:
    page.get_by_text("Who spoke when").click()
    turn = page.locator(".turns .customer button").last
    turn.click()
    wait_for(page, f"audio.currentTime >= {turn.get_attribute('data-at')}")
    assert page.evaluate(AT) > 45


def test_what_cannot_be_drawn_can_be_heard(
    visit: Visits, recording_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_tools(recordings: Recordings, sid: str, **_: object) -> None:
        raise TwirecError("there is no ffmpeg")

    monkeypatch.setattr(Recordings, "waveform", no_tools)
    page = listening(visit("sergio", recording_path))
    expect(page.get_by_text("It could not be read.")).to_be_visible()
    page.get_by_label("Speed").select_option("2")
    page.evaluate("document.querySelector('audio').play()")
    wait_for(page, "audio.currentTime > 0.3 && audio.playbackRate === 2")


def test_listening_is_shown_to_the_next_who_opens_the_call(page: Page) -> None:
    click_at(page, 0.5)
    wait_for(page, "audio.currentTime > 29")
    page.reload()
    log = page.locator("section[aria-labelledby=log] li")
    expect(log.filter(has_text="sergio: listened").first).to_be_visible()


def test_the_copy_for_listening_is_for_pages_that_were_opened_after_it_was_made(
    page: Page, demo: Demo, recorded: CallRecord, until: Callable[[Callable[[], Any]], None]
) -> None:
    sid = recorded.recordings[0].sid
    until(lambda: len(demo.archive.derivatives.listening_copies(sid)) == 2)
    page.reload()
    sources = page.locator("audio source").evaluate_all("all => all.map((one) => one.src)")
    assert [source.partition("=")[2] for source in sources] == ["opus", "mp3", "original"]
    copy, _mp3, original = map(page.request.get, sources)
    assert copy.headers["content-type"].startswith("audio/ogg")
    assert "wav" in original.headers["content-type"]
