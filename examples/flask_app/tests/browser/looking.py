"""How a page looks: nothing cut off, nothing too wide, nothing that axe complains of."""

from __future__ import annotations

from typing import Literal

from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from chromium import LARGE, PHONE
from playwright.sync_api import Page

TOO_WIDE = "document.documentElement.scrollWidth > innerWidth"
CUT_OFF = """() => [...document.querySelectorAll("main *")]
    .filter((element) => element.checkVisibility() && element.offsetWidth)
    .filter((element) => element.getBoundingClientRect().right > innerWidth)
    .map((element) => element.outerHTML.slice(0, 80))"""
"""What is not seen whole. Of what is folded away, a browser says where it was in another width."""

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

ALL_RULES = {"resultTypes": ["violations"]}
OF_COLOURS = {
    **ALL_RULES,
    "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
}
"""The rules of axe that look at colours, which are all that differs where a page is dark."""


def axe_finds_nothing(page: Page) -> bool:
    """See that axe finds nothing on a page, in light by any rule, and in dark of its colours."""
    if page.evaluate("!window.axe"):  # half a megabyte, which a page reads once
        page.evaluate(AXE_SCRIPT)
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(f"matchMedia('(prefers-color-scheme: {scheme})').matches")
        rules = ALL_RULES if scheme == "light" else OF_COLOURS
        found = AxeResults(page.evaluate("rules => axe.run(rules)", rules))
        assert found.violations_count == 0, f"{scheme}: {found.generate_report()}"
    return True


def looks_well(page: Page) -> None:
    """See that nothing is to be complained of, on a large screen and on a phone, light and dark.

    The window stays as wide as a phone. A page that comes just now is waited for, with its styles.
    """
    page.wait_for_load_state()
    for size in (LARGE, PHONE):
        page.set_viewport_size(size)
        assert page.evaluate(CUT_OFF) == []
        assert not page.evaluate(TOO_WIDE)
        assert axe_finds_nothing(page)
