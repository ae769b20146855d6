"""Who meets whom, in a conference or out of a queue: what is told of it, and what follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Connection

from twirec.catalog.agents import (
    informed,
    is_known,
    know_leg,
    knows_leg,
    owner_of,
    snapshot_of,
    write_joining,
    write_leg,
)
from twirec.catalog.consents import lines_of, write_naming
from twirec.catalog.database import Database, to_model
from twirec.catalog.ledger import LINE, records_of
from twirec.catalog.recorded_calls import lock_line
from twirec.catalog.stop_orders import orders_of
from twirec.model.agents import ConferenceEvent, Leg
from twirec.model.errors import NotFound
from twirec.model.records import (
    Call,
    CallRecord,
    Introduction,
    Meeting,
    Met,
    Naming,
    Settlement,
    ToldCall,
)


class Meetings:
    """Agents who come to a call: facts, and what is decided by them, in one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def join(
        self,
        event: ConferenceEvent,
        decide: Callable[[Meeting], Mapping[str, Settlement]],
        introduction: Introduction | None = None,
    ) -> Met:
        """Write down that somebody joined a conference, and what follows for the calls in it.

        Of two who join at once, the second is decided by both. Doing it again changes nothing.

        Args:
            event: the joining.
            decide: says what follows, by the SID of the call.
            introduction: who it is, where that had to be asked of Twilio.
        """
        account_sid = event.account_sid
        with self._database.write() as connection:
            write_joining(self._database, connection, event)
            if introduction:
                for sid in sorted({*_here(connection, event), introduction.parent_sid or ""}):
                    lock_line(connection, account_sid, sid)
                _introduce(connection, account_sid, introduction)
            meeting = _meeting(connection, event)
            settled = decide(meeting)
            for sid, settlement in sorted(settled.items()):  # in one order, whoever does it
                if settlement.naming:
                    naming = settlement.naming
                    write_naming(self._database, connection, account_sid, sid, naming)
            stopped = [meeting.lines[sid][0] for sid, each in settled.items() if each.stops]
            to_stop = tuple(
                (record, legs_recorded(connection, record))
                for record in records_of(connection, stopped)
            )
        return Met(meeting, settled, to_stop)

    def take(self, leg: Leg, decide: Callable[[ToldCall, Leg | None], Naming]) -> None:
        """Write down that an agent takes a call out of a queue, and what follows for it.

        Args:
            leg: the agent's, with the call.
            decide: says what is written, by the call and what was known of the leg before.

        Raises:
            NotFound: the call has no line; nothing is written then.
        """
        account_sid, call_sid = leg.account_sid, leg.call_sid or ""
        with self._database.write() as connection:
            lock_line(connection, account_sid, call_sid)
            lines = lines_of(connection, account_sid, [call_sid])
            if call_sid not in lines:
                raise NotFound(f"The catalog has no call {call_sid}.")
            known = know_leg(self._database, connection, leg)
            agent = known.agent if known else leg.agent
            register = tuple(informed(connection, [agent]))
            naming = decide(ToldCall(*lines[call_sid], (agent,), register), known)
            write_naming(self._database, connection, account_sid, call_sid, naming)

    def legs_recorded(self, record: CallRecord) -> tuple[str, ...]:
        """Return the legs whose recordings are of a call: its own, and agents' that it owns."""
        with self._database.read() as connection:
            return legs_recorded(connection, record)


def legs_recorded(connection: Connection, record: CallRecord) -> tuple[str, ...]:
    """Return the legs whose recordings are of a call. See `Meetings.legs_recorded`."""
    call = record.call
    legs = dict.fromkeys([call.call_sid, *(leg.leg_sid for leg in record.legs if leg.agent)])
    return tuple(
        leg for leg in legs if owner_of(connection, call.account_sid, leg) == call.call_sid
    )


def _introduce(connection: Connection, account_sid: str, introduction: Introduction) -> None:
    name, sid = introduction.name, introduction.parent_sid
    parent = _line(connection, account_sid, sid) if sid else None
    known = bool(name) and parent is None and is_known(connection, name)
    write_leg(connection, introduction.leg(parent, known))


def _line(connection: Connection, account_sid: str, call_sid: str) -> Call | None:
    row = LINE.first(connection, {"its_account": account_sid, "its_call": call_sid})
    return None if row is None else to_model(Call, row)


def _here(connection: Connection, event: ConferenceEvent) -> tuple[str, ...]:
    return snapshot_of(connection, event.account_sid, event.conference_sid).calls


def _meeting(connection: Connection, event: ConferenceEvent) -> Meeting:
    account_sid, leg_sid = event.account_sid, event.leg_sid
    here = snapshot_of(connection, account_sid, event.conference_sid)
    sids = {*here.calls, *(leg.call_sid for leg in here.legs if leg.call_sid)}
    lines = lines_of(connection, account_sid, sids)
    agents = sorted({leg.agent for leg in here.legs if leg.agent})
    return Meeting(
        is_known=leg_sid in lines
        or knows_leg(connection, account_sid, leg_sid)
        or _line(connection, account_sid, leg_sid) is not None,
        here=here,
        lines=lines,
        orders=orders_of(connection, account_sid, here.calls),
        register=tuple(informed(connection, agents)) if agents else (),
    )
