"""Who speaks when, of the demo's calls: as they were told to, on real HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.site import OWN_NUMBER, Site
from twirec.cli.scenes import expected_of
from twirec.model.states import State
from twirec.model.vocabulary import Role
from twirec.model.waveform import Span
from twirec.sandbox import Party
from twirec.sandbox.scenes import SCENES

NEAR = 0.1
SPEAKING = [scene for scene in SCENES if expected_of(scene).state is State.RELEASED]


def told(party: Party) -> list[Span]:
    """When a party speaks, in seconds of the recording, which begins when the agent answers."""
    return [
        Span(pytest.approx(line.at, abs=NEAR), pytest.approx(line.at + line.seconds, abs=NEAR))
        for line in party.says
    ]


def test_both_sides_of_the_demos_calls_speak_when_they_were_told_to(tmp_path: Path) -> None:
    with Site(tmp_path, f"file://{tmp_path}/bucket").running() as site:
        calls = [
            site.sandbox.call(
                from_=scene.customer,
                to=OWN_NUMBER,
                caller=scene.caller,
                callee=scene.callee,
                faults=scene.faults,
            )
            for scene in SPEAKING
        ]
        for call in calls:
            call.wait(timeout=120)
        site.archive.operations.sweep()
        site.work_on()
        for scene, call in zip(SPEAKING, calls, strict=True):
            (recording,) = site.archive.calls.get(call.sid).recordings
            assert site.archive.catalog.waveforms.get(recording.sid) is not None
            found = site.archive.recordings.waveform(recording.sid)
            customer, agent = found.side(Role.CUSTOMER), found.side(Role.AGENT)
            assert customer is not None
            assert agent is not None
            assert list(customer.spans) == told(scene.caller), scene.title
            assert list(agent.spans) == told(scene.callee), scene.title
            assert found.warnings == ()
    assert len(SPEAKING) >= 4
