"""Conferences: who is in one, with whom, and which call a leg belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    FromClause,
    Select,
    and_,
    select,
    union,
    update,
)

from twirec.adapters.sql.agents import has_line
from twirec.adapters.sql.database import Database
from twirec.adapters.sql.rows import to_leg
from twirec.adapters.sql.schema import calls, legs, participants
from twirec.model.agents import ConferenceEvent, Together

THERE = participants.c.left.is_(None)


class Participants:
    """The part of the catalog that knows who met whom."""

    database: Database

    def join(self, event: ConferenceEvent) -> Together:
        """Write down who joined a conference, and return who is there now."""
        with self.database.write() as connection:
            row = {**_key(event), "joined": event.number, "at": event.at}
            self.database.insert_once(connection, participants, row)
            return _there(connection, event.account_sid, event.conference_sid)

    def leave(self, event: ConferenceEvent) -> None:
        """Write down that somebody left a conference."""
        came = [participants.c[name] == value for name, value in _key(event).items()]
        before = participants.c.joined < event.number
        with self.database.write() as connection:
            connection.execute(
                update(participants).where(*came, THERE, before).values(left=event.number)
            )

    def owner(self, account_sid: str, sid: str) -> str:
        """Return the call that a leg or conference belongs to; the SID itself if to none."""
        with self.database.read() as connection:
            return owner_of(connection, account_sid, sid)

    def owners(self, account_sid: str, sid: str) -> list[str]:
        """Return the calls that a leg is in at this moment."""
        with self.database.read() as connection:
            if met := _met(connection, account_sid, sid, now=True):
                return met
            owner = connection.scalar(_owner_of_leg(account_sid, sid))
        return [owner] if owner else []


def owner_of(connection: Connection, account_sid: str, sid: str) -> str:
    """Return the call that a leg or conference belongs to; the SID itself if to none.

    A leg with a line of its own, such as a customer's who was sent on to somebody else, is a call.
    """
    if has_line(connection, account_sid, sid):
        return sid
    if sid.startswith("CF"):
        return connection.scalar(_calls_in(account_sid, sid).limit(1)) or sid
    owner = connection.scalar(_owner_of_leg(account_sid, sid))
    return owner or next(iter(_met(connection, account_sid, sid)), sid)


def legs_of(sids: Sequence[str]) -> CompoundSelect[Any]:
    """Return the query for the legs that belong to calls, or were in a conference with them.

    Its rows are those of `legs`, with the call of each as `call_sid`.
    """
    own, other = participants.alias("own"), participants.alias("other")
    columns = [legs.c.account_sid, legs.c.leg_sid, own.c.leg_sid.label("call_sid")]
    met = (
        select(*columns, legs.c.at, legs.c.agent)
        .select_from(own.join(other, _at_once(own, other)).join(legs, _is_leg(legs, other)))
        .where(own.c.leg_sid.in_(sids))
    )
    return union(select(legs).where(legs.c.call_sid.in_(sids)), met).order_by("at", "leg_sid")


def _owner_of_leg(account_sid: str, leg_sid: str) -> Select[Any]:
    leg = (legs.c.account_sid == account_sid) & (legs.c.leg_sid == leg_sid)
    return select(legs.c.call_sid).where(leg)


def _there(connection: Connection, account_sid: str, conference_sid: str) -> Together:
    found = connection.scalars(_calls_in(account_sid, conference_sid).where(THERE))
    sids = tuple(dict.fromkeys(found))
    others = (
        select(legs)
        .join(participants, _is_leg(legs, participants))
        .where(_conference(account_sid, conference_sid), THERE, legs.c.leg_sid.not_in(sids))
        .order_by(participants.c.joined)
    )
    rows = connection.execute(others)
    return Together(sids, tuple(dict.fromkeys(to_leg(row) for row in rows)))


def _met(connection: Connection, account_sid: str, leg_sid: str, *, now: bool = False) -> list[str]:
    """Return the calls that were in the conference that a leg joined last while it was there."""
    stays = select(participants).where(
        participants.c.account_sid == account_sid, participants.c.leg_sid == leg_sid
    )
    order = participants.c.at.desc(), participants.c.joined.desc()
    last = connection.execute(stays.order_by(*order).limit(1)).first()
    if last is None or (now and last.left is not None):
        return []
    found = _calls_in(account_sid, last.conference_sid).where(
        THERE if now else THERE | (participants.c.left > last.joined)
    )
    if last.left is not None:
        found = found.where(participants.c.joined < last.left)
    return list(dict.fromkeys(connection.scalars(found)))


def _calls_in(account_sid: str, conference_sid: str) -> Select[Any]:
    """Return the query for the calls that were in a conference, first the one that came first."""
    line = (calls.c.account_sid == participants.c.account_sid) & (
        calls.c.call_sid == participants.c.leg_sid
    )
    return (
        select(participants.c.leg_sid)
        .join(calls, line)
        .where(_conference(account_sid, conference_sid))
        .order_by(participants.c.joined, participants.c.at)
    )


def _key(event: ConferenceEvent) -> dict[str, str]:
    return {
        "account_sid": event.account_sid,
        "conference_sid": event.conference_sid,
        "leg_sid": event.leg_sid,
    }


def _conference(account_sid: str, conference_sid: str) -> ColumnElement[bool]:
    return (participants.c.account_sid == account_sid) & (
        participants.c.conference_sid == conference_sid
    )


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
        one.c.left.is_(None) | (other.c.joined < one.c.left),
        other.c.left.is_(None) | (one.c.joined < other.c.left),
    )
