"""A note and a case number are written on a call."""

from __future__ import annotations

from chromium import follow
from playwright.sync_api import expect
from visits import Visits

from callpanel.demo import Demo


def test_a_note_and_a_case_number_are_on_the_call_and_in_the_list(
    visit: Visits, recording_path: str
) -> None:
    page = visit("sergio", recording_path)
    page.get_by_role("textbox", name="Note").fill("Promised free of charge.\n<b>Checked.</b>")
    follow(page.get_by_role("button", name="Write down"))
    page.get_by_role("region", name="Notes").get_by_label("Case number").fill("R-2026/17")
    follow(page.get_by_role("button", name="Set the case number"))
    notes = page.locator("section[aria-labelledby=notes] li")
    expect(notes.filter(has_text="<b>Checked.</b>")).to_contain_text("sergio")
    page.goto("/calls")
    expect(page.locator("#calls tbody tr:has-text('+34 600 333 444')")).to_contain_text("R-2026/17")


def test_a_note_is_sent_again_after_signing_in_anew(
    visit: Visits, demo: Demo, recording_path: str
) -> None:
    page = visit("sergio", recording_path)
    typed = 'Rang again.\n\n"Quoted" & <i>more</i>, ñ.'
    page.get_by_role("textbox", name="Note").fill(typed)
    page.context.clear_cookies()
    follow(page.get_by_role("button", name="Write down"))
    page.get_by_label("Name").fill("sergio")
    page.get_by_label("Password").fill(demo.password)
    follow(page.get_by_role("button", name="Sign in"))
    expect(page.get_by_role("textbox", name="Note")).to_have_value(typed)
    follow(page.get_by_role("button", name="Send again"))
    notes = page.locator("section[aria-labelledby=notes] li p")
    expect(notes.filter(has_text="Rang again.")).to_have_text(typed)
    assert "Rang" not in " ".join(visit.addresses)
    (refused,) = visit.problems
    assert "401" in refused
    visit.problems.clear()
