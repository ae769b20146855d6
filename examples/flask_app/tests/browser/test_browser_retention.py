"""An admin sets a rule, sees what it would do, puts it in force, and sees it on a call."""

from __future__ import annotations

from chromium import follow
from playwright.sync_api import Page, expect
from visits import Visits

from callpanel.demo import Demo
from twirec import CallRecord


def set_rule(page: Page, name: str, term: str) -> None:
    page.goto("/retention")
    page.get_by_label("Name").fill(name)
    page.locator("#term").fill(term)
    page.locator("#why").fill("agreed with the works council")
    follow(page.get_by_role("button", name="Set", exact=True))
    expect(page.get_by_role("status")).to_contain_text("Written down.")


def test_an_admin_sets_a_rule_and_puts_it_in_force(
    visit: Visits, demo: Demo, recorded: CallRecord
) -> None:
    page = visit("ana", "/retention")
    expect(page.locator("main")).to_contain_text("No rule is in force: nothing is ever destroyed.")
    set_rule(page, "todo", "10 años")
    set_rule(page, "elsewhere", "1 day")
    page.locator("#removed-name").select_option("elsewhere")
    page.locator("#removed-why").fill("it was a mistake")
    follow(page.get_by_role("button", name="Remove", exact=True))
    row = page.locator("tbody tr", has_text="todo").first
    expect(row).to_contain_text("10 years")
    expect(row).to_contain_text("not yet")
    follow(page.get_by_role("link", name="See what the rules would do"))
    card = page.locator("section", has_text="todo").first
    expect(card).to_contain_text("Would go now")
    page.get_by_label("Reason").fill("agreed")
    follow(page.get_by_role("button", name="Apply"))
    expect(page.get_by_role("status")).to_contain_text("The rules are in force.")
    expect(page.locator("tbody tr", has_text="todo").first).to_contain_text("yes")
    page.goto(f"/calls/{recorded.call.call_sid}")
    page.get_by_text("What is kept of it").first.click()
    expect(page.locator("main")).to_contain_text("Kept by rule")
    said = demo.archive.custody.retention.of(recorded.recordings[0].sid, by="ana")
    assert said.rule == "todo"
    assert said.destroyed_on is not None
    assert str(said.destroyed_on.year) in page.locator("dl", has_text="Destroyed on").inner_text()
