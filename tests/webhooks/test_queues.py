"""Callers who are taken out of a queue: they are connected, whatever becomes of the recording."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask, Response

from tests.factories import call_sid
from tests.webhooks.calling import LONG_ENOUGH, Clock, started
from twirec.adapters.memory_vendor import MemoryVendor
from twirec.archive import Archive
from twirec.flask import Twirec
from twirec.model.errors import CatalogUnavailable
from twirec.model.vocabulary import Outcome, Reason
from twirec.testing import SignedPosts

WAITS, NEXT, TAKER = call_sid(1), call_sid(2), call_sid(3)
CALLER = {"From": "+34600111222", "To": "+34911000111"}
TAKEN = {**CALLER, "CallSid": WAITS, "DequeingCallSid": TAKER}
ENDED = {**CALLER, "CallSid": WAITS, "CallStatus": "completed", "QueueResult": "bridged"}


@pytest.fixture
def post(twirec_archive: Archive, twirec_post: Callable[[Flask], SignedPosts]) -> SignedPosts:
    """Two callers were told, and wait."""
    app = Flask(__name__)
    recordings = Twirec(app, twirec_archive)

    @app.post("/voice")
    @recordings.signed
    def voice() -> Response:
        return recordings.answer(dial="queue:support")

    twirec_archive.now = clock = Clock()
    post = twirec_post(app)
    for sid in (WAITS, NEXT):
        post("/voice", {**CALLER, "CallSid": sid})
        clock.advance(LONG_ENOUGH)
        assert "<Enqueue" in post("/twirec/connect", {**CALLER, "CallSid": sid}).text
    return post


def test_recording_starts_on_the_leg_that_takes_them_once(
    post: SignedPosts, vendor: MemoryVendor
) -> None:
    for _ in range(2):
        assert post("/twirec/dequeued", TAKEN).status_code == 200
    assert started(vendor) == [TAKER]


def test_a_leg_that_took_another_caller_before_is_not_recorded_as_theirs(
    post: SignedPosts, twirec_archive: Archive, vendor: MemoryVendor
) -> None:
    for sid in (WAITS, NEXT):
        post("/twirec/dequeued", {**TAKEN, "CallSid": sid})
    assert started(vendor) == []  # and is no longer recorded as the first caller's
    assert twirec_archive.calls.get(NEXT).call.reason is Reason.NOT_STARTED


def test_the_two_are_connected_when_twilio_does_not_say_who_takes_them(
    post: SignedPosts, twirec_archive: Archive, vendor: MemoryVendor
) -> None:
    assert post("/twirec/dequeued", {**CALLER, "CallSid": WAITS}).status_code == 200
    assert started(vendor) == []
    assert twirec_archive.calls.get(WAITS).call.reason is Reason.NOT_STARTED


def test_the_two_are_connected_when_the_catalog_is_down_and_the_line_says_so(
    post: SignedPosts,
    twirec_archive: Archive,
    vendor: MemoryVendor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def down(*_: object) -> None:
        raise CatalogUnavailable("The catalog cannot be used: disk I/O error.")

    with monkeypatch.context() as broken:
        broken.setattr(twirec_archive.catalog.meetings, "take", down)
        assert post("/twirec/dequeued", TAKEN).status_code == 200
    post("/twirec/ended", ENDED)
    assert started(vendor) == []
    assert twirec_archive.calls.get(WAITS).call.reason is Reason.CATALOG_DOWN


@pytest.mark.parametrize(
    ("result", "outcome"),
    [("bridged", Outcome.OWED), ("hangup", Outcome.NOT_RECORDED), ("leave", Outcome.NOT_RECORDED)],
)
def test_who_was_connected_while_the_app_was_down_was_answered(
    post: SignedPosts, twirec_archive: Archive, result: str, outcome: Outcome
) -> None:
    post("/twirec/ended", {**ENDED, "QueueResult": result})
    assert twirec_archive.calls.get(WAITS).call.outcome is outcome
