"""An agent's leg is moved on to somebody else: what was recorded of it ends there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from tests.end_to_end.site import (
    AGENT,
    COLLEAGUES,
    CUSTOMER,
    JOIN,
    OTHER_CUSTOMER,
    OWN_NUMBER,
    TAKE,
    Site,
    until,
)
from twirec.catalog.database import Database
from twirec.model.errors import CatalogUnavailable
from twirec.model.records import Recording
from twirec.model.states import Custody
from twirec.model.vocabulary import ConsentMode, Outcome, Reason
from twirec.sandbox import ALWAYS, Call, Fault, Faults, Party

OTHER = "+34600999000"
STAYS = Party(hangs_up_after=300.0)
LONG_ENOUGH = 8.0
"""Call seconds: what is shorter than one is no recording."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Callers wait in a queue. All agents have to have been informed, and the first one was."""
    environ = {"TWIREC_UNINFORMED_AGENTS": "do_not_record"}
    dial = "queue:support"
    with Site(tmp_path, f"file://{tmp_path}/bucket", dial=dial, environ=environ).running() as site:
        for agent in (AGENT, "client:ana"):
            site.archive.agents.inform(agent, informed_on=site.now().date(), reference="a", by="x")
        yield site


def recorded_now(site: Site) -> list[str]:
    return [each.call_sid for each in site.sandbox.recordings if each.status == "in-progress"]


def waiting(site: Site, customer: str = CUSTOMER, keys: Sequence[tuple[float, str]] = ()) -> Call:
    """Let a customer call, and wait in the queue."""
    caller = Party(keys=keys, hangs_up_after=300.0)
    call = site.sandbox.call(from_=customer, to=OWN_NUMBER, caller=caller)
    until(lambda: any(entry.what == "Enqueue" for entry in call.log))
    return call


def taken(site: Site) -> tuple[Call, Call]:
    """Let an agent take a customer out of the queue, and return the calls of both."""
    customer = waiting(site)
    agent = site.sandbox.call(from_=AGENT, to=TAKE, caller=STAYS)
    until(lambda: recorded_now(site) == [agent.sid])
    site.let_pass(agent, LONG_ENOUGH)
    return customer, agent


def dialled(site: Site) -> Call:
    """Let an agent dial a customer, who is told and recorded."""
    site.sandbox.party(CUSTOMER, STAYS)
    call = site.sandbox.call(from_="client:ana", to=CUSTOMER, caller=STAYS)
    until(lambda: recorded_now(site) == [call.sid])
    site.let_pass(call, LONG_ENOUGH)
    return call


def over(site: Site, *calls: Call) -> None:
    for call in calls:
        call.hang_up()
    for call in calls:
        call.wait(timeout=120)
    site.work_on()


def of(site: Site, sid: str) -> list[Recording]:
    return list(site.archive.calls.get(sid).recordings)


def answered(site: Site, sid: str) -> bool:
    """Whether it is known what the customer of a call said."""
    lines = site.archive.calls.search().calls
    return any(each.call.call_sid == sid and each.consents for each in lines)


@pytest.mark.parametrize("refuses", [True, False])
def test_whom_they_call_after_a_customer_of_the_queue_is_not_in_that_recording(
    site: Site, refuses: bool
) -> None:
    site.archive.policy.change(by="x", why="x", mode=ConsentMode.OPT_OUT)
    customer, agent = taken(site)
    first = list(site.sandbox.recordings)
    keys = [(20.0, "2")] if refuses else []
    site.sandbox.party(OTHER_CUSTOMER, Party(hangs_up_after=60.0, keys=keys))
    site.move(agent, "call_back")
    until(lambda: answered(site, agent.sid))
    assert first[0].status != "in-progress"
    site.let_pass(agent, LONG_ENOUGH)
    over(site, agent, customer)
    (recording,) = of(site, customer.sid)
    assert (recording.sid, recording.custody) == (first[0].sid, Custody.ACTIVE)
    labels = site.archive.bucket.stat(recording.object_name or "").labels
    assert (labels["customer_number"], labels["consent"]) == (CUSTOMER, "informed")
    second = site.archive.calls.get(agent.sid)
    assert second.call.customer_number == OTHER_CUSTOMER
    assert second.call.outcome is (Outcome.NOT_RECORDED if refuses else Outcome.RECORDED)
    assert len(second.recordings) == (0 if refuses else 1)
    for each in second.recordings:
        assert each.started_at
        assert each.started_at >= second.consents[0].at - timedelta(seconds=1)


@pytest.mark.parametrize("leg", ["taken", "dialled"])
def test_a_colleague_whom_they_ask_is_not_recorded(site: Site, leg: str) -> None:
    site.sandbox.party(COLLEAGUES, STAYS)
    customer, agent = taken(site) if leg == "taken" else (None, dialled(site))
    site.move(agent, "ask_colleague")
    until(lambda: recorded_now(site) == [])
    over(site, agent, *filter(None, [customer]))
    line = customer or agent
    (recording,) = of(site, line.sid)
    assert recording.custody is Custody.ACTIVE
    assert site.archive.calls.get(line.sid).call.customer_number == CUSTOMER
    assert len(site.archive.calls.search().calls) == 1  # nobody is told, as if the agent called in


@pytest.mark.parametrize("down", ["catalog", "app"])
def test_whom_they_call_in_an_outage_is_not_recorded(
    site: Site, monkeypatch: pytest.MonkeyPatch, down: str
) -> None:
    site.sandbox.application(
        voice_url=f"{site.url}/softphone", fallback_url=f"{site.url}/call_back"
    )
    agent = dialled(site)
    site.sandbox.party(OTHER_CUSTOMER, STAYS)
    if down == "catalog":
        with monkeypatch.context() as patch:
            for does in ("read", "write"):
                patch.setattr(Database, does, fails)
            site.move(agent, "call_back")
            until(lambda: recorded_now(site) == [])
    else:
        site.move(agent, "nothing_there")
    until(lambda: recorded_now(site) == [])
    over(site, agent)
    (recording,) = of(site, agent.sid)
    assert site.archive.calls.get(agent.sid).call.customer_number == CUSTOMER
    assert (recording.duration or 0) < 200


def fails(database: Database) -> object:
    raise CatalogUnavailable("The catalog is down.")


def test_what_twilio_would_not_end_the_sweep_ends(site: Site) -> None:
    site.archive.policy.change(by="x", why="x", mode=ConsentMode.OPT_OUT)
    customer, agent = taken(site)
    refuses = waiting(site, OTHER, keys=[(18.5, "2")])
    site.sandbox.faults = Faults(update={Fault.UNAVAILABLE: ALWAYS})
    site.move(agent, "take")
    # once as the leg is moved, and once more as it takes the other
    until(lambda: [each.status for each in site.sandbox.requests].count(503) == 2)
    site.sandbox.faults = None
    assert recorded_now(site) == [agent.sid]
    site.skip(timedelta(minutes=6))
    assert site.archive.operations.sweep().stopped == 1
    assert recorded_now(site) == []
    over(site, refuses, agent, customer)
    assert site.archive.calls.get(refuses.sid).call.reason is Reason.REFUSED


def test_who_was_told_nothing_is_not_heard_with_an_agent_who_is_recorded(site: Site) -> None:
    agent = dialled(site)
    colleague = site.sandbox.call(from_=OTHER, to=JOIN, caller=STAYS)
    until(lambda: any(entry.what == "Dial" for entry in colleague.log))
    site.move(agent, "join")
    until(lambda: recorded_now(site) == [])
    over(site, agent, colleague)
