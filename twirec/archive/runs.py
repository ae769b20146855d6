"""What somebody runs on all there is: who may, and how it is entered before and as it ended."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from twirec.custody.audit import AuditTrail
from twirec.model.access import Actor, Deed, check_ever
from twirec.model.audit import Action, AuditOutcome, Detail
from twirec.model.backfill import BackfillReport
from twirec.model.errors import CatalogError, Stopped
from twirec.model.records import SweepReport

log = logging.getLogger("twirec.archive")


class Runs:
    """Enters what is run.

    Args:
        trail: where.
        now: the clock, UTC.
    """

    def __init__(self, trail: AuditTrail, now: Callable[[], datetime]) -> None:
        self._trail = trail
        self._now = now

    def check(self, action: Action, actor: Actor) -> None:
        """Let through who may run it. That somebody may not is entered.

        Raises:
            CustodyRefused: it is not for them.
        """
        with self._trail.attempt(action, actor):
            check_ever(actor, Deed.DECIDE)

    def sweep(self, actor: Actor, run: Callable[[], SweepReport], *, full: bool) -> SweepReport:
        """Sweep, on somebody's order."""
        with self._trail.outside(Action.SWEEP, actor, detail={"full": full}) as done:
            report = run()
            figures = {"seen": report.seen, "problems": len(report.problems)}
            self._trail.append(replace(done, at=self._now(), detail={**done.detail, **figures}))
        return report

    @contextmanager
    def backfill(self, actor: Actor, order: Detail) -> Iterator[Callable[[BackfillReport], None]]:
        """Enter the run of a backfill in the block, and give what enters how it ended.

        Args:
            actor: who ordered it.
            order: what they ordered.
        """
        with self._trail.outside(Action.BACKFILL, actor, detail=order) as done:

            def ended(report: BackfillReport) -> None:
                figures = {"seen": report.seen, "copied": report.copied}
                said = {**done.detail, **figures, "failed": len(report.failed)}
                outcome = AuditOutcome.DONE
                if report.stopped:  # the next run goes on
                    outcome, said = AuditOutcome.FAILED, {**said, "error": Stopped.__name__}
                try:
                    self._trail.append(replace(done, at=self._now(), outcome=outcome, detail=said))
                except CatalogError as error:  # the report of hours is not lost: it stays tried
                    log.error("how the backfill ended is not on the audit log: %s", error)

            yield ended
