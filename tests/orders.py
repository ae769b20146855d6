"""Orders that a recording is destroyed, as tests of the catalog want them: of one, at once."""

from __future__ import annotations

from tests.factories import audited
from twirec.catalog import Catalog
from twirec.catalog.audit import append
from twirec.catalog.hints import hint_recordings
from twirec.catalog.holds import check_not_held, keep_holds_out
from twirec.catalog.orders import order_destruction
from twirec.catalog.tables import recordings
from twirec.model.audit import AuditDraft
from twirec.model.custody import Order
from twirec.model.errors import NotFound
from twirec.model.records import Recording


def erase(catalog: Catalog, order: Order, entry: AuditDraft | None = None) -> Recording:
    """Write an order down with its entry, and make the recording due to be destroyed.

    Raises:
        CustodyRefused: it is held.
        NotFound: it is not there, or cannot be erased any more.
    """
    with catalog.database.write() as connection:
        keep_holds_out(connection)
        ordered = order_destruction(connection, recordings.c.sid == order.recording_sid, order)
        if ordered:
            hint_recordings(connection, ordered)
            append(connection, entry or audited(order))
            return ordered[0]
    check_not_held(catalog.database, order.recording_sid)
    raise NotFound(f"{order.recording_sid} is not there, or not so any more.")
