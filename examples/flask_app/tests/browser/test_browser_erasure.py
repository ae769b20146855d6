"""Erasing: a call is blocked; a number is destroyed at once, which a second admin approves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from chromium import PHONE, follow
from looking import TOO_WIDE, axe_finds_nothing_as_it_is
from playwright.sync_api import Page, expect
from visits import Visits

from callpanel.demo import Demo
from twirec import CallRecord, State
from twirec.sandbox.scenes import SCENES, Scene


@pytest.fixture
def recorded(demo: Demo, until: Callable[[Callable[[], Any]], None]) -> CallRecord:
    """A call of its own to destroy: others look at theirs."""
    record = played(demo, SCENES[0], "+34600121401")
    released = partial(demo.archive.calls.search, number="+34600121401", state=State.RELEASED)
    until(lambda: released().calls)
    return record


@pytest.fixture
def hung_up(demo: Demo, until: Callable[[Callable[[], Any]], None]) -> CallRecord:
    """A call of its own to block, which was not recorded."""
    record = played(demo, SCENES[2], "+34600121402")
    until(lambda: demo.archive.calls.search(number="+34600121402").calls[0].call.ended_at)
    return record


def played(demo: Demo, scene: Scene, number: str) -> CallRecord:
    demo.play(replace(scene, customer=number)).wait()
    return demo.archive.calls.search(number=number).calls[0]


def looks_well(page: Page) -> None:
    """Check that axe finds nothing, and that nothing is wider than the window."""
    assert axe_finds_nothing_as_it_is(page)
    assert not page.evaluate(TOO_WIDE)


def test_a_call_is_blocked_from_its_page_in_spanish_on_a_phone(
    visit: Visits, demo: Demo, hung_up: CallRecord
) -> None:
    sid = hung_up.call.call_sid
    page = visit("ana", f"/calls/{sid}", locale="es-ES", viewport=PHONE)
    follow(page.get_by_role("link", name="Suprimir esta llamada"))
    expect(page.get_by_label("Número, llamada o grabación")).to_have_value(sid)
    looks_well(page)
    page.locator("#reason").fill("petición del 30 de noviembre")
    follow(page.get_by_role("button", name="Suprimir"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Certificado de supresión E-")
    expect(page.locator("main")).to_contain_text("Bloqueada hasta")
    expect(page.locator("main")).to_contain_text("petición del 30 de noviembre")
    looks_well(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Descargar como PDF").click()
    assert download.value.path().read_bytes().startswith(b"%PDF-")
    (erasure, *_) = demo.archive.custody.certificates.list(by="ana")
    assert (erasure.sid, erasure.by, erasure.kind) == (sid, "ana", "block")


def test_what_is_destroyed_at_once_waits_for_a_second_admin(
    visit: Visits, demo: Demo, recorded: CallRecord
) -> None:
    page = visit("ana", "/users")
    page.locator("#name").fill("bea")
    page.locator("#password").fill(demo.password)
    page.locator("#role").select_option("admin")
    follow(page.get_by_role("button", name="Make it"))
    number = recorded.call.customer_number
    page.goto("/erasures")
    page.get_by_label("Number, call or recording").fill(number)
    page.get_by_label("destroy it at once").check()
    page.locator("#reason").fill("request of 30 November")
    page.locator("#ground").fill("GDPR art. 17.1 d")
    follow(page.get_by_role("button", name="Erase", exact=True))
    expect(page.locator("main")).to_contain_text("It waits for a second person")
    expect(page.get_by_role("button", name="Approve: destroy it now")).to_have_count(0)
    assert number not in page.url
    looks_well(page)
    path = page.url.removeprefix(demo.url)
    second = visit("bea", path)
    follow(second.get_by_role("button", name="Approve: destroy it now"))
    expect(second.get_by_role("status")).to_contain_text("It is being destroyed.")
    expect(second.locator("main")).to_contain_text("GDPR art. 17.1 d")
    looks_well(second)
    auditor = visit("aurora", path)
    expect(auditor.locator("main")).to_contain_text("Approved by")
    expect(auditor.get_by_role("button", name="Refuse")).to_have_count(0)
    assert number[3:] not in auditor.content()
