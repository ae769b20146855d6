"""An agent pauses what is recorded of an own call, and lets it go on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import expect
from visits import Visits

from callpanel.demo import Demo
from twirec.sandbox import Call, Party
from twirec.sandbox.scenes import SCENES

CUSTOMER = "+34600121203"


@pytest.fixture
def call(demo: Demo) -> Iterator[Call]:
    """A call that goes on for an hour if nobody hangs up."""
    long = Party(hangs_up_after=3600.0)
    call = demo.play(replace(SCENES[0], customer=CUSTOMER, caller=Party(), callee=long))
    yield call
    call.hang_up()
    call.wait()


def test_an_agent_pauses_an_own_call_and_lets_it_go_on(
    visit: Visits, demo: Demo, call: Call
) -> None:
    page = visit("alex", "/desk")
    own = page.locator("#calls .card", has_text="+34 600 121 203")
    expect(own.locator(".badge")).to_have_text("being recorded")
    own.get_by_role("button", name="Pause").click()
    expect(own.locator(".badge")).to_have_text("recording paused")
    assert "paused" in {recording.status for recording in demo.sandbox.recordings}
    own.get_by_role("button", name="Go on recording").click()
    expect(own.locator(".badge")).to_have_text("being recorded")
    assert "paused" not in {recording.status for recording in demo.sandbox.recordings}


def test_an_agent_sees_no_other_page(visit: Visits) -> None:
    page = visit("alex")
    assert page.url.endswith("/desk")
    assert page.get_by_role("navigation").get_by_role("link").all_inner_texts() == ["My calls"]
    assert page.request.get("/calls").status == 403
