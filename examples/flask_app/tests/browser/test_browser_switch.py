"""An admin turns recording off for a number, and on again; the list of calls keeps up."""

from __future__ import annotations

from dataclasses import replace

from chromium import follow, sign_in
from playwright.sync_api import Locator, Page, expect
from visits import Visits

from callpanel.demo import Demo
from twirec.sandbox.scenes import OWN_NUMBER, SCENES

ANSWERED = SCENES[0]


def switch(page: Page, to: str, why: str) -> None:
    page.goto("/recording")
    page.locator("#number").select_option(OWN_NUMBER)
    page.get_by_label(to, exact=True).check()
    page.get_by_label("Reason").fill(why)
    follow(page.get_by_role("button", name="Switch"))
    expect(page.get_by_role("status")).to_contain_text("Changed.")


def row_of(page: Page, number: str) -> Locator:
    return page.locator(f"#calls tbody tr:has-text('{number}')")


def test_an_admin_turns_recording_off_and_the_page_says_why_a_call_is_not_recorded(
    visit: Visits, demo: Demo
) -> None:
    page = visit()
    sign_in(page, demo, "ana")
    switch(page, "off", "The installers call each other")
    demo.play(replace(ANSWERED, customer="+34600121201")).wait()
    page.goto("/calls")
    row = row_of(page, "+34 600 121 201")
    expect(row).to_contain_text("not recorded")
    expect(row).to_contain_text("recording was off")
    switch(page, "on", "The installers are done")
    history = page.locator("section[aria-labelledby=history] tbody tr")
    expect(history.nth(0)).to_contain_text("The installers are done")
    expect(history.nth(1)).to_contain_text("The installers call each other")
    expect(history.nth(1)).to_contain_text("ana")


def test_a_call_appears_in_the_open_list_by_itself_until_it_is_recorded(
    visit: Visits, demo: Demo
) -> None:
    page = visit("ana", "/calls")
    page.evaluate("window.isTheSamePage = true")
    with page.expect_request("**/calls/newest*") as asked:
        demo.play(replace(ANSWERED, customer="+34600121202"))
    assert asked.value.headers["x-by-itself"] == "1"
    row = row_of(page, "+34 600 121 202")
    expect(row).to_be_visible()
    expect(row.locator(".badge")).to_have_text("archived")
    assert page.evaluate("window.isTheSamePage")


def test_a_supervisor_sees_no_switch_and_is_refused_the_page(visit: Visits) -> None:
    page = visit("sergio", "/calls")
    pages = page.get_by_role("navigation", name="Pages").get_by_role("link")
    assert pages.all_inner_texts() == ["Calls", "Now", "Cases", "Proof"]
    assert page.request.get("/recording").status == 403
    token = page.locator("input[name=csrf_token]").first.input_value()
    form = {"csrf_token": token, "on": "off", "why": "because", "number": "", "direction": ""}
    assert page.request.post("/recording", form=form).status == 403
