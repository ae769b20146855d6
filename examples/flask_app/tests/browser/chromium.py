"""Debian's Chromium, through Playwright, on the pages of a panel that runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, sync_playwright

from callpanel.demo import Demo

PROGRAMS = (Path("/usr/bin/chromium-headless-shell"), Path("/usr/bin/chromium"))
CHROMIUM = next(filter(Path.exists, PROGRAMS), PROGRAMS[-1])
"""The one without a window, where it is installed: a page costs it a third of the time."""

FLAGS = (
    "--no-sandbox",  # containers have no user namespaces to build one from
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)

LARGE = {"width": 1200, "height": 800}
PHONE = {"width": 390, "height": 844}


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run Chromium, without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def loading(page: Page) -> Iterator[None]:
    """Wait for the page that what is done meanwhile leads to, and for its scripts.

    Who acts earlier acts on the page that goes, or on one that nothing listens to yet.
    """
    with page.expect_navigation(wait_until="load"):
        yield


def follow(lead: Locator) -> None:
    """Click on what leads to another page, and wait for that one, and for its scripts."""
    with loading(lead.page):
        lead.click()


def sign_in(page: Page, demo: Demo, name: str) -> None:
    """Sign in as one of the demo's people, on the form of the page that is shown, or the first."""
    if page.locator("#password").count() == 0:
        page.goto(demo.url)
    page.locator("#name").fill(name)
    page.locator("#password").fill(demo.password)
    follow(page.locator("main form button"))
    page.wait_for_url(lambda url: "/sign-in" not in url)


def slow_down(page: Page) -> None:
    """Let the network of a page be a slow one: 1.5 seconds to an answer, 20 kB a second."""
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    slow = {"latency": 1500, "downloadThroughput": 20_000, "uploadThroughput": 20_000}
    network.send("Network.emulateNetworkConditions", {"offline": False, **slow})
