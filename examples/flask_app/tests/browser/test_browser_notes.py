"""A note and a case number are written on a call."""

from __future__ import annotations

from playwright.sync_api import expect
from visits import Visits


def test_a_note_and_a_case_number_are_on_the_call_and_in_the_list(
    visit: Visits, recording_path: str
) -> None:
    page = visit("sergio", recording_path)
    page.get_by_role("textbox", name="Note").fill("Promised free of charge.\n<b>Checked.</b>")
    page.get_by_role("button", name="Write down").click()
    page.get_by_label("Case number").fill("R-2026/17")
    page.get_by_role("button", name="Set the case number").click()
    notes = page.locator("section[aria-labelledby=notes] li")
    expect(notes.filter(has_text="<b>Checked.</b>")).to_contain_text("sergio")
    page.goto("/calls")
    expect(page.locator("#calls tbody tr:has-text('+34 600 333 444')")).to_contain_text("R-2026/17")
