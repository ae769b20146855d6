"""Announcements that the company recorded itself, in a language that no voice of Twilio's reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.end_to_end.site import COLLEAGUE, CUSTOMER, SPEAKING_AGENT, Site
from tests.end_to_end.test_voicemail import MAILBOX
from tests.sounds import wav
from twirec.model.vocabulary import ConsentOutcome, Outcome, Reason
from twirec.sandbox import Line, Party

NOTICE, QUESTION, GOODBYE, NO_MESSAGE = (wav(each, channels=1) for each in (8.0, 3.0, 2.0, 2.5))
FILES = {"notice": NOTICE, "question": QUESTION, "goodbye": GOODBYE, "no_message": NO_MESSAGE}
ANNOUNCEMENTS = """
[gl-ES]
notice = "Esta chamada vai ser gravada por {company}; máis información en {privacy_info}."
notice_audio = "audio/notice.wav"
opt_in = "Se acepta que se grave, prema 1."
opt_in_audio = "audio/question.wav"
goodbye = "Grazas por chamar."
goodbye_audio = "audio/goodbye.wav"
no_message = "Non podemos recoller a súa mensaxe."
no_message_audio = "audio/no_message.wav"
"""
SPEAKS = [Line("customer_complaint", at=0.5)]
SAYS_YES = Party(says=SPEAKS, counts_from_bridge=True, keys=[(10.5, "1")])


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    folder = tmp_path / "settings"
    (folder / "audio").mkdir(parents=True)
    for name, sound in FILES.items():
        (folder / "audio" / f"{name}.wav").write_bytes(sound)
    (folder / "announcements.toml").write_text(ANNOUNCEMENTS, "utf-8")
    environ = {
        "TWIREC_ANNOUNCEMENTS": str(folder / "announcements.toml"),
        "TWIREC_LANGUAGE": "gl-ES",
        "TWIREC_LEGAL_BASIS": "consent",
        "TWIREC_CONSENT_MODE": "opt_in_or_hang_up",
    }
    with Site(tmp_path, f"file://{tmp_path}/bucket", environ=environ).running() as site:
        yield site


def played(site: Site) -> list[str]:
    """The names of the files that were played, in the order in which they were."""
    before = f"{site.url}/twirec/audio/"
    return [
        entry.text.removeprefix(before)
        for call in site.sandbox.calls
        for entry in call.log
        if entry.what == "Play"
    ]


def test_the_audio_is_played_and_its_answer_recorded(site: Site) -> None:
    sid = site.call(caller=SAYS_YES, callee=COLLEAGUE)
    site.work_on()
    record = site.archive.calls.get(sid)
    wording = site.archive.catalog.announcements.get(record.consents[0].announcement)
    assert record.consents[0].outcome is ConsentOutcome.GRANTED
    assert record.call.outcome is Outcome.RECORDED
    assert played(site) == [f"{wording.audio}.wav", f"{wording.question_audio}.wav"]
    assert (wording.voice, wording.seconds) == ("", 8.0)


def test_what_was_played_is_kept_and_can_be_played_years_later(site: Site) -> None:
    sid = site.call(caller=SAYS_YES, callee=COLLEAGUE)
    site.work_on()
    hash_ = site.archive.calls.get(sid).consents[0].announcement
    wording = site.archive.catalog.announcements.get(hash_)
    assert wording.hash == hash_
    assert site.archive.catalog.announcements.audio(wording.audio) == NOTICE
    bucket = site.archive.bucket
    assert b"".join(bucket.open_range(f"announcements/{wording.audio}.wav")) == NOTICE
    assert b"".join(bucket.open_range(f"announcements/{wording.question_audio}.wav")) == QUESTION
    assert b"".join(bucket.open_range(f"announcements/{hash_}.json")).decode() == wording.content


def test_who_says_no_hears_the_goodbye(site: Site) -> None:
    sid = site.call(caller=Party(keys=[(10.5, "2")]), callee=COLLEAGUE)
    assert site.archive.calls.get(sid).call.reason is Reason.REFUSED
    audio = site.archive.settings.wordings["gl-ES"].audio
    assert played(site) == [f"{audio[part].hash}.wav" for part in ("notice", "opt_in", "goodbye")]


def test_who_can_leave_no_message_hears_so_though_the_audio_was_never_kept(site: Site) -> None:
    site.archive.policy.change(by="test", why="test", on=False)
    site.sandbox.number(MAILBOX, voice_url=f"{site.url}/voicemail")
    call = site.sandbox.call(from_=CUSTOMER, to=MAILBOX, caller=Party())
    call.wait(timeout=120)
    audio = site.archive.settings.wordings["gl-ES"].audio["no_message"]
    assert played(site) == [f"{audio.hash}.wav"]
    assert [entry.code for entry in call.log if entry.what == "error"] == []


def test_an_agents_callee_hears_the_audio_on_their_own_leg(site: Site) -> None:
    call = site.sandbox.call(
        from_="client:ana", to="+34600111222", caller=SPEAKING_AGENT, callee=SAYS_YES
    )
    call.wait(timeout=120)
    assert site.archive.calls.get(call.sid).consents[0].outcome is ConsentOutcome.GRANTED


def test_audio_that_cannot_be_fetched_is_not_taken_for_heard(site: Site) -> None:
    site.archive.webhooks.announcing.audio = lambda hash_: b"not a WAV file"  # type: ignore[method-assign]
    sid = site.call(caller=SAYS_YES, callee=COLLEAGUE)
    assert site.archive.calls.get(sid).call.reason is Reason.ANNOUNCEMENT_FAILED
    assert site.sandbox.recordings == []


def test_the_audio_has_one_address_for_ever_and_nothing_else_has_one(site: Site) -> None:
    site.call(caller=SAYS_YES, callee=COLLEAGUE)
    (notice, _) = played(site)
    reply = requests.get(f"{site.url}/twirec/audio/{notice}", timeout=120)
    assert (reply.status_code, reply.content) == (200, NOTICE)
    assert reply.headers["Content-Type"] == "audio/x-wav"
    assert "immutable" in reply.headers["Cache-Control"]
    other = requests.get(f"{site.url}/twirec/audio/{'0' * 64}.wav", timeout=120)
    assert other.status_code == 404
