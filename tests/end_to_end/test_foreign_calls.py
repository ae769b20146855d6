"""Calls that somebody else's app recorded, and that only a sweep finds."""

from __future__ import annotations

import io
import wave
from array import array
from collections.abc import Iterator

import pytest

from tests.end_to_end.site import CALLER, CUSTOMER, OWN_NUMBER, Site
from tests.end_to_end.test_calls import energy
from tests.sandbox.target import Target, twiml
from twirec.model.states import Custody, State
from twirec.model.words import Direction, Outcome, Role

DIAL = twiml(
    f'<Dial callerId="{OWN_NUMBER}" record="record-from-answer-dual">'
    f"<Number>{CUSTOMER}</Number></Dial>"
)


@pytest.fixture
def foreign_app() -> Iterator[Target]:
    """An app that knows nothing of twirec."""
    app = Target()
    yield app
    app.close()


def test_a_sweep_finds_the_customer_whom_an_agent_dialled_with_another_app(
    site: Site, foreign_app: Target
) -> None:
    site.sandbox.application(voice_url=foreign_app.says("/dial", DIAL))
    sid = site.dial_out(CALLER)
    assert site.archive.search(number="600 11 12 22").calls == ()
    assert site.archive.sweep().adopted == 1
    site.work_on()
    (found,) = site.archive.search(number="600 11 12 22", sees_quarantined=True).calls
    call, (recording,) = found.call, found.recordings
    assert (call.call_sid, call.direction, call.outcome) == (sid, Direction.OUT, Outcome.RECORDED)
    assert (call.customer_number, call.own_number) == (CUSTOMER, OWN_NUMBER)
    assert (recording.state, recording.custody) == (State.RELEASED, Custody.QUARANTINED)
    assert recording.channel_map == (Role.AGENT, Role.CUSTOMER)
    labels = site.archive.bucket.stat(recording.object_name or "").labels
    assert (labels["customer_number"], labels["direction"]) == (CUSTOMER, "out")
    with wave.open(io.BytesIO(site.bytes_of(recording))) as audio:
        samples = array("h", audio.readframes(audio.getnframes()))
    agent, customer = samples[0::2], samples[1::2]
    assert energy(customer, 1, 5) > 100 > energy(agent, 1, 5)
    assert energy(agent, 8.5, 12) > 100 > energy(customer, 8.5, 12)
