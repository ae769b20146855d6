"""What the tests of the phone share: who calls whom, what Twilio posts, and a clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask, Response, request
from werkzeug.test import TestResponse

from tests.factories import call_sid, recording_sid
from twirec.adapters.memory_vendor import MemoryVendor
from twirec.archive import Archive
from twirec.flask import Twirec
from twirec.model.errors import CatalogUnavailable
from twirec.model.vendor import RecordingStatus
from twirec.testing import ACCOUNT_SID, SignedPosts

OWN, CUSTOMER, AGENT = "+34911000111", "+34600111222", "+34911222333"
LONG_ENOUGH = timedelta(seconds=10)
"""After it, a notice can have been heard to its end."""

VOICE = {"CallSid": call_sid(), "From": "+34600111222", "To": "+34911000111"}
PARENT, CHILD = call_sid(1), call_sid(2)
DIALLED = {"CallSid": PARENT, "From": "client:ana", "To": CUSTOMER}
"""An agent dials a customer."""

WHISPER = {"CallSid": CHILD, "ParentCallSid": PARENT, "From": OWN, "To": CUSTOMER}
"""The customer picked up."""

STATUS = {
    "CallSid": call_sid(),
    "RecordingSid": recording_sid(),
    "RecordingStatus": "completed",
    "RecordingSource": "DialVerb",
    "RecordingDuration": "4",
    "RecordingChannels": "2",
    "RecordingStartTime": "Mon, 23 Nov 2026 10:15:12 +0000",
}


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def advance(self, by: timedelta) -> None:
        self.time += by


def app_of(archive: Archive) -> Flask:
    """An app that answers calls, and dials for agents."""
    app = Flask(__name__)
    recordings = Twirec(app, archive)

    def voice() -> Response:
        return recordings.answer(dial=AGENT)

    def queue() -> Response:
        return recordings.answer(dial="queue:sales")

    def chain() -> Response:
        return recordings.answer(dial=AGENT, timeout=20, otherwise=["client:bea", "voicemail"])

    def anybody(agent: str) -> bool:
        return True

    def dial() -> Response:
        return recordings.dial_out(request.form["To"], own_number=OWN, allow=anybody)

    def agents_dial() -> Response:
        return recordings.dial_out(request.form["To"], own_number=OWN)

    def voice_failed() -> Response:
        return recordings.answer(dial=AGENT, fallback=True)

    def dial_failed() -> Response:
        return recordings.dial_out(request.form["To"], own_number=OWN, allow=anybody, fallback=True)

    for view in (voice, queue, chain, dial, agents_dial, voice_failed, dial_failed):
        app.post("/" + view.__name__.replace("_", "/"))(recordings.signed(view))
    return app


def rows(archive: Archive) -> int:
    with archive.catalog.database.read() as connection:
        tables = ("calls", "consents", "recordings", "callbacks")
        return sum(
            connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()  # noqa: S608
            for table in tables
        )


def talk(post: SignedPosts, clock: Clock) -> None:
    """Let an agent dial a customer, who hears the announcement."""
    post("/dial", DIALLED)
    post("/twirec/announce", WHISPER)
    clock.advance(LONG_ENOUGH)
    post(f"/twirec/announced/{PARENT}/0", WHISPER)


def is_recording(answer: TestResponse) -> bool:
    assert answer.status_code == 200
    assert "<Dial" in answer.text
    return "record-from-answer-dual" in answer.text


def started(vendor: MemoryVendor) -> list[str | None]:
    """The calls that a recording was started of."""
    return [
        found.call_sid
        for found in vendor.recordings(ACCOUNT_SID)
        if found.status is RecordingStatus.IN_PROGRESS
    ]


def down(*_: Any, **__: Any) -> Any:
    """Stand in for a part of the catalog that cannot be reached."""
    raise CatalogUnavailable("The catalog cannot be used: disk I/O error.")
