"""Somebody signs in with the company's provider, in a browser, and keeps what they typed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from chromium import follow, loading
from looking import looks_well
from playwright.sync_api import expect
from visits import Visits

from callpanel.demo import Demo
from callpanel.roles import Role
from callpanel.signing import Accounts, Provider, Signing

PROVIDER = Path(__file__).parents[1] / "oidc_provider.py"
PEOPLE = {
    "pilar": {"email": "pilar@example.com", "email_verified": True, "groups": ["leads"]},
    "nadie": {"email": "nadie@example.com", "email_verified": True, "groups": []},
}


@pytest.fixture(scope="module")
def company(demo: Demo) -> Iterator[Demo]:
    """The demo, with a provider beside it."""
    before = demo.app.config["CALLPANEL"]
    with subprocess.Popen(
        [sys.executable, str(PROVIDER)], stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout
        url = running.stdout.readline().strip()
        requests.post(f"{url}/tests", json={"people": PEOPLE, "wrong": {}}, timeout=60)
        provider = Provider(
            url,
            "callpanel",
            "a secret that both of them know",
            accounts=Accounts.CREATE,
            roles={"leads": Role.SUPERVISOR},
        )
        demo.app.config["CALLPANEL"] = replace(before, signing=Signing(provider=provider))
        yield demo
        demo.app.config["CALLPANEL"] = before
        running.terminate()


@pytest.mark.parametrize(
    ("locale", "button", "refused"),
    [
        ("en-GB", "Sign in with the company", "gives you no part in this"),
        ("es-ES", "Entrar con la cuenta de la empresa", "no le da acceso a esta aplicación"),
    ],
)
def test_who_has_a_role_is_in_and_who_has_none_is_told_so(
    visit: Visits, company: Demo, locale: str, button: str, refused: str
) -> None:
    page = visit("", "/recording", locale=locale)
    looks_well(page)
    follow(page.get_by_role("link", name=button))
    follow(page.get_by_role("button", name="nadie"))
    expect(page.get_by_role("alert")).to_contain_text(refused)
    looks_well(page)
    follow(page.get_by_role("link", name=button))
    follow(page.get_by_role("button", name="pilar"))
    page.wait_for_url("**/calls")
    expect(page.locator(".who .name")).to_contain_text("pilar@example.com")
    visit.problems[:] = [each for each in visit.problems if "403" not in each]


def test_what_was_typed_is_there_after_signing_in_on_another_page(
    visit: Visits, company: Demo
) -> None:
    page = visit("", "/calls")
    follow(page.get_by_role("link", name="Sign in with the company"))
    follow(page.get_by_role("button", name="pilar"))
    page.wait_for_url("**/calls")
    page.locator("#text").fill("1222 last Tuesday")
    page.context.clear_cookies()
    with loading(page):
        page.locator("#text").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("what you typed is there again")
    looks_well(page)
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Sign in with the company").click()
    other = opened.value
    other.wait_for_load_state()
    follow(other.get_by_role("button", name="pilar"))
    other.wait_for_url(lambda url: "/sign-in" not in url)
    follow(page.get_by_role("button", name="I am signed in: go on"))
    expect(page.locator("main form [name=text]").first).to_have_value("1222 last Tuesday")
    follow(page.get_by_role("button", name="Send again"))
    page.wait_for_url("**/calls?q=*")
    visit.problems[:] = [each for each in visit.problems if "40" not in each]
