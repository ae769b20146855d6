"""An agent's own calls of before: which they find, open and hear, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from panel_house import (
    ACCOUNT_SID,
    HIDDEN,
    LINE,
    OUT,
    PLAIN,
    STARTED,
    Browser,
    call_sid,
    make_app,
    open_archive,
    recording_sid,
)

from twirec import Archive
from twirec.model.agents import Leg

THEIRS, QUARANTINED, OF_OTHERS = PLAIN, HIDDEN, OUT
AUDIO = f"/own/recordings/{recording_sid(THEIRS)}/audio"


@pytest.fixture
def hearing(environ: Mapping[str, str]) -> Iterator[Archive]:
    """An archive of a company whose agents may hear their own calls, of which two are Alex's."""
    archive = open_archive({**environ, "TWIREC_AGENTS_HEAR_THEIR_OWN": "1"})
    for number, agent in ((THEIRS, LINE), (QUARANTINED, LINE), (OF_OTHERS, "client:berta")):
        leg = Leg(ACCOUNT_SID, call_sid(80 + number), call_sid(number), STARTED, agent)
        archive.catalog.agents.add_leg(leg)
    yield archive
    archive.close()


@pytest.fixture
def alex(environ: Mapping[str, str], hearing: Archive) -> Browser:
    browser = Browser(make_app(environ, hearing))
    assert browser.sign_in("alex").status_code == 302
    return browser


def test_an_agent_finds_their_own_calls_and_no_others(alex: Browser) -> None:
    assert 'href="/own"' in alex.get("/desk").text
    page = alex.get("/own").text
    assert f"/own/{call_sid(THEIRS)}" in page
    assert f"/own/{call_sid(OF_OTHERS)}" not in page
    found = alex.post("/own", {"text": "yesterday"})
    assert found.status_code == 302
    assert "No call matches." in alex.get(found.headers["Location"]).text
    assert "not understood" in alex.get(alex.post("/own", {"text": "agent berta"}).location).text


def test_an_agent_hears_their_own_for_a_purpose_and_takes_nothing_out(
    alex: Browser, hearing: Archive
) -> None:
    path = f"/own/{call_sid(THEIRS)}"
    assert "<audio" not in alex.get(path).text
    assert alex.get(AUDIO).status_code == 409
    assert alex.post(f"{path}/purpose", {"purpose": "claim"}).status_code == 302
    page = alex.get(path).text
    assert AUDIO in page
    assert "asks for a refund" not in page  # a colleague's note
    assert "/download" not in page
    heard = alex.get(AUDIO)
    assert (heard.status_code, heard.data[:4]) == (200, b"RIFF")
    entry = hearing.audit.log(action="listen")[0]
    assert (entry.by, entry.role, entry.sid) == ("alex", "agent", recording_sid(THEIRS))
    assert entry.detail["purpose"] == "claim"
    assert alex.get(f"/recordings/{recording_sid(THEIRS)}/audio").status_code == 403
    form = {"format": "mp3", "channels": "both", "start": "", "end": ""}
    assert alex.post(f"/recordings/{recording_sid(THEIRS)}/download", form).status_code == 403


def test_what_is_not_theirs_is_not_there(alex: Browser, hearing: Archive) -> None:
    assert alex.get(f"/own/{call_sid(OF_OTHERS)}").status_code == 404
    assert hearing.audit.log(who="alex")[0].outcome == "denied"
    assert alex.get(f"/own/recordings/{recording_sid(OF_OTHERS)}/audio").status_code == 404
    page = alex.get(f"/own/{call_sid(QUARANTINED)}").text
    assert "There is nothing of this call that you may hear" in page
    assert recording_sid(QUARANTINED) not in page


def test_it_is_off_unless_the_company_says_so(agent: Browser, archive: Archive) -> None:
    leg = Leg(ACCOUNT_SID, call_sid(81), call_sid(THEIRS), STARTED, LINE)
    archive.catalog.agents.add_leg(leg)
    assert 'href="/own"' not in agent.get("/desk").text
    for path in ("/own", f"/own/{call_sid(THEIRS)}", AUDIO):
        assert agent.get(path).status_code == 404
