"""The sweep: vendor, catalog and bucket brought to the same truth."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from twirec.catalog import Catalog
from twirec.model.errors import (
    BucketError,
    BucketNotOurs,
    LookedAtNothing,
    TwirecError,
    VendorError,
)
from twirec.model.ports import Bucket, Vendor
from twirec.model.records import SweepReport
from twirec.model.search import Query
from twirec.model.vocabulary import ERASED
from twirec.sweep.bucket import BucketSide
from twirec.sweep.conferences import ConferenceSide
from twirec.sweep.discrepancies import Tally
from twirec.sweep.ledger import SETTLED, LedgerSide
from twirec.sweep.vendor import VendorSide
from twirec.transfers.ownership import Ownership, not_known
from twirec.webhooks.recording_control import RecordingControl

log = logging.getLogger("twirec.sweep")

MARK = "sweep "
"""What the mark of an account is remembered under, before its SID."""

BUCKET = "the bucket"
"""Under what, after `MARK`, it is remembered up to when the bucket was compared."""

FIRST_LOOK_BACK = timedelta(days=7)
"""How far the first sweep looks back."""

OVERLAP = timedelta(days=1)
"""How far a sweep looks back behind the last one: callbacks of long calls come late."""

LONGEST_CALL = timedelta(days=1)
"""A recording may have begun so long before Twilio lists it
(https://www.twilio.com/docs/voice/twiml/dial#timelimit)."""

DAY = timedelta(days=1)

FOREIGN_KEPT = timedelta(days=30)
"""For how long it is remembered which recordings are not ours, for figures and health pages."""


class Sweep:
    """Compares vendor, catalog and bucket both ways, and repairs what it safely can.

    Args:
        catalog, bucket, vendor: what is compared.
        country: ISO 3166 code by which numbers of adopted calls are read.
        public_url: below which this app is: whose numbers point there are its own.
        control: ends what may not go on with who is there.
        now: the clock, UTC.
        dry_run: whether it only says what it would repair.
        full: whether it looks at everything there is, and not only since the last sweep.
        whole_bucket: whether it does so in the bucket.
        trial: whether nothing is deleted at the vendor, but what was erased.
    """

    def __init__(
        self,
        catalog: Catalog,
        bucket: Bucket,
        vendor: Vendor,
        *,
        country: str,
        public_url: str,
        control: RecordingControl,
        now: Callable[[], datetime],
        dry_run: bool = False,
        full: bool = False,
        whole_bucket: bool = False,
        trial: bool = False,
    ) -> None:
        self._catalog = catalog
        self._vendor = vendor
        self._now = now
        self._full = full
        self._whole_bucket = whole_bucket or full
        self._tally = Tally(dry_run)
        self._ownership = Ownership(catalog, vendor, public_url, country)
        self._vendor_side = VendorSide(
            catalog, bucket, vendor, self._ownership, self._tally.leave, country, now, trial
        )
        self._ledger_side = LedgerSide(
            catalog,
            vendor,
            self._vendor_side,
            self._ownership,
            ConferenceSide(catalog, vendor, control, now),
            country,
            control,
            now,
        )
        self._bucket_side = BucketSide(catalog, bucket, self._tally, now)

    def run(self) -> SweepReport:
        """Look at everything since the last sweep, and report.

        Raises:
            VendorError: an account could not be listed. Everything else was looked at; the next
                sweep of that account begins where this one did.
            BucketError: the bucket could not be listed. Everything else was looked at.
            LookedAtNothing: there was nothing to look at where there has to be something.
        """
        if not self._vendor.accounts:
            raise LookedAtNothing("There are no credentials of any account: nothing was swept.")
        until = self._now()
        sinces = {account: self._since(account, until) for account in self._vendor.accounts}
        since = min(sinces.values())
        failed: list[TwirecError] = []
        marks: dict[str, datetime] = {}
        for account, begin in sinces.items():
            try:
                marks[account] = self._account(account, begin, until)
            except VendorError as error:
                log.error("%s cannot be listed: %s", account, error)
                failed.append(error)
        blind = None if failed or self._saw else self._blind(since, until)
        if blind:
            failed.append(blind)
        else:
            self._remember(marks)
            # After the lists: what they brought forward need not be asked for one by one.
            for sid, ask in self._ledger_side.questions(until):
                self._tally.asked += 1
                self._tally.look(sid, ask)
        failed += self._compare_bucket(since, until)
        for account, refused in self._ownership.refused.items():
            self._tally.problems[account] = not_known(refused)
        if failed:
            raise failed[0]
        if not self._tally.dry_run:
            self._catalog.foreign.forget(until - FOREIGN_KEPT)
            self._catalog.operations.date_recordings()
        return self._tally.report(since, until)

    def _compare_bucket(self, since: datetime, until: datetime) -> list[TwirecError]:
        try:
            first = None if self._whole_bucket else (self._listed(since) - LONGEST_CALL).date()
            for sid, ask in self._bucket_side.questions(first, until.date()):
                self._tally.look(sid, ask)
            self._remember({BUCKET: until})
        except BucketNotOurs as error:  # nothing can be said of what is there, or gone
            log.error("the bucket: %s", error)
            self._tally.problems[BUCKET] = str(error)
        except (BucketError, LookedAtNothing) as error:
            log.error("the bucket: %s", error)
            return [error]
        return []

    @property
    def _saw(self) -> bool:
        """Whether the vendor listed anything at all so far."""
        return bool(self._tally.seen or self._tally.asked)

    def _blind(self, since: datetime, until: datetime) -> LookedAtNothing | None:
        """Return an error if the vendor lists nothing where the catalog knows of calls."""
        span = Query(since=since, until=until - SETTLED)
        known = self._catalog.search.count(span)
        # of what was erased Twilio's record was deleted too
        known -= self._catalog.search.count(replace(span, number=ERASED)) if known else 0
        if not known:
            return None
        return LookedAtNothing(
            f"Twilio lists neither calls nor recordings since {since:%Y-%m-%d %H:%M} UTC, and "
            f"the catalog has {known} calls: are TWILIO_ACCOUNT_SID and TWILIO_REGION right?"
        )

    def _remember(self, marks: Mapping[str, datetime]) -> None:
        """Let the next sweep begin there, if this one mends what it finds."""
        if not self._tally.dry_run:
            for what, at in marks.items():
                self._catalog.marks.set(MARK + what, at)

    def _listed(self, since: datetime) -> datetime:
        """Return up to when the bucket was compared, if that is longer ago."""
        mark = self._catalog.marks.get(MARK + BUCKET)
        return min(since, mark - OVERLAP) if mark else since

    def _since(self, account: str, until: datetime) -> datetime:
        mark = self._catalog.marks.get(MARK + account)
        if mark is None or mark > until:  # a clock was wrong then
            return until - FIRST_LOOK_BACK
        return mark - OVERLAP

    def _account(self, account: str, since: datetime, until: datetime) -> datetime:
        """Look at what the vendor lists, day by day, and return where the next sweep begins.

        The mark moves with each day once anything was listed, and stops at what could not be
        repaired: a sweep that is cut short goes on there.
        """
        stuck: datetime | None = None
        for begin, end in self._spans(since, until):
            remembered = self._tally.remembered = begin or until - FOREIGN_KEPT
            self._tally.left.clear()
            seen = self._catalog.foreign.list(account, remembered, end)
            self._vendor_side.seen = {each.sid: each for each in seen}
            for recording in self._vendor.recordings(account, since=begin, until=end):
                self._tally.seen += 1
                if not self._tally.look(
                    recording.sid, partial(self._vendor_side.compare, recording)
                ):
                    at = recording.created_at or since
                    stuck = min(stuck or at, at)
            self._note_foreign(account, remembered, end)
            if account in self._ownership.refused:  # look again once it is known, for some days
                again = max(since, until - FIRST_LOOK_BACK) + OVERLAP
                stuck = min(stuck or again, again)
            for call in self._vendor.calls(account, since=begin or since, until=end):
                self._tally.asked += 1
                if not self._tally.look(call.sid, partial(self._ledger_side.call, call)):
                    at = call.began_at or since
                    stuck = min(stuck or at, at)
            if self._saw:
                self._remember({account: min(stuck or end, end)})
        return min(stuck or until, until)

    def _note_foreign(self, account: str, since: datetime, until: datetime) -> None:
        """Write down what of a span is not ours, for those who ask without a sweep."""
        if not self._tally.dry_run:
            self._catalog.foreign.set(account, since, until, self._tally.left)

    def _spans(
        self, since: datetime, until: datetime
    ) -> Iterator[tuple[datetime | None, datetime]]:
        if self._full:
            yield None, until
            return
        begin = since
        while begin < until:
            end = min(begin + DAY, until)
            yield begin, end
            begin = end
