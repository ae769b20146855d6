"""The table: who hears, and whether the recording goes on."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.factories import ACCOUNT, STARTED, a_call, call_sid
from twirec.calls.ledger import AGENT_FIRST
from twirec.calls.who_hears import (
    NOT_CONSENTED,
    NOT_INFORMED,
    OTHER_CALLER,
    Facts,
    as_agent,
    decide,
    hear,
    holds,
    is_known,
)
from twirec.model.access import Actor
from twirec.model.agents import InformedAgent, Leg, StopOrder
from twirec.model.vocabulary import Reason, Uninformed, Verdict

ENTRY = InformedAgent("client:ana", date(2026, 1, 1), "annex", "eva", STARTED, id=7)
STRICT, WARN = Uninformed.DO_NOT_RECORD, Uninformed.WARN
GOES_ON, NO_AGENT, OTHER, MOVED, REFUSED = Verdict
SECOND = timedelta(seconds=1)


def order(reason: Verdict, *, done: bool = False) -> StopOrder:
    return StopOrder(ACCOUNT, call_sid(), reason, STARTED, STARTED if done else None)


TABLE = [
    # facts, the verdict, what the line says
    (Facts(), GOES_ON, ""),
    (Facts(uninformed=STRICT), GOES_ON, ""),
    (Facts(agents=(ENTRY, ENTRY), uninformed=STRICT), GOES_ON, ""),
    (Facts(agents=(None,), uninformed=WARN), GOES_ON, NOT_INFORMED),
    (Facts(agents=(None,), uninformed=STRICT), NO_AGENT, NOT_INFORMED),
    (Facts(agents=(ENTRY, None), uninformed=STRICT), NO_AGENT, NOT_INFORMED),
    (Facts(callers=(True,)), GOES_ON, ""),
    (Facts(callers=(False,)), GOES_ON, ""),  # alone: what they said holds for them
    (Facts(callers=(True, True)), GOES_ON, ""),
    (Facts(callers=(True, False)), OTHER, OTHER_CALLER),
    (Facts(callers=(False, True, True)), OTHER, OTHER_CALLER),
    (Facts(callers=(True,), strangers=True), OTHER, OTHER_CALLER),
    (Facts(callers=(True, True), agents=(None,)), GOES_ON, NOT_INFORMED),
    (Facts(callers=(True, False), agents=(None,)), OTHER, OTHER_CALLER),
    (Facts(callers=(True, False), agents=(None,), uninformed=STRICT), NO_AGENT, NOT_INFORMED),
    (Facts(moved_on=True), MOVED, ""),
    (Facts(moved_on=True, agents=(None,), uninformed=STRICT), MOVED, ""),
    # what was ordered once, stands, whoever is there now
    (Facts(orders=(order(OTHER),)), OTHER, OTHER_CALLER),
    (Facts(orders=(order(OTHER, done=True),)), OTHER, OTHER_CALLER),
    (Facts(orders=(order(NO_AGENT),), agents=(ENTRY,), uninformed=STRICT), NO_AGENT, NOT_INFORMED),
    (Facts(orders=(order(NO_AGENT),), began_at=STARTED + SECOND), NO_AGENT, NOT_INFORMED),
    (Facts(orders=(order(REFUSED),)), REFUSED, NOT_CONSENTED),
    # of a leg only what was recorded before it went on, until that was ended
    (Facts(orders=(order(MOVED),)), MOVED, ""),
    (Facts(orders=(order(MOVED),), began_at=STARTED), MOVED, ""),
    (Facts(orders=(order(MOVED),), began_at=STARTED + SECOND), GOES_ON, ""),
    (Facts(orders=(order(MOVED, done=True),), began_at=STARTED), GOES_ON, ""),
    (Facts(orders=(order(MOVED, done=True), order(OTHER))), OTHER, OTHER_CALLER),
]


@pytest.mark.parametrize(("facts", "verdict", "says"), TABLE)
def test_who_hears(facts: Facts, verdict: Verdict, says: str) -> None:
    assert decide(facts) is verdict
    assert verdict.stops is (verdict is not GOES_ON)
    assert (hear(facts).verdict, hear(facts).detail) == (verdict, says)


def test_only_an_agent_who_was_not_informed_is_why_a_call_is_not_recorded() -> None:
    """What was recorded with others until somebody came is a recording all the same."""
    reasons = {hear(facts).verdict: hear(facts).reason for facts, *_ in TABLE}
    assert reasons == {**dict.fromkeys(Verdict), NO_AGENT: Reason.AGENT_NOT_INFORMED}


def test_the_entries_are_those_of_the_agents_who_have_one() -> None:
    facts = Facts(agents=(replace(ENTRY, id=9), None, ENTRY, ENTRY))
    assert hear(facts).entries == (7, 9)


def test_an_order_holds_for_what_began_nobody_knows_when() -> None:
    assert holds(order(MOVED), None)


@pytest.mark.parametrize(
    ("agent", "call", "known"),
    [
        ("client:ana", None, True),
        ("client:ana", a_call(channel_map=AGENT_FIRST), True),
        ("", None, False),
        ("", a_call(), True),  # one of those whom a caller's dial rang
        ("", a_call(channel_map=AGENT_FIRST), False),  # whom an agent dialled
    ],
)
def test_who_is_on_a_leg_is_known(agent: str, call: object, known: bool) -> None:
    leg = Leg(ACCOUNT, call_sid(2), None, STARTED, agent)
    assert is_known(leg, call) is known  # type: ignore[arg-type]


# what an app says of an agent | by which name calls have them | whether it is a softphone
AGENTS = [
    ("client:ana", "client:ana", True),
    (" client:ana ", "client:ana", True),
    ("CLIENT:Ana", "client:Ana", True),  # whose name is another one than ana
    ("600 11 12 22", "+34600111222", False),
    ("sip:Ana@PBX.example.com:5061;transport=tls", "sip:ana@pbx.example.com", False),
    *(("sip:client:ana@pbx.example.com", "sip:client@pbx.example.com", False),),
    *((text, "", False) for text in ("", "ana", "client:", "anonymous", "+266696687", "112")),
    *((text, "", False) for text in ("queue:sales", "%", "client", "sim:HS1")),
]


def test_an_agent_is_who_calls_say() -> None:
    for text, key, softphone in AGENTS:
        said = Actor("ana", "agent", text, softphone=True)
        named = as_agent(said, "ES", hears_own=True)
        assert (named.agent, named.softphone) == (key, softphone), text
        assert as_agent(said, "ES", hears_own=False) == Actor("ana", "agent"), text
