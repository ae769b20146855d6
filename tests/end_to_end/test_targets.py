"""Whoever is connected, both sides are recorded, the customer on the first channel."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.site import CALLER, COLLEAGUE, CUSTOMER, OWN_NUMBER, Site
from twirec.model.states import State
from twirec.model.vocabulary import Role
from twirec.sandbox import Party


@pytest.mark.parametrize(
    "dial",
    [
        ["+34911222444"],
        ["client:ana"],
        ["sip:shop@pbx.example.com"],
        ["+34911222333", "client:ben", "+34911222444"],
    ],
)
def test_a_call_in_is_recorded_whoever_is_connected(tmp_path: Path, dial: list[str]) -> None:
    with Site(tmp_path, f"file://{tmp_path}/bucket", dial=dial).running() as site:
        for target in dial[:-1]:
            site.sandbox.party(target, Party(answers=False))
        site.sandbox.party(dial[-1], COLLEAGUE)
        call = site.sandbox.call(from_=CUSTOMER, to=OWN_NUMBER, caller=CALLER)
        call.wait(timeout=120)
        site.work_on()
        (recording,) = site.archive.calls.get(call.sid).recordings
    assert recording.state is State.RELEASED
    assert recording.channel_map == (Role.CUSTOMER, Role.AGENT)
    assert recording.duration == 16
