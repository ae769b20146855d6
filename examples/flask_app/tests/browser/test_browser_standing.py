"""A worker that stopped, or a bucket that is away: every page says so, in both languages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from chromium import LARGE, PHONE, follow
from looking import axe_finds_nothing_as_it_is
from playwright.sync_api import Page, expect
from visits import Visits

from callpanel.demo import Demo
from callpanel.panel import standing
from twirec import CallRecord
from twirec.model import alarms as model

OVERFLOWS = "document.documentElement.scrollWidth > innerWidth"
LOOKS = [
    (locale, size, scheme)
    for locale, size in (("en-GB", LARGE), ("es-ES", PHONE))
    for scheme in ("light", "dark")
]


@pytest.fixture(autouse=True)
def looked_at_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "FRESH_FOR", -1.0)


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if no worker had said for too long that it lives."""
    monkeypatch.setattr(model, "SILENCE", timedelta(days=-1))


@pytest.fixture
def without_bucket(demo: Demo) -> Iterator[None]:
    """The folder that is the bucket is not there."""
    folder = Path(demo.archive.settings.bucket.removeprefix("file://"))
    aside = folder.rename(folder.with_name("aside"))
    _look(demo)
    yield
    if folder.exists():  # what wanted to write meanwhile may have made it
        folder.rename(folder.with_name("made meanwhile"))
    aside.rename(folder)
    _look(demo)


def _look(demo: Demo) -> None:
    turn = "turn to look at the bucket"
    demo.archive.catalog.marks.set(turn, demo.archive.now() - timedelta(hours=1))
    demo.archive._periodic.look_at_bucket()


def bar(page: Page) -> Any:
    return page.get_by_role("complementary")


@pytest.mark.usefixtures("stopped")
@pytest.mark.parametrize(("locale", "size", "scheme"), LOOKS)
def test_a_stopped_worker_is_said_on_every_page(
    visit: Visits, locale: str, size: dict[str, int], scheme: str
) -> None:
    page = visit("ana", "/health", locale=locale, viewport=size, color_scheme=scheme)
    said = {"en-GB": "No worker runs since", "es-ES": "Ningún proceso de trabajo funciona"}[locale]
    for path in ("/health", "/calls", "/recording", "/audit"):
        page.goto(path)
        expect(bar(page)).to_contain_text(said)
        assert not page.evaluate(OVERFLOWS), path
    assert axe_finds_nothing_as_it_is(page)
    follow(bar(page).get_by_role("link"))
    expect(page.locator("section[aria-labelledby=alarms]")).to_contain_text("twirec work")


@pytest.mark.usefixtures("without_bucket")
def test_an_absent_bucket_is_said_and_a_call_is_shown_all_the_same(
    visit: Visits, recorded: CallRecord, recording_path: str
) -> None:
    page = visit("sergio", recording_path)
    expect(bar(page)).to_contain_text("The bucket")
    expect(page.get_by_role("heading", level=1)).to_contain_text("+34 600 333 444")
    answer = page.request.get(f"/recordings/{recorded.recordings[0].sid}/audio?original=1")
    assert answer.status >= 400
    visit.problems.clear()


def test_where_all_goes_well_nothing_is_said(
    visit: Visits, demo: Demo, until: Callable[[Callable[[], Any]], None]
) -> None:
    _look(demo)
    until(lambda: demo.archive.operations.stats().audit_verified)
    page = visit("sergio", "/calls")
    expect(bar(page)).to_have_count(0)
