from __future__ import annotations

import io
import time
import wave

import pytest
import requests

from tests.sandbox.conftest import AGENT, Get, Ring
from tests.sandbox.target import twiml
from twirec.sandbox import ALWAYS, Fault, Faults, Party, Sandbox

HTTP = [
    (Fault.NOT_FOUND, 404, 20404),
    (Fault.BUSY, 429, 20429),
    (Fault.ERROR, 500, 20500),
    (Fault.UNAVAILABLE, 503, 20503),
]


@pytest.mark.parametrize(("fault", "status", "code"), HTTP)
def test_media_fails_for_the_first_requests(
    sandbox: Sandbox, get: Get, fault: Fault, status: int, code: int
) -> None:
    recording = sandbox.add_recording(faults=Faults(media={fault: 2}))
    answers = [get(f"/Recordings/{recording.sid}.wav") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status, status, 200]
    assert f"<Code>{code}</Code>" in answers[0].text


@pytest.mark.parametrize(("fault", "status", "code"), HTTP)
def test_metadata_lists_and_calls_fail_likewise(
    sandbox: Sandbox, get: Get, fault: Fault, status: int, code: int
) -> None:
    recording = sandbox.add_recording()
    sandbox.faults = Faults(recording={fault: 1}, listing={fault: 1}, call={fault: 1})
    for path in (f"/Recordings/{recording.sid}", "/Recordings", f"/Calls/{recording.call_sid}"):
        first, second = get(f"{path}.json"), get(f"{path}.json")
        assert (first.status_code, first.json()["code"]) == (status, code)
        assert second.status_code == 200


def test_several_faults_come_one_after_the_other(sandbox: Sandbox, get: Get) -> None:
    faults = Faults(media={Fault.NOT_FOUND: 1, Fault.BUSY: 2, Fault.ERROR: 1})
    recording = sandbox.add_recording(faults=faults)
    statuses = [get(f"/Recordings/{recording.sid}").status_code for _ in range(5)]
    assert statuses == [404, 429, 429, 500, 200]


def test_a_fault_can_be_for_ever_and_be_taken_away(sandbox: Sandbox, get: Get) -> None:
    recording = sandbox.add_recording(faults=Faults(media={Fault.ERROR: ALWAYS}))
    assert {get(f"/Recordings/{recording.sid}").status_code for _ in range(5)} == {500}
    recording.faults = None
    assert get(f"/Recordings/{recording.sid}").status_code == 200


@pytest.mark.parametrize(("asked", "header"), [(7, "7"), (None, None)])
def test_busy_may_say_when_to_come_back(
    sandbox: Sandbox, get: Get, asked: int | None, header: str | None
) -> None:
    sandbox.faults = Faults(listing={Fault.BUSY: 1}, retry_after=asked)
    assert get("/Recordings.json").headers.get("Retry-After") == header


def test_media_can_be_an_error_page_with_status_200(sandbox: Sandbox, get: Get) -> None:
    recording = sandbox.add_recording(faults=Faults(media={Fault.XML_WITH_200: 1}))
    response = get(f"/Recordings/{recording.sid}.wav")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/xml"
    assert b"<RestException>" in response.content
    assert get(f"/Recordings/{recording.sid}.wav").content.startswith(b"RIFF")


def test_media_can_be_cut_in_the_middle(sandbox: Sandbox, get: Get) -> None:
    recording = sandbox.add_recording(faults=Faults(media={Fault.TRUNCATED: 1}))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        get(f"/Recordings/{recording.sid}.wav")
    assert get(f"/Recordings/{recording.sid}.wav").status_code == 200


def test_media_can_be_shorter_than_its_own_header_says(sandbox: Sandbox, get: Get) -> None:
    recording = sandbox.add_recording(seconds=10, faults=Faults(media={Fault.WRONG_LENGTH: 1}))
    content = get(f"/Recordings/{recording.sid}.wav").content
    whole = 44 + 10 * 32_000
    assert len(content) == whole // 2
    assert int.from_bytes(content[40:44], "little") == whole - 44


def test_media_can_be_mono_where_two_channels_were_asked_for(sandbox: Sandbox, get: Get) -> None:
    recording = sandbox.add_recording(faults=Faults(media={Fault.MONO: 1}))
    response = get(f"/Recordings/{recording.sid}.wav?RequestedChannels=2")
    with wave.open(io.BytesIO(response.content)) as file:
        assert file.getnchannels() == 1


def test_an_answer_can_be_slow(sandbox: Sandbox, get: Get) -> None:
    faults = Faults(media={Fault.SLOW: 1}, slow_seconds=0.1)
    recording = sandbox.add_recording(faults=faults)
    begin = time.monotonic()
    assert get(f"/Recordings/{recording.sid}.wav").status_code == 200
    assert time.monotonic() - begin >= 0.1


def test_closing_does_not_wait_for_slow_answers() -> None:
    sandbox = Sandbox()
    sandbox.start()
    sandbox.faults = Faults(listing={Fault.SLOW: 1}, slow_seconds=600)
    url = f"{sandbox.url}/2010-04-01/Accounts/{sandbox.account_sid}/Recordings.json"
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.get(url, auth=(sandbox.account_sid, sandbox.auth_token), timeout=(30, 0.1))
    begin = time.monotonic()
    sandbox.close()
    assert time.monotonic() - begin < 60


@pytest.mark.parametrize(("fault", "status", "code"), HTTP)
def test_a_delete_that_fails_deletes_nothing(
    sandbox: Sandbox, get: Get, fault: Fault, status: int, code: int
) -> None:
    recording = sandbox.add_recording(faults=Faults(delete={fault: 2}))
    path = f"/Recordings/{recording.sid}.json"
    for _ in range(2):
        response = get(path, method="DELETE")
        assert (response.status_code, response.json()["code"]) == (status, code)
        assert recording.status == "completed"
    assert get(path, method="DELETE").status_code == 204
    assert recording.status == "deleted"


def test_a_recording_has_the_faults_of_its_call(ring: Ring, get: Get) -> None:
    document = twiml(f"<Dial record='record-from-answer-dual'>{AGENT}</Dial>")
    faults = Faults(media={Fault.NOT_FOUND: 1})
    (recording,) = ring(document, callee=Party(hangs_up_after=3), faults=faults).recordings
    statuses = [get(f"/Recordings/{recording.sid}").status_code for _ in range(2)]
    assert statuses == [404, 200]


def test_its_own_faults_come_before_the_accounts(sandbox: Sandbox, get: Get) -> None:
    sandbox.faults = Faults(media={Fault.UNAVAILABLE: 1})
    recording = sandbox.add_recording(faults=Faults(media={Fault.NOT_FOUND: 1}))
    statuses = [get(f"/Recordings/{recording.sid}").status_code for _ in range(3)]
    assert statuses == [404, 503, 200]


def test_some_faults_can_only_happen_to_media() -> None:
    with pytest.raises(ValueError, match="mono can only happen to media"):
        Faults(delete={Fault.MONO: 1})


def test_a_connection_is_used_again_after_a_fault(sandbox: Sandbox, get: Get) -> None:
    recording = sandbox.add_recording(seconds=1, faults=Faults(media={Fault.ERROR: 1}))
    responses = [get(f"/Recordings/{recording.sid}.wav") for _ in range(3)]
    assert all(response.headers.get("Connection") != "close" for response in responses)
    assert all(response.raw.version == 11 for response in responses)
