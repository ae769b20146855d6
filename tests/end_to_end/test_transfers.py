"""Four kinds of transfer: one line, told once, and recorded by what was said once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.site import AGENT, CUSTOMER, JOIN, OTHER_AGENT, OWN_NUMBER, Site, until
from twirec.model.records import CallRecord
from twirec.model.states import Custody
from twirec.model.vocabulary import ConsentMode, Outcome, Reason, Role
from twirec.sandbox import Call, Party

STAYS = Party(hangs_up_after=300.0)
SIP_CALLER = "sip:600111222@carrier.example"
A_WHILE = 8.0
"""Call seconds: what is shorter than one is no recording."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Site(tmp_path, f"file://{tmp_path}/bucket").running() as site:
        for agent in (AGENT, OTHER_AGENT):
            site.sandbox.party(agent, STAYS)
        yield site


def calling(site: Site, keys: tuple[tuple[float, str], ...] = (), from_: str = CUSTOMER) -> Call:
    """Let a customer call, and be connected with an agent."""
    caller = Party(keys=keys, hangs_up_after=300.0)
    call = site.sandbox.call(from_=from_, to=OWN_NUMBER, caller=caller)
    until(lambda: dialled(site, call))
    site.let_pass(call, A_WHILE)
    return call


def dialled(site: Site, call: Call) -> list[str]:
    """Who was dialled and answered, so far."""
    legs = [each for each in site.sandbox.calls if each.parent_sid == call.sid]
    return [each.to for each in legs if each.status in {"in-progress", "completed"}]


def over(site: Site, *calls: Call) -> CallRecord:
    """Let all hang up, and return the only line there is."""
    for call in calls:
        call.hang_up()
    for call in calls:
        call.wait(timeout=120)
    site.work_on()
    (record,) = site.archive.calls.search(number="600 11 12 22").calls
    assert len(site.archive.calls.search().calls) == 1
    assert len(record.consents) == 1
    assert record.call.ended_at is not None
    return record


def notices(call: Call) -> int:
    return sum(entry.what == "Say" and "va a ser grabada" in entry.text for entry in call.log)


@pytest.mark.parametrize("refuses", [False, True])
def test_a_caller_who_is_moved_to_another_agent_is_told_once_and_goes_on_as_they_said(
    site: Site, refuses: bool
) -> None:
    site.archive.policy.change(by="x", why="x", mode=ConsentMode.OPT_OUT)
    call = calling(site, keys=((18.5, "2"),) if refuses else ())
    site.move(call, "second_agent")
    until(lambda: dialled(site, call) == [AGENT, OTHER_AGENT])
    site.let_pass(call, A_WHILE)
    assert site.archive.calls.get(call.sid).call.ended_at is None  # though its first dial ended
    record = over(site, call)
    assert record.call.dial == (OTHER_AGENT,)
    assert notices(call) == 1
    if refuses:
        assert (record.call.reason, site.sandbox.recordings) == (Reason.REFUSED, [])
        return
    assert record.call.outcome is Outcome.RECORDED
    assert len(record.recordings) == 2
    for recording in record.recordings:
        assert recording.custody is Custody.ACTIVE
        assert recording.channel_map == (Role.CUSTOMER, Role.AGENT)
    first, second = record.legs
    assert (first.agent in {"", AGENT}, second.agent) == (True, OTHER_AGENT)


def test_a_sip_caller_who_is_referred_elsewhere_is_recorded_until_they_go(tmp_path: Path) -> None:
    with Site(tmp_path, f"file://{tmp_path}/bucket", dial="client:ana").running() as site:
        site.sandbox.party("client:ana", STAYS)
        site.sandbox.application(  # which SIP callers come to here
            voice_url=f"{site.url}/voice", status_callback=f"{site.url}/twirec/ended"
        )
        call = calling(site, from_=SIP_CALLER)
        site.move(call, "refer")
        call.wait(timeout=120)
        assert any(entry.what == "Refer" and entry.text == "in-progress" for entry in call.log)
        record = over(site, call)
    (recording,) = record.recordings
    assert (recording.custody, record.call.outcome) == (Custody.ACTIVE, Outcome.RECORDED)
    assert (recording.duration or 0) < 30
    assert notices(call) == 1


def test_a_warm_transfer_in_a_conference_stays_one_recording_of_one_call(site: Site) -> None:
    site.sandbox.number(
        OWN_NUMBER, voice_url=f"{site.url}/meet", status_callback=f"{site.url}/twirec/ended"
    )
    call = site.sandbox.call(from_=CUSTOMER, to=OWN_NUMBER, caller=STAYS)
    until(lambda: call.recordings)
    first = site.sandbox.call(from_=AGENT, to=JOIN, caller=STAYS)
    site.let_pass(call, A_WHILE)
    second = site.sandbox.call(from_=OTHER_AGENT, to=JOIN, caller=STAYS)
    until(lambda: agents_of(site, call) == {AGENT, OTHER_AGENT})
    site.let_pass(call, A_WHILE)
    first.hang_up()
    first.wait(timeout=120)
    site.let_pass(call, A_WHILE)
    record = over(site, call, second)
    (recording,) = record.recordings
    assert (recording.duration or 0) > 2 * A_WHILE
    assert (recording.custody, recording.channel_map) == (
        Custody.ACTIVE,
        (Role.CUSTOMER, Role.AGENT),
    )
    assert notices(call) == 1


def agents_of(site: Site, call: Call) -> set[str]:
    return {leg.agent for leg in site.archive.calls.get(call.sid).legs}


def test_an_agents_leg_that_goes_on_leaves_the_customers_call_at_its_end(site: Site) -> None:
    call = calling(site)
    (leg,) = [each for each in site.sandbox.calls if each.parent_sid == call.sid]
    site.move(leg, "second_agent")
    call.wait(timeout=120)
    until(lambda: OTHER_AGENT in {each.to for each in site.sandbox.calls})
    assert [each.status for each in site.sandbox.recordings] != ["in-progress"]
    record = over(site, leg)
    (recording,) = record.recordings
    assert recording.custody is Custody.ACTIVE
    assert notices(leg) == 0
    assert len(site.sandbox.recordings) == 1
