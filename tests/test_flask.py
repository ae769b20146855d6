"""The Flask door: requests that are Twilio's, and those that are not."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, request
from werkzeug.test import TestResponse

from tests.factories import call_sid, recording_sid
from twirec.adapters.sql import database
from twirec.archive import Archive
from twirec.flask import Twirec
from twirec.model.errors import CatalogUnavailable, InvalidQuery, NotFound
from twirec.model.states import Custody, State
from twirec.model.words import ConsentMode, ConsentOutcome, LegalBasis, Outcome, Reason, Role
from twirec.settings import Settings
from twirec.testing import ACCOUNT_SID, ENVIRONMENT, SignedPosts

LONG_ENOUGH = timedelta(seconds=10)
HASTY = 1
"""Seconds that a catalog is waited for where a test has to wait for it."""
VOICE = {"CallSid": call_sid(), "From": "+34600111222", "To": "+34911000111"}
STATUS = {
    "CallSid": call_sid(),
    "RecordingSid": recording_sid(),
    "RecordingStatus": "completed",
    "RecordingSource": "DialVerb",
    "RecordingDuration": "4",
    "RecordingChannels": "2",
    "RecordingStartTime": "Mon, 23 Nov 2026 10:15:12 +0000",
}
ROUTES = {
    "/voice": VOICE,
    "/twirec/connect": VOICE,
    "/twirec/ended": {**VOICE, "CallStatus": "completed"},
    "/twirec/status": STATUS,
}


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def advance(self, by: timedelta) -> None:
        self.time += by


@pytest.fixture
def clock(twirec_archive: Archive) -> Clock:
    clock = Clock()
    twirec_archive.now = clock
    return clock


@pytest.fixture
def app(twirec_archive: Archive) -> Flask:
    app = Flask(__name__)
    recordings = Twirec(app, twirec_archive)

    @app.post("/voice")
    @recordings.signed
    def voice() -> Response:
        return recordings.answer(dial="+34911222333")

    return app


@pytest.fixture
def post(app: Flask, twirec_post: Callable[[Flask], SignedPosts]) -> SignedPosts:
    return twirec_post(app)


@pytest.fixture
def environ_on_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Archive]:
    """An archive whose catalog is a file, which another process can lock, and who waits less."""
    assert database.PATIENCE <= 4  # seconds, in life
    monkeypatch.setattr(database, "PATIENCE", HASTY)
    url = f"sqlite:///{tmp_path}/catalog.db"
    archive = Archive.from_env({**ENVIRONMENT, "TWIREC_DATABASE_URL": url})
    archive.set_up()
    yield archive
    archive.close()


def rows(archive: Archive) -> int:
    with archive.catalog.database.read() as connection:
        tables = ("calls", "consents", "recordings", "callbacks")
        return sum(
            connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()  # noqa: S608
            for table in tables
        )


def is_recording(answer: TestResponse) -> bool:
    assert answer.status_code == 200
    assert "<Dial" in answer.text
    return "record-from-answer-dual" in answer.text


# --- refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "fields"), ROUTES.items())
@pytest.mark.parametrize("signature", [None, "", "bm90IHRoZSBzaWduYXR1cmU=", "ñ"])
def test_unsigned_and_wrongly_signed_requests_get_403_and_leave_no_row(
    path: str,
    fields: Mapping[str, str],
    signature: str | None,
    post: SignedPosts,
    twirec_archive: Archive,
) -> None:
    answer = post(path, fields, **{"X-Twilio-Signature": signature})
    assert (answer.status_code, answer.text) == (403, "")
    assert rows(twirec_archive) == 0


@pytest.mark.parametrize(("path", "fields"), ROUTES.items())
def test_an_account_without_a_token_gets_403_and_leaves_no_row(
    path: str, fields: Mapping[str, str], post: SignedPosts, twirec_archive: Archive
) -> None:
    answer = post(path, {**fields, "AccountSid": "AC" + "b" * 32})
    assert answer.status_code == 403
    assert rows(twirec_archive) == 0


def test_the_host_that_the_request_names_does_not_matter(post: SignedPosts) -> None:
    headers = {"Host": "10.0.0.7:8000", "X-Forwarded-Host": "evil.example.com"}
    assert post("/voice", VOICE, **headers).status_code == 200


@pytest.mark.parametrize("path", ["/voice?x=%41&y=a%20b", "/voice?a=1&a=0&b"])
def test_the_query_is_signed_as_it_came(path: str, post: SignedPosts) -> None:
    assert post(path, VOICE).status_code == 200


def test_a_long_body_is_not_read(post: SignedPosts, twirec_archive: Archive) -> None:
    assert post("/twirec/status", {**STATUS, "Padding": "x" * 70_000}).status_code == 413
    assert rows(twirec_archive) == 0


@pytest.mark.parametrize(("path", "fields"), ROUTES.items())
def test_a_signed_request_without_its_call_is_malformed(
    path: str, fields: Mapping[str, str], post: SignedPosts, twirec_archive: Archive
) -> None:
    answer = post(path, {**fields, "CallSid": "CA1"})
    assert answer.status_code == 400
    assert rows(twirec_archive) == 0


def test_the_routes_are_for_posts_only(app: Flask) -> None:
    assert app.test_client().get("/twirec/connect").status_code == 405


# --- a call -----------------------------------------------------------------------------------


def test_a_call_hears_the_announcement_and_is_recorded_after_it(
    post: SignedPosts, twirec_archive: Archive, clock: Clock
) -> None:
    answer = post("/voice", VOICE)
    assert answer.mimetype == "text/xml"
    assert twirec_archive.phone.announcement.text in answer.text
    assert "<Dial" not in answer.text
    clock.advance(LONG_ENOUGH)
    assert is_recording(post("/twirec/connect", VOICE))
    record = twirec_archive.show(call_sid())
    (consent,) = record.consents
    assert consent.outcome is ConsentOutcome.INFORMED
    assert (consent.leg, consent.at) == (call_sid(), clock.time)
    assert consent.announcement == twirec_archive.phone.announcement.hash
    assert record.call.customer_number == "+34600111222"
    assert record.call.dial == ("+34911222333",)


def test_who_comes_back_too_soon_has_not_heard_it_and_is_connected_unrecorded(
    post: SignedPosts, twirec_archive: Archive, clock: Clock
) -> None:
    post("/voice", VOICE)
    clock.advance(timedelta(seconds=1))
    assert not is_recording(post("/twirec/connect", VOICE))
    record = twirec_archive.show(call_sid())
    assert record.consents[0].outcome is ConsentOutcome.ANNOUNCEMENT_FAILED
    assert record.call.outcome is Outcome.NOT_RECORDED
    assert record.call.reason is Reason.ANNOUNCEMENT_FAILED


def test_a_replayed_connect_changes_nothing(
    post: SignedPosts, twirec_archive: Archive, clock: Clock
) -> None:
    post("/voice", VOICE)
    clock.advance(timedelta(seconds=1))
    post("/twirec/connect", VOICE)
    before = twirec_archive.show(call_sid())
    clock.advance(LONG_ENOUGH)
    assert not is_recording(post("/twirec/connect", VOICE))
    assert twirec_archive.show(call_sid()) == before


def test_an_announcement_that_begins_again_has_to_be_heard_again(
    post: SignedPosts, clock: Clock
) -> None:
    post("/voice", VOICE)
    clock.advance(LONG_ENOUGH)
    post("/voice", VOICE)
    clock.advance(timedelta(seconds=1))
    assert not is_recording(post("/twirec/connect", VOICE))


def test_connect_for_an_unknown_call_is_not_found(post: SignedPosts) -> None:
    assert post("/twirec/connect", VOICE).status_code == 404


def test_who_hangs_up_during_the_announcement_has_a_line_that_says_so(
    post: SignedPosts, twirec_archive: Archive
) -> None:
    post("/voice", VOICE)
    assert post("/twirec/ended", {**VOICE, "CallStatus": "completed"}).status_code == 200
    record = twirec_archive.show(call_sid())
    assert (record.call.outcome, record.call.reason) == (Outcome.NOT_RECORDED, Reason.HUNG_UP)
    assert record.consents[0].outcome is ConsentOutcome.HUNG_UP


def test_a_late_connect_after_the_end_records_nothing(post: SignedPosts, clock: Clock) -> None:
    post("/voice", VOICE)
    post("/twirec/ended", {**VOICE, "CallStatus": "completed"})
    clock.advance(LONG_ENOUGH)
    assert not is_recording(post("/twirec/connect", VOICE))


@pytest.mark.parametrize(
    ("dial_status", "outcome", "reason"),
    [
        ("completed", Outcome.OWED, None),
        ("no-answer", Outcome.NOT_RECORDED, Reason.NOBODY_ANSWERED),
        ("busy", Outcome.NOT_RECORDED, Reason.NOBODY_ANSWERED),
        ("failed", Outcome.NOT_RECORDED, Reason.NOBODY_ANSWERED),
    ],
)
def test_the_end_of_the_dial_says_what_the_line_is_to_say(
    post: SignedPosts,
    twirec_archive: Archive,
    clock: Clock,
    dial_status: str,
    outcome: Outcome,
    reason: Reason | None,
) -> None:
    post("/voice", VOICE)
    clock.advance(LONG_ENOUGH)
    post("/twirec/connect", VOICE)
    post("/twirec/ended", {**VOICE, "CallStatus": "in-progress", "DialCallStatus": dial_status})
    call = twirec_archive.show(call_sid()).call
    assert (call.outcome, call.reason, call.ended_at) == (outcome, reason, clock.time)


def test_a_status_that_is_not_the_end_closes_nothing(
    post: SignedPosts, twirec_archive: Archive
) -> None:
    post("/voice", VOICE)
    post("/twirec/ended", {**VOICE, "CallStatus": "ringing"})
    assert twirec_archive.show(call_sid()).call.outcome is Outcome.OPEN


def test_a_policy_that_the_settings_no_longer_allow_records_nothing(
    twirec_archive: Archive, twirec_settings: Settings, clock: Clock
) -> None:
    twirec_archive.change_policy(by="ana", why="test", mode=ConsentMode.OPT_OUT)
    changed = replace(
        twirec_settings, legal_basis=LegalBasis.CONSENT, consent_mode=ConsentMode.OPT_IN
    )
    archive = Archive(changed, catalog=twirec_archive.catalog, now=clock)
    answer = archive.phone.answer({"AccountSid": ACCOUNT_SID, **VOICE}, dial=["+34911222333"])
    assert "+34911222333" in answer
    call = archive.show(call_sid()).call
    assert call.reason is Reason.ANNOUNCEMENT_FAILED
    assert call.detail.startswith("mode: opt_out does not fit the legal basis consent")


def test_a_line_has_room_for_whatever_address_and_name_it_is_given(
    post: SignedPosts, twirec_archive: Archive
) -> None:
    twirec_archive.change_policy(by="a" * 255, why="test", on=False)
    post("/voice", {**VOICE, "From": f"sip:{'x' * 300}@pbx.example.com"})
    call = twirec_archive.show(call_sid()).call
    assert (len(call.customer_number), len(call.detail)) == (255, 255)


# --- the status callback ----------------------------------------------------------------------


def test_a_status_callback_is_kept_and_the_recording_due(
    post: SignedPosts, twirec_archive: Archive, clock: Clock
) -> None:
    post("/voice", VOICE)
    clock.advance(LONG_ENOUGH)
    post("/twirec/connect", VOICE)
    answer = post("/twirec/status", STATUS)
    assert (answer.status_code, answer.data) == (204, b"")
    (recording,) = twirec_archive.show(call_sid()).recordings
    assert (recording.state, recording.custody) == (State.COMPLETED, Custody.ACTIVE)
    assert recording.channel_map == (Role.CUSTOMER, Role.AGENT)
    assert recording.due_at == clock.time


def test_a_recording_that_others_started_is_quarantined(
    post: SignedPosts, twirec_archive: Archive
) -> None:
    post("/twirec/status", {**STATUS, "RecordingSource": "Trunking"})
    recording = twirec_archive.catalog.recording(recording_sid())
    assert recording.custody is Custody.QUARANTINED
    assert recording.channel_map == ()


def test_a_word_that_nobody_knows_is_kept_and_answered(
    post: SignedPosts, twirec_archive: Archive
) -> None:
    assert post("/twirec/status", {**STATUS, "RecordingStatus": "new"}).status_code == 204
    with pytest.raises(NotFound):
        twirec_archive.catalog.recording(recording_sid())
    assert rows(twirec_archive) == 1


# --- what fails -------------------------------------------------------------------------------


def broken(*_: Any, **__: Any) -> Any:
    raise CatalogUnavailable("The catalog cannot be used: disk I/O error.")


def test_a_call_goes_on_unrecorded_when_the_catalog_is_down(
    post: SignedPosts, twirec_archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as down:
        down.setattr(twirec_archive.catalog, "open_call", broken)
        answer = post("/voice", VOICE)
    assert not is_recording(answer)
    assert "+34911222333" in answer.text
    post("/twirec/ended", {**VOICE, "CallStatus": "completed"})
    call = twirec_archive.show(call_sid()).call
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
    with monkeypatch.context() as down:
        down.setattr(twirec_archive.catalog, "record_consent", broken)
        assert post("/twirec/connect", VOICE).status_code == 500
    failed = {**VOICE, "ErrorCode": "11200", "ErrorUrl": "https://calls.example.com/twirec/connect"}
    answer = post("/voice", failed)
    assert not is_recording(answer)
    assert "+34911222333" in answer.text
    call = twirec_archive.show(call_sid()).call
    assert (call.outcome, call.reason) == (Outcome.NOT_RECORDED, Reason.APP_FAILED)
    assert not is_recording(post("/twirec/connect", VOICE))


def test_the_fallback_url_does_not_dial_again_after_the_end(post: SignedPosts) -> None:
    failed = {**VOICE, "ErrorCode": "11200", "ErrorUrl": "https://calls.example.com/twirec/ended"}
    assert "<Dial" not in post("/voice", failed).text


def test_a_call_goes_on_whatever_twilio_says_failed(post: SignedPosts) -> None:
    failed = {**VOICE, "ErrorCode": "11200", "ErrorUrl": "//["}
    assert "<Dial" in post("/voice", failed).text


def test_a_status_callback_that_cannot_be_kept_stays_a_500_so_that_twilio_tries_again(
    post: SignedPosts, app: Flask, twirec_archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr(twirec_archive.catalog, "receive", broken)
    assert post("/twirec/status", STATUS).status_code == 500


def test_the_traceback_of_a_500_names_no_number(
    post: SignedPosts, app: Flask, twirec_archive: Archive, caplog: pytest.LogCaptureFixture
) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    with twirec_archive.catalog.database.write() as connection:
        connection.exec_driver_sql("DROP TABLE calls")
    assert post("/twirec/ended", {**VOICE, "CallStatus": "completed"}).status_code == 500
    assert "Traceback" in caplog.text
    assert "600111222" not in caplog.text


# --- how it is put together -------------------------------------------------------------------


def test_an_app_factory_adds_the_archive_later(
    twirec_archive: Archive, twirec_post: Callable[[Flask], SignedPosts]
) -> None:
    recordings = Twirec()
    app = Flask(__name__)
    app.post("/voice")(recordings.signed(lambda: recordings.answer(dial="+34911222333")))
    recordings.init_app(app, twirec_archive)
    assert twirec_post(app)("/voice", VOICE).status_code == 200


def test_a_view_that_is_not_signed_cannot_answer(twirec_archive: Archive) -> None:
    app = Flask(__name__)
    recordings = Twirec(app, twirec_archive)
    with app.test_request_context("/voice"), pytest.raises(RuntimeError, match="signed"):
        recordings.answer(dial="+34911222333")


def test_an_answer_without_anybody_to_connect_is_a_mistake_of_the_developer(
    twirec_archive: Archive, twirec_post: Callable[[Flask], SignedPosts]
) -> None:
    app = Flask(__name__)
    app.testing = True
    recordings = Twirec(app, twirec_archive)
    app.post("/voice")(recordings.signed(lambda: recordings.answer()))
    with pytest.raises(RuntimeError, match="build_dial"):
        twirec_post(app)("/voice", VOICE)


def test_so_is_an_answer_that_connects_a_queue_and_a_number(
    twirec_archive: Archive, twirec_post: Callable[[Flask], SignedPosts]
) -> None:
    app = Flask(__name__)
    app.testing = True
    recordings = Twirec(app, twirec_archive)
    mixed = ["queue:support", "+34911222333"]
    app.post("/voice")(recordings.signed(lambda: recordings.answer(dial=mixed)))
    with pytest.raises(InvalidQuery, match=r"^dial: give a queue or a conference alone"):
        twirec_post(app)("/voice", VOICE)


def test_an_app_without_an_archive_is_a_mistake_of_the_developer() -> None:
    with pytest.raises(TypeError, match="archive"):
        Twirec(Flask(__name__))


def test_a_factory_keeps_who_builds_the_dial(
    twirec_archive: Archive, twirec_post: Callable[[Flask], SignedPosts], clock: Clock
) -> None:
    recordings = Twirec(build_dial=lambda call, dial: dial.client("ana"))
    app = Flask(__name__)
    app.post("/voice")(recordings.signed(lambda: recordings.answer()))
    recordings.init_app(app, twirec_archive)
    post = twirec_post(app)
    post("/voice", VOICE)
    clock.advance(LONG_ENOUGH)
    assert "<Client>ana</Client>" in post("/twirec/connect", VOICE).text


def test_a_form_that_was_read_before_it_could_be_checked_is_a_clear_error(
    app: Flask, post: SignedPosts
) -> None:
    app.testing = True
    app.before_request(lambda: request.form.get("x") and None)
    with pytest.raises(RuntimeError, match="read the form before"):
        post("/voice", VOICE)


def test_an_error_of_another_view_is_its_own(app: Flask, twirec_archive: Archive) -> None:
    app.add_url_rule("/mine", view_func=lambda: str(twirec_archive.show(call_sid(9))))
    app.config["PROPAGATE_EXCEPTIONS"] = False
    assert app.test_client().get("/mine").status_code == 500


@pytest.mark.parametrize("name", ["From", "To"])
def test_a_call_without_a_number_goes_on_like_any_other(
    post: SignedPosts, twirec_archive: Archive, name: str
) -> None:
    assert twirec_archive.phone.announcement.text in post("/voice", {**VOICE, name: ""}).text


def test_a_catalog_that_hangs_does_not_hold_the_caller(
    environ_on_file: Archive, twirec_post: Callable[[Flask], SignedPosts]
) -> None:
    app = Flask(__name__)
    recordings = Twirec(app, environ_on_file)
    app.post("/voice")(recordings.signed(lambda: recordings.answer(dial="+34911222333")))
    path = environ_on_file.catalog.database.url.database
    with closing(sqlite3.connect(path or "")) as other:
        other.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        answer = twirec_post(app)("/voice", VOICE)
        assert time.monotonic() - begun < 2 * HASTY
    assert not is_recording(answer)


def test_the_routes_are_exempt_from_the_apps_own_csrf_protection(twirec_archive: Archive) -> None:
    class Protection:
        exempted: list[str] = []  # noqa: RUF012 - one per test

        def exempt(self, blueprint: Any) -> None:
            self.exempted.append(blueprint.name)

    app = Flask(__name__)
    app.extensions["csrf"] = Protection()
    Twirec(app, twirec_archive)
    assert Protection.exempted == ["twirec"]


def test_no_number_and_no_body_is_logged(
    post: SignedPosts, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="twirec")
    post("/voice", VOICE)
    post("/voice", VOICE, **{"X-Twilio-Signature": "wrong"})
    post("/twirec/status", {**STATUS, "RecordingSid": "RE1", "From": "+34600111222"})
    assert caplog.records
    assert "600111222" not in caplog.text
    assert ACCOUNT_SID not in caplog.text
