"""What an archive shows of a recording's sound."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.audio.talks import ANSWER, COMPLAINT, THANKS, talk, track
from tests.erasing import destroy
from tests.factories import STARTED, a_call, a_consent, call_sid, recording_sid
from tests.house import AT_VENDOR, House
from tests.sounds import wav
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.model.errors import CustodyRefused, NotAudio, NotFound
from twirec.model.states import State
from twirec.model.vocabulary import Direction, Role
from twirec.model.waveform import SoundWarning, Waveform
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
    return house.archive.recordings.waveform(recording_sid())


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
    house: House,
    caplog: pytest.LogCaptureFixture,
    left: Track,
    right: Track,
    warning: SoundWarning,
) -> None:
    caplog.set_level("INFO", "twirec.transfer")
    assert archived(house, talk(left, right, 16.0)).warnings == (warning,)
    assert f"{recording_sid()}: its sound looks wrong: {warning}" in caplog.text


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
    drawn = house.archive.recordings.draw_waveform(recording_sid(), width=400, height=80)
    assert 'class="waveform-side waveform-customer"' in drawn
    assert drawn.startswith('<svg xmlns="http://www.w3.org/2000/svg" class="waveform" width="400"')


# --- measured once ----------------------------------------------------------------------------


def test_it_is_measured_while_it_is_transferred_and_not_read_again(house: House) -> None:
    found = archived(house, SPOKEN)
    assert house.archive.catalog.waveforms.get(recording_sid()) is not None
    stored = house.bucket.stat(house.recording().object_name or "")
    house.bucket.delete(stored.name, stored.generation)
    assert house.archive.recordings.waveform(recording_sid()) == found


def test_a_lost_waveform_is_measured_again_from_the_bucket(house: House) -> None:
    found = archived(house, SPOKEN)
    with house.archive.catalog.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM waveforms")
    assert house.archive.recordings.waveform(recording_sid()) == found
    assert house.archive.catalog.waveforms.get(recording_sid()) is not None


@pytest.mark.parametrize("what", ["Meter.feed", "Meter.waveform", "Meter.__init__"])
@pytest.mark.parametrize("error", [RuntimeError("an error of ours"), NotAudio("too long")])
def test_what_cannot_be_measured_is_transferred_all_the_same(
    house: House, monkeypatch: pytest.MonkeyPatch, what: str, error: Exception
) -> None:
    def fail(*_: object) -> None:
        raise error

    with monkeypatch.context() as broken:
        broken.setattr(f"twirec.transfers.verifying_reader.{what}", fail)
        house.record(wav(4.0, channels=2))
        assert house.work().state is State.RELEASED
    assert house.archive.catalog.waveforms.get(recording_sid()) is None
    assert house.archive.recordings.waveform(recording_sid()).seconds == 4.0


def test_a_waveform_that_cannot_be_kept_holds_no_transfer_up(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> dict[str, object]:
        raise ZeroDivisionError

    monkeypatch.setattr("twirec.catalog.due_work.waveform_row", fail)
    house.record(wav(4.0, channels=2))
    assert house.work().state is State.RELEASED


def test_nothing_of_it_stays_when_the_recording_is_erased(house: House) -> None:
    archived(house, SPOKEN)
    destroy(house.archive, recording_sid(), "asked for")
    assert house.work_on().state is State.ERASED
    assert house.archive.catalog.waveforms.get(recording_sid()) is None


def test_recording_needs_nothing_of_the_audio_extra() -> None:
    blocked = (
        "import sys; sys.modules.update({'pydub': None, 'imageio_ffmpeg': None, 'audioop': None})"
    )
    subprocess.run(
        [sys.executable, "-W", "error", "-c", f"{blocked}; import twirec, twirec.audio.waveform"],
        check=True,
    )


# --- swapped channels -------------------------------------------------------------------------


def hold(house: House, number: int, first: int, direction: Direction = Direction.IN) -> str:
    """Let the archive hold a recording in which channel 1 or 2 speaks first."""
    started = STARTED + timedelta(minutes=number)
    house.archive.catalog.ledger.open_call(
        a_call(call_sid=call_sid(number), started_at=started, direction=direction)
    )
    house.archive.catalog.consents.record(a_consent(call_sid=call_sid(number)), None)
    sides = (track((1.0, ANSWER)), track((9.0, THANKS)))
    media = talk(*(sides if first == 1 else sides[::-1]), 16.0)
    held = dataclasses.replace(
        AT_VENDOR,
        sid=recording_sid(number),
        call_sid=call_sid(number),
        duration=16,
        started_at=started,
    )
    house.vendor.add_recording(held, media)
    house.tell(recording_sid=held.sid, call_sid=held.call_sid, duration=16, started_at=started)
    return held.sid


def warned(house: House, firsts: list[int], direction: Direction = Direction.IN) -> bool:
    """Whether the last of some recordings looks swapped."""
    sids = [hold(house, number, first, direction) for number, first in enumerate(firsts, 10)]
    house.time += timedelta(hours=1)
    house.archive.operations.worker(threads=1).run_once()
    return SoundWarning.PERHAPS_SWAPPED in house.archive.recordings.waveform(sids[-1]).warnings


def test_channels_look_swapped_where_customers_greet_most_callers(house: House) -> None:
    assert warned(house, [1] * 10)


@pytest.mark.parametrize(
    "firsts",
    [
        [1] * 9,  # too few to tell
        [2, 2, 2, *[1] * 9],  # three of twelve agents greeted
        [*[1] * 10, 2],  # in this one the agent did
    ],
)
def test_a_customer_who_speaks_first_is_not_suspicious_alone(
    house: House, firsts: list[int]
) -> None:
    assert not warned(house, firsts)


def test_whoever_is_called_may_well_greet_first(house: House) -> None:
    assert not warned(house, [1] * 10, Direction.OUT)


# --- who may see it ---------------------------------------------------------------------------


def test_what_may_not_leave_is_not_shown(house: House) -> None:
    with pytest.raises(NotFound):
        house.archive.recordings.waveform(recording_sid())
    house.record(wav(4.0, channels=2))
    with pytest.raises(CustodyRefused):
        house.archive.recordings.waveform(recording_sid())
    house.work()
    destroy(house.archive, recording_sid(), "asked for")
    with pytest.raises(CustodyRefused):
        house.archive.recordings.waveform(recording_sid())
