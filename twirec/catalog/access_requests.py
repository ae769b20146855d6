"""Requests of people who want to know what is kept of them, and what was done for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, insert, select, update

from twirec.catalog.audit import append
from twirec.catalog.database import Database, to_model, to_models, to_row
from twirec.catalog.request_tables import access_requests, access_steps
from twirec.model.access_requests import AccessRequest, AccessStep, StepKind
from twirec.model.audit import AuditDraft
from twirec.model.errors import InvalidQuery, NotFound

OPEN = access_requests.c.answered_at.is_(None) & access_requests.c.refused_at.is_(None)

BEFORE: Mapping[StepKind, tuple[ColumnElement[bool], str]] = {
    StepKind.IDENTIFIED: (access_requests.c.refused_at.is_(None), "it was refused"),
    StepKind.DECIDED: (access_requests.c.refused_at.is_(None), "it was refused"),
    StepKind.EXTENDED: (
        OPEN & access_requests.c.extended_at.is_(None),
        "its term was extended already, or it was answered or refused",
    ),
    StepKind.PACKED: (
        access_requests.c.refused_at.is_(None) & access_requests.c.identified_at.is_not(None),
        "it was refused, or nobody wrote down how they proved who they are",
    ),
    StepKind.DELIVERED: (
        and_(
            access_requests.c.refused_at.is_(None),
            access_requests.c.identified_at.is_not(None),
            access_requests.c.packed_at.is_not(None),
        ),
        "the archive has to be made first, of somebody who proved who they are",
    ),
    StepKind.REFUSED: (OPEN, "it was answered or refused already"),
}
"""What has to be so before a step, and what is wrong where it is not."""


class AccessRequests:
    """Requests and their steps. Each step, what it changes and its entry are one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, request: AccessRequest, step: AccessStep, audited: AuditDraft) -> AccessRequest:
        """Write a request down, and return it with its number, by which its entry names it."""
        row = to_row(request, access_requests)
        row.pop("id")
        with self._database.write() as connection:
            made = connection.execute(
                insert(access_requests).values(row).returning(access_requests)
            ).one()
            opened = to_model(AccessRequest, made)
            _add(connection, replace(step, request_id=opened.id))
            append(connection, replace(audited, sid=opened.key))
        return opened

    def take(
        self,
        step: AccessStep,
        changes: Mapping[str, Any],
        audited: AuditDraft,
        *,
        decided: int | None = None,
    ) -> AccessRequest:
        """Write a step down, and what it changes of the request.

        Args:
            step: what was done.
            changes: columns of the request.
            audited: its entry.
            decided: how many decisions there were when the step began, if there may be none since.

        Raises:
            NotFound: there is no such request.
            InvalidQuery: it is not the time for that step (any more).
        """
        may, otherwise = BEFORE[step.kind]
        its_own = access_requests.c.id == step.request_id
        change = update(access_requests).where(its_own, may).values(dict(changes))
        with self._database.write() as connection:
            row = connection.execute(change.returning(access_requests)).first()
            if row is None:
                known = connection.execute(select(access_requests).where(its_own)).first()
                if known is None:
                    raise NotFound(_not_there(step.request_id))
                raise InvalidQuery(f"request_key: AR-{step.request_id}: {otherwise}.")
            if decided is not None and _decisions(connection, step.request_id) != decided:
                raise InvalidQuery(
                    f"request_key: AR-{step.request_id}: something else was decided meanwhile; "
                    "make the archive again."
                )
            _add(connection, step)
            append(connection, audited)
        return to_model(AccessRequest, row)

    def get(self, id_: int) -> AccessRequest:
        """Return a request.

        Raises:
            NotFound: there is none of that number.
        """
        with self._database.read() as connection:
            statement = select(access_requests).where(access_requests.c.id == id_)
            row = connection.execute(statement).first()
        if row is None:
            raise NotFound(_not_there(id_))
        return to_model(AccessRequest, row)

    def steps(self, id_: int) -> list[AccessStep]:
        """Return what was done for a request, oldest first."""
        statement = select(access_steps).where(access_steps.c.request_id == id_)
        with self._database.read() as connection:
            return to_models(AccessStep, connection.execute(statement.order_by(access_steps.c.id)))

    def list(self, *, only_open: bool, before: int | None, limit: int) -> list[AccessRequest]:
        """Return requests: the open ones by the end of their terms, all of them newest first.

        Args:
            only_open: whether those that were answered or refused are left out.
            before: only those with a smaller number.
            limit: how many at the most.
        """
        statement = select(access_requests).limit(limit)
        if before is not None:
            statement = statement.where(access_requests.c.id < before)
        if only_open:
            order = (access_requests.c.due_on, access_requests.c.id)
            statement = statement.where(OPEN).order_by(*order)
        else:
            statement = statement.order_by(access_requests.c.id.desc())
        with self._database.read() as connection:
            return to_models(AccessRequest, connection.execute(statement))

    def overdue(self, today: date) -> int:
        """Return how many are open whose term ended before a day."""
        with self._database.read() as connection:
            return count_overdue(connection, today)


def count_overdue(connection: Connection, today: date) -> int:
    """Return how many requests are open whose term ended before a day, in a transaction."""
    late = OPEN & (access_requests.c.due_on < today)
    statement = select(func.count()).select_from(access_requests).where(late)
    return connection.scalar(statement) or 0


def _decisions(connection: Connection, id_: int) -> int:
    its_own = (access_steps.c.request_id == id_) & (access_steps.c.kind == StepKind.DECIDED)
    statement = select(func.count()).select_from(access_steps).where(its_own)
    return connection.scalar(statement) or 0


def _add(connection: Connection, step: AccessStep) -> None:
    connection.execute(insert(access_steps), to_row(step, access_steps))


def _not_there(id_: int) -> str:
    return f"There is no access request AR-{id_}."
