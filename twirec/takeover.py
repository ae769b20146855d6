"""Taking over what the accounts have gathered before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from twirec.calls.times import since_time, until_time
from twirec.custody.orders import check_ground
from twirec.model.catalog import Catalog
from twirec.model.errors import InvalidQuery
from twirec.model.ports import Vendor
from twirec.model.records import Recording
from twirec.settings import Settings
from twirec.transfers.backfill import Backfill
from twirec.transfers.backfill_item import TakingOver
from twirec.transfers.worker import Worker


class Takeover:
    """The part of the archive that takes over what is at Twilio already.

    Attributes:
        settings: the country and the company's zone.
        catalog: what is known already.
        now: the clock, UTC.
        worker: makes a worker.
        admit: takes a recording out of quarantine.
    """

    settings: Settings
    catalog: Catalog
    now: Callable[[], datetime]
    worker: Callable[..., Worker]
    admit: Callable[..., Recording]

    @property
    def vendor(self) -> Vendor:
        """Where the recordings are."""
        raise NotImplementedError

    def backfill(
        self,
        since: str,
        until: str | None = None,
        *,
        by: str,
        keep_at_vendor: bool = False,
        legal_ground: str | None = None,
        threads: int = 8,
    ) -> Backfill:
        """Return what takes over all recordings that Twilio made in a span of time.

        Its `run` copies them into the bucket, checks them, and deletes them at Twilio; its `stop`,
        from a signal's handler or another thread, ends it early. Run again, it goes on.

        Args:
            since: from when, such as `2023-01-01`, in the company's zone.
            until: up to when; a date alone includes that day; None for now.
            by: who orders it.
            keep_at_vendor: leave Twilio's copies where they are. Without it, what an earlier
                backfill left there is deleted too.
            legal_ground: why the company may have recordings of which nobody was told; without it
                they are quarantined.
            threads: how many recordings to work at together, at the most.

        Raises:
            InvalidQuery: a value cannot be understood; the message names it and the fix.
        """
        zone = self.settings.timezone
        begin = since_time(since, zone)
        end = until_time(until, zone) if until else self.now().astimezone(UTC)
        if begin >= end:
            raise InvalidQuery("since: has to be before until, and before now.")
        admit = None
        if legal_ground is not None:
            ground = check_ground(legal_ground)
            admit = partial(self.admit, ground=ground, by=by)
        worker = self.worker(threads)
        taking = TakingOver(
            self.catalog,
            self.vendor,
            worker,
            country=self.settings.country,
            now=self.now,
            keep_at_vendor=keep_at_vendor,
            admit=admit,
        )
        name = (begin.isoformat(), end.isoformat() if until else "", keep_at_vendor, legal_ground)
        return Backfill(
            self.catalog,
            self.vendor,
            worker,
            taking,
            since=begin,
            until=end,
            name=repr(name),
            keep_at_vendor=keep_at_vendor,
            now=self.now,
            threads=threads,
        )
