from __future__ import annotations

import threading
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Response, request
from twilio.request_validator import RequestValidator

from tests.sandbox.conftest import AGENT, Ring
from tests.sandbox.target import Target, twiml
from twirec.sandbox import Faults, Party, Sandbox
from twirec.sandbox.event_streams import FOUR_HOURS, LONGEST_WAIT, waits

DIAL = twiml(
    "<Dial record='record-from-answer-dual' recordingStatusCallback='/status' "
    f"recordingStatusCallbackEvent='in-progress completed absent'>{AGENT}</Dial>"
)


class Stream:
    """A webhook that is a sink: answers as it is told, then 204."""

    def __init__(self, target: Target, *statuses: int) -> None:
        self.batches: list[Any] = []
        self.bodies: list[str] = []
        self._statuses = list(statuses)
        self.url = target.says("/streams", self._take)

    def _take(self) -> Response:
        self.bodies.append(request.get_data(as_text=True))
        self.batches.append(request.get_json())
        return Response(status=self._statuses.pop(0) if self._statuses else 204)

    def statuses(self) -> list[str]:
        return [
            event["data"]["request"]["parameters"]["RecordingStatus"]
            for batch in self.batches
            for event in batch
        ]


def test_a_sink_is_told_what_a_callback_says_though_that_is_lost(
    ring: Ring, target: Target, sandbox: Sandbox
) -> None:
    target.says("/status", Response(status=204))
    stream = Stream(target)
    sandbox.event_streams.sink(f"{stream.url}?AccountSid={sandbox.account_sid}#rc=5")
    ring(DIAL, callee=Party(hangs_up_after=5))
    callbacks = target.forms("/status")
    ring(DIAL, callee=Party(hangs_up_after=5), faults=Faults(callbacks_lost={"completed"}))
    sandbox.event_streams.join()
    assert sorted(stream.statuses()) == ["completed", "completed", "in-progress", "in-progress"]
    told = [batch[0]["data"]["request"]["parameters"] for batch in stream.batches]
    assert all(form in told for form in callbacks)
    for came, body in zip(target.at("/streams"), stream.bodies, strict=True):
        assert set(parse_qs(urlsplit(came.url).query)) == {"AccountSid", "bodySHA256"}
        signature = came.headers["X-Twilio-Signature"]
        assert RequestValidator(sandbox.auth_token).validate(came.url, body, signature)
        assert came.headers["Content-Type"] == "application/json"


def test_a_sink_gets_an_event_again_unless_it_refused_it(target: Target, sandbox: Sandbox) -> None:
    stream = Stream(target, 503, 429, 204, 403, 204)
    sink = sandbox.event_streams.sink(stream.url)
    for attempts in (3, 1, 1):
        before = len(sink.replies)
        sandbox.event_streams.tell(sandbox.add_recording())
        sandbox.event_streams.join()
        assert len(sink.replies) - before == attempts
    assert sink.dropped == [sink.events[1]["id"]]
    assert len({batch[0]["id"] for batch in stream.batches}) == 3
    assert sandbox.event_streams.send_again(sink).status == 204
    assert stream.batches[-1] == sink.events[::-1]


def test_after_four_hours_an_event_is_dropped(
    target: Target, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = target.url + "/nothing"
    target.says("/nothing", Response(status=500))
    slept: list[float] = []
    monkeypatch.setattr(sandbox.event_streams, "_pause", slept.append)
    sink = sandbox.event_streams.sink(url)
    sandbox.event_streams.tell(sandbox.add_recording())
    sandbox.event_streams.join()
    assert sum(slept) == pytest.approx(FOUR_HOURS)
    assert (len(sink.replies), len(sink.dropped)) == (len(slept) + 1, 1)


def test_waits_double_up_to_the_longest_with_jitter() -> None:
    steady = list(waits(lambda: 0.0))
    assert steady[:4] == [1, 2, 4, 8]
    assert max(steady) == LONGEST_WAIT
    assert sum(steady) == pytest.approx(FOUR_HOURS)
    assert all(later >= earlier for earlier, later in pairwise(steady[:-1]))
    assert len(list(waits(lambda: 1.0))) > len(steady)


def test_what_waits_for_its_next_attempt_ends_with_the_sandbox(target: Target) -> None:
    seen = threading.Event()

    def fail() -> Response:
        seen.set()
        return Response(status=500)

    with Sandbox() as sandbox:  # at the pace of life
        sandbox.event_streams.sink(target.says("/streams", fail))
        sandbox.event_streams.tell(sandbox.add_recording())
        assert seen.wait(120)
