"""The worker: claims what is due, and decides what follows when it fails."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from twirec.catalog import Catalog
from twirec.jobs.lease import LEASE, LeaseKeeper
from twirec.jobs.retrying import judge, pause
from twirec.model.errors import (
    BucketNotOurs,
    CatalogError,
    CatalogNewer,
    Stopped,
    TwirecError,
)
from twirec.model.records import Lease
from twirec.transfers.transfer import Transfer

log = logging.getLogger("twirec.worker")

POLL = 1.0
"""Seconds between two looks at the catalog when nothing is due."""
TEND = 20.0
"""Seconds between two looks whether something else is to be done, such as to sweep."""


class Worker:
    """Threads that claim due recordings and transfer them.

    Args:
        catalog: where recordings are claimed.
        transfer: what is done with them.
        before: called before looking for work, such as to publish announcements. When it says that
            the bucket is not this catalog's, no work is taken up.
        beside: what a thread of its own calls every now and then, such as to sweep; not by
            `run_once`.
        after: what is done once recordings were transferred, such as to send one event, each in a
            thread of its own; False if there was nothing to do or it failed.
        let_go: makes a lot of what was kept for a trial due, once that is over, and says of how
            many; only called by `run_once`.
        now: the clock, UTC.
        threads: how many recordings are worked at together.
        heartbeat: what a thread of its own calls every now and then to say that the worker lives,
            however long all else takes; not by `run_once`.
    """

    def __init__(
        self,
        catalog: Catalog,
        transfer: Transfer,
        *,
        before: Callable[[], None],
        after: Sequence[Callable[[], bool]] = (),
        let_go: Callable[[], int] = lambda: 0,
        now: Callable[[], datetime],
        threads: int = 4,
        beside: Sequence[Callable[[], object]] = (),
        heartbeat: Callable[[], object] | None = None,
    ) -> None:
        self._catalog = catalog
        self._transfer = transfer
        self._before = before
        self._beside = beside
        self._heartbeat = heartbeat
        self._after = after
        self._let_go = let_go
        self._now = now
        self._threads = threads
        self._stop = threading.Event()
        self._unasked: TwirecError | None = None
        self._refused = ""
        self._turn = threading.Lock()

    def stop(self) -> None:
        """Ask all threads to stop. A recording in work is given back, as if never claimed."""
        self._stop.set()

    def run(self) -> None:
        """Work until `stop` is called. What is away, such as the database, is waited for.

        Raises:
            CatalogNewer: the catalog is of a newer version, which waiting does not mend.
        """
        self._start(until_done=False)
        if isinstance(self._unasked, CatalogNewer):
            raise self._unasked

    def run_once(self) -> None:
        """Do all that is due now, send the events of it, and return.

        Raises:
            CatalogError: the catalog could not be asked, so that nobody knows what is due.
            BucketNotOurs: the bucket is not this catalog's, so that nothing was taken up.
        """
        self._start(until_done=True)
        while self._unasked is None and not self._stop.is_set() and self._let_go():
            self._start(until_done=True)
        if self._unasked is not None:
            raise self._unasked

    def _start(self, *, until_done: bool) -> None:
        steps = [self._try_one] * self._threads
        if not until_done:
            steps += self._after
        threads = [
            threading.Thread(target=self._loop, args=(step, until_done), name=f"twirec-worker-{n}")
            for n, step in enumerate(steps)
        ]
        aside = {"beside": self._beside, "heartbeat": [self._heartbeat] if self._heartbeat else []}
        for name, tasks in aside.items():
            if tasks and not until_done:
                threads.append(
                    threading.Thread(target=self._tend, args=[tasks], name=f"twirec-worker-{name}")
                )
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if until_done:
            for step in self._after:
                self._loop(step, until_done)

    def _loop(self, step: Callable[[], bool], until_done: bool) -> None:
        while not self._stop.is_set():
            if step():
                continue
            if until_done:
                return
            self._stop.wait(POLL)

    def _tend(self, tasks: Sequence[Callable[[], object]]) -> None:
        while not self._stop.is_set():
            for task in tasks:
                try:
                    task()
                except CatalogNewer:  # which ends the worker, and is said then
                    return
                except TwirecError as error:
                    log.error("%s", error)
                except Exception:
                    log.exception("an error of ours")
            self._stop.wait(TEND)

    def _try_one(self) -> bool:
        """Work at one recording. False if nothing was due, or nobody knows, or may not."""
        try:
            if not self._prepare():
                return False
            lease = self._catalog.due_work.claim(self._now(), LEASE)
        except CatalogNewer as error:
            self._unasked = error
            self._stop.set()
            return False
        except CatalogError as error:
            log.error("no work could be taken up: %s", error)
            self._unasked = error
            return False
        if lease is None:
            return False
        self.work(lease)
        return True

    def _prepare(self) -> bool:
        """Do what comes before work. False if no work is to be taken up."""
        try:
            self._before()
        except BucketNotOurs as error:
            self._unasked = error
            with self._turn:  # of all threads one says it, once, until somebody mends it
                is_news, self._refused = str(error) != self._refused, str(error)
            if is_news:
                log.error("nothing is copied: %s", error)
            return False
        except CatalogNewer:
            raise
        except TwirecError as error:
            log.warning("announcements are not in the bucket yet: %s", error)
        except Exception:
            log.exception("an error of ours")
        self._refused = ""
        return True

    def work(self, lease: Lease) -> Exception | None:
        """Transfer one claimed recording, write down what came of it, and return what failed.

        When that cannot be written down, the lease runs out and the recording is taken up again.
        """
        try:
            return self._work(lease)
        except CatalogError as error:
            log.warning("%s: %s", lease.recording.sid, error)
            return error

    def _work(self, lease: Lease) -> Exception | None:
        sid = lease.recording.sid
        keeper = LeaseKeeper(self._catalog, lease, self._now, self._stop.is_set)
        try:
            self._transfer.run(keeper)
        except Stopped as error:
            self._catalog.due_work.give_back(keeper.lease)
            return error
        except CatalogError:
            raise
        except TwirecError as error:
            self._postpone(keeper.lease, error)
            return error
        except Exception as error:
            log.exception("%s: an error of ours", sid)
            self._postpone(keeper.lease, error)
            return error
        log.info("%s: finished", sid)
        return None

    def _postpone(self, lease: Lease, error: Exception) -> None:
        recording = lease.recording
        attempts = recording.attempts
        verdict = judge(error, recording)
        wait = timedelta(seconds=pause(attempts, error))
        due_at = self._now() + wait if verdict.again else None
        said = f"{type(error).__name__}: {error}"
        self._catalog.due_work.postpone(lease, due_at, said, undecided=verdict.undecided)
        parked = "parked until somebody decides" if verdict.undecided else "parked"
        follows = "again" if verdict.again else parked
        log.warning("%s: %s after try %d: %s", recording.sid, follows, attempts, said)
