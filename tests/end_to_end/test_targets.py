"""Whoever is connected, both sides are recorded, the customer on the first channel."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.site import CALLER, COLLEAGUE, CUSTOMER, OWN_NUMBER, Site
from twirec.model.states import State
from twirec.model.words import Role


@pytest.mark.parametrize("dial", ["+34911222444", "client:ana", "sip:shop@pbx.example.com"])
def test_a_call_in_is_recorded_whoever_is_connected(tmp_path: Path, dial: str) -> None:
    with Site(tmp_path, f"file://{tmp_path}/bucket", dial=dial).running() as site:
        site.sandbox.party(dial, COLLEAGUE)
        call = site.sandbox.call(from_=CUSTOMER, to=OWN_NUMBER, caller=CALLER)
        call.wait(timeout=30)
        site.work_on()
        (recording,) = site.archive.show(call.sid).recordings
    assert recording.state is State.RELEASED
    assert recording.channel_map == (Role.CUSTOMER, Role.AGENT)
    assert recording.duration == 16
