"""What was said is found in the panel's box, and read beside the player by who may hear it."""

from __future__ import annotations

import html
import re

import pytest
from panel_house import BLOCKED, NOTHING_ASKED, OUT, PLAIN, Browser, call_sid, recording_sid

from twirec import Archive, Role, Sentence
from twirec.catalog.sentences import replace

SAID = (
    Sentence(Role.AGENT, 0.5, 2.0, "Tiene una permanencia de doce meses.", 0.9),
    Sentence(Role.CUSTOMER, 2.5, 4.0, "Eso <no> me lo dijo tu compañero.", 0.9),
)


@pytest.fixture
def said(archive: Archive) -> None:
    with archive.catalog.database.write() as connection:
        for number in (PLAIN, OUT, BLOCKED):
            replace(connection, call_sid(number), recording_sid(number), SAID)


def find(who: Browser, text: str) -> str:
    answer = who.post("/calls/search", {**NOTHING_ASKED, "text": text}, follow_redirects=True)
    assert answer.status_code == 200
    return answer.text


def test_the_list_shows_the_sentence_its_side_and_a_link_to_its_second(
    said: None, supervisor: Browser
) -> None:
    page = find(supervisor, 'customer said "no me lo dijo tu compañero"')
    links = re.findall(r'<tr class="heard">.*?href="([^"]+)"', page, re.DOTALL)
    assert links == [
        f"/calls/{recording_sid(number)}?t=2.5#{recording_sid(number)}" for number in (PLAIN, OUT)
    ]
    assert page.count(html.escape(SAID[1].text)) == 2
    assert "98 of 100" in page
    assert "Best first" in page
    assert "Newest first" not in page
    assert "the customer said \u201cno me lo dijo tu compañero\u201d" in page


def test_an_auditor_finds_nothing_by_what_was_said(said: None, auditor: Browser) -> None:
    page = find(auditor, "dicho permanencia")
    assert "No call matches." in page
    assert SAID[0].text not in page


def test_what_is_not_understood_can_be_looked_for_in_what_was_said(
    said: None, supervisor: Browser
) -> None:
    page = find(supervisor, "permanencia de doce meses")
    assert 'name="text" value="said &quot;permanencia de doce meses&quot;"' in page
