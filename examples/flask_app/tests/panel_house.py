"""An archive with calls of all kinds, an app on it, and browsers of people of every role."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache
from panel_databases import Databases
from werkzeug.test import TestResponse

from callpanel import create_app
from callpanel.roles import Role as StaffRole
from twirec import (
    Actor,
    Announcement,
    Archive,
    Call,
    Consent,
    ConsentMode,
    ConsentOutcome,
    Direction,
    LegalBasis,
    Note,
    Outcome,
    Pause,
    Reason,
    Recording,
    Role,
    Settings,
    State,
)
from twirec.model.audit import AuditDraft
from twirec.model.crc32c import Crc32c
from twirec.sandbox.audio import RATE, Talk, Track, wav
from twirec.sandbox.parties import Line
from twirec.testing import ACCOUNT_SID, ENVIRONMENT

STARTED = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
NOW = STARTED + timedelta(hours=1)
SECONDS = 6
LINE = "+34911222333"
OWN_NUMBER = "+34911000111"
PASSWORD = "cuatro palabras de prueba"

SAVED = "0" * 32
"""The id of a search that Ana saved for all."""

PLAIN, HIDDEN, GOING_ON, OF_ANOTHER, PARKED, ERASED, BLOCKED, REFUSED, OUT = range(1, 10)
"""The calls; the recording of a call has its number."""

NUMBERS = {
    PLAIN: "+34600111222",
    HIDDEN: "+34600333444",
    GOING_ON: "+34600555666",
    OF_ANOTHER: "+34600777888",
    PARKED: "+34600999000",
    ERASED: "+34611111222",
    BLOCKED: "+34611333444",
    REFUSED: "anonymous",
    OUT: "+447700900123",
}
WORDING = Announcement("es-ES", "Polly.Lucia", "Esta llamada se graba.")

NOTHING_ASKED = {"outcome": "", "direction": "", "reason": "", "consent": "", "state": ""}
"""What the form of the search says where nothing was chosen."""


class Compiled(BytecodeCache):
    """Templates that were compiled for an app serve the next one too."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill in what is kept of a template."""
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a template."""
        self._kept[bucket.key] = bucket.bytecode_to_string()


COMPILED = Compiled()

PEOPLE = {
    "ana": StaffRole.ADMIN,
    "sergio": StaffRole.SUPERVISOR,
    "aurora": StaffRole.AUDITOR,
    "alex": StaffRole.AGENT,
}
NAMES = {role: name for name, role in PEOPLE.items()}


def call_sid(number: int) -> str:
    return f"CA{number:032x}"


def recording_sid(number: int) -> str:
    return f"RE{number:032x}"


def object_name(number: int) -> str:
    return f"recordings/2026/11/23/20261123T101500Z_{recording_sid(number)}.wav"


def speech() -> bytes:
    """Two people who talk for six seconds, each on a channel."""

    def track(at: float, line: str) -> Track:
        return Track(((round(at * RATE), Line(line).samples()),))

    talk = Talk(track(0.2, "customer_complaint"), track(3, "agent_answer"), SECONDS * RATE)
    return b"".join(wav(talk, 2))


@dataclass(frozen=True)
class Pass:
    """What somebody's browser keeps."""

    cookie: str
    token: str


@dataclass(frozen=True)
class Template:
    """A folder with everything, to be copied, and what the browsers of its people keep."""

    folder: Path
    passes: Mapping[StaffRole | None, Pass]
    ids: Mapping[str, str]
    wav: bytes
    given: Mapping[str, str]
    """What recipients have: a link with its code, and another one that was opened."""
    databases: Databases

    def copy(self, folder: Path) -> Path:
        """Copy everything into a folder that is not there yet."""
        shutil.copytree(self.folder, folder)
        self.databases.copy(settings_of(folder))
        return folder

    @property
    def named(self) -> dict[str, str]:
        """What stands in paths for an account, or for what a recipient has."""
        return {**self.ids, **self.given}


class Browser:
    """Somebody's browser: it keeps cookies, and sends the token with its forms.

    Args:
        app: the app.
        kept: what it keeps from before.
    """

    def __init__(self, app: Flask, kept: Pass | None = None) -> None:
        self.client: FlaskClient = app.test_client()
        self.token = kept.token if kept else ""
        self._cookie = app.config["SESSION_COOKIE_NAME"]
        if kept:
            self.client.set_cookie(self._cookie, kept.cookie, domain="localhost", secure=True)

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.client.get(path, **{"buffered": True, **more})

    def post(self, path: str, form: Mapping[str, Any] | None = None, **more: Any) -> TestResponse:
        """Post a form, with the token."""
        headers = {"Referer": "https://localhost/", **more.pop("headers", {})}
        data = {"csrf_token": self.token, **(form or {})}
        more = {"buffered": True, **more}
        return self.client.post(path, data=data, headers=headers, **more)

    def read_token(self, path: str = "/sign-in") -> str:
        self.token = token_in(self.get(path, follow_redirects=True).text)
        return self.token

    def sign_in(self, name: str, password: str = PASSWORD, path: str = "/sign-in") -> TestResponse:
        self.read_token(path)
        answer = self.post(path, {"name": name, "password": password})
        if answer.status_code == 302:
            self.read_token("/")
        return answer

    def cookie(self) -> str:
        found = self.client.get_cookie(self._cookie)
        return found.value if found else ""


def token_in(page: str) -> str:
    found = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page)
    assert found, page
    return found[1]


def settings_of(folder: Path) -> dict[str, str]:
    return {
        **ENVIRONMENT,
        "TWIREC_BUCKET": f"file://{folder}/bucket",
        "TWIREC_DATABASE_URL": f"sqlite:///{folder}/catalog.db",
        "TWIREC_TWILIO_API_URL": "http://127.0.0.1:9",  # nobody is there
        "CALLPANEL_SECRET_KEY": "a secret key for tests, as long as it has to be",
        "CALLPANEL_LINES": f"{OWN_NUMBER}={LINE};+34911000222=client:berta",
        "CALLPANEL_DATABASE_URL": f"sqlite:///{folder}/callpanel.db",
        "CALLPANEL_METRICS_TOKEN": "a token for tests, as long as it has to be",
    }


def open_archive(environ: Mapping[str, str], **given: Any) -> Archive:
    """Return an archive whose clock stands at an hour after the calls."""
    return Archive(Settings.from_env(environ), now=lambda: NOW, **given)


def make_app(environ: Mapping[str, str], archive: Archive) -> Flask:
    """Return the app as it is deployed; what goes wrong in it comes out."""
    app = create_app(environ, archive=archive)
    app.config.update(PREFERRED_URL_SCHEME="https", PROPAGATE_EXCEPTIONS=True)
    app.jinja_env.bytecode_cache = COMPILED
    return app


@dataclass(frozen=True)
class House:
    """A copy of everything, and an app on it."""

    app: Flask
    folder: Path


@contextmanager
def house_of(template: Template, folder: Path) -> Iterator[House]:
    environ = settings_of(template.copy(folder))
    archive = open_archive(environ)
    yield House(make_app(environ, archive), folder)
    archive.close()


def _call(number: int, **changes: Any) -> Call:
    fields: dict[str, Any] = {
        "account_sid": ACCOUNT_SID,
        "call_sid": call_sid(number),
        "direction": Direction.IN,
        "customer_number": NUMBERS[number],
        "own_number": OWN_NUMBER,
        "started_at": STARTED - timedelta(minutes=number),
        "announced_at": STARTED - timedelta(minutes=number),
        "announcement": WORDING.hash,
        "dial": (LINE,),
        "channel_map": (Role.CUSTOMER, Role.AGENT),
        "leg": call_sid(number),
        "ended_at": None if number in (GOING_ON, OF_ANOTHER) else STARTED + timedelta(minutes=1),
        "mode": ConsentMode.ANNOUNCE,
        "legal_basis": LegalBasis.CONTRACT,
    }
    return Call(**fields | changes)


def _consent(number: int, outcome: ConsentOutcome) -> Consent:
    return Consent(
        ACCOUNT_SID,
        call_sid(number),
        call_sid(number),
        outcome,
        "announcement",
        WORDING.hash,
        "es-ES",
        STARTED - timedelta(minutes=number),
    )


def _recording(number: int, state: State, **changes: Any) -> Recording:
    fields: dict[str, Any] = {
        "sid": recording_sid(number),
        "account_sid": ACCOUNT_SID,
        "call_sid": call_sid(number),
        "state": state,
        "source": "DialVerb",
        "started_at": STARTED,
        "duration": SECONDS,
        "channels": 2,
        "channel_map": (Role.CUSTOMER, Role.AGENT),
    }
    return Recording(**fields | changes)


def fill(archive: Archive, sound: bytes) -> None:
    catalog = archive.catalog
    catalog.announcements.keep(WORDING, STARTED)
    later = NOW + timedelta(days=1)
    stored = {
        "size": len(sound),
        "crc32c": str(Crc32c(sound)),
        "sha256": hashlib.sha256(sound).hexdigest(),
    }
    for number, state, changes in (
        (PLAIN, State.RELEASED, {"object_name": object_name(PLAIN), **stored}),
        (HIDDEN, State.RELEASED, {"object_name": object_name(HIDDEN), **stored}),
        (GOING_ON, State.RECORDING, {"duration": None}),
        (OF_ANOTHER, State.RECORDING, {"duration": None}),
        (PARKED, State.COMPLETED, {"last_error": "Twilio answered with an error (HTTP 500)"}),
        (ERASED, State.ERASED, {}),
        (BLOCKED, State.RELEASED, {"object_name": object_name(BLOCKED), **stored}),
        (OUT, State.ARCHIVED, {"object_name": object_name(OUT), "due_at": later, **stored}),
    ):
        dial = ("client:berta",) if number == OF_ANOTHER else (LINE,)
        way = Direction.OUT if number == OUT else Direction.IN
        catalog.ledger.open_call(_call(number, dial=dial, direction=way))
        if number != HIDDEN:
            catalog.consents.record(_consent(number, ConsentOutcome.INFORMED), None)
        catalog.recordings.adopt(_recording(number, state, **changes))
        if "object_name" in changes:
            archive.bucket.put(
                object_name(number),
                [sound],
                content_type="audio/x-wav",
                labels={},
                custom_time=STARTED,
                finish=dict,
            )
    not_recorded = {"outcome": Outcome.NOT_RECORDED, "reason": Reason.REFUSED}
    catalog.ledger.open_call(_call(REFUSED, **not_recorded))
    catalog.consents.record(_consent(REFUSED, ConsentOutcome.REFUSED), Reason.REFUSED)
    note = Note(ACCOUNT_SID, call_sid(PLAIN), "ana", STARTED, "asks for a refund", "C-7")
    by_ana = AuditDraft(STARTED, "ana", "admin", "annotate", sid=call_sid(PLAIN))
    catalog.notes.add(note, by_ana)
    paused_at, by_alex = (
        STARTED + timedelta(seconds=2),
        partial(AuditDraft, by="alex", role="agent"),
    )
    said = {"at": paused_at, "sid": recording_sid(PLAIN)}
    pause = Pause(recording_sid(PLAIN), paused_at, "alex")
    catalog.pauses.begin(pause, by_alex(action="pause", **said))
    resumed_at = STARTED + timedelta(seconds=3)
    catalog.pauses.end(recording_sid(PLAIN), resumed_at, by_alex(action="resume", **said))


def disclose(archive: Archive) -> dict[str, str]:
    """Give a recording to two, of whom one has opened it; return what they have."""
    disclosures = archive.custody.disclosures
    waiting, opened = (
        disclosures.give(
            recording_sid(PLAIN),
            recipient=recipient,
            purpose="claim C-7",
            ground="court_order",
            reference="auto 7/2026",
            by=Actor("ana", "admin"),
        )
        for recipient in ("Juzgado 3", "Juzgado 5")
    )
    secret, other = (each.link.rpartition("/")[2] for each in (waiting, opened))
    ticket = disclosures.open(other, opened.code).ticket
    disclosures.consent(
        recording_sid(PLAIN),
        participant="customer",
        recipient="Seguros Norte",
        purpose="claim C-7",
        given_on="2026-11-03",
        how="writing",
        evidence="letter",
        by=Actor("ana", "admin"),
    )
    return {
        "secret": secret,
        "code": waiting.code,
        "opened": other,
        "ticket": ticket,
        "given_id": waiting.disclosure.id,
    }


def complain(archive: Archive) -> dict[str, str]:
    """Open a case about a call of which nothing is recorded; return its key."""
    opened = archive.cases.open(
        call_sid(REFUSED), "complaint", content="two invoices", by=Actor("alex", "agent")
    )
    return {"case_key": opened.case.key}


def without_what_differs(answer: TestResponse) -> tuple[int, str]:
    """Return an answer without the tokens, which are new every second."""
    return answer.status_code, re.sub(r'value="[^"]+"', "", answer.text)
