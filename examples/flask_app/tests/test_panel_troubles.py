"""Why a recording is not to be had, and what to do next: on its page, to player and download."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from panel_house import (
    ERASED,
    GOING_ON,
    PARKED,
    PLAIN,
    STARTED,
    Browser,
    Template,
    call_sid,
    make_app,
    object_name,
    open_archive,
    recording_sid,
)
from werkzeug.test import TestResponse

from callpanel.panel import troubles
from callpanel.roles import Role
from twirec import (
    Archive,
    AudioToolsMissing,
    BucketError,
    BucketUnavailable,
    BytesDiffer,
    ConversionFailed,
    Custody,
    Recording,
    State,
    TwirecError,
)

SPANISH = {"Accept-Language": "es"}
MP3 = {"format": "mp3", "channels": "both", "start": "", "end": ""}


def said(answer: TestResponse) -> list[str]:
    """What a page says: the cause and the next step, as a player shows them too."""
    return re.findall(r'<p class="(?:cause|step)">([^<]+)</p>', answer.text)


def a_recording(state: State, **more: Any) -> Recording:
    return Recording("RE1", "AC1", "CA1", state, **more)


@pytest.mark.parametrize(
    ("recording", "begins"),
    [
        (a_recording(State.RECORDING), "It is still being recorded."),
        (a_recording(State.COMPLETED, due_at=STARTED), "It is on its way from Twilio."),
        (a_recording(State.COMPLETED, last_error="why"), "It could not be copied"),
        (a_recording(State.ABSENT), "Twilio recorded nothing"),
        (a_recording(State.FAILED), "Twilio could not produce it."),
        (a_recording(State.EXTERNAL), "Twilio put it into a storage of your own"),
        (a_recording(State.LOST), "Twilio had deleted it"),
        (a_recording(State.ERASING), "It is being destroyed"),
        (a_recording(State.ERASED), "It was destroyed"),
        (a_recording(State.RELEASED, custody=Custody.QUARANTINED), "It is in quarantine"),
        (a_recording(State.RELEASED, custody=Custody.BLOCKED), "It is blocked"),
    ],
    ids=lambda value: getattr(value, "state", None),
)
def test_each_state_has_a_cause_and_a_step(recording: Recording, begins: str) -> None:
    found = troubles.of_recording(recording)
    assert found
    assert str(found.cause).startswith(begins)
    assert len(str(found.step)) > 10


def test_what_is_archived_can_be_heard_and_every_other_state_says_why() -> None:
    for state in State:
        silent = troubles.of_recording(a_recording(state)) is not None
        assert silent is (state not in (State.ARCHIVED, State.RELEASED))


ERRORS = [
    (BytesDiffer("recordings/x.wav", "why"), "not what was archived", "no es lo que se archivó"),
    (BucketUnavailable("HTTP 503"), "does not answer just now", "no responde en este momento"),
    (BucketError("forbidden"), "The bucket does not give it.", "El almacén no la entrega."),
    (ConversionFailed("ffmpeg"), "could not be converted", "No se ha podido convertir."),
    (AudioToolsMissing("pip"), "lacks what draws", "no tiene lo necesario"),
    (TwirecError("else"), "could not be read", "No se ha podido leer."),
]


@pytest.mark.parametrize("spanish", [False, True], ids=["en", "es"])
@pytest.mark.parametrize(("error", "english", "in_spanish"), ERRORS, ids=lambda value: str(value))
def test_what_fails_says_cause_and_step_in_the_readers_language(
    supervisor: Browser,
    archive: Archive,
    monkeypatch: pytest.MonkeyPatch,
    error: TwirecError,
    english: str,
    in_spanish: str,
    spanish: bool,
) -> None:
    def fails(*_: object, **__: object) -> Iterator[bytes]:
        raise error

    for name in ("open", "convert", "waveform"):
        monkeypatch.setattr(archive.recordings, name, fails)
    headers, sid = SPANISH if spanish else {}, recording_sid(PLAIN)
    heard = supervisor.get(f"/recordings/{sid}/audio", headers=headers)
    taken = supervisor.post(f"/recordings/{sid}/download", MP3, headers=headers)
    for answer in (heard, taken):
        assert answer.status_code == 502
        cause, step = said(answer)
        assert (in_spanish if spanish else english) in cause
        assert step
        assert f'href="/calls/{sid}"' in answer.text
        assert "recordings/x.wav" not in answer.text
    page = supervisor.get(f"/calls/{call_sid(PLAIN)}", headers=headers).text
    assert (in_spanish if spanish else english) in page


@pytest.mark.parametrize(
    ("number", "cause"),
    [
        (GOING_ON, "It is still being recorded."),
        (PARKED, "It could not be copied from Twilio, and is not tried again by itself."),
        (ERASED, "It was destroyed, as was ordered."),
    ],
)
def test_what_is_not_there_says_why_where_it_is_asked_for(
    supervisor: Browser, number: int, cause: str
) -> None:
    sid = recording_sid(number)
    assert said(supervisor.get(f"/recordings/{sid}/audio"))[0] == cause
    assert said(supervisor.post(f"/recordings/{sid}/download", MP3))[0] == cause


def test_what_is_not_there_says_why_on_its_page(supervisor: Browser) -> None:
    page = supervisor.get(f"/calls/{call_sid(GOING_ON)}").text
    assert "It is still being recorded. It can be heard some minutes after" in page
    page = supervisor.get(f"/calls/{call_sid(GOING_ON)}", headers=SPANISH).text
    assert "Todavía se está grabando." in page


def test_a_file_that_is_gone_is_said(supervisor: Browser, archive: Archive) -> None:
    stored = archive.bucket.stat(object_name(PLAIN))
    archive.bucket.delete(stored.name, stored.generation)
    cause, _ = said(supervisor.get(f"/recordings/{recording_sid(PLAIN)}/audio"))
    assert cause == "Its file is not in the bucket any more."


def test_whose_role_does_not_listen_is_told_so(
    auditor: Browser, browser: Callable[[Role | None], Browser]
) -> None:
    path = f"/recordings/{recording_sid(PLAIN)}/audio"
    for who in (auditor, browser(Role.AGENT)):
        answer = who.get(path)
        assert answer.status_code == 403
        assert said(answer)[0] == "Your role does not hear recordings."
    assert "Your role does not hear" in auditor.get(f"/calls/{call_sid(PLAIN)}").text


def test_a_player_whose_session_ended_is_told_where_to_sign_in(client: Browser) -> None:
    sid = recording_sid(PLAIN)
    answer = client.get(f"/recordings/{sid}/audio", headers={"X-By-Itself": "1"})
    assert answer.status_code == 401
    assert said(answer)[0] == "Your session has ended."
    assert f'href="/sign-in?next=/calls/{sid}"' in answer.text


def test_a_player_has_a_source_for_browsers_that_do_not_play_the_first(
    environ: dict[str, str], template: Template
) -> None:
    environ["TWIREC_LISTENING_COPY"] = "opus,mp3"
    archive = open_archive(environ)
    archive.operations.worker(threads=1).run_once()
    supervisor = Browser(make_app(environ, archive), template.passes[Role.SUPERVISOR])
    page = supervisor.get(f"/calls/{call_sid(PLAIN)}").text
    sources = re.findall(r'<source src="([^"]+)" type="([^"]+)">', page)
    path = f"/recordings/{recording_sid(PLAIN)}/audio?format="
    assert sources == [
        (f"{path}opus", "audio/ogg; codecs=&#34;opus&#34;"),
        (f"{path}mp3", "audio/mpeg"),
        (f"{path}original", "audio/wav"),
    ]
    heads = [supervisor.get(source, headers={"Range": "bytes=0-3"}) for source, _ in sources]
    assert [each.status_code for each in heads] == [206] * 3
    kinds = [each.content_type.partition(";")[0] for each in heads]
    assert kinds == ["audio/ogg", "audio/mpeg", "audio/x-wav"]
    assert len({each.headers["ETag"] for each in heads}) == 3
    assert supervisor.get(f"{path}m4a").status_code == 404
    archive.close()
