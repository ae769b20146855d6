"""The worker: claims what is due, and decides what follows when it fails."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from typing import Any, Generic, Protocol, TypeVar

from twirec.jobs.retrying import Retry, Tried, judge, pause, said
from twirec.model.errors import (
    BucketNotOurs,
    CatalogError,
    CatalogNewer,
    LeaseLost,
    Stopped,
    TwirecError,
)
from twirec.model.lease import Lease

LEASE = timedelta(minutes=5)
"""How long a worker may be silent before another takes over what it works at."""

T = TypeVar("T")


class LeaseKeeper(Generic[T]):
    """Holds a lease, and renews it on progress.

    Attributes:
        lease: what is held, with what is worked at as it is now.
        now: the clock, UTC.

    Args:
        lease: as it was claimed.
        renew: extends it until a time, UTC; raises `LeaseLost`.
        lease_for: how long it lasts when it is renewed.
        now: the clock, UTC.
        stopping: whether the worker was asked to stop.
    """

    def __init__(
        self,
        lease: Lease[T],
        renew: Callable[[Lease[T], datetime], Lease[T]],
        lease_for: timedelta,
        now: Callable[[], datetime],
        stopping: Callable[[], bool],
    ) -> None:
        self._renew = renew
        self._lease_for = lease_for
        self.now = now
        self._stopping = stopping
        self.lease = lease

    def heartbeat(self) -> None:
        """Renew the lease when a third of it has gone by.

        Raises:
            Stopped: the worker was asked to stop.
            LeaseLost: somebody else works at it now.
        """
        if self._stopping():
            raise Stopped("The worker was asked to stop.")
        if self.lease.until - self.now() < self._lease_for * 2 / 3:
            self.renew()

    def renew(self) -> None:
        """Renew the lease, and look what is worked at as it is now. Raises `LeaseLost`."""
        self.lease = self._renew(self.lease, self.now() + self._lease_for)


Due = TypeVar("Due", bound=Tried)


class Queue(Protocol[Due]):
    """What hands out due work of one kind.

    What takes a lease raises `LeaseLost`, and changes nothing, when it is not held any more.
    """

    def claim(
        self, now: datetime, lease_for: timedelta, only: str | None = None
    ) -> Lease[Due] | None:
        """Take what is due longest, and count an attempt; None if nothing is due.

        With `only`, a key, take that one, if it is due. Two callers never get the same while the
        lease lasts.
        """
        ...

    def due_at(self, key: str) -> datetime | None:
        """Return when one can be claimed, UTC; None if it is not due, now or later."""
        ...

    def renew(self, lease: Lease[Due], until: datetime) -> Lease[Due]:
        """Extend a lease until a time, UTC."""
        ...

    def postpone(
        self, lease: Lease[Due], due_at: datetime | None, error: str, *, undecided: bool = False
    ) -> None:
        """End the lease; it is due again at a time, UTC, or never (parked) when that is None.

        Args:
            lease: of what failed.
            due_at: when it is tried again, UTC.
            error: why it failed: the error's name, and what it says.
            undecided: whether nobody tries it again until somebody decides.
        """
        ...

    def give_back(self, lease: Lease[Due]) -> None:
        """End the lease as if it had never been claimed."""
        ...


def _nothing() -> None:
    """Prepare nothing."""


def _no_more() -> int:
    """Find nothing more to do."""
    return 0


def _for_nobody(_: object) -> bool:
    """Wait for no decision."""
    return False


@dataclass(frozen=True)
class Kind(Generic[Due]):
    """A kind of due work.

    Attributes:
        name: what one of it is called in the log.
        queue: hands it out.
        run: does one of it, writes down that it is done, and ends the lease; what it raises is
            judged, and written down, by the worker.
        describe: names one of it in the log, without numbers.
        retry: how often, and after which pauses, what failed is tried again.
        lease_for: how long a worker may be silent before another takes over.
        aside: whether it has one thread of its own, so that it delays nothing else. After a failure
            that thread rests, as it is likely everybody's; and what fails of it fails no run.
        prepare: called before something is claimed. When it says that the bucket is not this
            catalog's, nothing is.
        refill: called when nothing is due; makes more due, and says of how many.
        waits_for_somebody: whether something that time does not mend waits until somebody decides;
            else others may try it once more.
    """

    name: str
    queue: Queue[Due]
    run: Callable[[LeaseKeeper[Due]], None]
    describe: Callable[[Due], str]
    retry: Retry
    lease_for: timedelta = LEASE
    aside: bool = False
    prepare: Callable[[], None] = _nothing
    refill: Callable[[], int] = _no_more
    waits_for_somebody: Callable[[Due], bool] = _for_nobody


Listen = Callable[[Callable[[str | None], None], Callable[[], bool]], None]
"""Wakes a worker when something is due. It is given what wakes, and what says whether to go on."""

log = logging.getLogger("twirec.worker")

POLL = 1.0
"""Seconds between two looks at the catalog when nothing is due."""
REST = timedelta(seconds=15)
"""After which one comes again to what was due and could not be done."""
POLL_WOKEN = 5.0
"""The same while somebody wakes the worker when something is due: a try that failed is due later,
and nobody says so."""
PERIOD = 20.0
"""Seconds between two rounds of the periodic tasks, and between two looks for more work."""


class Worker:
    """Threads that claim due work and do it.

    Args:
        kinds: of work, those first that go first.
        now: the clock, UTC.
        threads: how many work together at what is not done aside.
        periodic: what a thread of its own calls every now and then, such as to sweep; not by
            `run_once`.
        heartbeat: what a thread of its own calls every now and then to say that the worker lives,
            however long all else takes; not by `run_once`.
        listen: what a thread of its own calls once, to wake the worker when something is due, and
            that ends when the worker does; not by `run_once`. It is given `Worker.wake`, and what
            says whether to go on.
    """

    def __init__(
        self,
        kinds: Sequence[Kind[Any]],
        *,
        now: Callable[[], datetime],
        threads: int = 4,
        periodic: Sequence[Callable[[], object]] = (),
        heartbeat: Callable[[], object] | None = None,
        listen: Listen | None = None,
    ) -> None:
        self._main = [kind for kind in kinds if not kind.aside]
        self._aside = [kind for kind in kinds if kind.aside]
        self._now = now
        self._threads = threads
        self._periodic = periodic
        self._heartbeat = heartbeat
        self._listen = listen
        self._poll = POLL
        # Each group of threads has a bell; one thread hears one ringing of it.
        self._bells = {kind.name: SimpleQueue[None]() for kind in self._aside}
        self._bell = SimpleQueue[None]()
        self._stop = threading.Event()
        self._failure: TwirecError | None = None
        self._refused: dict[str, str] = {}
        self._turn = threading.Lock()
        self._until = math.inf
        self._refill_at: defaultdict[str, float] = defaultdict(float)
        self._refills: Counter[str] = Counter()  # how often somebody began to
        self._refilled: dict[str, bool] = {}

    def stop(self) -> None:
        """Ask all threads to stop. What is in work is given back, as if never claimed."""
        self._stop.set()
        for bell in (self._bell, *self._bells.values()):
            for _ in range(self._threads):
                bell.put(None)

    def wake(self, kind: str | None = None) -> None:
        """Let a thread that waits look at once whether something is due.

        Args:
            kind: of what kind; None if nobody says whether there will be more such calls: then
                each look is by the clock again, until the next call that names one.
        """
        self._poll = POLL if kind is None else POLL_WOKEN
        bell = self._bells.get(kind or "", self._bell)
        if bell.qsize() < self._threads:  # who works looks again by themselves
            bell.put(None)

    def run(self) -> None:
        """Work until `stop` is called. What is away, such as the database, is waited for.

        Raises:
            CatalogNewer: the catalog is of a newer version, which waiting does not mend.
        """
        loops: list[tuple[Callable[..., None], Any]] = [
            *[(self._serve, self._main)] * self._threads,
            *((self._serve, [kind]) for kind in self._aside),
            (self._repeat, self._periodic),
            (self._repeat, [self._heartbeat] if self._heartbeat else []),
        ]
        if self._listen is not None:
            loops.append((self._hear, self._listen))
        self._together(loops)
        if isinstance(self._failure, CatalogNewer):
            raise self._failure

    def run_once(self, seconds: float | None = None) -> None:
        """Do all that is due now, then what is done aside, and return.

        Args:
            seconds: after which nothing more is taken up; None for never.

        Raises:
            CatalogError: the catalog could not be asked, so that nobody knows what is due.
            BucketNotOurs: the bucket is not this catalog's, so that nothing was taken up.
        """
        self._until = math.inf if seconds is None else time.monotonic() + seconds
        self._together([(self._finish, self._main)] * self._threads)
        for kind in self._aside:
            self._finish([kind])
        if self._failure is not None:
            raise self._failure

    def work(self, lease: Lease[Any], kind: Kind[Any] | None = None) -> Exception | None:
        """Do one claimed piece of work, write down what came of it, and return what failed.

        When that cannot be written down, the lease runs out and it is taken up again.

        Args:
            lease: the right to it.
            kind: of what kind it is; the first of this worker's by default.
        """
        kind = kind or self._main[0]
        try:
            return self._work(lease, kind)
        except CatalogError as error:
            log.warning("%s: %s", kind.describe(lease.item), error)
            return error

    def do(self, name: str, key: str) -> datetime | None:
        """Do one piece of work by its key, if it is due, whoever works beside. From any thread.

        Args:
            name: of its kind; nothing is done of one that this worker does not know.
            key: which one.

        Returns:
            When it can be claimed again, UTC, such as after a failure, or as somebody else works at
            it; None if nothing is left to do.

        Raises:
            CatalogError: the catalog could not be asked.
        """
        known = {kind.name: kind for kind in (*self._main, *self._aside)}
        kind = known.get(name)
        if kind is None:
            return None
        if self._prepare(kind):
            lease = kind.queue.claim(self._now(), kind.lease_for, key)
            if lease is not None:
                self.work(lease, kind)
        due_at, now = kind.queue.due_at(key), self._now()
        # Due and not taken up: the bucket is somebody else's, or what follows could not be written.
        return now + REST if due_at is not None and due_at <= now else due_at

    # --- threads ------------------------------------------------------------------------------

    def _together(self, loops: Sequence[tuple[Callable[..., None], Any]]) -> None:
        threads = [
            threading.Thread(target=loop, args=[over], name=f"twirec-worker-{n}", daemon=True)
            for n, (loop, over) in enumerate(loops)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _serve(self, kinds: Sequence[Kind[Any]]) -> None:
        while not self._stop.is_set():
            if not any(self._take_up(kind, at_once=False) for kind in kinds):
                bell = self._bell if kinds is self._main else self._bells[kinds[0].name]
                with suppress(Empty):
                    bell.get(timeout=self._poll)

    def _finish(self, kinds: Sequence[Kind[Any]]) -> None:
        while not self._stop.is_set() and time.monotonic() < self._until:
            if not any(self._take_up(kind, at_once=True) for kind in kinds):
                return

    def _hear(self, listen: Listen) -> None:
        listen(self.wake, lambda: not self._stop.is_set())

    def _repeat(self, tasks: Sequence[Callable[[], object]]) -> None:
        while tasks and not self._stop.is_set():
            for task in tasks:
                try:
                    task()
                except CatalogNewer:  # which ends the worker, and is said then
                    return
                except TwirecError as error:
                    log.error("%s", error)
                except Exception:
                    log.exception("an error of ours")
            self._stop.wait(PERIOD)

    # --- one piece of work --------------------------------------------------------------------

    def _take_up(self, kind: Kind[Any], *, at_once: bool) -> bool:
        """Do one piece of work. False if nothing was due, or nobody knows, or may not."""
        refills = self._refills[kind.name]
        try:
            if not self._prepare(kind):
                return False
            lease = kind.queue.claim(self._now(), kind.lease_for)
            if lease is None:
                return self._refill(kind, refills, at_once=at_once)
        except CatalogError as error:
            self._cannot_ask(kind, error)
            return False
        except Exception as error:  # of one that cannot be taken up no thread dies
            log.exception("no %s could be taken up: an error of ours", kind.name)
            self._failure = CatalogError(f"No {kind.name} could be taken up: {error}")
            return False
        return self.work(lease, kind) is None or not kind.aside

    def _cannot_ask(self, kind: Kind[Any], error: CatalogError) -> None:
        if isinstance(error, CatalogNewer):
            self._failure = error
            self._stop.set()
            return
        if not kind.aside:
            self._failure = error
        log.error("no %s could be taken up: %s", kind.name, error)

    def _prepare(self, kind: Kind[Any]) -> bool:
        """Do what comes before work. False if no work is to be taken up."""
        try:
            kind.prepare()
        except BucketNotOurs as error:
            self._failure = error
            with self._turn:  # of all threads one says it, once, until somebody mends it
                is_news = str(error) != self._refused.get(kind.name)
                self._refused[kind.name] = str(error)
            if is_news:
                log.error("nothing is copied: %s", error)
            return False
        except CatalogNewer:
            raise
        except TwirecError as error:
            log.warning("not all is prepared for a %s: %s", kind.name, error)
        except Exception:
            log.exception("an error of ours")
        self._refused.pop(kind.name, None)
        return True

    def _refill(self, kind: Kind[Any], refills: int, *, at_once: bool) -> bool:
        """Look for more work, one thread at a time and now and then. Whether there was some.

        Args:
            kind: of which nothing was due.
            refills: how often somebody had begun to before that was found: what who began later
                finds is what this thread would find. Else all look, one after the other, whenever
                the last piece of work is done.
            at_once: whether it looks however short ago somebody did.
        """
        name = kind.name
        with self._turn:
            if self._refills[name] > refills:
                return self._refilled[name]
            if not at_once and time.monotonic() < self._refill_at[name]:
                return False
            self._refills[name] += 1
            self._refilled[name] = True  # if this fails, the next ones look themselves
            found = self._refilled[name] = kind.refill() > 0
            self._refill_at[name] = 0.0 if found else time.monotonic() + PERIOD
        return found

    def _work(self, lease: Lease[Any], kind: Kind[Any]) -> Exception | None:
        keeper = LeaseKeeper(lease, kind.queue.renew, kind.lease_for, self._now, self._stop.is_set)
        try:
            kind.run(keeper)
        except Stopped as error:
            kind.queue.give_back(keeper.lease)
            return error
        except (CatalogNewer, LeaseLost):
            raise
        except Exception as error:
            if not isinstance(error, TwirecError):
                log.exception("%s: an error of ours", kind.describe(lease.item))
            self._postpone(keeper.lease, kind, error)
            return error
        log.info("%s: finished", kind.describe(lease.item))
        return None

    def _postpone(self, lease: Lease[Any], kind: Kind[Any], error: Exception) -> None:
        item, attempts = lease.item, lease.item.attempts
        verdict = judge(error, item, kind.retry)
        undecided = verdict.hopeless and kind.waits_for_somebody(item)
        wait = timedelta(seconds=pause(attempts, error, kind.retry))
        due_at = self._now() + wait if verdict.again else None
        kind.queue.postpone(lease, due_at, said(error), undecided=undecided)
        parked = "parked until somebody decides" if undecided else "parked"
        follows = "again" if verdict.again else parked
        name = kind.describe(item)
        log.warning("%s: %s after try %d: %s", name, follows, attempts, said(error))
