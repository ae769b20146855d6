"""What an account has gathered for years comes into the bucket.

It lists, adopts and counts; the engine of all due work does the rest: what was listed is a kind of
it, of which one is adopted, behind live calls' recordings, and at once transferred as any other.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from twirec.backfill.adoption import Adoption, Verdict, verdict_on
from twirec.backfill.listed import LOOK, Item, Listed
from twirec.backfill.listing import Listing
from twirec.backfill.spans import Spans
from twirec.backfill.tally import Tally
from twirec.backfill.throttle import Throttle
from twirec.catalog import Catalog
from twirec.jobs.retrying import TRANSFERS, said
from twirec.jobs.worker import LEASE, Kind, LeaseKeeper, Worker
from twirec.model.backfill import BackfillReport
from twirec.model.errors import (
    BucketRefused,
    BucketUnavailable,
    CatalogError,
    LookedAtNothing,
    Stopped,
    TwirecError,
    VendorBusy,
    VendorRefused,
    VendorUnavailable,
)
from twirec.model.ownership import Foreign, NotOurs
from twirec.model.ports import Vendor
from twirec.model.states import STORED, State
from twirec.transfers.ownership import Ownership, not_known

log = logging.getLogger("twirec.backfill")

Show = Callable[[BackfillReport], object]
"""Is shown the figures again and again while it goes."""

Ended = Callable[[BackfillReport], object]
"""Is given the figures once, when nothing more is done."""

OUTAGE = (BucketRefused, BucketUnavailable, CatalogError, VendorRefused, VendorUnavailable)
"""Errors that are not about one recording, if they come again and again."""

MOST_IN_A_ROW = 50
"""So many of them in a row end the run, before all there is was tried for nothing."""

OF_OTHERS = timedelta(seconds=5)
"""How long to leave alone what another process is working at."""

AT_ONCE = 2.0
"""Seconds that the second `stop` leaves to give back what is in hand."""


class Backfill:
    """Takes over all recordings of a span of time, and can be stopped and run again.

    Args:
        catalog, vendor: what is compared.
        ownership: says whose a recording is.
        adoption: adopts one recording.
        transfers: the worker that copies; and deletes at the vendor, where that keeps no copy.
        entered: enters a run before it begins, and gives what enters how it ended.
        since, until: the span of vendor time, UTC; `until` is exclusive.
        name: the same for runs of which the second may go on where the first one stopped.
        keep_at_vendor: whether the vendor keeps its copies.
        now: the clock, UTC.
        threads: how many recordings are worked at together, at the most.
    """

    def __init__(
        self,
        catalog: Catalog,
        vendor: Vendor,
        ownership: Ownership,
        adoption: Adoption,
        transfers: Worker,
        entered: Callable[[], AbstractContextManager[Ended]],
        *,
        since: datetime,
        until: datetime,
        name: str,
        keep_at_vendor: bool,
        now: Callable[[], datetime],
        threads: int,
    ) -> None:
        self._catalog = catalog
        self._vendor = vendor
        self._ownership = ownership
        self._adoption = adoption
        self._transfers = transfers
        self._entered = entered
        self._since = since
        self._until = until
        self._keep = keep_at_vendor
        self._now = now
        self._spans = Spans(catalog, since, until, name)
        self._tally = Tally(since, until)
        self._stopping = threading.Event()
        self._listed = Listed(self._fail, now, self._stopping)
        self._listing = Listing(
            vendor, self._spans, self._tally, self._listed, self._slow_down, self._stopping
        )
        self._throttle = Throttle(threads, time.monotonic)
        kind = Kind(
            "listed recording",
            self._listed,
            self._take,
            lambda item: f"{item.found.sid}: its backfill",
            TRANSFERS,
        )
        self._worker = Worker([kind], now=now, threads=threads)
        self._turn = threading.Lock()
        self._in_a_row = 0
        self._gone_on_at: dict[str, datetime] = {}
        self._stopped = self._at_once = False
        self._why = ""

    # --- running and stopping -----------------------------------------------------------------

    def run(self, show: Show | None = None) -> BackfillReport:
        """Take over what there is, and report. It is entered as tried before, and as it ended.

        Args:
            show: is shown the figures while it goes. What there is is then counted too.

        Raises:
            LookedAtNothing: there are no credentials of any account.
            CatalogError: the catalog could not be asked, before anything was done.
        """
        with self._entered() as ended:
            report = self._run(show)
            ended(report)
        return report

    def _run(self, show: Show | None) -> BackfillReport:
        if not self._vendor.accounts:
            raise LookedAtNothing("There are no credentials of any account: nothing was listed.")
        for account in self._vendor.accounts:
            self._keep_or_not(account)
            begin = self._spans.begin(account)
            if begin > self._since:
                self._gone_on_at[account] = begin
        tasks = [self._list, self._worker.run_once, *([self._count] if show else [])]
        # A second `stop` does not wait for them: what is held is given up when its lease ends.
        threads = [threading.Thread(target=step, daemon=True) for step in tasks]
        for thread in threads:
            thread.start()
        self._wait_for(threads, show)
        return self._ended()

    def stop(self) -> None:
        """Begin nothing more, and finish what is in hand; the second time, give that back too."""
        if self._stopped:
            self._at_once = True
            self._transfers.stop()
        self._stopped = True
        self._give_up("It was interrupted.")

    def _keep_or_not(self, account: str) -> None:
        if self._keep:
            self._catalog.vendor_retention.begin(account, self._since, self._until)
        else:
            self._catalog.vendor_retention.end(account, self._since, self._until)

    def _wait_for(self, threads: list[threading.Thread], show: Show | None) -> None:
        deadline = float("inf")
        while any(thread.is_alive() for thread in threads) and time.monotonic() < deadline:
            # Not the event itself: a signal comes in this thread, and sets it.
            time.sleep(LOOK / 4)
            if show:
                show(self._tally.report(self._gone_on_at))
            if self._at_once and deadline == float("inf"):
                deadline = time.monotonic() + AT_ONCE
        if show:
            show(self._tally.report(self._gone_on_at))

    def _ended(self) -> BackfillReport:
        for account, refused in self._ownership.refused.items():
            self._why = self._why or f"{account}: {not_known(refused)}."
        if not self._why:
            for account in self._vendor.accounts:
                self._spans.finish(account)
                self._catalog.vendor_retention.end(account, self._since, self._until)
        return self._tally.report(self._gone_on_at, self._why)

    def _give_up(self, why: str) -> None:
        self._why = self._why or why
        self._stopping.set()

    def _list(self) -> None:
        try:
            unlisted = self._listing.run()
            self._why = self._why or unlisted
        except TwirecError as error:
            self._give_up(f"{type(error).__name__}: {error}")
        except Exception as error:
            log.exception("an error of ours")
            self._give_up(said(error))
        self._listed.end()

    def _count(self) -> None:
        self._listing.count(self._gone_on_at, self._since, self._until)

    # --- one recording ------------------------------------------------------------------------

    def _take(self, keeper: LeaseKeeper[Item]) -> None:
        with self._throttle.turn(self._stopping.is_set) as mine:
            if not mine:
                raise Stopped("The backfill was stopped.")
            try:
                self._take_over(keeper.lease.item)
            except TwirecError as error:
                self._heed(error)
                raise

    def _take_over(self, item: Item) -> None:
        """Adopt a recording, and copy it at once, if it is ours and due."""
        sid = item.found.sid
        if foreign := self._adoption.adopt(item):
            self._leave(item, foreign)
            return
        before = self._adoption.order(sid)
        lease = self._catalog.due_work.claim(self._now(), LEASE, only=sid)
        error = self._transfers.work(lease) if lease else None
        after = self._catalog.recordings.get(sid)
        if lease and before.state is State.COMPLETED and after.state in STORED:
            item.copied = True
        verdict = verdict_on(after, copied=item.copied)
        known = self._adoption.number_known(after)
        self._heed(error)
        if verdict is Verdict.AGAIN:
            now = self._now()
            later = after.due_at if after.due_at and after.due_at > now else now + OF_OTHERS
            self._listed.look_again(item, later)
            return
        if verdict is Verdict.FAILED:
            self._tally.fail(sid, after.last_error)
        else:
            self._tally.settle(verdict, after, number_known=known)
        self._done_with(item)

    def _leave(self, item: Item, foreign: Foreign) -> None:
        self._heed(None)
        self._tally.leave(foreign, item.only_line)
        # Whose routes are not known is looked at again by the next run.
        self._done_with(item, day_too=foreign.why is not NotOurs.ROUTES_UNKNOWN)

    def _fail(self, item: Item, error: str) -> None:
        self._tally.fail(item.found.sid, error)

    def _done_with(self, item: Item, *, day_too: bool = True) -> None:
        try:
            if day_too:
                self._spans.settled(item.span)
        except CatalogError as error:
            log.warning("how far it is could not be written down: %s", error)
        self._listed.settle()

    def _heed(self, error: Exception | None) -> None:
        """Slow down, or give up, if that is what an error asks for."""
        if isinstance(error, Stopped):
            return
        self._slow_down(error)
        with self._turn:
            self._in_a_row = self._in_a_row + 1 if isinstance(error, OUTAGE) else 0
            if self._in_a_row >= MOST_IN_A_ROW:
                self._give_up(f"{MOST_IN_A_ROW} in a row failed, the last one so: {error}")

    def _slow_down(self, error: Exception | None) -> None:
        if isinstance(error, VendorBusy):
            self._throttle.busy(error.retry_after or 0.0)
            log.info("slower, %d at once: %s", self._throttle.limit, error)
