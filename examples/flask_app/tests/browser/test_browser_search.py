"""A call is found as people say it, and nothing that they typed is in an address."""

from __future__ import annotations

import re

import pytest
from chromium import LARGE, PHONE, follow, loading
from playwright.sync_api import expect
from visits import Visits

from callpanel.demo import Demo
from twirec import CallRecord

KEY = re.compile("[0-9a-f]{32}")
"""Of a search, or a call: chance may put any digits into it, as it may into a port."""


@pytest.mark.parametrize(
    ("locale", "size", "said"),
    [("en-GB", LARGE, "3444 around {:%H:%M}"), ("es-ES", PHONE, "3444 sobre las {:%H:%M}")],
    ids=["in English", "in Spanish on a phone"],
)
def test_a_call_is_found_by_its_last_four_digits_and_a_time_around_it(
    visit: Visits,
    demo: Demo,
    recorded: CallRecord,
    locale: str,
    size: dict[str, int],
    said: str,
) -> None:
    page = visit("sergio", "/calls", locale=locale, viewport=size)
    local = recorded.call.started_at.astimezone(demo.archive.settings.timezone)
    page.locator("form.search input[type=search]").fill(said.format(local))
    follow(page.locator("form.search .box button"))
    expect(page.locator("#calls tbody tr")).to_have_count(1)
    follow(page.locator("#calls tbody a"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("+34 600 333 444")


def test_another_time_finds_nothing(visit: Visits, recorded: CallRecord) -> None:
    page = visit("sergio", "/calls")
    page.locator("form.search input[type=search]").fill("3444 last month")
    with loading(page):
        page.keyboard.press("Enter")
    expect(page.locator("#calls")).to_contain_text("No call matches.")


def test_nothing_that_is_typed_is_in_an_address(
    visit: Visits, demo: Demo, recorded: CallRecord
) -> None:
    page = visit("sergio", "/calls")
    page.get_by_text("More to ask for").click()
    page.locator("form.search input[type=search]").fill("600 333 444")
    page.get_by_label("Words of a note").fill("gratis")
    page.get_by_role("search").get_by_label("Case number").fill("R-2026/17")
    with loading(page):
        page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Show all calls")).to_be_visible()
    with page.expect_response("**/calls/newest*"):
        pass
    assert len(visit.addresses) > 3
    typed = ("333", "444", "gratis", "2026")
    without_keys = [KEY.sub("", url.removeprefix(demo.url)) for url in visit.addresses]
    assert [url for url in without_keys if any(word in url for word in typed)] == []


def test_filters_narrow_what_is_shown(
    visit: Visits, recorded: CallRecord, hung_up: CallRecord
) -> None:
    page = visit("sergio", "/calls")
    page.get_by_text("More to ask for").click()
    why = page.get_by_role("search").get_by_label("Why not recorded")
    why.select_option("hung_up_during_announcement")
    follow(page.get_by_role("button", name="Find").last)
    expect(page.get_by_role("link", name="Show all calls")).to_be_visible()
    rows = page.locator("#calls tbody tr")
    expect(rows.locator(f"a[href*='{hung_up.call.call_sid}']")).to_have_count(1)
    expect(rows.locator(f"a[href*='{recorded.call.call_sid}']")).to_have_count(0)
    expect(rows.filter(has_not_text="hung up during the announcement")).to_have_count(0)
