"""Erasures as workers carry them out, each step so that it may be done again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, timedelta

from twirec.catalog import Catalog
from twirec.catalog.emptying import CallKey
from twirec.jobs.retrying import TRANSFERS
from twirec.jobs.worker import Kind, LeaseKeeper
from twirec.journal.journal import Journal
from twirec.journal.page import folder
from twirec.model.erasure import CertificateLine, Copy, CopyOutcome, Erasure, ErasureKind
from twirec.model.errors import NotAtVendor, VendorRefused
from twirec.model.hints import ERASURE
from twirec.model.ports import Bucket, Vendor

log = logging.getLogger("twirec.custody")

LOT = 100
"""Calls that are emptied by one transaction."""

SOONEST, LATEST = timedelta(seconds=5), timedelta(minutes=10)
"""Between two looks at what waits for others: the longer it waits, the longer."""


class Erasing:
    """Carries erasures out, but for the recordings themselves, which `Transfer` destroys.

    Lines are emptied, pages of the journal written anew, and Twilio's records of the calls deleted.

    Args:
        catalog: what is emptied, and where each step is written down.
        bucket: where the pages are.
        vendor: Twilio.
        journal: what writes them.
        replace_originals: destroys originals of which a copy without card numbers stays.
        now: the clock, UTC.
    """

    def __init__(
        self,
        catalog: Catalog,
        bucket: Callable[[], Bucket],
        vendor: Callable[[], Vendor],
        journal: Callable[[], Journal],
        replace_originals: Callable[[LeaseKeeper[Erasure]], None],
        now: Callable[[], datetime],
    ) -> None:
        self._replace_originals = replace_originals
        self._catalog = catalog
        self._bucket = bucket
        self._vendor = vendor
        self._journal = journal
        self._now = now

    def kind(self) -> Kind[Erasure]:
        """Return what a worker has to know of erasures: they have a thread of their own."""
        return Kind(
            ERASURE,
            self._catalog.erasing.queue(self._now),
            self.run,
            lambda erasure: erasure.id,
            TRANSFERS,
            aside=True,
        )

    def run(self, keeper: LeaseKeeper[Erasure]) -> None:
        """Do what can be done of an erasure, and end its lease.

        Raises:
            TwirecError: a step failed; what was done stays done, and the worker tries again.
        """
        erasing, now = self._catalog.erasing, self._now()
        erasure = keeper.lease.item
        if erasure.kind is ErasureKind.BLOCK:
            if erasure.until is None or now.date() < erasure.until:
                erasing.finish(keeper.lease, now, LATEST)
                return
            erasing.come_due(keeper.lease, now)
        self._replace_originals(keeper)
        erasing.empty_rows(keeper.lease, now)
        erasing.mask_notes(keeper.lease, now)
        erasing.settle_recordings(keeper.lease, now)
        while keys := erasing.ended_calls(erasure.id, now, LOT):
            keeper.heartbeat()
            erasing.empty_calls(keeper.lease, keys, now)
        for day in erasing.pages(erasure.id):
            keeper.heartbeat()
            erasing.page_written(keeper.lease, day, now, self._write_page(day))
        while keys := erasing.vendor_calls(erasure.id, LOT):
            for key in keys:
                keeper.heartbeat()
                self._delete_call(keeper, key)
        self._catalog.shorten_log()
        waited = now - (erasure.begun_at or now)
        if erasing.finish(keeper.lease, now, min(max(waited / 10, SOONEST), LATEST)):
            log.info("%s: erased", erasure.id)

    def _write_page(self, day: date) -> datetime | None:
        """Write a day's page anew, and delete what the bucket kept of those before.

        Returns:
            Until when it can bring one back, UTC; None if it cannot.
        """
        self._journal().write_day(day)
        bucket, last = self._bucket(), None
        for other in list(bucket.others(folder(day))):
            if other.until is None:
                bucket.delete(other.name, other.generation)
        for other in bucket.others(folder(day)):
            last = max(filter(None, (last, other.until)), default=None)
        return last

    def _delete_call(self, keeper: LeaseKeeper[Erasure], key: CallKey) -> None:
        """Delete Twilio's record of a call, and of the legs that it dialled."""
        account, sid = key
        vendor, outcome, why = self._vendor(), CopyOutcome.DONE, ""
        try:
            with suppress(NotAtVendor):
                for leg in vendor.legs(account, sid):
                    vendor.delete_call(account, leg.sid)
            vendor.delete_call(account, sid)
        except VendorRefused as refused:
            log.warning("%s: Twilio keeps its record of the call: %s", sid, refused)
            outcome, why = CopyOutcome.REFUSED, "vendor"
        line = CertificateLine(sid, Copy.VENDOR_CALL, outcome, self._now(), why=why)
        self._catalog.erasing.settle(keeper.lease, [line])
