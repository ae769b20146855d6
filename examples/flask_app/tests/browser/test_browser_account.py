"""Somebody changes their password, sets a second factor up, and signs in with it: on any screen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pyotp
import pytest
from chromium import follow
from looking import looks_well
from playwright.sync_api import Page, expect
from visits import Visits

from callpanel import accounts
from callpanel.demo import Demo
from callpanel.roles import Role
from callpanel.signing import Signing

NEW = "otra contraseña larga"


@pytest.fixture(scope="module")
def asking(demo: Demo) -> Iterator[Demo]:
    """The demo, where agents need a second factor; others have an account of their own for it."""
    before = demo.app.config["CALLPANEL"]
    signing = Signing(second_factor=frozenset({Role.AGENT}))
    demo.app.config["CALLPANEL"] = replace(before, signing=signing)
    with demo.app.app_context():
        accounts.add("maría.núñez", demo.password, Role.AUDITOR)
        accounts.add("pía@example.com", demo.password, Role.AGENT)
        accounts.keep()
    yield demo
    demo.app.config["CALLPANEL"] = before


def sign_in(page: Page, demo: Demo, name: str, password: str = "") -> None:
    page.goto("/sign-in")
    page.locator("#name").fill(name)
    page.locator("#password").fill(password or demo.password)
    follow(page.locator("main form button"))


def code_of(page: Page) -> str:
    """The code that a phone shows which has read the picture of the page."""
    return pyotp.TOTP(page.locator(".secret").inner_text().replace(" ", "")).now()


def code_after(secret: str) -> str:
    """The code after the one that is shown, which was not used yet in whichever half minute."""
    totp = pyotp.TOTP(secret)
    return totp.generate_otp(totp.timecode(datetime.now(UTC)) + 1)


@pytest.mark.parametrize("locale", ["en-GB", "es-ES"])
def test_who_needs_a_second_factor_sets_it_up_and_signs_in_with_it(
    visit: Visits, asking: Demo, locale: str
) -> None:
    spanish = locale == "es-ES"
    with asking.app.app_context():
        name = f"{locale[:2]}@example.com"
        accounts.add(name, asking.password, Role.AGENT)
        accounts.keep()
    page = visit("", "/sign-in", locale=locale)
    sign_in(page, asking, name)
    page.wait_for_url("**/sign-in/set-up")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text(
        "Configurar el segundo factor" if spanish else "Set up the second factor"
    )
    box = page.locator(".picture svg").bounding_box()
    assert box is not None
    assert box["width"] > 150
    looks_well(page)
    secret = page.locator(".secret").inner_text().replace(" ", "")
    page.locator("#code").fill(code_of(page))
    follow(page.locator("main form button"))
    expect(page.locator(".codes li")).to_have_count(10)
    looks_well(page)
    recovery = page.locator(".codes code").first.inner_text()
    kept = "Los he guardado: continuar" if spanish else "I keep them: go on"
    follow(page.get_by_role("link", name=kept))
    page.wait_for_url("**/desk")
    follow(page.locator(".top .who button").last)

    sign_in(page, asking, name)
    page.wait_for_url("**/sign-in/code")
    looks_well(page)
    page.locator("#code").fill(code_after(secret))
    follow(page.locator("main form button"))
    page.wait_for_url("**/desk")
    follow(page.locator(".top .who button").last)

    sign_in(page, asking, name)
    page.locator("#code").fill(recovery)
    follow(page.locator("main form button"))
    page.wait_for_url("**/desk")
    expect(page.get_by_role("status")).to_contain_text("9.")


def test_everybody_changes_their_password_and_is_signed_out_elsewhere(
    visit: Visits, asking: Demo
) -> None:
    here, elsewhere = visit("", "/sign-in"), visit("", "/sign-in")
    for page in (here, elsewhere):
        sign_in(page, asking, "María.Núñez")
        page.wait_for_url("**/calls")
    follow(here.get_by_role("link", name="maría.núñez"))
    here.get_by_label("Password until now").fill(asking.password)
    here.get_by_label("New password", exact=True).fill(NEW)
    here.get_by_label("New password once more").fill(NEW)
    follow(here.get_by_role("button", name="Change the password"))
    expect(here.get_by_role("status")).to_contain_text("Your password is changed.")
    looks_well(here)
    elsewhere.wait_for_url(lambda url: "/sign-in" in url)  # its list asked for new calls
    assert visit.problems
    assert all("401" in problem for problem in visit.problems)
    visit.problems.clear()
    sign_in(elsewhere, asking, "maría.núñez", NEW)
    elsewhere.wait_for_url("**/calls")
