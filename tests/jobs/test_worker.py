"""The worker over kinds of due work that live in memory: what goes first, and what follows."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.factories import STARTED
from twirec.jobs.retrying import EVENTS, TRANSFERS
from twirec.jobs.worker import LEASE, Kind, LeaseKeeper, Worker
from twirec.model.errors import (
    BucketUnavailable,
    CatalogError,
    CatalogNewer,
    CatalogUnavailable,
    LeaseLost,
    MediaMismatch,
    Stopped,
)
from twirec.model.lease import Lease


@dataclass(frozen=True)
class Piece:
    name: str
    attempts: int = 0
    last_error: str = ""


@dataclass
class Pieces:
    """A queue in memory, which remembers what came of each."""

    due: list[Piece] = field(default_factory=list)
    postponed: list[tuple[str, datetime | None, str, bool]] = field(default_factory=list)
    given_back: list[str] = field(default_factory=list)
    failing: Exception | None = None

    def claim(self, now: datetime, lease_for: timedelta) -> Lease[Piece] | None:
        if self.failing:
            raise self.failing
        if not self.due:
            return None
        piece = self.due.pop(0)
        return Lease("token", replace(piece, attempts=piece.attempts + 1), now + lease_for)

    def renew(self, lease: Lease[Piece], until: datetime) -> Lease[Piece]:
        return replace(lease, until=until)

    def postpone(
        self, lease: Lease[Piece], due_at: datetime | None, error: str, *, undecided: bool = False
    ) -> None:
        self.postponed.append((lease.item.name, due_at, error, undecided))

    def give_back(self, lease: Lease[Piece]) -> None:
        self.given_back.append(lease.item.name)


def named(*names: str) -> Pieces:
    return Pieces([Piece(name) for name in names])


def kind(queue: Pieces, run: Callable[[LeaseKeeper[Piece]], None], **facts: Any) -> Kind[Piece]:
    return Kind("piece", queue, run, lambda piece: piece.name, TRANSFERS, **facts)


def worker(*kinds: Kind[Piece]) -> Worker:
    return Worker(kinds, now=lambda: STARTED, threads=1)


def failing(error: Exception) -> Callable[[LeaseKeeper[Piece]], None]:
    def run(_: LeaseKeeper[Piece]) -> None:
        raise error

    return run


def test_the_kind_that_is_named_first_goes_first_and_what_is_done_aside_last() -> None:
    done: list[str] = []
    run = lambda keeper: done.append(keeper.lease.item.name)  # noqa: E731
    first, second, aside = named("a", "b"), named("c"), named("d")
    worker(kind(aside, run, aside=True), kind(first, run), kind(second, run)).run_once()
    assert done == ["a", "b", "c", "d"]


def test_what_may_pass_is_tried_again_and_what_time_cannot_mend_is_parked_at_once() -> None:
    for error, again in ((BucketUnavailable("It is away."), True), (MediaMismatch("No."), False)):
        queue = named("a")
        worker(kind(queue, failing(error), waits_for_somebody=lambda _: True)).run_once()
        ((_, due_at, said, undecided),) = queue.postponed
        assert (due_at is not None, undecided) == (again, not again)
        assert said == f"{type(error).__name__}: {error}"


def test_nobody_is_waited_for_where_the_kind_has_nobody_who_decides() -> None:
    queue = named("a")
    worker(kind(queue, failing(MediaMismatch("No.")))).run_once()
    assert queue.postponed == [("a", None, "MediaMismatch: No.", False)]


def test_the_pauses_are_those_of_the_kind() -> None:
    queue = named("a")
    events = replace(kind(queue, failing(BucketUnavailable("It is away."))), retry=EVENTS)
    worker(events).run_once()
    ((_, due_at, *_),) = queue.postponed
    assert due_at is not None
    assert 0.75 * EVENTS.first <= (due_at - STARTED).total_seconds() <= 1.25 * EVENTS.first


@pytest.mark.parametrize("error", [LeaseLost("a is somebody else's now."), CatalogNewer("newer")])
def test_who_lost_the_lease_writes_nothing_down(error: Exception) -> None:
    queue = named("a")
    worker(kind(queue, failing(error))).run_once()
    assert (queue.postponed, queue.given_back) == ([], [])


def test_a_catalog_that_was_away_for_a_moment_costs_no_whole_lease() -> None:
    queue = named("a")
    worker(kind(queue, failing(CatalogUnavailable("It is locked.")))).run_once()
    ((_, due_at, *_),) = queue.postponed
    assert due_at is not None
    assert due_at < STARTED + LEASE


def test_what_is_stopped_is_given_back() -> None:
    queue = named("a")
    worker(kind(queue, failing(Stopped("The worker was asked to stop.")))).run_once()
    assert (queue.given_back, queue.postponed) == (["a"], [])


def test_what_fails_aside_fails_no_run_and_is_not_gone_on_with() -> None:
    queue = named("a", "b")
    aside = kind(queue, failing(BucketUnavailable("It is away.")), aside=True)
    worker(aside).run_once()
    assert [name for name, *_ in queue.postponed] == ["a"]
    queue.failing = CatalogUnavailable("It is locked.")
    worker(aside).run_once()
    with pytest.raises(CatalogUnavailable):
        worker(replace(aside, aside=False)).run_once()


def test_when_nothing_is_due_more_is_looked_for_until_there_is_none() -> None:
    queue, done, more = Pieces(), [], [["a", "b"], ["c"]]

    def refill() -> int:
        found = more.pop(0) if more else []
        queue.due += [Piece(name) for name in found]
        return len(found)

    run = lambda keeper: done.append(keeper.lease.item.name)  # noqa: E731
    worker(kind(queue, run, refill=refill)).run_once()
    assert done == ["a", "b", "c"]


def test_of_threads_that_find_nothing_due_at_once_not_each_looks_for_more() -> None:
    queue, threads, looks = Pieces(), 8, []
    asked = threading.Semaphore(0)

    def claim(now: datetime, lease_for: timedelta) -> None:
        asked.release()

    def refill() -> int:
        if not looks:
            assert all(asked.acquire(timeout=120) for _ in range(threads))  # all know of none
        looks.append(1)
        return 0

    queue.claim = claim  # type: ignore[method-assign, assignment]
    Worker(
        [kind(queue, failing(KeyError()), refill=refill)], now=lambda: STARTED, threads=threads
    ).run_once()
    assert len(looks) <= 2  # a second, of those who asked after the first one had begun


def test_a_worker_that_runs_looks_for_more_now_and_then_only() -> None:
    queue, looks, looked = Pieces(), [], threading.Event()

    def claim(now: datetime, lease_for: timedelta) -> None:
        if len(looks) > 0:
            looked.set()

    queue.claim = claim  # type: ignore[method-assign, assignment]
    running = worker(kind(queue, failing(KeyError()), refill=lambda: looks.append(1) or 0))
    thread = threading.Thread(target=running.run)
    thread.start()
    assert looked.wait(120)
    running.stop()
    thread.join()
    assert looks == [1]


def test_a_lease_is_renewed_when_a_third_of_it_has_gone_by() -> None:
    time = STARTED
    lease = Lease("token", Piece("a"), STARTED + LEASE)
    renewed: list[datetime] = []

    def renew(held: Lease[Piece], until: datetime) -> Lease[Piece]:
        renewed.append(until)
        return replace(held, until=until)

    keeper = LeaseKeeper(lease, renew, LEASE, lambda: time, lambda: False)
    for _ in range(7):
        keeper.heartbeat()
        time += LEASE / 6
    assert renewed == [STARTED + LEASE * 3 / 6 + LEASE, STARTED + LEASE * 6 / 6 + LEASE]


def test_no_thread_dies_of_what_cannot_be_taken_up() -> None:
    queue, done = named("a"), threading.Event()
    claim, fails = queue.claim, [LookupError("'later' is not among the words"), ValueError("?")]

    def claim_or_fail(now: datetime, lease_for: timedelta) -> Lease[Piece] | None:
        if fails:
            raise fails.pop()
        return claim(now, lease_for)

    queue.claim = claim_or_fail  # type: ignore[method-assign]
    at_work = worker(kind(queue, lambda _: done.set()))
    thread = threading.Thread(target=at_work.run)
    thread.start()
    try:
        while not done.wait(0.01):
            at_work.wake("piece")
    finally:
        at_work.stop()
        thread.join(60)
    assert not thread.is_alive()
    fails.append(ValueError("?"))
    with pytest.raises(CatalogError, match="No piece could be taken up"):
        worker(kind(queue, lambda _: None)).run_once()
