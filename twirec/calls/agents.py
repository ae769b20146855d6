"""Inside parties: by which name they are known, who was informed, and whose leg is whose."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from twirec.calls.ledger import AGENT_FIRST
from twirec.calls.numbers import normalise
from twirec.model.agents import InformedAgent, Leg
from twirec.model.errors import InvalidQuery
from twirec.model.records import Call
from twirec.model.vendor import VendorCall


def agent_of(text: str, country: str) -> str:
    """Return the name under which an agent is in the register.

    Args:
        text: a number in any usual form, `client:NAME` or `sip:ADDRESS`, as Twilio sends it or a
            person types it.
        country: ISO 3166 code of the country whose numbers come without a prefix.
    """
    return normalise(text, country)


def check_entry(entry: InformedAgent, today: date) -> None:
    """Check an entry before it is made.

    Raises:
        InvalidQuery: it cannot be made; the message says why.
    """
    if not re.fullmatch(r"\+[0-9]{5,15}|client:.+|sips?:.+", entry.agent):
        raise InvalidQuery("agent: give a number, client:NAME or sip:ADDRESS.")
    if not entry.reference:
        raise InvalidQuery("reference: say where it can be looked up, such as 'contract, annex 4'.")
    if entry.informed_on > today:
        raise InvalidQuery("informed_on: it is in the future.")


def entries_of(
    agents: Iterable[str], register: Sequence[InformedAgent], day: date
) -> tuple[InformedAgent | None, ...]:
    """Return for each agent the newest entry up to a day; None where there is none.

    Args:
        agents: their names, as `agent_of` gives them.
        register: the entries, oldest first.
        day: of the call.
    """
    newest = {each.agent: each for each in register if each.informed_on <= day}
    return tuple(newest.get(agent) for agent in agents)


def agent_on(found: VendorCall, country: str) -> str:
    """Return the name of who would be the agent on a leg: whom it called, or who called by it."""
    dialled = found.direction.startswith("outbound")
    return agent_of(found.to if dialled else found.from_, country)


def leg_of(found: VendorCall, parent: Call | None, country: str, at: datetime, known: bool) -> Leg:
    """Return a leg with the call that dialled it, and the agent who is on it, if one is.

    Args:
        found: what the vendor says of it.
        parent: the call that dialled it, if it has a line.
        country: ISO 3166 code of the country whose numbers come without a prefix.
        at: when it became known, UTC.
        known: whether its number is in the register, or had a part in a call before.
    """
    name = agent_on(found, country)
    if parent:
        theirs = parent.channel_map == AGENT_FIRST  # whom an agent dialled
        return Leg(found.account_sid, found.sid, parent.call_sid, at, "" if theirs else name)
    inside = known if name.startswith("+") else name.startswith(("client:", "sip:", "sips:"))
    return Leg(found.account_sid, found.sid, None, at, name if inside else "")
