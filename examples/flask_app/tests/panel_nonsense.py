"""Requests that are nonsense, or nearly right, for hypothesis to draw."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass

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
    SAVED,
    call_sid,
    recording_sid,
)

from callpanel.roles import Role
from twirec import State
from twirec.calls.otherwise import Plan, sign_plan
from twirec.calls.signed_targets import sign_targets
from twirec.testing import AUTH_TOKEN

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
    "forwarded_from": near(["", "+34911777888"]),
    "min_seconds": near(["", "5", "9" * 310, "9" * 4301]),
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
    "what": near([*SIDS, "600 111 222"]),
    "who": near(["", "ana", "alex"]),
    "action": near(["", "listen"]),
    "sid": near(["", *SIDS]),
    "since": near(["", "2026-11-23", *SAID]),
    "until": near(["", "2026-11-23 11:15", *SAID]),
    "language": near(["es", "en"]),
    "seen": near(["", "0", "1", "9" * 4301]),
    "participant": near(["customer", "agent", "other"]),
    "recipient": near(["Juzgado 7"]),
    "given_on": near(["2026-11-03"]),
    "evidence": near(["letter"]),
    "ground": near(["court_order", "consent"]),
    "reference": near(["7/2026"]),
    "cuts": near(["", "0:01-0:02"]),
    "days": near(["7"]),
    "openings": near(["1"]),
    "decision": near(["retry", "accept"]),
    "received": near(["", "2026-11-03", "9999-12-31"]),
    "how": near(["identity card", "by hand", "writing", "block", "now"]),
    "copies": near(["silenced", "whole", "left_out"]),
    "months": near(["1", "2"]),
    "to": near(["Ana Soler"]),
    "purpose": near(["claim", "quality"]),
    "typed-path": near(["", f"/calls/{call_sid(PLAIN)}/notes", "//["]),
    "typed-note": near(SAID),
}
"""What the forms of all pages ask; each page takes what is its own."""


def bodies(code: str) -> st.SearchStrategy[dict[str, str] | bytes]:
    """Return what forms may hold, of a link with this code."""
    form = {**FORM, "code": near([code])}
    return st.one_of(
        st.fixed_dictionaries(form),
        st.fixed_dictionaries(form),
        st.fixed_dictionaries({}, optional=form),
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


def requests(ids: list[str], given: Mapping[str, str]) -> st.SearchStrategy[Asked]:
    """Return all that can be asked, of the accounts of these identifiers.

    Args:
        ids: of the accounts.
        given: what recipients of recordings have.
    """
    values = {
        "sid": near(SIDS),
        "call_sid": near([call_sid(PLAIN), call_sid(GOING_ON), *SIDS]),
        "user_id": near(ids),
        "case_key": near([given["case_key"]]),
        "key": near(["AR-1", given["case_key"], "AR-99", "AR-", "1", "E-22222222"]),
        "search_id": near([SAVED]),
        "number": st.sampled_from(["0", "1", "9" * 30, "x"]),
        "asked": st.sampled_from(["0", "1", "9" * 30, "-1", "x"]),
        "seq": st.sampled_from(["1", "2", "9" * 30, "-1", "x"]),
        "hash_": near(["0" * 64, ".."]),
        "targets": near([sign_targets(["+34911222333"], [AUTH_TOKEN]), "x", "_" * 7]),
        "plan": near([sign_plan(Plan(20), call_sid(PLAIN), [AUTH_TOKEN]), "x", "_" * 7]),
        "secret": near([given["secret"]]),
        "link": near([given["opened"]]),
        "ticket": near([given["ticket"]]),
        "disclosure_id": near([given["given_id"]]),
        "consent_id": st.sampled_from(["1", "1", "2", "9" * 30, "x"]),
        "filename": near(["style.css", "player.js", "../factory.py", "..%2f", "/etc/passwd"]),
    }
    return st.builds(
        Asked,
        role=st.sampled_from([None, *Role, Role.ADMIN, Role.SUPERVISOR]),
        method=st.sampled_from([None, None, None, None, *METHODS]),
        token=st.sampled_from([True, True, True, False]),
        values=st.fixed_dictionaries(values),
        after=st.sampled_from(["", "", "", "", "", "/", "//", "%00", "?"]),
        form=bodies(given["code"]),
        headers=headers,
        query=queries,
        twilios=twilios_forms,
        signed=st.sampled_from([True, True, True, False]),
    )
