"""Agents and conferences: who was informed, who is on which leg, and who is in one with whom.

When somebody came and went is told by Twilio's numbers of what happens in a conference; 0 stands
for a coming of which nobody told (yet).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Connection,
    FromClause,
    Insert,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    null,
    select,
    union,
    union_all,
    update,
)

from twirec.catalog import advisory_locks
from twirec.catalog.audit import tell_of
from twirec.catalog.conditions import of_call
from twirec.catalog.database import Database, insert_into, to_model, to_models, to_row
from twirec.catalog.prepared import Prepared
from twirec.catalog.tables import agents, calls, legs, participants
from twirec.model.agents import ConferenceEvent, ConferenceSnapshot, InformedAgent, Leg
from twirec.model.audit import AuditDraft

Sid = str | ColumnElement[Any]
"""A SID, or what gives it."""


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
        with self._database.read() as connection:
            return informed(connection, names)

    def add_leg(self, leg: Leg) -> Leg | None:
        """Write a leg down, and its call where that was not known.

        Returns:
            What was known of it before; None for nothing.
        """
        with self._database.write() as connection:
            return know_leg(self._database, connection, leg)

    def legs_of(self, account_sid: str, call_sid: str) -> list[Leg]:
        """Return the legs that belong to a call, without those whom it met in a conference."""
        its = select(legs).where(of_call(legs, account_sid, call_sid))
        with self._database.read() as connection:
            return to_models(Leg, connection.execute(its.order_by(legs.c.at)))

    def knows(self, agent: str) -> bool:
        """Whether an agent had a part in any call, by their `Address.key`."""
        with self._database.read() as connection:
            return knows_agent(connection, agent)

    def is_agent(self, agent: str) -> bool:
        """Whether somebody is in the register, or had a part in any call as an agent.

        Args:
            agent: their `Address.key`.
        """
        with self._database.read() as connection:
            return is_known(connection, agent)

    def is_agents_leg(self, account_sid: str, sid: str) -> bool:
        """Whether a leg is that of an agent, also of one who dialled out by it."""
        with self._database.read() as connection:
            asked = {"account_sid": account_sid, "leg_sid": sid}
            return AGENTS_LEG.first(connection, asked) is not None

    def knows_leg(self, account_sid: str, sid: str) -> bool:
        """Whether a SID is that of a leg, and not of a call of its own."""
        with self._database.read() as connection:
            return knows_leg(connection, account_sid, sid)


def informed(connection: Connection, names: Sequence[str] | None) -> list[InformedAgent]:
    """Return the register, or what it says of some agents, oldest entry first."""
    if names is None:
        return to_models(InformedAgent, connection.execute(REGISTER))
    return to_models(InformedAgent, connection.execute(ENTRIES, {"names": list(names)}))


REGISTER = select(agents).order_by(agents.c.informed_on, agents.c.id)
ENTRIES = REGISTER.where(agents.c.agent.in_(bindparam("names", expanding=True)))


def know_leg(database: Database, connection: Connection, leg: Leg) -> Leg | None:
    """Write a leg down in a transaction, and return what was known of it. See `Agents.add_leg`."""
    if database.insert_once(connection, legs, to_row(leg, legs)):
        return None
    there = _is(leg.account_sid, leg.leg_sid)
    before = connection.execute(select(legs).where(there).with_for_update()).one()
    if before.call_sid is None:
        connection.execute(update(legs).where(there).values(call_sid=leg.call_sid))
    return to_model(Leg, before)


def write_leg(connection: Connection, leg: Leg) -> None:
    """Write a leg down in a transaction, and its call where that was not known."""
    UPSERT_LEG.all(connection, to_row(leg, legs))


def _leg_upsert(dialect: str) -> Insert:
    statement = insert_into(legs, dialect)
    return statement.on_conflict_do_update(
        index_elements=list(legs.primary_key),
        set_={"call_sid": statement.excluded.call_sid},
        where=legs.c.call_sid.is_(None),
    )


UPSERT_LEG = Prepared(_leg_upsert)


def knows_leg(connection: Connection, account_sid: str, sid: str) -> bool:
    """Whether a SID is that of a leg, and not of a call of its own."""
    asked = {"account_sid": account_sid, "leg_sid": sid}
    return LEG_WITHOUT_LINE.first(connection, asked) is not None


def is_known(connection: Connection, agent: str) -> bool:
    """Whether somebody is known as an agent. See `Agents.is_agent`."""
    return knows_agent(connection, agent) or bool(informed(connection, [agent]))


def knows_agent(connection: Connection, agent: str) -> bool:
    """Whether an agent had a part in any call. See `Agents.knows`."""
    theirs = select(legs.c.leg_sid).where(legs.c.agent == agent).limit(1)
    return connection.execute(theirs).first() is not None


def _is(account_sid: Sid, leg_sid: Sid) -> ColumnElement[bool]:
    return (legs.c.account_sid == account_sid) & (legs.c.leg_sid == leg_sid)


ITS_LEG = _is(bindparam("account_sid"), bindparam("leg_sid"))
AGENTS_LEG = Prepared(select(legs.c.leg_sid).where(ITS_LEG, legs.c.agent != ""))
LEG_WITHOUT_LINE = Prepared(
    select(legs.c.leg_sid).where(
        ITS_LEG,
        legs.c.call_sid.is_distinct_from(legs.c.leg_sid),
        ~exists().where(of_call(calls, legs.c.account_sid, legs.c.leg_sid)),
    )
)

LATER, THEIRS = participants.alias("later"), calls.alias("theirs")

THERE = participants.c.left_number.is_(None) & ~exists().where(
    LATER.c.account_sid == participants.c.account_sid,
    LATER.c.leg_sid == participants.c.leg_sid,
    LATER.c.conference_sid != participants.c.conference_sid,
    LATER.c.at > participants.c.at,
)
"""Whether somebody is in a conference: nobody told that they left it, or joined another."""

CALL = case(
    (legs.c.agent != "", null()),  # also if they dialled out before, and so have a line
    (THEIRS.c.leg == participants.c.leg_sid, legs.c.call_sid),
    else_=calls.c.call_sid,
)
"""The call whose outside party somebody is: by their own leg, or by the one that was dialled."""


class Conferences:
    """Who is, or was, in which conference with whom: facts, as Twilio tells them.

    They may come late, doubled or not at all, and in any order: what is read is the same in the
    end. What follows from them, such as who may be recorded, is decided elsewhere.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def leave(self, event: ConferenceEvent) -> None:
        """Write down that somebody left a conference, even if nobody told that they came."""
        stay = _is_participant(event) & (participants.c.joined_number < event.number)
        not_yet = participants.c.left_number.is_(None)
        known = stay & (not_yet | (participants.c.left_number == event.number))
        with self._database.write() as connection:
            _take_turns(connection, event)
            left = update(participants).values(left_number=event.number)
            if connection.execute(left.where(known).returning(participants.c.leg_sid)).first():
                return
            row = {"joined_number": 0, "left_number": event.number, "at": event.at}
            if not self._database.insert_once(connection, participants, {**_key(event), **row}):
                earlier = participants.c.left_number < event.number
                untold = _is_participant(event) & (participants.c.joined_number == 0) & earlier
                connection.execute(left.where(untold))

    def with_now(self, account_sid: str, leg_sid: str) -> ConferenceSnapshot:
        """Return who is in the conference in which a leg is now; nobody if it is in none."""
        there = select(participants.c.conference_sid).where(
            participants.c.account_sid == account_sid,
            participants.c.leg_sid == leg_sid,
            participants.c.left_number.is_(None),
        )
        latest = there.order_by(participants.c.at.desc(), participants.c.joined_number.desc())
        with self._database.read() as connection:
            conference_sid = connection.scalar(latest.limit(1))
            if conference_sid is None:
                return ConferenceSnapshot((), ())
            return snapshot_of(connection, account_sid, conference_sid)

    def met(self, account_sid: str, leg_sids: Sequence[str]) -> ConferenceSnapshot:
        """Return everybody who was ever in a conference at the same time as one of some legs."""
        own, other = participants.alias("own"), participants.alias("other")
        with_them = (
            select(other.c.leg_sid)
            .select_from(own.join(other, _at_once(own, other)))
            .where(
                own.c.account_sid == account_sid,
                own.c.leg_sid.in_(leg_sids),
                other.c.conference_sid == participants.c.conference_sid,
            )
            .correlate(participants)
        )
        with self._database.read() as connection:
            return _snapshot(connection, account_sid, participants.c.leg_sid.in_(with_them))

    def attended(self, account_sid: str, conference_sid: str) -> list[ConferenceEvent]:
        """Return each joining of a conference, in no order.

        Of one that only left, as far as anybody told, it is the leaving, with the number 0.
        """
        statement = select(participants).where(
            participants.c.account_sid == account_sid,
            participants.c.conference_sid == conference_sid,
        )
        with self._database.read() as connection:
            return [
                ConferenceEvent(
                    account_sid,
                    conference_sid,
                    row.leg_sid,
                    row.joined_number,
                    row.at,
                    left=not row.joined_number and row.left_number is not None,
                )
                for row in connection.execute(statement)
            ]

    def owner(self, account_sid: str, sid: str) -> str:
        """Return the call that a leg or conference belongs to; the SID itself if to none.

        A leg with a line of its own is a call of its own. In a conference with several calls it is
        the one that came first.
        """
        with self._database.read() as connection:
            return owner_of(connection, account_sid, sid)

    def calls_now(self, account_sid: str, leg_sid: str) -> list[str]:
        """Return the calls that an agent's leg is in now: several, in a conference with several.

        It is the one that the leg belongs to where it is in no conference; none if to none.
        """
        known = select(legs).where(legs.c.account_sid == account_sid, legs.c.leg_sid == leg_sid)
        with self._database.read() as connection:
            leg = connection.execute(known).first()
            if leg is None:
                return []
            met = connection.scalars(_stays_met(account_sid, leg_sid, now=True)).all()
        return list(dict.fromkeys(met)) or ([leg.call_sid] if leg.call_sid else [])


def write_joining(database: Database, connection: Connection, event: ConferenceEvent) -> None:
    """Write down, in a transaction, that somebody joined a conference, and so is in no other.

    The legs in a conference belong to the calls that are there at the same time, whoever came
    first.
    """
    came = {"joined_number": event.number, "at": event.at}
    left = (participants.c.joined_number == 0) & (participants.c.left_number > event.number)
    known = select(participants).where(
        _is_participant(event), participants.c.joined_number == event.number
    )
    _take_turns(connection, event)
    if connection.execute(known).first():
        return
    late = update(participants).where(_is_participant(event), left).values(came)
    if not connection.execute(late.returning(participants.c.leg_sid)).first():
        database.insert_once(connection, participants, {**_key(event), **came})


def snapshot_of(
    connection: Connection, account_sid: str, conference_sid: str
) -> ConferenceSnapshot:
    """Return who is in a conference. Of two who join at once, the last to ask sees both."""
    there = (participants.c.conference_sid == conference_sid) & THERE
    return _snapshot(connection, account_sid, there)


def _snapshot(
    connection: Connection, account_sid: str, condition: ColumnElement[bool]
) -> ConferenceSnapshot:
    known = func.coalesce(legs.c.at, participants.c.at).label("at")
    columns = participants.c.leg_sid, known, legs.c.call_sid, legs.c.agent, CALL.label("call")
    rows = connection.execute(_stays(account_sid, *columns).where(condition)).all()
    others = (
        Leg(account_sid, row.leg_sid, row.call_sid, row.at, row.agent or "")
        for row in rows
        if row.call is None
    )
    once = {leg.leg_sid: leg for leg in others}  # who came back may have left untold
    called = dict.fromkeys(row.call for row in rows if row.call is not None)
    return ConferenceSnapshot(tuple(called), tuple(once.values()))


def owner_of(connection: Connection, account_sid: str, sid: str) -> str:
    """Return the call that a leg or conference belongs to; the SID itself if to none.

    A leg with a line of its own, such as a customer's who was sent on to somebody else, is a call.
    """
    return str(connection.scalar(OWNER, {"account_sid": account_sid, "owned_sid": sid}))


def legs_of(sids: BindParameter[Any]) -> CompoundSelect[Any]:
    """Return the query for the legs that belong to calls, or were in a conference with them.

    Args:
        sids: what the calls' SIDs are given by.

    Its rows are those of `legs`, with the call of each as `call_sid`.
    """
    stays = participants.c
    columns = stays.account_sid, stays.conference_sid, stays.joined_number, stays.left_number
    by_their_own_leg = (
        select(*columns, stays.leg_sid, stays.leg_sid.label("call_sid"))
        .outerjoin(legs, _is_leg(legs, participants))
        .where(stays.leg_sid.in_(sids), func.coalesce(legs.c.agent, "") == "")
    )
    by_the_leg_that_was_dialled = (
        select(*columns, stays.leg_sid, legs.c.call_sid)
        .join(legs, _is_leg(legs, participants))
        .join(calls, of_call(calls, legs.c.account_sid, legs.c.call_sid))
        .where(legs.c.call_sid.in_(sids), calls.c.leg == stays.leg_sid)
    )
    # once, and not anew for each who was ever in a conference, as the planner of SQLite has it
    own = union_all(by_their_own_leg, by_the_leg_that_was_dialled).cte("own")
    own = own.prefix_with("MATERIALIZED")
    other = participants.alias("other")
    first, rest = (legs.c.account_sid, legs.c.leg_sid), (legs.c.at, legs.c.agent)
    met = select(*first, own.c.call_sid, *rest).select_from(
        own.join(other, _at_once(own, other)).join(legs, _is_leg(legs, other))
    )
    theirs = select(*first, legs.c.call_sid, *rest).where(legs.c.call_sid.in_(sids))
    return union(theirs, met).order_by("at", "leg_sid")


def _stays_met(account_sid: Sid, leg_sid: Sid, *, now: bool = False) -> Select[Any]:
    """Return the query for the calls that were in the conference that a leg joined last.

    While it was there; with `now`, those that are there with it now.
    """
    last = (
        select(participants)
        .where(participants.c.account_sid == account_sid, participants.c.leg_sid == leg_sid)
        .order_by(participants.c.at.desc(), participants.c.joined_number.desc())
        .limit(1)
        .subquery("last")
    )
    left = participants.c.left_number
    met = _calls_in(account_sid, last.c.conference_sid).where(
        THERE if now else left.is_(None) | (left > last.c.joined_number),
        last.c.left_number.is_(None) | (participants.c.joined_number < last.c.left_number),
    )
    return met.where(last.c.left_number.is_(None)) if now else met


def _calls_in(account_sid: Sid, conference_sid: Sid) -> Select[Any]:
    """Return the query for the calls that were in a conference, first the one that came first."""
    its = participants.c.conference_sid == conference_sid
    return _stays(account_sid, CALL).where(its, CALL.is_not(None))


def _stays(account_sid: Sid, *columns: ColumnElement[Any]) -> Select[Any]:
    """Return the query for who was in conferences, first who came first."""
    return (
        select(*columns)
        .select_from(participants)
        .outerjoin(legs, _is_leg(legs, participants))
        .outerjoin(calls, of_call(calls, participants.c.account_sid, participants.c.leg_sid))
        .outerjoin(THEIRS, of_call(THEIRS, legs.c.account_sid, legs.c.call_sid))
        .where(participants.c.account_sid == account_sid)
        .order_by(participants.c.joined_number, participants.c.at)
    )


def _key(event: ConferenceEvent) -> dict[str, str]:
    return {
        "account_sid": event.account_sid,
        "conference_sid": event.conference_sid,
        "leg_sid": event.leg_sid,
    }


def _take_turns(connection: Connection, event: ConferenceEvent) -> None:
    """Let nobody else write of who is in a conference before the transaction ends.

    What is told of one at the same moment is a row not seen yet, which each would insert; and of
    two who join at once, one sees both. On SQLite that is so from its begin.
    """
    advisory_locks.take_part(connection, advisory_locks.CONFERENCE, event.conference_sid)


def _is_participant(event: ConferenceEvent) -> ColumnElement[bool]:
    return and_(*(participants.c[name] == value for name, value in _key(event).items()))


def _is_leg(leg: FromClause, participant: FromClause) -> ColumnElement[bool]:
    return (leg.c.account_sid == participant.c.account_sid) & (
        leg.c.leg_sid == participant.c.leg_sid
    )


def _at_once(one: FromClause, other: FromClause) -> ColumnElement[bool]:
    """Return the condition that two were in a conference at the same time."""
    return and_(
        one.c.account_sid == other.c.account_sid,
        one.c.conference_sid == other.c.conference_sid,
        one.c.leg_sid != other.c.leg_sid,
        one.c.left_number.is_(None) | (other.c.joined_number < one.c.left_number),
        other.c.left_number.is_(None) | (one.c.joined_number < other.c.left_number),
    )


def owner(account_sid: Sid, sid: Sid) -> ColumnElement[Any]:
    """Return what gives the call that a leg or conference belongs to. See `owner_of`."""
    line, leg = calls.alias(), legs.alias()
    candidates = (  # each is asked only if those before it said nothing
        select(line.c.call_sid).where(of_call(line, account_sid, sid)),
        select(leg.c.call_sid).where(leg.c.account_sid == account_sid, leg.c.leg_sid == sid),
        _stays_met(account_sid, sid).limit(1),
        _calls_in(account_sid, sid).limit(1),
    )
    return func.coalesce(*(each.correlate(None).scalar_subquery() for each in candidates), sid)


OWNER = select(owner(bindparam("account_sid"), bindparam("owned_sid")).label("owner"))
"""The query for the call that a leg or conference belongs to. See `owner_of`."""
