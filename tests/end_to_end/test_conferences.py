"""Callers and agents who meet in a conference: agents come and go, the caller stays recorded."""

from __future__ import annotations

import io
import wave
from array import array
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from tests.end_to_end.site import AGENT, CUSTOMER, JOIN, OTHER_AGENT, OWN_NUMBER, Site, until
from tests.end_to_end.test_calls import energy
from twirec.model.states import Custody, State
from twirec.model.vocabulary import Outcome, Role
from twirec.sandbox import Call, Faults, Line, Party

CALLER = Party(says=[Line("customer_complaint", at=20.0)], hangs_up_after=180.0)
FIRST = Party(says=[Line("agent_answer", at=1.0)], hangs_up_after=12.0)
SECOND = Party(says=[Line("agent_answer", at=1.0)], hangs_up_after=12.0)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Site(tmp_path, f"file://{tmp_path}/bucket", dial="conference:room-1").running() as site:
        yield site


def inside(site: Site, caller: Party = CALLER, faults: Faults | None = None) -> Call:
    """Let a customer call, hear the announcement and enter the conference."""
    call = site.sandbox.call(from_=CUSTOMER, to=OWN_NUMBER, caller=caller, faults=faults)
    until(lambda: any(entry.what == "Dial" for entry in call.log))
    return call


def join(site: Site, agent: str, party: Party) -> Call:
    joined = site.sandbox.call(from_=agent, to=JOIN, caller=party)
    joined.wait(timeout=120)
    return joined


def conferences(site: Site) -> list[str]:
    """Return the SIDs of the conferences that Twilio knows."""
    sandbox = site.sandbox
    url = f"{sandbox.url}/2010-04-01/Accounts/{sandbox.account_sid}/Conferences.json"
    with requests.Session() as session:
        session.auth = (sandbox.api_key, sandbox.api_secret)
        session.trust_env = False
        found = [
            found["sid"]
            for status in ("init", "in-progress")
            for found in session.get(f"{url}?Status={status}", timeout=120).json()["conferences"]
        ]
    return list(dict.fromkeys(found))  # one may begin between the two


def played(site: Site) -> tuple[Call, list[Call]]:
    """A customer is passed from the first agent on to the second."""
    call = inside(site)
    agents = [join(site, AGENT, FIRST), join(site, OTHER_AGENT, SECOND)]
    call.wait(timeout=120)
    site.work_on()
    return call, agents


def test_what_follows_the_first_agent_stays_recorded_and_linked_to_the_call(site: Site) -> None:
    for agent in (AGENT, OTHER_AGENT):
        site.archive.agents.inform(agent, informed_on=site.now().date(), reference="a", by="x")
    call, agents = played(site)
    record = site.archive.calls.get(call.sid)
    (recording,) = record.recordings
    assert (recording.state, recording.custody) == (State.RELEASED, Custody.ACTIVE)
    assert recording.channel_map == (Role.CUSTOMER, Role.AGENT)
    assert (recording.duration or 0) > 24
    assert record.call.outcome is Outcome.RECORDED
    linked = {leg.leg_sid: leg.agent for leg in record.legs if leg.agent}
    assert linked == {agents[0].sid: AGENT, agents[1].sid: OTHER_AGENT}
    assert record.consents[0].agents == (1, 2)
    assert len(site.archive.calls.search().calls) == 1


def test_both_agents_are_heard_on_their_channel(site: Site) -> None:
    call, _ = played(site)
    (recording,) = site.archive.calls.get(call.sid).recordings
    with wave.open(io.BytesIO(site.bytes_of(recording))) as audio:
        samples = array("h", audio.readframes(audio.getnframes()))
    agents = samples[1::2]
    seconds = len(agents) // 8000
    spoken = [energy(agents, second, second + 1) > 100 for second in range(seconds)]
    groups = sum(now and not before for before, now in zip([False, *spoken], spoken, strict=False))
    assert groups >= 2


def test_a_recording_of_the_conference_itself_belongs_to_the_call_too(site: Site) -> None:
    call = inside(site, replace(CALLER, hangs_up_after=7200.0))  # not before all of this is done
    until(lambda: conferences(site))
    (conference,) = conferences(site)
    until(
        lambda: (
            site.archive.catalog.conferences.owner(site.sandbox.account_sid, conference) == call.sid
        )
    )
    made = site.sandbox.add_recording(seconds=3.0, source="Conference", channels=1)
    form = {
        "AccountSid": site.sandbox.account_sid,
        "ConferenceSid": conference,
        "RecordingSid": made.sid,
        "RecordingStatus": "completed",
        "RecordingSource": "Conference",
    }
    assert site.sandbox.callbacks.post(f"{site.url}/twirec/status", form).status == 204
    assert site.archive.catalog.recordings.get(made.sid).call_sid == call.sid
    call.hang_up()
    call.wait(timeout=120)


def test_an_agent_who_was_not_informed_ends_the_recording_where_the_settings_say_so(
    tmp_path: Path,
) -> None:
    environ = {"TWIREC_UNINFORMED_AGENTS": "do_not_record"}
    place = Site(tmp_path, f"file://{tmp_path}/bucket", dial="conference:room-1", environ=environ)
    with place.running() as site:
        site.archive.agents.inform(AGENT, informed_on=site.now().date(), reference="a", by="x")
        call, _ = played(site)
        record = site.archive.calls.get(call.sid)
        (recording,) = record.recordings
        assert (recording.duration or 0) < 140  # and not the 160 seconds that they stayed
        assert record.call.detail == "an agent is not in the register of informed agents"


def test_an_agent_of_whose_coming_nobody_told_is_found_by_the_sweep(tmp_path: Path) -> None:
    environ = {"TWIREC_UNINFORMED_AGENTS": "do_not_record"}
    place = Site(tmp_path, f"file://{tmp_path}/bucket", dial="conference:room-1", environ=environ)
    with place.running() as site:
        call = inside(site, faults=Faults(callbacks_lost=("conference",)))
        agent = site.sandbox.call(from_=AGENT, to=JOIN, caller=Party(hangs_up_after=120.0))
        until(lambda: any(entry.what == "Dial" for entry in agent.log))
        site.skip(timedelta(minutes=6))
        assert site.archive.operations.sweep().conference_joined == 2
        call.wait(timeout=120)
        site.work_on()
        record = site.archive.calls.get(call.sid)
        (recording,) = record.recordings
        assert (recording.duration or 0) < 140
        assert [leg.agent for leg in record.legs] == [AGENT]
        assert record.call.detail == "an agent is not in the register of informed agents"
