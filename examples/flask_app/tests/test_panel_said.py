"""What was said is found in the panel's box, and read beside the player by who may hear it."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

import pytest
from flask import Flask
from panel_house import (
    BLOCKED,
    NOTHING_ASKED,
    OUT,
    PLAIN,
    Browser,
    call_sid,
    open_archive,
    recording_sid,
)

from callpanel.panel.transcript import conversation
from twirec import Actor, Archive, Role, Sentence, Word
from twirec.adapters.memory_speech import MemorySpeech
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


SID = recording_sid(PLAIN)


@pytest.fixture
def written(environ: Mapping[str, str], archive: Archive) -> None:
    """A transcript of the plain call's recording."""
    heard = ["Eso <no> me lo dijo.", "Tiene una permanencia."]
    maker = open_archive(environ, speech=MemorySpeech(heard))
    maker.transcripts.request(SID, by=Actor("ana", "admin"))
    maker.operations.worker(threads=1).run_once()
    maker.close()


def say_purpose(who: Browser, **more: str) -> str:
    path = f"/calls/{call_sid(PLAIN)}/purpose"
    answer = who.post(path, {"purpose": "quality"}, query_string=more)
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def test_what_was_said_is_read_on_the_log_with_a_purpose_by_who_may_hear_it(
    written: None, app: Flask, auditor: Browser, archive: Archive
) -> None:
    part = f"/recordings/{SID}/transcript?part=1"
    supervisor = Browser(app)
    supervisor.sign_in("sergio")
    assert f'data-from="{part}"' not in supervisor.get(f"/calls/{SID}").text
    assert supervisor.get(part).status_code == 409  # nobody said what for
    say_purpose(supervisor)
    assert f'data-from="{part}"' in supervisor.get(f"/calls/{SID}").text
    archive.calls.annotate(SID, note="pinned <here>", second=1.0, by="ana")
    said = supervisor.get(part).text
    assert "<html" not in said
    assert [each for each in re.findall(r'<li class="(\w+)"', said) if each == "note"] == ["note"]
    assert html.escape("Eso <no> me lo dijo.") in said
    assert html.escape("pinned <here>") in said
    assert "A machine wrote this, and mishears. The sound decides." in said
    page = supervisor.get(f"/recordings/{SID}/transcript").text
    assert "<html" in page
    assert html.escape("Eso <no> me lo dijo.") in page
    (entry, *_rest) = [each for each in archive.audit.log() if each.action == "read"]
    assert (entry.by, entry.sid, entry.detail.get("purpose")) == ("sergio", SID, "quality")
    assert auditor.get(part).status_code == 403
    assert f'data-from="{part}"' not in auditor.get(f"/calls/{SID}").text


def test_a_link_to_a_second_outlives_the_question_of_the_purpose(
    written: None, supervisor: Browser
) -> None:
    page = supervisor.get(f"/calls/{SID}?t=2.5").text
    assert f'action="/calls/{call_sid(PLAIN)}/purpose?t=2.5"' in page
    address = say_purpose(supervisor, t="2.5")
    assert address.startswith(f"/calls/{call_sid(PLAIN)}?t=2.5")
    page = supervisor.get(address.partition("#")[0]).text
    assert re.search(r'<details class="transcript"[^>]* open>', page)
    assert "#t=2.5" in page


def test_doubted_words_are_marked_and_notes_stand_where_they_are_pinned(
    app: Flask, archive: Archive
) -> None:
    words = (Word("Veo", 1.0, 1.2, 0.9), Word("mazo", 1.2, 1.5, 0.3), Word("que", 1.5, 2.0, 0.9))
    sentence = Sentence(Role.AGENT, 1.0, 2.0, "Veo mazo que", 0.7, words)
    later = Sentence(None, 5.0, 6.0, "Sí.", 0.9)
    archive.calls.annotate(SID, note="pinned", second=3.0, by="ana")
    record = archive.calls.get(SID)
    with app.test_request_context():
        lines = conversation((sentence, later), record, SID)
    assert [(line.starts, line.side) for line in lines] == [
        (1.0, "agent"),
        (3.0, "note"),
        (5.0, ""),
    ]
    assert [(run.text, run.doubted) for run in lines[0].runs] == [
        ("Veo", False),
        ("mazo", True),
        ("que", False),
    ]
