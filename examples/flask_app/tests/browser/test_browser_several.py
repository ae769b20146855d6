"""Two tabs, two browsers, a slow network: each keeps its own, and nothing is lost or sent twice."""

from __future__ import annotations

from chromium import follow, slow_down
from playwright.sync_api import Page, expect
from visits import Visits

from twirec import CallRecord


def search(page: Page, text: str) -> None:
    page.locator("#text").fill(text)
    follow(page.get_by_role("button", name="Find", exact=True).first)
    page.wait_for_url("**q=*")


def test_each_tab_keeps_its_own_search(
    visit: Visits, recorded: CallRecord, hung_up: CallRecord
) -> None:
    one = visit("sergio", "/calls")
    other = one.context.new_page()
    other.goto("/calls")
    found = {one: recorded.call, other: hung_up.call}
    for page, call in found.items():
        search(page, call.customer_number)
    for page, call in found.items():
        page.reload()
        expect(page.locator("#text")).to_have_value(call.customer_number)
        rows = page.locator("#calls tbody tr")
        expect(rows.first).to_have_attribute("id", call.call_sid)
        expect(rows).to_have_count(1)
    rows = one.locator("#calls tbody tr")
    follow(rows.locator("a").first)
    one.wait_for_url("**/calls/CA*")
    one.go_back()
    expect(rows.first).to_have_attribute("id", recorded.call.call_sid)


def test_of_two_browsers_the_later_one_is_told_what_is_there_now(
    visit: Visits, recording_path: str
) -> None:
    ana, sergio = (visit(name, recording_path) for name in ("ana", "sergio"))
    case = {
        page: page.get_by_role("region", name="Notes").get_by_label("Case number")
        for page in (ana, sergio)
    }
    for page, number in ((ana, "R-1"), (sergio, "R-2")):
        case[page].fill(number)
        follow(page.get_by_role("button", name="Set the case number"))
    expect(sergio.get_by_role("alert")).to_contain_text("R-1")
    expect(case[sergio]).to_have_value("R-2")
    assert "409" in " ".join(visit.problems)
    visit.problems.clear()
    ana.reload()
    expect(case[ana]).to_have_value("R-1")
    follow(sergio.get_by_role("button", name="Set the case number"))
    ana.reload()
    expect(case[ana]).to_have_value("R-2")


def test_over_a_slow_network_three_clicks_write_one_note(
    visit: Visits, recording_path: str
) -> None:
    page = visit("sergio", recording_path)
    slow_down(page)
    page.get_by_role("textbox", name="Note").fill("Clicked three times.")
    page.get_by_role("button", name="Write down").click(click_count=3, delay=50)
    notes = page.locator("section[aria-labelledby=notes] li", has_text="Clicked three times.")
    expect(notes).to_have_count(1)
    page.reload()
    expect(notes).to_have_count(1)
