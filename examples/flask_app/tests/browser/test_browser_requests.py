"""An access request is answered in a browser, from arrival to delivery, in both languages."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from chromium import follow
from looking import looks_well
from playwright.sync_api import Page, expect
from visits import Visits

from callpanel.demo import Demo
from twirec import CallRecord

WORDS = {
    "en-GB": {
        "open": "Open a request",
        "number": "Number",
        "name": "Name",
        "how": "How it was checked",
        "write": "Write down",
        "download": "Download the archive",
        "to": "How",
        "delivered": "It was delivered",
        "answered": "answered",
        "purpose": "request of the person",
    },
    "es-ES": {
        "open": "Abrir una solicitud",
        "number": "Número",
        "name": "Nombre",
        "how": "Cómo se comprobó",
        "write": "Anotar",
        "download": "Descargar el archivo",
        "to": "Cómo",
        "delivered": "Se entregó",
        "answered": "respondida",
        "purpose": "petición de la persona",
    },
}


def unfolded(page: Page) -> None:
    """Check how a page looks with all that folds open."""
    page.wait_for_load_state()
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
    looks_well(page)


@pytest.mark.parametrize("locale", WORDS)
def test_a_request_is_answered(
    visit: Visits, demo: Demo, recorded: CallRecord, locale: str
) -> None:
    says = WORDS[locale]
    page = visit("ana", "/requests", locale=locale)
    unfolded(page)
    page.get_by_label(says["number"], exact=True).fill(recorded.call.customer_number)
    page.get_by_label(says["name"], exact=True).fill("José Ñúñez")
    follow(page.get_by_role("button", name=says["open"]))
    page.wait_for_url("**/requests/AR-*")
    expect(page.get_by_role("button", name=says["download"])).to_be_disabled()
    unfolded(page)
    page.get_by_label(says["how"]).fill("DNI")
    follow(page.get_by_role("button", name=says["write"]))
    with page.expect_download() as taken:
        page.get_by_role("button", name=says["download"]).click()
    with zipfile.ZipFile(Path(taken.value.path())) as files:
        names = files.namelist()
        assert recorded.recordings[0].sid in " ".join(names)
        assert f'lang="{locale[:2]}"'.encode() in files.read("letter.html")
    page.reload()
    page.get_by_label(says["to"], exact=True).fill("en mano")
    follow(page.get_by_role("button", name=says["delivered"]))
    expect(page.locator("header .badge").last).to_have_text(says["answered"])
    unfolded(page)
    page.goto(f"/calls/{recorded.call.call_sid}")
    expect(page.get_by_role("button", name=says["purpose"])).to_be_visible()
    unfolded(page)
