"""Agents who were informed, and those who were not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import cast

import pytest
from flask import Flask, Response

from tests.factories import call_sid, recording_sid
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.adapters.memory_vendor import MemoryVendor, Operation
from twirec.archive import Archive
from twirec.flask import Twirec
from twirec.model.errors import InvalidQuery, VendorUnavailable
from twirec.model.records import CallRecord
from twirec.model.vendor import RecordingStatus, VendorRecording
from twirec.model.vocabulary import Outcome, Reason, Uninformed, Verdict
from twirec.settings import Settings
from twirec.testing import ACCOUNT_SID, SignedPosts

AGENTS = ("+34911222333", "client:ana", "sip:Shop@PBX.example.com;transport=tls")
NAMES = ("+34911222333", "client:ana", "sip:shop@pbx.example.com")
VOICE = {"CallSid": call_sid(), "From": "+34600111222", "To": "+34911000111"}
TODAY = date(2026, 11, 23)
JOINED = {"StatusCallbackEvent": "participant-join"}


class House:
    """An app with its archive, on a clock that a test moves."""

    def __init__(self, settings: Settings, uninformed: Uninformed) -> None:
        self.time = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
        self.archive = Archive(
            replace(settings, uninformed_agents=uninformed),
            bucket=MemoryBucket(),
            vendor=MemoryVendor(),
            now=lambda: self.time,
        )
        self.archive.set_up()
        app = Flask(__name__)
        recordings = Twirec(app, self.archive)

        def voice() -> Response:
            return recordings.answer(dial=AGENTS)

        app.post("/voice")(recordings.signed(voice))
        app.post("/meet", endpoint="meet")(
            recordings.signed(lambda: recordings.answer(dial="conference:room-1"))
        )
        app.post("/join", endpoint="join")(recordings.signed(lambda: recordings.join("room-1")))
        self.post = SignedPosts(app, settings)

    def inform(self, *agents: str, on: date = TODAY) -> None:
        for agent in agents:
            self.archive.agents.inform(agent, informed_on=on, reference="annex 4", by="test")

    def record(self) -> None:
        """Let Twilio record the call from now on, and tell nobody."""
        cast("MemoryVendor", self.archive.vendor).add_recording(
            VendorRecording(
                recording_sid(),
                ACCOUNT_SID,
                call_sid(),
                RecordingStatus.IN_PROGRESS,
                started_at=self.time,
                source="DialVerb",
            )
        )

    def play(self) -> tuple[CallRecord, str]:
        """A call comes in, and its announcement is heard out."""
        self.post("/voice", VOICE)
        self.time += timedelta(seconds=15)
        connected = self.post("/twirec/connect", VOICE).text
        return self.archive.calls.get(call_sid()), connected


@pytest.fixture
def warned(twirec_settings: Settings) -> Iterator[House]:
    house = House(twirec_settings, Uninformed.WARN)
    yield house
    house.archive.close()


@pytest.fixture
def strict(twirec_settings: Settings) -> Iterator[House]:
    house = House(twirec_settings, Uninformed.DO_NOT_RECORD)
    yield house
    house.archive.close()


def test_the_consent_names_the_entry_of_every_agent_who_may_answer(strict: House) -> None:
    strict.inform(*AGENTS)
    record, connected = strict.play()
    assert record.consents[0].agents == (1, 2, 3)
    assert "record-from-answer-dual" in connected
    assert record.call.detail == ""
    assert [entry.agent for entry in strict.archive.agents.informed()] == list(NAMES)


def test_the_newest_entry_up_to_the_day_of_the_call_counts(strict: House) -> None:
    strict.inform(*AGENTS, on=date(2025, 1, 1))
    strict.inform("client:ana", on=date(2026, 1, 1))
    record, _ = strict.play()
    assert record.consents[0].agents == (1, 3, 4)


def test_with_a_warning_the_call_is_recorded_all_the_same(warned: House) -> None:
    warned.inform("client:ana")
    record, connected = warned.play()
    assert "record-from-answer-dual" in connected
    assert record.consents[0].agents == (1,)
    assert record.call.detail == "an agent is not in the register of informed agents"


def test_where_the_settings_say_so_such_a_call_is_connected_and_not_recorded(
    strict: House,
) -> None:
    strict.inform("client:ana", "+34911222333")
    record, connected = strict.play()
    assert "+34911222333" in connected
    assert "record" not in connected
    assert (record.call.outcome, record.call.reason) == (
        Outcome.NOT_RECORDED,
        Reason.AGENT_NOT_INFORMED,
    )


@pytest.mark.parametrize("agent_first", [True, False])
def test_an_agent_who_comes_before_twilio_tells_of_the_recording_ends_it(
    strict: House, agent_first: bool
) -> None:
    vendor, room = strict.archive.vendor, {"ConferenceSid": "CF" + "c" * 32, **JOINED}
    strict.post("/meet", VOICE)
    strict.time += timedelta(seconds=15)
    assert "record-from-answer-dual" in strict.post("/twirec/connect", VOICE).text
    joining = {"CallSid": call_sid(2), "From": "client:ana", "To": "+34911000222"}
    strict.post("/join", joining)
    for who in (joining, VOICE) if agent_first else (VOICE, joining):
        strict.post("/twirec/conference", {**who, **room})
    sid = vendor.live.start_recording(ACCOUNT_SID, call_sid(), status_url="")
    told = {"RecordingSid": sid, "RecordingStatus": "in-progress", "RecordingSource": "DialVerb"}
    strict.post("/twirec/status", {"CallSid": call_sid(), **told})
    assert vendor.recording(ACCOUNT_SID, sid).status is RecordingStatus.STOPPED


def meet(house: House) -> str:
    """An agent joins a call whose recording Twilio did not tell of. Return its SID."""
    house.post("/meet", VOICE)
    house.time += timedelta(seconds=15)
    house.post("/twirec/connect", VOICE)
    house.record()
    joining = {"CallSid": call_sid(2), "From": "client:ana", "To": "+34911000222"}
    house.post("/join", joining)
    for who in (VOICE, joining):
        house.post("/twirec/conference", {**who, "ConferenceSid": "CF" + "c" * 32, **JOINED})
    return recording_sid()


@pytest.mark.parametrize("second", [15, 1])
def test_two_callers_in_a_room_are_recorded_only_if_both_may_be(warned: House, second: int) -> None:
    """Who comes back after a second has not heard the announcement."""
    other = {**VOICE, "CallSid": call_sid(3), "From": "+34600333444"}
    room = {"ConferenceSid": "CF" + "c" * 32, **JOINED}
    for caller, seconds in ((VOICE, 15), (other, second)):
        warned.post("/meet", caller)
        warned.time += timedelta(seconds=seconds)
        warned.post("/twirec/connect", caller)
    warned.record()
    for caller in (VOICE, other):
        warned.post("/twirec/conference", {**caller, **room})
    status = warned.archive.vendor.recording(ACCOUNT_SID, recording_sid()).status
    both = second == 15
    assert status is (RecordingStatus.IN_PROGRESS if both else RecordingStatus.STOPPED)
    told = "" if both else "another caller in the conference may not be recorded"
    assert warned.archive.calls.get(call_sid()).call.detail == told


def test_what_twilio_did_not_tell_of_is_ended_too(strict: House) -> None:
    sid = meet(strict)
    assert strict.archive.vendor.recording(ACCOUNT_SID, sid).status is RecordingStatus.STOPPED
    assert strict.archive.calls.get(call_sid()).recordings[0].sid == sid


@pytest.mark.parametrize("failing", ["set_recording", "recordings"])
def test_what_could_not_be_ended_the_sweep_ends(strict: House, failing: Operation) -> None:
    vendor = cast("MemoryVendor", strict.archive.vendor)
    vendor.faults.add(failing, VendorUnavailable("no answer"))
    sid = meet(strict)
    assert vendor.recording(ACCOUNT_SID, sid).status is RecordingStatus.IN_PROGRESS
    strict.time += timedelta(minutes=6)
    report = strict.archive.operations.sweep()
    assert (report.stopped, report.problems) == (1, {})
    assert vendor.recording(ACCOUNT_SID, sid).status is RecordingStatus.STOPPED


@pytest.mark.parametrize("failing", ["set_recording", "recordings"])
def test_the_next_sweep_ends_it_at_once_and_once(strict: House, failing: Operation) -> None:
    """What was ordered needs not wait until a recording is five minutes old."""
    vendor, catalog = cast("MemoryVendor", strict.archive.vendor), strict.archive.catalog
    vendor.faults.add(failing, VendorUnavailable("no answer"))
    sid = meet(strict)
    (order,) = catalog.stop_orders.open()
    assert (order.sid, order.reason) == (call_sid(), Verdict.AGENT_NOT_INFORMED)
    planned = strict.archive.operations.sweep(dry_run=True).planned[sid]
    assert planned == ("adopted" if failing == "recordings" else "stopped")
    assert catalog.stop_orders.open() == [order]
    for stopped in (1, 0):
        report = strict.archive.operations.sweep()
        assert (report.stopped, report.problems) == (stopped, {})
    ended = vendor.recording(ACCOUNT_SID, sid)
    assert ended.status is RecordingStatus.STOPPED
    assert catalog.stop_orders.open() == [order]  # Twilio has not finished it
    vendor.add_recording(replace(ended, status=RecordingStatus.COMPLETED))
    strict.archive.operations.sweep()
    assert catalog.stop_orders.open() == []


def test_what_was_ended_at_once_is_no_open_order(strict: House) -> None:
    meet(strict)
    assert strict.archive.catalog.stop_orders.open() == []
    (order,) = strict.archive.catalog.stop_orders.of(ACCOUNT_SID, [call_sid()])[call_sid()]
    assert order.done_at == strict.time


def test_an_end_that_twilio_does_not_confirm_is_a_problem(
    strict: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        strict.archive.vendor.live, "set_recording", lambda *_: RecordingStatus.IN_PROGRESS
    )
    sid = meet(strict)
    strict.time += timedelta(minutes=6)
    report = strict.archive.operations.sweep()
    assert (report.stopped, report.problems) == (
        0,
        {sid: f"NotStopped: Twilio says of {sid}: in-progress."},
    )


def test_with_a_warning_the_sweep_ends_nothing(warned: House) -> None:
    sid = meet(warned)
    warned.time += timedelta(minutes=6)
    assert warned.archive.operations.sweep().stopped == 0
    assert warned.archive.vendor.recording(ACCOUNT_SID, sid).status is RecordingStatus.IN_PROGRESS


def test_a_call_that_is_off_stays_so_for_its_reason_whoever_joins(strict: House) -> None:
    strict.archive.policy.change(by="ana", why="works council", on=False)
    strict.post("/meet", VOICE)
    before = strict.archive.calls.get(call_sid()).call
    assert (before.reason, "by ana" in before.detail) == (Reason.OFF, True)
    room = {"ConferenceSid": "CF" + "c" * 32, **JOINED}
    joining = {"CallSid": call_sid(2), "From": "client:ana", "To": "+34911000222"}
    strict.post("/join", joining)
    for who in (VOICE, joining):
        strict.post("/twirec/conference", {**who, **room})
    assert strict.archive.calls.get(call_sid()).call == before


@pytest.mark.parametrize(
    ("agent", "on", "reference", "problem"),
    [
        ("ana", TODAY, "annex", "agent: give a number, client:NAME or sip:ADDRESS"),
        ("", TODAY, "annex", "agent: give a number"),
        ("client:ana", TODAY, " ", "reference: say where"),
        ("client:ana", date(2026, 11, 24), "annex", "informed_on: it is in the future"),
    ],
)
def test_an_entry_that_proves_nothing_is_refused(
    warned: House, agent: str, on: date, reference: str, problem: str
) -> None:
    with pytest.raises(InvalidQuery, match=problem):
        warned.archive.agents.inform(agent, informed_on=on, reference=reference, by="test")
    assert warned.archive.agents.informed() == []


@pytest.mark.parametrize("noun", ["conference", "queue", "sim"])
def test_whom_the_app_connects_by_another_way_is_in_no_register(
    twirec_settings: Settings, noun: str
) -> None:
    house = House(twirec_settings, Uninformed.DO_NOT_RECORD)
    inbound, fields = house.archive.webhooks.inbound, {"AccountSid": ACCOUNT_SID, **VOICE}
    inbound.answer(fields)
    house.time += timedelta(seconds=15)
    connected = inbound.connect(fields, build_dial=lambda call, dial: getattr(dial, noun)("room"))
    assert "record" not in connected
    assert house.archive.calls.get(call_sid()).call.reason is Reason.AGENT_NOT_INFORMED
    house.archive.close()
