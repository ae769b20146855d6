"""One event over HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests
import responses

from twirec.adapters.receiver import HttpReceiver
from twirec.model.errors import EventNotTaken

URL = "https://hooks.example.com/calls?key=sesame"
HEADERS = {"Twirec-Signature": "t=1,v1=0"}


@pytest.fixture
def receiver() -> HttpReceiver:
    return HttpReceiver(URL)


@responses.activate
def test_an_event_is_posted_as_it_is_with_its_signature(receiver: HttpReceiver) -> None:
    responses.post(URL, status=204)
    receiver.take(b'{"id": "1"}', HEADERS)
    (call,) = responses.calls
    assert call.request.body == b'{"id": "1"}'
    assert call.request.headers["Content-Type"] == "application/json"
    assert call.request.headers["Twirec-Signature"] == "t=1,v1=0"


@responses.activate
def test_it_waits_five_seconds_to_connect_and_ten_for_the_answer(receiver: HttpReceiver) -> None:
    responses.post(URL)
    receiver.take(b"{}", HEADERS)
    assert responses.calls[0].request.req_kwargs["timeout"] == (5.0, 10.0)


@responses.activate
def test_no_password_of_a_netrc_is_sent(
    receiver: HttpReceiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine hooks.example.com login someone password theirs")
    monkeypatch.setenv("NETRC", str(netrc))
    responses.post(URL)
    receiver.take(b"{}", HEADERS)
    assert "Authorization" not in responses.calls[0].request.headers


@responses.activate
@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_means_that_it_was_taken(receiver: HttpReceiver, status: int) -> None:
    responses.post(URL, status=status)
    receiver.take(b"{}", HEADERS)


@responses.activate
@pytest.mark.parametrize("status", [301, 307, 400, 403, 404, 410, 429, 500, 503])
def test_anything_else_means_that_it_was_not_and_nothing_is_followed(
    receiver: HttpReceiver, status: int
) -> None:
    elsewhere = {"Location": "https://elsewhere.example.com/"}
    responses.post(URL, status=status, headers=elsewhere)
    with pytest.raises(EventNotTaken, match=f"HTTP {status}"):
        receiver.take(b"{}", HEADERS)
    assert len(responses.calls) == 1


@responses.activate
@pytest.mark.parametrize(
    "error",
    [
        requests.ConnectionError(f"cannot reach {URL}"),
        requests.ReadTimeout(f"{URL} timed out"),
        UnicodeError(f"label too long: {URL}"),
    ],
)
def test_no_answer_is_an_error_that_does_not_name_the_address(
    receiver: HttpReceiver, error: Exception
) -> None:
    responses.post(URL, body=error)
    with pytest.raises(EventNotTaken) as caught:
        receiver.take(b"{}", HEADERS)
    assert str(caught.value) == f"The webhook did not answer: {type(error).__name__}."
    assert caught.value.retryable
