"""Ten thousand requests of nonsense, and of what is nearly right: none ends in a 500."""

from __future__ import annotations

import base64
import re
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from callpanel.extensions import db
from callpanel.roles import Role
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from panel_house import (
    BLOCKED,
    ERASED,
    GOING_ON,
    HIDDEN,
    OUT,
    OWN_NUMBER,
    PARKED,
    PLAIN,
    REFUSED,
    Browser,
    Template,
    call_sid,
    recording_sid,
)
from sqlalchemy import event
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from twirec import Archive, State
from twirec.testing import SignedPosts

OFTEN = 10_000

SIDS = [
    *(recording_sid(number) for number in (PLAIN, HIDDEN, GOING_ON, PARKED, ERASED, BLOCKED, OUT)),
    *(call_sid(number) for number in (PLAIN, HIDDEN, GOING_ON, REFUSED)),
    *("RE", "CA1", "..", "%00", "RE" + "f" * 32, "\N{SNOWMAN}", "x" * 300),
]
SAID = [
    *(
        "1222",
        "600 11 12 22",
        "+34600111222",
        "0034600111222",
        "oculto",
        "today",
        "ayer sobre las 5",
    ),
    *("last Tuesday around 17:00", "2026-11-23 11:15", "2026-02-30", "0001-01-01", "9999-12-31"),
    *("1:30", "0:00:01.5", "-1", "99999:99999:999", "1e9", "nan", "inf", "9" * 4301, "0x10", "1_0"),
    *("on", "off", "yes", "no", "in", "out", "mp3", "original", "opus", "both", "mixed", "agent"),
    *("admin", "supervisor", "recorded", "refused", "informed", "listen", "es", "en", OWN_NUMBER),
    *(state.value for state in State),
    *("%", "_", "%_%", "'; DROP TABLE calls; --", "{{7*7}}", "<script>", "%s%n", "\\", "\x00"),
    *("\ud7ff", "\u202e", "e\u0301" * 40, "\N{GRINNING FACE}" * 100, "a\r\nSet-Cookie: x=1"),
]

TIMES = [
    *("Mon, 23 Nov 2026 10:15:12 +0000", "Mon, 23 Nov 2026 10:15:12 +0000", "Mon, 99 Nov 2026", ""),
    *("Mon, 01 Jan 0001 00:00:00 +2359", "Fri, 31 Dec 9999 23:59:59 -2359"),
]


def near(words: list[str]) -> st.SearchStrategy[str]:
    """Return mostly such words, and what is close to none."""
    free = st.text(max_size=12)
    return st.one_of(st.sampled_from(words), st.sampled_from(words), st.sampled_from(words), free)


cursors = st.builds(
    lambda at, sid: base64.urlsafe_b64encode(f"{at} {sid}".encode()).decode().rstrip("="),
    st.one_of(
        st.datetimes().map(lambda at: at.isoformat() + "+00:00"),
        st.sampled_from(["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-11-23"]),
    ),
    near(SIDS),
)
ranges = st.one_of(
    st.builds("bytes={}-{}".format, st.integers(0, 200_000), st.integers(0, 200_000)),
    st.builds("bytes=-{}".format, st.integers(0, 200_000)),
    st.sampled_from(["bytes=0-", "bytes=0-1,3-4", "bytes=", "lines=1-2", "bytes=9-1", "=", "-"]),
)
latin = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=24)
headers = st.dictionaries(
    st.sampled_from(
        [
            *("Accept", "Accept-Language", "Accept-Encoding", "Accept-Charset", "Authorization"),
            *("If-None-Match", "If-Match", "If-Modified-Since", "If-Range", "Range", "Cookie"),
            *("X-By-Itself", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Host"),
            *("Content-Type", "X-CSRFToken", "X-Twilio-Signature", "Origin", "User-Agent"),
        ]
    ),
    st.one_of(
        latin,
        ranges,
        st.sampled_from(
            [
                *("*", "es;q=0.9,en;q=x", "zh-Hant-TW,\xff", "Bearer x", "Basic !!!", 'W/"x",*'),
                *("application/json", "multipart/form-data", "multipart/form-data; boundary=x"),
                *("__Host-callpanel=x.y.z", "remember_token=a|b", "a=b; =; ;;", "gzip;q=9"),
            ]
        ),
    ),
    max_size=3,
)
FORM = {
    "name": near(["pia", "eva", "ana"]),
    "password": near(["una clave muy larga", "corta"]),
    "role": near(["agent", "admin"]),
    "line": near(["", OWN_NUMBER, "client:ana"]),
    "disabled": near(["no", "yes"]),
    "text": near(SAID),
    "outcome": near(["", "", "recorded"]),
    "direction": near(["", "", "in", "out"]),
    "reason": near(["", "", "refused"]),
    "consent": near(["", "", "informed"]),
    "state": near(["", "", *State]),
    "own_number": near(["", "0111"]),
    "min_seconds": near(["", "5", "9" * 4301]),
    "max_seconds": near(["", "7", "-1"]),
    "case": near(["", "C-7"]),
    "note": near(SAID),
    "format": near(["original", "mp3", "wav"]),
    "channels": near(["both", "both", "mixed"]),
    "start": near(["", "1", "0:05", "99999:99999:99"]),
    "end": near(["", "2", "0:06", "-1"]),
    "number": near(["", OWN_NUMBER, "600 111 222"]),
    "on": near(["on", "off"]),
    "why": near(SAID),
    "who": near(["", "ana", "alex"]),
    "action": near(["", "listen"]),
    "sid": near(["", *SIDS]),
    "since": near(["", "2026-11-23", *SAID]),
    "until": near(["", "2026-11-23 11:15", *SAID]),
    "language": near(["es", "en"]),
}
"""What the forms of all pages ask; each page takes what is its own."""

bodies = st.one_of(
    st.fixed_dictionaries(FORM),
    st.fixed_dictionaries(FORM),
    st.fixed_dictionaries({}, optional=FORM),
    st.dictionaries(st.text(max_size=12), st.text(max_size=12), max_size=6),
    st.binary(max_size=200),
)
queries = st.dictionaries(
    st.sampled_from(["after", "next", "x"]), st.one_of(cursors, near(SAID)), max_size=2
)
TWILIOS = {
    "CallSid": near([call_sid(number) for number in (PLAIN, GOING_ON, 77, 78)]),
    "ParentCallSid": near([call_sid(number) for number in (PLAIN, GOING_ON, 77)]),
    "From": near(["+34600111222", "anonymous", "client:ana"]),
    "To": near([OWN_NUMBER, "+34600111222", "sip:ana@example.com"]),
    "Direction": near(["inbound", "outbound-dial"]),
    "Digits": near(["", "1", "2", "#"]),
    "msg": near(["Gather End", "Redirect"]),
    "CallStatus": near(["completed", "in-progress", "no-answer"]),
    "DialCallStatus": near(["", "completed", "busy"]),
    "DialCallSid": near([call_sid(79)]),
    "DequeueResult": near(["bridged"]),
    "DequeingCallSid": near([call_sid(80)]),
    "QueueResult": near(["bridged", "hangup"]),
    "ConferenceSid": near(["CF" + "0" * 32]),
    "StatusCallbackEvent": near(["participant-join", "participant-leave"]),
    "FriendlyName": near(["desk"]),
    "AnsweredBy": near(["human", "machine_start"]),
    "ErrorCode": near(["16101", "13227", ""]),
    "ErrorUrl": near(["https://calls.example.com/twirec/connect", "//["]),
    "RecordingSid": near([recording_sid(number) for number in (PLAIN, GOING_ON, 77)]),
    "RecordingStatus": near(["completed", "in-progress", "absent", "failed"]),
    "RecordingDuration": near(["4", "-1", "9" * 30, "9" * 4301]),
    "RecordingChannels": near(["1", "2"]),
    "RecordingSource": near(["DialVerb", "StartCallRecordingAPI"]),
    "RecordingStartTime": near(TIMES),
}
"""What Twilio's forms say; each route takes what is its own."""

twilios_forms = st.one_of(
    st.fixed_dictionaries(TWILIOS),
    st.fixed_dictionaries({}, optional=TWILIOS),
    st.dictionaries(st.text(max_size=12), st.text(max_size=12), max_size=6),
)
METHODS = ["GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "NONSENSE"]


@dataclass(frozen=True)
class Asked:
    """What is sent to every route in one go: each takes of it what it asks.

    Attributes:
        role: who sends it; None for somebody who is not signed in.
        method: how; None for a method that the route has.
        token: whether the form has the token.
        values: what stands in the path.
        after: what is put behind the path.
        form, headers, query: what is sent.
        twilios: what is sent to Twilio's routes.
        signed: whether that is signed as Twilio does.
    """

    role: Role | None
    method: str | None
    token: bool
    values: dict[str, str]
    after: str
    form: dict[str, str] | bytes
    headers: dict[str, str]
    query: dict[str, str]
    twilios: dict[str, str]
    signed: bool


def requests(ids: list[str]) -> st.SearchStrategy[Asked]:
    """Return all that can be asked, of the accounts of these identifiers."""
    values = {
        "sid": near(SIDS),
        "call_sid": near([call_sid(PLAIN), call_sid(GOING_ON), *SIDS]),
        "user_id": near(ids),
        "asked": st.sampled_from(["0", "1", "9" * 30, "-1", "x"]),
        "hash_": near(["0" * 64, ".."]),
        "filename": near(["style.css", "player.js", "../factory.py", "..%2f", "/etc/passwd"]),
    }
    return st.builds(
        Asked,
        role=st.sampled_from([None, *Role, Role.ADMIN, Role.SUPERVISOR]),
        method=st.sampled_from([None, None, None, None, *METHODS]),
        token=st.sampled_from([True, True, True, False]),
        values=st.fixed_dictionaries(values),
        after=st.sampled_from(["", "", "", "", "", "/", "//", "%00", "?"]),
        form=bodies,
        headers=headers,
        query=queries,
        twilios=twilios_forms,
        signed=st.sampled_from([True, True, True, False]),
    )


class Crowd:
    """People of all roles who send what they are told to, and what came back."""

    def __init__(self, app: Flask, archive: Archive, template: Template, folder: Path) -> None:
        self._app = app
        self._template = template
        self._folder = folder
        self._post = SignedPosts(app, archive.settings)
        self._people = {role: Browser(app, kept) for role, kept in template.passes.items()}
        self.answers: Counter[tuple[str, int]] = Counter()

    def send(self, rule: Rule, method: str, asked: Asked) -> int:
        """Send what is asked to a route, and return the status of the answer."""
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda name: quote(asked.values[name[1]]), rule.rule)
        if asked.signed and rule.endpoint.startswith(("twirec.", "voice.")) and method == "POST":
            answer = self._post(path, asked.twilios)
        else:
            answer = self._as_somebody(path + asked.after, method, asked)
        self.answers[f"{method} {rule.rule}", answer.status_code] += 1
        if rule.endpoint in ("auth.sign_out", "users.change") and answer.status_code == 302:
            self._as_before()
        return answer.status_code

    def _as_somebody(self, path: str, method: str, asked: Asked) -> TestResponse:
        kept = self._template.passes[asked.role]
        client = self._people[asked.role].client
        given, form = dict(asked.headers), asked.form
        if "Cookie" in given:
            client = self._app.test_client(use_cookies=False)
        if asked.token:
            given |= {"Referer": "https://localhost/", "X-CSRFToken": kept.token}
            given.pop("Host", None)
        if isinstance(form, dict):
            given.pop("Content-Type", None)
        return client.open(
            path,
            method=method,
            query_string=asked.query or None,
            data=form if method not in ("GET", "HEAD") else None,
            headers=given,
            buffered=True,
        )

    def _as_before(self) -> None:
        """Let everybody be who they were."""
        with self._app.app_context():
            db.engine.dispose()
        shutil.copy(self._template.folder / "callpanel.db", self._folder)
        self._people = {
            role: Browser(self._app, kept) for role, kept in self._template.passes.items()
        }


@pytest.fixture
def crowd(
    app: Flask,
    archive: Archive,
    template: Template,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Crowd:
    """Everybody. What takes long for a reason is left out: hashing, and writing to the disk."""
    monkeypatch.setattr("callpanel.accounts.check_password_hash", lambda *_: False)
    monkeypatch.setattr("callpanel.accounts.generate_password_hash", lambda _: "a hash")
    event.listen(archive.catalog.database.engine, "connect", _without_waiting)
    return Crowd(app, archive, template, folder)


def _without_waiting(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF").close()


def test_no_request_ends_in_a_500(crowd: Crowd, app: Flask, template: Template) -> None:
    routes = [
        (rule, method)
        for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule)
        for method in sorted((rule.methods or set()) & {"GET", "POST"})
    ]

    @settings(
        max_examples=-(-OFTEN // len(routes)),
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(asked=requests([*template.ids.values(), "0" * 32, "1"]))
    def send(asked: Asked) -> None:
        for rule, method in routes:
            status = crowd.send(rule, asked.method or method, asked)
            assert status < 500, (rule.rule, method, asked)

    send()
    assert crowd.answers.total() >= OFTEN
    well = {route for route, status in crowd.answers if status in (200, 204, 206, 302, 304)}
    unreached = {f"{method} {rule.rule}" for rule, method in routes} - well
    assert unreached == {"GET /metrics", "GET /twirec/audio/<hash_>.wav"}
