"""Figures, what differs in the bucket, and what was parked tried again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, delete, func, or_, select, true, update

from twirec.catalog.audit import append
from twirec.catalog.conditions import allowed
from twirec.catalog.database import Database, to_model, to_models, to_row
from twirec.catalog.events import PARKED as EVENT_PARKED
from twirec.catalog.foreign_recordings import count_foreign, left_alone
from twirec.catalog.hints import hint_recordings
from twirec.catalog.recordings import GIVEN_UP, PARKED, UNDECIDED, tell_ledger
from twirec.catalog.tables import callbacks, calls, derivatives, differences, events, recordings
from twirec.model.access import OURSELVES, Actor, Deed
from twirec.model.audit import AuditDraft
from twirec.model.bucket import Difference
from twirec.model.errors import NotFound
from twirec.model.operations import Stats
from twirec.model.ownership import MOST_NAMED, Adopt
from twirec.model.records import Recording
from twirec.model.states import State
from twirec.model.vocabulary import NOT_KNOWN

Word = TypeVar("Word", bound=StrEnum)

WAITING = or_(recordings.c.state == State.RECORDING, recordings.c.due_at.is_not(None))
IN_BUCKET = frozenset({State.ARCHIVED, State.RELEASED})
RECORDED = IN_BUCKET | {State.COMPLETED, State.EXTERNAL}


class Operations:
    """What operators ask for: figures, what differs in the bucket, and what was parked tried again.

    Figures are counted by the database: no recording is loaded for them, however many there are.
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
            return Stats(
                **_recorded(connection, since, theirs),
                **_lines(connection, since),
                **_waiting(connection, theirs, ~left_alone(self._database.adopt)),
                **_foreign(connection, self._database.adopt, theirs),
            )

    def recorded_between(
        self, edges: Sequence[datetime], actor: Actor = OURSELVES
    ) -> list[tuple[int, int]]:
        """Count what began from each edge and before the next: recordings, and their seconds.

        What was lost or erased does not count.

        Args:
            edges: UTC, in order.
            actor: who looks after them: those that are not for them are not counted.
        """
        counted = select(func.count(), func.coalesce(func.sum(recordings.c.duration), 0)).where(
            recordings.c.state.in_(RECORDED), allowed(actor, Deed.OVERSEE)
        )
        began = recordings.c.started_at
        with self._database.read() as connection:
            rows = [
                connection.execute(counted.where(began >= start, began < end)).one()
                for start, end in pairwise(edges)
            ]
        return [(row[0], int(row[1])) for row in rows]

    def note_difference(self, difference: Difference, audited: AuditDraft) -> bool:
        """Write down that an object differs, and the entry of the audit log, until it is settled.

        False, and nothing is written, if that is known of the object already.
        """
        with self._database.write() as connection:
            row = to_row(difference, differences)
            if not self._database.insert_once(connection, differences, row):
                return False
            append(connection, audited)
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
            append(connection, audited)
        return gone.rowcount

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


def _unsettled(theirs: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition of what differs of some recordings that are there still."""
    there = select(recordings.c.sid).where(recordings.c.state.in_(IN_BUCKET), theirs)
    return differences.c.recording_sid.in_(there)


def _recorded(
    connection: Connection, since: datetime | None, theirs: ColumnElement[bool]
) -> dict[str, Any]:
    state, custody = recordings.c.state, recordings.c.custody
    sums = (func.sum(recordings.c.size), func.sum(recordings.c.duration))
    statement = (
        select(state, custody, func.count(), *sums)
        .where(_from(recordings.c.started_at, since), theirs)
        .group_by(state, custody)
    )
    rows = connection.execute(statement).all()
    return {
        "recordings": _added((row[0], row[2]) for row in rows),
        "custody": _added((row[1], row[2]) for row in rows),
        "size": sum(int(row[3] or 0) for row in rows if row[0] in IN_BUCKET),
        "seconds": sum(int(row[4] or 0) for row in rows if row[0] in RECORDED),
    }


def _lines(connection: Connection, since: datetime | None) -> dict[str, Any]:
    statement = (
        select(calls.c.outcome, calls.c.reason, func.count())
        .where(_from(calls.c.started_at, since))
        .group_by(calls.c.outcome, calls.c.reason)
    )
    rows = connection.execute(statement).all()
    without = (calls.c.customer_number == NOT_KNOWN) & _from(calls.c.started_at, since)
    return {
        "numbers_not_known": _count(connection, without),
        "calls": _added((row[0], row[2]) for row in rows),
        "not_recorded": _added((row[1], row[2]) for row in rows if row[1]),
    }


def _foreign(
    connection: Connection, to_adopt: Adopt, theirs: ColumnElement[bool]
) -> dict[str, Any]:
    count, newest = count_foreign(connection, to_adopt, MOST_NAMED)
    archived = (recordings.c.state == State.ARCHIVED) & theirs
    return {
        "kept_for_trial": _count(connection, archived & recordings.c.kept_for_trial),
        "kept_at_vendor": _count(connection, archived & recordings.c.keep_at_vendor),
        "not_ours": count,
        "not_ours_newest": newest,
    }


def _waiting(
    connection: Connection, theirs: ColumnElement[bool], not_foreign: ColumnElement[bool]
) -> dict[str, Any]:
    ours = theirs & not_foreign
    recorded_at = func.coalesce(recordings.c.started_at, recordings.c.due_at)
    statement = select(func.count(), func.min(recorded_at)).where(WAITING, ours)
    waiting = connection.execute(statement).one()
    return {
        "waiting": waiting[0],
        "oldest_waiting": waiting[1],
        "parked": _count(connection, PARKED & ours),
        "undecided": _count(connection, PARKED & UNDECIDED & ours),
        "given_up": _count(connection, GIVEN_UP & theirs),
        "differences": _count(connection, _unsettled(theirs)),
        "events_waiting": _count(connection, events.c.due_at.is_not(None)),
        "events_parked": _count(connection, EVENT_PARKED),
        "callbacks": _told(connection),
    }


def _told(connection: Connection) -> dict[str, int]:
    statement = select(callbacks.c.status, func.count()).group_by(callbacks.c.status)
    return {row[0]: row[1] for row in connection.execute(statement)}


def _count(connection: Connection, condition: ColumnElement[bool]) -> int:
    return connection.execute(select(func.count()).where(condition)).scalar_one()


def _from(column: ColumnElement[datetime], since: datetime | None) -> ColumnElement[bool]:
    return true() if since is None else column >= since


def _added(counts: Iterable[tuple[Word, int]]) -> dict[Word, int]:
    """Add up what is counted under the same word."""
    total: Counter[Word] = Counter()
    for word, count in counts:
        total[word] += count
    return dict(total)
