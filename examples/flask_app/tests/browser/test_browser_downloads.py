"""A recording, or a cut of it, is taken out as a file."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest
from chromium import follow
from playwright.sync_api import Download, Page
from visits import Visits

from callpanel.demo import Demo
from twirec import CallRecord


@pytest.fixture
def page(visit: Visits, recording_path: str) -> Page:
    page = visit("sergio", recording_path)
    follow(page.get_by_role("button", name="complaint or dispute"))
    return page


def take(page: Page) -> Download:
    with page.expect_download() as taken:
        page.get_by_role("button", name="Download").click()
    return taken.value


def test_an_mp3_is_named_with_number_and_local_time(
    page: Page, demo: Demo, recorded: CallRecord
) -> None:
    file = take(page)
    start = recorded.recordings[0].started_at
    assert start is not None
    local = start.astimezone(demo.archive.settings.timezone)
    assert file.suggested_filename == f"+34600333444_{local:%Y-%m-%d_%H-%M-%S}.mp3"
    head = Path(file.path()).read_bytes()[:3]
    assert head == b"ID3" or (head[0] == 0xFF and head[1] & 0xE0 == 0xE0)


def test_a_cut_of_one_side_is_as_long_as_was_asked(page: Page) -> None:
    page.get_by_label("Format").select_option("wav")
    page.get_by_label("Voices").select_option("customer")
    page.get_by_label("From").fill("0:01")
    page.get_by_label("To", exact=True).fill("0:07.5")
    with wave.open(str(take(page).path())) as sound:
        assert sound.getnchannels() == 1
        assert sound.getnframes() / sound.getframerate() == pytest.approx(6.5, abs=0.05)
        assert any(sound.readframes(sound.getnframes()))
