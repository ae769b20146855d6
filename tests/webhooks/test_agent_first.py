"""Click to call: the agent's own phone first, then the customer, told on their own leg."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories import call_sid, part_of
from tests.webhooks.calling import (
    AGENT,
    CHILD,
    CUSTOMER,
    LONG_ENOUGH,
    OWN,
    Clock,
    down,
    started,
)
from twirec.adapters.memory_vendor import MemoryVendor
from twirec.archive import Archive
from twirec.calls.signed_targets import sign_targets
from twirec.model.access import Actor
from twirec.model.audit import Action
from twirec.model.errors import InvalidQuery, NotDialled
from twirec.model.vendor import VendorCall
from twirec.model.vocabulary import ConsentMode, Direction, Outcome, Reason, Role
from twirec.testing import ACCOUNT_SID, AUTH_TOKEN, SignedPosts
from twirec.webhooks import lines

ANSWERED = f"/twirec/agent/{sign_targets([CUSTOMER], [AUTH_TOKEN])}"
FAILED = ANSWERED.replace("/agent/", "/agent_fallback/")


def placed(archive: Archive, agent: str = AGENT) -> dict[str, str]:
    call = archive.calls.place(
        "600 11 12 22", connect=agent, own_number=OWN, agent_first=True, by=Actor("ana", "agent")
    )
    form = {"CallSid": call.call_sid, "From": OWN, "To": agent}
    return {**form, "Direction": "outbound-api", "CallStatus": "in-progress"}


def told(post: SignedPosts, clock: Clock, line: dict[str, str], key: str = "") -> None:
    """Let the customer pick up, hear the announcement, and answer."""
    leg = {"CallSid": CHILD, "ParentCallSid": line["CallSid"], "From": OWN, "To": CUSTOMER}
    post("/twirec/announce", leg)
    clock.advance(LONG_ENOUGH)
    post(f"/twirec/announced/{line['CallSid']}/0", leg)
    if key:
        clock.advance(LONG_ENOUGH)
        post(f"/twirec/announced/{line['CallSid']}/1", {**leg, "Digits": key})


@pytest.mark.parametrize("back", ["as they answer", "at the end"])
@pytest.mark.parametrize("agent", [AGENT, "client:ana", "sip:ana@pbx.example.com"])
def test_a_call_that_was_placed_and_not_written_down_is_the_customers_all_the_same(
    post: SignedPosts,
    clock: Clock,
    twirec_archive: Archive,
    vendor: MemoryVendor,
    monkeypatch: pytest.MonkeyPatch,
    agent: str,
    back: str,
) -> None:
    monkeypatch.setattr(lines, "BETWEEN_LOOKS", 0.0)
    twirec_archive.agents.inform(agent, informed_on=clock().date(), reference="a", by="x")
    post("/voice", {"CallSid": call_sid(9), "From": "+34600999888", "To": OWN})  # one of ours
    form = {"CallSid": call_sid(1), "From": OWN, "To": agent, "Direction": "outbound-api"}
    form["CallStatus"] = "in-progress"
    with monkeypatch.context() as outage:
        if back == "at the end":
            outage.setattr(*part_of(twirec_archive.catalog, "ledger.open_call"), down)
        assert CUSTOMER in post(ANSWERED, form).text
    leg = VendorCall(CHILD, ACCOUNT_SID, OWN, CUSTOMER, "outbound-dial", "completed", call_sid(1))
    vendor.add_call(leg)
    post("/twirec/ended", {**form, "DialCallStatus": "completed", "DialCallSid": CHILD})
    line = twirec_archive.calls.get(call_sid(1)).call
    assert (line.customer_number, line.own_number, line.direction) == (CUSTOMER, OWN, Direction.OUT)
    assert (line.channel_map[0], line.reason) == (Role.AGENT, Reason.CATALOG_DOWN)


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("agent", [AGENT, "client:ana", "sip:ana@pbx.example.com"])
def test_the_agent_is_called_and_the_line_is_the_customers(
    twirec_archive: Archive, vendor: MemoryVendor, agent: str
) -> None:
    sid = placed(twirec_archive, agent)["CallSid"]
    record = twirec_archive.calls.get(sid)
    call = record.call
    assert vendor.call(ACCOUNT_SID, sid).to == agent
    assert (call.direction, call.customer_number, call.own_number) == (
        Direction.OUT,
        CUSTOMER,
        OWN,
    )
    assert (call.channel_map, call.dial) == ((Role.AGENT, Role.CUSTOMER), ())
    assert [(leg.leg_sid, leg.agent) for leg in record.legs] == [(sid, agent)]
    (found,) = twirec_archive.calls.search(number="600111222").calls
    assert found.call.call_sid == sid
    entries = twirec_archive.audit.log(action=Action.CALL)
    assert sorted(each.outcome for each in entries) == ["done", "tried"]


def test_the_customer_is_told_on_their_own_leg_and_recorded_only_after(
    post: SignedPosts, twirec_archive: Archive, vendor: MemoryVendor, clock: Clock
) -> None:
    line = placed(twirec_archive)
    answer = post(ANSWERED, line)
    assert "record" not in answer.text
    assert f'callerId="{OWN}"' in answer.text
    assert f'/twirec/announce">{CUSTOMER}</Number>' in answer.text.replace(' method="POST"', "")
    assert started(vendor) == []
    told(post, clock, line)
    assert started(vendor) == [line["CallSid"]]
    (consent,) = twirec_archive.calls.get(line["CallSid"]).consents
    assert consent.leg == CHILD


@pytest.mark.parametrize(("key", "recorded"), [("1", True), ("2", False)])
def test_who_is_asked_is_recorded_if_they_say_yes(
    post: SignedPosts,
    twirec_archive: Archive,
    vendor: MemoryVendor,
    clock: Clock,
    key: str,
    recorded: bool,
) -> None:
    twirec_archive.policy.change(by="x", why="x", mode=ConsentMode.OPT_IN)
    line = placed(twirec_archive)
    post(ANSWERED, line)
    told(post, clock, line, key)
    assert bool(started(vendor)) is recorded


@pytest.mark.usefixtures("clock")
def test_what_is_off_is_dialled_untold(post: SignedPosts, twirec_archive: Archive) -> None:
    twirec_archive.policy.change(by="x", why="x", on=False)
    answer = post(ANSWERED, placed(twirec_archive))
    assert CUSTOMER in answer.text
    assert "announce" not in answer.text


@pytest.mark.usefixtures("clock")
def test_a_machine_in_the_agents_place_is_connected_with_nobody(
    post: SignedPosts, twirec_archive: Archive
) -> None:
    line = placed(twirec_archive)
    answer = post(ANSWERED, {**line, "AnsweredBy": "machine_start"})
    assert "<Response />" in answer.text
    assert twirec_archive.calls.get(line["CallSid"]).call.reason is Reason.ANSWERING_MACHINE


@pytest.mark.parametrize(
    "end",
    [
        {"CallStatus": "no-answer"},
        {"CallStatus": "in-progress", "DialCallStatus": "busy", "DialCallSid": CHILD},
    ],
)
@pytest.mark.usefixtures("clock")
def test_whoever_of_the_two_did_not_answer_the_line_says_so(
    post: SignedPosts, twirec_archive: Archive, end: dict[str, str]
) -> None:
    line = placed(twirec_archive)
    if "DialCallStatus" in end:
        post(ANSWERED, line)
    post("/twirec/ended", {**line, **end})
    call = twirec_archive.calls.get(line["CallSid"]).call
    assert (call.outcome, call.reason) == (Outcome.NOT_RECORDED, Reason.NOBODY_ANSWERED)


@pytest.mark.usefixtures("clock")
def test_when_the_catalog_is_down_the_customer_is_dialled_unrecorded(
    post: SignedPosts, twirec_archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "BETWEEN_LOOKS", 0.0)
    line = placed(twirec_archive)
    unknown = post(ANSWERED, {**line, "CallSid": "CA" + "9" * 32})
    monkeypatch.setattr(*part_of(twirec_archive.catalog, "ledger.line"), down)
    for answer in (unknown, post(ANSWERED, line)):
        assert f">{CUSTOMER}</Number>" in answer.text
        assert f'callerId="{OWN}"' in answer.text
        assert "announce" not in answer.text


@pytest.mark.usefixtures("clock")
def test_the_fallback_url_dials_at_once_unrecorded_and_nobody_after_the_end(
    post: SignedPosts, twirec_archive: Archive
) -> None:
    line = placed(twirec_archive)
    error = {"ErrorCode": "11200", "ErrorUrl": f"https://calls.example.com{ANSWERED}"}
    answer = post(FAILED, {**line, **error})
    assert CUSTOMER in answer.text
    assert "announce" not in answer.text
    assert twirec_archive.calls.get(line["CallSid"]).call.reason is Reason.APP_FAILED
    error["ErrorUrl"] = "https://calls.example.com/twirec/ended"
    assert "<Response />" in post(FAILED, {**line, **error}).text


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"connect": [AGENT, "client:ana"]}, InvalidQuery),
        ({"connect": "queue:sales"}, InvalidQuery),
        ({"connect": ()}, InvalidQuery),
        ({"to": "+34806123456"}, NotDialled),
        ({"to": "112"}, InvalidQuery),
        ({"to": OWN}, NotDialled),
    ],
)
def test_nobody_is_rung_for_what_cannot_be_connected(
    twirec_archive: Archive, vendor: MemoryVendor, wrong: dict[str, Any], error: type[Exception]
) -> None:
    given = {"to": CUSTOMER, "connect": AGENT, "own_number": OWN, "by": "ana", **wrong}
    with pytest.raises(error):
        twirec_archive.calls.place(**given, agent_first=True)
    assert vendor.accounts == ()


def test_a_customer_whose_own_leg_is_moved_is_a_call_of_its_own_told_anew(
    post: SignedPosts, twirec_archive: Archive, clock: Clock
) -> None:
    line = placed(twirec_archive)
    post(ANSWERED, line)
    told(post, clock, line)
    leg = {"CallSid": CHILD, "ParentCallSid": line["CallSid"], "From": OWN, "To": CUSTOMER}
    moved = {**leg, "Direction": "outbound-dial", "CallStatus": "in-progress"}
    assert "va a ser grabada" in post("/voice", moved).text
    calls = twirec_archive.calls.search(number=CUSTOMER).calls
    assert {each.call.call_sid for each in calls} == {CHILD, line["CallSid"]}
