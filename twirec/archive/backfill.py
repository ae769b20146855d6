"""Taking over what the accounts have gathered before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from twirec.backfill.backfill import Backfill
from twirec.backfill.item import TakingOver
from twirec.catalog import Catalog
from twirec.custody.orders import check_ground
from twirec.jobs.worker import Worker
from twirec.model.errors import InvalidQuery
from twirec.model.given import text, whole
from twirec.model.ports import Vendor
from twirec.model.records import Recording
from twirec.search.phrase import spoken_span
from twirec.search.times import When
from twirec.settings import Settings
from twirec.transfers.marked_bucket import MarkedBucket
from twirec.transfers.ownership import Ownership

MOST_THREADS = 64
"""More wait for one another."""


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
    def bucket(self) -> MarkedBucket:
        """Where they go."""
        raise NotImplementedError

    @property
    def vendor(self) -> Vendor:
        """Where the recordings are."""
        raise NotImplementedError

    def backfill(
        self,
        since: When,
        until: When | None = None,
        *,
        by: str,
        keep_at_vendor: bool = False,
        release_unknown: bool = False,
        legal_ground: str | None = None,
        threads: int = 8,
    ) -> Backfill:
        """Return what takes over the recordings of a span of time that are the company's own.

        Which those are, `TWIREC_ADOPT` says; the others are counted, and left alone.

        Its `run` copies them into the bucket, checks them, and deletes them at Twilio; its `stop`,
        from a signal's handler or another thread, ends it early. Run again, it goes on.

        Args:
            since: from when, such as `2023-01-01`, in the company's zone; a `date`, or a
                `datetime` with its zone.
            until: up to when, in the same forms; a day alone is included; None for now.
            by: who orders it.
            keep_at_vendor: leave Twilio's copies where they are. Without it, what an earlier
                backfill left there is deleted too, but for those recordings whose call Twilio does
                not know (any more).
            release_unknown: delete Twilio's copies of those too.
            legal_ground: why the company may have recordings of which nobody was told; without it
                they are quarantined.
            threads: how many recordings to work at together, at the most.

        Raises:
            InvalidQuery: a value cannot be understood; the message names it and the fix.
            BucketNotOurs: the bucket is not this catalog's.
        """
        if keep_at_vendor and release_unknown:
            raise InvalidQuery("release_unknown: leave it out, or keep_at_vendor.")
        now = self.now().astimezone(UTC)
        when = partial(spoken_span, now=now, zone=self.settings.timezone)
        begin = when("since", since).since
        end = now if until is None else when("until", until).until
        if begin is None or end is None or begin >= end:
            raise InvalidQuery("since: has to be before until, and before now.")
        admit = None
        if legal_ground is not None:
            ground = check_ground(text("legal_ground", legal_ground))
            admit = partial(self.admit, ground=ground, by=by)
        self.bucket.check()
        worker = self.worker(whole("threads", threads, 1, MOST_THREADS))
        ownership = Ownership(
            self.catalog, self.vendor, self.settings.public_url, self.settings.country
        )
        taking = TakingOver(
            self.catalog,
            self.vendor,
            ownership,
            worker,
            country=self.settings.country,
            now=self.now,
            keep_at_vendor=keep_at_vendor,
            release_unknown=release_unknown,
            admit=admit,
        )
        span = (begin.isoformat(), end.isoformat() if until is not None else "")
        name = (*span, keep_at_vendor, release_unknown, legal_ground)
        return Backfill(
            self.catalog,
            self.vendor,
            ownership,
            worker,
            taking,
            since=begin,
            until=end,
            name=repr(name),
            keep_at_vendor=keep_at_vendor,
            now=self.now,
            threads=threads,
        )
