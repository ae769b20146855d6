"""Conditions that queries of several subjects have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    and_,
    exists,
    false,
    func,
    or_,
    select,
    text,
    true,
)

from twirec.catalog.case_tables import case_calls, cases
from twirec.catalog.partial_indexes import KEPT_APART
from twirec.catalog.prepared import one_of
from twirec.catalog.tables import calls, holds, legs, notes, recordings
from twirec.model.access import (
    NOTHING_OF_IT,
    OURSELVES,
    RIGHTS,
    SHUT,
    Actor,
    Deed,
    Right,
    may_be_own,
)
from twirec.model.cases import CaseAnswer
from twirec.model.ownership import Claim
from twirec.model.states import Custody, State


def of_call(
    rows: FromClause, account_sid: str | ColumnElement[Any], call_sid: str | ColumnElement[Any]
) -> ColumnElement[bool]:
    """Return the condition of a call's line, or of the rows of another table that are its.

    Args:
        rows: `calls`, or a table whose rows name their call by the same two columns.
        account_sid: `AC…`, or a column that has it.
        call_sid: `CA…`, or a column that has it.
    """
    return (rows.c.account_sid == account_sid) & (rows.c.call_sid == call_sid)


def of_same_call(rows: FromClause, others: FromClause) -> ColumnElement[bool]:
    """Return the condition of rows that are of the same call as those of another table."""
    return of_call(rows, others.c.account_sid, others.c.call_sid)


def among(
    index: str, where: str, dialect: str, *others: ColumnElement[bool]
) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of some of the few recordings that a partial index has.

    SQLite is told which index it is, and the other conditions as one that no index helps with: it
    thinks that of states a better way, and reads every recording of a state
    (https://www.sqlite.org/lang_indexedby.html).

    Args:
        index: its name.
        where: its condition, in its own words.
        dialect: of the database.
        others: what must hold of them besides.
    """
    by = f" INDEXED BY {index}" if dialect == "sqlite" else ""
    few = text(f"SELECT sid FROM recordings{by} WHERE {where}")  # noqa: S608 - our own words
    are_few = recordings.c.sid.in_(few.columns(recordings.c.sid))
    return are_few, func.coalesce(and_(true(), *others), false())


def allowed(
    actor: Actor, deed: Deed, rows: FromClause = recordings, *, with_own: bool = False
) -> ColumnElement[bool]:
    """Return the condition of the recordings with which somebody may do something.

    Args:
        actor: who.
        deed: what.
        rows: the recordings, or what has their custody and state.
        with_own: whether what is their own counts; then `rows` are recordings with all columns.
    """
    theirs = [each for each in RIGHTS[deed] if each.is_for(actor, own=with_own)]
    return or_(
        false(),
        *(_condition(each, rows) & (own(actor, rows) if each.own else true()) for each in theirs),
    )


def own_of(connection: Connection, actor: Actor, sids: Sequence[str]) -> frozenset[str]:
    """Return which of some recordings are proven to be an agent's own. See `own`."""
    if not (may_be_own(actor) and sids):
        return frozenset()
    theirs = select(recordings.c.sid).where(recordings.c.sid.in_(sids), own(actor))
    return frozenset(connection.scalars(theirs))


def of_recording_that(rows: FromClause, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition of rows of whose recording something holds (still).

    Args:
        rows: what names its recording by `recording_sid`.
        condition: of `recordings`.
    """
    return exists().where(recordings.c.sid == rows.c.recording_sid, condition)


def holds_to_the_end(connection: Connection, sid: str, condition: ColumnElement[bool]) -> bool:
    """Whether something holds of a recording, and will until the transaction ends.

    On PostgreSQL whoever blocks it, or orders that it is destroyed, waits for its row's lock;
    SQLite has one writer at a time.

    Args:
        connection: of a transaction that writes.
        sid: of the recording, `RE…`.
        condition: of `recordings`.
    """
    statement = select(recordings.c.sid).where(recordings.c.sid == sid, condition)
    return connection.scalar(statement.with_for_update()) is not None


CALLED_BY = ("DialVerb", "StartCallRecordingAPI")
"""Twilio's words for what is of one leg, both of whose sides are heard."""


def own(actor: Actor, rows: FromClause = recordings) -> ColumnElement[bool]:
    """Return the condition of the recordings that are proven to be an agent's own; none of others.

    All of such a recording was heard by them when it was said. It is of their own leg, and ends
    with it: only of a softphone, whose name Twilio vouches for, while anybody may show a number.
    Or it is what one `<Dial>` of ours recorded that rang nobody but them, in a call that was never
    sent on. Where several phones rang, and in a conference, it is proven of nobody.

    Args:
        actor: the agent, as `Address.key` has them.
        rows: the recordings.
    """
    if not may_be_own(actor):
        return false()
    agent = actor.agent
    theirs, others, line = legs.alias(), legs.alias(), calls.alias()
    recorded = func.coalesce(rows.c.leg, rows.c.call_sid)
    on_their_leg = and_(
        exists().where(
            theirs.c.account_sid == rows.c.account_sid,
            theirs.c.leg_sid == recorded,
            theirs.c.call_sid == rows.c.call_sid,
            theirs.c.agent == agent,
        ),
        rows.c.source.in_(CALLED_BY),
    )
    rung_alone = and_(
        rows.c.source == "DialVerb",
        rows.c.leg.is_(None),
        rows.c.claim == Claim.TOLD,
        exists().where(
            of_same_call(theirs, rows), theirs.c.agent == agent, theirs.c.leg_sid != rows.c.call_sid
        ),
        ~exists().where(of_same_call(others, rows), others.c.agent != agent),
        exists().where(of_same_call(line, rows), line.c.sent_on == 0),
    )
    return or_(on_their_leg, rung_alone) if actor.softphone else rung_alone


def line_shut() -> ColumnElement[bool]:
    """Return the condition of the calls whose lines are kept apart with their recordings.

    It is `twirec.model.access.is_shut`, for queries.
    """
    return calls.c.blocked | shut_by_recordings(calls)


def shut_by_recordings(rows: FromClause) -> ColumnElement[bool]:
    """Return the condition of calls of which all that is recorded is kept apart; see `line_shut`.

    Args:
        rows: what has the SID and account of the call.
    """
    theirs = of_same_call(recordings, rows)
    shut, ours = text(KEPT_APART), one_of(recordings.c.custody, sorted(set(Custody) - SHUT))
    there = one_of(recordings.c.state, sorted(set(State) - NOTHING_OF_IT))
    return exists().where(theirs, shut).correlate(rows) & ~exists().where(
        theirs, ours, there
    ).correlate(rows)


def note_seen(actor: Actor) -> ColumnElement[bool]:
    """Return the condition of the notes that somebody sees.

    That is those of a whole call, and those at a second of a recording that they see.
    """
    seen = allowed(actor, Deed.SEE, with_own=True)
    its = (recordings.c.sid == notes.c.recording_sid) & seen
    return notes.c.recording_sid.is_(None) | exists().where(its).correlate(notes)


def held(rows: FromClause = recordings) -> ColumnElement[bool]:
    """Return the condition of the recordings that are held: nothing may destroy them.

    Whoever destroys, or orders it, has it in the WHERE of what does so, after
    `twirec.catalog.holds.keep_holds_out` in the same transaction.

    Args:
        rows: the recordings, or what has their SID and call.
    """
    ways = (holding, holding_its_call, holding_its_number)
    return or_(false(), *(exists().where(way(rows)).correlate(rows) for way in ways))


def holding(rows: FromClause) -> ColumnElement[bool]:
    """Return the condition of the holds on a recording itself that were not lifted."""
    return (holds.c.recording_sid == rows.c.sid) & holds.c.lifted_at.is_(None)


def holding_its_call(rows: FromClause) -> ColumnElement[bool]:
    """Return the condition of the holds on a call that were not lifted: of what is recorded of it.

    Args:
        rows: what has the SID and account of the call.
    """
    return of_same_call(holds, rows) & holds.c.call_sid.is_not(None) & holds.c.lifted_at.is_(None)


def holding_its_number(rows: FromClause) -> ColumnElement[bool]:
    """Return the condition of the holds of a call's numbers that were not lifted, and of its line.

    Args:
        rows: what has the SID and account of the call, of which `calls` has the line.
    """
    return and_(
        of_same_call(calls, rows),
        holds.c.number.is_not(None),
        holds.c.number.in_([calls.c.customer_number, calls.c.own_number]),
        holds.c.lifted_at.is_(None),
        holds.c.since.is_(None) | (holds.c.since <= calls.c.started_at),
        holds.c.until.is_(None) | (calls.c.started_at < holds.c.until),
    )


def open_case(rows: Any = recordings) -> ColumnElement[bool]:
    """Return the condition of the recordings of which a case is open: no rule lets them go.

    Of those are the calls that belong to it, unless the customer said that they may not be recorded
    for it. Numbers of cases that others gave say nothing of whether one is open.

    Args:
        rows: the recordings, or what has their account and call.
    """
    its = case_calls.join(cases, cases.c.id == case_calls.c.case_id)
    consented = case_calls.c.answer != CaseAnswer.REFUSED
    found = select(case_calls.c.case_id).select_from(its)
    found = found.where(of_same_call(case_calls, rows), consented, cases.c.closed_at.is_(None))
    return exists(found.correlate(rows))


def of_an_open_case() -> ColumnElement[bool]:
    """Return the condition of the holds that an open case has: they end when it is closed.

    Those are of its calls; and of their recordings, where a catalog was made anew and only the
    objects knew of them. Where the customer said no to their being recorded, it has none. What a
    person holds for the same number is theirs.
    """
    its = cases.c.key == holds.c.case_number
    is_open = exists().where(its, cases.c.closed_at.is_(None)).correlate(holds)
    of_recording = exists().where(
        recordings.c.sid == holds.c.recording_sid, of_same_call(recordings, case_calls)
    )
    said_no = (
        exists()
        .where(
            its,
            case_calls.c.case_id == cases.c.id,
            case_calls.c.answer == CaseAnswer.REFUSED,
            or_(of_same_call(holds, case_calls), of_recording.correlate(holds, case_calls)),
        )
        .correlate(holds)
    )
    made_by_it = holds.c.call_sid.is_not(None) | (
        holds.c.recording_sid.is_not(None) & (holds.c.by == OURSELVES.name)
    )
    return made_by_it & is_open & ~said_no


def _condition(right: Right, rows: FromClause) -> ColumnElement[bool]:
    """Return what a right asks; of what may be any, nothing is asked."""
    columns = (
        (rows.c.custody, right.custodies, Custody),
        (rows.c.state, right.states, State),
    )
    asked = [
        one_of(column, sorted(those))
        for column, those, words in columns
        if those != frozenset[object](words)
    ]
    return and_(true(), *asked)
