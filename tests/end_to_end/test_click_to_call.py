"""Click to call: an agent's phone rings first, then the customer's, who is told and recorded."""

from __future__ import annotations

import io
import wave
from array import array
from pathlib import Path

import pytest

from tests.end_to_end.site import AGENT, CUSTOMER, OWN_NUMBER, SPEAKING_AGENT, Site
from tests.end_to_end.test_calls import energy
from tests.factories import SEEING
from twirec.model.states import Custody, State
from twirec.model.vocabulary import ConsentMode, Direction, Outcome, Reason, Role
from twirec.sandbox import Line, Party


def clicked(site: Site, customer: Party) -> str:
    site.sandbox.party(AGENT, SPEAKING_AGENT)
    site.sandbox.party(CUSTOMER, customer)
    call = site.archive.calls.place(
        CUSTOMER, connect=AGENT, own_number=OWN_NUMBER, agent_first=True, by="ana"
    )
    (first,) = [each for each in site.sandbox.calls if each.sid == call.call_sid]
    first.wait(timeout=120)
    site.work_on()
    return call.call_sid


def test_the_customer_is_told_on_their_leg_and_recorded_from_then_on(site: Site) -> None:
    caller = Party(says=[Line("customer_complaint", at=0.5)], counts_from_bridge=True)
    sid = clicked(site, caller)
    (record,) = site.archive.calls.search(number="600 11 12 22").calls
    assert (record.call.call_sid, record.call.outcome) == (sid, Outcome.RECORDED)
    agents, customers = site.sandbox.calls
    assert (agents.to, customers.to) == (AGENT, CUSTOMER)
    assert any(entry.what == "Say" for entry in customers.log)
    assert not any(entry.what == "Say" for entry in agents.log)
    (consent,) = record.consents
    assert consent.leg == customers.sid
    (recording,) = record.recordings
    assert (recording.state, recording.channel_map) == (State.RELEASED, (Role.AGENT, Role.CUSTOMER))
    assert recording.started_at is not None
    assert consent.at.replace(microsecond=0) <= recording.started_at
    labels = site.archive.bucket.stat(recording.object_name or "").labels
    assert (labels["customer_number"], labels["direction"]) == (CUSTOMER, "out")
    with wave.open(io.BytesIO(site.bytes_of(recording))) as audio:
        samples = array("h", audio.readframes(audio.getnframes()))
    agent, customer = samples[0::2], samples[1::2]
    assert energy(customer, 1, 5) > 100 > energy(agent, 1, 5)


@pytest.mark.parametrize(("key", "recorded"), [("1", True), ("2", False)])
def test_who_is_asked_is_recorded_if_they_say_yes(site: Site, key: str, recorded: bool) -> None:
    site.archive.policy.change(by="x", why="x", mode=ConsentMode.OPT_IN)
    record = site.archive.calls.get(clicked(site, Party(keys=[(19.5, key)], hangs_up_after=40.0)))
    assert bool(record.recordings) is bool(site.sandbox.recordings) is recorded
    assert record.call.reason is (None if recorded else Reason.REFUSED)


def test_one_whose_line_was_lost_is_adopted_under_the_customer(tmp_path: Path) -> None:
    environ = {"TWIREC_ADOPT": "all"}
    with Site(tmp_path, f"file://{tmp_path}/bucket", environ=environ).running() as site:
        today = site.now().date()
        site.archive.agents.inform(AGENT, informed_on=today, reference="annex", by="x")
        site.sandbox.party(AGENT, SPEAKING_AGENT)
        site.sandbox.party(CUSTOMER, Party(says=[Line("customer_complaint", at=1.0)]))
        form = {"From": OWN_NUMBER, "To": AGENT, "Record": "true", "RecordingChannels": "dual"}
        form["Twiml"] = f"<Response><Dial><Number>{CUSTOMER}</Number></Dial></Response>"
        site.post("Calls.json", form)
        (call,) = [each for each in site.sandbox.calls if each.parent_sid is None]
        call.wait(timeout=120)
        assert site.archive.operations.sweep().adopted == 1
        (record,) = site.archive.calls.search(number="600111222", **SEEING).calls
    assert (record.call.call_sid, record.call.direction) == (call.sid, Direction.OUT)
    assert record.call.channel_map == (Role.AGENT, Role.CUSTOMER)
    assert record.recordings[0].custody is Custody.QUARANTINED
