"""Known cases: looked up by their keys, by customer and by call, and by the end of their terms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, case, func, or_, select

from twirec.catalog.case_tables import case_calls, case_steps, cases
from twirec.catalog.conditions import line_shut, of_same_call
from twirec.catalog.database import Database, to_model, to_models
from twirec.catalog.tables import calls, legs, recordings
from twirec.model.access import seen_case
from twirec.model.cases import CallWait, Case, CaseCall, CaseKind, CaseStep
from twirec.model.errors import NotFound
from twirec.model.vocabulary import Direction

OPEN = cases.c.closed_at.is_(None)


class KnownCases:
    """What is known of cases."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, key: str) -> Case:
        """Return a case.

        Raises:
            NotFound: there is none with that key.
        """
        with self._database.read() as connection:
            row = connection.execute(select(cases).where(cases.c.key == key)).first()
        if row is None:
            raise NotFound(not_there(key))
        return to_model(Case, row)

    def calls(self, id_: int) -> list[CaseCall]:
        """Return the calls of a case, in the order in which they came to it."""
        statement = select(case_calls).where(case_calls.c.case_id == id_)
        with self._database.read() as connection:
            rows = connection.execute(statement.order_by(case_calls.c.at, case_calls.c.call_sid))
            return to_models(CaseCall, rows)

    def steps(self, id_: int) -> list[CaseStep]:
        """Return what was done for a case, oldest first."""
        statement = select(case_steps).where(case_steps.c.case_id == id_)
        with self._database.read() as connection:
            return to_models(CaseStep, connection.execute(statement.order_by(case_steps.c.id)))

    def of_number(self, number: str, limit: int = 100) -> list[Case]:
        """Return the cases of a customer, newest first."""
        statement = select(cases).where(cases.c.number == number)
        with self._database.read() as connection:
            rows = connection.execute(statement.order_by(cases.c.opened_at.desc()).limit(limit))
            return to_models(Case, rows)

    def of_call(self, call_sid: str) -> list[Case]:
        """Return the cases to which a call belongs, oldest first."""
        its = cases.c.id.in_(select(case_calls.c.case_id).where(case_calls.c.call_sid == call_sid))
        with self._database.read() as connection:
            rows = connection.execute(select(cases).where(its).order_by(cases.c.id))
            return to_models(Case, rows)

    def seen(self, found: Sequence[Case]) -> Sequence[Case]:
        """Return cases as anybody sees them, by `seen_case`: those same where nothing is hidden."""
        ids = [each.id for each in found]
        statement = (
            select(case_calls.c.case_id)
            .join(calls, of_same_call(calls, case_calls))
            .where(case_calls.c.case_id.in_(ids), line_shut())
        )
        with self._database.read() as connection:
            shut = set(connection.scalars(statement)) if ids else set()
        return [seen_case(each, shut=each.id in shut) for each in found]

    def list(
        self, *, only_open: bool, after: str | None, limit: int, kind: CaseKind | None = None
    ) -> list[Case]:
        """Return cases: the open ones by the end of their terms, all of them newest first.

        Open ones whose term stands still come last.

        Args:
            only_open: whether those that are closed are left out.
            after: the key of the last one of the page before.
            limit: how many at the most.
            kind: those of one kind alone; None for all.
        """
        still = case((cases.c.due_at.is_(None), 1), else_=0)
        statement = select(cases).limit(limit)
        if kind is not None:
            statement = statement.where(cases.c.kind == kind)
        with self._database.read() as connection:
            last = None
            if after is not None:
                last = connection.execute(select(cases).where(cases.c.key == after)).first()
                if last is None:
                    raise NotFound(not_there(after))
            if not only_open:
                if last is not None:
                    statement = statement.where(cases.c.id < last.id)
                statement = statement.order_by(cases.c.id.desc())
            else:
                statement = statement.where(OPEN).order_by(still, cases.c.due_at, cases.c.id)
                if last is not None:
                    statement = statement.where(_behind(last))
            return to_models(Case, connection.execute(statement))

    def of_year(
        self, since: datetime, until: datetime, *, after: int = 0, limit: int = 500
    ) -> Sequence[tuple[Case, tuple[CaseCall, ...], tuple[CaseStep, ...]]]:
        """Return the cases that were opened in a span, oldest first, with calls and steps.

        Args:
            since, until: UTC, `until` exclusive.
            after: the number of the last one of the page before.
            limit: how many at the most.
        """
        within = (cases.c.opened_at >= since) & (cases.c.opened_at < until) & (cases.c.id > after)
        statement = select(cases).where(within).order_by(cases.c.id).limit(limit)
        with self._database.read() as connection:
            found = to_models(Case, connection.execute(statement))
            ids = [each.id for each in found]
            its_calls, its_steps = defaultdict(list), defaultdict(list)
            for call in _of_ids(connection, CaseCall, case_calls, case_calls.c.at, ids):
                its_calls[call.case_id].append(call)
            for step in _of_ids(connection, CaseStep, case_steps, case_steps.c.id, ids):
                its_steps[step.case_id].append(step)
        return [(each, tuple(its_calls[each.id]), tuple(its_steps[each.id])) for each in found]

    def count_year(self, since: datetime, until: datetime, now: datetime) -> tuple[int, int, int]:
        """Count the cases that were opened in a span: all, those told in time, those that are late.

        Args:
            since, until: UTC, `until` exclusive.
            now: UTC, by which one whose customer was not told yet is late.
        """
        told, due = cases.c.notified_at, cases.c.due_at
        in_time = told.is_not(None) & (due.is_(None) | (told <= due))
        late = (told > due) | (OPEN & (due < now))
        counts = (func.count(), *(func.sum(case((which, 1), else_=0)) for which in (in_time, late)))
        within = (cases.c.opened_at >= since) & (cases.c.opened_at < until)
        with self._database.read() as connection:
            row = connection.execute(select(*counts).select_from(cases).where(within)).one()
        return row[0], row[1] or 0, row[2] or 0

    def waits(
        self,
        since: datetime,
        until: datetime,
        *,
        after: tuple[datetime, str] | None = None,
        limit: int = 1000,
    ) -> Sequence[CallWait]:
        """Return for how long the calls in of a span waited until a person took them.

        That is when an agent's leg came to them, or their dial began to be recorded, which it does
        when it is answered.

        Args:
            since, until: UTC, `until` exclusive.
            after: when the last one of the page before rang, and its SID.
            limit: how many at the most.
        """
        leg, recording = legs.c, recordings.c
        # Whom a dial rang in vain came at the moment at which it ended; see `dialled_leg`.
        answered = or_(calls.c.ended_at.is_(None), leg.at < calls.c.ended_at)
        came = select(func.min(leg.at)).where(of_same_call(legs, calls), leg.agent != "", answered)
        began = select(func.min(recording.started_at)).where(
            of_same_call(recordings, calls), recording.source == "DialVerb"
        )
        statement = (
            select(
                calls.c.call_sid,
                calls.c.started_at,
                came.correlate(calls).scalar_subquery().label("came"),
                began.correlate(calls).scalar_subquery().label("began"),
            )
            .where(
                calls.c.direction == Direction.IN,
                calls.c.started_at >= since,
                calls.c.started_at < until,
                calls.c.late.is_(False),
            )
            .order_by(calls.c.started_at, calls.c.call_sid)
            .limit(limit)
        )
        if after is not None:
            at, sid = after
            same = and_(calls.c.started_at == at, calls.c.call_sid > sid)
            statement = statement.where(or_(calls.c.started_at > at, same))
        with self._database.read() as connection:
            rows = connection.execute(statement).all()
        return [_wait(row) for row in rows]

    def counts(self, now: datetime) -> tuple[int, int]:
        """Return how many open cases are overdue, and how many nearly due.

        Args:
            now: UTC.
        """
        with self._database.read() as connection:
            return count_due(connection, now)


def _of_ids(
    connection: Connection, kind: Any, table: Table, order: Any, ids: Sequence[int]
) -> list[Any]:
    statement = select(table).where(table.c.case_id.in_(ids)).order_by(order)
    return to_models(kind, connection.execute(statement)) if ids else []


def _wait(row: Any) -> CallWait:
    moments = [each for each in (row.came, row.began) if each is not None]
    if not moments:
        return CallWait(row.call_sid, row.started_at, None)
    attended = max(row.started_at, min(moments))
    seconds = (attended - row.started_at).total_seconds()
    return CallWait(row.call_sid, row.started_at, attended, seconds)


def count_due(connection: Connection, now: datetime) -> tuple[int, int]:
    """Return how many open cases are overdue, and how many nearly due, in a transaction."""
    late = OPEN & (cases.c.due_at < now)
    soon = OPEN & (cases.c.due_at >= now) & (cases.c.warn_at <= now)
    counted = [select(func.count()).select_from(cases).where(which) for which in (late, soon)]
    overdue, nearly = (connection.scalar(statement) or 0 for statement in counted)
    return overdue, nearly


def _behind(last: Any) -> ColumnElement[bool]:
    """Return the condition of the open cases that come after one of them."""
    later = cases.c.id > last.id
    if last.due_at is None:
        return and_(cases.c.due_at.is_(None), later)
    same = and_(cases.c.due_at == last.due_at, later)
    return or_(cases.c.due_at.is_(None), cases.c.due_at > last.due_at, same)


def not_there(key: str) -> str:
    """Return what an error says of a case that is not there."""
    return f"There is no case {key}."
