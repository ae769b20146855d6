"""Requests that change something at Twilio: calls placed, recordings started and paused."""

from collections.abc import Callable
from urllib.parse import parse_qs

import pytest
import responses

from tests.adapters.twilio_wire import ACCOUNT, BASE, CALL, SID, payload
from twirec.adapters.twilio import TwilioVendor
from twirec.model.errors import VendorBusy, VendorError, VendorRefused, VendorUnavailable
from twirec.model.vendor import RecordingStatus

PLACED = {
    "sid": CALL,
    "account_sid": ACCOUNT,
    "from": "+34911000111",
    "to": "+34600111222",
    "direction": "outbound-api",
    "status": "queued",
}
STATUS_URL = "https://calls.example.com/twirec/status#rc=5&rp=all"


def form(twilio: responses.RequestsMock) -> dict[str, list[str]]:
    body = twilio.calls[-1].request.body
    return parse_qs(body if isinstance(body, str) else (body or b"").decode())


def place(vendor: TwilioVendor) -> str:
    return vendor.live.place_call(
        ACCOUNT,
        from_="+34911000111",
        to="+34600111222",
        url="https://calls.example.com/twirec/outbound",
        fallback_url="https://calls.example.com/twirec/fallback",
        ended_url="https://calls.example.com/twirec/ended",
    ).sid


def test_a_call_is_placed_with_everything_that_follows_it(
    twilio: responses.RequestsMock, vendor: TwilioVendor
) -> None:
    twilio.post(f"{BASE}/Calls.json", json=PLACED, status=201)
    assert place(vendor) == CALL
    assert form(twilio) == {
        "From": ["+34911000111"],
        "To": ["+34600111222"],
        "Url": ["https://calls.example.com/twirec/outbound"],
        "Method": ["POST"],
        "FallbackUrl": ["https://calls.example.com/twirec/fallback"],
        "StatusCallback": ["https://calls.example.com/twirec/ended"],
        "StatusCallbackMethod": ["POST"],
        "MachineDetection": ["Enable"],
    }


def test_a_recording_is_started_in_two_channels_with_all_events(
    twilio: responses.RequestsMock, vendor: TwilioVendor
) -> None:
    started = payload(status="in-progress", duration=None)
    twilio.post(f"{BASE}/Calls/{CALL}/Recordings.json", json=started, status=201)
    assert vendor.live.start_recording(ACCOUNT, CALL, status_url=STATUS_URL) == SID
    assert form(twilio) == {
        "RecordingChannels": ["dual"],
        "Trim": ["do-not-trim"],
        "RecordingStatusCallback": [STATUS_URL],
        "RecordingStatusCallbackMethod": ["POST"],
        "RecordingStatusCallbackEvent": ["in-progress completed absent"],
    }


@pytest.mark.parametrize("told", ["paused", "in-progress"])
def test_a_pause_is_what_twilio_says_it_is(
    twilio: responses.RequestsMock, vendor: TwilioVendor, told: str
) -> None:
    twilio.post(f"{BASE}/Calls/{CALL}/Recordings/{SID}.json", json=payload(status=told))
    answered = vendor.live.set_recording(ACCOUNT, CALL, SID, RecordingStatus.PAUSED)
    assert answered is RecordingStatus(told)
    assert form(twilio) == {"Status": ["paused"], "PauseBehavior": ["silence"]}


def test_a_resume_says_nothing_of_how_to_pause(
    twilio: responses.RequestsMock, vendor: TwilioVendor
) -> None:
    twilio.post(f"{BASE}/Calls/{CALL}/Recordings/{SID}.json", json=payload(status="in-progress"))
    vendor.live.set_recording(ACCOUNT, CALL, SID, RecordingStatus.IN_PROGRESS)
    assert form(twilio) == {"Status": ["in-progress"]}


@pytest.mark.parametrize(
    ("status", "error", "tries"),
    [
        (400, VendorRefused, 1),
        (408, VendorUnavailable, 1),
        (500, VendorUnavailable, 1),
        (503, VendorUnavailable, 1),
        (429, VendorBusy, 3),
    ],
)
def test_a_call_is_not_placed_twice_when_nobody_knows_whether_it_was(
    twilio: responses.RequestsMock,
    vendor: TwilioVendor,
    status: int,
    error: type[VendorError],
    tries: int,
) -> None:
    asked = twilio.post(f"{BASE}/Calls.json", json={"code": 1, "message": "x"}, status=status)
    with pytest.raises(error):
        place(vendor)
    assert asked.call_count == tries


@pytest.mark.parametrize(
    ("path", "ask"),
    [
        (f"Calls/{CALL}", lambda vendor: vendor.call(ACCOUNT, CALL, hurry=True)),
        ("Recordings", lambda vendor: next(vendor.recordings(ACCOUNT, hurry=True))),
    ],
    ids=["call", "recordings"],
)
def test_who_asks_in_a_hurry_is_told_at_once(
    twilio: responses.RequestsMock,
    vendor: TwilioVendor,
    waits: list[float],
    path: str,
    ask: Callable[[TwilioVendor], object],
) -> None:
    asked = twilio.get(f"{BASE}/{path}.json", status=503)
    with pytest.raises(VendorUnavailable):
        ask(vendor)
    assert (asked.call_count, waits) == (1, [])
    assert sum(twilio.calls[0].request.req_kwargs["timeout"]) < 4


def test_nobody_on_the_phone_waits_long_for_a_recording_to_start(
    twilio: responses.RequestsMock, vendor: TwilioVendor, waits: list[float]
) -> None:
    asked = twilio.post(f"{BASE}/Calls/{CALL}/Recordings.json", status=429)
    with pytest.raises(VendorBusy):
        vendor.live.start_recording(ACCOUNT, CALL, status_url=STATUS_URL)
    assert (asked.call_count, waits) == (1, [])
    assert sum(twilio.calls[0].request.req_kwargs["timeout"]) < 4
