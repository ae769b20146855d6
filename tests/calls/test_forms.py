from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.factories import ACCOUNT, call_sid, recording_sid
from twirec.calls.forms import (
    failed_url,
    parse_call_end,
    parse_recording_callback,
    parse_voice_request,
)
from twirec.model.encryption import Encryption
from twirec.model.errors import MalformedRequest
from twirec.model.states import State
from twirec.model.vendor import STATE_OF, RecordingStatus

# As Twilio posts it at the end of a <Dial record> (shared facts, section 2.1).
COMPLETED = {
    "RecordingSource": "DialVerb",
    "RecordingTrack": "both",
    "RecordingSid": recording_sid(),
    "RecordingUrl": f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Recordings/x",
    "RecordingStatus": "completed",
    "RecordingChannels": "2",
    "ErrorCode": "0",
    "CallSid": call_sid(),
    "RecordingStartTime": "Thu, 01 Aug 2024 04:20:56 +0000",
    "AccountSid": ACCOUNT,
    "RecordingDuration": "53",
}


def test_a_completed_callback_is_read_whole() -> None:
    callback = parse_recording_callback(COMPLETED)
    assert callback.status is RecordingStatus.COMPLETED
    assert callback.started_at == datetime(2024, 8, 1, 4, 20, 56, tzinfo=UTC)
    assert (callback.duration, callback.channels, callback.source) == (53, 2, "DialVerb")
    assert callback.error_code is None
    assert callback.raw == COMPLETED


def test_a_word_that_nobody_knows_yet_is_unknown_and_the_raw_form_keeps_it() -> None:
    callback = parse_recording_callback(COMPLETED | {"RecordingStatus": "archiving", "New": "x"})
    assert callback.status is RecordingStatus.UNKNOWN
    assert callback.raw["RecordingStatus"] == "archiving"
    assert callback.raw["New"] == "x"
    assert callback.status not in STATE_OF


def test_an_absent_callback_says_why() -> None:
    fields = COMPLETED | {"RecordingStatus": "absent", "ErrorCode": "16101"}
    assert parse_recording_callback(fields).error_code == 16101


def test_an_encrypted_recording_says_how() -> None:
    told = '{"type":"rsa-aes","public_key_sid":"CR1","encrypted_cek":"Y2Vr","iv":"aXY="}'
    callback = parse_recording_callback(COMPLETED | {"EncryptionDetails": told})
    assert callback.encryption == Encryption("rsa-aes", "CR1", "Y2Vr", "aXY=")
    assert parse_recording_callback(COMPLETED).encryption is None


@pytest.mark.parametrize("details", [{}, {"EncryptionDetails": ""}, {"EncryptionDetails": "null"}])
def test_a_recording_whose_encryption_failed_has_no_details_and_says_why(
    details: dict[str, str],
) -> None:
    fields = COMPLETED | {"RecordingStatus": "failed", "ErrorCode": "16105"} | details
    callback = parse_recording_callback(fields)
    assert STATE_OF[callback.status] is State.FAILED
    assert (callback.error_code, callback.encryption) == (16105, None)


@pytest.mark.parametrize("name", ["RecordingDuration", "RecordingChannels", "RecordingStartTime"])
@pytest.mark.parametrize(
    "value",
    ["", "-1", "soon", "\uff11\uff12", "9" * 10, "9" * 4301, "Fri, 31 Dec 9999 23:59:59 -2359"],
)
def test_a_fact_that_cannot_be_read_is_none_and_the_callback_stands(name: str, value: str) -> None:
    callback = parse_recording_callback(COMPLETED | {name: value})
    facts = {
        "RecordingDuration": callback.duration,
        "RecordingChannels": callback.channels,
        "RecordingStartTime": callback.started_at,
    }
    assert facts[name] is None


@pytest.mark.parametrize("name", ["AccountSid", "RecordingSid", "RecordingStatus"])
def test_a_callback_without_what_identifies_it_names_the_field(name: str) -> None:
    with pytest.raises(MalformedRequest, match=name):
        parse_recording_callback({k: v for k, v in COMPLETED.items() if k != name})


@pytest.mark.parametrize("sid", ["CA1", "RE" + "a" * 32, "CA" + "g" * 32, "CA" + "a" * 32 + "\n"])
def test_a_sid_of_the_wrong_form_is_refused(sid: str) -> None:
    with pytest.raises(MalformedRequest, match="CallSid"):
        parse_recording_callback(COMPLETED | {"CallSid": sid})


def test_a_conference_recording_may_come_without_a_call() -> None:
    assert parse_recording_callback(COMPLETED | {"CallSid": ""}).call_sid is None


@pytest.mark.parametrize(
    ("from_", "direction", "believed"),
    [
        ("+34600111222", "inbound", True),
        ("anonymous", "inbound", True),
        ("+34911000111", "outbound-api", True),
        ("client:ana", "inbound", False),
        ("sip:ana@co.sip.twilio.com", "inbound", False),
        ("SIP:ana@co.sip.twilio.com", "inbound", False),
    ],
)
def test_what_failed_is_believed_where_nobody_but_twilio_can_have_said_it(
    from_: str, direction: str, believed: bool
) -> None:
    fields = {"AccountSid": ACCOUNT, "CallSid": call_sid(), "From": from_, "Direction": direction}
    request = parse_voice_request(fields)
    assert failed_url(request, fields) is None
    said = failed_url(request, fields | {"ErrorUrl": "https://x/twirec/connect"})
    assert said == ("https://x/twirec/connect" if believed else None)


@pytest.mark.parametrize(
    ("fields", "final"),
    [
        ({"CallStatus": "ringing"}, False),
        ({"CallStatus": "in-progress"}, False),
        ({"CallStatus": "completed"}, True),
        ({"CallStatus": "in-progress", "DialCallStatus": "no-answer"}, True),
        ({}, False),
    ],
)
def test_a_call_has_ended_when_twilio_says_so(fields: dict[str, str], final: bool) -> None:
    assert parse_call_end({"AccountSid": ACCOUNT, "CallSid": call_sid(), **fields}).final is final
