from __future__ import annotations

import ast
import sys
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from flask import Response, request

import twirec.sandbox
from tests.sandbox.conftest import AGENT, CUSTOMER, OWN, SPEED, Get
from tests.sandbox.target import Target, twiml
from twirec.sandbox import Call, Party, Sandbox


def test_it_imports_nothing_but_itself_and_the_standard_library() -> None:
    foreign = set()
    for file in Path(twirec.sandbox.__file__).parent.glob("*.py"):
        # What makes the official library's client imports that, when it is asked for it.
        is_asked_for = file.name == "official_client.py"
        for node in [] if is_asked_for else ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or "."]
            foreign |= {
                name
                for name in names
                if name.partition(".")[0] not in sys.stdlib_module_names
                and not name.startswith("twirec.sandbox")
            }
    assert foreign == set()


def test_its_port_and_account_can_be_chosen() -> None:
    with Sandbox() as first:
        port = int(first.url.rpartition(":")[2])
    sid = "AC" + "1" * 32
    with Sandbox(port=port, account_sid=sid, auth_token="other") as second:
        url = f"{second.url}/2010-04-01/Accounts/{sid}/Calls.json"
        assert requests.get(url, auth=(sid, "other"), timeout=120).json()["calls"] == []


def test_stamps_come_from_the_clock_it_is_given() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    with Sandbox(now=lambda: now) as sandbox:
        assert sandbox.add_recording().created == now


def test_closing_ends_the_calls(target: Target) -> None:
    with Sandbox() as sandbox:
        sandbox.number(OWN, voice_url=target.says("/voice", twiml("<Pause length='9999'/>")))
        call = sandbox.call(from_=CUSTOMER, to=OWN)
    assert call.done.is_set()


def test_closing_twice_does_nothing() -> None:
    sandbox = Sandbox()
    sandbox.close()
    sandbox.close()


def test_it_serves_until_it_is_closed() -> None:
    sandbox = Sandbox(host="0.0.0.0", url="http://sandbox:8480/")  # noqa: S104 - as in a container
    sandbox.start()
    assert sandbox.url == "http://sandbox:8480"
    url = f"http://127.0.0.1:{sandbox._server.port}/2010-04-01/Accounts/{sandbox.account_sid}.json"
    assert requests.get(url, timeout=120).status_code == 401
    assert not sandbox.closing.is_set()
    sandbox.close()
    assert sandbox.closing.is_set()


def test_many_calls_play_at_once(sandbox: Sandbox, target: Target) -> None:
    document = twiml(f"<Dial record='record-from-answer-dual'>{AGENT}</Dial>")
    sandbox.number(OWN, voice_url=target.says("/voice", document))
    callee = Party(hangs_up_after=20)
    calls: list[Call] = [sandbox.call(from_=CUSTOMER, to=OWN, callee=callee) for _ in range(20)]
    for call in calls:
        call.wait(120)
    assert [call.recordings[0].duration for call in calls] == [20] * 20


def test_the_time_in_a_call_stands_still_while_the_app_answers(
    sandbox: Sandbox, target: Target
) -> None:
    seen: list[datetime | None] = []

    def app() -> Response:
        time.sleep(0.05)  # ten seconds of the call
        seen.append(sandbox.time_in(request.form["CallSid"]))
        return twiml("<Hangup/>" if seen[1:] else "<Pause length='7'/><Redirect>/voice</Redirect>")

    sandbox.number(OWN, voice_url=target.says("/voice", app))
    call = sandbox.call(from_=CUSTOMER, to=OWN)
    call.wait(120)
    assert seen == [call.created, call.created + timedelta(seconds=7 / SPEED)]
    assert sandbox.time_in(call.sid) is None
    assert sandbox.time_in("CA" + "0" * 32) is None


def test_large_media_is_never_held_in_memory(sandbox: Sandbox, get: Get) -> None:
    recording = sandbox.add_recording(size=40_000_000)
    tracemalloc.start()
    try:
        received = 0
        with get(f"/Recordings/{recording.sid}.wav", stream=True) as response:
            for chunk in response.iter_content(65_536):
                received += len(chunk)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert received == 40_000_000
    assert peak < 4_000_000


def test_small_answers_are_not_held_back(sandbox: Sandbox, get: Get) -> None:
    def took() -> float:
        begin = time.monotonic()
        get("/Recordings.json")
        return time.monotonic() - begin

    # one that waits for an ACK takes 40 ms, always
    assert any(took() < 0.03 for _ in range(1000))


def test_media_is_served_to_many_at_once(sandbox: Sandbox) -> None:
    recording = sandbox.add_recording(size=200_000)
    url = f"{sandbox.url}/2010-04-01/Accounts/{sandbox.account_sid}/Recordings/{recording.sid}"
    auth = (sandbox.account_sid, sandbox.auth_token)
    with ThreadPoolExecutor(32) as pool:
        bodies = pool.map(lambda _: requests.get(url, auth=auth, timeout=120).content, range(32))
    assert {len(body) for body in bodies} == {200_000}


@pytest.mark.parametrize("seconds", [0.5, 61.25])
def test_a_recording_can_be_of_any_length(sandbox: Sandbox, get: Get, seconds: float) -> None:
    recording = sandbox.add_recording(seconds=seconds)
    assert recording.duration == int(seconds)
    assert len(get(f"/Recordings/{recording.sid}").content) == 44 + int(seconds * 32_000)


def test_a_made_up_recording_has_a_call_that_can_be_fetched(sandbox: Sandbox, get: Get) -> None:
    recording = sandbox.add_recording(seconds=9)
    body = get(f"/Calls/{recording.call_sid}.json").json()
    assert (body["status"], body["duration"], body["direction"]) == ("completed", "9", "inbound")
