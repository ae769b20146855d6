"""Each consent mode with each key, in calls out: placed over the API, and dialled by an agent."""

from __future__ import annotations

import io
import wave
from array import array
from collections.abc import Callable

import pytest

from tests.end_to_end.site import Site
from tests.end_to_end.test_calls import energy
from tests.end_to_end.test_modes import (
    BEHAVIOURS,
    CELLS,
    EXPECTED,
    REASONS,
    check_labels,
    check_sides,
)
from twirec.model.states import State
from twirec.model.words import ConsentMode, Outcome, Reason, Role
from twirec.sandbox import Faults

WAYS: dict[str, Callable[[Site, str], str]] = {
    "api": lambda site, behaviour: site.call_out(BEHAVIOURS[behaviour]),
    "agent": lambda site, behaviour: site.dial_out(BEHAVIOURS[behaviour]),
}
CHANNELS = {"api": (Role.CUSTOMER, Role.AGENT), "agent": (Role.AGENT, Role.CUSTOMER)}


@pytest.mark.parametrize(("mode", "behaviour"), CELLS)
@pytest.mark.parametrize("way", WAYS)
def test_a_call_out_is_recorded_only_after_the_answer_that_the_mode_needs(
    site: Site, way: str, mode: ConsentMode, behaviour: str
) -> None:
    site.archive.change_policy(by="test", why="test", mode=mode)
    sid = WAYS[way](site, behaviour)
    site.work_on()
    outcome = EXPECTED[mode][behaviour]
    record = site.archive.show(sid)
    (consent,) = record.consents
    assert consent.outcome is outcome
    if outcome.allows_recording:
        (recording,) = record.recordings
        assert recording.state is State.RELEASED
        assert recording.channel_map == CHANNELS[way]
        check_labels(site, recording, mode, consent)
        check_sides(site, recording)
        assert record.call.outcome is Outcome.RECORDED
    else:
        assert site.sandbox.recordings == []
        assert (record.call.outcome, record.call.reason) == (
            Outcome.NOT_RECORDED,
            REASONS[outcome],
        )


@pytest.mark.parametrize("way", WAYS)
def test_each_side_is_on_the_channel_that_the_map_says(site: Site, way: str) -> None:
    sid = WAYS[way](site, "silent")
    site.work_on()
    (recording,) = site.archive.show(sid).recordings
    with wave.open(io.BytesIO(site.bytes_of(recording))) as audio:
        samples = array("h", audio.readframes(audio.getnframes()))
    channels = [samples[0::2], samples[1::2]]
    customer = channels[recording.channel_map.index(Role.CUSTOMER)]
    agent = channels[recording.channel_map.index(Role.AGENT)]
    assert energy(customer, 1, 5) > 100 > energy(agent, 1, 5)
    assert energy(agent, 9, 13) > 100 > energy(customer, 9, 13)


def test_an_agents_call_whose_announcement_fails_goes_on_unrecorded(site: Site) -> None:
    sid = site.dial_out(BEHAVIOURS["silent"], faults=Faults(say_fails=True))
    call = site.archive.show(sid).call
    assert call.reason is Reason.ANNOUNCEMENT_FAILED
    assert site.sandbox.recordings == []
