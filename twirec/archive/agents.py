"""Which agents were informed that their calls are recorded."""

from __future__ import annotations

from datetime import date

from twirec.calls.address import key_of
from twirec.calls.who_hears import check_entry
from twirec.catalog import Catalog
from twirec.custody.audit import AuditTrail
from twirec.model.access import Actor, acting
from twirec.model.agents import InformedAgent
from twirec.model.audit import Action
from twirec.model.given import understood
from twirec.search.times import one_day
from twirec.settings import Settings


@understood
class Agents:
    """The register of informed agents. Entries are never taken away.

    Args:
        settings: the company's country and zone.
        catalog: where the register is.
        trail: who made an entry.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        trail: AuditTrail,
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._trail = trail

    def inform(
        self, agent: str, *, informed_on: date | str, reference: str, by: Actor | str
    ) -> InformedAgent:
        """Add to the register that an agent was informed that their calls are recorded.

        Args:
            agent: a number as a person types it, `client:NAME` or `sip:ADDRESS`.
            informed_on: the day on which they were: a `date`, or `2026-11-03`.
            reference: where that can be looked up, such as the annex of a contract.
            by: who makes the entry.

        Raises:
            InvalidQuery: a value is wrong; the message names it and the fix.
        """
        actor = acting(by)
        with self._trail.attempt(Action.INFORM, actor) as done:
            name = key_of(agent, self._settings.country)
            day = one_day("informed_on", informed_on)
            reference = reference.strip()
            entry = InformedAgent(name, day, reference, actor.name, done.at)
            check_entry(entry, done.at.astimezone(self._settings.timezone).date())
            return self._catalog.agents.inform(entry, done)

    def informed(self) -> list[InformedAgent]:
        """Return the register of informed agents, oldest entry first."""
        return self._catalog.agents.informed()
