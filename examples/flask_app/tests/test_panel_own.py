"""An agent's own calls of before: which they find, open and hear, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from panel_house import (
    ACCOUNT_SID,
    BLOCKED,
    ERASED,
    HIDDEN,
    LINE,
    OUT,
    PARKED,
    PLAIN,
    STARTED,
    Browser,
    call_sid,
    make_app,
    open_archive,
    recording_sid,
)

from callpanel import accounts
from twirec import Actor, Archive
from twirec.adapters.memory_speech import MemorySpeech
from twirec.model.agents import Leg

THEIRS, QUARANTINED, OF_OTHERS = PLAIN, HIDDEN, OUT
AUDIO = f"/own/recordings/{recording_sid(THEIRS)}/audio"


@pytest.fixture
def hearing(environ: Mapping[str, str]) -> Iterator[Archive]:
    """An archive of a company whose agents may hear their own calls, of which one is Berta's."""
    archive = open_archive({**environ, "TWIREC_AGENTS_HEAR_THEIR_OWN": "1"})
    for number in (THEIRS, QUARANTINED, BLOCKED, ERASED, PARKED, OF_OTHERS):
        agent = "client:berta" if number == OF_OTHERS else LINE
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


def test_an_agent_reads_what_was_said_in_their_own_without_notes_of_others(
    alex: Browser, hearing: Archive, environ: Mapping[str, str]
) -> None:
    ana, sid = Actor("ana", "admin"), recording_sid(THEIRS)
    maker = open_archive(environ, speech=MemorySpeech(["Tiene una permanencia."]))
    maker.transcripts.request(sid, by=ana)
    maker.operations.worker(threads=1).run_once()
    maker.close()
    hearing.calls.annotate(sid, note="a colleague's", second=0.0, by=ana)
    part = f"/own/recordings/{sid}/transcript?part=1"
    assert alex.get(part).status_code == 409  # nobody said what for
    alex.post(f"/own/{call_sid(THEIRS)}/purpose", {"purpose": "claim"})
    assert f'data-from="{part}"' in alex.get(f"/own/{call_sid(THEIRS)}").text
    said = alex.get(part).text
    assert "Tiene una permanencia." in said
    assert "colleague" not in said
    assert f'href="/own/{call_sid(THEIRS)}#{sid}"' in alex.get(part.partition("?")[0]).text
    assert hearing.audit.log(action="read")[0].by == "alex"
    found = alex.post("/own", {"text": "said permanencia"}, follow_redirects=True)
    assert f"/own/{call_sid(THEIRS)}" in found.text
    for other in (f"/recordings/{sid}/transcript", part.replace(sid, recording_sid(OF_OTHERS))):
        assert alex.get(other).status_code in (403, 404), other


def test_what_is_not_theirs_is_not_there(alex: Browser, hearing: Archive) -> None:
    for sid in (call_sid(OF_OTHERS), recording_sid(OF_OTHERS), "CA%", "%", "nothing"):
        before = hearing.audit.log(who="alex")[0]
        assert alex.get(f"/own/{sid}").status_code == 404, sid
        refused = hearing.audit.log(who="alex")[0]
        assert (refused.outcome, refused != before) == ("denied", True), sid
    purpose = {"purpose": "claim"}
    assert alex.post(f"/own/{call_sid(OF_OTHERS)}/purpose", purpose).status_code == 404
    assert alex.get(f"/own/recordings/{recording_sid(OF_OTHERS)}/audio").status_code == 404
    assert hearing.audit.log(who="alex", action="listen")[0].outcome == "denied"


def test_of_their_calls_they_hear_what_is_theirs_alone_and_for_anybody_to_hear(
    alex: Browser, hearing: Archive
) -> None:
    hearing.catalog.agents.add_leg(Leg(ACCOUNT_SID, call_sid(99), call_sid(OUT), STARTED, LINE))
    for number in (QUARANTINED, BLOCKED, ERASED, PARKED, OUT):  # OUT rang for Berta too
        alex.post(f"/own/{call_sid(number)}/purpose", {"purpose": "claim"})
        page = alex.get(f"/own/{call_sid(number)}")
        status = 404 if number == BLOCKED else 200  # nothing is found by what its line holds
        assert (page.status_code, "<audio" in page.text) == (status, False), number
        assert status == 404 or "There is nothing of this call that you may hear" in page.text
        assert recording_sid(number) not in page.text
        sound = f"/own/recordings/{recording_sid(number)}/audio"
        for asked in (sound, f"{sound}?format=original", f"{sound}?format=opus"):
            assert alex.get(asked, headers={"Range": "bytes=0-9"}).status_code == 404, asked
    ana = Actor("ana", "admin")
    hearing.custody.hold(recording_sid(THEIRS), case="C-7", reason="a claim", by=ana)
    alex.post(f"/own/{call_sid(THEIRS)}/purpose", {"purpose": "claim"})
    assert "C-7" not in alex.get(f"/own/{call_sid(THEIRS)}").text
    assert alex.get(AUDIO, headers={"Range": "bytes=0-9"}).status_code == 206


def test_who_takes_calls_elsewhere_from_now_on_hears_what_is_of_there(
    alex: Browser, hearing: Archive
) -> None:
    alex.post(f"/own/{call_sid(THEIRS)}/purpose", {"purpose": "claim"})
    for line, theirs in (("client:Berta", False), ("client:berta", True), ("queue:sales", False)):
        with alex.client.application.app_context():
            account = accounts.find("alex")
            assert account is not None
            accounts.change(account, line=line)
            accounts.keep()
        assert alex.get(f"/own/{call_sid(THEIRS)}").status_code == 404, line
        assert alex.get(AUDIO).status_code == 404, line
        assert alex.get(f"/own/{call_sid(OF_OTHERS)}").status_code == (200 if theirs else 404)
        assert (call_sid(OF_OTHERS) in alex.get("/own").text) is theirs


def test_it_is_off_unless_the_company_says_so(agent: Browser, archive: Archive) -> None:
    leg = Leg(ACCOUNT_SID, call_sid(81), call_sid(THEIRS), STARTED, LINE)
    archive.catalog.agents.add_leg(leg)
    assert 'href="/own"' not in agent.get("/desk").text
    for path in ("/own", f"/own/{call_sid(THEIRS)}", AUDIO):
        assert agent.get(path).status_code == 404
