"""The clocks of cases: that one is nearly due, or overdue, is told when its moment comes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from twirec.catalog import Catalog
from twirec.jobs.retrying import EVENTS
from twirec.jobs.worker import Kind, LeaseKeeper
from twirec.model.access import OURSELVES
from twirec.model.cases import Case, CaseClock, CaseStep, CaseStepKind
from twirec.model.errors import InvalidQuery
from twirec.model.events import EventType
from twirec.model.hints import CASE
from twirec.search.phrase import Span

LEASE = timedelta(minutes=1)


class CaseClocks:
    """A kind of due work: the cases whose term ends soon, or has ended.

    Args:
        catalog: which they are.
        now: the clock, UTC.
    """

    def __init__(self, catalog: Catalog, now: Callable[[], datetime]) -> None:
        self._catalog = catalog
        self._now = now

    def kind(self) -> Kind[CaseClock]:
        """Return what a worker has to know of them."""
        return Kind(
            CASE,
            self._catalog.cases.clocks,
            self.run,
            lambda clock: f"{clock.key}: its term",
            EVENTS,
            LEASE,
            aside=True,
        )

    def run(self, keeper: LeaseKeeper[CaseClock]) -> None:
        """Tell of one; of a case that was closed, or waits for its customer, there is nothing."""
        keeper.renew()  # raises if its term changed meanwhile
        now = self._now()
        case = self._catalog.known_cases.get(keeper.lease.item.key)
        late = case.overdue(now)
        if not late and not case.nearly_due(now):
            self._catalog.cases.clocks.remove(keeper.lease)
            return
        kind = CaseStepKind.OVERDUE if late else CaseStepKind.NEARLY_DUE
        event = EventType.CASE_OVERDUE if late else EventType.CASE_NEARLY_DUE
        step = CaseStep(case.id, kind, now, OURSELVES.name)
        self._catalog.cases.tell(keeper.lease, step, event, now)


def told_at(span: Span, case: Case, now: datetime) -> datetime:
    """Return when a customer was told. Of a day alone, its end: it is the later reading.

    Raises:
        InvalidQuery: it is to come, or before the case was opened.
    """
    since, until = span.since, span.until
    if since is None or since > now:
        raise InvalidQuery("notified_at: say when the customer was told; it cannot be to come.")
    if (until or now) < case.opened_at:
        raise InvalidQuery(f"notified_at: {case.key} was opened after that.")
    last = now if until is None else until - timedelta(seconds=1)
    return since if span.point else max(since, min(last, now))
