"""Single requests for metadata. What a running server does is in tests/contracts."""

from datetime import timedelta
from email.utils import format_datetime

import pytest
import requests
import responses
from responses import matchers

from tests.adapters.twilio_wire import (
    ACCOUNT,
    BASE,
    CALL,
    LEGS,
    LIST,
    NOON,
    ONE,
    SID,
    SUBACCOUNT,
    page,
    payload,
)
from twirec.adapters.twilio import Credentials, TwilioClients, TwilioVendor
from twirec.model.encryption import Encryption
from twirec.model.errors import NotAtVendor
from twirec.model.ports import Vendor
from twirec.model.vendor import RecordingStatus, VendorCall, VendorRecording


def test_is_a_vendor(vendor: TwilioVendor) -> None:
    port: Vendor = vendor
    assert port.accounts == (ACCOUNT, SUBACCOUNT)


def test_a_recording_is_translated(twilio: responses.RequestsMock, vendor: TwilioVendor) -> None:
    twilio.get(ONE, json=payload())
    assert vendor.recording(ACCOUNT, SID) == VendorRecording(
        sid=SID,
        account_sid=ACCOUNT,
        call_sid=CALL,
        status=RecordingStatus.COMPLETED,
        created_at=NOON + timedelta(seconds=1),
        started_at=NOON,
        duration=53,
        channels=2,
        source="DialVerb",
        error_code=None,
        external=False,
    )


@pytest.mark.parametrize(
    ("field", "value", "name", "expected"),
    [
        ("duration", "-1", "duration", None),
        ("duration", "", "duration", None),
        ("duration", None, "duration", None),
        ("duration", "0", "duration", 0),
        ("channels", "1", "channels", 1),
        ("channels", None, "channels", None),
        ("error_code", 16101, "error_code", 16101),
        ("error_code", "0", "error_code", None),
        ("start_time", "", "started_at", None),
        ("start_time", None, "started_at", None),
        ("call_sid", None, "call_sid", None),
        ("status", "absent", "status", RecordingStatus.ABSENT),
        ("status", "in-progress", "status", RecordingStatus.IN_PROGRESS),
        ("status", "new-in-2031", "status", RecordingStatus.UNKNOWN),
        ("media_url", None, "external", False),
        ("media_url", "", "external", False),
        ("media_url", "https://api.dublin.ie1.twilio.com/x", "external", False),
        ("media_url", "https://bucket.s3.amazonaws.com/x", "external", True),
        ("media_url", "https://eviltwilio.com/x", "external", True),
    ],
)
def test_what_twilio_leaves_open_is_none_and_new_words_are_unknown(
    twilio: responses.RequestsMock,
    vendor: TwilioVendor,
    field: str,
    value: object,
    name: str,
    expected: object,
) -> None:
    twilio.get(ONE, json=payload(**{field: value}))
    assert getattr(vendor.recording(ACCOUNT, SID), name) == expected


def test_an_encrypted_recording_is_translated_alone_and_in_a_list(
    twilio: responses.RequestsMock, vendor: TwilioVendor
) -> None:
    # The spelling of https://www.twilio.com/docs/voice/api/recording, which leaves the type out.
    details = {
        "encryption_public_key_sid": "CR" + "4e" * 16,
        "encryption_cek": "Y2Vr",
        "encryption_iv": "aXY=",
    }
    twilio.get(ONE, json=payload(encryption_details=details))
    twilio.get(LIST, json=page(payload(encryption_details=details)))
    expected = Encryption("rsa-aes", "CR" + "4e" * 16, "Y2Vr", "aXY=")
    assert vendor.recording(ACCOUNT, SID).encryption == expected
    assert [found.encryption for found in vendor.recordings(ACCOUNT)] == [expected]


def test_details_that_make_no_sense_do_not_stop_a_list(
    twilio: responses.RequestsMock, vendor: TwilioVendor
) -> None:
    twilio.get(LIST, json=page(payload(encryption_details=["?"]), payload()))
    first, second = vendor.recordings(ACCOUNT)
    assert first.encryption is not None
    assert not first.encryption.known
    assert second.encryption is None


def test_media_at_the_configured_host_is_not_external(twilio: responses.RequestsMock) -> None:
    vendor = TwilioVendor(
        TwilioClients({ACCOUNT: Credentials("a", "b")}, api_url="http://127.0.0.1:8181")
    )
    twilio.get(
        ONE.replace("https://api.twilio.com", "http://127.0.0.1:8181"),
        json=payload(media_url="http://127.0.0.1:8181/2010-04-01/x"),
    )
    assert vendor.recording(ACCOUNT, SID).external is False


def test_a_deleted_recording_is_not_at_the_vendor(
    twilio: responses.RequestsMock, vendor: TwilioVendor
) -> None:
    twilio.get(ONE, json=payload(status="deleted"))
    with pytest.raises(NotAtVendor, match=SID):
        vendor.recording(ACCOUNT, SID)


def test_a_call_is_translated(twilio: responses.RequestsMock, vendor: TwilioVendor) -> None:
    parent = "CA" + "4e" * 16
    call = {
        "sid": CALL,
        "account_sid": ACCOUNT,
        "parent_call_sid": parent,
        "from": "+34600111222",
        "to": "client:maria",
        "direction": "outbound-dial",
        "status": "completed",
        "start_time": "Mon, 23 Nov 2026 12:00:00 +0000",
        "end_time": "Mon, 23 Nov 2026 12:01:00 +0000",
        "duration": "60",
    }
    twilio.get(f"{BASE}/Calls/{CALL}.json", json=call)
    assert vendor.call(ACCOUNT, CALL) == VendorCall(
        sid=CALL,
        account_sid=ACCOUNT,
        from_="+34600111222",
        to="client:maria",
        direction="outbound-dial",
        status="completed",
        parent_call_sid=parent,
        started_at=NOON,
        ended_at=NOON + timedelta(minutes=1),
        duration=60,
    )


def test_a_call_that_was_never_dialled_has_no_times(
    twilio: responses.RequestsMock, vendor: TwilioVendor
) -> None:
    bare = {"sid": CALL, "status": "queued", "start_time": "", "end_time": None, "from": None}
    twilio.get(f"{BASE}/Calls/{CALL}.json", json=bare)
    call = vendor.call(ACCOUNT, CALL)
    assert (call.started_at, call.ended_at, call.duration) == (None, None, None)
    assert (call.from_, call.account_sid, call.finished) == ("", ACCOUNT, False)


# --- lists ------------------------------------------------------------------------------------


def test_calls_are_listed_once_by_their_end_or_by_their_start_where_they_have_none(
    twilio: responses.RequestsMock, vendor: TwilioVendor
) -> None:
    def call(number: int, status: str, start: str, end: str) -> dict[str, str]:
        times = {"start_time": start, "end_time": end}
        return {"sid": f"CA{number:032}", "account_sid": ACCOUNT, "status": status, **times}

    noon, later = (format_datetime(NOON + timedelta(minutes=n)) for n in (0, 9))
    long, busy = call(1, "completed", noon, later), call(2, "busy", noon, "")
    for field, listed in (
        ("EndTime", [long]),
        ("StartTime", [long, busy, call(3, "in-progress", noon, "")]),
    ):
        days = {f"{field}>": "2026-11-22T00:00:00Z", f"{field}<": "2026-11-24T00:00:00Z"}
        query = matchers.query_param_matcher({**days, "PageSize": "1000"})
        calls = {"calls": listed, "page_size": 1000, "next_page_uri": None}
        twilio.get(LEGS, json=calls, match=[query])
    found = vendor.calls(ACCOUNT, since=NOON, until=NOON + timedelta(hours=1))
    assert [each.sid for each in found] == [long["sid"], busy["sid"]]


def test_a_list_asks_for_whole_days_and_cuts_exactly_itself(
    twilio: responses.RequestsMock, vendor: TwilioVendor
) -> None:
    since, until = NOON, NOON + timedelta(hours=1)
    at = [since - timedelta(seconds=1), since, until - timedelta(seconds=1), until]
    found = [payload(date_created=format_datetime(one)) for one in at]
    query = {
        "DateCreated>": "2026-11-22T00:00:00Z",
        "DateCreated<": "2026-11-24T00:00:00Z",
        "CallSid": CALL,
        "PageSize": "1000",
    }
    twilio.get(LIST, json=page(*found), match=[matchers.query_param_matcher(query)])

    listed = vendor.recordings(ACCOUNT, since=since, until=until, call_sid=CALL)

    assert [one.created_at for one in listed] == at[1:3]


def test_a_list_without_a_span_asks_for_everything(
    twilio: responses.RequestsMock, vendor: TwilioVendor
) -> None:
    everything = matchers.query_param_matcher({"PageSize": "1000"})
    twilio.get(LIST, json=page(payload(date_created=None)), match=[everything])
    assert [one.created_at for one in vendor.recordings(ACCOUNT)] == [None]


def test_a_list_leaves_out_what_was_deleted(
    twilio: responses.RequestsMock, vendor: TwilioVendor
) -> None:
    twilio.get(LIST, json=page(payload(status="deleted"), payload(status="processing")))
    assert [one.status for one in vendor.recordings(ACCOUNT)] == [RecordingStatus.PROCESSING]


def test_a_page_is_fetched_only_when_it_is_needed(
    twilio: responses.RequestsMock, vendor: TwilioVendor
) -> None:
    second = f"/2010-04-01/Accounts/{ACCOUNT}/Recordings.json?Page=1&PageToken=PA1"
    first = {"PageSize": "1000"}
    twilio.get(
        LIST,
        json=page(payload(), next_page_uri=second),
        match=[matchers.query_param_matcher(first)],
    )
    twilio.get(
        LIST,
        json=page(payload(channels=1)),
        match=[matchers.query_param_matcher({"Page": "1", "PageToken": "PA1"})],
    )

    listed = vendor.recordings(ACCOUNT)

    assert len(twilio.calls) == 0
    assert next(listed).channels == 2
    assert len(twilio.calls) == 1
    assert [one.channels for one in listed] == [1]
    assert len(twilio.calls) == 2


def test_the_legs_of_a_call_are_asked_for_by_its_sid_page_by_page(
    twilio: responses.RequestsMock, vendor: TwilioVendor
) -> None:
    first, second = ({"sid": "CA" + digit * 32, "parent_call_sid": CALL} for digit in "56")
    more = f"/2010-04-01/Accounts/{ACCOUNT}/Calls.json?Page=1&PageToken=PA1"
    asked = [{"ParentCallSid": CALL, "PageSize": "1000"}, {"Page": "1", "PageToken": "PA1"}]
    for query, leg, uri in zip(asked, (first, second), (more, None), strict=True):
        body = {"calls": [leg], "next_page_uri": uri}
        twilio.get(LEGS, json=body, match=[matchers.query_param_matcher(query)])
    legs = vendor.legs(ACCOUNT, CALL)
    assert [leg.sid for leg in legs] == [first["sid"], second["sid"]]
    assert {(leg.parent_call_sid, leg.to, leg.started_at) for leg in legs} == {(CALL, "", None)}


# --- what is gone ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["recording", "call"])
def test_what_twilio_does_not_know_is_not_at_the_vendor(
    twilio: responses.RequestsMock, vendor: TwilioVendor, name: str
) -> None:
    sid, url = (SID, ONE) if name == "recording" else (CALL, f"{BASE}/Calls/{CALL}.json")
    twilio.get(url, status=404, json={"code": 20404})
    with pytest.raises(NotAtVendor, match="20404"):
        getattr(vendor, name)(ACCOUNT, sid)


@pytest.mark.parametrize("status", [204, 404])
def test_a_recording_that_is_gone_is_deleted(
    twilio: responses.RequestsMock, vendor: TwilioVendor, status: int
) -> None:
    twilio.delete(ONE, status=status)
    vendor.delete(ACCOUNT, SID)


def test_a_delete_whose_answer_was_lost_is_done_the_second_time(
    twilio: responses.RequestsMock, vendor: TwilioVendor
) -> None:
    twilio.delete(ONE, body=requests.ReadTimeout())
    twilio.delete(ONE, status=404)
    vendor.delete(ACCOUNT, SID)
