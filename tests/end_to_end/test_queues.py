"""Callers who wait in a queue until an agent takes them: the recording is of the agent's leg."""

from __future__ import annotations

import io
import wave
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.site import AGENT, CUSTOMER, OWN_NUMBER, TAKE, Site, until
from tests.end_to_end.test_calls import energy
from twirec.model.states import Custody, State
from twirec.model.vocabulary import ConsentMode, ConsentOutcome, Outcome, Reason, Role
from twirec.sandbox import Call, Line, Party

CALLER = Party(says=[Line("customer_complaint", at=0.5)], counts_from_bridge=True)
REFUSES = Party(
    says=[Line("customer_complaint", at=0.5)], counts_from_bridge=True, keys=[(18.5, "2")]
)
TAKER = Party(says=[Line("agent_answer", at=8.0)], counts_from_bridge=True, hangs_up_after=16.0)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Site(tmp_path, f"file://{tmp_path}/bucket", dial="queue:support").running() as site:
        yield site


def waiting(site: Site, caller: Party) -> Call:
    """Let a customer call, hear the announcement and wait in the queue."""
    call = site.sandbox.call(from_=CUSTOMER, to=OWN_NUMBER, caller=caller)
    until(lambda: any(entry.what == "Enqueue" for entry in call.log))
    return call


def take(site: Site, call: Call) -> Call:
    """Let an agent take who waits, and both talk to the end."""
    taker = site.sandbox.call(from_=AGENT, to=TAKE, caller=TAKER)
    taker.wait(timeout=120)
    call.wait(timeout=120)
    site.work_on()
    return taker


def test_the_recording_of_the_agents_leg_belongs_to_the_customers_call(site: Site) -> None:
    site.archive.agents.inform(AGENT, informed_on=site.now().date(), reference="annex 4", by="x")
    call = waiting(site, CALLER)
    taker = take(site, call)
    record = site.archive.calls.get(call.sid)
    (recording,) = record.recordings
    assert (recording.call_sid, recording.leg) == (call.sid, taker.sid)
    assert (recording.state, recording.custody) == (State.RELEASED, Custody.ACTIVE)
    assert recording.channel_map == (Role.AGENT, Role.CUSTOMER)
    assert record.call.outcome is Outcome.RECORDED
    assert record.consents[0].outcome is ConsentOutcome.INFORMED
    assert record.consents[0].agents == (1,)
    assert [(leg.leg_sid, leg.agent) for leg in record.legs] == [(taker.sid, AGENT)]
    labels = site.archive.bucket.stat(recording.object_name or "").labels
    assert (labels["customer_number"], labels["call_sid"]) == (CUSTOMER, call.sid)
    assert (labels["leg"], labels["agents"]) == (taker.sid, "1")
    assert site.archive.calls.search(number=CUSTOMER).calls[0].recordings == (recording,)


def test_each_side_is_on_the_channel_that_the_map_says(site: Site) -> None:
    call = waiting(site, CALLER)
    take(site, call)
    (recording,) = site.archive.calls.get(call.sid).recordings
    with wave.open(io.BytesIO(site.bytes_of(recording))) as audio:
        samples = array("h", audio.readframes(audio.getnframes()))
    agent, customer = samples[0::2], samples[1::2]
    assert energy(customer, 1, 5) > 100 > energy(agent, 1, 5)
    assert energy(agent, 9, 13) > 100 > energy(customer, 9, 13)


def test_who_refused_is_connected_and_not_recorded(site: Site) -> None:
    site.archive.policy.change(by="test", why="test", mode=ConsentMode.OPT_OUT)
    call = waiting(site, REFUSES)
    taker = take(site, call)
    record = site.archive.calls.get(call.sid)
    assert (record.call.outcome, record.call.reason) == (Outcome.NOT_RECORDED, Reason.REFUSED)
    assert [leg.leg_sid for leg in record.legs] == [taker.sid]
    assert site.sandbox.recordings == []


def test_who_gives_up_waiting_has_a_line_that_says_so(site: Site) -> None:
    call = site.sandbox.call(from_=CUSTOMER, to=OWN_NUMBER, caller=Party(hangs_up_after=40.0))
    call.wait(timeout=120)
    record = site.archive.calls.get(call.sid)
    assert (record.call.outcome, record.call.reason) == (
        Outcome.NOT_RECORDED,
        Reason.NOBODY_ANSWERED,
    )


def test_an_agent_who_finds_nobody_leaves_no_line(site: Site) -> None:
    site.sandbox.call(from_=AGENT, to=TAKE, caller=Party(hangs_up_after=5.0)).wait(timeout=120)
    assert site.archive.calls.search().calls == ()


def test_what_is_recorded_of_an_agents_leg_can_be_paused_by_the_customers_call(
    site: Site,
) -> None:
    call = waiting(site, CALLER)
    taker = site.sandbox.call(from_=AGENT, to=TAKE, caller=Party(hangs_up_after=600.0))
    until(lambda: site.archive.calls.get(call.sid).recordings)
    (pause,) = site.archive.recordings.pause(call.sid, by="ana")
    assert site.archive.recordings.resume(call.sid, by="ana") == [pause.recording_sid]
    taker.hang_up()
    taker.wait(timeout=120)


def test_a_recording_of_an_agents_leg_whose_callbacks_were_lost_is_brought_forward_by_a_sweep(
    site: Site,
) -> None:
    call = waiting(site, CALLER)
    site.archive.webhooks.status.receive = lambda fields: None  # type: ignore[method-assign]
    take(site, call)
    (recording,) = site.archive.calls.get(call.sid).recordings
    assert recording.state is State.RECORDING
    assert site.archive.operations.sweep().advanced == 1
    site.work_on()
    (recording,) = site.archive.calls.get(call.sid).recordings
    assert (recording.custody, recording.state) == (Custody.ACTIVE, State.RELEASED)
    assert recording.channel_map == (Role.AGENT, Role.CUSTOMER)
    assert len(site.archive.calls.search().calls) == 1


def test_a_recording_that_does_not_start_leaves_the_two_connected(site: Site) -> None:
    site.archive.vendor  # noqa: B018 - open it before it is replaced
    site.archive.vendor.live.start_recording = refuse  # type: ignore[method-assign]
    call = waiting(site, CALLER)
    taker = take(site, call)
    assert site.archive.calls.get(call.sid).call.reason is Reason.NOT_STARTED
    assert (taker.duration or 0) > 10


def refuse(*_: object, **__: object) -> str:
    from twirec.model.errors import VendorRefused

    raise VendorRefused("not in progress", status=400)
