"""A player that is silent says why, and what to do, and goes on when it can."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from chromium import LARGE, PHONE, follow
from looking import axe_finds_nothing
from playwright.sync_api import Page, Route, expect
from test_browser_listening import wait_for
from visits import Visits

from callpanel.demo import Demo
from twirec import BucketUnavailable, CallRecord
from twirec.archive.derivatives import Derivatives
from twirec.archive.recordings import Recordings

CLAIM = {"en-GB": "complaint or dispute", "es-ES": "reclamación o disputa"}
PLAY = "void document.querySelector('audio').play().catch((why) => console.info(String(why)))"
"""It may wait for ever."""


@pytest.fixture
def visit(visit: Visits) -> Iterator[Visits]:
    """Visits in which the browser may mind that an answer is an error."""
    yield visit
    visit.problems[:] = [each for each in visit.problems if "Failed to load resource" not in each]


@pytest.fixture
def copied(
    demo: Demo, recorded: CallRecord, until: Callable[[Callable[[], Any]], None]
) -> CallRecord:
    """A call whose recording has all its copies for listening."""
    sid = recorded.recordings[0].sid
    until(lambda: len(demo.archive.derivatives.listening_copies(sid)) == 2)
    return recorded


def open_call(visit: Visits, path: str, locale: str = "en-GB") -> Page:
    """Open the page of a call, and say what for."""
    page = visit("sergio", path, locale=locale)
    follow(page.get_by_role("button", name=CLAIM[locale]))
    expect(page.locator("audio")).to_have_count(1)
    return page


def look(page: Page) -> None:
    for size in (PHONE, LARGE):
        page.set_viewport_size(size)
        assert axe_finds_nothing(page)


@pytest.mark.parametrize(
    ("locale", "cause", "again"),
    [
        ("en-GB", "The bucket does not answer just now.", "Try again"),
        ("es-ES", "El almacén no responde en este momento.", "Reintentar"),
    ],
)
def test_a_bucket_that_is_away_is_said_and_it_plays_when_it_is_back(
    visit: Visits,
    copied: CallRecord,
    recording_path: str,
    monkeypatch: pytest.MonkeyPatch,
    locale: str,
    cause: str,
    again: str,
) -> None:
    def away(*_: object, **__: object) -> None:
        raise BucketUnavailable("The bucket does not answer.")

    page = open_call(visit, recording_path, locale)
    with monkeypatch.context() as patch:
        patch.setattr(Recordings, "open", away)
        patch.setattr(Derivatives, "open", away)
        page.evaluate(PLAY)
        expect(page.get_by_role("alert")).to_contain_text(cause)
        look(page)
    page.get_by_role("button", name=again).click()
    wait_for(page, "audio.currentTime > 0.3 && !audio.paused")
    expect(page.locator(".trouble")).to_be_hidden()


def test_a_browser_that_cannot_play_the_first_source_takes_the_next(
    visit: Visits, copied: CallRecord, recording_path: str
) -> None:
    page = open_call(visit, recording_path)
    page.route("**/audio?format=opus", lambda route: route.abort())
    page.evaluate(PLAY)
    wait_for(page, "audio.currentTime > 0.3 && audio.currentSrc.endsWith('format=mp3')")
    expect(page.locator(".trouble")).to_be_hidden()


def test_a_session_that_ended_is_said_with_the_way_back(
    visit: Visits, copied: CallRecord, recording_path: str
) -> None:
    page = open_call(visit, recording_path)
    page.context.clear_cookies()
    page.evaluate(PLAY)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Your session has ended.")
    follow(alert.get_by_role("link", name="Sign in"))
    page.wait_for_url(lambda url: "/sign-in?next=/calls/" in url)


def test_what_failed_before_the_page_had_its_scripts_is_said(
    visit: Visits, copied: CallRecord, recording_path: str
) -> None:
    page = visit("sergio", recording_path)
    held: list[Route] = []
    page.route(re.compile(r"/trouble\.js\b"), lambda route: held.append(route))
    with page.expect_navigation(wait_until="commit"):
        page.get_by_role("button", name=CLAIM["en-GB"]).click()
    expect(page.locator("audio")).to_have_count(1)
    page.context.clear_cookies()
    page.evaluate(PLAY)
    last = "audio.networkState === audio.NETWORK_NO_SOURCE && audio.querySelector('source')"
    wait_for(page, last)
    expect(page.get_by_role("alert")).to_have_count(0)
    held.pop().continue_()
    expect(page.get_by_role("alert")).to_contain_text("Your session has ended.")


def test_a_network_that_is_gone_is_said(
    visit: Visits, copied: CallRecord, recording_path: str
) -> None:
    page = open_call(visit, recording_path)
    page.context.set_offline(True)
    page.evaluate(PLAY)
    expect(page.get_by_role("alert")).to_contain_text("Nothing comes from the server.")
    page.context.set_offline(False)
    page.locator(".trouble button").click()
    wait_for(page, "audio.currentTime > 0.3 && !audio.paused")


def test_what_cannot_be_drawn_says_why_and_can_be_heard(
    visit: Visits, copied: CallRecord, recording_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise BucketUnavailable("The bucket does not answer.")

    monkeypatch.setattr(Recordings, "waveform", away)
    page = open_call(visit, recording_path)
    expect(page.get_by_text("The bucket does not answer just now.")).to_be_visible()
    page.evaluate(PLAY)
    wait_for(page, "audio.currentTime > 0.3")
