"""What somebody listens for: asked once for a case, before anything can be heard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from panel_house import OUT, PARKED, PLAIN, Browser, call_sid, make_app, open_archive, recording_sid

from callpanel.roles import Role
from twirec import Archive

CALL, AUDIO = f"/calls/{call_sid(PLAIN)}", f"/recordings/{recording_sid(PLAIN)}/audio"
DOWNLOAD = f"/recordings/{recording_sid(PLAIN)}/download"
MP3 = {"format": "original", "channels": "both", "start": "", "end": ""}
PART = {"Range": "bytes=0-9"}


@pytest.fixture
def newcomer(browser: Callable[[Role | None], Browser]) -> Browser:
    """A supervisor who has just signed in, and has not said what for."""
    browser_ = browser(None)
    assert browser_.sign_in("sergio").status_code == 302
    return browser_


def test_nothing_is_heard_before_it_is_said_what_for(newcomer: Browser, archive: Archive) -> None:
    page = newcomer.get(CALL).text
    assert "What do you listen for?" in page
    assert "<audio" not in page
    assert 'class="download"' not in page
    assert newcomer.get(AUDIO, headers=PART).status_code == 409
    refused = newcomer.post(DOWNLOAD, MP3)
    assert refused.location == f"/calls/{recording_sid(PLAIN)}#purpose"
    assert archive.audit.log(sid=recording_sid(PLAIN), action="listen") == []
    for nonsense in ({}, {"purpose": ""}, {"purpose": "fun"}):
        assert newcomer.post(f"{CALL}/purpose", nonsense).location == f"{CALL}#purpose"
        assert newcomer.get(AUDIO, headers=PART).status_code == 409


def test_one_click_says_it_for_all_calls_of_the_case(newcomer: Browser, archive: Archive) -> None:
    archive.calls.annotate(call_sid(OUT), case="C-7", by="ana")
    assert newcomer.post(f"{CALL}/purpose", {"purpose": "quality"}).location == f"{CALL}#purpose"
    page = newcomer.get(CALL).text
    assert "You listen for: quality and training" in page
    assert "<audio" in page
    for number, status in ((PLAIN, 206), (OUT, 206), (PARKED, 409)):
        path = f"/recordings/{recording_sid(number)}/audio"
        assert newcomer.get(path, headers=PART).status_code == status, number
    assert newcomer.post(DOWNLOAD, MP3).status_code == 200
    for action in ("listen", "download"):
        entries = archive.audit.log(sid=recording_sid(PLAIN), action=action)
        assert {entry.detail["purpose"] for entry in entries} == {"quality"}, action


def test_it_can_be_said_anew_and_is_forgotten_when_signed_out(newcomer: Browser) -> None:
    newcomer.post(f"{CALL}/purpose", {"purpose": "quality"})
    newcomer.post(f"{CALL}/purpose", {"purpose": "authority"})
    assert "You listen for: order of an authority" in newcomer.get(CALL).text
    newcomer.post("/sign-out")
    newcomer.sign_in("sergio")
    assert "What do you listen for?" in newcomer.get(CALL).text


def test_a_session_remembers_so_many_and_stays_small(newcomer: Browser, archive: Archive) -> None:
    for each in range(30):
        archive.calls.annotate(call_sid(OUT), case=f"C-{each}", by="ana")
        newcomer.post(f"/calls/{call_sid(OUT)}/purpose", {"purpose": "authority"})
    assert len(newcomer.cookie()) < 2500
    page = newcomer.get(f"/calls/{call_sid(OUT)}").text
    assert "You listen for: order of an authority" in page


def test_a_purpose_that_was_taken_off_the_list_is_asked_for_again(
    newcomer: Browser, environ: dict[str, str]
) -> None:
    newcomer.post(f"{CALL}/purpose", {"purpose": "quality"})
    own = {**environ, "TWIREC_PURPOSES": "claim,Formación"}
    archive = open_archive(own)
    later = Browser(make_app(own, archive))
    later.client.set_cookie(later._cookie, newcomer.cookie(), domain="localhost", secure=True)
    page = later.get(CALL, headers={"Accept-Language": "es"}).text
    assert ">Formación</button>" in page
    assert ">reclamación o disputa</button>" in page
    assert "calidad" not in page
    assert later.get(AUDIO, headers=PART).status_code == 409
    archive.close()
