"""Every page, in light and dark, large and on a phone: legible, and with nothing to complain of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from chromium import LARGE, PHONE, follow
from looking import CUT_OFF, TOO_WIDE, axe_finds_nothing
from playwright.sync_api import Browser, Page
from visits import Visits

from callpanel.demo import Demo
from twirec import Actor, CallRecord, State
from twirec.sandbox import Party
from twirec.sandbox.scenes import SCENES

PAGES = {
    "sign-in": ("", "/sign-in"),
    "calls": ("ana", "/calls"),
    "a call": ("ana", "/calls/{recorded}"),
    "a call that was not recorded": ("ana", "/calls/{hung_up}"),
    "recording": ("ana", "/recording"),
    "two people": ("ana", "/approvals"),
    "retention": ("ana", "/retention"),
    "what the rules would do": ("ana", "/retention/preview"),
    "access requests": ("ana", "/requests"),
    "an access request": ("ana", "/requests/{request}"),
    "cases": ("sergio", "/cases"),
    "a case": ("sergio", "/cases/{case}"),
    "a new case": ("sergio", "/calls/{hung_up}/cases"),
    "a case during a call": ("sergio", "/cases/{case}/call"),
    "erasing": ("ana", "/erasures"),
    "an erasure": ("ana", "/erasures/{erasure}"),
    "health": ("ana", "/health"),
    "proof": ("aurora", "/proof"),
    "users": ("ana", "/users"),
    "an account": ("ana", "{user}"),
    "given to others": ("aurora", "/disclosures"),
    "giving a recording to others": ("ana", "/disclosures/{recording}"),
    "audit log": ("aurora", "/audit"),
    "on the phone now": ("sergio", "/now"),
    "my calls": ("alex", "/desk"),
    "my calls of before": ("alex", "/own"),
    "one of my calls": ("alex", "/own/{recorded}"),
    "one's own account": ("ana", "/account"),
    "a second factor": ("sergio", "/account/second-factor"),
    "no such page": ("ana", "/nowhere"),
}
"""Who sees it, and its path."""

SEEN_ELSEWHERE = {
    "second.code": "account",
    "second.set_up": "account",
    "twirec_disclosed.look": "disclosure",
    "twirec_disclosed.opened": "disclosure",
}
"""Pages that take more than to sign in, and which of the files here looks at them."""

NOT_LOOKED_AT = {"panel.transcript", "panel.own_transcript"}
"""They take a machine that hears what is said."""

NO_PAGES = {
    *(
        "panel.home",
        "panel.proof_again",
        "panel.open_search",
        "provider.begin",
        "provider.back",
    ),  # lead elsewhere
    *("panel.newest", "panel.wall_now", "panel.desk_now"),  # parts of pages, which ask for them
    *("panel.audio", "panel.own_audio", "twirec_disclosed.audio", "twirec_disclosed.file"),
    *(
        "panel.audit_csv",
        "panel.audit_proof",
        "panel.audit_pdf",
        "panel.erasure_pdf",
        "panel.month_pdf",
        "static",
    ),  # files
    *("twirec.audio", "twirec.whose", "probes.healthz", "probes.metrics"),  # for machines
    *("probes.readyz", "probes.readyz_part", "probes.readyz_archive"),
}

EVA = Actor("eva", "admin")

SMALL_TEXTS = """() => {
    const small = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const size = parseFloat(getComputedStyle(texts.currentNode.parentElement).fontSize);
        const text = texts.currentNode.data.trim();
        if (text && size < 14) small.push(`${size} px: ${text}`);
    }
    return small;
}"""
SCROLLS = """() => [...document.querySelectorAll(".scroll")]
    .filter((element) => element.scrollWidth > element.clientWidth + 1)
    .map((element) => `${element.scrollWidth} > ${element.clientWidth}: ${element.textContent}`)"""
"""Tables that are wider than their place: their last columns are not seen."""
OUTLINE = """() => {
    if (document.activeElement === document.body) return null;
    const style = getComputedStyle(document.activeElement);
    return style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth);
}"""


@pytest.fixture(scope="module")
def places(
    demo: Demo,
    recorded: CallRecord,
    hung_up: CallRecord,
    until: Callable[[Callable[[], Any]], None],
) -> Iterator[dict[str, str]]:
    """What paths are made of. While they are used, an agent is on the phone."""
    callee = Party(hangs_up_after=3600.0)
    call = demo.play(replace(SCENES[0], customer="+34600121204", caller=Party(), callee=callee))
    until(lambda: demo.archive.calls.search(number="+34600121204", state=State.RECORDING).calls)
    sid = recorded.recordings[0].sid
    asked = demo.archive.custody.access_requests.open(
        recorded.call.customer_number, name="Ana", by=EVA
    )
    last_month = demo.archive.now().replace(day=1) - timedelta(days=2)
    demo.archive.custody.months.close(f"{last_month:%Y-%m}", by=EVA)
    erasure = demo.archive.custody.erase(sid, reason="x", by=EVA, now=True, ground="art. 17")
    complaint = demo.archive.cases.open(hung_up.call.call_sid, "billing", content="x", by=EVA)
    yield {
        "recorded": recorded.call.call_sid,
        "hung_up": hung_up.call.call_sid,
        "recording": sid,
        "request": asked.key,
        "erasure": erasure.id,
        "case": complaint.case.key,
    }
    waits = demo.archive.custody.certificates.get(erasure.id, by=EVA)
    demo.archive.custody.approvals.refuse(waits.approval, reason="a test", by=EVA)
    call.hang_up()
    call.wait()


@pytest.fixture(scope="module", params=PAGES)
def page(
    request: pytest.FixtureRequest,
    browser: Browser,
    demo: Demo,
    sessions: dict[str, Any],
    places: dict[str, str],
) -> Iterator[Page]:
    """One of the pages; leaving it fails if the browser minded anything."""
    who, path = PAGES[request.param]
    with Visits(browser, demo, sessions) as visit:
        if path == "{user}":
            page = visit(who, "/users")
            follow(page.locator("td a").first)
            page.wait_for_url("**/users/*")
        else:
            page = visit(who, path.format(**places))
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
        yield page
        elsewhere = [url for url in visit.addresses if not url.startswith(demo.url)]
        assert elsewhere == []
        if request.param == "no such page":
            assert all("404" in problem for problem in visit.problems)
            visit.problems.clear()


def test_axe_finds_nothing_in_light_and_dark(page: Page) -> None:
    page.set_viewport_size(LARGE)
    assert axe_finds_nothing(page)


def test_all_of_it_is_seen_in_any_width(page: Page) -> None:
    for width in (320, PHONE["width"], 800, 1030, LARGE["width"], 1280, 1920):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(CUT_OFF) == [], width
        assert not page.evaluate(TOO_WIDE), width
        assert page.evaluate(SCROLLS) == [], width


def test_every_page_is_looked_at(demo: Demo, places: dict[str, str]) -> None:
    urls = demo.app.url_map.bind("localhost")
    paths = [path.format(**places, user="/users/x") for _, path in PAGES.values()]
    here = {urls.match(path)[0] for path in paths if path != "/nowhere"}
    rules = [each for each in demo.app.url_map.iter_rules() if "GET" in (each.methods or ())]
    assert {each.endpoint for each in rules} == (
        here | SEEN_ELSEWHERE.keys() | NOT_LOOKED_AT | NO_PAGES
    )
    for name in SEEN_ELSEWHERE.values():
        assert "looks_well(" in (Path(__file__).parent / f"test_browser_{name}.py").read_text()


def test_no_text_is_smaller_than_14_pixels(page: Page) -> None:
    page.set_viewport_size(LARGE)
    assert page.evaluate(SMALL_TEXTS) == []


def test_whatever_has_the_focus_is_outlined(page: Page) -> None:
    page.set_viewport_size(LARGE)
    page.evaluate("document.activeElement.blur()")
    outlines = []
    for _ in range(12):
        page.keyboard.press("Tab")
        outlines.append(page.evaluate(OUTLINE))
    focused = [outline for outline in outlines if outline is not None]
    assert len(focused) >= 3
    assert min(focused) >= 2
