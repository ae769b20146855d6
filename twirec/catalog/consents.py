"""Consents: what the parties of calls answered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Insert,
    Select,
    bindparam,
    case,
    select,
    update,
)

from twirec.catalog.agents import REGISTER, informed
from twirec.catalog.conditions import of_call, of_same_call
from twirec.catalog.database import Database, insert_into, to_model, to_models, to_row
from twirec.catalog.ledger import OF_CALL, STILL_OPEN
from twirec.catalog.prepared import Prepared, one_of
from twirec.catalog.stop_orders import write_order
from twirec.catalog.tables import agents, calls, consents, legs
from twirec.model.agents import InformedAgent, StopOrder
from twirec.model.errors import NotFound
from twirec.model.records import Answer, Call, Consent, Naming, ToldCall
from twirec.model.vocabulary import ConsentOutcome, Outcome, Reason

PROOF = tuple(outcome for outcome in ConsentOutcome if outcome.allows_recording)
"""The answers after which recording may start."""


class Consents:
    """What the parties of calls answered, written down before anything is recorded.

    The first answer of a leg stands: neither a repeated request nor another answer changes it.
    What it means for the call's line and its recording is written with it, or nothing is.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def by_call(
        self, account_sid: str, sids: Collection[str]
    ) -> Mapping[str, tuple[Call, tuple[Consent, ...]]]:
        """Return the lines of calls with what was answered, by their SIDs, where they have one."""
        with self._database.read() as connection:
            return lines_of(connection, account_sid, sids)

    def of(self, account_sid: str, call_sid: str) -> tuple[Call, tuple[Consent, ...]]:
        """Return a call's line with what was answered.

        Raises:
            NotFound: the catalog has no such call of that account.
        """
        asked = {"account_sid": account_sid, "call_sid": call_sid}
        with self._database.read() as connection:
            rows = LINE_AND_CONSENTS.all(connection, asked)
        if not rows:
            raise NotFound(f"The catalog has no call {call_sid}.")
        return to_model(Call, rows[0]), tuple(_consents(rows))

    def record(
        self,
        consent: Consent,
        reason: Reason | None,
        detail: str = "",
        order: StopOrder | None = None,
    ) -> Consent:
        """Write a consent, unless that leg has one, and return the one that stands.

        If it is new, that is the very object that was given, and the rest is written with it: all
        of it, or nothing.

        Args:
            consent: the consent.
            reason: why the call is not recorded, by which its line is closed; None if it may be.
            detail: what the line says from now on; empty leaves what it says.
            order: the order that its recording ends, if it is to.

        Raises:
            NotFound: the catalog has no such call of that account.
        """
        answer = Answer(consent, reason, detail, order)
        with self._database.write() as connection:
            return write_answer(self._database, connection, answer)

    def record_with(
        self, agents: Sequence[str], decide: Callable[[Sequence[InformedAgent]], Answer]
    ) -> tuple[Consent, Answer]:
        """Write a consent as `record` does, by what the register says of some agents.

        Args:
            agents: their names, by their `Address.key`.
            decide: says what is written; it is given their entries, oldest first.

        Returns:
            The consent that stands, and what was decided.

        Raises:
            NotFound: the catalog has no such call of that account.
        """
        with self._database.write() as connection:
            answer = decide(informed(connection, agents) if agents else [])
            return write_answer(self._database, connection, answer), answer

    def answer(
        self, account_sid: str, call_sid: str, decide: Callable[[ToldCall], Answer | None]
    ) -> Consent | None:
        """Write a consent as `record` does, by all that is known of its call.

        Args:
            account_sid, call_sid: the call.
            decide: says what is written; None writes nothing.

        Returns:
            The consent that stands; None where nothing was to be written.

        Raises:
            NotFound: the catalog has no such call of that account.
        """
        its = {"account_sid": account_sid, "call_sid": call_sid}
        with self._database.write() as connection:
            rows = LINE_AND_CONSENTS.all(connection, its)
            if not rows:
                raise NotFound(f"The catalog has no call {call_sid}.")
            told = ToldCall(
                to_model(Call, rows[0]),
                tuple(_consents(rows)),
                agents=tuple(row.agent for row in AGENTS.all(connection, its)),
                register=tuple(to_models(InformedAgent, ENTRIES.all(connection, its))),
            )
            answer = decide(told)
            return write_answer(self._database, connection, answer) if answer else None

    def name_with(
        self,
        account_sid: str,
        call_sid: str,
        agents: Sequence[str],
        decide: Callable[[Sequence[InformedAgent]], Naming],
    ) -> Naming:
        """Name entries of the register in the consent of a call, if it allows recording.

        Those that it names already stay. That and the rest are all there, or nothing is.

        Args:
            account_sid, call_sid: the call.
            agents: their names, by their `Address.key`.
            decide: says what is written; it is given their entries, oldest first.

        Returns:
            What was decided.
        """
        with self._database.write() as connection:
            naming = decide(informed(connection, agents))
            write_naming(self._database, connection, account_sid, call_sid, naming)
            return naming


def lines_of(
    connection: Connection, account_sid: str, sids: Collection[str]
) -> dict[str, tuple[Call, tuple[Consent, ...]]]:
    """Return the lines of calls with what was answered. See `Consents.by_call`."""
    asked = {"account_sid": account_sid, "call_sids": list(sids)}
    rows: dict[str, list[Any]] = defaultdict(list)
    for row in connection.execute(LINES_AND_CONSENTS, asked) if sids else ():
        rows[row.call_sid].append(row)
    return {
        sid: (to_model(Call, theirs[0]), tuple(_consents(theirs))) for sid, theirs in rows.items()
    }


def write_answer(database: Database, connection: Connection, answer: Answer) -> Consent:
    """Write a consent and what follows from it in a transaction; see `Consents.record`."""
    consent = answer.consent
    row = to_row(consent, consents)
    # Only of a call that is there: the foreign key's own error ends the transaction on PostgreSQL.
    if INSERT.first(connection, row) is None:
        its = {name: row[name] for name in ("account_sid", "call_sid", "leg")}
        first = CONSENT_OF_LEG.first(connection, its)
        if first is None:
            raise NotFound(f"The catalog has no call {consent.call_sid}.")
        return to_model(Consent, first)
    _say(connection, consent.account_sid, consent.call_sid, answer.detail, answer.reason)
    if answer.order:
        write_order(database, connection, answer.order)
    return consent


def write_naming(
    database: Database, connection: Connection, account_sid: str, call_sid: str, naming: Naming
) -> None:
    """Write in a transaction what follows for a call from who hears it."""
    # the line first, as whoever writes a consent locks it first
    _say(connection, account_sid, call_sid, naming.detail, naming.reason)
    consent = of_call(consents, account_sid, call_sid) & consents.c.outcome.in_(PROOF)
    its = select(consents).where(consent).with_for_update()
    for row in connection.execute(its).all() if naming.entries else ():
        named = tuple(sorted({*row.agents, *naming.entries}))
        own = consent & (consents.c.leg == row.leg)
        connection.execute(update(consents).where(own).values(agents=named))
    if naming.order:
        write_order(database, connection, naming.order)


def _say(
    connection: Connection, account_sid: str, call_sid: str, detail: str, reason: Reason | None
) -> None:
    """Write on a call's line what a consent means for it."""
    said: dict[str, Any] = {"new_detail": detail} if detail else {}
    if reason:
        said["new_reason"] = reason
    if said:
        its = {"its_account": account_sid, "its_call": call_sid}
        SAY[bool(detail), reason is not None].all(connection, its | said)


def _saying(*, detail: bool, reason: bool) -> Prepared:
    """Return what says more on a line, and why it is not recorded, unless that is said for good."""
    statement = update(calls).where(OF_CALL)
    if detail:
        statement = statement.values(detail=bindparam("new_detail"))
    if reason:
        its_outcome, its_reason = calls.c.outcome, calls.c.reason
        new = bindparam("new_reason", type_=its_reason.type)
        open_ = one_of(its_outcome, STILL_OPEN)
        statement = statement.values(
            outcome=case((open_, Outcome.NOT_RECORDED), else_=its_outcome),
            reason=case((open_, new), else_=its_reason),
        )
    return Prepared(statement)


SAY = {
    (detail, reason): _saying(detail=detail, reason=reason)
    for detail in (True, False)
    for reason in (True, False)
    if detail or reason
}
"""By whether there is a detail, and a reason."""


def _insertion(dialect: str) -> Insert:
    """Return the insertion of a consent of a call that is there, unless that leg has one."""
    names = [each.name for each in fields(Consent)]
    values = [bindparam(name, type_=consents.c[name].type) for name in names]
    # The line is locked first, as `Ledger.end_call` does: whoever hangs up as they answer would
    # otherwise wait here for a consent that waits, by its foreign key, for the line.
    line = select(*values).where(of_call(calls, bindparam("account_sid"), bindparam("call_sid")))
    locked = line.select_from(calls).with_for_update(key_share=True)
    new = insert_into(consents, dialect).from_select(names, locked)
    return new.on_conflict_do_nothing().returning(consents.c.leg)


INSERT = Prepared(_insertion)


def _lines_and_consents(its: ColumnElement[bool]) -> Select[Any]:
    answers = [consents.c[each.name].label(f"consent_{each.name}") for each in fields(Consent)]
    return (
        select(calls, *answers)
        .select_from(calls.outerjoin(consents, of_same_call(consents, calls)))
        .where(calls.c.account_sid == bindparam("account_sid"), its)
        .order_by(consents.c.at)
    )


def _consents(rows: Iterable[Any]) -> Iterator[Consent]:
    """Yield the consents of rows of a line with its consents."""
    return (Consent(*_CONSENT(row)) for row in rows if row.consent_leg is not None)


_ITS_AGENTS = select(legs.c.agent).where(
    of_call(legs, bindparam("account_sid"), bindparam("call_sid")), legs.c.agent != ""
)
AGENTS = Prepared(_ITS_AGENTS.order_by(legs.c.at))
ENTRIES = Prepared(REGISTER.where(agents.c.agent.in_(_ITS_AGENTS)))

LINES_AND_CONSENTS = _lines_and_consents(
    calls.c.call_sid.in_(bindparam("call_sids", expanding=True))
)
LINE_AND_CONSENTS = Prepared(_lines_and_consents(calls.c.call_sid == bindparam("call_sid")))
CONSENT_OF_LEG = Prepared(
    select(consents).where(
        of_call(consents, bindparam("account_sid"), bindparam("call_sid")),
        consents.c.leg == bindparam("leg"),
    )
)
_CONSENT = attrgetter(*(f"consent_{each.name}" for each in fields(Consent)))
