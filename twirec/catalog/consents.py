"""Consents: what the parties of calls answered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, select, update

from twirec.catalog.conditions import of_call
from twirec.catalog.database import Database, to_model, to_models, to_row
from twirec.catalog.ledger import STILL_OPEN
from twirec.catalog.stop_orders import write_order
from twirec.catalog.tables import calls, consents
from twirec.model.agents import StopOrder
from twirec.model.errors import NotFound
from twirec.model.records import Call, Consent
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
        lines, answers = (
            select(table).where(table.c.account_sid == account_sid, table.c.call_sid.in_(sids))
            for table in (calls, consents)
        )
        given: dict[str, list[Consent]] = defaultdict(list)
        with self._database.read() as connection:
            for consent in to_models(Consent, connection.execute(answers)):
                given[consent.call_sid].append(consent)
            return {
                line.call_sid: (line, tuple(given[line.call_sid]))
                for line in to_models(Call, connection.execute(lines))
            }

    def of(self, account_sid: str, call_sid: str) -> tuple[Call, tuple[Consent, ...]]:
        """Return a call's line with what was answered.

        Raises:
            NotFound: the catalog has no such call of that account.
        """
        line_and_consents = self.by_call(account_sid, [call_sid]).get(call_sid)
        if line_and_consents is None:
            raise NotFound(f"The catalog has no call {call_sid}.")
        return line_and_consents

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
        call = of_call(calls, consent.account_sid, consent.call_sid)
        with self._database.write() as connection:
            # Looked for, as the foreign key's own error ends the transaction on PostgreSQL.
            if connection.execute(select(calls.c.call_sid).where(call)).first() is None:
                raise NotFound(f"The catalog has no call {consent.call_sid}.")
            if not self._database.insert_once(connection, consents, to_row(consent, consents)):
                its_own = of_call(consents, consent.account_sid, consent.call_sid)
                first = select(consents).where(its_own, consents.c.leg == consent.leg)
                return to_model(Consent, connection.execute(first).one())
            _say(connection, call, detail, reason)
            if order:
                write_order(self._database, connection, order)
            return consent

    def name_agents(
        self,
        account_sid: str,
        call_sid: str,
        entries: Sequence[int],
        detail: str,
        reason: Reason | None = None,
        order: StopOrder | None = None,
    ) -> None:
        """Name entries of the register in the consent of a call, if it allows recording.

        Those that it names already stay. That and the rest are all there, or nothing is.

        Args:
            account_sid, call_sid: the call.
            entries: the numbers of the entries.
            detail, reason, order: as in `record`.
        """
        call = of_call(calls, account_sid, call_sid)
        consent = of_call(consents, account_sid, call_sid) & consents.c.outcome.in_(PROOF)
        with self._database.write() as connection:
            its = select(consents).where(consent).with_for_update()
            for row in connection.execute(its).all() if entries else ():
                named = tuple(sorted({*row.agents, *entries}))
                own = consent & (consents.c.leg == row.leg)
                connection.execute(update(consents).where(own).values(agents=named))
            _say(connection, call, detail, reason)
            if order:
                write_order(self._database, connection, order)


def _say(
    connection: Connection, call: ColumnElement[bool], detail: str, reason: Reason | None
) -> None:
    """Write on a call's line what a consent means for it."""
    if detail:
        connection.execute(update(calls).where(call).values(detail=detail))
    if reason:
        closed = {"outcome": Outcome.NOT_RECORDED, "reason": reason}
        open_ = call & calls.c.outcome.in_(STILL_OPEN)
        connection.execute(update(calls).where(open_).values(closed))
