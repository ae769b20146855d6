"""Taking over what an account has gathered for years.

What is listed is adopted only when a thread is free to copy it, so that new calls do not wait
behind old ones, and so that a backfill that ends leaves nothing behind that was only begun.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import queue
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from twirec.backfill.item import Item, Look, TakingOver, Verdict
from twirec.backfill.listing import Listing
from twirec.backfill.spans import Spans
from twirec.backfill.tally import Tally
from twirec.backfill.throttle import LOOK, Throttle
from twirec.catalog import Catalog
from twirec.jobs.retrying import TRANSFERS, pause
from twirec.jobs.worker import Worker
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
from twirec.transfers.ownership import Ownership, not_known

log = logging.getLogger("twirec.backfill")

Show = Callable[[BackfillReport], object]
"""Is shown the figures again and again while it goes."""

MOST_WAITING = 1000
"""So many recordings may wait for another try before nothing more is listed."""

OUTAGE = (BucketRefused, BucketUnavailable, CatalogError, VendorRefused, VendorUnavailable)
"""Errors that are not about one recording, if they come again and again."""

MOST_IN_A_ROW = 50
"""So many of them in a row end the run, before all there is was tried for nothing."""

AT_ONCE = 2.0
"""Seconds that the second `stop` leaves to give back what is in hand."""


class Backfill:
    """Takes over all recordings of a span of time, and can be stopped and run again.

    Args:
        catalog, vendor: what is compared.
        ownership: says whose a recording is.
        worker: copies, one recording at a time for each thread.
        taking: takes one recording over.
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
        worker: Worker,
        taking: TakingOver,
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
        self._worker = worker
        self._taking = taking
        self._since = since
        self._until = until
        self._keep = keep_at_vendor
        self._now = now
        self._spans = Spans(catalog, since, until, name)
        self._tally = Tally(since, until)
        self._stopping = threading.Event()
        self._listing = Listing(
            vendor, self._spans, self._tally, self._hand_over, self._slow_down, self._stopping
        )
        self._throttle = Throttle(threads, time.monotonic)
        self._queue: queue.Queue[Item] = queue.Queue(2 * threads)
        self._again: list[tuple[datetime, int, Item]] = []
        self._order = itertools.count()
        self._turn = threading.Lock()
        self._in_a_row = 0
        self._gone_on_at: dict[str, datetime] = {}
        self._stopped = self._at_once = False
        self._listed = False
        self._why = ""
        self._threads = threads

    # --- running and stopping -----------------------------------------------------------------

    def run(self, show: Show | None = None) -> BackfillReport:
        """Take over what there is, and report.

        Args:
            show: is shown the figures while it goes. What there is is then counted too.

        Raises:
            LookedAtNothing: there are no credentials of any account.
            CatalogError: the catalog could not be asked, before anything was done.
        """
        if not self._vendor.accounts:
            raise LookedAtNothing("There are no credentials of any account: nothing was listed.")
        for account in self._vendor.accounts:
            self._keep_or_not(account)
            begin = self._spans.begin(account)
            if begin > self._since:
                self._gone_on_at[account] = begin
        steps = [self._list, *[self._work] * self._threads, *([self._count] if show else [])]
        # A second `stop` does not wait for them: what is held is given up when its lease ends.
        threads = [threading.Thread(target=step, daemon=True) for step in steps]
        for thread in threads:
            thread.start()
        self._wait_for(threads, show)
        return self._ended()

    def stop(self) -> None:
        """Begin nothing more, and finish what is in hand; the second time, give that back too."""
        if self._stopped:
            self._at_once = True
            self._worker.stop()
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

    # --- listing ------------------------------------------------------------------------------

    def _list(self) -> None:
        try:
            unlisted = self._listing.run()
            self._why = self._why or unlisted
        except TwirecError as error:
            self._give_up(f"{type(error).__name__}: {error}")
        except Exception as error:
            log.exception("an error of ours")
            self._give_up(f"{type(error).__name__} in the library; the log has more.")
        self._listed = True

    def _hand_over(self, item: Item) -> None:
        while not self._stopping.is_set():
            if len(self._again) >= MOST_WAITING:
                self._stopping.wait(LOOK)
                continue
            try:
                self._queue.put(item, timeout=LOOK)
            except queue.Full:
                continue
            return

    def _count(self) -> None:
        self._listing.count(self._gone_on_at, self._since, self._until)

    # --- taking over --------------------------------------------------------------------------

    def _work(self) -> None:
        while not self._stopping.is_set():
            if item := self._next():
                with self._throttle.turn(self._stopping.is_set) as mine:
                    if mine:
                        self._take(item)
            elif self._listed and not self._tally.waiting:
                return

    def _next(self) -> Item | None:
        with self._turn:
            if self._again and self._again[0][0] <= self._now():
                return heapq.heappop(self._again)[-1]
        try:
            return self._queue.get(timeout=LOOK)
        except queue.Empty:
            return None

    def _take(self, item: Item) -> None:
        try:
            look = self._taking.take(item)
        except TwirecError as error:
            self._put_off(item, error)
        except Exception as error:
            log.exception("%s: an error of ours", item.found.sid)
            reason = f"{type(error).__name__} in the library; the log has more."
            self._tally.fail(item.found.sid, reason)
        else:
            if isinstance(look, Foreign):
                self._leave(item, look)
            else:
                self._judge(item, look)

    def _leave(self, item: Item, foreign: Foreign) -> None:
        self._heed(None)
        self._tally.leave(foreign, item.only_line)
        if foreign.why is not NotOurs.ROUTES_UNKNOWN:  # of that, the next run looks again
            self._done_with(item)

    def _judge(self, item: Item, look: Look) -> None:
        self._heed(look.error)
        if look.verdict is Verdict.AGAIN:
            self._look_again(item, look.again_at)
        elif look.verdict is Verdict.FAILED:
            self._tally.fail(item.found.sid, look.recording.last_error)
            self._done_with(item)
        else:
            self._tally.settle(look)
            self._done_with(item)

    def _put_off(self, item: Item, error: TwirecError) -> None:
        """Try again what could not be asked for or written down, some times.

        Then its day is not done, and the next run comes back to it.
        """
        self._heed(error)
        item.tries += 1
        if item.tries >= TRANSFERS.tries:
            self._tally.fail(item.found.sid, f"{type(error).__name__}: {error}")
        else:
            wait = timedelta(seconds=pause(item.tries, error, TRANSFERS))
            self._look_again(item, self._now() + wait)

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

    def _look_again(self, item: Item, at: datetime) -> None:
        with self._turn:
            heapq.heappush(self._again, (at, next(self._order), item))

    def _done_with(self, item: Item) -> None:
        try:
            self._spans.settled(item.span)
        except CatalogError as error:
            log.warning("how far it is could not be written down: %s", error)
