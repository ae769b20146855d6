"""Who may have a recording, and whether it stays: what an admin orders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from twirec.archive.arguments import understood
from twirec.catalog import Catalog
from twirec.custody.orders import Orders
from twirec.custody.standstill import acceptance, check_may_be_given_up, check_reason
from twirec.custody.trail import AuditTrail
from twirec.model.audit import Action
from twirec.model.custody import Order, OrderKind
from twirec.model.given import text
from twirec.model.records import Recording
from twirec.transfers.marked_bucket import MarkedBucket


@understood
class Custodian:
    """What an admin orders of a recording. Each order is kept with who and why.

    Args:
        catalog: where orders are kept.
        bucket: where the labels are.
        trail: who ordered what.
        now: the clock, UTC.
    """

    def __init__(
        self,
        catalog: Catalog,
        bucket: Callable[[], MarkedBucket],
        trail: AuditTrail,
        now: Callable[[], datetime],
    ) -> None:
        self._catalog = catalog
        self._bucket = bucket
        self._trail = trail
        self._now = now

    def admit(self, sid: str, *, ground: str, by: str) -> Recording:
        """Take a recording out of quarantine, on a legal ground. See `Orders.admit`."""
        with self._trail.attempt(Action.ADMIT, by, sid):
            return self._orders().admit(sid, ground=ground, by=by, at=self._now())

    def erase(self, sid: str, *, why: str, by: str) -> Recording:
        """Order that a recording is destroyed everywhere. See `Orders.erase`."""
        with self._trail.attempt(Action.ERASE, by, sid):
            return self._orders().erase(sid, why=why, by=by, at=self._now())

    def accept(self, sid: str, *, reason: str, by: str, role: str = "") -> Recording:
        """Have a recording archived although its length or channels are not what Twilio says.

        A worker archives it if it is still as it was, and then deletes Twilio's copy as of any
        other. Catalog, labels and journal keep what it was accepted despite of, by whom and why.

        Args:
            sid: of the recording, `RE…`.
            reason: why, in at most 255 characters.
            by: who decides it.
            role: what they are in the app, for the audit log.

        Raises:
            NotFound: the catalog has no such recording, or it changed just now.
            InvalidQuery: it does not wait for a decision, is no whole audio, or no reason is given.
        """
        with self._trail.attempt(Action.ACCEPT, by, sid, role=role) as done:
            order = Order(sid, OrderKind.ACCEPT, self._now(), by, check_reason(reason))
            accepted = acceptance(self._catalog.recordings.get(sid), order)
            detail = {"despite": accepted.despite, "reason": order.why}
            return self._catalog.orders.accept(order, accepted, replace(done, detail=detail))

    def give_up(self, sid: str, *, reason: str, by: str, role: str = "") -> Recording:
        """Let nothing more be tried of a recording that cannot be copied; Twilio's copy stays.

        The call's line says so, if it has no other recording. `retry` takes it back.

        Args:
            sid: of the recording, `RE…`.
            reason: why, in at most 255 characters.
            by: who decides it.
            role: what they are in the app, for the audit log.

        Raises:
            NotFound: the catalog has no such recording, or it changed just now.
            InvalidQuery: it is not parked, is archived already, or no reason is given.
        """
        with self._trail.attempt(Action.GIVE_UP, by, sid, role=role) as done:
            order = Order(sid, OrderKind.GIVE_UP, self._now(), by, check_reason(reason))
            known = self._catalog.recordings.get(sid)
            check_may_be_given_up(known)
            detail = {"error": known.last_error, "reason": order.why}
            return self._catalog.orders.give_up(order, replace(done, detail=detail))

    def orders(self, sid: str) -> Sequence[Order]:
        """Return what was ordered of a recording, oldest first.

        Args:
            sid: of the recording, `RE…`.
        """
        return self._catalog.orders.of(text("sid", sid))

    def _orders(self) -> Orders:
        return Orders(self._catalog, self._bucket())
