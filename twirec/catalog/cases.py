"""Cases: what customers complained of, their calls and steps, and the clocks of their terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    func,
    insert,
    select,
    true,
    update,
)

from twirec.catalog.announcements import keep_wording
from twirec.catalog.audit import append
from twirec.catalog.case_mails import add_mail, forget_failed
from twirec.catalog.case_tables import case_calls, case_clocks, case_steps, cases
from twirec.catalog.consents import write_answer
from twirec.catalog.database import Database, to_model, to_row
from twirec.catalog.disclosure_tables import disclosures
from twirec.catalog.disclosures import Proofs, revoke_for_case
from twirec.catalog.events import write_event
from twirec.catalog.hints import hint
from twirec.catalog.holds import add_hold, hold_off, lift_holds
from twirec.catalog.known_cases import OPEN, not_there
from twirec.catalog.leases import NOTHING, Leases
from twirec.catalog.orders import order_when_finished
from twirec.catalog.stop_orders import write_order
from twirec.catalog.tables import holds, recordings
from twirec.model.access import OURSELVES
from twirec.model.agents import StopOrder
from twirec.model.announcements import Announcement
from twirec.model.audit import Action, AuditDraft, AuditOutcome, Detail
from twirec.model.cases import (
    Case,
    CaseAnswer,
    CaseCall,
    CaseClock,
    CaseMail,
    CaseStep,
    CaseStepKind,
)
from twirec.model.custody import Hold, Order, OrderKind
from twirec.model.disclosures import Disclosure
from twirec.model.errors import CustodyRefused, InvalidQuery, NotFound
from twirec.model.events import EventType
from twirec.model.hints import CASE
from twirec.model.lease import Lease
from twirec.model.records import Answer, Consent
from twirec.model.vocabulary import Verdict

INCOMPLETE = cases.c.complete_by.is_not(None)

BEFORE: Mapping[CaseStepKind, tuple[ColumnElement[bool], str]] = {
    CaseStepKind.INCOMPLETE: (OPEN & ~INCOMPLETE, "it is closed, or waits for that already"),
    CaseStepKind.COMPLETED: (OPEN & INCOMPLETE, "it is closed, or nothing is missing"),
    CaseStepKind.CLOSED: (OPEN, "it is closed already"),
    CaseStepKind.CALL: (OPEN, "it is closed; open another for what came after"),
    CaseStepKind.CONSENT: (OPEN, "it is closed"),
}
"""What has to be so before a step, and what is wrong where it is not."""

NO_MORE = "the customer said no to its being recorded for their case"
"""Why hold, links and recordings of a case end."""

TOLD = (CaseStepKind.NEARLY_DUE, CaseStepKind.OVERDUE)

A_MOMENT = timedelta(seconds=1)
"""After its last second a case is overdue."""


class Cases:
    """Cases. Each step, what it changes, the holds and the entry of the log are one transaction.

    Attributes:
        clocks: the queue of those that are nearly due, or overdue, each when its moment comes.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.clocks = Leases(database, case_clocks, lambda _, row: to_model(CaseClock, row))

    def open(
        self, new: Case, call: CaseCall, step: CaseStep, hold: Hold, audited: AuditDraft
    ) -> tuple[Case, CaseCall] | None:
        """Write a case down, with its call and the hold on it; None if its key is taken.

        Args:
            new: the case, whose number it gets here.
            call: its call, with what the customer answered, if that is known.
            step: that it was opened.
            hold: on the call's recordings, those that there are and those to come.
            audited: its entry.
        """
        row = to_row(new, cases)
        del row["id"]
        with self._database.write() as connection:
            taken = select(cases.c.id).where(cases.c.key == new.key)
            if connection.execute(taken).first() is not None:
                return None
            held = add_hold(connection, hold)
            opened = to_model(
                Case, connection.execute(insert(cases).values(row).returning(cases)).one()
            )
            its_call = replace(call, case_id=opened.id)
            connection.execute(insert(case_calls), to_row(its_call, case_calls))
            _add(connection, replace(step, case_id=opened.id))
            _set_clock(connection, opened)
            write_event(connection, EventType.CASE_OPENED, case_key=opened.key)
            append(connection, audited)
            _append_of(connection, Action.HOLD, [held], audited)
        return opened, its_call

    def take(
        self, key: str, step: CaseStep, changes: Mapping[str, Any], audited: AuditDraft
    ) -> Case:
        """Write a step down, and what it changes of the case.

        Raises:
            NotFound: there is no such case.
            InvalidQuery: it is not the time for that step (any more).
        """
        with self._database.write() as connection:
            taken = _take(connection, key, step, changes)
            _set_clock(connection, taken)
            append(connection, audited)
        return taken

    def add_call(
        self, key: str, call: CaseCall, step: CaseStep, hold: Hold, audited: AuditDraft
    ) -> tuple[Case, CaseCall]:
        """Write down that another call belongs to a case, and hold it. Again changes nothing.

        Raises:
            NotFound: there is no such case.
            InvalidQuery: it is closed.
        """
        with self._database.write() as connection:
            its = select(case_calls).where(_of_call(call.account_sid, call.call_sid))
            known = its.join(cases, cases.c.id == case_calls.c.case_id).where(cases.c.key == key)
            row = connection.execute(known).first()
            if row is None:
                hold = add_hold(connection, hold)
            taken = _take(connection, key, step if row is None else None, {}, of=step.kind)
            if row is not None:
                return taken, to_model(CaseCall, row)
            added = replace(call, case_id=taken.id)
            connection.execute(insert(case_calls), to_row(added, case_calls))
            append(connection, audited)
            _append_of(connection, Action.HOLD, [hold], audited)
        return taken, added

    def grant(
        self,
        key: str,
        call: CaseCall,
        step: CaseStep,
        audited: AuditDraft,
        *,
        hold: Hold | None = None,
        proof: tuple[Announcement, Consent] | None = None,
    ) -> CaseCall:
        """Write down that a customer consents to a call's being recorded for a case.

        Args:
            key: of the case.
            call: its call, with the answer.
            step: that they answered.
            audited: its entry.
            hold: on the call's recordings, where a no had ended it; None for none.
            proof: what proves the consent, with the wording of the question, where recording is to
                begin by it; None where it is not.

        Raises:
            NotFound: there is no such case.
            InvalidQuery: it is closed.
        """
        with self._database.write() as connection:
            held = []
            if hold is not None and not _standing(connection, _held_for(key, call)):
                held = [add_hold(connection, hold)]
            _take(connection, key, step, {})
            answered = _answer(connection, call)
            if proof is not None:
                asked, consent = proof
                keep_wording(self._database, connection, asked, audited.at)
                write_answer(self._database, connection, Answer(consent))
            append(connection, audited)
            _append_of(connection, Action.HOLD, held, audited)
        return answered

    def refuse(
        self,
        key: str,
        call: CaseCall,
        step: CaseStep,
        audited: AuditDraft,
        *,
        begun: Sequence[str] = (),
        stop: StopOrder | None = None,
    ) -> tuple[CaseCall, Sequence[str]]:
        """Write down that a customer says no to a call's being recorded for a case.

        With it end the case's hold on what is recorded of the call, and the links that receipts of
        the case have to that; and it is ordered that recordings end, and are destroyed.

        Args:
            key: of the case.
            call: its call, with the answer.
            step: that they answered.
            audited: its entry; the holds and recordings get theirs.
            begun: the recordings that are to be destroyed, now, or as soon as they are finished.
            stop: the order that what is recorded of the call ends; None where it goes on.

        Returns:
            The call, and those of the recordings that are not destroyed, as others hold them.

        Raises:
            NotFound: there is no such case.
            InvalidQuery: it is closed.
        """
        with self._database.write() as connection:
            hold_off(connection)
            _take(connection, key, step, {})
            answered = _answer(connection, call)
            its_call = (call.account_sid, call.call_sid)
            ended = revoke_for_case(connection, key, *its_call, NO_MORE, audited)
            detail = {**audited.detail, "links_ended": ended, "recording_ends": stop is not None}
            lifted = _lift(connection, _held_for(key, call), audited, NO_MORE)
            if stop is not None:
                write_order(self._database, connection, stop)
            erased = [_destroy(connection, sid, audited) for sid in begun]
            append(connection, replace(audited, detail=detail))
            _append_of(connection, Action.UNHOLD, lifted, audited)
            for entry in filter(None, erased):
                append(connection, entry)
        return answered, [
            each.sid for each in erased if each and each.outcome is AuditOutcome.DENIED
        ]

    def began_recording(
        self, call: CaseCall, sid: str, step: CaseStep, audited: AuditDraft
    ) -> bool:
        """Write down which recording began by a customer's consent.

        Where they said no while it began, it ends, and is destroyed as soon as it is finished.

        Args:
            call: the call of the case.
            sid: of the recording.
            step: that it began.
            audited: its entry.

        Returns:
            Whether their yes still stands.
        """
        its = _of_call(call.account_sid, call.call_sid) & (case_calls.c.case_id == call.case_id)
        change = update(case_calls).where(its).values(recording_sid=sid)
        with self._database.write() as connection:
            hold_off(connection)
            answer = connection.scalar(change.returning(case_calls.c.answer))
            _add(connection, step)
            erased = None
            if answer is CaseAnswer.REFUSED:
                stop = StopOrder(call.account_sid, call.call_sid, Verdict.NOT_CONSENTED, audited.at)
                write_order(self._database, connection, stop)
                erased = _destroy(connection, sid, audited)
            append(connection, audited)
            if erased is not None:
                append(connection, erased)
        return answer is not CaseAnswer.REFUSED

    def close(
        self, key: str, step: CaseStep, changes: Mapping[str, Any], audited: AuditDraft
    ) -> tuple[Case, Sequence[str]]:
        """Close a case, and end its holds.

        Returns:
            The case, and the recordings that it held, which may be held for others.

        Raises:
            NotFound: there is no such case.
            InvalidQuery: it is closed already.
        """
        with self._database.write() as connection:
            hold_off(connection)
            closed = _take(connection, key, step, changes)
            # of a catalog that was made anew there may be holds that only the objects knew of
            ours = holds.c.call_sid.is_not(None) | (holds.c.by == OURSELVES.name)
            its = (holds.c.case_number == key) & ours
            lifted = _lift(connection, its, audited, f"case {key} is closed")
            sids = _recorded(connection, lifted)
            _set_clock(connection, closed)
            forget_failed(connection, key)
            write_event(connection, EventType.CASE_CLOSED, case_key=key)
            append(connection, audited)
            _append_of(connection, Action.UNHOLD, lifted, audited)
        return closed, sids

    def add_step(self, key: str, step: CaseStep, audited: AuditDraft) -> Case:
        """Write down that something was done for a case, which changes nothing of it.

        Raises:
            NotFound: there is no such case.
        """
        with self._database.write() as connection:
            row = connection.execute(select(cases).where(cases.c.key == key)).first()
            if row is None:
                raise NotFound(not_there(key))
            found = to_model(Case, row)
            _add(connection, replace(step, case_id=found.id))
            if step.kind is CaseStepKind.DELIVERED:
                forget_failed(connection, key)
            append(connection, audited)
        return found

    def made_receipt(
        self,
        key: str,
        step: CaseStep,
        links: Sequence[tuple[Disclosure, Proofs]],
        audited: AuditDraft,
        mail: tuple[CaseMail, str] | None = None,
    ) -> None:
        """Write down that a receipt was made, with the links in it.

        Args:
            key: of the case.
            step: that it was made.
            links: what is given by them, and what proves their secrets.
            audited: its entry.
            mail: the e-mail that is to bring it, and what that says, sealed; None for none.
        """
        with self._database.write() as connection:
            taken = _take(connection, key, step, {})
            for disclosure, proofs in links:
                row = {
                    **to_row(disclosure, disclosures),
                    "link_hash": proofs.link_hash,
                    "code_hash": proofs.code_hash,
                    "salt": proofs.salt,
                }
                connection.execute(insert(disclosures), row)
            if mail is not None:
                add_mail(connection, *mail)
            write_event(connection, EventType.CASE_RECEIPT, case_key=taken.key)
            append(connection, audited)

    def tell(
        self, lease: Lease[CaseClock], step: CaseStep, event: EventType, now: datetime
    ) -> None:
        """Write down that a case is nearly due, or overdue, with an event; its clock goes on.

        Raises `LeaseLost`.
        """
        its = select(cases).where(cases.c.key == lease.item.key)

        def lock(connection: Connection) -> None:  # as those do who take a step of it
            connection.execute(its.with_for_update())

        with self.clocks.commit(lease, NOTHING, None, lock) as (connection, _):
            _add(connection, step)
            write_event(connection, event, case_key=lease.item.key)
            _set_clock(connection, to_model(Case, connection.execute(its).one()), after=now)

    def wind_clocks(self) -> None:
        """Let each open case be told of, that was not, in a catalog that was made anew."""
        last = func.max(case_steps.c.at).label("told_at")
        told = select(case_steps.c.case_id, last).where(case_steps.c.kind.in_(TOLD))
        told_of = told.group_by(case_steps.c.case_id).subquery()
        its = cases.outerjoin(told_of, told_of.c.case_id == cases.c.id)
        statement = select(cases, told_of.c.told_at).select_from(its)
        running = OPEN & cases.c.due_at.is_not(None)
        with self._database.write() as connection:
            for row in connection.execute(statement.where(running)).all():
                _set_clock(connection, to_model(Case, row), after=row.told_at)


def _take(
    connection: Connection,
    key: str,
    step: CaseStep | None,
    changes: Mapping[str, Any],
    *,
    of: CaseStepKind | None = None,
) -> Case:
    kind = step.kind if step else of
    anytime: tuple[ColumnElement[bool], str] = (true(), "")
    may, otherwise = BEFORE.get(kind, anytime) if kind else anytime
    its_own = cases.c.key == key
    row = connection.execute(select(cases).where(its_own, may).with_for_update()).first()
    if row is None:
        if connection.execute(select(cases.c.id).where(its_own)).first() is None:
            raise NotFound(not_there(key))
        raise InvalidQuery(f"case_key: {key}: {otherwise}.")
    if changes:
        change = update(cases).where(its_own).values(dict(changes)).returning(cases)
        row = connection.execute(change).one()
    taken = to_model(Case, row)
    if step is not None:
        _add(connection, replace(step, case_id=taken.id))
    return taken


def _held_for(key: str, call: CaseCall) -> ColumnElement[bool]:
    return and_(
        holds.c.case_number == key,
        holds.c.account_sid == call.account_sid,
        holds.c.call_sid == call.call_sid,
    )


def _standing(connection: Connection, which: ColumnElement[bool]) -> Sequence[Any]:
    return connection.execute(select(holds).where(which, holds.c.lifted_at.is_(None))).all()


def _answer(connection: Connection, call: CaseCall) -> CaseCall:
    """Write down what a customer answered in a call of a case."""
    values = {"answer": call.answer, "answered_at": call.answered_at, "how": call.how}
    its = _of_call(call.account_sid, call.call_sid) & (case_calls.c.case_id == call.case_id)
    change = update(case_calls).where(its).values(**values, asked_by=call.asked_by)
    return to_model(CaseCall, connection.execute(change.returning(case_calls)).one())


def _append_of(
    connection: Connection, action: Action, these: Sequence[Hold], audited: AuditDraft
) -> None:
    """Write an entry for each hold of a case that begins or ends, made of that of the step.

    Entries come last in a transaction: whoever writes one waits for who wrote the one before.
    """
    for hold in these:
        detail: Detail = {"case": hold.case_number, "hold": hold.id}
        sid = hold.recording_sid or hold.call_sid or ""
        append(connection, replace(audited, action=action, sid=sid, detail=detail))


def _destroy(connection: Connection, sid: str, audited: AuditDraft) -> AuditDraft | None:
    """Order that a recording is destroyed, which is denied where others hold it.

    `hold_off` or `keep_holds_out` comes before it.

    Returns:
        Its entry; None where nothing was left to order.
    """
    order = Order(sid, OrderKind.ERASE, audited.at, audited.by, NO_MORE)
    ordered = order_when_finished(connection, order)
    entry = replace(audited, action=Action.ERASE, sid=sid, detail={"reason": NO_MORE})
    if ordered is False:
        said = {"reason": NO_MORE, "error": CustodyRefused.__name__}
        return replace(entry, outcome=AuditOutcome.DENIED, detail=said)
    return entry if ordered else None


def _lift(
    connection: Connection, which: ColumnElement[bool], audited: AuditDraft, reason: str
) -> list[Hold]:
    """Lift holds, and return them."""
    ids = [row.id for row in _standing(connection, which)]
    if not ids:
        return []
    return lift_holds(connection, ids, by=audited.by, at=audited.at, reason=reason)


def _recorded(connection: Connection, these: Sequence[Hold]) -> list[str]:
    """Return the recordings that holds are of, or their calls."""
    sids = [hold.recording_sid for hold in these if hold.recording_sid]
    for hold in these:
        its = (recordings.c.account_sid == hold.account_sid) & (
            recordings.c.call_sid == hold.call_sid
        )
        sids += connection.scalars(select(recordings.c.sid).where(its))
    return sids


def _set_clock(connection: Connection, of: Case, after: datetime | None = None) -> None:
    """Say when a case is told of next, from now on or after a moment."""
    connection.execute(delete(case_clocks).where(case_clocks.c.key == of.key))
    if of.closed_at is not None or of.due_at is None or of.warn_at is None:
        return
    moments = (of.warn_at, of.due_at + A_MOMENT)
    next_one = next((each for each in moments if after is None or each > after), None)
    if next_one is not None:
        connection.execute(insert(case_clocks), {"key": of.key, "due_at": next_one})
        hint(connection, CASE, of.key, next_one)


def _of_call(account_sid: str, call_sid: str) -> ColumnElement[bool]:
    return (case_calls.c.account_sid == account_sid) & (case_calls.c.call_sid == call_sid)


def _add(connection: Connection, step: CaseStep) -> None:
    row = to_row(step, case_steps)
    row.pop("id")
    connection.execute(insert(case_steps), row)
