"""What an event looks like on the wire, and how its receiver knows that it is genuine."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.factories import ACCOUNT, call_sid, recording_sid
from twirec.events.wire import body_of, sign, verify
from twirec.model.errors import RequestRefused, SettingsError
from twirec.model.events import Event, EventType
from twirec.model.states import State

PAGE = Path(__file__).parents[2] / "docs/events.md"
NOW = datetime(2026, 11, 23, 10, 16, 2, tzinfo=UTC)
SECRET = "0123456789abcdef0123456789abcdef"
BODY = b'{"id": "1"}'
GENUINE = sign(SECRET, BODY, NOW)
EVENT = Event(
    id="0" * 32,
    type=EventType.PARKED,
    at=NOW,
    recording_sid=recording_sid(),
    account_sid=ACCOUNT,
    call_sid=call_sid(),
    state=State.COMPLETED,
    reason="BucketRefused",
)


# --- the body ---------------------------------------------------------------------------------


def test_a_body_holds_the_facts_and_leaves_out_what_is_not_known() -> None:
    assert json.loads(body_of(EVENT)) == {
        "id": "0" * 32,
        "event": "parked",
        "at": "2026-11-23T10:16:02+00:00",
        "recording_sid": recording_sid(),
        "call_sid": call_sid(),
        "account_sid": ACCOUNT,
        "state": "completed",
        "reason": "BucketRefused",
    }


def test_a_body_of_what_is_archived_names_the_object() -> None:
    event = replace(EVENT, type=EventType.ARCHIVED, object_name="recordings/a.wav", sha256="f" * 64)
    body = json.loads(body_of(replace(event, reason="", call_sid=None)))
    assert (body["object_name"], body["sha256"]) == ("recordings/a.wav", "f" * 64)
    assert {"reason", "call_sid"} & body.keys() == set()


def test_the_page_shows_every_field_and_every_event() -> None:
    page = PAGE.read_text(encoding="utf-8")
    (shown,) = re.findall(r"^```json\n(.*?)^```", page, re.M | re.S)
    event = replace(EVENT, object_name="a", sha256="f" * 64)
    assert json.loads(shown).keys() | {"reason"} == json.loads(body_of(event)).keys()
    assert {each for each in EventType if f"| `{each}` |" not in page} == set()


# --- the signature ----------------------------------------------------------------------------


def test_the_signature_is_the_one_that_the_page_shows() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert f"Twirec-Signature: {GENUINE}\n" in page
    assert SECRET in page
    assert BODY.decode() in page


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_a_genuine_event_is_believed_for_five_minutes(seconds: int) -> None:
    verify(SECRET, GENUINE, BODY, NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize("seconds", [-301, 301, 10**7])
def test_an_old_event_is_not_believed_nor_one_of_the_future(seconds: int) -> None:
    with pytest.raises(RequestRefused, match="too long ago"):
        verify(SECRET, GENUINE, BODY, NOW + timedelta(seconds=seconds))


def test_the_tolerance_can_be_chosen() -> None:
    verify(SECRET, GENUINE, BODY, NOW + timedelta(seconds=3000), tolerance=3600)


@pytest.mark.parametrize(
    ("secret", "header", "body"),
    [
        ("f" * 32, GENUINE, BODY),
        (SECRET, GENUINE, BODY + b" "),
        (SECRET, GENUINE, b""),
        (SECRET, GENUINE.replace("t=1795428962", "t=1795428963"), BODY),
        (SECRET, f"t=1795428962,v1={'0' * 64}", BODY),
    ],
    ids=["another secret", "another body", "no body", "another time", "another signature"],
)
def test_what_was_not_signed_is_not_believed(secret: str, header: str, body: bytes) -> None:
    with pytest.raises(RequestRefused, match="not signed with this secret"):
        verify(secret, header, body, NOW)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "t=1795428962",
        GENUINE.split(",")[1],
        GENUINE.upper(),
        f"{GENUINE}\n",
        f"t=\u0661,v1={'0' * 64}",
        f"t={'9' * 400},v1={'0' * 64}",
        f"t=1795428962,v1={'é' * 64}",
    ],
)
def test_a_header_that_is_missing_or_of_another_form_is_refused(header: str | None) -> None:
    with pytest.raises(RequestRefused, match="missing"):
        verify(SECRET, header, BODY, NOW)


def test_nothing_is_believed_when_the_receiver_has_no_secret() -> None:
    with pytest.raises(SettingsError, match="TWIREC_NOTIFY_SECRET"):
        verify("", GENUINE, BODY, NOW)
