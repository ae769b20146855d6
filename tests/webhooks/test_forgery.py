"""What is forged, replayed or another account's changes nothing, whichever route it comes to."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask, request
from werkzeug.test import TestResponse

from tests.factories import call_sid, recording_sid
from tests.webhooks.calling import LONG_ENOUGH, Clock, app_of
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.adapters.memory_vendor import MemoryVendor
from twirec.archive import Archive
from twirec.calls.otherwise import Plan, sign_plan
from twirec.calls.signature import sign
from twirec.calls.signed_targets import sign_targets
from twirec.catalog.tables import metadata
from twirec.flask import ROUTES
from twirec.model.dial_steps import DialStep
from twirec.model.vocabulary import ConsentMode, ConsentOutcome
from twirec.settings import Settings
from twirec.testing import ACCOUNT_SID, AUTH_TOKEN, ENVIRONMENT, PUBLIC_URL, SignedPosts

pytestmark = pytest.mark.about_sqlite("all begin with a catalog that SQLite copies in a moment")

OTHER_ACCOUNT, OTHER_TOKEN = "AC" + "b" * 32, "another account's token"
OWN, CUSTOMER, AGENT = "+34911000111", "+34600111222", "+34911222333"
TOLD, ASKED, DIALLED, CHILD, NEW, OTHER = (call_sid(number) for number in range(1, 7))

# What fills in the parameters of a route, and what is posted to it, so that it changes something;
# a route that is not here gets FORM.
PARAMETERS = {"asked": "1", "call_sid": DIALLED, "targets": sign_targets([AGENT], [AUTH_TOKEN])}
FORM = {"CallSid": TOLD, "From": CUSTOMER, "To": OWN}
WHISPER = {"CallSid": CHILD, "ParentCallSid": DIALLED, "From": OWN, "To": CUSTOMER}
FORMS: Mapping[str, Mapping[str, str]] = {
    "/voice": {**FORM, "CallSid": NEW},
    "/dial": {"CallSid": NEW, "From": "client:ana", "To": CUSTOMER},
    "/twirec/consent": {**FORM, "CallSid": ASKED, "Digits": "1"},
    "/twirec/agent": {**FORM, "AnsweredBy": "machine_start"},
    "/twirec/announce": WHISPER,
    "/twirec/announced": {**WHISPER, "Digits": "1"},
    "/twirec/dequeued": {**FORM, "DequeingCallSid": CHILD},
    "/twirec/conference": {
        **FORM,
        "ConferenceSid": "CF" + "c" * 32,
        "StatusCallbackEvent": "participant-join",
    },
    "/twirec/ended": {**FORM, "CallStatus": "completed"},
    "/twirec/status": {
        "CallSid": TOLD,
        "RecordingSid": recording_sid(),
        "RecordingStatus": "completed",
        "RecordingSource": "DialVerb",
        "RecordingDuration": "4",
        "RecordingChannels": "2",
    },
}


def path_of(rule: str) -> str:
    plan = Plan(20, (DialStep(("client:bea",)),))
    its = ASKED if rule.startswith("/consent") else TOLD
    values = {**PARAMETERS, "plan": sign_plan(plan, its, [AUTH_TOKEN])}
    return "/twirec" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: values[found[1]], rule)


PATHS = ["/voice", "/dial", *map(path_of, ROUTES)]
each_path = pytest.mark.parametrize("path", PATHS, ids=[path.split("/gA")[0] for path in PATHS])
# The doctor asks /ping whether requests arrive and are believed: it reads and changes nothing.
ACT = [path for path in PATHS if path != "/twirec/ping"]
each_path_that_acts = pytest.mark.parametrize(
    "path", ACT, ids=[path.split("/gA")[0] for path in ACT]
)


def form_of(path: str) -> dict[str, str]:
    route = next((route for route in FORMS if f"{path}/".startswith(f"{route}/")), "")
    return {"AccountSid": ACCOUNT_SID, **FORMS.get(route, FORM)}


# --- a scene in which every route has something to do -----------------------------------------


def settings_of_two_accounts() -> Settings:
    tokens = f"{OTHER_ACCOUNT}={OTHER_TOKEN}"
    return Settings.from_env({**ENVIRONMENT, "TWIREC_TWILIO_AUTH_TOKENS": tokens})


def make_scene(post: SignedPosts, archive: Archive, clock: Clock) -> None:
    """One caller has heard the notice, one the question, and so has one who was dialled."""
    post("/voice", FORM)
    clock.advance(timedelta(seconds=1))
    put_the_question(post, archive, clock, ConsentMode.OPT_IN)


class Stage:
    """A scene that is made once: whoever comes next finds it as it was at the beginning.

    Args:
        play: what has happened before.
    """

    def __init__(self, play: Callable[[SignedPosts, Archive, Clock], None]) -> None:
        settings = settings_of_two_accounts()
        self._vendor = MemoryVendor()
        self.archive = Archive(settings, bucket=MemoryBucket(), vendor=self._vendor)
        self.archive.set_up()
        self.clock = self.archive.now = Clock()
        self._settings = settings
        self._apps = {"": app_of(self.archive)}
        self.post = self.post_to("")
        play(self.post, self.archive, self.clock)
        self._time = self.clock.time
        self._saved = sqlite3.connect(":memory:")
        with self._raw() as raw:
            raw.backup(self._saved)
        self._at_twilio = self._things_at_twilio()
        self.before = tables(self.archive)

    def as_it_was(self) -> Stage:
        self.clock.time = self._time
        with self._raw() as raw:
            self._saved.backup(raw)
            self._image = raw.serialize()
        for each, things in zip(self._stand_ins(), deepcopy(self._at_twilio), strict=True):
            vars(each).update(things)
        return self

    def is_untouched(self) -> bool:
        """Whether not a byte of the catalog changed since it was as it was."""
        with self._raw() as raw:
            return raw.serialize() == self._image

    def app(self, reader: str = "") -> Flask:
        """The app; or one of the same archive, which reads the form before anything checks it."""
        if reader not in self._apps:
            self._apps[reader] = app_of(self.archive)
            self._apps[reader].before_request(lambda: void(READERS[reader]()))
        return self._apps[reader]

    def post_to(self, reader: str) -> SignedPosts:
        return SignedPosts(self.app(reader), self._settings)

    def close(self) -> None:
        self._saved.close()
        self.archive.close()

    @contextmanager
    def _raw(self) -> Iterator[sqlite3.Connection]:
        with self.archive.catalog.database.engine.connect() as connection:
            found = connection.connection.driver_connection
            assert isinstance(found, sqlite3.Connection)
            yield found

    def _stand_ins(self) -> list[object]:
        return [self._vendor, self._vendor.faults, self._vendor.live]

    def _things_at_twilio(self) -> list[dict[str, Any]]:
        """Return all that is kept there; locks, and the stand-ins themselves, stay as they are."""
        return [
            {
                name: deepcopy(kept)
                for name, kept in vars(each).items()
                if isinstance(kept, dict | list)
            }
            for each in self._stand_ins()
        ]


@pytest.fixture(scope="module")
def made_scene() -> Iterator[Stage]:
    stage = Stage(make_scene)
    yield stage
    stage.close()


@pytest.fixture(scope="module", params=[ConsentMode.OPT_OUT, ConsentMode.OPT_IN])
def questioned_scene(request: pytest.FixtureRequest) -> Iterator[Stage]:
    stage = Stage(lambda *of: put_the_question(*of, mode=request.param))
    yield stage
    stage.close()


@pytest.fixture(scope="module")
def played_scene() -> Iterator[Stage]:
    def play(post: SignedPosts, archive: Archive, clock: Clock) -> None:
        make_scene(post, archive, clock)
        play_all(post, clock)

    stage = Stage(play)
    yield stage
    stage.close()


@pytest.fixture
def stage(made_scene: Stage) -> Stage:
    """The scene, for tests that need no app of their own."""
    return made_scene.as_it_was()


@pytest.fixture
def questioned(questioned_scene: Stage) -> Stage:
    """The scene in which the question was put, and nothing before."""
    return questioned_scene.as_it_was()


@pytest.fixture
def played(played_scene: Stage) -> Stage:
    """The scene in which every route was already asked once."""
    return played_scene.as_it_was()


def test_the_stage_is_as_it_was_for_whoever_comes_next(stage: Stage) -> None:
    vendor, at_twilio = stage.archive.vendor, list(stage.archive.vendor.recordings(ACCOUNT_SID))
    play_all(stage.post, stage.clock)
    assert tables(stage.archive) != stage.before
    assert not stage.is_untouched()
    assert list(vendor.recordings(ACCOUNT_SID)) != at_twilio
    stage.as_it_was()
    assert tables(stage.archive) == stage.before
    assert list(vendor.recordings(ACCOUNT_SID)) == at_twilio


def put_the_question(post: SignedPosts, archive: Archive, clock: Clock, mode: ConsentMode) -> None:
    """One caller has heard it, and so has one who was dialled."""
    archive.policy.change(by="test", why="test", mode=mode)
    post("/voice", {**FORM, "CallSid": ASKED})
    post("/dial", {**FORMS["/dial"], "CallSid": DIALLED})
    post("/twirec/announce", WHISPER)
    clock.advance(LONG_ENOUGH)
    post("/twirec/connect", {**FORM, "CallSid": ASKED})
    post(f"/twirec/announced/{DIALLED}/0", WHISPER)
    clock.advance(LONG_ENOUGH)


def tables(archive: Archive) -> dict[str, list[str]]:
    """Every row of every table, as text."""
    with archive.catalog.database.read() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(table.select())))
            for table in metadata.sorted_tables
        }


def decided(archive: Archive) -> Any:
    """What was consented to and is recorded of each call, here and at Twilio."""
    records = [archive.calls.get(sid) for sid in (TOLD, ASKED, DIALLED, NEW)]
    vendor = archive.vendor
    assert isinstance(vendor, MemoryVendor)
    return (
        [(record.call.outcome, record.call.reason) for record in records],
        [(record.consents, record.recordings) for record in records],
        list(vendor.recordings(ACCOUNT_SID)),
    )


def signature(path: str, form: Mapping[str, str], token: str = AUTH_TOKEN) -> str:
    return sign(PUBLIC_URL + path, form.items(), token)


def send(
    post: SignedPosts, path: str, form: Mapping[str, str], signature: str | None
) -> TestResponse:
    return post(path, form, **{"X-Twilio-Signature": signature})


def play_all(post: SignedPosts, clock: Clock) -> None:
    for path in PATHS:
        assert post(path, form_of(path)).status_code < 300
        clock.advance(LONG_ENOUGH)


@each_path_that_acts
def test_what_is_genuine_is_believed_and_changes_something(path: str, stage: Stage) -> None:
    assert stage.post(path, form_of(path)).status_code < 300
    assert tables(stage.archive) != stage.before


def test_only_audio_is_served_to_whoever_asks(stage: Stage) -> None:
    app = stage.app()
    rules = [rule for rule in app.url_map.iter_rules() if "/twirec/" in rule.rule]
    # recipients prove by link and code who they are
    of_recipients = {each.rule for each in rules if each.endpoint.startswith("twirec_disclosed.")}
    others = {each.rule for each in rules} - of_recipients
    assert others - {f"/twirec{rule}" for rule in ROUTES} == {"/twirec/audio/<hash_>.wav"}
    assert len(of_recipients) == 4
    for rule in of_recipients:
        answer = app.test_client().get(re.sub("<[a-z]+>", "guessed", rule))
        assert answer.status_code == 404, rule


# --- wrongly signed ---------------------------------------------------------------------------

FORGERIES: Mapping[str, Callable[[str, dict[str, str]], tuple[str, dict[str, str], str | None]]] = {
    "unsigned": lambda path, form: (path, form, None),
    "a wrong token": lambda path, form: (path, form, signature(path, form, "guessed")),
    "another account's token": lambda path, form: (path, form, signature(path, form, OTHER_TOKEN)),
    "of another route": lambda path, form: (path, form, signature(f"{path}/1", form)),
    "of another host": lambda path, form: (
        path,
        form,
        sign(f"https://evil.example.com{path}", form.items(), AUTH_TOKEN),
    ),
    "another key": lambda path, form: (path, {**form, "Digits": "2"}, signature(path, form)),
    "another call": lambda path, form: (path, {**form, "CallSid": OTHER}, signature(path, form)),
    "another account": lambda path, form: (
        path,
        {**form, "AccountSid": OTHER_ACCOUNT},
        signature(path, form),
    ),
    "a query": lambda path, form: (f"{path}?Digits=1", form, signature(path, form)),
    "another query": lambda path, form: (
        f"{path}?Digits=1",
        form,
        signature(f"{path}?Digits=2", form),
    ),
    "two accounts": lambda path, form: (
        f"{path}?AccountSid={OTHER_ACCOUNT}",
        form,
        signature(f"{path}?AccountSid={OTHER_ACCOUNT}", form),
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_what_is_forged_is_refused_and_changes_nothing(forgery: str, stage: Stage) -> None:
    for path in PATHS:
        answer = send(stage.post, *FORGERIES[forgery](path, form_of(path)))
        assert (answer.status_code, answer.text) == (403, ""), path
        assert stage.is_untouched(), path


# --- the form was read before -----------------------------------------------------------------

READERS: Mapping[str, Callable[[], object]] = {
    "values": lambda: request.values.get("CallSid"),
    "form": lambda: request.form.get("CallSid"),
    "the body, then the form": lambda: (request.get_data(), request.form),
    "the form, then the body": lambda: (request.form, request.get_data()),
    "files": lambda: request.files,
    "json": lambda: request.get_json(silent=True),
}
each_reader = pytest.mark.parametrize("reader", READERS)


def void(_: object) -> None:
    """What a hook returns would be the answer."""


@each_reader
def test_what_is_genuine_is_believed_though_a_hook_read_it_first(reader: str, stage: Stage) -> None:
    post = stage.post_to(reader)
    for path in PATHS:
        assert post(path, form_of(path)).status_code < 300
    after = tables(stage.archive)
    changed = {table for table, rows in after.items() if rows != stage.before[table]}
    assert {"calls", "consents", "participants", "recordings"} <= changed


@each_reader
def test_what_is_forged_is_refused_though_a_hook_read_it_first(reader: str, stage: Stage) -> None:
    post = stage.post_to(reader)
    for name, forge in FORGERIES.items():
        for path in PATHS:
            answer = send(post, *forge(path, form_of(path)))
            assert (answer.status_code, answer.text) == (403, ""), (name, path)
    assert stage.is_untouched()


FORM_TYPE = "application/x-www-form-urlencoded"
GENUINE = form_of("/voice")
TAMPERED: Mapping[str, dict[str, Any]] = {
    "another value": {"data": urlencode({**GENUINE, "From": "+34600999888"})},
    "another value first": {"data": "From=%2B34600999888&" + urlencode(GENUINE)},
    "another value last": {"data": urlencode(GENUINE) + "&From=%2B34600999888"},
    "another field": {"data": urlencode(GENUINE) + "&Digits=1"},
    "a field less": {"data": urlencode(list(GENUINE.items())[:-1])},
    "bytes that are not UTF-8": {"data": urlencode(GENUINE) + "&Digits=%FF"},
    "raw bytes that are not UTF-8": {"data": urlencode(GENUINE).encode() + b"&Digits=\xff"},
    "nothing": {"data": b""},
    "nothing that can be read": {"data": b"\xff"},
    "multipart": {"data": GENUINE, "content_type": "multipart/form-data"},
    "multipart with a file": {
        "data": b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n1\r\n--x--',
        "content_type": "multipart/form-data; boundary=x",
    },
    "json": {"json": GENUINE},
    "no type": {"data": urlencode(GENUINE), "content_type": ""},
    "another type": {"data": urlencode(GENUINE), "content_type": "text/plain"},
    "a form and another type": {
        "data": urlencode(GENUINE),
        "content_type": f"multipart/form-data, {FORM_TYPE}",
    },
}


@each_reader
def test_a_genuine_signature_covers_nothing_that_was_read_in_another_way(
    reader: str, stage: Stage
) -> None:
    client = stage.app(reader).test_client()
    genuine = {"X-Twilio-Signature": signature("/voice", GENUINE)}
    for change, tampered in TAMPERED.items():
        sent = {"content_type": FORM_TYPE, **tampered}
        if "json" in sent:
            del sent["content_type"]
        answer = client.post("/voice", headers=genuine, **sent)
        assert (answer.status_code, answer.text) == (403, ""), change
        assert stage.is_untouched(), change


@each_reader
def test_a_hash_of_another_body_is_refused_too(reader: str, stage: Stage) -> None:
    path = "/voice?bodySHA256=" + "0" * 64
    genuine = {"X-Twilio-Signature": signature(path, GENUINE)}
    client = stage.app(reader).test_client()
    assert client.post(path, headers=genuine, data=GENUINE).status_code == 403


@pytest.mark.parametrize("reader", ["form", ""])
@pytest.mark.parametrize(
    "data",
    [urlencode(GENUINE), urlencode(list(reversed(GENUINE.items())))],
    ids=["as sent", "turned"],
)
def test_the_order_of_the_fields_does_not_matter(reader: str, data: str, stage: Stage) -> None:
    client = stage.app(reader).test_client()
    genuine = {"X-Twilio-Signature": signature("/voice", GENUINE)}
    for kind in (FORM_TYPE, f"{FORM_TYPE}; charset=UTF-8", FORM_TYPE.upper()):
        answer = client.post("/voice", headers=genuine, data=data, content_type=kind)
        assert answer.status_code == 200


@each_reader
def test_what_is_longer_than_anything_of_twilios_is_not_read(reader: str, stage: Stage) -> None:
    long = {**GENUINE, "Extra": "x" * 70_000}
    genuine = {"X-Twilio-Signature": signature("/voice", long)}
    answer = (
        stage.app(reader)
        .test_client()
        .post("/voice", headers=genuine, data=urlencode(long), content_type=FORM_TYPE)
    )
    assert answer.status_code == 413


# --- a shared key -----------------------------------------------------------------------------


@each_path
def test_the_token_does_not_sign_for_a_shared_key(path: str, stage: Stage) -> None:
    form = form_of(path)
    named = {"X-Twilio-Webhooks-Signature-Settings": "key=webhooks_sharedkey_x,algorithm=HMAC_SHA1"}
    answer = stage.post(path, form, **{"X-Twilio-Signature": signature(path, form), **named})
    assert (answer.status_code, answer.text) == (403, "")


# --- another account --------------------------------------------------------------------------


def of_this_account(archive: Archive) -> list[str]:
    return [row for rows in tables(archive).values() for row in rows if ACCOUNT_SID in row]


@each_path
def test_another_account_reaches_no_call_and_no_recording_of_this_one(
    path: str, stage: Stage
) -> None:
    post, scene = stage.post, stage.archive
    post("/twirec/status", form_of("/twirec/status"))
    before = (of_this_account(scene), tables(scene)["consents"], tables(scene)["recordings"])
    theirs = {**form_of(path), "AccountSid": OTHER_ACCOUNT}
    send(post, path, theirs, signature(path, theirs, OTHER_TOKEN))
    after = (of_this_account(scene), tables(scene)["consents"], tables(scene)["recordings"])
    assert after == before


# --- replayed ---------------------------------------------------------------------------------


@each_path
@pytest.mark.parametrize("key", [{}, {"Digits": "1"}, {"Digits": "2"}])
def test_what_comes_again_changes_nothing_that_was_decided(
    key: dict[str, str], path: str, played: Stage
) -> None:
    assert len(played.before["consents"]) == 3
    before = decided(played.archive)
    played.post(path, {**form_of(path), **key})
    assert decided(played.archive) == before


@pytest.mark.parametrize("path", ["/twirec/consent/1", f"/twirec/announced/{DIALLED}/1"])
@pytest.mark.parametrize(
    ("first", "second", "stands"),
    [("1", "2", ConsentOutcome.GRANTED), ("2", "1", ConsentOutcome.REFUSED)],
)
def test_the_first_key_stands(
    path: str, first: str, second: str, stands: ConsentOutcome, stage: Stage
) -> None:
    for key in (first, second):
        stage.post(path, {**form_of(path), "Digits": key})
    (consent,) = stage.archive.calls.get(ASKED if "consent" in path else DIALLED).consents
    assert (consent.outcome, consent.key) == (stands, first)


@pytest.mark.parametrize("key", [{}, {"Digits": "1"}, {"Digits": "2"}])
@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/twirec/connect", {**FORM, "CallSid": ASKED}),
        (f"/twirec/announced/{DIALLED}/0", WHISPER),
    ],
)
def test_the_end_of_the_notice_that_comes_again_is_no_answer_to_the_question(
    path: str, form: dict[str, str], key: dict[str, str], questioned: Stage
) -> None:
    again = questioned.post(path, {**form, **key}).text
    assert "/1#" in again  # the question, once more, and what follows from it
    assert tables(questioned.archive) == questioned.before
    assert questioned.before["consents"] == []


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/twirec/consent", {**FORM, "CallSid": ASKED}),
        (f"/twirec/announced/{DIALLED}", WHISPER),
    ],
)
def test_an_answer_to_the_first_question_is_none_to_the_second(
    path: str, form: dict[str, str], stage: Stage
) -> None:
    post, scene = stage.post, stage.archive
    assert "/2#" in post(f"{path}/1", {**form, "Digits": "9"}).text
    stage.clock.advance(LONG_ENOUGH)
    before = tables(scene)
    assert "/2#" in post(f"{path}/1", {**form, "Digits": "1"}).text
    assert tables(scene) == before
    assert before["consents"] == []
    post(f"{path}/2", {**form, "Digits": "1"})
    assert len(tables(scene)["consents"]) == 1


# --- the query --------------------------------------------------------------------------------


def test_the_ping_is_answered_and_changes_nothing(stage: Stage) -> None:
    assert stage.post("/twirec/ping", {}).status_code == 204
    assert stage.is_untouched()


@each_path_that_acts
def test_what_stands_only_in_the_query_is_not_read(path: str, stage: Stage) -> None:
    answer = stage.post(f"{path}?{urlencode(form_of(path))}", {})
    assert answer.status_code == 400
    assert stage.is_untouched()


@pytest.mark.parametrize("path", ["/twirec/consent/1", f"/twirec/announced/{DIALLED}/1"])
def test_a_key_in_the_query_is_no_answer(path: str, stage: Stage) -> None:
    pressed_nothing = {**form_of(path), "Digits": ""}
    stage.post(f"{path}?Digits=1", pressed_nothing)
    assert tables(stage.archive)["consents"] == []
