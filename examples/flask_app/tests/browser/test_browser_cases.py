"""Cases in a real browser: three taps on a phone, while the customer is on the line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from chromium import PHONE, loading
from looking import looks_well
from playwright.sync_api import Locator, expect
from visits import Visits

from callpanel.demo import Demo
from twirec import Actor, CaseAnswer, CaseKind
from twirec.sandbox import Call, Party
from twirec.sandbox.scenes import SCENES

CUSTOMER = "+34600121205"


@pytest.fixture
def call(demo: Demo) -> Iterator[Call]:
    """A call that goes on until somebody hangs up."""
    long = Party(hangs_up_after=3600.0)
    call = demo.play(replace(SCENES[0], customer=CUSTOMER, caller=Party(), callee=long))
    yield call
    call.hang_up()
    call.wait()


def tap(lead: Locator) -> None:
    with loading(lead.page):
        lead.tap()


def test_an_agent_opens_a_case_in_three_taps_on_a_phone(
    visit: Visits, demo: Demo, call: Call, until: Callable[[Callable[[], Any]], None]
) -> None:
    until(lambda: demo.archive.calls.search(number=CUSTOMER).calls)
    page = visit("alex", "/desk", viewport=PHONE, has_touch=True, is_mobile=True, locale="es-ES")
    own = page.locator("#calls .card", has_text="+34 600 121 205")
    tap(own.get_by_role("link", name="Abrir un caso"))
    tap(page.get_by_role("button", name="factura o cobro"))
    key = page.locator("h1.case-key").inner_text()
    assert page.evaluate("document.querySelector('h1').getBoundingClientRect().right <= innerWidth")
    expect(page.locator(".say").last).to_contain_text("¿Consiente")
    assert page.locator("button", has_text="Sí, grabar").evaluate(
        "each => each.getBoundingClientRect().bottom <= innerHeight"
    )
    tap(page.get_by_role("button", name="Sí, grabar"))
    expect(page.locator("[role=status].done")).to_contain_text("dijo que sí")
    known = demo.archive.cases.get(key, by=Actor("ana", "admin"))
    assert (known.case.kind, known.calls[0].answer) == (CaseKind.BILLING, CaseAnswer.GRANTED)
    looks_well(page)
