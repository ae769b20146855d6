"""How a page looks: nothing cut off, nothing too wide, nothing that axe complains of."""

from __future__ import annotations

from typing import Any, Literal

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

OF_TEXTS = "color-contrast"
"""The rule of axe that takes four fifths of its time: it looks at what lies behind each text."""
RULES: dict[str, dict[str, Any]] = {
    "light": {"rules": {OF_TEXTS: {"enabled": False}}},
    "dark": {"runOnly": ["link-in-text-block"]},
}
"""The other ones: where a page is dark, only what they say of colours can differ."""

JUDGE = """async ([rules, ofTexts, passed]) => {
    const styles = new Map();
    for (const element of document.querySelectorAll("html, body, body *"))
        styles.set(element, getComputedStyle(element));
    const around = (element) => {
        const effects = [];
        for (let each = element; each; each = each.parentElement) {
            const {opacity, filter, mixBlendMode} = styles.get(each);
            if (opacity !== "1" || filter !== "none" || mixBlendMode !== "normal")
                effects.push(opacity, filter, mixBlendMode);
        }
        return effects;
    };
    const painted = [];
    for (const [element, {backgroundColor, backgroundImage, position, zIndex}] of styles) {
        const picture = element.matches("svg, img, audio, canvas, iframe") && element.localName;
        const bare = backgroundColor === "rgba(0, 0, 0, 0)" && backgroundImage === "none";
        if ((bare && !picture) || !element.checkVisibility()) continue;
        const look = [backgroundColor, backgroundImage, picture, position, zIndex];
        const box = element.getBoundingClientRect();
        painted.push({element, box, look: [...look, ...around(element)].join()});
    }
    const asked = new Map();
    for (const [element, {color, fontSize, fontWeight, textShadow}] of styles) {
        const texts = [...element.childNodes].filter(
            (node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
        const control = element.matches("input, select, textarea");
        if ((!texts.length && !control) || !element.checkVisibility()) continue;
        const range = document.createRange();
        const boxes = control ? [element.getBoundingClientRect()] : texts.flatMap((text) => {
            range.selectNode(text);
            return [...range.getClientRects()];
        });
        const behind = painted.filter(({box}) => boxes.some((its) => box.left < its.right
            && its.left < box.right && box.top < its.bottom && its.top < box.bottom));
        const whole = behind.every(({box}) => boxes.every((its) => box.left <= its.left
            && its.right <= box.right && box.top <= its.top && its.bottom <= box.bottom));
        const kind = [
            ...[element.localName, element.type, element.matches(":disabled")],
            ...[color, fontSize, fontWeight, textShadow, ...around(element)],
            ...behind.map((one) => one.look + one.element.compareDocumentPosition(element)),
        ].join();
        if (!whole || !passed.includes(kind)) asked.set(element, whole ? kind : "");
    }
    const {violations} = await axe.run({...rules, resultTypes: ["violations"]});
    if (!asked.size) return {violations, passed: []};
    const only = {runOnly: [ofTexts], elementRef: true};
    const texts = await axe.run({include: [...asked.keys()]}, only);
    violations.push(...texts.violations);
    const kinds = new Set(asked.values());
    for (const {nodes} of texts.passes) for (const {element} of nodes) asked.delete(element);
    for (const kind of ["", ...asked.values()]) kinds.delete(kind);
    return {violations, passed: [...kinds]};
}"""
"""Let axe judge a page: by rules, and the colours of each text of whose kind not all passed before.

The kind of a text is what its legibility comes of: its colour and size, and whatever is painted
where it stands. What something covers in part is judged each time.
"""

_passed: set[str] = set()
"""The kinds of text that passed on all pages so far where there are any."""


def axe_finds_nothing(page: Page) -> bool:
    """See that axe finds nothing on a page, in light by any rule, and in dark of its colours."""
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(f"matchMedia('(prefers-color-scheme: {scheme})').matches")
        _judge(page, RULES[scheme])
    return True


def axe_finds_nothing_as_it_is(page: Page) -> bool:
    """See that axe finds nothing on a page by any rule, in light or dark, whichever it is in."""
    _judge(page, RULES["light"])
    return True


def _judge(page: Page, rules: dict[str, Any]) -> None:
    if page.evaluate("!window.axe"):  # half a megabyte, which a page reads once
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate(JUDGE, [rules, OF_TEXTS, list(_passed)])
    assert not found["violations"], AxeResults(found).generate_report()
    _passed.update(found["passed"])


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
