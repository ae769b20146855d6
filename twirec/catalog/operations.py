"""Figures, what differs in the bucket, and what was parked tried again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Any, TypeVar

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Table,
    bindparam,
    delete,
    exists,
    func,
    select,
    true,
    update,
)

from twirec.catalog.audit import append
from twirec.catalog.card_tables import card_cuts
from twirec.catalog.cards import PARKED as CARD_PARKED
from twirec.catalog.cards import WAITS as CARD_WAITS
from twirec.catalog.cards import may_be_cut
from twirec.catalog.case_mails import FAILED as MAIL_FAILED
from twirec.catalog.case_mails import WAITS as MAIL_WAITS
from twirec.catalog.case_tables import case_mails
from twirec.catalog.conditions import allowed, among
from twirec.catalog.database import Database, to_model, to_models, to_row
from twirec.catalog.events import PARKED as EVENT_PARKED
from twirec.catalog.events import write_event
from twirec.catalog.figures import MANY, Figures, Lines, Recorded, bring_together, read_figures
from twirec.catalog.foreign_recordings import count_foreign, left_alone
from twirec.catalog.hints import hint_recordings
from twirec.catalog.partial_indexes import AT_REST, WAITING
from twirec.catalog.recorded_calls import GIVEN_UP, tell_ledger
from twirec.catalog.recordings import PARKED, UNDECIDED
from twirec.catalog.tables import (
    calls,
    derivatives,
    differences,
    events,
    recordings,
)
from twirec.catalog.transcript_tables import transcripts
from twirec.catalog.transcripts import PARKED as TRANSCRIPT_PARKED
from twirec.catalog.transcripts import WAITS as TRANSCRIPT_WAITS
from twirec.catalog.transcripts import forget_objects
from twirec.model.access import OURSELVES, Actor, Deed, Verdict, verdict
from twirec.model.audit import AuditDraft
from twirec.model.bucket import Difference
from twirec.model.errors import NotFound
from twirec.model.events import EventType
from twirec.model.operations import Stats
from twirec.model.ownership import MOST_NAMED, Adopt
from twirec.model.records import Recording
from twirec.model.states import Custody, State
from twirec.model.vocabulary import NOT_KNOWN

Word = TypeVar("Word", bound=StrEnum)

STANDS_STILL = "standstill IS NOT NULL"
MOST_ROWS = 2**62
"""More than there are."""
IN_BUCKET = frozenset({State.ARCHIVED, State.RELEASED})
RECORDED = IN_BUCKET | {State.COMPLETED, State.EXTERNAL}


class Operations:
    """What operators ask for: figures, what differs in the bucket, and what was parked tried again.

    Figures are counted by the database, most of them as rows are written (`figures.py`), the others
    by an index of few rows: they take as long for a million recordings as for a hundred.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def stats(self, since: datetime | None, actor: Actor = OURSELVES) -> Stats:
        """Count; `swept` and what workers remember are left to the caller.

        Args:
            since: counts calls and recordings only if they began then or later, UTC. What waits or
                was given up is always counted.
            actor: who looks after them: recordings that are not for them are not counted.
        """
        theirs = allowed(actor, Deed.OVERSEE)
        with self._database.read() as connection:
            kept = read_figures(connection)
            stats = Stats(
                **_counts(connection, kept, since, actor),
                **_waiting(connection, theirs, ~left_alone(self._database.adopt)),
                **_foreign(connection, self._database.adopt),
            )
        if kept.rows > MANY:
            bring_together(self._database)
        return stats

    def recorded_between(
        self, edges: Sequence[datetime], actor: Actor = OURSELVES
    ) -> list[tuple[int, int]]:
        """Count what began from each edge and before the next: recordings, and their seconds.

        What was lost, erased or blocked does not count.

        Args:
            edges: UTC, in order.
            actor: who looks after them: those that are not for them are not counted.
        """
        its = recordings.c
        # With a limit, so that they are read by their time: a database may think that a few states
        # are a better way.
        began = (
            select(its.state, its.custody, its.duration)
            .where(its.started_at >= _given("start"), its.started_at < _given("end"))
            .limit(MOST_ROWS)
            .subquery()
        )
        counted = select(func.count(), func.coalesce(func.sum(began.c.duration), 0)).where(
            began.c.state.in_(RECORDED),
            began.c.custody != Custody.BLOCKED,
            allowed(actor, Deed.OVERSEE, began),
        )
        with self._database.read() as connection:
            rows = [
                connection.execute(counted, {"start": start, "end": end}).one()
                for start, end in pairwise(edges)
            ]
        return [(row[0], int(row[1])) for row in rows]

    def note_difference(self, difference: Difference, audited: AuditDraft) -> bool:
        """Write down that an object differs, with its entry of the audit log and its event.

        False, and nothing is written, if that is known of the object already.
        """
        with self._database.write() as connection:
            row = to_row(difference, differences)
            if not self._database.insert_once(connection, differences, row):
                return False
            append(connection, audited)
            its_own = recordings.c.sid == difference.recording_sid
            found = to_models(Recording, connection.execute(select(recordings).where(its_own)))
            recording = next(iter(found), None)
            if recording and recording.custody is Custody.BLOCKED:
                recording = None  # that there is an alarm is told, and not of which
            write_event(connection, EventType.DIFFERS, recording)
        return True

    def differences(self, recording_sid: str | None = None) -> list[Difference]:
        """Return what differs and is not settled, of recordings that are archived, oldest first.

        With a SID, only of that recording and of what was made of it.
        """
        oldest = (differences.c.found_at, differences.c.object_name)
        statement = select(differences).where(_unsettled(true())).order_by(*oldest)
        if recording_sid is not None:
            statement = statement.where(differences.c.recording_sid == recording_sid)
        with self._database.read() as connection:
            return to_models(Difference, connection.execute(statement))

    def settle_differences(
        self, recording_sid: str, audited: AuditDraft, deleted: Sequence[str] = ()
    ) -> int:
        """Forget what differs of a recording and of what was made of it, and write the entry.

        Of what was made of it, that of which the object was deleted is forgotten altogether.

        Returns:
            Of how many objects it was known.
        """
        of_it = differences.c.recording_sid == recording_sid
        with self._database.write() as connection:
            gone = connection.execute(delete(differences).where(of_it))
            names = derivatives.c.object_name.in_(deleted)
            connection.execute(delete(derivatives).where(names))
            forget_objects(connection, deleted, audited.at)
            append(connection, audited)
        return gone.rowcount

    def date_recordings(self) -> int:
        """Write when their call began on recordings that do not know it; return how many.

        Triggers do so, but on PostgreSQL neither sees the other where a recording and the line of
        its call are written at the same moment: no search by the recording would find them.
        """
        its_call = (calls.c.account_sid == recordings.c.account_sid) & (
            calls.c.call_sid == recordings.c.call_sid
        )
        # by the index of searches by state, of which these are the last rows
        undated = recordings.c.state.in_(State) & recordings.c.custody.in_(Custody)
        undated &= recordings.c.call_started_at.is_(None)
        statement = update(recordings).where(undated, its_call)
        with self._database.write() as connection:
            return connection.execute(statement.values(call_started_at=calls.c.started_at)).rowcount

    def retry(self, at: datetime, sid: str | None, audited: AuditDraft) -> int:
        """Make a parked recording, or all of them, due at `at`, from the first attempt.

        One that was given up too, if its SID is given: its line then says again what it said.
        That and its entry of the audit log are both there, or neither.

        Returns:
            How many there were.

        Raises:
            NotFound: there is no parked recording of that SID.
        """
        which = PARKED if sid is None else (PARKED | GIVEN_UP) & (recordings.c.sid == sid)
        which = which & ~left_alone(self._database.adopt)
        with self._database.write() as connection:
            changed = connection.execute(
                update(recordings)
                .where(which)
                .values(due_at=at, attempts=0, standstill=None)
                .returning(recordings)
            ).all()
            if sid is not None and not changed:
                raise NotFound(
                    f"The catalog has no parked recording {sid}; `twirec stats` names them."
                )
            if sid is not None:  # which takes back that it was given up, if it was
                tell_ledger(connection, to_model(Recording, changed[0]))
            hint_recordings(connection, to_models(Recording, changed))
            append(connection, audited)
        return len(changed)


def _given(name: str) -> BindParameter[Any]:
    return bindparam(name, type_=recordings.c.started_at.type)


def _unsettled(theirs: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition of what differs of some recordings that are there still."""
    its = recordings.c.sid == differences.c.recording_sid
    return exists().where(its, recordings.c.state.in_(IN_BUCKET), theirs)


def _counts(
    connection: Connection, kept: Figures, since: datetime | None, actor: Actor
) -> dict[str, Any]:
    """Count recordings, calls and callbacks, by what they are."""
    held = [each for each in kept.recordings if _oversees(actor, each)]
    archived = [each for each in held if each.state is State.ARCHIVED]
    of_time, lines = held, kept.calls
    if since is not None:
        of_time, lines = _recorded_since(connection, since, actor), _lines_since(connection, since)
    known = [each for each in of_time if each.custody is not Custody.BLOCKED]
    return {
        "recordings": _added((each.state, each.number) for each in known),
        "custody": _added((each.custody, each.number) for each in of_time),
        "size": sum(each.size for each in known if each.state in IN_BUCKET),
        "seconds": sum(each.seconds for each in known if each.state in RECORDED),
        "calls": _added((each.outcome, each.number) for each in lines),
        "not_recorded": _added((each.reason, each.number) for each in lines if each.reason),
        "numbers_not_known": sum(each.number for each in lines if not each.number_known),
        "kept_for_trial": sum(each.number for each in archived if each.kept_for_trial),
        "kept_at_vendor": sum(each.number for each in archived if each.keep_at_vendor),
        "callbacks": kept.callbacks,
    }


def _oversees(actor: Actor, recorded: Recorded) -> bool:
    right = verdict(actor, recorded.custody, recorded.state, Deed.OVERSEE)
    return right is Verdict.ALLOWED


def _recorded_since(connection: Connection, since: datetime, actor: Actor) -> list[Recorded]:
    kept = recordings.c
    alike = (kept.state, kept.custody, kept.keep_at_vendor, kept.kept_for_trial)
    sums = (func.coalesce(func.sum(column), 0) for column in (kept.size, kept.duration))
    statement = (
        select(*alike, func.count(), *sums)
        .where(kept.started_at >= since, allowed(actor, Deed.OVERSEE))
        .group_by(*alike)
    )
    rows = connection.execute(statement)
    return [
        Recorded(state, custody, at_vendor, trial, number, int(size), int(seconds))
        for state, custody, at_vendor, trial, number, size, seconds in rows
    ]


def _lines_since(connection: Connection, since: datetime) -> tuple[Lines, ...]:
    alike = (calls.c.outcome, calls.c.reason, calls.c.customer_number != NOT_KNOWN)
    statement = select(*alike, func.count()).where(calls.c.started_at >= since).group_by(*alike)
    return tuple(Lines(*row) for row in connection.execute(statement))


def _foreign(connection: Connection, to_adopt: Adopt) -> dict[str, Any]:
    count, newest = count_foreign(connection, to_adopt, MOST_NAMED)
    return {"not_ours": count, "not_ours_newest": newest}


def _waiting(
    connection: Connection, theirs: ColumnElement[bool], not_foreign: ColumnElement[bool]
) -> dict[str, Any]:
    ours, dialect = theirs & not_foreign, connection.dialect.name
    recorded_at = func.coalesce(recordings.c.started_at, recordings.c.due_at)
    is_waiting = among("ix_recordings_waiting", WAITING, dialect, ours)
    statement = select(func.count(), func.min(recorded_at)).where(*is_waiting)
    waiting = connection.execute(statement).one()
    undelivered = events.c.delivered_at.is_(None)
    to_send = select(func.count(), func.min(case_mails.c.at)).where(MAIL_WAITS)
    mails = connection.execute(to_send).one()

    def at_rest(*others: ColumnElement[bool]) -> int:
        parked = among("ix_recordings_at_rest", AT_REST, dialect, PARKED, ours, *others)
        return _count(connection, recordings, *parked)

    given_up = among("ix_recordings_standstill", STANDS_STILL, dialect, GIVEN_UP, theirs)
    return {
        "waiting": waiting[0],
        "oldest_waiting": waiting[1],
        "parked": at_rest(),
        "undecided": at_rest(UNDECIDED),
        "given_up": _count(connection, recordings, *given_up),
        "differences": _count(connection, differences, _unsettled(theirs)),
        "events_waiting": _count(connection, events, events.c.due_at.is_not(None), undelivered),
        "events_parked": _count(connection, events, EVENT_PARKED),
        "mails_waiting": mails[0],
        "mails_waiting_since": mails[1],
        "mails_failed": _count(connection, case_mails, MAIL_FAILED),
        "transcripts_waiting": _count(connection, transcripts, TRANSCRIPT_WAITS),
        "card_numbers": _count(connection, card_cuts, CARD_WAITS & may_be_cut(card_cuts)),
        "cards_parked": _count(connection, card_cuts, CARD_PARKED),
        "transcripts_parked": _count(connection, transcripts, TRANSCRIPT_PARKED),
    }


def _count(connection: Connection, table: Table, *conditions: ColumnElement[bool]) -> int:
    statement = select(func.count()).select_from(table).where(*conditions)
    return connection.execute(statement).scalar_one()


def _added(counts: Iterable[tuple[Word, int]]) -> dict[Word, int]:
    """Add up what is counted under the same word."""
    total: Counter[Word] = Counter()
    for word, count in counts:
        total[word] += count
    return dict(total)
