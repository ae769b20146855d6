"""What fails: the call goes on, unrecorded, and its line says so."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event
from twilio.twiml.voice_response import Dial

from tests.factories import call_sid
from tests.webhooks.calling import LONG_ENOUGH, STATUS, VOICE, Clock, down, is_recording
from twirec.archive import Archive
from twirec.catalog import waiting
from twirec.flask import Twirec, checks
from twirec.model.records import Call
from twirec.model.vocabulary import ConsentOutcome, Outcome, Reason
from twirec.testing import ENVIRONMENT, SignedPosts

HASTY = 1
"""Seconds that a catalog is waited for where a test has to wait for it."""


@pytest.fixture
def environ_on_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Archive]:
    """An archive whose catalog is a file, which another process can lock, and who waits less."""
    assert checks.LONGEST_ANSWER <= 4  # seconds, in life
    monkeypatch.setattr(waiting, "PATIENCE", HASTY)
    url = f"sqlite:///{tmp_path}/catalog.db"
    archive = Archive.from_env({**ENVIRONMENT, "TWIREC_DATABASE_URL": url})
    archive.set_up()
    yield archive
    archive.close()


def test_a_call_goes_on_unrecorded_when_the_catalog_is_down(
    post: SignedPosts, twirec_archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as outage:
        outage.setattr(twirec_archive.catalog.ledger, "open_call", down)
        answer = post("/voice", VOICE)
    assert not is_recording(answer)
    assert "+34911222333" in answer.text
    post("/twirec/ended", {**VOICE, "CallStatus": "completed"})
    call = twirec_archive.calls.get(call_sid()).call
    assert (call.outcome, call.reason) == (Outcome.NOT_RECORDED, Reason.CATALOG_DOWN)


def test_a_call_goes_on_unrecorded_by_the_fallback_url_when_connect_failed(
    post: SignedPosts,
    app: Flask,
    twirec_archive: Archive,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    post("/voice", VOICE)
    clock.advance(LONG_ENOUGH)
    with monkeypatch.context() as outage:
        outage.setattr(twirec_archive.catalog.consents, "record_with", down)
        assert post("/twirec/connect", VOICE).status_code == 500
    failed = {**VOICE, "ErrorCode": "11200", "ErrorUrl": "https://calls.example.com/twirec/connect"}
    answer = post("/voice/failed", failed)
    assert not is_recording(answer)
    assert "+34911222333" in answer.text
    call = twirec_archive.calls.get(call_sid()).call
    assert (call.outcome, call.reason) == (Outcome.NOT_RECORDED, Reason.APP_FAILED)
    assert not is_recording(post("/twirec/connect", VOICE))


def test_what_they_answered_is_kept_though_the_apps_own_function_fails(
    twirec_archive: Archive, clock: Clock
) -> None:
    def broken(call: Call, dial: Dial) -> None:
        raise LookupError("no such shop")

    inbound = twirec_archive.webhooks.inbound
    form = {"AccountSid": twirec_archive.settings.account_sid, **VOICE}
    inbound.answer(form, build_dial=broken)
    clock.advance(LONG_ENOUGH)
    with pytest.raises(LookupError):
        inbound.connect(form, build_dial=broken)
    (consent,) = twirec_archive.calls.get(call_sid()).consents
    assert consent.outcome is ConsentOutcome.INFORMED


def test_a_call_that_could_not_be_told_says_that_the_catalog_was_down(
    post: SignedPosts, twirec_archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as outage:
        outage.setattr(twirec_archive.catalog.ledger, "open_call", down)
        assert not is_recording(post("/voice", VOICE))
    post("/twirec/ended", {**VOICE, "CallStatus": "in-progress", "DialCallStatus": "completed"})
    record = twirec_archive.calls.get(call_sid())
    assert (record.call.reason, record.consents) == (Reason.CATALOG_DOWN, ())


def test_a_call_that_was_told_and_connected_by_the_fallback_says_that_the_app_failed(
    post: SignedPosts, twirec_archive: Archive, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    post("/voice", VOICE)
    clock.advance(LONG_ENOUGH)
    failed = {**VOICE, "ErrorCode": "11200", "ErrorUrl": "https://calls.example.com/twirec/connect"}
    with monkeypatch.context() as outage:
        outage.setattr(twirec_archive.catalog.ledger, "open_call", down)
        assert not is_recording(post("/voice/failed", failed))
    post("/twirec/ended", {**VOICE, "CallStatus": "in-progress", "DialCallStatus": "completed"})
    record = twirec_archive.calls.get(call_sid())
    assert (record.call.reason, record.consents) == (Reason.APP_FAILED, ())


def test_a_catalog_that_was_emptied_meanwhile_does_not_end_the_call(
    post: SignedPosts, twirec_archive: Archive
) -> None:
    post("/voice", VOICE)
    with twirec_archive.catalog.database.write() as connection:
        for table in ("consents", "calls", "announcements"):
            connection.exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608
    assert not is_recording(post("/voice", {**VOICE, "CallSid": call_sid(2)}))
    assert "<Say" in post("/voice", {**VOICE, "CallSid": call_sid(3)}).text


def test_the_fallback_url_does_not_dial_again_after_the_end(post: SignedPosts) -> None:
    failed = {**VOICE, "ErrorCode": "11200", "ErrorUrl": "https://calls.example.com/twirec/ended"}
    assert "<Dial" not in post("/voice/failed", failed).text


def test_the_end_of_a_dial_ends_the_call_though_it_cannot_be_written_down(
    post: SignedPosts, app: Flask, twirec_archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A 500 would have Twilio ask the fallback URL, which connects whoever is on the line again."""
    app.config["PROPAGATE_EXCEPTIONS"] = False
    post("/voice", VOICE)
    monkeypatch.setattr(twirec_archive.catalog.ledger, "end_call", down)
    action = {**VOICE, "CallStatus": "in-progress", "DialCallStatus": "completed"}
    answer = post("/twirec/ended", action)
    assert (answer.status_code, "<Dial" in answer.text) == (200, False)
    assert post("/twirec/ended", {**VOICE, "CallStatus": "completed"}).status_code == 500


def test_a_call_goes_on_whatever_twilio_says_failed(post: SignedPosts) -> None:
    failed = {**VOICE, "ErrorCode": "11200", "ErrorUrl": "//["}
    assert "<Dial" in post("/voice/failed", failed).text


def test_a_status_callback_that_cannot_be_kept_stays_a_500_so_that_twilio_tries_again(
    post: SignedPosts, app: Flask, twirec_archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr(twirec_archive.catalog.recordings, "receive", down)
    assert post("/twirec/status", STATUS).status_code == 500


@pytest.mark.about_sqlite("it takes a table away that PostgreSQL keeps")
def test_the_traceback_of_a_500_names_no_number(
    post: SignedPosts, app: Flask, twirec_archive: Archive, caplog: pytest.LogCaptureFixture
) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    with twirec_archive.catalog.database.write() as connection:
        connection.exec_driver_sql("DROP TABLE calls")
    assert post("/twirec/ended", {**VOICE, "CallStatus": "completed"}).status_code == 500
    assert "Traceback" in caplog.text
    assert "600111222" not in caplog.text


@pytest.mark.about_sqlite("it locks the file")
def test_a_catalog_that_hangs_does_not_hold_the_caller(
    environ_on_file: Archive, twirec_post: Callable[[Flask], SignedPosts]
) -> None:
    app = Flask(__name__)
    recordings = Twirec(app, environ_on_file)
    app.post("/voice")(recordings.signed(lambda: recordings.answer(dial="+34911222333")))
    path = environ_on_file.catalog.database.url.database
    gave_up: list[str] = []
    event.listen(
        environ_on_file.catalog.database.engine,
        "handle_error",
        lambda failure: gave_up.append(str(failure.original_exception)),
    )
    with closing(sqlite3.connect(path or "")) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = twirec_post(app)("/voice", VOICE)
    assert not is_recording(answer)
    assert gave_up == ["database is locked"]  # once: the next would have the caller wait again
