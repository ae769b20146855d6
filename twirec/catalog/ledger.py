"""Calls and consents: the ledger."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, exists, select, update

from twirec.catalog.agents import PROOF
from twirec.catalog.audit import append
from twirec.catalog.call_records import call_records
from twirec.catalog.database import Database
from twirec.catalog.mapping import to_model, to_models, to_row
from twirec.catalog.stop_orders import write_order
from twirec.catalog.tables import calls, consents, recordings
from twirec.catalog.vendor_retention import keep_copy
from twirec.model.agents import StopOrder
from twirec.model.audit import AuditDraft
from twirec.model.errors import NotFound
from twirec.model.records import Call, CallRecord, Consent
from twirec.model.vocabulary import NOT_KNOWN, Outcome, Reason, Role

NUMBERS = ("customer_number", "own_number", "direction")
"""The columns that the vendor may know later only."""

UNFINISHED = (Outcome.OPEN, Outcome.OWED)


class Ledger:
    """The line that every call has, recorded or not, with the reason and the parties' consents.

    What was written first stands: Twilio's repeated request writes no second line, and changes no
    consent that was given.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def open_call(self, call: Call) -> Call:
        """Write a call's line, unless it has one, and return the line that stands.

        If it is new, that is the very object that was given. Of a line that stands only `dial` is
        written anew, as a caller may be sent on to somebody else, and that it is not `late` once
        the app was asked about the call.
        """
        line = _is(call.account_sid, call.call_sid)
        with self._database.write() as connection:
            if self._database.insert_once(connection, calls, to_row(call, calls)):
                return call
            changes: dict[str, Any] = {"dial": call.dial} if call.dial else {}
            changes |= {} if call.late else {"late": False}
            if changes:
                connection.execute(update(calls).where(line).values(changes))
            return to_model(Call, connection.execute(select(calls).where(line)).one())

    def open_line_without_numbers(self, line: Call, recording_sid: str) -> None:
        """Write the line of a recording whose call nobody knows (any more), unless it has one.

        A recording that is there becomes one of that call if it is of none, and the vendor keeps
        its copy of it, if it has one still.
        """
        recording = recordings.c.sid == recording_sid
        of_none = recording & recordings.c.call_sid.is_(None)
        with self._database.write() as connection:
            self._database.insert_once(connection, calls, to_row(line, calls))
            connection.execute(update(recordings).where(of_none).values(call_sid=line.call_sid))
            keep_copy(connection, recording_sid)

    def line(self, account_sid: str, call_sid: str) -> Call | None:
        """Return a call's line without what belongs to it; None if it has none."""
        with self._database.read() as connection:
            row = connection.execute(select(calls).where(_is(account_sid, call_sid))).first()
        return None if row is None else to_model(Call, row)

    def lines(self, sids: Sequence[str]) -> Mapping[str, Call]:
        """Return the lines of calls by their SIDs, or by those of their recordings, where known."""
        its_call = (recordings.c.account_sid == calls.c.account_sid) & (
            recordings.c.call_sid == calls.c.call_sid
        )
        by_recording = (
            select(calls, recordings.c.sid)
            .join(recordings, its_call)
            .where(recordings.c.sid.in_(sids))
        )
        with self._database.read() as connection:
            own = connection.execute(select(calls).where(calls.c.call_sid.in_(sids)))
            lines = {row.call_sid: to_model(Call, row) for row in own}
            of_recordings = connection.execute(by_recording)
            return {row.sid: to_model(Call, row) for row in of_recordings} | lines

    def add_numbers(
        self,
        before: Call,
        after: Call,
        channel_maps: Mapping[str, tuple[Role, ...]],
        audited: AuditDraft | None = None,
    ) -> bool:
        """Let a line have the numbers, the direction and the channels of `after`.

        False, and nothing done, if its numbers and direction are not those of `before` any more.
        The change and its entry of the audit log are both there, or neither.

        Args:
            before: the line as it was read.
            after: as it is to be.
            channel_maps: who is on which channel, by the SID of a recording of the call.
            audited: what is to be written down of it; None where only the vendor says so.
        """
        was, row = to_row(before, calls), to_row(after, calls)
        same = [calls.c[name].is_not_distinct_from(was[name]) for name in NUMBERS]
        changes = {name: row[name] for name in (*NUMBERS, "tail", "channel_map")}
        with self._database.write() as connection:
            line = _is(before.account_sid, before.call_sid)
            if not connection.execute(update(calls).where(line, *same).values(changes)).rowcount:
                return False
            for sid, roles in channel_maps.items():
                this = update(recordings).where(recordings.c.sid == sid)
                connection.execute(this.values(channel_map=roles))
            if audited:
                append(connection, audited)
            return True

    def announce(
        self,
        account_sid: str,
        call_sid: str,
        *,
        leg: str,
        at: datetime,
        steady: str = "",
        from_the_beginning: bool = False,
    ) -> None:
        """Set when the announcement was last sent, by both clocks, and to which leg.

        A new leg, and one that hears the announcement from the beginning, was asked nothing yet.
        Nothing changes once a consent is written.
        """
        answered = exists().where(
            consents.c.account_sid == account_sid, consents.c.call_sid == call_sid
        )
        asked: ColumnElement[int] | int = 0
        if not from_the_beginning:
            asked = case((calls.c.leg == leg, calls.c.asked), else_=0)
        with self._database.write() as connection:
            connection.execute(
                update(calls)
                .where(_is(account_sid, call_sid), ~answered)
                .values(announced_at=at, announced_steady=steady, leg=leg, asked=asked)
            )

    def ask_again(self, account_sid: str, call_sid: str, asked: int, at: datetime) -> None:
        """Count that the question is put once more, after it was put `asked` times, and when.

        Nothing changes if it was put more often already.
        """
        with self._database.write() as connection:
            connection.execute(
                update(calls)
                .where(_is(account_sid, call_sid), calls.c.asked == asked)
                .values(asked=asked + 1, announced_at=at, announced_steady="")
            )

    def call(self, account_sid: str, call_sid: str) -> CallRecord:
        """Return a call with its consents and recordings.

        Raises:
            NotFound: the catalog has no such call of that account.
        """
        with self._database.read() as connection:
            records = call_records(connection, [_is(account_sid, call_sid)], limit=1)
        if not records:
            raise NotFound(f"The catalog has no call {call_sid}.")
        return records[0]

    def calls_with_consents(
        self, account_sid: str, sids: Collection[str]
    ) -> Mapping[str, tuple[Call, tuple[Consent, ...]]]:
        """Return the lines of calls with what was answered, by their SIDs, where they have one."""
        lines = select(calls).where(calls.c.account_sid == account_sid, calls.c.call_sid.in_(sids))
        answers = select(consents).where(
            consents.c.account_sid == account_sid, consents.c.call_sid.in_(sids)
        )
        given: dict[str, tuple[Consent, ...]] = {}
        with self._database.read() as connection:
            for row in connection.execute(answers):
                answer = to_model(Consent, row)
                given[row.call_sid] = (*given.get(row.call_sid, ()), answer)
            return {
                call.call_sid: (call, given.get(call.call_sid, ()))
                for call in to_models(Call, connection.execute(lines))
            }

    def with_consents(self, account_sid: str, call_sid: str) -> tuple[Call, tuple[Consent, ...]]:
        """Return a call's line with what was answered.

        Raises:
            NotFound: the catalog has no such call of that account.
        """
        found = self.calls_with_consents(account_sid, [call_sid]).get(call_sid)
        if found is None:
            raise NotFound(f"The catalog has no call {call_sid}.")
        return found

    def record_consent(
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
        call = _is(consent.account_sid, consent.call_sid)
        with self._database.write() as connection:
            # Looked for, as the foreign key's own error ends the transaction on PostgreSQL.
            if connection.execute(select(calls.c.call_sid).where(call)).first() is None:
                raise NotFound(f"The catalog has no call {consent.call_sid}.")
            if not self._database.insert_once(connection, consents, to_row(consent, consents)):
                its = select(consents).where(_answer(consent))
                return to_model(Consent, connection.execute(its).one())
            self._say(connection, call, detail, reason)
            if order:
                write_order(self._database, connection, order)
            return consent

    def name_in_consent(
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
            detail, reason, order: as in `record_consent`.
        """
        call = _is(account_sid, call_sid)
        consent = (
            (consents.c.account_sid == account_sid)
            & (consents.c.call_sid == call_sid)
            & consents.c.outcome.in_(PROOF)
        )
        with self._database.write() as connection:
            its = select(consents).where(consent).with_for_update()
            for row in connection.execute(its).all() if entries else ():
                named = tuple(sorted({*row.agents, *entries}))
                own = consent & (consents.c.leg == row.leg)
                connection.execute(update(consents).where(own).values(agents=named))
            self._say(connection, call, detail, reason)
            if order:
                write_order(self._database, connection, order)

    def _say(
        self,
        connection: Connection,
        call: ColumnElement[bool],
        detail: str,
        reason: Reason | None,
    ) -> None:
        if detail:
            connection.execute(update(calls).where(call).values(detail=detail))
        if reason:
            closed = {"outcome": Outcome.NOT_RECORDED, "reason": reason}
            open_ = call & calls.c.outcome.in_(UNFINISHED)
            connection.execute(update(calls).where(open_).values(closed))

    def close_call(
        self,
        account_sid: str,
        call_sid: str,
        *,
        outcome: Outcome,
        reason: Reason | None,
        ended_at: datetime | None,
    ) -> None:
        """Say what came of a call, and when it ended, if it did.

        A line that is `recorded` or `not_recorded` keeps outcome and reason; a line without an end
        gets `ended_at`. A call that is not there stays so.
        """
        call = _is(account_sid, call_sid)
        with self._database.write() as connection:
            connection.execute(
                update(calls)
                .where(call, calls.c.outcome.in_(UNFINISHED))
                .values(outcome=outcome, reason=reason)
            )
            connection.execute(
                update(calls).where(call, calls.c.ended_at.is_(None)).values(ended_at=ended_at)
            )

    def unfinished_calls(
        self, before: datetime, *, after: Call | None = None, limit: int = 1000
    ) -> list[Call]:
        """Return calls that started before `before` and are still `open` or `owed`.

        Oldest first, a page at a time: `after` is the last one of the page before.
        """
        statement = (
            select(calls)
            .where(calls.c.outcome.in_(UNFINISHED), calls.c.started_at < before)
            .order_by(calls.c.started_at, calls.c.call_sid)
            .limit(limit)
        )
        if after is not None:
            later = calls.c.started_at > after.started_at
            same = (calls.c.started_at == after.started_at) & (calls.c.call_sid > after.call_sid)
            statement = statement.where(later | same)
        with self._database.read() as connection:
            return to_models(Call, connection.execute(statement))

    def owns(self, number: str) -> bool:
        """Whether there are lines of calls to or from this number as an own number.

        Those that were written only after the call do not count.
        """
        own = (calls.c.own_number == number) & ~calls.c.late
        statement = select(calls.c.call_sid).where(own).limit(1)
        with self._database.read() as connection:
            return connection.execute(statement).first() is not None


def fill_line(connection: Connection, line: Call) -> None:
    """Let a line that has no number have those of `line`, and its direction and channels."""
    row = to_row(line, calls)
    changes = {name: row[name] for name in (*NUMBERS, "tail", "channel_map")}
    without = calls.c.customer_number == NOT_KNOWN
    its_own = _is(line.account_sid, line.call_sid)
    connection.execute(update(calls).where(its_own, without).values(changes))


def _is(account_sid: str, call_sid: str) -> ColumnElement[bool]:
    return (calls.c.account_sid == account_sid) & (calls.c.call_sid == call_sid)


def _answer(consent: Consent) -> ColumnElement[bool]:
    return (
        (consents.c.account_sid == consent.account_sid)
        & (consents.c.call_sid == consent.call_sid)
        & (consents.c.leg == consent.leg)
    )
