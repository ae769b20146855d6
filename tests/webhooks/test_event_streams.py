"""Event Streams bring what a status callback brings, once, whatever else comes when."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest

from tests.factories import call_sid, recording_sid
from tests.webhooks.calling import LONG_ENOUGH, VOICE, Clock, app_of, down, rows
from tests.webhooks.streaming import FORM, JSON, Send, event_of, sender
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.adapters.memory_vendor import MemoryVendor
from twirec.archive import Archive
from twirec.calls.event_stream import MOST_BYTES, MOST_EVENTS, RECORDING_EVENT, read_batch
from twirec.catalog.recordings import Recordings
from twirec.model.errors import MalformedRequest, NotFound
from twirec.model.states import Custody, State
from twirec.settings import Settings
from twirec.testing import ACCOUNT_SID, ENVIRONMENT, SignedPosts

SUB, SUB_TOKEN = "AC" + "5b" * 16, "a subaccount's token"
STRANGER = "AC" + "f" * 32


def form_of(number: int, **changes: str) -> dict[str, str]:
    return {**FORM, "RecordingSid": recording_sid(number), **changes}


@pytest.fixture
def archive() -> Iterator[Archive]:
    environment = {
        **ENVIRONMENT,
        "TWIREC_EVENT_STREAMS": "1",
        "TWIREC_TWILIO_AUTH_TOKENS": f"{SUB}={SUB_TOKEN}",
    }
    archive = Archive(
        Settings.from_env(environment), bucket=MemoryBucket(), vendor=MemoryVendor(), now=Clock()
    )
    archive.set_up()
    yield archive
    archive.close()


@pytest.fixture
def send(archive: Archive) -> Send:
    return sender(app_of(archive))


def test_only_events_of_recordings_are_read_and_one_that_is_malformed_spoils_its_batch() -> None:
    test_event = event_of({"x": 1}, "com.twilio.eventstreams.test-event")
    numbers = event_of({**FORM, "RecordingDuration": 4, "ErrorCode": 0, "More": [1], "Truth": True})
    read = [
        ([], []),
        ([event_of()], ["completed"]),
        (event_of(), ["completed"]),
        ([numbers], ["completed"]),
        ([test_event, {"type": "com.twilio.voice.unheard-of"}], []),
        ([event_of(), event_of({**FORM, "RecordingStatus": "absent"})], ["completed", "absent"]),
    ]
    for batch, statuses in read:
        said = read_batch(JSON, json.dumps(batch).encode())
        assert [callback.status for callback in said] == statuses, batch
    (callback,) = read_batch("application/cloudevents-batch+json", json.dumps([numbers]).encode())
    assert (callback.recording_sid, callback.duration, callback.error_code) == (
        recording_sid(),
        4,
        None,
    )
    assert "More" not in callback.raw

    malformed = [
        b"",
        b"\xff",
        b"[" * 100_000,
        b"7",
        b'["text"]',
        json.dumps([{"type": 7}]).encode(),
        json.dumps([{"type": RECORDING_EVENT}]).encode(),
        json.dumps([event_of("a text")]).encode(),
        json.dumps([event_of(), event_of({})]).encode(),
        json.dumps([event_of(), event_of({**FORM, "RecordingSid": "RE1"})]).encode(),
        json.dumps([event_of({}, "other")] * (MOST_EVENTS + 1)).encode(),
    ]
    for body in malformed:
        with pytest.raises(MalformedRequest):
            read_batch(JSON, body)
    with pytest.raises(MalformedRequest, match="content type"):
        read_batch("text/plain", b"[]")


def test_the_stream_brings_a_recording_whose_callbacks_were_all_lost(
    archive: Archive, send: Send
) -> None:
    post = SignedPosts(app_of(archive), archive.settings)
    post("/voice", VOICE)
    clock = archive.now
    assert isinstance(clock, Clock)
    clock.advance(LONG_ENOUGH)
    post("/twirec/connect", VOICE)
    assert send([event_of()]) == 204
    (recording,) = archive.calls.get(call_sid()).recordings
    assert (recording.state, recording.custody) == (State.COMPLETED, Custody.ACTIVE)
    assert recording.due_at == clock.time


def test_twice_out_of_order_and_beside_the_ordinary_callback_it_is_one_recording(
    archive: Archive, send: Send
) -> None:
    post = SignedPosts(app_of(archive), archive.settings)
    going = {**FORM, "RecordingStatus": "in-progress", "RecordingDuration": ""}
    assert send([event_of(), event_of(going)]) == 204
    due = archive.catalog.recordings.get(recording_sid()).due_at
    assert post("/twirec/status", FORM).status_code == 204
    for batch in ([event_of()], [event_of(), event_of()], [event_of(going)]):
        assert send(batch) == 204
    recording = archive.catalog.recordings.get(recording_sid())
    assert (recording.state, recording.due_at) == (State.COMPLETED, due)


def test_what_is_not_proven_or_not_whole_changes_nothing(archive: Archive, send: Send) -> None:
    good = [event_of()]
    other = json.dumps([event_of(form_of(2))]).encode()
    refused = [
        (403, send(good, token="another's token")),
        (403, send(good, token=SUB_TOKEN)),
        (403, send(good, query=f"AccountSid={SUB}")),
        (403, send(good, query=f"AccountSid={STRANGER}")),
        (403, send(good, query=f"AccountSid={SUB}&AccountSid={ACCOUNT_SID}", token=SUB_TOKEN)),
        (403, send(good, hashed=False)),
        (403, send(good, instead=other)),
        (400, send(good, kind="text/plain")),
        (400, send([event_of(), event_of({**FORM, "CallSid": "CA1"})])),
        (400, send([{**event_of(), "type": None}])),
        (413, send([], body=b" " * (MOST_BYTES + 1))),
        # as many as there may be, and longer than any form
        (204, send([event_of(FORM, "com.twilio.eventstreams.test-event")] * MOST_EVENTS)),
    ]
    for expected, status in refused:
        assert status == expected
    assert rows(archive) == 0


def test_an_account_is_believed_of_its_own_recordings_and_the_main_one_of_its_subaccounts(
    archive: Archive, send: Send, caplog: pytest.LogCaptureFixture
) -> None:
    known = archive.catalog.recordings.get
    batch = [event_of(form_of(1, AccountSid=STRANGER)), event_of(form_of(2, AccountSid=SUB))]
    assert send([*batch, event_of(form_of(3))], query=f"AccountSid={SUB}", token=SUB_TOKEN) == 204
    assert known(recording_sid(2)).account_sid == SUB
    for number in (1, 3):
        with pytest.raises(NotFound):
            known(recording_sid(number))
    # a recording of another account's does not keep the rest from being written
    assert (
        send([event_of(form_of(2)), event_of(form_of(4)), event_of(form_of(5, AccountSid=SUB))])
        == 204
    )
    assert known(recording_sid(2)).account_sid == SUB
    assert {known(recording_sid(number)).account_sid for number in (4, 5)} == {ACCOUNT_SID, SUB}
    assert "not kept" in caplog.text
    assert call_sid() not in caplog.text


def test_while_the_catalog_is_down_twilio_is_to_send_the_batch_again(
    archive: Archive, send: Send
) -> None:
    batch = [event_of(form_of(number)) for number in (1, 2)]
    receive, calls = Recordings.receive, []

    def second_fails(self: Recordings, callback: Any, **named: Any) -> Any:
        calls.append(callback)
        return down() if len(calls) == 2 else receive(self, callback, **named)

    with patch.object(Recordings, "receive", second_fails):
        assert send(batch) == 500
    assert send(batch) == 204
    assert {archive.catalog.recordings.get(recording_sid(n)).state for n in (1, 2)} == {
        State.COMPLETED
    }


def test_it_is_off_unless_it_is_switched_on(archive: Archive, twirec_settings: Settings) -> None:
    assert twirec_settings.event_streams is False
    off = Archive(
        replace(archive.settings, event_streams=False),
        bucket=MemoryBucket(),
        vendor=MemoryVendor(),
    )
    assert sender(app_of(off))([event_of()]) == 404
    off.close()
