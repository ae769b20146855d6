from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from tests.sandbox.conftest import Get
from twirec.sandbox import Sandbox

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_a_recording_has_twilios_fields_and_types(sandbox: Sandbox, get: Get) -> None:
    recording = sandbox.add_recording(seconds=53.9, started_at=NOON)
    body = get(f"/Recordings/{recording.sid}.json").json()
    base = f"/2010-04-01/Accounts/{sandbox.account_sid}/Recordings/{recording.sid}"
    assert body == {
        "account_sid": sandbox.account_sid,
        "api_version": "2010-04-01",
        "call_sid": recording.call_sid,
        "conference_sid": None,
        "date_created": "Mon, 23 Nov 2026 12:00:00 +0000",
        "date_updated": "Mon, 23 Nov 2026 12:00:00 +0000",
        "start_time": "Mon, 23 Nov 2026 12:00:00 +0000",
        "duration": "53",
        "sid": recording.sid,
        "price": None,
        "price_unit": "USD",
        "status": "completed",
        "channels": 2,
        "source": "DialVerb",
        "error_code": None,
        "uri": f"{base}.json",
        "encryption_details": None,
        "subresource_uris": {
            "add_on_results": f"{base}/AddOnResults.json",
            "transcriptions": f"{base}/Transcriptions.json",
        },
        "media_url": sandbox.url + base,
    }
    assert re.fullmatch("RE[0-9a-f]{32}", recording.sid)


def test_the_official_client_fetches_a_recording(sandbox: Sandbox, client: Client) -> None:
    recording = sandbox.add_recording(seconds=53, started_at=NOON)
    fetched = client.recordings(recording.sid).fetch()
    assert (fetched.sid, fetched.status, fetched.duration) == (recording.sid, "completed", "53")
    assert fetched.date_created == NOON
    assert fetched.call_sid == recording.call_sid


def test_the_official_client_lists_over_several_pages_newest_first(
    sandbox: Sandbox, client: Client
) -> None:
    sids = [
        sandbox.add_recording(started_at=NOON + timedelta(minutes=minute)).sid
        for minute in range(7)
    ]
    listed = client.recordings.list(page_size=3)
    assert [recording.sid for recording in listed] == sids[::-1]
    pages = [request for request in sandbox.requests if request.path.endswith("/Recordings.json")]
    assert len(pages) == 3


def test_deleting_while_paging_skips_nothing_and_repeats_nothing(
    sandbox: Sandbox, client: Client
) -> None:
    sids = {sandbox.add_recording().sid for _ in range(6)}
    seen = []
    for recording in client.recordings.stream(page_size=2):
        seen.append(recording.sid)
        client.recordings(recording.sid).delete()
        sandbox.add_recording()
    assert len(seen) == 6
    assert set(seen) == sids


def test_a_page_tells_where_it_is_and_what_comes_before_and_after(
    sandbox: Sandbox, get: Get
) -> None:
    for _ in range(5):
        sandbox.add_recording()
    first = get("/Recordings.json?PageSize=2").json()
    second = get(first["next_page_uri"].partition(sandbox.account_sid)[2]).json()
    third = get(second["next_page_uri"].partition(sandbox.account_sid)[2]).json()
    assert [(p["page"], p["page_size"], p["start"], p["end"]) for p in (first, second, third)] == [
        (0, 2, 0, 1),
        (1, 2, 2, 3),
        (2, 2, 4, 4),
    ]
    assert (first["previous_page_uri"], third["next_page_uri"]) == (None, None)
    back = get(third["previous_page_uri"].partition(sandbox.account_sid)[2]).json()
    assert back["recordings"] == second["recordings"]
    again = get(back["next_page_uri"].partition(sandbox.account_sid)[2]).json()
    assert again["recordings"] == third["recordings"]


@pytest.mark.parametrize(
    "query", ["PageSize=1001", "PageSize=0", "Page=1", "Page=1&PageToken=PAREx"]
)
def test_pages_and_filters_that_do_not_exist_are_refused(get: Get, query: str) -> None:
    assert get(f"/Recordings.json?{query}").status_code == 400


def test_a_filter_stays_on_the_next_page(sandbox: Sandbox, client: Client) -> None:
    wanted = sandbox.add_recording()
    call = next(call for call in sandbox.calls if call.sid == wanted.call_sid)
    more = [sandbox.add_recording(call=call).sid for _ in range(3)]
    sandbox.add_recording()
    listed = client.recordings.list(call_sid=call.sid, page_size=1)
    assert {recording.sid for recording in listed} == {wanted.sid, *more}


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({"date_created": date(2026, 11, 23)}, [22, 23]),
        ({"date_created_after": date(2026, 11, 23)}, [22, 23, 24]),
        ({"date_created_before": date(2026, 11, 23)}, [21]),
        ({"date_created_before": date(2026, 11, 24)}, [21, 22, 23]),
        (
            {
                "date_created_after": datetime(2026, 11, 23, 15, tzinfo=UTC),
                "date_created_before": datetime(2026, 11, 24, 15, tzinfo=UTC),
            },
            [22, 23],
        ),
    ],
)
def test_dates_filter_by_whole_days_in_gmt(
    sandbox: Sandbox, client: Client, bounds: dict[str, object], expected: list[int]
) -> None:
    stamps = {
        21: datetime(2026, 11, 22, 23, 59, 59, tzinfo=UTC),
        22: datetime(2026, 11, 23, 0, 0, 1, tzinfo=UTC),
        23: datetime(2026, 11, 23, 23, 59, 59, tzinfo=UTC),
        24: datetime(2026, 11, 24, 0, 0, 1, tzinfo=UTC),
    }
    names = {
        sandbox.add_recording(started_at=started).sid: name for name, started in stamps.items()
    }
    listed = client.recordings.list(**bounds)
    assert sorted(names[recording.sid or ""] for recording in listed) == expected


def test_a_date_that_is_none_is_refused(get: Get) -> None:
    assert get("/Recordings.json?DateCreated=yesterday").status_code == 400
    assert get("/Recordings.json?DateCreated%3C=2026-13-01").status_code == 400


def test_the_recordings_of_a_call_are_listed_with_their_track(sandbox: Sandbox, get: Get) -> None:
    recording = sandbox.add_recording()
    sandbox.add_recording()
    (body,) = get(f"/Calls/{recording.call_sid}/Recordings.json").json()["recordings"]
    assert (body["sid"], body["track"]) == (recording.sid, "both")
    assert "media_url" not in body
    assert get(f"/Calls/CA{'0' * 32}/Recordings.json").status_code == 404


def test_deleting_takes_the_media_and_keeps_the_metadata(
    sandbox: Sandbox, client: Client, get: Get
) -> None:
    recording = sandbox.add_recording(seconds=5)
    assert get(f"/Recordings/{recording.sid}.wav").status_code == 200
    assert client.recordings(recording.sid).delete() is True
    assert get(f"/Recordings/{recording.sid}.wav").status_code == 404
    assert get(f"/Recordings/{recording.sid}.json").status_code == 404
    assert client.recordings.list() == []
    (kept,) = client.recordings.list(include_soft_deleted=True)
    assert (kept.sid, kept.status) == (recording.sid, "deleted")
    fetched = client.recordings(recording.sid).fetch(include_soft_deleted=True)
    assert fetched.status == "deleted"


def test_a_delete_answers_204_without_a_body(sandbox: Sandbox, get: Get) -> None:
    recording = sandbox.add_recording()
    response = get(f"/Recordings/{recording.sid}.json", method="DELETE")
    assert (response.status_code, response.content) == (204, b"")


def test_deleting_twice_is_not_found(sandbox: Sandbox, client: Client) -> None:
    recording = sandbox.add_recording()
    client.recordings(recording.sid).delete()
    with pytest.raises(TwilioRestException) as error:
        client.recordings(recording.sid).delete()
    assert (error.value.status, error.value.code) == (404, 20404)


@pytest.mark.parametrize("status", ["in-progress", "processing", "absent"])
def test_only_completed_recordings_can_be_deleted(sandbox: Sandbox, get: Get, status: str) -> None:
    recording = sandbox.add_recording(status=status)
    assert get(f"/Recordings/{recording.sid}.json", method="DELETE").status_code == 409
    assert recording.status == status


def test_what_is_not_there_is_twilios_error_in_json(sandbox: Sandbox, get: Get) -> None:
    response = get(f"/Recordings/RE{'0' * 32}.json")
    assert response.status_code == 404
    assert response.headers["Content-Type"].startswith("application/json")
    assert response.json() == {
        "code": 20404,
        "message": f"The requested resource /2010-04-01/Accounts/{sandbox.account_sid}"
        f"/Recordings/RE{'0' * 32}.json was not found",
        "more_info": "https://www.twilio.com/docs/errors/20404",
        "status": 404,
    }


def test_metadata_of_an_absent_recording_has_its_error(sandbox: Sandbox, get: Get) -> None:
    recording = sandbox.add_recording(status="absent")
    body = get(f"/Recordings/{recording.sid}.json").json()
    assert (body["status"], body["error_code"], body["duration"]) == ("absent", 16101, "0")


def test_a_recording_in_progress_has_no_duration_yet(sandbox: Sandbox, get: Get) -> None:
    recording = sandbox.add_recording(status="in-progress")
    body = json.loads(get(f"/Recordings/{recording.sid}.json").content)
    assert (body["status"], body["duration"]) == ("in-progress", None)
