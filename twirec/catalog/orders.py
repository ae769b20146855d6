"""What is ordered of recordings, and what becomes of their rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, insert, select, update

from twirec.catalog.audit import append
from twirec.catalog.conditions import held
from twirec.catalog.database import Database, to_model, to_models, to_row
from twirec.catalog.hints import hint_recordings
from twirec.catalog.recorded_calls import tell_ledger
from twirec.catalog.recordings import PARKED, UNDECIDED
from twirec.catalog.tables import orders, recordings
from twirec.model.audit import AuditDraft
from twirec.model.custody import Order, OrderKind
from twirec.model.errors import NotFound
from twirec.model.records import Acceptance, Recording
from twirec.model.states import MAY_BECOME, Custody, Standstill, State

ERASABLE = tuple(state for state, after in MAY_BECOME.items() if State.ERASING in after)
"""The states in which there are bytes that can be destroyed."""

COPYING = recordings.c.state == State.COMPLETED
"""What has still to be copied."""


class Orders:
    """What people order of recordings: to admit, accept or give one up.

    An order, what it changes of the recording, and its entry of the audit log are all there, or
    none of them. Orders are only ever added to.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def admit(self, order: Order, audited: AuditDraft) -> Recording:
        """Write an order down, and take the recording out of quarantine.

        Raises:
            NotFound: it is not there, or not in quarantine any more.
        """
        changes = {"custody": Custody.ACTIVE, "legal_ground": order.why}
        return self._order(order, recordings.c.custody == Custody.QUARANTINED, changes, audited)

    def accept(self, order: Order, acceptance: Acceptance, audited: AuditDraft) -> Recording:
        """Write an order down, and make the recording due to be archived in spite of its error.

        Raises:
            NotFound: it is not there, or does not wait with that error for a decision any more.
        """
        as_it_was = UNDECIDED & COPYING & (recordings.c.last_error == acceptance.despite)
        changes = {
            "accepted": acceptance,
            "standstill": None,
            "due_at": order.at,
            "attempts": 0,
            "last_error": "",
        }
        return self._order(order, PARKED & as_it_was, changes, audited)

    def give_up(self, order: Order, audited: AuditDraft) -> Recording:
        """Write an order down, and let nothing more be tried of a parked recording.

        The call's line says so when it
        has no other recording; `retry` takes it back.

        Raises:
            NotFound: it is not there, or not parked with its copy still to be made any more.
        """
        changes = {"standstill": Standstill.GIVEN_UP}
        return self._order(order, PARKED & COPYING, changes, audited)

    def of(self, recording_sid: str) -> list[Order]:
        """Return what was ordered of a recording, oldest first."""
        statement = select(orders).where(orders.c.recording_sid == recording_sid)
        with self._database.read() as connection:
            return to_models(Order, connection.execute(statement.order_by(orders.c.id)))

    def _order(
        self,
        order: Order,
        condition: ColumnElement[bool],
        changes: Mapping[str, Any],
        audited: AuditDraft,
    ) -> Recording:
        statement = (
            update(recordings)
            .where(recordings.c.sid == order.recording_sid, condition)
            .values(changes)
            .returning(recordings)
        )
        with self._database.write() as connection:
            row = connection.execute(statement).first()
            if row is None:
                raise NotFound(f"{order.recording_sid} is not there, or not so any more.")
            connection.execute(insert(orders), to_row(order, orders))
            ordered = to_model(Recording, row)
            hint_recordings(connection, [ordered])
            if ordered.given_up:
                tell_ledger(connection, ordered)
            append(connection, audited)
        return ordered


def order_destruction(
    connection: Connection, which: ColumnElement[bool], order: Order
) -> list[Recording]:
    """Order that recordings are destroyed, in a transaction that writes: those not held.

    `keep_holds_out` comes before it. Who holds the lease of one loses it; it is due when that lease
    would have ended: until then a worker may still be putting it into the bucket, and die before it
    takes that back.

    Args:
        connection: of the transaction.
        which: the condition of the recordings.
        order: who orders it, when and why; its SID is of no meaning, each has an order of its own.

    Returns:
        Those that are to be destroyed now, and were not before.
    """
    destroying = update(recordings).where(which, recordings.c.state.in_(ERASABLE), ~held())
    rows = connection.execute(destroying.values(to_be_erased(order.at)).returning(recordings))
    ordered = to_models(Recording, rows)
    for each in ordered:
        its_own = replace(order, recording_sid=each.sid, kind=OrderKind.ERASE)
        connection.execute(insert(orders), to_row(its_own, orders))
    return ordered


def order_when_finished(connection: Connection, order: Order) -> bool | None:
    """Order that a recording is destroyed: now, or as soon as it is finished.

    It is in a transaction that writes; `keep_holds_out` comes before it.

    Returns:
        Whether it is ordered; False where it is held, and None where nothing is left to order.
    """
    its_own = recordings.c.sid == order.recording_sid
    if ordered := order_destruction(connection, its_own, order):
        hint_recordings(connection, ordered)
        return True
    goes_on = its_own & (recordings.c.state == State.RECORDING) & ~recordings.c.to_be_erased
    waits = update(recordings).where(goes_on, ~held()).values(to_be_erased=True)
    if connection.execute(waits.returning(recordings.c.sid)).first() is not None:
        connection.execute(insert(orders), to_row(order, orders))
        return True
    left = goes_on | (its_own & recordings.c.state.in_(ERASABLE))
    kept = connection.execute(select(recordings.c.sid).where(left, held())).first()
    return None if kept is None else False


def to_be_erased(at: datetime) -> dict[str, Any]:
    """Return what changes of recordings that are ordered to be destroyed.

    Args:
        at: when that is ordered, UTC.
    """
    lease_until = recordings.c.lease_until
    return {
        "state": State.ERASING,
        "due_at": case((lease_until > at, lease_until), else_=at),
        "attempts": 0,
        "last_error": "",
        "standstill": None,
        "lease": None,
        "lease_until": None,
        "backfilled": False,  # what is ordered waits behind nobody's calls
    }
