"""Pause and resume: believed only when Twilio says so."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from tests.factories import ACCOUNT, STARTED, a_callback, call_sid, recording_sid
from tests.house import A_CALL, AT_VENDOR, House
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.model.agents import Leg
from twirec.model.errors import (
    CatalogUnavailable,
    NotAtVendor,
    NotFound,
    NotPaused,
    NotResumed,
    VendorUnavailable,
)
from twirec.model.records import Pause
from twirec.model.states import Custody, State
from twirec.model.vendor import RecordingStatus
from twirec.model.vocabulary import Role
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

ANA = "ana"


@pytest.fixture(scope="module")
def going_on() -> House:
    """A call that is being recorded: to be copied."""
    house = House(Settings.from_env(ENVIRONMENT), MemoryBucket())
    going_on = dataclasses.replace(AT_VENDOR, status=RecordingStatus.IN_PROGRESS, duration=None)
    house.vendor.add_recording(going_on)
    house.archive.operations.sweep()
    return house


@pytest.fixture
def house(going_on: House) -> House:
    return going_on.copy()


def says(house: House, status: RecordingStatus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house.vendor.live, "set_recording", lambda *_: status)


def record_twice(house: House) -> None:
    """Let Twilio record the call a second time, and not tell of it."""
    known = house.vendor.recording(ACCOUNT, recording_sid())
    house.vendor.add_recording(dataclasses.replace(known, sid=recording_sid(2)))


@pytest.mark.parametrize("sid", [call_sid(), recording_sid()])
def test_a_pause_and_its_end_are_kept_with_the_recording(house: House, sid: str) -> None:
    (pause,) = house.archive.recordings.pause(sid, by=ANA)
    assert house.vendor.recording(ACCOUNT, recording_sid()).status is RecordingStatus.PAUSED
    house.time += timedelta(seconds=30)
    house.archive.recordings.resume(sid, by="ana")
    assert house.vendor.recording(ACCOUNT, recording_sid()).status is RecordingStatus.IN_PROGRESS
    assert house.archive.calls.get(call_sid()).pauses == (
        Pause(recording_sid(), pause.paused_at, ANA, pause.paused_at + timedelta(seconds=30)),
    )
    house.archive.close()


@pytest.mark.parametrize("told", [RecordingStatus.IN_PROGRESS, RecordingStatus.UNKNOWN])
def test_a_pause_that_twilio_answers_without_paused_raises_and_is_not_written_down(
    house: House, told: RecordingStatus, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(house, told, monkeypatch)
    with pytest.raises(NotPaused, match=recording_sid()):
        house.archive.recordings.pause(call_sid(), by=ANA)
    assert house.archive.calls.get(call_sid()).pauses == ()
    house.archive.close()


@pytest.mark.parametrize("told", [True, False])
def test_an_agents_phone_may_name_its_own_leg(house: House, told: bool) -> None:
    leg = call_sid(7)
    if told:
        house.archive.catalog.agents.add_leg(Leg(ACCOUNT, leg, call_sid(), STARTED, agent=ANA))
    else:
        house.vendor.add_call(dataclasses.replace(A_CALL, sid=leg, parent_call_sid=call_sid()))
    (pause,) = house.archive.recordings.pause(leg, by=ANA)
    assert pause.recording_sid == recording_sid()
    assert house.archive.recordings.resume(leg, by=ANA) == [recording_sid()]
    house.archive.close()


def test_what_cannot_be_written_down_keeps_no_other_from_being_paused(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    record_twice(house)

    def down(*_: object, **__: object) -> None:
        raise CatalogUnavailable("The catalog cannot be used: disk I/O error.")

    monkeypatch.setattr(house.archive.catalog.pauses, "begin", down)
    with pytest.raises(CatalogUnavailable):
        house.archive.recordings.pause(call_sid(), by=ANA)
    for number in (1, 2):
        status = house.vendor.recording(ACCOUNT, recording_sid(number)).status
        assert status is RecordingStatus.PAUSED
    house.archive.close()


def test_what_cannot_go_on_is_an_error_after_all_others_did(house: House) -> None:
    record_twice(house)
    assert len(house.archive.recordings.pause(call_sid(), by=ANA)) == 2
    house.vendor.faults.add("set_recording", NotAtVendor("it ended"))
    with pytest.raises(NotAtVendor):
        house.archive.recordings.resume(call_sid(), by=ANA)
    status = house.vendor.recording(ACCOUNT, recording_sid(2)).status
    assert status is RecordingStatus.IN_PROGRESS
    assert [span.resumed_at is None for span in house.archive.calls.get(call_sid()).pauses] == [
        True,
        False,
    ]
    house.archive.close()


def test_a_recording_that_twilio_did_not_tell_of_is_paused_beside_the_known_one(
    house: House,
) -> None:
    record_twice(house)
    assert len(house.archive.recordings.pause(call_sid(), by=ANA)) == 2
    for number in (1, 2):
        status = house.vendor.recording(ACCOUNT, recording_sid(number)).status
        assert status is RecordingStatus.PAUSED
    house.archive.close()


def test_what_cannot_be_paused_is_an_error_after_all_others_were(house: House) -> None:
    record_twice(house)
    house.vendor.faults.add("set_recording", VendorUnavailable("no answer"))
    with pytest.raises(VendorUnavailable):
        house.archive.recordings.pause(call_sid(), by=ANA)
    status = house.vendor.recording(ACCOUNT, recording_sid(2)).status
    assert status is RecordingStatus.PAUSED
    house.archive.close()


def test_a_pause_that_nobody_answers_is_seen_by_who_asked(house: House) -> None:
    house.vendor.faults.add("set_recording", VendorUnavailable("no answer"))
    with pytest.raises(VendorUnavailable):
        house.archive.recordings.pause(call_sid(), by=ANA)
    house.archive.close()


def test_a_resume_that_twilio_does_not_confirm_raises_and_the_pause_stays(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.archive.recordings.pause(call_sid(), by=ANA)
    says(house, RecordingStatus.PAUSED, monkeypatch)
    with pytest.raises(NotResumed):
        house.archive.recordings.resume(call_sid(), by="ana")
    assert house.archive.calls.get(call_sid()).pauses[0].resumed_at is None
    house.archive.close()


@pytest.mark.parametrize("leg", [call_sid(), call_sid(7)])
def test_a_recording_whose_start_was_not_told_yet_is_found_at_twilio_and_paused(
    twirec_settings: Settings, leg: str
) -> None:
    house = House(twirec_settings, MemoryBucket())
    house.archive.catalog.agents.add_leg(Leg(ACCOUNT, call_sid(7), call_sid(), STARTED, agent=ANA))
    going_on = dataclasses.replace(
        AT_VENDOR, status=RecordingStatus.IN_PROGRESS, duration=None, call_sid=leg
    )
    house.vendor.add_recording(going_on)
    (pause,) = house.archive.recordings.pause(call_sid(), by=ANA)
    assert house.vendor.recording(ACCOUNT, recording_sid()).status is RecordingStatus.PAUSED
    record = house.archive.calls.get(call_sid())
    assert record.pauses == (pause,)
    (recording,) = record.recordings
    customer = recording.channel_map.index(Role.CUSTOMER)
    assert (recording.custody, customer) == (Custody.ACTIVE, 0 if leg == call_sid() else 1)
    house.archive.recordings.resume(call_sid(), by="ana")
    house.archive.close()


def test_a_call_that_is_not_recorded_cannot_be_paused(house: House) -> None:
    house.archive.catalog.recordings.receive(
        a_callback(),
        state=State.COMPLETED,
        channel_map=(),
        at=STARTED,
    )
    for sid in (call_sid(), call_sid(9)):
        with pytest.raises(NotFound):
            house.archive.recordings.pause(sid, by=ANA)
    house.archive.close()


def test_a_pause_that_is_not_resumed_stays_and_is_reported(house: House) -> None:
    house.archive.recordings.pause(call_sid(), by=ANA)
    assert house.archive.operations.sweep().problems == {}
    house.time += timedelta(minutes=16)
    assert house.archive.operations.sweep().problems[recording_sid()].startswith("paused since")
    assert house.vendor.recording(ACCOUNT, recording_sid()).status is RecordingStatus.PAUSED
    house.archive.close()


@pytest.mark.parametrize(
    ("minutes", "problem"), [(10, ""), (20, "it ended while paused since 2026-11-23 10:16:00")]
)
def test_a_pause_ends_with_the_recording_and_is_reported_once_if_it_was_long(
    house: House, minutes: int, problem: str
) -> None:
    (pause,) = house.archive.recordings.pause(call_sid(), by=ANA)
    lasted = house.time + timedelta(minutes=minutes) - STARTED
    house.time += timedelta(hours=1)
    house.vendor.add_recording(dataclasses.replace(AT_VENDOR, duration=int(lasted.total_seconds())))
    told = house.archive.operations.sweep().problems.get(recording_sid(), "")
    assert told.startswith(problem)
    assert bool(told) is bool(problem)
    (span,) = house.archive.calls.get(call_sid()).pauses
    assert span.resumed_at == pause.paused_at + timedelta(minutes=minutes)
    assert house.archive.operations.sweep().problems == {}
    house.archive.close()


def test_a_pause_of_what_is_paused_is_the_same_pause(house: House) -> None:
    (first,) = house.archive.recordings.pause(call_sid(), by=ANA)
    house.time += timedelta(seconds=30)
    assert house.archive.recordings.pause(call_sid(), by="bea") == [first]
    assert house.archive.calls.get(call_sid()).pauses == (first,)
    house.archive.recordings.resume(call_sid(), by=ANA)
    house.time += timedelta(seconds=30)
    (second,) = house.archive.recordings.pause(call_sid(), by="bea")
    assert len(house.archive.calls.get(call_sid()).pauses) == 2
    assert second.by == "bea"
    house.archive.close()


@pytest.mark.parametrize("sid", [call_sid(), recording_sid()])
def test_whose_call_it_is_says_nothing_of_what_is_recorded(house: House, sid: str) -> None:
    house.tell()
    assert house.archive.webhooks.pausing.calls_of(sid) == [call_sid()]
