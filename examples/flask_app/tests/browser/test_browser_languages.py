"""Spanish or English: as the browser asks, until somebody chooses."""

from __future__ import annotations

import pytest
from chromium import follow
from playwright.sync_api import expect
from visits import Visits

SPANISH_WORDS: dict[str, tuple[str, ...]] = {
    "/calls": ("Llamadas", "Número, momento, expediente, nota, agente o SID"),
    "/recording": ("Grabación", "Activar o desactivar la grabación"),
    "/retention": ("Conservación", "Fijar una regla"),
    "/approvals": ("A la espera de una segunda persona", "Abrir lo bloqueado"),
    "/erasures": ("Supresión", "Certificados"),
    "/health": ("Estado", "Último repaso"),
    "/users": ("Usuarios", "Cuenta nueva"),
    "/audit": ("Registro de auditoría", "Comprobar toda la cadena"),
}
"""Words that a page shows in Spanish, by its path."""


@pytest.mark.parametrize("path", SPANISH_WORDS)
def test_a_page_is_in_spanish_for_a_spanish_browser(visit: Visits, path: str) -> None:
    page = visit("ana", path, locale="es-ES")
    expect(page.locator("html")).to_have_attribute("lang", "es")
    for words in SPANISH_WORDS[path]:
        expect(page.locator("body")).to_contain_text(words)


def test_a_page_is_in_english_for_any_other_browser(visit: Visits) -> None:
    page = visit("ana", "/calls", locale="fi-FI")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("heading", level=1)).to_have_text("Calls")


def test_the_language_that_somebody_chooses_stays(visit: Visits) -> None:
    page = visit("", "/sign-in")
    follow(page.get_by_role("button", name="Español"))
    expect(page.locator("html")).to_have_attribute("lang", "es")
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "es")
    follow(page.get_by_role("button", name="English"))
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
