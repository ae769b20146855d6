"""What Twilio calls: whom a call is connected to."""

from __future__ import annotations

import pytest
from flask import Flask
from panel_house import LINE, OWN_NUMBER, PLAIN, Browser, call_sid

from twirec import Archive
from twirec.testing import SignedPosts

CALLER = "+34600111222"


@pytest.fixture
def post(app: Flask, archive: Archive) -> SignedPosts:
    """Post what Twilio posts."""
    return SignedPosts(app, archive.settings)


@pytest.mark.parametrize(
    ("called", "connected"),
    [(OWN_NUMBER, LINE), ("+34911000222", "client:berta"), ("+34911000999", LINE)],
)
def test_a_call_is_connected_to_whom_its_line_says(
    post: SignedPosts, archive: Archive, called: str, connected: str
) -> None:
    answer = post("/voice", {"CallSid": call_sid(77), "From": CALLER, "To": called})
    assert answer.status_code == 200
    assert "<Say" in answer.text
    line = archive.calls.get(call_sid(77)).call
    assert (line.dial, line.own_number) == ((connected,), called)


@pytest.mark.parametrize(
    ("path", "agent", "dials"),
    [
        ("/softphone", "client:berta", True),  # a line of the settings
        ("/softphone", "client:ana", True),  # in the register
        ("/softphone", "client:mallory", False),
        ("/softphone/fallback", "client:berta", True),
        ("/softphone/fallback", "client:mallory", False),
    ],
)
def test_an_agent_dials_from_the_first_own_number(
    post: SignedPosts, archive: Archive, path: str, agent: str, dials: bool
) -> None:
    today = archive.now().date()
    archive.agents.inform("client:ana", informed_on=today, reference="annex 4", by="ana")
    form = {"CallSid": call_sid(77), "From": agent, "To": "600 111 222"}
    answer = post(path, form)
    assert (f'callerId="{OWN_NUMBER}"' in answer.text) is dials
    assert archive.calls.get(call_sid(77)).call.customer_number == CALLER


@pytest.mark.parametrize("to", [OWN_NUMBER, "+34911000222", "911 000 222", "sip:911000222@x"])
def test_nobody_dials_a_line_of_the_settings_though_nobody_called_it_yet(
    post: SignedPosts, archive: Archive, to: str
) -> None:
    answer = post("/softphone", {"CallSid": call_sid(77), "From": "client:berta", "To": to})
    assert "<Dial" not in answer.text
    assert archive.calls.get(call_sid(77)).call.detail == "to: it is an own number."


@pytest.mark.parametrize("path", ["/voice", "/softphone", "/twirec/status", "/twirec/connect"])
@pytest.mark.parametrize("signature", [None, "", "nonsense", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="])
def test_what_is_not_signed_is_refused(
    post: SignedPosts, archive: Archive, path: str, signature: str | None
) -> None:
    form = {"CallSid": call_sid(77), "From": CALLER, "To": OWN_NUMBER}
    answer = post(path, form, **{"X-Twilio-Signature": signature})
    assert answer.status_code == 403
    assert archive.calls.search(number=CALLER).count == 1


def test_a_log_line_cannot_be_forged_in_a_path(
    client: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    client.post(f"/twirec/announced/x%0AERROR%20{call_sid(PLAIN)}/0")
    assert [each.getMessage().partition(" answered")[0] for each in caplog.records] == [
        "/twirec/announced/<call_sid>/<int:asked>"
    ]
