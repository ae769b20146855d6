"""The gate of `twirec.model.access` as the condition of a query, made from the same table."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, false, or_

from twirec.catalog.tables import recordings
from twirec.model.access import RIGHTS, Deed
from twirec.model.actor import Actor


def allowed(actor: Actor, deed: Deed) -> ColumnElement[bool]:
    """Return the condition of the recordings with which somebody may do something."""
    role = actor.staff_role
    rights = [
        and_(
            recordings.c.custody.in_(each.custodies),
            recordings.c.state.in_(each.states),
        )
        for each in RIGHTS[deed]
        if role in each.roles
    ]
    return or_(*rights) if rights else false()
