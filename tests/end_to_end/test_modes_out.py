"""Each consent mode with each key, in calls out: placed over the API, and dialled by an agent."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.end_to_end.site import Site
from tests.end_to_end.test_modes import BEHAVIOURS, behaves, caller, check_cells
from twirec.model.vocabulary import ConsentMode, Reason, Role
from twirec.sandbox import Faults, Line, Party

WAYS: dict[str, Callable[[Site, Party], str]] = {"api": Site.call_out, "agent": Site.dial_out}
CHANNELS = {"api": (Role.CUSTOMER, Role.AGENT), "agent": (Role.AGENT, Role.CUSTOMER)}


MODES = list(ConsentMode)
SOME = {
    (way, mode): [
        behaviour
        for at, behaviour in enumerate(BEHAVIOURS)
        if (MODES.index(mode) + at) % len(MODES) == shift
    ]
    for shift, way in enumerate(WAYS)
    for mode in MODES
}
"""Every mode and every behaviour in each way, though not with each other: what is answered is
judged by the same table, of which calls in play every cell."""


@pytest.mark.parametrize(("way", "mode"), SOME)
def test_a_call_out_is_recorded_only_after_the_answer_that_the_mode_needs(
    site: Site, way: str, mode: ConsentMode
) -> None:
    site.archive.policy.change(by="test", why="test", mode=mode)
    behaviours = SOME[way, mode]
    sids = {behaviour: WAYS[way](site, behaves(mode, behaviour)) for behaviour in behaviours}
    check_cells(site, sids, mode, CHANNELS[way])


def test_an_answering_machine_is_neither_told_nor_recorded(site: Site) -> None:
    greeting = Party(says=[Line("agent_answer", at=0.5)], kind="machine")
    record = site.archive.calls.get(site.call_out(greeting))
    assert record.call.reason is Reason.ANSWERING_MACHINE
    assert record.consents == ()
    assert site.sandbox.recordings == []


def test_an_agents_call_whose_announcement_fails_goes_on_unrecorded(site: Site) -> None:
    sid = site.dial_out(caller(), faults=Faults(say_fails=True))
    call = site.archive.calls.get(sid).call
    assert call.reason is Reason.ANNOUNCEMENT_FAILED
    assert site.sandbox.recordings == []
