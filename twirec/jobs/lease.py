"""Keeping a lease while the work goes on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from twirec.model.errors import Stopped
from twirec.model.lease import Lease

LEASE = timedelta(minutes=5)
"""How long a worker may be silent before another takes over what it works at."""

T = TypeVar("T")


class LeaseKeeper(Generic[T]):
    """Holds a lease, and renews it on progress.

    Args:
        lease: the lease.
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
        self._now = now
        self._stopping = stopping
        self.lease = lease

    @property
    def item(self) -> T:
        """What is worked at, as it is now."""
        return self.lease.item

    def heartbeat(self) -> None:
        """Renew the lease when a third of it has gone by.

        Raises:
            Stopped: the worker was asked to stop.
            LeaseLost: somebody else works at it now.
        """
        if self._stopping():
            raise Stopped("The worker was asked to stop.")
        if self.lease.until - self._now() < self._lease_for * 2 / 3:
            self.lease = self._renew(self.lease, self._now() + self._lease_for)
