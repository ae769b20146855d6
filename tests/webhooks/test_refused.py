"""Requests that are Twilio's, and those that are not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from flask import Flask

from tests.webhooks.calling import STATUS, VOICE, rows
from twirec.archive import Archive
from twirec.testing import ACCOUNT_SID, SignedPosts

ROUTES = {
    "/voice": VOICE,
    "/twirec/connect": VOICE,
    "/twirec/ended": {**VOICE, "CallStatus": "completed"},
    "/twirec/status": STATUS,
}


@pytest.mark.parametrize(("path", "fields"), ROUTES.items())
@pytest.mark.parametrize("signature", [None, "", "bm90IHRoZSBzaWduYXR1cmU=", "ñ"])
def test_unsigned_and_wrongly_signed_requests_get_403_and_leave_no_row(
    path: str,
    fields: Mapping[str, str],
    signature: str | None,
    post: SignedPosts,
    twirec_archive: Archive,
) -> None:
    answer = post(path, fields, **{"X-Twilio-Signature": signature})
    assert (answer.status_code, answer.text) == (403, "")
    assert rows(twirec_archive) == 0


@pytest.mark.parametrize(("path", "fields"), ROUTES.items())
def test_an_account_without_a_token_gets_403_and_leaves_no_row(
    path: str, fields: Mapping[str, str], post: SignedPosts, twirec_archive: Archive
) -> None:
    answer = post(path, {**fields, "AccountSid": "AC" + "b" * 32})
    assert answer.status_code == 403
    assert rows(twirec_archive) == 0


def test_the_host_that_the_request_names_does_not_matter(post: SignedPosts) -> None:
    headers = {"Host": "10.0.0.7:8000", "X-Forwarded-Host": "evil.example.com"}
    assert post("/voice", VOICE, **headers).status_code == 200


@pytest.mark.parametrize("path", ["/voice?x=%41&y=a%20b", "/voice?a=1&a=0&b"])
def test_the_query_is_signed_as_it_came(path: str, post: SignedPosts) -> None:
    assert post(path, VOICE).status_code == 200


def test_a_long_body_is_not_read(post: SignedPosts, twirec_archive: Archive) -> None:
    assert post("/twirec/status", {**STATUS, "Padding": "x" * 70_000}).status_code == 413
    assert rows(twirec_archive) == 0


@pytest.mark.parametrize(("path", "fields"), ROUTES.items())
def test_a_signed_request_without_its_call_is_malformed(
    path: str, fields: Mapping[str, str], post: SignedPosts, twirec_archive: Archive
) -> None:
    answer = post(path, {**fields, "CallSid": "CA1"})
    assert answer.status_code == 400
    assert rows(twirec_archive) == 0


def test_the_routes_are_for_posts_only(app: Flask) -> None:
    assert app.test_client().get("/twirec/connect").status_code == 405


def test_no_number_and_no_body_is_logged(
    post: SignedPosts, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="twirec")
    post("/voice", VOICE)
    post("/voice", VOICE, **{"X-Twilio-Signature": "wrong"})
    post("/twirec/status", {**STATUS, "RecordingSid": "RE1", "From": "+34600111222"})
    assert caplog.records
    assert "600111222" not in caplog.text
    assert ACCOUNT_SID not in caplog.text
