"""Inside parties: the register of who was informed, and the legs that belong to calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, Connection, insert, select, update

from twirec.catalog.audit import tell_of
from twirec.catalog.conditions import of_call
from twirec.catalog.database import Database, to_model, to_models, to_row
from twirec.catalog.tables import agents, calls, legs
from twirec.model.agents import InformedAgent, Leg
from twirec.model.audit import AuditDraft


class Agents:
    """The register of agents who were informed, and the legs that belong to calls.

    The register is only ever added to, each entry together with its entry of the audit log. A leg
    is known by what Twilio said of it first; only which call it belongs to may come later.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def inform(self, entry: InformedAgent, audited: AuditDraft) -> InformedAgent:
        """Add an entry to the register and to the audit log, and return it with its number."""
        row = to_row(entry, agents)
        row.pop("id")
        with self._database.write() as connection:
            made = connection.execute(insert(agents).returning(agents), row)
            written = made.mappings().one()
            tell_of(connection, written, "entry", audited)
            return replace(entry, id=written["id"])

    def informed(self, names: Sequence[str] | None = None) -> list[InformedAgent]:
        """Return the register, or what it says of some agents, oldest entry first."""
        statement = select(agents).order_by(agents.c.informed_on, agents.c.id)
        if names is not None:
            statement = statement.where(agents.c.agent.in_(names))
        with self._database.read() as connection:
            return to_models(InformedAgent, connection.execute(statement))

    def add_leg(self, leg: Leg) -> Leg | None:
        """Write a leg down, and its call where that was not known.

        Returns:
            What was known of it before; None for nothing.
        """
        there = _is(leg.account_sid, leg.leg_sid)
        with self._database.write() as connection:
            if self._database.insert_once(connection, legs, to_row(leg, legs)):
                return None
            before = connection.execute(select(legs).where(there).with_for_update()).one()
            if before.call_sid is None:
                connection.execute(update(legs).where(there).values(call_sid=leg.call_sid))
            return to_model(Leg, before)

    def legs_of(self, account_sid: str, call_sid: str) -> list[Leg]:
        """Return the legs that belong to a call, without those whom it met in a conference."""
        its = select(legs).where(of_call(legs, account_sid, call_sid))
        with self._database.read() as connection:
            return to_models(Leg, connection.execute(its.order_by(legs.c.at)))

    def knows(self, agent: str) -> bool:
        """Whether an agent had a part in any call, by the name that `agent_of` gives them."""
        with self._database.read() as connection:
            theirs = select(legs.c.leg_sid).where(legs.c.agent == agent).limit(1)
            return connection.execute(theirs).first() is not None

    def is_agents_leg(self, account_sid: str, sid: str) -> bool:
        """Whether a leg is that of an agent, also of one who dialled out by it."""
        with self._database.read() as connection:
            agents_leg = select(legs).where(_is(account_sid, sid), legs.c.agent != "")
            return connection.execute(agents_leg).first() is not None

    def knows_leg(self, account_sid: str, sid: str) -> bool:
        """Whether a SID is that of a leg, and not of a call of its own."""
        with self._database.read() as connection:
            known = connection.execute(select(legs).where(_is(account_sid, sid))).first()
            own = known is not None and has_line(connection, account_sid, sid)
        return known is not None and known.call_sid != sid and not own


def has_line(connection: Connection, account_sid: str, sid: str) -> bool:
    """Whether a SID is that of a call with a line."""
    line = select(calls.c.call_sid).where(of_call(calls, account_sid, sid))
    return connection.execute(line).first() is not None


def _is(account_sid: str, leg_sid: str) -> ColumnElement[bool]:
    return (legs.c.account_sid == account_sid) & (legs.c.leg_sid == leg_sid)
