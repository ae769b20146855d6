"""Search, switch and download work in a browser that runs no scripts."""

from __future__ import annotations

from pathlib import Path

import pytest
from chromium import follow
from playwright.sync_api import Page, expect
from visits import Visits

from callpanel.demo import Demo
from twirec import CallRecord
from twirec.sandbox.scenes import OWN_NUMBER


@pytest.fixture
def page(visit: Visits) -> Page:
    return visit("ana", "/calls", java_script_enabled=False)


def test_a_call_is_found(page: Page, recorded: CallRecord) -> None:
    page.locator("form.search input[type=search]").fill("600 333 444")
    follow(page.get_by_role("button", name="Find").first)
    expect(page.locator(".count")).to_have_text("1 call")
    follow(page.get_by_role("link", name="Show all calls"))
    expect(page.locator("form.search input[type=search]")).to_have_value("")


def test_recording_is_switched(page: Page, demo: Demo) -> None:
    page.goto("/recording")
    page.locator("#number").select_option(OWN_NUMBER)
    page.get_by_label("on", exact=True).check()
    page.get_by_label("Reason").fill("No scripts here")
    follow(page.get_by_role("button", name="Switch"))
    expect(page.locator("section[aria-labelledby=history]")).to_contain_text("No scripts here")


def test_a_recording_is_downloaded_and_has_a_player(page: Page, recording_path: str) -> None:
    page.goto(recording_path)
    expect(page.locator("audio")).to_have_count(0)
    follow(page.get_by_role("button", name="quality and training"))
    expect(page.locator("audio[controls]")).to_be_visible()
    expect(page.get_by_label("Speed")).to_be_hidden()
    with page.expect_download() as taken:
        page.get_by_role("button", name="Download").click()
    assert Path(taken.value.path()).stat().st_size > 10_000
