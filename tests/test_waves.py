"""What an archive shows of a recording's sound."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from tests.audio.talks import ANSWER, COMPLAINT, THANKS, talk, track
from tests.factories import recording_sid
from tests.sounds import wav
from tests.transfers.house import AT_VENDOR, House
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.model.errors import CustodyRefused, NotFound
from twirec.model.waves import SoundWarning, Waveform
from twirec.model.words import Role
from twirec.sandbox.audio import Track
from twirec.settings import Settings

SILENCE = Track()
SPOKEN = talk(track((0.5, COMPLAINT)), track((8.0, ANSWER)), 16.0)


@pytest.fixture
def house(twirec_settings: Settings) -> Iterator[House]:
    house = House(twirec_settings, MemoryBucket())
    yield house
    house.archive.close()


def archived(house: House, media: bytes, seconds: int = 16, **changes: object) -> Waveform:
    held = dataclasses.replace(AT_VENDOR, duration=seconds, **changes)  # type: ignore[arg-type]
    house.vendor.add_recording(held, media)
    house.tell(duration=seconds)
    house.work()
    return house.archive.waveform(recording_sid())


def test_a_recording_shows_who_speaks_when(house: House) -> None:
    found = archived(house, SPOKEN)
    customer, agent = found.side(Role.CUSTOMER), found.side(Role.AGENT)
    assert customer is not None
    assert agent is not None
    assert customer.spans[0].start == pytest.approx(0.5, abs=0.1)
    assert agent.spans[0].start == pytest.approx(8.0, abs=0.1)
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("left", "right", "warning"),
    [
        (SILENCE, SILENCE, SoundWarning.SILENT),
        (SILENCE, track((1.0, ANSWER)), SoundWarning.CUSTOMER_SILENT),
        (track((1.0, THANKS)), SILENCE, SoundWarning.AGENT_SILENT),
    ],
)
def test_a_side_that_says_nothing_is_named(
    house: House, left: Track, right: Track, warning: SoundWarning
) -> None:
    assert archived(house, talk(left, right, 16.0)).warnings == (warning,)


def test_of_one_channel_nobody_knows_who_is_silent(house: House) -> None:
    found = archived(house, talk(track((1.0, THANKS)), SILENCE, 16.0, channels=1), channels=1)
    assert [side.role for side in found.sides] == [None]
    assert found.warnings == ()


def test_sound_that_is_cut_off_is_named(house: House) -> None:
    loud = Track(tuple((at, clip) for at, clip in track((1.0, THANKS)).clips))
    for _, clip in loud.clips:
        clip[:] = type(clip)("h", [max(-32_767, min(32_767, 40 * value)) for value in clip])
    found = archived(house, talk(loud, track((8.0, ANSWER)), 16.0))
    assert found.warnings == (SoundWarning.CLIPPED,)


def test_the_drawing_names_customer_and_agent(house: House) -> None:
    archived(house, SPOKEN)
    drawn = house.archive.draw_waveform(recording_sid(), width=400, height=80)
    assert 'class="waveform-side waveform-customer"' in drawn
    assert drawn.startswith('<svg xmlns="http://www.w3.org/2000/svg" class="waveform" width="400"')


def test_what_may_not_leave_is_not_shown(house: House) -> None:
    with pytest.raises(NotFound):
        house.archive.waveform(recording_sid())
    house.record(wav(4.0, channels=2))
    with pytest.raises(CustodyRefused):
        house.archive.waveform(recording_sid())
    house.work()
    house.archive.erase(recording_sid(), why="asked for", by="ana")
    with pytest.raises(CustodyRefused):
        house.archive.waveform(recording_sid())
