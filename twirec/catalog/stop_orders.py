"""Orders that a recording ends, and whether it did."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, select, update

from twirec.catalog.database import Database, to_models, to_row
from twirec.catalog.tables import stop_orders
from twirec.model.agents import StopOrder


class StopOrders:
    """The orders to end what is recorded of a call or a leg, until they are done.

    An order is kept, so that whoever comes next, a webhook or a sweep, sees what is still to end.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def give(self, order: StopOrder) -> None:
        """Write an order down."""
        with self._database.write() as connection:
            write_order(self._database, connection, order)

    def done(self, *given: StopOrder, at: datetime) -> None:
        """Write down that nothing goes on any more of what was recorded when orders were given.

        Orders of the same call or leg, for the same reason, that were given before are done too.
        """
        with self._database.write() as connection:
            for order in sorted(given, key=lambda each: each.sid):
                same = _of(order.account_sid, [order.sid]) & (stop_orders.c.reason == order.reason)
                before = (stop_orders.c.at <= order.at) & stop_orders.c.done_at.is_(None)
                connection.execute(update(stop_orders).where(same, before).values(done_at=at))

    def of(self, account_sid: str, sids: Collection[str]) -> Mapping[str, tuple[StopOrder, ...]]:
        """Return what was ordered of calls and legs, by their SIDs, oldest first."""
        with self._database.read() as connection:
            return orders_of(connection, account_sid, sids)

    def open(self) -> list[StopOrder]:
        """Return the orders that are not done, oldest first."""
        statement = select(stop_orders).where(stop_orders.c.done_at.is_(None))
        with self._database.read() as connection:
            return to_models(StopOrder, connection.execute(statement.order_by(stop_orders.c.at)))


def orders_of(
    connection: Connection, account_sid: str, sids: Collection[str]
) -> dict[str, tuple[StopOrder, ...]]:
    """Return what was ordered of calls and legs, by their SIDs, oldest first."""
    statement = select(stop_orders).where(_of(account_sid, sids)).order_by(stop_orders.c.at)
    by_sid: dict[str, tuple[StopOrder, ...]] = {}
    for order in to_models(StopOrder, connection.execute(statement)) if sids else ():
        by_sid[order.sid] = (*by_sid.get(order.sid, ()), order)
    return by_sid


def write_order(database: Database, connection: Connection, order: StopOrder) -> None:
    """Write an order down in a transaction; one that is there stays."""
    database.insert_once(connection, stop_orders, to_row(order, stop_orders))


def _of(account_sid: str, sids: Collection[str]) -> ColumnElement[bool]:
    return (stop_orders.c.account_sid == account_sid) & stop_orders.c.sid.in_(sids)
