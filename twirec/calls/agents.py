"""Which inside parties a call connects, and which of them were informed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date

from twirec.calls.numbers import normalise
from twirec.model.agents import InformedAgent
from twirec.model.errors import InvalidQuery

NOT_INFORMED = "an agent is not in the register of informed agents"
"""The warning on the line of a call that such an agent is connected to."""

OTHER_CALLER = "another caller in the conference may not be recorded"
"""The warning on the line of a call that was recorded until that caller came, or they to it."""


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
) -> list[InformedAgent | None]:
    """Return for each agent the newest entry up to a day; None where there is none.

    Args:
        agents: their names, as `agent_of` gives them.
        register: the entries, oldest first.
        day: of the call.
    """
    newest = {each.agent: each for each in register if each.informed_on <= day}
    return [newest.get(agent) for agent in agents]
