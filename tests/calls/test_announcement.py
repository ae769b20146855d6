from __future__ import annotations

import pytest

from twirec.calls.announcement import WORDINGS, compose, shortest_seconds
from twirec.model.records import Announcement


@pytest.mark.parametrize("language", WORDINGS)
def test_every_wording_says_who_records_and_where_to_learn_more(language: str) -> None:
    said = compose(language, company="Muñoz & Hijos", privacy_info="ejemplo punto es").text
    assert "Muñoz & Hijos" in said
    assert "ejemplo punto es" in said
    assert "{" not in said


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
    assert first.hash not in others
    assert len(others) == 3


def test_the_shortest_time_is_well_under_a_slow_reading_and_over_none() -> None:
    announcement = compose("es-ES", company="Ejemplo", privacy_info="ejemplo punto es")
    slow_reading = len(announcement.text) / 14
    assert 0.3 * slow_reading < shortest_seconds(announcement) < 0.7 * slow_reading
