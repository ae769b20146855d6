"""Keeping a lease while the work goes on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from twirec.catalog import Catalog
from twirec.model.errors import Stopped
from twirec.model.records import Lease

LEASE = timedelta(minutes=5)
"""How long a worker may be silent before another takes its recording over."""


class LeaseKeeper:
    """Holds the lease of one recording and renews it on progress.

    Args:
        catalog: where the lease is held.
        lease: the lease.
        now: the clock, UTC.
        stopping: whether the worker was asked to stop.
    """

    def __init__(
        self,
        catalog: Catalog,
        lease: Lease,
        now: Callable[[], datetime],
        stopping: Callable[[], bool],
    ) -> None:
        self._catalog = catalog
        self._now = now
        self._stopping = stopping
        self.lease = lease

    def heartbeat(self) -> None:
        """Renew the lease when a third of it has gone by.

        Raises:
            Stopped: the worker was asked to stop.
            LeaseLost: somebody else has the recording now.
        """
        if self._stopping():
            raise Stopped("The worker was asked to stop.")
        if self.lease.until - self._now() < LEASE * 2 / 3:
            self.lease = self._catalog.due_work.renew(self.lease, self._now() + LEASE)
