"""An agent's desk: pauses, their seconds, and what it says when things go wrong."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from chromium import LARGE, PHONE, follow, slow_down
from looking import axe_finds_nothing
from playwright.sync_api import Locator, Page, expect
from visits import PATIENCE, Visits

from callpanel.demo import Demo
from callpanel.panel import desk
from twirec.sandbox import Call, Party
from twirec.sandbox.scenes import SCENES

CUSTOMER = "+34600121203"
COUNTS_TONES = """
    window.tones = [];
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function () {
        window.tones.push(this.frequency.value);
        return start.call(this);
    };
"""
IS_PATIENT = """
    const timeout = AbortSignal.timeout;
    AbortSignal.timeout = (milliseconds) => timeout.call(AbortSignal, 10 * milliseconds);
"""
"""A page gives ten times as long for an answer: beside the network, the machine may be slow too."""
OVERFLOWS = "document.documentElement.scrollWidth > innerWidth"


@pytest.fixture(scope="module")
def call(demo: Demo) -> Iterator[Call]:
    """A call that goes on for an hour if nobody hangs up."""
    long = Party(hangs_up_after=3600.0)
    call = demo.play(replace(SCENES[0], customer=CUSTOMER, caller=Party(), callee=long))
    yield call
    call.hang_up()
    call.wait()


@pytest.fixture
def at_desk(visit: Visits, demo: Demo, call: Call) -> Iterator[Callable[..., Page]]:
    """Open the desk while that call is recorded; it is recorded again afterwards."""

    def open_desk(**wanted: Any) -> Page:
        page = visit("alex", "/desk", **wanted)
        page.add_init_script(COUNTS_TONES)
        page.reload()
        expect(own(page)).to_have_attribute("data-state", "recording")
        return page

    yield open_desk
    if demo.sandbox.recordings[-1].status == "paused":
        demo.archive.recordings.resume(call.sid, by="alex")


def own(page: Page) -> Locator:
    return page.locator("#calls .card", has_text="+34 600 121 203")


def pause(page: Page) -> None:
    own(page).locator("button").click()
    expect(own(page)).to_have_attribute("data-state", "paused")


def tones(page: Page) -> list[float]:
    found: list[float] = page.evaluate("window.tones")
    return found


def wait(page: Page, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE / 1000
    while not condition():
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)


def test_an_agent_pauses_an_own_call_and_lets_it_go_on_without_the_page_being_left(
    at_desk: Callable[..., Page], demo: Demo
) -> None:
    page = at_desk()
    page.evaluate("window.isTheSamePage = true")
    expect(own(page).locator(".state")).to_have_text("being recorded")
    own(page).get_by_role("button", name="Pause").click()
    expect(own(page).locator(".state")).to_have_text("recording paused")
    expect(page.locator("#said")).to_contain_text("what is said now is not recorded")
    assert "paused" in {recording.status for recording in demo.sandbox.recordings}
    assert page.evaluate("document.activeElement.textContent") == "Go on recording"
    own(page).get_by_role("button", name="Go on recording").click()
    expect(own(page).locator(".state")).to_have_text("being recorded")
    assert "paused" not in {recording.status for recording in demo.sandbox.recordings}
    assert page.evaluate("window.isTheSamePage")


def test_the_seconds_of_a_pause_are_counted_and_it_is_reminded_of_in_a_tone(
    at_desk: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = at_desk()
    pause(page)
    timer = own(page).get_by_role("timer")
    first = timer.inner_text()
    wait(page, lambda: timer.inner_text() > first)
    assert page.title().startswith("\u275a\u275a 0:")
    assert tones(page) == []
    monkeypatch.setattr(desk, "config", lambda: type("Config", (), {"pause_reminder": 1})())
    page.reload()
    expect(own(page).get_by_role("alert")).to_contain_text("Still paused.")
    expect(page.locator("#mute")).to_be_visible()
    assert tones(page) == []
    page.locator("h1").click()
    expect(page.locator("#mute")).to_be_hidden()
    wait(page, lambda: tones(page)[:1] == [660])
    own(page).locator("button").click()
    expect(own(page)).to_have_attribute("data-state", "recording")
    assert page.title().startswith("My calls")


def test_a_pause_that_the_policy_ended_is_heard(
    at_desk: Callable[..., Page], demo: Demo, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = at_desk()
    pause(page)
    ended = replace(desk.OwnCall(demo.archive.calls.get(call.sid), desk.CallState.RECORDING))
    with monkeypatch.context() as patch:
        patch.setattr(desk, "_of_desk", lambda _: replace(ended, ended_by_policy=True))
        expect(own(page).get_by_role("alert")).to_contain_text("goes on by itself")
        wait(page, lambda: tones(page)[:1] == [1320])


def test_without_a_connection_the_page_says_so_and_a_pause_is_sent_again(
    at_desk: Callable[..., Page], visit: Visits, demo: Demo
) -> None:
    page = at_desk()
    page.context.set_offline(True)
    expect(page.locator("#away")).to_contain_text("There is no connection since")
    own(page).locator("button").click()
    expect(page.locator("#waits")).to_contain_text("suppose that it is recorded")
    expect(own(page)).to_have_attribute("data-state", "recording")
    assert "paused" not in {recording.status for recording in demo.sandbox.recordings}
    page.context.set_offline(False)
    expect(own(page)).to_have_attribute("data-state", "paused")
    for sign in ("#away", "#waits"):
        expect(page.locator(sign)).to_be_hidden()
    visit.problems.clear()  # a browser notes each request that went nowhere


def test_a_pause_over_a_slow_network_is_sent_once(
    at_desk: Callable[..., Page], visit: Visits
) -> None:
    page = at_desk()
    page.add_init_script(IS_PATIENT)
    page.reload()
    slow_down(page)
    visit.addresses.clear()
    button = own(page).locator("button")
    button.click()
    expect(button).to_be_disabled()
    expect(own(page)).to_have_attribute("data-state", "paused")
    assert len([url for url in visit.addresses if url.endswith("/pause")]) == 1
    expect(page.locator("#waits")).to_be_hidden()


def test_what_somebody_does_not_want_any_more_is_not_sent_again(
    at_desk: Callable[..., Page], visit: Visits, demo: Demo
) -> None:
    page = at_desk()
    page.context.set_offline(True)
    own(page).locator("button").click()
    page.locator("#waits button").click()
    page.context.set_offline(False)
    expect(page.locator("#away")).to_be_hidden()
    expect(own(page).locator("button")).to_be_enabled()
    assert "paused" not in {recording.status for recording in demo.sandbox.recordings}
    visit.problems.clear()


def test_who_is_signed_out_elsewhere_reads_it_and_the_page_stays(
    at_desk: Callable[..., Page], visit: Visits, sessions: dict[str, Any], demo: Demo
) -> None:
    page = at_desk()
    other = visit("alex", "/desk")
    follow(other.get_by_role("button", name="Sign out"))
    other.wait_for_url("**/sign-in")
    sessions.pop("alex")
    expect(page.locator("#ended")).to_contain_text("Your session has ended.")
    expect(own(page)).to_be_visible()
    follow(page.locator("#ended a"))
    page.locator("#name").fill("alex")
    page.locator("#password").fill(demo.password)
    follow(page.locator("main form button"))
    expect(own(page)).to_be_visible()
    assert page.url.endswith("/desk")
    visit.problems.clear()


@pytest.mark.parametrize(("locale", "size"), [("en-GB", LARGE), ("es-ES", PHONE)])
def test_axe_finds_nothing_on_a_paused_call(
    at_desk: Callable[..., Page], locale: str, size: dict[str, int]
) -> None:
    page = at_desk(locale=locale, viewport=size)
    pause(page)
    for hidden in ("#away", "#waits"):
        page.evaluate(f"document.querySelector('{hidden}').hidden = false")
    assert axe_finds_nothing(page)
    assert not page.evaluate(OVERFLOWS)


def test_an_agent_sees_no_other_page(visit: Visits) -> None:
    page = visit("alex")
    assert page.url.endswith("/desk")
    assert page.get_by_role("navigation").get_by_role("link").all_inner_texts() == [
        *("My calls", "Cases")
    ]
    assert page.request.get("/calls").status == 403
