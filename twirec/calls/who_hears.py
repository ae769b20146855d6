"""Who hears, and is heard in, what is recorded of a call: whether it goes on, or why it stops.

Facts of presence come from the catalog (who is in the register, who is in the conference, what was
ordered before); what follows from them stands here, once, for webhooks and sweep.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from twirec.calls.address import Kind, is_identity, key_of, read
from twirec.calls.ledger import AGENT_FIRST
from twirec.model.access import Actor
from twirec.model.agents import InformedAgent, Leg, StopOrder
from twirec.model.errors import InvalidQuery
from twirec.model.records import Call
from twirec.model.vendor import VendorCall
from twirec.model.vocabulary import Reason, Uninformed, Verdict


def check_entry(entry: InformedAgent, today: date) -> None:
    """Check an entry before it is made.

    Raises:
        InvalidQuery: it cannot be made; the message says why.
    """
    if not is_identity(entry.agent):
        raise InvalidQuery("agent: give a number, client:NAME or sip:ADDRESS.")
    if not entry.reference:
        raise InvalidQuery("reference: say where it can be looked up, such as 'contract, annex 4'.")
    if entry.informed_on > today:
        raise InvalidQuery("informed_on: it is in the future.")


def as_agent(actor: Actor, country: str, *, hears_own: bool) -> Actor:
    """Return somebody as the agent they are, by the name under which calls have them.

    They are none where the company lets agents hear nothing of their own, nor by what says of
    nobody who they are, such as a number that is not shown.

    Args:
        actor: who, as an app says.
        country: ISO 3166 code of the country whose numbers come without a prefix.
        hears_own: whether the company lets agents hear their own calls.
    """
    address = read(actor.agent, country)
    if not (hears_own and is_identity(address.key)):
        return replace(actor, agent="", softphone=False)
    return replace(actor, agent=address.key, softphone=address.kind is Kind.CLIENT)


def entries_of(
    agents: Iterable[str], register: Sequence[InformedAgent], day: date
) -> tuple[InformedAgent | None, ...]:
    """Return for each agent the newest entry up to a day; None where there is none.

    Args:
        agents: their names, as `Address.key` has them.
        register: the entries, oldest first.
        day: of the call.
    """
    newest = {each.agent: each for each in register if each.informed_on <= day}
    return tuple(newest.get(agent) for agent in agents)


def agent_on(call: VendorCall, country: str) -> str:
    """Return the name of who would be the agent on a leg: whom it called, or who called by it."""
    dialled = call.direction.startswith("outbound")
    return key_of(call.to if dialled else call.from_, country)


def leg_of(call: VendorCall, parent: Call | None, country: str, at: datetime, known: bool) -> Leg:
    """Return a leg with the call that dialled it, and the agent who is on it, if one is.

    Args:
        call: what the vendor says of it.
        parent: the call that dialled it, if it has a line.
        country: ISO 3166 code of the country whose numbers come without a prefix.
        at: when it became known, UTC.
        known: whether who is on it is in the register, or had a part in a call before: what kind
            of phone somebody has says nothing of whose it is.
    """
    name = agent_on(call, country)
    if parent:
        theirs = parent.channel_map == AGENT_FIRST  # whom an agent dialled
        return Leg(call.account_sid, call.sid, parent.call_sid, at, "" if theirs else name)
    return Leg(call.account_sid, call.sid, None, at, name if known else "")


NOT_INFORMED = "an agent is not in the register of informed agents"
OTHER_CALLER = "another caller in the conference may not be recorded"
NOT_CONSENTED = "they said no to its being recorded"

DETAILS: Mapping[Verdict, str] = {
    Verdict.AGENT_NOT_INFORMED: NOT_INFORMED,
    Verdict.OTHER_CALLER: OTHER_CALLER,
    Verdict.NOT_CONSENTED: NOT_CONSENTED,
}
"""What people read on the line of a call; nothing is decided by it."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Who is in what is recorded of a call, as far as anybody knows.

    Attributes:
        agents: of each agent who is in it, or whose phone is to ring, the entry of the register
            that holds on the day of the call; None for who has none.
        uninformed: what the settings say of agents without an entry.
        callers: of each outside party in the conference, this one too, whether they may be
            recorded by what they were told and said; empty where it is no conference.
        strangers: whether somebody is there of whom nobody knows who it is.
        moved_on: whether the leg that is recorded is with somebody else now.
        orders: what was ordered before, of the call and of the leg that is recorded.
        began_at: when the recording began, UTC; None where that is not known.
    """

    agents: tuple[InformedAgent | None, ...] = ()
    uninformed: Uninformed = Uninformed.WARN
    callers: tuple[bool, ...] = ()
    strangers: bool = False
    moved_on: bool = False
    orders: tuple[StopOrder, ...] = ()
    began_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Hearing:
    """What follows from who hears a call.

    Attributes:
        verdict: whether its recording goes on.
        entries: the numbers of the register's entries that its consent is to name.
        detail: what its line is to say; empty leaves what it says. An agent without an entry is a
            warning also where the recording goes on.
        reason: why the ledger says that it is not recorded; None if it need not say so.
    """

    verdict: Verdict
    entries: tuple[int, ...]
    detail: str
    reason: Reason | None


def hear(facts: Facts) -> Hearing:
    """Return what follows from the facts for a recording, its consent and its line."""
    verdict = decide(facts)
    warned = verdict is Verdict.GOES_ON and None in facts.agents
    reason = Reason.AGENT_NOT_INFORMED if verdict is Verdict.AGENT_NOT_INFORMED else None
    entries = tuple(sorted({entry.id for entry in facts.agents if entry}))
    return Hearing(verdict, entries, NOT_INFORMED if warned else DETAILS.get(verdict, ""), reason)


def decide(facts: Facts) -> Verdict:
    """Return whether a recording goes on, or why it stops. What was ordered once, stands."""
    for order in facts.orders:
        if holds(order, facts.began_at):
            return order.reason
    if facts.moved_on:
        return Verdict.MOVED_ON
    if None in facts.agents and facts.uninformed is Uninformed.DO_NOT_RECORD:
        return Verdict.AGENT_NOT_INFORMED
    # who is not known may be a caller who was told nothing
    if facts.strangers or (len(facts.callers) > 1 and not all(facts.callers)):
        return Verdict.OTHER_CALLER
    return Verdict.GOES_ON


def holds(order: StopOrder, began_at: datetime | None) -> bool:
    """Whether an order holds for a recording of its call or leg that began then.

    What is recorded of a leg after it went on is of somebody else, who is told anew.
    """
    if order.is_of_call:
        return True
    return order.done_at is None and (began_at is None or began_at <= order.at)


def is_known(leg: Leg, its_call: Call | None) -> bool:
    """Whether it is known who is on a leg of a conference that is no caller's own.

    An agent is, by name, and as whom a caller's dial rang. Who was dialled by an agent, and is not
    there as the customer who was told, is a stranger.
    """
    if leg.agent:
        return True
    return its_call is not None and its_call.channel_map != AGENT_FIRST
