"""The gate of `twirec.model.access` as the condition of a query, made from the same table."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, false, or_, true

from twirec.catalog.tables import recordings
from twirec.model.access import RIGHTS, Deed, Right
from twirec.model.actor import Actor
from twirec.model.states import Custody, State


def allowed(actor: Actor, deed: Deed) -> ColumnElement[bool]:
    """Return the condition of the recordings with which somebody may do something."""
    role = actor.staff_role
    return or_(false(), *(_condition(each) for each in RIGHTS[deed] if role in each.roles))


def _condition(right: Right) -> ColumnElement[bool]:
    """Return what a right asks; of what may be any, nothing is asked."""
    columns = (
        (recordings.c.custody, right.custodies, Custody),
        (recordings.c.state, right.states, State),
    )
    asked = [
        column.in_(sorted(those))
        for column, those, words in columns
        if those != frozenset[object](words)
    ]
    return and_(true(), *asked)
