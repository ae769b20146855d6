"""Receipts of cases: what they say, and what opens their links."""

from __future__ import annotations

import io
import wave
from datetime import timedelta

import pytest
from sqlalchemy import update

from tests.custody.ended_call import ended_call
from tests.factories import call_sid
from tests.house import House
from twirec.archive import Archive
from twirec.catalog.tables import recordings
from twirec.custody import case_receipt
from twirec.model.access import Actor
from twirec.model.case_terms import TermUnit
from twirec.model.cases import CaseKind, CaseLanguage
from twirec.model.errors import InvalidQuery, LinkClosed
from twirec.model.states import State
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

ANA, EVA = Actor("ana", "agent"), Actor("eva", "admin")


@pytest.fixture(scope="module")
def recorded() -> House:
    return ended_call(Settings.from_env(ENVIRONMENT))


@pytest.fixture
def house(recorded: House) -> House:
    return recorded.copy()


def a_case(archive: Archive, language: str = "es") -> str:
    opened = archive.cases.open(
        call_sid(), "billing", content="Me cobran dos veces.", language=language, by=ANA
    )
    archive.cases.consent(opened.case.key, "granted", by=ANA)
    return opened.case.key


WORDS = {
    "es": ("Justificante de su caso", "5 días; hasta el 28-11-2026", "Con su consentimiento"),
    "ca": ("Justificant del seu cas", "5 dies; fins al 28-11-2026", "Amb el seu consentiment"),
    "gl": ("Xustificante do seu caso", "5 días; ata o 28-11-2026", "Co seu consentimento"),
    "eu": ("kasuaren egiaztagiria", "5 egun; 28-11-2026 arte", "Zure baimenarekin"),
    "en": ("Receipt of your case", "5 days; until 28-11-2026", "With your consent"),
}


@pytest.mark.parametrize("language", WORDS)
def test_a_receipt_says_it_in_the_language_of_the_complaint(house: House, language: str) -> None:
    key = a_case(house.archive, language)
    made = house.archive.cases.receipts.make(key, by=EVA)
    for said in (key, "Me cobran dos veces.", "23-11-2026 11:16", *WORDS[language]):
        assert said in made.text
    assert made.pdf.startswith(b"%PDF")
    assert "{" not in made.text


def test_link_and_code_of_a_receipt_open_the_recording(house: House) -> None:
    archive = house.archive
    made = archive.cases.receipts.make(a_case(archive), by=EVA)
    (link,) = [line for line in made.text.splitlines() if "/twirec/disclosed/" in line]
    opening = archive.custody.disclosures.open(link.rpartition("/")[2], made.code)
    assert opening.disclosure.recording_sid == house.recording().sid
    assert made.code not in made.text
    assert f"/URI ({link})".encode() in made.pdf  # who reads it on a screen need not type it


def test_a_yes_that_is_written_down_after_the_call_gives_nothing_away(house: House) -> None:
    house.time += timedelta(seconds=1)
    made = house.archive.cases.receipts.make(a_case(house.archive), by=Actor("bo", "supervisor"))
    assert "no se ha grabado para su caso" in made.text
    assert (made.code, "/twirec/disclosed/" in made.text) == ("", False)


def test_of_what_was_recorded_already_a_link_has_what_came_after_the_yes(house: House) -> None:
    archive, disclosures = house.archive, house.archive.custody.disclosures
    began = house.time - timedelta(seconds=3)
    with archive.catalog.database.write() as connection:
        connection.execute(update(recordings).values(started_at=began))
    made = archive.cases.receipts.make(a_case(archive), by=EVA)
    (link,) = [line for line in made.text.splitlines() if "/twirec/disclosed/" in line]
    secret = link.rpartition("/")[2]
    opening = disclosures.open(secret, made.code)
    with wave.open(io.BytesIO(b"".join(disclosures.hear(secret, opening.ticket)))) as heard:
        assert heard.getnframes() / heard.getframerate() == pytest.approx(1.0, abs=0.01)


def test_who_may_not_hear_it_gets_no_link(house: House) -> None:
    made = house.archive.cases.receipts.make(a_case(house.archive), by=ANA)
    assert "/twirec/disclosed/" not in made.text
    assert made.code == ""
    assert "Puede pedir una copia" in made.text


def test_a_no_ends_the_links_of_that_case_alone_though_the_call_goes_on_being_recorded(
    house: House,
) -> None:
    archive, disclosures = house.archive, house.archive.custody.disclosures
    one, other = (a_case(archive) for _ in range(2))
    given = {}
    for key in (one, other):
        made = archive.cases.receipts.make(key, by=EVA)
        (link,) = [line for line in made.text.splitlines() if "/twirec/disclosed/" in line]
        given[key] = (link.rpartition("/")[2], made.code)
    heard = disclosures.open(*given[one])
    archive.cases.consent(one, "refused", by=ANA)
    assert house.recording().state is State.RELEASED  # on another ground
    for opens in (
        lambda: disclosures.open(*given[one]),
        lambda: disclosures.opened(given[one][0], heard.ticket),
    ):
        with pytest.raises(LinkClosed):
            opens()
    assert disclosures.open(*given[other])
    ended = next(each for each in disclosures.of(house.recording().sid, by=EVA) if each.revoked_at)
    assert (ended.reference, ended.revoked_by) == (one, "ana")
    assert "said no" in ended.revoked_why
    (entry,) = archive.audit.log(action="case", sid=one, limit=1)
    assert (entry.detail["step"], entry.detail["links_ended"]) == ("consent", 1)
    archive.cases.consent(one, "granted", by=ANA)  # a yes once more opens nothing that was given
    with pytest.raises(LinkClosed):
        disclosures.open(*given[one])


def test_without_consent_a_receipt_says_that_nothing_was_recorded(house: House) -> None:
    key = house.archive.cases.open(call_sid(), "query", by=ANA).case.key
    made = house.archive.cases.receipts.make(key, by=EVA)
    assert "no se ha grabado para su caso" in made.text
    assert made.code == ""


def test_what_cannot_be_sent_is_refused_by_name(house: House) -> None:
    key = a_case(house.archive)
    with pytest.raises(InvalidQuery, match="TWIREC_SMTP_URL"):
        house.archive.cases.receipts.send(key, to="ana@example.com", by=ANA)
    for wrong in ("ana", "ana@example.com, bo@example.com", "Ana <ana@example.com>"):
        with pytest.raises(InvalidQuery, match="one e-mail address"):
            house.archive.cases.receipts.send(key, to=wrong, by=ANA)
    with pytest.raises(LinkClosed):
        house.archive.custody.disclosures.open("x" * 43, "K7QM-3XRD")


def test_every_kind_of_case_and_unit_of_a_term_has_a_name_in_every_language() -> None:
    for names, words in ((case_receipt._KINDS, CaseKind), (case_receipt._UNITS, TermUnit)):
        assert set(names) == set(CaseLanguage)
        assert all(set(of) == set(words) for of in names.values())
