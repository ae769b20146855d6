"""The routes that Google calls: only with Google's token of the one account."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import requests
import responses
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.factories import recording_sid
from tests.house import House, with_settings
from tests.queues.keys import ACCOUNT, KEY_ID, key, token_claims, unsigned
from tests.sounds import wav
from twirec.adapters import google_tokens
from twirec.adapters.google_tokens import CERTS_URL, GoogleTokens
from twirec.flask import Twirec
from twirec.model.errors import CatalogUnavailable, CertificatesUnavailable, RequestRefused
from twirec.model.hints import QueueKind
from twirec.model.states import State
from twirec.testing import PUBLIC_URL

Post = Callable[..., TestResponse]

SIGNED = lambda **claims: key().token(PUBLIC_URL, **claims)  # noqa: E731


REMOVED = "SIGNATURE_REMOVED_BY_GOOGLE"
"""What Cloud Run puts there when it has checked a token itself."""


def _symmetric() -> str:
    """Return a token that is signed with the public certificate, as if that were a password."""
    token = unsigned({"alg": "HS256", "kid": KEY_ID}, token_claims(PUBLIC_URL))
    said = token.rpartition(".")[0]
    made = hmac.new(key().cert.encode(), said.encode(), hashlib.sha256).digest()
    header, claims = {"alg": "HS256", "kid": KEY_ID}, token_claims(PUBLIC_URL)
    return unsigned(header, claims, made)


WRONG: Mapping[str, Callable[[], str | None]] = {
    "no token": lambda: None,
    "no bearer": lambda: SIGNED(),
    "basic": lambda: f"Basic {SIGNED()}",
    "empty": lambda: "Bearer ",
    "no token at all": lambda: "Bearer x.y.z",
    "wrong audience": lambda: f"Bearer {SIGNED(aud='https://others.example.com')}",
    "audience in a list": lambda: f"Bearer {SIGNED(aud=[PUBLIC_URL])}",
    "audience and a path": lambda: f"Bearer {SIGNED(aud=PUBLIC_URL + '/')}",
    "no audience": lambda: f"Bearer {SIGNED(aud=None)}",
    "wrong account": lambda: f"Bearer {SIGNED(email='x' + ACCOUNT)}",
    "no account": lambda: f"Bearer {SIGNED(email=None)}",
    "account not verified": lambda: f"Bearer {SIGNED(email_verified=False)}",
    "account verified by a word": lambda: f"Bearer {SIGNED(email_verified='true')}",
    "wrong issuer": lambda: f"Bearer {SIGNED(iss='https://accounts.example.com')}",
    "expired": lambda: f"Bearer {SIGNED(iat=time.time() - 7200, exp=time.time() - 3600)}",
    "of the future": lambda: f"Bearer {SIGNED(iat=time.time() + 3600, exp=time.time() + 7200)}",
    "without an end": lambda: f"Bearer {SIGNED(exp=None)}",
    "signature removed": lambda: f"Bearer {SIGNED().rpartition('.')[0]}.{REMOVED}",
    "signature of another": lambda: f"Bearer {key('other').token(PUBLIC_URL)}",
    "signature of another, by our id": lambda: f"Bearer {_by_another()}",
    "claims of another": lambda: f"Bearer {_exchanged()}",
    "alg none": lambda: "Bearer " + unsigned({"alg": "none"}, token_claims(PUBLIC_URL)),
    "alg none of our id": lambda: (
        "Bearer " + unsigned({"alg": "none", "kid": KEY_ID}, token_claims(PUBLIC_URL))
    ),
    "alg HS256": lambda: f"Bearer {_symmetric()}",
    "no claims": lambda: "Bearer " + unsigned({"alg": "RS256", "kid": KEY_ID}, {}),
}


def _by_another() -> str:
    other = key("other")
    other.id, kept = KEY_ID, other.id
    try:
        return other.token(PUBLIC_URL)
    finally:
        other.id = kept


def _exchanged() -> str:
    header, _, signature = SIGNED(email=f"x{ACCOUNT}").split(".")
    return ".".join((header, SIGNED().split(".")[1], signature))


@pytest.fixture
def post(house: House) -> Post:
    """Post to the routes of an app that takes tasks, in whose house a recording is due."""
    archive = with_settings(
        house.archive,
        queue=QueueKind.CLOUD_TASKS,
        tasks_queue="projects/p/locations/l/queues/q",
        tasks_service_account=ACCOUNT,
        tasks_emulator="127.0.0.1:1",  # away
    )
    archive.jobs._tokens = GoogleTokens(PUBLIC_URL, ACCOUNT, lambda: ({KEY_ID: key().cert}, 3600.0))
    app = Flask(__name__)
    Twirec(app, archive)
    house.archive = archive
    archive.jobs.close()
    house.record(wav(seconds=4, channels=2))
    client: FlaskClient = app.test_client()

    def post(name: str, authorization: str | None = "", **said: object) -> TestResponse:
        bearer = f"Bearer {SIGNED()}" if authorization == "" else authorization
        headers = {} if bearer is None else {"Authorization": bearer}
        return client.post(f"/twirec/jobs/{name}", json=said or None, headers=headers)

    return post


def do(post: Post, authorization: str | None = "") -> TestResponse:
    return post("do", authorization, kind="recording", key=recording_sid())


def test_what_is_not_proven_to_be_google_is_refused_and_nothing_is_done(
    house: House, post: Post
) -> None:
    refused = {}
    for wrong, made in WRONG.items():
        answers = (do(post, made()), post("due", made()))
        refused[wrong] = {(answer.status_code, answer.data) for answer in answers}
    assert refused.pop("no token") == {(401, b"")}
    assert [wrong for wrong, said in refused.items() if said != {(403, b"")}] == []
    assert (house.recording().state, house.recording().attempts) == (State.COMPLETED, 0)


def test_google_has_what_is_due_done_once(house: House, post: Post) -> None:
    assert do(post).status_code == 204
    done = house.recording()
    assert done.state is State.RELEASED
    assert do(post).status_code == 204  # nothing is due
    assert house.recording() == done


def test_what_fails_is_to_come_again_when_it_is_due(house: House, post: Post) -> None:
    house.vendor.faults.add("media", CatalogUnavailable("away"))  # type: ignore[arg-type]
    answer = do(post)
    assert answer.status_code == 425  # not 503, which slows the whole queue down
    assert answer.headers["Retry-After"] in {"1", "2"}
    assert do(post).status_code == 425
    house.time = house.recording().due_at or house.time
    assert do(post).status_code == 204
    assert house.recording().state is State.RELEASED


@pytest.mark.parametrize(
    ("seconds", "status", "retry_after"),
    [(0, 425, "1"), (59.5, 425, "60"), (60, 425, "60"), (60.5, 204, None), (7200, 204, None)],
)
def test_what_is_due_later_than_in_a_minute_is_no_task_any_more(
    house: House,
    post: Post,
    monkeypatch: pytest.MonkeyPatch,
    seconds: float,
    status: int,
    retry_after: str | None,
) -> None:
    again = house.time + timedelta(seconds=seconds)
    monkeypatch.setattr(house.archive.jobs, "do", lambda *_: again)
    answer = do(post)
    assert (answer.status_code, answer.headers.get("Retry-After")) == (status, retry_after)


def test_a_catalog_that_is_away_is_asked_again(
    house: House, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise CatalogUnavailable("It is locked.")

    monkeypatch.setattr(house.archive.catalog.due_work, "claim", away)
    answer = do(post)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")


@pytest.mark.parametrize("said", [{}, {"kind": "recording"}, {"kind": 1, "key": 2}, {"key": None}])
def test_what_names_nothing_is_wrong(post: Post, said: dict[str, object]) -> None:
    assert post("do", **said).status_code == 400


def test_the_scheduler_has_the_rest_done(house: House, post: Post) -> None:
    for name in ("due", "sweep", "journal", "upkeep"):
        assert post(name).status_code == 204
    assert house.recording().state is State.RELEASED
    assert [each.name for each in house.bucket.list("journal/")]


def test_only_an_app_that_takes_tasks_has_the_routes(house: House) -> None:
    app = Flask(__name__)
    Twirec(app, house.archive)
    header = {"Authorization": f"Bearer {SIGNED()}"}
    assert app.test_client().post("/twirec/jobs/due", headers=header).status_code == 404
    with pytest.raises(RequestRefused, match="TWIREC_TASKS_SERVICE_ACCOUNT is not set"):
        house.archive.jobs.check_caller(header["Authorization"])


class Google:
    """Who publishes certificates, and may be away."""

    def __init__(self) -> None:
        self.certs = {KEY_ID: key().cert}
        self.asked = 0
        self.away = False
        self.time = 0.0
        self.tokens = GoogleTokens(PUBLIC_URL, ACCOUNT, self.fetch, lambda: self.time)

    def fetch(self) -> tuple[dict[str, str], float]:
        self.asked += 1
        if self.away:
            raise requests.ConnectionError
        return self.certs, 3600.0

    def believes(self, token: str) -> bool:
        try:
            self.tokens.check(f"Bearer {token}")
        except (RequestRefused, CertificatesUnavailable):
            return False
        return True


def test_a_process_that_has_no_certificates_yet_says_to_come_again(
    house: House, post: Post
) -> None:
    google, asked, answer = Google(), threading.Event(), threading.Event()

    def slow() -> tuple[dict[str, str], float]:
        asked.set()
        assert answer.wait(120)
        return google.certs, 3600.0

    house.archive.jobs._tokens = google.tokens
    google.tokens._fetch = slow
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(google.tokens.check, f"Bearer {SIGNED()}")
        assert asked.wait(120)
        early = do(post)
        assert (early.status_code, early.headers["Retry-After"]) == (503, "2")
        assert house.recording().state is State.COMPLETED
        answer.set()
        first.result(120)
    assert do(post).status_code == 204


def test_certificates_are_kept_as_long_as_google_says_and_not_longer() -> None:
    google = Google()
    assert [google.believes(SIGNED()) for _ in range(3)] == [True] * 3
    assert google.asked == 1
    google.away, google.time = True, 3599.0
    assert google.believes(SIGNED())
    google.time = 3600.0
    assert not google.believes(SIGNED())  # nobody knows whether the key still is Google's
    google.away, google.time = False, 3660.0
    assert google.believes(SIGNED())


def test_a_new_key_is_looked_for_once_a_minute_whoever_names_unknown_ones() -> None:
    google = Google()
    assert not google.believes(key("other").token(PUBLIC_URL))
    for _ in range(9):
        assert not google.believes(key("other").token(PUBLIC_URL))
    assert google.asked == 1
    google.certs["other"] = key("other").cert
    google.time = 60.0
    assert google.believes(key("other").token(PUBLIC_URL))
    assert google.believes(SIGNED())
    assert google.asked == 2


def test_what_still_holds_is_kept_when_google_is_away() -> None:
    google = Google()
    assert google.believes(SIGNED())
    google.away, google.time = True, 60.0
    assert not google.believes(key("other").token(PUBLIC_URL))  # looks for it, in vain
    assert google.asked == 2
    assert google.believes(SIGNED())
    google.time = 3300.0
    assert google.believes(SIGNED())  # they are to be renewed, and still hold
    assert google.asked == 3


def test_certificates_are_renewed_before_they_end() -> None:
    google = Google()
    assert google.believes(SIGNED())
    google.time = 3300.0
    assert google.believes(SIGNED())
    google.away, google.time = True, 3700.0
    assert google.believes(SIGNED())
    assert google.asked == 2


def test_nobody_waits_for_who_fetches() -> None:
    google, asked, answer = Google(), threading.Event(), threading.Event()
    assert google.believes(SIGNED())

    def slow() -> tuple[dict[str, str], float]:
        asked.set()
        assert answer.wait(120)
        return google.certs | {"other": key("other").cert}, 3600.0

    google.tokens._fetch = slow
    google.time = 60.0
    other = key("other").token(PUBLIC_URL)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(google.believes, other)
        assert asked.wait(120)
        # were they to wait, it would be for ever: the answer comes only after them
        assert not google.believes(other)
        assert google.believes(SIGNED())
        answer.set()
        assert first.result(120)
    assert google.believes(other)


@responses.activate
def test_certificates_are_asked_of_google_again_after_one_failure() -> None:
    responses.get(CERTS_URL, status=503)
    responses.get(
        CERTS_URL,
        json.dumps({KEY_ID: key().cert}),
        headers={"Cache-Control": "public, max-age=21000, must-revalidate"},
    )
    assert google_tokens.fetch_certs() == ({KEY_ID: key().cert}, 21000.0)
    responses.get(CERTS_URL, status=503)
    responses.get(CERTS_URL, status=302, headers={"Location": "https://example.com/"})
    with pytest.raises(CertificatesUnavailable):
        GoogleTokens("https://x.example", ACCOUNT).check(f"Bearer {SIGNED()}")
