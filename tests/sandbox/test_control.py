from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.sandbox.conftest import AGENT, CUSTOMER, OWN
from tests.sandbox.target import Target, twiml
from twirec.sandbox import Sandbox

DIAL = twiml(f"<Dial record='record-from-answer-dual'>{AGENT}</Dial>")


def send(sandbox: Sandbox, method: str, path: str, **options: Any) -> requests.Response:
    options.setdefault("auth", (sandbox.account_sid, sandbox.auth_token))
    return requests.request(method, f"{sandbox.url}/sandbox/{path}", timeout=120, **options)


@pytest.fixture
def number(sandbox: Sandbox, target: Target) -> str:
    body = {"number": OWN, "voice_url": target.says("/voice", DIAL)}
    assert send(sandbox, "POST", "numbers", json=body).status_code == 201
    return OWN


def test_a_call_can_be_placed_and_watched_over_http(sandbox: Sandbox, number: str) -> None:
    body = {
        "from": CUSTOMER,
        "to": number,
        "caller": {
            "says": [{"sound": "customer_complaint", "at": 2}],
            "keys": [[1, "1"]],
            "hangs_up_after": 9,
            "counts_from_bridge": True,
        },
        "callee": {"says": [{"sound": "agent_answer"}], "answers_after": 1},
    }
    placed = send(sandbox, "POST", "calls", json=body)
    assert placed.status_code == 201
    sid = placed.json()["sid"]
    next(call for call in sandbox.calls if call.sid == sid).wait(120)
    told = send(sandbox, "GET", f"calls/{sid}").json()
    assert (told["status"], told["done"], told["duration"]) == ("completed", True, 10)
    assert [recording["status"] for recording in told["recordings"]] == ["completed"]
    assert {"fetch", "Dial", "ended"} <= {entry["what"] for entry in told["log"]}


def test_a_caller_is_told_over_http_what_to_do(
    sandbox: Sandbox, target: Target, number: str
) -> None:
    document = "<Gather numDigits='1' timeout='90' action='/key'><Say>Pulse uno</Say></Gather>"
    target.says("/voice", twiml(document))
    target.says("/key", twiml("<Pause length='90000'/>"))
    caller = {"hangs_up_after": 90_000, "reacts": [{"hears": "uno", "presses": "1"}]}
    placed = send(
        sandbox, "POST", "calls", json={"from": CUSTOMER, "to": number, "caller": caller}
    ).json()
    (call,) = sandbox.calls
    call.wait_for("Pause")
    assert target.forms("/key")[0]["Digits"] == "1"
    act = {"press": "2", "say": "customer_thanks", "hang_up": True}
    assert send(sandbox, "POST", f"calls/{placed['sid']}", json=act).status_code == 200
    call.wait(120)
    refused = send(sandbox, "POST", f"calls/{placed['sid']}", json={"shout": True})
    assert refused.status_code == 400


def test_faults_can_be_asked_for(sandbox: Sandbox, number: str) -> None:
    body = {
        "from": CUSTOMER,
        "to": number,
        "caller": {"hangs_up_after": 9},
        "faults": {"media": {"not-found": 1}, "callbacks_lost": ["completed"]},
    }
    sid = send(sandbox, "POST", "calls", json=body).json()["sid"]
    call = next(call for call in sandbox.calls if call.sid == sid)
    call.wait(120)
    url = f"{sandbox.url}/2010-04-01/Accounts/{sandbox.account_sid}/Recordings/"
    auth = (sandbox.account_sid, sandbox.auth_token)
    media = [requests.get(url + call.recordings[0].sid, auth=auth, timeout=120) for _ in range(2)]
    assert [response.status_code for response in media] == [404, 200]


@pytest.mark.parametrize(
    "body",
    [
        "no json",
        {},
        {"from": CUSTOMER},
        {"from": CUSTOMER, "to": "+34999999999"},
        {"from": CUSTOMER, "to": OWN, "caler": {}},
        {"from": CUSTOMER, "to": OWN, "caller": {"shouts": True}},
        {"from": CUSTOMER, "to": OWN, "caller": {"says": [{"sound": "shouting"}]}},
        {"from": CUSTOMER, "to": OWN, "faults": {"media": {"fire": 1}}},
    ],
)
def test_what_cannot_be_understood_is_refused(sandbox: Sandbox, number: str, body: Any) -> None:
    options = {"data": body} if isinstance(body, str) else {"json": body}
    response = send(sandbox, "POST", "calls", **options)
    assert response.status_code == 400
    assert sandbox.calls == []


@pytest.mark.parametrize(("method", "path"), [("POST", "calls"), ("GET", "calls/CA1")])
def test_the_door_is_locked(sandbox: Sandbox, method: str, path: str) -> None:
    assert send(sandbox, method, path, auth=None).status_code == 401


@pytest.mark.parametrize(("method", "path"), [("GET", "calls/CA1"), ("GET", "x"), ("POST", "x")])
def test_what_is_not_there_is_not_found(sandbox: Sandbox, method: str, path: str) -> None:
    assert send(sandbox, method, path, json={}).status_code == 404


def test_the_door_is_not_in_the_log_of_rest_requests(sandbox: Sandbox, number: str) -> None:
    assert sandbox.requests == []
