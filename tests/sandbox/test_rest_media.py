from __future__ import annotations

import hashlib
import io
import wave

import pytest
import requests

from tests.sandbox.conftest import Get
from twirec.sandbox import Sandbox


def channels(content: bytes) -> int:
    with wave.open(io.BytesIO(content)) as file:
        return int(file.getnchannels())


@pytest.mark.parametrize("extension", ["", ".wav"])
def test_media_is_a_wav_file_in_the_channels_asked_for_at_creation(
    sandbox: Sandbox, get: Get, extension: str
) -> None:
    dual, mono = sandbox.add_recording(seconds=2), sandbox.add_recording(seconds=2, channels=1)
    response = get(f"/Recordings/{dual.sid}{extension}")
    assert response.headers["Content-Type"] == "audio/x-wav"
    assert int(response.headers["Content-Length"]) == len(response.content) == 44 + 2 * 32_000
    assert channels(response.content) == 2
    assert channels(get(f"/Recordings/{mono.sid}{extension}").content) == 1


@pytest.mark.parametrize("asked", [1, 2])
def test_media_comes_in_the_channels_asked_for_now(sandbox: Sandbox, get: Get, asked: int) -> None:
    recording = sandbox.add_recording(seconds=1, channels=1)
    response = get(f"/Recordings/{recording.sid}.wav?RequestedChannels={asked}")
    assert channels(response.content) == asked


def test_two_channels_that_there_are_not_are_a_bad_request(sandbox: Sandbox, get: Get) -> None:
    recording = sandbox.add_recording(source="RecordVerb", dual=False)
    response = get(f"/Recordings/{recording.sid}.wav?RequestedChannels=2")
    assert response.status_code == 400
    assert channels(get(f"/Recordings/{recording.sid}.wav?RequestedChannels=1").content) == 1
    assert channels(get(f"/Recordings/{recording.sid}.wav").content) == 1


def test_mp3_is_refused_clearly(sandbox: Sandbox, get: Get) -> None:
    recording = sandbox.add_recording()
    response = get(f"/Recordings/{recording.sid}.mp3")
    assert response.status_code == 501
    assert "the sandbox does not do MP3" in response.text


def test_media_that_is_not_there_is_twilios_error_in_xml(get: Get) -> None:
    response = get(f"/Recordings/RE{'0' * 32}.wav")
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/xml"
    assert "<RestException><Code>20404</Code>" in response.text


@pytest.mark.parametrize("status", ["in-progress", "processing", "absent", "deleted"])
def test_only_completed_recordings_have_media(sandbox: Sandbox, get: Get, status: str) -> None:
    recording = sandbox.add_recording(status=status)
    assert get(f"/Recordings/{recording.sid}.wav").status_code == 404


def test_the_digest_is_that_of_the_file_in_two_channels(sandbox: Sandbox, get: Get) -> None:
    recording = sandbox.add_recording(seconds=3, channels=1)
    content = get(f"/Recordings/{recording.sid}.wav?RequestedChannels=2").content
    assert sandbox.sha256(recording.sid) == hashlib.sha256(content).hexdigest()


def test_there_is_no_digest_without_media(sandbox: Sandbox) -> None:
    with pytest.raises(LookupError):
        sandbox.sha256("RE" + "0" * 32)


def test_media_can_be_of_any_size_and_is_always_the_same(sandbox: Sandbox, get: Get) -> None:
    recording = sandbox.add_recording(size=5_000_000)
    first, second = (get(f"/Recordings/{recording.sid}").content for _ in range(2))
    assert len(first) == 5_000_000
    assert first == second


@pytest.mark.parametrize(
    "auth", [None, ("AC" + "0" * 32, "x"), ("{sid}", "wrong"), ("{sid}", ""), ("", "")]
)
def test_wrong_credentials_are_twilios_error_20003(
    sandbox: Sandbox, auth: tuple[str, str] | None
) -> None:
    recording = sandbox.add_recording()
    if auth:
        auth = (auth[0].format(sid=sandbox.account_sid), auth[1])
    base = f"{sandbox.url}/2010-04-01/Accounts/{sandbox.account_sid}/Recordings"
    response = requests.get(f"{base}.json", auth=auth, timeout=120)
    assert (response.status_code, response.json()["code"]) == (401, 20003)
    response = requests.get(f"{base}/{recording.sid}.wav", auth=auth, timeout=120)
    assert response.status_code == 401
    assert "<Code>20003</Code>" in response.text


def test_an_api_key_opens_the_account_too(sandbox: Sandbox) -> None:
    url = f"{sandbox.url}/2010-04-01/Accounts/{sandbox.account_sid}/Recordings.json"
    response = requests.get(url, auth=(sandbox.api_key, sandbox.api_secret), timeout=120)
    assert response.status_code == 200


def test_another_account_is_not_found(sandbox: Sandbox) -> None:
    url = f"{sandbox.url}/2010-04-01/Accounts/AC{'0' * 32}/Recordings.json"
    auth = (sandbox.account_sid, sandbox.auth_token)
    assert requests.get(url, auth=auth, timeout=120).status_code == 404


def test_requests_are_written_down(sandbox: Sandbox, get: Get) -> None:
    recording = sandbox.add_recording()
    get(f"/Recordings/{recording.sid}.wav?RequestedChannels=2")
    get(f"/Recordings/{recording.sid}.json", method="DELETE")
    get(f"/Recordings/{recording.sid}.json")
    base = f"/2010-04-01/Accounts/{sandbox.account_sid}/Recordings/{recording.sid}"
    assert [(r.method, r.path, r.query, r.status) for r in sandbox.requests] == [
        ("GET", f"{base}.wav", "RequestedChannels=2", 200),
        ("DELETE", f"{base}.json", "", 204),
        ("GET", f"{base}.json", "", 404),
    ]
