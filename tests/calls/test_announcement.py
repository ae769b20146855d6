from __future__ import annotations

import pytest

from twirec.calls.wordings import WORDINGS, compose, shortest_notice, shortest_question
from twirec.model.announcements import Announcement
from twirec.model.errors import InvalidQuery
from twirec.model.vocabulary import ConsentMode

SPOKEN = [language for language, wording in WORDINGS.items() if wording.voice]


@pytest.mark.parametrize("language", SPOKEN)
@pytest.mark.parametrize("mode", ConsentMode)
def test_every_wording_says_who_records_where_to_learn_more_and_which_key_says_no(
    language: str, mode: ConsentMode
) -> None:
    said = compose(language, mode, company="Muñoz & Hijos", privacy_info="ejemplo punto es")
    assert "Muñoz & Hijos" in said.text
    assert "ejemplo punto es" in said.text
    assert "{" not in said.text + said.question
    assert bool(said.question) == mode.asks
    assert ("2" in said.question) == mode.asks
    assert ("1" in said.question) == mode.needs_yes


@pytest.mark.parametrize("language", [*sorted(set(WORDINGS) - set(SPOKEN)), "xx-XX"])
def test_a_language_that_no_voice_speaks_is_refused(language: str) -> None:
    with pytest.raises(InvalidQuery, match="language"):
        compose(language, company="Muñoz", privacy_info="ejemplo punto es")


def test_a_company_with_braces_in_its_name_is_spoken_as_it_is() -> None:
    assert "{company}" in compose("es-ES", company="{company}", privacy_info="x").text


def test_the_hash_names_the_content_and_changes_with_each_part_of_it() -> None:
    first = Announcement("es-ES", "Polly.Lucia-Neural", "Se graba.")
    assert first.hash == Announcement("es-ES", "Polly.Lucia-Neural", "Se graba.").hash
    assert first.hash == "7799bd61aadcef8bb3b1ce228b961e12247282fa3210c85bcc0c17373d302a68"
    others = {
        Announcement("es-MX", "Polly.Lucia-Neural", "Se graba.").hash,
        Announcement("es-ES", "Polly.Sergio-Neural", "Se graba.").hash,
        Announcement("es-ES", "Polly.Lucia-Neural", "Se graba").hash,
    }
    others.add(Announcement("es-ES", "Polly.Lucia-Neural", "Se graba.", "Pulse 2.").hash)
    assert first.hash not in others
    assert len(others) == 4


def test_the_shortest_time_is_well_under_a_slow_reading_and_over_none() -> None:
    announcement = compose("es-ES", company="Ejemplo", privacy_info="ejemplo punto es")
    slow_reading = len(announcement.text) / 14
    assert 0.3 * slow_reading < shortest_notice(announcement) < 0.7 * slow_reading


@pytest.mark.parametrize("language", WORDINGS)
def test_what_failed_to_be_played_comes_back_sooner_than_it_takes(language: str) -> None:
    """Twilio may try the next step for four seconds, and silence lets a call be recorded."""
    said = Announcement(
        language, "x", WORDINGS[language].notice, question=WORDINGS[language].opt_out
    )
    assert shortest_notice(said) > 4
    assert shortest_question(said) > 4
