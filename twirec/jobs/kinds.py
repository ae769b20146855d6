"""Kinds of due work: what the worker has to know of transfers, events and listening copies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from twirec.jobs.lease import LEASE, LeaseKeeper
from twirec.jobs.retrying import Retry, Tried
from twirec.model.lease import Lease

T = TypeVar("T", bound=Tried)


class Queue(Protocol[T]):
    """What hands out due work of one kind.

    All but `claim` raise `LeaseLost`, and change nothing, when the lease is not held any more.
    """

    def claim(self, now: datetime, lease_for: timedelta) -> Lease[T] | None:
        """Take what is due longest, and count an attempt; None if nothing is due.

        Two callers never get the same while the lease lasts.
        """
        ...

    def renew(self, lease: Lease[T], until: datetime) -> Lease[T]:
        """Extend a lease until a time, UTC."""
        ...

    def postpone(
        self, lease: Lease[T], due_at: datetime | None, error: str, *, undecided: bool = False
    ) -> None:
        """End the lease; it is due again at a time, UTC, or never (parked) when that is None.

        Args:
            lease: of what failed.
            due_at: when it is tried again, UTC.
            error: why it failed: the error's name, and what it says.
            undecided: whether nobody tries it again until somebody decides.
        """
        ...

    def give_back(self, lease: Lease[T]) -> None:
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
class Kind(Generic[T]):
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
    queue: Queue[T]
    run: Callable[[LeaseKeeper[T]], None]
    describe: Callable[[T], str]
    retry: Retry
    lease_for: timedelta = LEASE
    aside: bool = False
    prepare: Callable[[], None] = _nothing
    refill: Callable[[], int] = _no_more
    waits_for_somebody: Callable[[T], bool] = _for_nobody
