"""Switches that end by themselves, and numbers that have names."""

from __future__ import annotations

from panel_house import OWN_NUMBER, Browser, make_app, open_archive

from callpanel.config import Config

SWITCH = {"number": OWN_NUMBER, "direction": "", "on": "off", "why": "fitters call each other"}


def test_a_switch_holds_until_six_and_the_history_shows_it(admin: Browser) -> None:
    answer = admin.post("/recording", {**SWITCH, "until": "2026-11-23T18:00"})
    assert answer.status_code == 302
    page = admin.get("/recording").text
    assert page.count("until Mon 23 Nov 2026, 18:00:00") == 3  # both directions, and the history
    assert "ended by itself" not in page


def test_an_end_that_is_none_is_refused_and_what_was_typed_stays(admin: Browser) -> None:
    for until, on, why in (
        ("2026-11-23T09:00", "off", "give a time to come"),
        ("at six", "off", "until:"),
        ("2026-11-23T18:00", "as_for_all", "Only on or off can end by itself"),
    ):
        answer = admin.post("/recording", {**SWITCH, "on": on, "until": until})
        assert (answer.status_code, why in answer.text) == (400, True), until
        assert "fitters call each other" in answer.text


def test_numbers_have_names(environ: dict[str, str], template: object) -> None:
    named = {**environ, "CALLPANEL_NUMBER_NAMES": f"{OWN_NUMBER}=Repairs; +34911000222=Sales "}
    config, problems = Config.read(named)
    assert problems == []
    assert config.number_names == {OWN_NUMBER: "Repairs", "+34911000222": "Sales"}
    for wrong in ("Repairs", "+34911000111=", "ana=Repairs"):
        problems = Config.read({**environ, "CALLPANEL_NUMBER_NAMES": wrong})[1]
        assert [each.split()[0] for each in problems] == ["CALLPANEL_NUMBER_NAMES"]
    archive = open_archive(environ)
    try:
        browser = Browser(make_app(named, archive))
        assert browser.sign_in("ana").status_code == 302
        page = browser.get("/recording").text
        assert f"{OWN_NUMBER} (Repairs)" in page
        assert '<span class="why">Sales</span>' in page
    finally:
        archive.close()
