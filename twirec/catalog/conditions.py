"""Conditions that queries of several subjects have in common."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, false, or_, true

from twirec.catalog.tables import recordings
from twirec.model.access import RIGHTS, Actor, Deed, Right
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


def allowed(actor: Actor, deed: Deed, rows: FromClause = recordings) -> ColumnElement[bool]:
    """Return the condition of the recordings with which somebody may do something.

    Args:
        actor: who.
        deed: what.
        rows: the recordings, or what has their custody and state.
    """
    role = actor.staff_role
    return or_(false(), *(_condition(each, rows) for each in RIGHTS[deed] if role in each.roles))


def _condition(right: Right, rows: FromClause) -> ColumnElement[bool]:
    """Return what a right asks; of what may be any, nothing is asked."""
    columns = (
        (rows.c.custody, right.custodies, Custody),
        (rows.c.state, right.states, State),
    )
    asked = [
        column.in_(sorted(those))
        for column, those, words in columns
        if those != frozenset[object](words)
    ]
    return and_(true(), *asked)
