"""What there is to take over: listed day by day, and counted."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable, Mapping
from datetime import datetime

from twirec.backfill.listed import Item, Listed
from twirec.backfill.spans import Span, Spans
from twirec.backfill.tally import Tally
from twirec.jobs.retrying import TRANSFERS, pause
from twirec.model.errors import VendorError, VendorRefused
from twirec.model.ports import Vendor
from twirec.model.vendor import VendorRecording

log = logging.getLogger("twirec.backfill")

LIST_TRIES = 6
"""How often a day's list is asked for: for about three quarters of a minute."""


class Listing:
    """Lists what there is to take over.

    Args:
        vendor: what is listed.
        spans: the days.
        tally: counts what is listed.
        listed: where what was listed goes.
        failed: is told of every error.
        stopping: set when nothing more is to be listed.
    """

    def __init__(
        self,
        vendor: Vendor,
        spans: Spans,
        tally: Tally,
        listed: Listed,
        failed: Callable[[Exception], None],
        stopping: threading.Event,
    ) -> None:
        self._vendor = vendor
        self._spans = spans
        self._tally = tally
        self._listed = listed
        self._failed = failed
        self._stopping = stopping

    def run(self) -> str:
        """List all accounts. An account that cannot be listed does not hold up the others.

        Returns:
            Which account could not be listed, and why; empty if all could.

        Raises:
            CatalogError: how far it is could not be written down.
        """
        unlisted = ""
        for account in self._vendor.accounts:
            try:
                self._account(account)
            except VendorError as error:
                log.error("%s cannot be listed: %s", account, error)
                unlisted = unlisted or f"{account} cannot be listed: {error}"
        return unlisted

    def _account(self, account: str) -> None:
        for span in self._spans.days(account, self._spans.begin(account)):
            recordings = self._day(span)
            if self._stopping.is_set():
                return
            self._tally.list(span, recordings)
            self._spans.listed(span, len(recordings))
            for each in recordings:
                self._listed.add(Item(each, span))

    def _day(self, span: Span) -> list[VendorRecording]:
        """List one day, whole or not at all, each recording once."""
        for tries in itertools.count(1):
            try:
                listed = self._vendor.recordings(span.account_sid, since=span.begin, until=span.end)
                return list({recording.sid: recording for recording in listed}.values())
            except VendorError as error:
                self._failed(error)
                if tries == LIST_TRIES or isinstance(error, VendorRefused):
                    raise
                log.warning("%s: the list, again: %s", span.account_sid, error)
                self._stopping.wait(pause(tries, error, TRANSFERS))
            if self._stopping.is_set():
                break
        return []

    def count(self, gone_on_at: Mapping[str, datetime], since: datetime, until: datetime) -> None:
        """Count what there is, for whoever watches. Nothing depends on it.

        Args:
            gone_on_at: from when to count, by account, UTC, where that is not `since`.
            since, until: the span, UTC.
        """
        try:
            for account in self._vendor.accounts:
                begin = gone_on_at.get(account, since)
                for recording in self._vendor.recordings(account, since=begin, until=until):
                    if self._stopping.is_set():
                        return
                    self._tally.expect(recording)
        except VendorError as error:
            log.info("not counted: %s", error)
            return
        self._tally.all_expected()
