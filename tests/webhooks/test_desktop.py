"""The routes of an agent's desktop: pause what is recorded of a call, and let it go on."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, request
from flask.testing import FlaskClient

from tests.factories import SEEING, a_call, a_callback, call_sid, recording_sid
from twirec.adapters.memory_vendor import MemoryVendor
from twirec.archive import Archive
from twirec.flask import Twirec
from twirec.model.access import Actor
from twirec.model.errors import VendorUnavailable
from twirec.model.records import CallRecord
from twirec.model.states import State
from twirec.model.steady import left
from twirec.model.vendor import RecordingStatus, VendorRecording
from twirec.model.vocabulary import Role
from twirec.testing import ACCOUNT_SID

BOTH = (Role.CUSTOMER, Role.AGENT)


def signed_in(record: CallRecord) -> str | None:
    """Only Ana is connected with this call."""
    who = request.headers.get("X-Who")
    return who if who == "ana" and record.call.call_sid == call_sid() else None


@pytest.fixture
def vendor(twirec_archive: Archive) -> MemoryVendor:
    vendor = twirec_archive.vendor
    assert isinstance(vendor, MemoryVendor)
    vendor.add_recording(
        VendorRecording(recording_sid(), ACCOUNT_SID, call_sid(), RecordingStatus.IN_PROGRESS)
    )
    return vendor


@pytest.fixture
def client(twirec_archive: Archive, vendor: MemoryVendor) -> FlaskClient:
    catalog = twirec_archive.catalog
    catalog.ledger.open_call(a_call(account_sid=ACCOUNT_SID))
    catalog.recordings.receive(
        a_callback(account_sid=ACCOUNT_SID, status=RecordingStatus.IN_PROGRESS),
        state=State.RECORDING,
        channel_map=BOTH,
        at=twirec_archive.now(),
    )
    app = Flask(__name__)
    Twirec(app, twirec_archive, may_pause=signed_in)
    return app.test_client()


def test_an_agent_pauses_and_resumes_their_own_call(
    client: FlaskClient, twirec_archive: Archive
) -> None:
    paused = client.post(f"/twirec/pause/{call_sid()}", headers={"X-Who": "ana"})
    assert (paused.status_code, paused.json) == (200, {"recordings": [recording_sid()]})
    (pause,) = twirec_archive.calls.get(call_sid(), **SEEING).pauses
    assert (pause.by, pause.resumed_at) == ("ana", None)
    resumed = client.post(f"/twirec/resume/{call_sid()}", headers={"X-Who": "ana"})
    assert (resumed.status_code, resumed.json) == (200, {"recordings": [recording_sid()]})
    assert twirec_archive.calls.get(call_sid(), **SEEING).pauses[0].resumed_at is not None


@pytest.mark.parametrize("step", ["pause", "resume"])
def test_all_that_is_asked_for_it_takes_three_seconds_at_the_most(
    client: FlaskClient, twirec_archive: Archive, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    seconds = []

    def timed(*_given: object, **_more: object) -> list[str]:
        seconds.append(left(60.0))
        return []

    monkeypatch.setattr(twirec_archive.recordings, step, timed)
    answer = client.post(f"/twirec/{step}/{call_sid()}", headers={"X-Who": "ana"})
    assert answer.status_code == 200
    assert 0 < seconds[0] <= 3.0


@pytest.mark.parametrize("step", ["pause", "resume"])
@pytest.mark.parametrize("who", [{}, {"X-Who": "eva"}])
def test_nobody_else_does(
    client: FlaskClient, twirec_archive: Archive, step: str, who: dict[str, str]
) -> None:
    refused = client.post(f"/twirec/{step}/{call_sid()}", headers=who)
    assert refused.status_code == 403
    assert twirec_archive.calls.get(call_sid(), **SEEING).pauses == ()


@pytest.mark.parametrize("nobody", [None, "", False])
def test_a_function_that_names_nobody_lets_nobody_pause(
    client: FlaskClient, twirec_archive: Archive, nobody: Any
) -> None:
    app = Flask(__name__)
    Twirec(app, twirec_archive, may_pause=lambda record: nobody)
    assert app.test_client().post(f"/twirec/pause/{call_sid()}").status_code == 403
    assert client  # the call is being recorded


def test_a_call_that_is_not_known_is_404(client: FlaskClient) -> None:
    gone = client.post(f"/twirec/pause/{call_sid(9)}", headers={"X-Who": "ana"})
    assert gone.status_code == 404


def test_a_pause_that_twilio_does_not_confirm_is_an_error_that_the_desktop_sees(
    client: FlaskClient, vendor: MemoryVendor
) -> None:
    vendor.faults.add("set_recording", VendorUnavailable("no answer"))
    failed = client.post(f"/twirec/pause/{call_sid()}", headers={"X-Who": "ana"})
    assert failed.status_code == 502
    assert "no answer" in (failed.json or {})["error"]


def test_without_a_function_that_says_who_may_there_are_no_such_routes(
    twirec_archive: Archive,
) -> None:
    app = Flask(__name__)
    Twirec(app, twirec_archive)
    assert app.test_client().post(f"/twirec/pause/{call_sid()}").status_code == 404


def test_a_csrf_protection_covers_them_and_spares_the_routes_of_twilio(
    twirec_archive: Archive,
) -> None:
    exempted = []

    class Protection:
        def exempt(self, routes: object) -> None:
            exempted.append(routes)

    app = Flask(__name__)
    app.extensions["csrf"] = Protection()
    Twirec(app, twirec_archive, may_pause=signed_in)
    # a recipient of a recording proves who they are by link and code, and has no cookie
    assert exempted == [app.blueprints["twirec"], app.blueprints["twirec_disclosed"]]
    assert "twirec_desktop" in app.blueprints


@pytest.mark.parametrize(
    ("who", "status"),
    [
        (Actor("ana", "agent"), 200),
        (Actor("ana", "Agent"), 200),
        (Actor("ana", "auditor"), 403),
        (Actor(""), 403),
    ],
)
def test_who_is_signed_in_may_have_a_role(
    client: FlaskClient, twirec_archive: Archive, who: Actor, status: int
) -> None:
    app = Flask(__name__)
    Twirec(app, twirec_archive, may_pause=lambda record: who)
    assert app.test_client().post(f"/twirec/pause/{call_sid()}").status_code == status
    roles = {entry.role for entry in twirec_archive.audit.log()}
    assert roles == ({who.role.lower()} if who.name else set())
