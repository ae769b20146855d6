"""What Twilio's API writes, and everything that asks it something."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from twirec.adapters.twilio import TwilioVendor

ACCOUNT = "AC" + "0a" * 16
SUBACCOUNT = "AC" + "1b" * 16
CALL = "CA" + "2c" * 16
SID = "RE" + "3d" * 16
BASE = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}"
LIST = f"{BASE}/Recordings.json"
LEGS = f"{BASE}/Calls.json"
ONE = f"{BASE}/Recordings/{SID}.json"
MEDIA = f"{BASE}/Recordings/{SID}.wav"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
AUDIO = bytes(range(256)) * 1200


def payload(**changes: object) -> dict[str, object]:
    """A recording as Twilio's API writes it."""
    return {
        "account_sid": ACCOUNT,
        "api_version": "2010-04-01",
        "call_sid": CALL,
        "conference_sid": None,
        "channels": 2,
        "date_created": "Mon, 23 Nov 2026 12:00:01 +0000",
        "date_updated": "Mon, 23 Nov 2026 12:01:00 +0000",
        "start_time": "Mon, 23 Nov 2026 12:00:00 +0000",
        "price": "-0.0025",
        "price_unit": "USD",
        "duration": "53",
        "sid": SID,
        "source": "DialVerb",
        "status": "completed",
        "error_code": None,
        "uri": f"/2010-04-01/Accounts/{ACCOUNT}/Recordings/{SID}.json",
        "media_url": f"http://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Recordings/{SID}",
        **changes,
    }


def page(*recordings: object, next_page_uri: str | None = None) -> dict[str, object]:
    """A page of a list as Twilio's API writes it."""
    return {
        "recordings": list(recordings),
        "page": 0,
        "page_size": 1000,
        "start": 0,
        "end": 0,
        "uri": f"/2010-04-01/Accounts/{ACCOUNT}/Recordings.json",
        "first_page_uri": f"/2010-04-01/Accounts/{ACCOUNT}/Recordings.json?Page=0",
        "previous_page_uri": None,
        "next_page_uri": next_page_uri,
    }


def basic(username: str, password: str) -> str:
    """The value of the header Authorization."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def download(vendor: TwilioVendor) -> bytes:
    """Read the media to its end."""
    with vendor.media(ACCOUNT, SID) as media:
        return b"".join(media.chunks)


def calls_of_a_day(vendor: TwilioVendor) -> list[object]:
    """List the calls of a day."""
    day = datetime(2026, 11, 23, tzinfo=UTC)
    return list(vendor.calls(ACCOUNT, since=day, until=day))


def operations() -> list[Any]:
    """Everything that asks Twilio something, with how it asks."""
    return [
        pytest.param("GET", LIST, lambda it: list(it.recordings(ACCOUNT)), id="recordings"),
        pytest.param("GET", ONE, lambda it: it.recording(ACCOUNT, SID), id="recording"),
        pytest.param("GET", f"{BASE}/Calls/{CALL}.json", lambda it: it.call(ACCOUNT, CALL), id="c"),
        pytest.param("GET", LEGS, calls_of_a_day, id="calls"),
        pytest.param("GET", LEGS, lambda it: it.legs(ACCOUNT, CALL), id="legs"),
        pytest.param("GET", MEDIA, download, id="media"),
        pytest.param("DELETE", ONE, lambda it: it.delete(ACCOUNT, SID), id="delete"),
    ]


each_operation = pytest.mark.parametrize(("method", "url", "ask"), operations())
Ask = Callable[[TwilioVendor], object]
