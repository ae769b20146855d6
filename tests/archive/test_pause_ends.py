"""A pause that nobody ends: a worker does, when the settings say so, with nobody's page open."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.factories import ACCOUNT, a_callback, call_sid, recording_sid
from tests.house import AT_VENDOR, House
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.model.errors import VendorUnavailable
from twirec.model.states import State
from twirec.model.vendor import RecordingStatus
from twirec.settings import Settings

SID = recording_sid()
PAUSED, GOES_ON = RecordingStatus.PAUSED, RecordingStatus.IN_PROGRESS
LONGEST = timedelta(seconds=120)


def house_with(settings: Settings, longest: timedelta | None) -> House:
    house = House(replace(settings, longest_pause=longest), MemoryBucket())
    house.vendor.add_recording(replace(AT_VENDOR, status=GOES_ON, duration=None))
    house.archive.operations.sweep()
    house.archive.recordings.pause(call_sid(), by="ana")
    return house


@pytest.fixture
def house(twirec_settings: Settings) -> House:
    """A call that is paused, where a pause may last two minutes."""
    return house_with(twirec_settings, LONGEST)


def after(house: House, **time: float) -> RecordingStatus:
    """Return what Twilio says of the recording when some time has gone by and a worker worked."""
    house.time += timedelta(**time)
    house.archive.operations.worker(1).run_once()
    return house.vendor.recording(ACCOUNT, SID).status


def entries(house: House) -> list[tuple[Any, ...]]:
    return [
        (each.by, each.outcome, each.detail.get("longest_pause"), each.detail.get("error"))
        for each in house.archive.audit.log(action="resume")
    ]


def test_it_ends_when_it_has_lasted_as_long_as_it_may_and_the_log_says_by_what(
    house: House,
) -> None:
    assert after(house, seconds=119) is PAUSED
    assert entries(house) == []
    assert after(house, seconds=1) is GOES_ON
    (pause,) = house.archive.calls.get(call_sid()).pauses
    assert pause.resumed_at == pause.paused_at + LONGEST
    assert entries(house) == [("twirec", "done", 120, None), ("twirec", "tried", 120, None)]
    after(house, hours=1)
    assert len(entries(house)) == 2


def test_one_that_somebody_ended_is_not_ended_again_and_the_next_one_has_all_its_time(
    house: House,
) -> None:
    house.time += timedelta(seconds=100)
    house.archive.recordings.resume(call_sid(), by="ana")
    house.archive.recordings.pause(call_sid(), by="ana")
    assert after(house, seconds=60) is PAUSED
    assert after(house, seconds=60) is GOES_ON
    assert [by for by, *_ in entries(house)] == ["twirec", "twirec", "ana", "ana"]


def test_pausing_once_more_what_is_paused_does_not_put_its_end_off(house: House) -> None:
    house.time += timedelta(seconds=100)
    house.archive.recordings.pause(call_sid(), by="ana")
    assert after(house, seconds=20) is GOES_ON


def test_of_a_call_that_is_over_nothing_is_asked(house: House) -> None:
    callback = a_callback()
    house.archive.catalog.recordings.receive(
        callback, state=State.COMPLETED, channel_map=(), at=house.time
    )
    after(house, seconds=200)
    assert entries(house) == []
    assert house.archive.jobs.do("pause", SID) is None


def test_while_twilio_is_away_it_is_tried_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as away:

        def no_answer(*_: object) -> RecordingStatus:
            raise VendorUnavailable("Twilio does not answer")

        away.setattr(house.vendor.live, "set_recording", no_answer)
        assert after(house, seconds=120) is PAUSED
    assert entries(house)[0] == ("twirec", "failed", 120, "VendorUnavailable")
    assert after(house, seconds=10) is GOES_ON
    assert entries(house)[0] == ("twirec", "done", 120, None)


def test_a_queue_ends_it_by_its_key(house: House) -> None:
    assert house.archive.jobs.do("pause", SID) == house.time + LONGEST
    house.time += LONGEST
    assert house.archive.jobs.do("pause", SID) is None
    assert house.vendor.recording(ACCOUNT, SID).status is GOES_ON


def test_without_the_setting_it_lasts_until_somebody_ends_it(twirec_settings: Settings) -> None:
    house = house_with(twirec_settings, None)
    assert after(house, hours=20) is PAUSED
    assert entries(house) == []
