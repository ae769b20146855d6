from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Response
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.rest import Client

from tests.sandbox.conftest import AGENT, CUSTOMER, OWN, Get, Ring
from tests.sandbox.target import Target, twiml
from twirec.sandbox import Call, Party, Sandbox

DIAL = twiml(f"<Dial>{AGENT}</Dial>")


@pytest.fixture
def own(sandbox: Sandbox, target: Target) -> str:
    sandbox.number(OWN, voice_url=f"{target.url}/voice")
    return OWN


def finished(sandbox: Sandbox, sid: str | None) -> Call:
    call = next(call for call in sandbox.calls if call.sid == sid)
    call.wait(120)
    return call


def test_the_official_client_fetches_a_call(ring: Ring, client: Client) -> None:
    call = ring(DIAL, callee=Party(hangs_up_after=7))
    fetched = client.calls(call.sid).fetch()
    assert (fetched.sid, fetched._from, fetched.to) == (call.sid, CUSTOMER, OWN)
    assert (fetched.status, fetched.duration, fetched.direction) == ("completed", "9", "inbound")
    assert fetched.parent_call_sid is None
    assert fetched.start_time is not None
    assert fetched.end_time is not None
    assert fetched.start_time <= fetched.end_time


def test_a_call_has_twilios_fields(ring: Ring, get: Get) -> None:
    call = ring(DIAL, callee=Party(hangs_up_after=7))
    body = get(f"/Calls/{call.sid}.json").json()
    assert body["duration"] == "9"
    assert body["date_created"].endswith("+0000")
    assert body["uri"].endswith(f"/Calls/{call.sid}.json")
    assert body["subresource_uris"]["recordings"].endswith(f"/Calls/{call.sid}/Recordings.json")


def test_calls_are_listed_by_parent_number_and_status(ring: Ring, client: Client) -> None:
    first = ring(DIAL, callee=Party(hangs_up_after=1))
    second = ring(DIAL, callee=Party(answers=False))
    (child,) = client.calls.list(parent_call_sid=first.sid)
    assert (child.to, child.direction, child.status) == (AGENT, "outbound-dial", "completed")
    listed = client.calls.list(from_=CUSTOMER, to=OWN, page_size=1)
    assert [call.sid for call in listed] == [second.sid, first.sid]
    assert [call.to for call in client.calls.list(status="no-answer")] == [AGENT]


def test_a_call_that_is_not_there_is_not_found(client: Client) -> None:
    with pytest.raises(TwilioRestException) as error:
        client.calls("CA" + "0" * 32).fetch()
    assert error.value.code == 20404


def test_the_official_client_places_a_call_that_runs_its_url(
    sandbox: Sandbox, client: Client, target: Target, own: str
) -> None:
    sandbox.party(CUSTOMER, Party(answers_after=3, hangs_up_after=8))
    target.says("/out", DIAL)
    over = target.says("/over", Response(status=204))
    created = client.calls.create(
        to=CUSTOMER, from_=own, url=f"{target.url}/out", status_callback=over
    )
    assert (created.direction, created.duration) == ("outbound-api", None)
    call = finished(sandbox, created.sid)
    assert (call.status, call.duration) == ("completed", 8)
    (form,) = target.forms("/out")
    assert (form["Direction"], form["CallStatus"]) == ("outbound-api", "in-progress")
    assert (form["From"], form["To"]) == (own, CUSTOMER)
    assert target.forms("/over")[0]["CallDuration"] == "8"


def test_a_call_can_bring_its_twiml(sandbox: Sandbox, client: Client, own: str) -> None:
    created = client.calls.create(to=CUSTOMER, from_=own, twiml=twiml("<Pause length='4'/>"))
    assert finished(sandbox, created.sid).duration == 4


def test_broken_twiml_ends_the_call(sandbox: Sandbox, client: Client, own: str) -> None:
    created = client.calls.create(to=CUSTOMER, from_=own, twiml="<Response>")
    call = finished(sandbox, created.sid)
    assert 12100 in [entry.code for entry in call.log]


def test_nobody_picks_up_a_call_out(
    sandbox: Sandbox, client: Client, target: Target, own: str
) -> None:
    sandbox.party(CUSTOMER, Party(answers=False))
    over = target.says("/over", Response(status=204))
    created = client.calls.create(
        to=CUSTOMER, from_=own, twiml=twiml(), timeout=10, status_callback=over
    )
    call = finished(sandbox, created.sid)
    assert (call.status, call.duration, call.started) == ("no-answer", 0, None)
    assert target.forms("/over")[0]["CallStatus"] == "no-answer"


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"From": OWN, "Twiml": "<Response/>"}, 21201),
        ({"To": CUSTOMER, "Twiml": "<Response/>"}, 21213),
        ({"To": CUSTOMER, "From": OWN}, 21205),
        ({"To": CUSTOMER, "From": "+34999999999", "Twiml": "<Response/>"}, 21210),
        ({"To": CUSTOMER, "From": OWN, "Twiml": "<" * 4001}, 20001),
        ({"To": CUSTOMER, "From": OWN, "Twiml": "<Response/>", "Timeout": "soon"}, 20001),
    ],
)
def test_a_call_that_cannot_be_placed_is_refused(
    get: Get, own: str, form: dict[str, str], code: int
) -> None:
    response = get("/Calls.json", method="POST", data=form)
    assert (response.status_code, response.json()["code"]) == (400, code)


def test_a_call_is_hung_up_over_rest(sandbox: Sandbox, client: Client, own: str) -> None:
    sandbox.party(CUSTOMER, Party(answers_after=0))
    created = client.calls.create(to=CUSTOMER, from_=own, twiml=twiml("<Pause length='90000'/>"))
    assert created.sid
    client.calls(created.sid).update(status="completed")
    assert finished(sandbox, created.sid).ended
    with pytest.raises(TwilioRestException) as error:
        client.calls(created.sid).update(status="completed")
    assert error.value.code == 21220


def test_a_call_that_rings_can_be_canceled(sandbox: Sandbox, client: Client, own: str) -> None:
    sandbox.party(CUSTOMER, Party(answers=False))
    created = client.calls.create(to=CUSTOMER, from_=own, twiml=twiml(), timeout=90000)
    assert created.sid
    client.calls(created.sid).update(status="canceled")
    assert finished(sandbox, created.sid).status == "canceled"


def test_what_the_sandbox_cannot_do_to_a_call_is_refused(
    ring: Ring, get: Get, sandbox: Sandbox
) -> None:
    call = ring(DIAL, callee=Party(hangs_up_after=1))
    path = f"/Calls/{call.sid}.json"
    assert get(path, method="POST", data={"Url": "http://a.example/"}).status_code == 400
    assert get(path, method="POST", data={"Status": "ringing"}).status_code == 400


def test_calls_are_filtered_by_the_day_on_which_they_began(
    sandbox: Sandbox, client: Client
) -> None:
    began = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
    sid = sandbox.add_recording(started_at=began).call_sid
    day = timedelta(days=1)
    on = client.calls.list(start_time=began)
    between = client.calls.list(start_time_after=began, start_time_before=began + day)
    after = client.calls.list(start_time_after=began + day)
    assert [call.sid for call in on] == [call.sid for call in between] == [sid]
    assert after == []
    with pytest.raises(TwilioException, match="A date is written YYYY-MM-DD"):
        client.calls.list(start_time="yesterday")
