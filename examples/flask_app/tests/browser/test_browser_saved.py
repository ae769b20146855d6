"""What was understood, taken away piece by piece; searches that stay; the slash; no scripts."""

from __future__ import annotations

import pytest
from chromium import LARGE, PHONE, follow
from looking import TOO_WIDE, axe_finds_nothing_as_it_is
from playwright.sync_api import expect
from visits import Visits

from twirec import CallRecord


@pytest.mark.parametrize(
    ("locale", "size", "scheme", "said", "chip", "save", "scripts"),
    [
        ("en-GB", LARGE, "dark", "3444 today", "ends in 3444", "Save this search", True),
        ("es-ES", PHONE, "light", "3444 hoy", "termina en 3444", "Guardar esta búsqueda", True),
        ("en-GB", PHONE, "light", "3444 today", "ends in 3444", "Save this search", False),
    ],
    ids=["in English", "in Spanish on a phone", "without scripts"],
)
def test_a_piece_goes_and_the_search_is_saved(
    visit: Visits,
    recorded: CallRecord,
    locale: str,
    size: dict[str, int],
    scheme: str,
    said: str,
    chip: str,
    save: str,
    scripts: bool,
) -> None:
    page = visit(
        "sergio",
        "/calls",
        locale=locale,
        viewport=size,
        color_scheme=scheme,
        java_script_enabled=scripts,
    )
    page.locator("input[type=search]").fill(said)
    follow(page.locator("form.search .box button"))
    chips = page.locator("main > .chips li")
    expect(chips).to_have_count(2)
    expect(chips.first).to_contain_text(chip)
    if scripts:
        assert axe_finds_nothing_as_it_is(page)
        assert not page.evaluate(TOO_WIDE)
    follow(chips.last.get_by_role("button"))
    expect(chips).to_have_count(1)
    expect(page.locator("input[type=search]")).to_have_value("3444")
    page.get_by_text(save).click()
    name = f"{locale} {scripts}"
    page.locator(".saved #name").fill(name)
    follow(page.locator(".saved .box button"))
    page.goto("/calls")
    if scripts:
        assert axe_finds_nothing_as_it_is(page)
    follow(page.locator(".saved").get_by_role("link", name=name))
    expect(page.locator("input[type=search]")).to_have_value("3444")
    typed = ("3444", "ends", "termina", locale)
    assert [url for url in visit.addresses if any(word in url for word in typed)] == []


def test_the_box_has_the_focus_and_a_slash_leads_back_to_it(
    visit: Visits, recorded: CallRecord
) -> None:
    page = visit("sergio", "/calls")
    box = page.locator("form.search input[type=search]")
    expect(box).to_be_focused()
    page.get_by_role("link", name="Skip to the content").focus()
    page.keyboard.press("/")
    expect(box).to_be_focused()
    page.keyboard.type("3444 17/11")
    expect(box).to_have_value("3444 17/11")
    assert page.locator("#suggestions option").count() >= 1
