"""The list of calls: on paper, under a thumb, and in either order."""

from __future__ import annotations

import pytest
from chromium import LARGE, PHONE, follow, loading
from playwright.sync_api import expect
from visits import Visits

from twirec import CallRecord

SHOWN_ON_PAPER = """() => [...document.querySelectorAll("header.top, form, button, .next, .order")]
    .filter((element) => element.getClientRects().length)
    .map((element) => element.outerHTML.slice(0, 80))"""


def test_on_paper_is_what_was_found_and_nothing_to_press(
    visit: Visits, recorded: CallRecord, hung_up: CallRecord
) -> None:
    page = visit("sergio", "/calls", color_scheme="dark")
    assert page.evaluate(SHOWN_ON_PAPER) != []
    page.emulate_media(media="print")
    assert page.evaluate(SHOWN_ON_PAPER) == []
    row = page.locator(f"#{recorded.call.call_sid}")
    expect(row).to_be_visible()
    expect(row).to_contain_text("+34 600 333 444")
    expect(page.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")


def test_a_whole_row_opens_a_call_on_a_phone(visit: Visits, recorded: CallRecord) -> None:
    page = visit("sergio", "/calls", viewport=PHONE, has_touch=True)
    row = page.locator(f"#{recorded.call.call_sid}")
    row.scroll_into_view_if_needed()
    box = row.bounding_box()
    assert box is not None
    with loading(page):  # where no words are
        row.tap(position={"x": box["width"] - 12, "y": box["height"] - 12})
    page.wait_for_url(f"**/calls/{recorded.call.call_sid}")
    expect(page.get_by_role("heading", level=1)).to_contain_text("+34 600 333 444")


@pytest.mark.parametrize(
    ("locale", "size", "newest", "oldest"),
    [
        ("en-GB", LARGE, "Newest first", "Oldest first"),
        ("es-ES", PHONE, "Primero las recientes", "Primero las antiguas"),
    ],
    ids=["in English", "in Spanish on a phone"],
)
def test_the_list_is_turned_round(
    visit: Visits,
    recorded: CallRecord,
    hung_up: CallRecord,
    locale: str,
    size: dict[str, int],
    newest: str,
    oldest: str,
) -> None:
    page = visit("sergio", "/calls", locale=locale, viewport=size)
    rows = "[...document.querySelectorAll('#calls tbody tr')].map((row) => row.id)"
    expect(page.locator("#calls tbody tr").first).to_be_visible()
    follow(page.get_by_role("link", name=oldest))
    expect(page.get_by_role("link", name=newest)).to_be_visible()
    turned = page.evaluate(rows)
    assert {recorded.call.call_sid, hung_up.call.call_sid} <= set(turned)
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    starts = page.locator("#calls time").evaluate_all("all => all.map((one) => one.dateTime)")
    assert len(starts) > 1
    assert starts == sorted(starts)
    follow(page.get_by_role("link", name=newest))
    expect(page.get_by_role("link", name=oldest)).to_be_visible()
    starts = page.locator("#calls time").evaluate_all("all => all.map((one) => one.dateTime)")
    assert starts == sorted(starts, reverse=True)
