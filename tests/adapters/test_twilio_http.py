import os
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import responses

from tests.adapters.twilio_wire import (
    ACCOUNT,
    AUDIO,
    CALL,
    LEGS,
    LIST,
    MEDIA,
    NOON,
    ONE,
    SID,
    SUBACCOUNT,
    Ask,
    basic,
    download,
    each_operation,
    page,
    payload,
)
from twirec.adapters.twilio import Credentials, TwilioClients, TwilioVendor
from twirec.model.errors import (
    SettingsError,
    VendorBusy,
    VendorError,
    VendorRefused,
    VendorUnavailable,
)

# --- where and as whom ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "base"),
    [
        ({}, "https://api.twilio.com"),
        ({"region": "ie1", "edge": "dublin"}, "https://api.dublin.ie1.twilio.com"),
        ({"region": "au1", "edge": "sydney"}, "https://api.sydney.au1.twilio.com"),
        ({"api_url": "http://127.0.0.1:8181/"}, "http://127.0.0.1:8181"),
        ({"api_url": "https://proxy.example/twilio"}, "https://proxy.example/twilio"),
        ({"api_url": "http://127.0.0.1:8181", "region": "ie1"}, "http://127.0.0.1:8181"),
    ],
)
def test_every_request_goes_to_the_configured_host(
    twilio: responses.RequestsMock,
    monkeypatch: pytest.MonkeyPatch,
    place: dict[str, str],
    base: str,
) -> None:
    monkeypatch.setenv("TWILIO_REGION", "br1")
    monkeypatch.setenv("TWILIO_EDGE", "sao-paulo")
    clients = TwilioClients({ACCOUNT: Credentials("SK1", "secret")}, **place)  # type: ignore[arg-type]
    vendor = TwilioVendor(clients)
    path = f"{base}/2010-04-01/Accounts/{ACCOUNT}/Recordings"
    second = f"/2010-04-01/Accounts/{ACCOUNT}/Recordings.json?Page=1&PageToken=PA1"
    twilio.get(f"{path}.json", json=page(payload(), next_page_uri=second))
    twilio.get(f"{path}.json", json=page(payload()))
    twilio.get(f"{path}/{SID}.wav", body=AUDIO, content_type="audio/x-wav")
    twilio.delete(f"{path}/{SID}.json", status=204)

    assert len(list(vendor.recordings(ACCOUNT))) == 2
    assert download(vendor) == AUDIO
    vendor.delete(ACCOUNT, SID)


@pytest.mark.parametrize("half", [{"region": "ie1"}, {"edge": "dublin"}])
def test_a_region_needs_an_edge_and_an_edge_a_region(half: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="TWILIO_REGION and TWILIO_EDGE"):
        TwilioClients({}, **half)  # type: ignore[arg-type]


@pytest.mark.parametrize("url", ["api.twilio.com", "ftp://api.twilio.com", "https://"])
def test_an_api_url_that_is_none_is_named(url: str) -> None:
    with pytest.raises(SettingsError, match="TWIREC_TWILIO_API_URL"):
        TwilioClients({}, api_url=url)


@each_operation
def test_every_request_carries_the_accounts_own_credentials(
    twilio: responses.RequestsMock,
    vendor: TwilioVendor,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    url: str,
    ask: Ask,
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine api.twilio.com login somebody password else\n")
    monkeypatch.setenv("NETRC", os.fspath(netrc))
    twilio.add(method, url, status=403)
    with pytest.raises(VendorRefused):
        ask(vendor)
    assert twilio.calls[0].request.headers["Authorization"] == basic("SK1", "secret")


def test_a_subaccount_has_its_own_credentials(
    twilio: responses.RequestsMock, vendor: TwilioVendor
) -> None:
    of_it = {url: url.replace(ACCOUNT, SUBACCOUNT) for url in (LIST, ONE, MEDIA)}
    twilio.get(of_it[LIST], json=page())
    twilio.get(of_it[MEDIA], body=AUDIO, content_type="audio/x-wav")
    twilio.delete(of_it[ONE], status=204)
    assert list(vendor.recordings(SUBACCOUNT)) == []
    with vendor.media(SUBACCOUNT, SID) as media:
        assert b"".join(media.chunks) == AUDIO
    vendor.delete(SUBACCOUNT, SID)
    carried = {call.request.headers["Authorization"] for call in twilio.calls}
    assert carried == {basic("SK2", "other")}


def test_an_account_without_credentials_is_refused_without_a_request(vendor: TwilioVendor) -> None:
    with pytest.raises(VendorRefused, match="no credentials"):
        vendor.recording("AC" + "9f" * 16, SID)


@pytest.mark.parametrize("sid", ["", "RE1", "../Calls/" + CALL, SID + "/..", SID + "\n"])
def test_what_is_no_sid_never_becomes_a_part_of_a_url(vendor: TwilioVendor, sid: str) -> None:
    for ask in (vendor.recording, vendor.call, vendor.legs, vendor.delete):
        with pytest.raises(VendorRefused, match="SID"):
            ask(ACCOUNT, sid)
    with pytest.raises(VendorRefused, match="SID"), vendor.media(ACCOUNT, sid):
        pass


def test_credentials_do_not_show_their_secret() -> None:
    assert repr(Credentials("SK1", "secret")) == "Credentials(username='SK1')"


@each_operation
def test_a_redirect_is_an_error_and_is_not_followed(
    twilio: responses.RequestsMock, vendor: TwilioVendor, method: str, url: str, ask: Ask
) -> None:
    twilio.add(method, url, status=307, headers={"Location": "https://evil.example/"})
    with pytest.raises(VendorRefused, match="HTTP 307"):
        ask(vendor)
    assert len(twilio.calls) == 1


# --- errors -----------------------------------------------------------------------------------


@each_operation
@pytest.mark.parametrize(
    ("status", "error", "tries"),
    [
        (401, VendorRefused, 1),
        (403, VendorRefused, 1),
        (408, VendorUnavailable, 3),
        (409, VendorRefused, 1),
        (410, VendorRefused, 1),
        (429, VendorBusy, 3),
        (500, VendorUnavailable, 3),
        (502, VendorUnavailable, 3),
        (503, VendorUnavailable, 3),
        (504, VendorUnavailable, 3),
    ],
)
def test_each_status_has_its_error_and_only_passing_ones_are_tried_again(
    twilio: responses.RequestsMock,
    vendor: TwilioVendor,
    method: str,
    url: str,
    ask: Ask,
    status: int,
    error: type[VendorError],
    tries: int,
) -> None:
    body = {"code": 20000 + status, "message": "+34600111222", "status": status}
    twilio.add(method, url, status=status, json=body)
    with pytest.raises(error) as raised:
        ask(vendor)
    assert type(raised.value) is error
    assert (raised.value.status, raised.value.code) == (status, 20000 + status)
    assert len(twilio.calls) == tries


@each_operation
@pytest.mark.parametrize("broken", [requests.ConnectionError("x"), requests.ConnectTimeout("x")])
def test_a_twilio_that_does_not_answer_is_unavailable_after_three_tries(
    twilio: responses.RequestsMock,
    vendor: TwilioVendor,
    waits: list[float],
    method: str,
    url: str,
    ask: Ask,
    broken: requests.RequestException,
) -> None:
    twilio.add(method, url, body=broken)
    with pytest.raises(VendorUnavailable, match=f"{method} .*: {type(broken).__name__}$"):
        ask(vendor)
    assert len(twilio.calls) == 3
    assert 0.25 <= waits[0] <= 0.75 and 0.5 <= waits[1] <= 1.5  # noqa: PT018 - one fact


@each_operation
def test_the_second_try_may_succeed(
    twilio: responses.RequestsMock, vendor: TwilioVendor, method: str, url: str, ask: Ask
) -> None:
    twilio.add(method, url, status=503)
    right: dict[str, dict[str, Any]] = {
        LIST: {"json": page()},
        LEGS: {"json": {"calls": []}},
        MEDIA: {"body": AUDIO, "content_type": "audio/x-wav"},
    }
    answer = right.get(url, {"json": payload()})
    twilio.add(method, url, **({"status": 204} if method == "DELETE" else answer))
    ask(vendor)
    failed, again, *others = twilio.calls  # a list of calls is two requests
    assert failed.request.url == again.request.url
    assert all(other.request.url != again.request.url for other in others)


def test_waits_as_long_as_twilio_asks(
    twilio: responses.RequestsMock, vendor: TwilioVendor, waits: list[float]
) -> None:
    twilio.get(ONE, status=429, headers={"Retry-After": "4"})
    with pytest.raises(VendorBusy) as error:
        vendor.recording(ACCOUNT, SID)
    assert (waits, error.value.retry_after) == ([4, 4], 4)


def test_does_not_hold_a_thread_when_twilio_asks_for_a_long_wait(
    twilio: responses.RequestsMock, vendor: TwilioVendor, waits: list[float]
) -> None:
    twilio.get(ONE, status=429, headers={"Retry-After": "60"})
    with pytest.raises(VendorBusy) as error:
        vendor.recording(ACCOUNT, SID)
    assert (waits, error.value.retry_after) == ([], 60)


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        (format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True), 82_800, 86_400),
        (format_datetime(NOON - timedelta(days=3650), usegmt=True), 0, 0),
        ("soon", None, None),
        ("-1", None, None),
        ("", None, None),
    ],
    ids=["a day ahead", "years ago", "a word", "negative", "nothing"],
)
def test_reads_every_form_of_retry_after(
    twilio: responses.RequestsMock,
    vendor: TwilioVendor,
    value: str,
    low: float | None,
    high: float | None,
) -> None:
    twilio.get(ONE, status=429, headers={"Retry-After": value})
    with pytest.raises(VendorBusy) as error:
        vendor.recording(ACCOUNT, SID)
    found = error.value.retry_after
    assert found is None if low is None or high is None else low <= (found or 0) <= high


@pytest.mark.parametrize(
    "body", ["", "<TwilioResponse/>", "[]", "null", "{}", '{"recordings": null}', '{"sid": 1}']
)
def test_an_answer_that_makes_no_sense_is_an_error_of_the_vendor(
    twilio: responses.RequestsMock, vendor: TwilioVendor, body: str
) -> None:
    twilio.get(ONE, body=body)
    twilio.get(LIST, body=body)
    with pytest.raises(VendorError):
        vendor.recording(ACCOUNT, SID)
    with pytest.raises(VendorError):
        list(vendor.recordings(ACCOUNT))


@pytest.mark.parametrize("body", ["", "<html>", "[]", '{"code": null}', '{"code": "x"}'])
def test_an_error_without_twilios_code_has_none(
    twilio: responses.RequestsMock, vendor: TwilioVendor, body: str
) -> None:
    twilio.get(ONE, status=403, body=body)
    with pytest.raises(VendorRefused) as error:
        vendor.recording(ACCOUNT, SID)
    assert error.value.code is None


def test_an_error_says_what_was_asked_and_nothing_that_twilio_or_we_keep_private(
    twilio: responses.RequestsMock, vendor: TwilioVendor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    twilio.delete(ONE, status=500, json={"code": 20500, "message": "call to +34600111222 failed"})
    with pytest.raises(VendorUnavailable) as error:
        vendor.delete(ACCOUNT, SID)
    path = f"/2010-04-01/Accounts/{ACCOUNT}/Recordings/{SID}.json"
    expected = f"Twilio failed at DELETE {path} (HTTP 500, Twilio error 20500)"
    assert str(error.value) == expected
    assert expected in caplog.text
    assert not [word for word in ("secret", "SK1", "+34") if word in caplog.text]
