"""Holding, blocking and what takes two people, by two people in browsers of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from chromium import PHONE, follow
from looking import looks_well
from playwright.sync_api import Page, expect
from visits import Visits

from callpanel import accounts
from callpanel.demo import Demo
from callpanel.roles import Role
from twirec import Recording, State
from twirec.sandbox.scenes import SCENES

WORDS = {
    "en-GB": {
        "open": "Hold or block it",
        "hold": "Hold",
        "held": "It is held: nothing destroys it.",
        "lift": "Ask that it is lifted",
        "waits": "It waits for a second person.",
        "own": "You asked for it: somebody else approves it.",
        "approve": "Approve",
        "approved": "Approved.",
        "block": "Block",
        "blocked": "It is blocked:",
        "release": "Ask for the release",
        "take": "Take out",
        "nothing": "Nothing waits.",
    },
    "es-ES": {
        "open": "Retenerla o bloquearla",
        "hold": "Retener",
        "held": "Está retenida: nada la destruye.",
        "lift": "Pedir que se levante",
        "waits": "Espera a una segunda persona.",
        "own": "Lo ha pedido usted: lo aprueba otra persona.",
        "approve": "Aprobar",
        "approved": "Aprobado.",
        "block": "Bloquear",
        "blocked": "Está bloqueada:",
        "release": "Pedir que se abra",
        "take": "Descargar",
        "nothing": "No hay nada pendiente.",
    },
}
NUMBERS = {"en-GB": "+34600121301", "es-ES": "+34600121302"}


@pytest.fixture(params=WORDS)
def locale(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def recording(
    demo: Demo, locale: str, until: Callable[[Callable[[], Any]], None]
) -> tuple[str, Recording]:
    """A call of its own, and its recording, in the bucket."""
    number = NUMBERS[locale]
    demo.play(replace(SCENES[0], customer=number)).wait()
    until(lambda: demo.archive.calls.search(number=number, state=State.RELEASED).calls)
    (record,) = demo.archive.calls.search(number=number).calls
    return record.call.call_sid, record.recordings[0]


@pytest.fixture
def berta(demo: Demo) -> str:
    """A second admin."""
    with demo.app.app_context():
        if accounts.find("berta") is None:
            accounts.add("berta", demo.password, Role.ADMIN)
            accounts.keep()
    return "berta"


def press(page: Page, words: str) -> None:
    follow(page.locator("main button", has_text=words).first)


def test_hold_block_and_a_release_by_two(
    visit: Visits, recording: tuple[str, Recording], berta: str, locale: str, tmp_path: Path
) -> None:
    said, (call, its) = WORDS[locale], recording
    ana = visit("ana", f"/calls/{call}", locale=locale, viewport=PHONE)
    ana.get_by_text(said["open"]).click()
    ana.locator(f"#hold-case-{its.sid}").fill("C-7")
    ana.locator(f"#hold-reason-{its.sid}").fill("a dispute")
    press(ana, said["hold"])
    expect(ana.locator("p.message.done")).to_contain_text(said["held"])
    expect(ana.locator("main")).to_contain_text("a dispute")
    looks_well(ana)
    ana.locator(f"#unhold-reason-{its.sid}").fill("settled")
    press(ana, said["lift"])
    expect(ana.locator("p.message.done")).to_contain_text(said["waits"])
    expect(ana.locator("main")).to_contain_text(said["own"])
    looks_well(ana)

    other = visit(berta, "/approvals", locale=locale, viewport=PHONE)
    press(other, said["approve"])
    expect(other.locator("p.message.done")).to_contain_text(said["approved"])
    expect(other.locator("main")).to_contain_text(said["nothing"])

    ana.goto(f"/calls/{call}")
    ana.get_by_text(said["open"]).click()
    ana.locator(f"#block-reason-{its.sid}").fill("asked to be erased")
    press(ana, said["block"])
    expect(ana.locator("p.message.done")).to_contain_text(said["blocked"])
    assert ana.locator(f"#{its.sid}").count() == 0
    ana.goto("/approvals")
    for field, words in (
        ("sid", its.sid),
        ("authority", "Juzgado 3"),
        ("reference", "DP 7/2026"),
        ("reason", "an order"),
    ):
        ana.locator(f"#{field}").fill(words)
    press(ana, said["release"])
    expect(ana.locator("p.message.done")).to_contain_text(said["waits"])

    other.goto("/approvals")
    expect(other.locator("main")).to_contain_text("DP 7/2026")
    looks_well(other)
    press(other, said["approve"])
    expect(other.locator("main")).to_contain_text(its.sid)
    looks_well(other)
    with other.expect_download() as taken:
        other.locator("main button", has_text=said["take"]).first.click()
    file = tmp_path / "taken.wav"
    taken.value.save_as(file)
    assert file.stat().st_size == its.size
    other.goto("/approvals")
    assert its.sid not in other.locator("main").inner_text()
    ana.goto("/approvals")
    expect(ana.locator("main")).to_contain_text(its.sid)  # hers is there still
