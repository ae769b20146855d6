"""The journal in the bucket, and the catalog made anew from it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cached_property

from twirec.archive.audit import Auditing
from twirec.catalog import Catalog
from twirec.custody.audit import due
from twirec.journal.journal import Journal
from twirec.journal.publishing import publish_announcements
from twirec.journal.rebuild import Progress, Rebuild
from twirec.model.audit import Action, AuditHead
from twirec.model.bucket_mark import NAME
from twirec.model.errors import BucketError, InvalidQuery, LookedAtNothing
from twirec.model.given import text
from twirec.model.journal import JournalReport, RebuildReport
from twirec.search.phrase import spoken_span
from twirec.search.times import When
from twirec.settings import Settings
from twirec.transfers.marked_bucket import MarkedBucket

log = logging.getLogger("twirec.archive.journal")

EVERY = timedelta(hours=1)
"""Between two looks at the last days, by one of the workers."""

LAST_DAYS = timedelta(days=2)
"""What changes mostly is no older."""

EVERY_DAY = timedelta(days=1)
"""Between two looks at all days."""


A_WHILE = timedelta(seconds=10)
"""For so long at the least one worker looks at the audit log alone."""

ENTRIES = 20_000
"""Entries of the audit log that are looked at in one go: a second's work or two."""


class Recovery(Auditing):
    """The part of the archive that outlives the catalog.

    Attributes:
        settings: the company's zone, and where the catalog is.
        catalog: what is kept in the journal.
        now: the clock, UTC.
    """

    settings: Settings
    catalog: Catalog
    now: Callable[[], datetime]

    @property
    def bucket(self) -> MarkedBucket:
        """Where the journal is kept."""
        raise NotImplementedError

    def _marked(self, catalog: Catalog) -> MarkedBucket:
        """Return the bucket, guarded for a catalog."""
        raise NotImplementedError

    def mark_bucket(self) -> None:
        """Make the bucket this catalog's, if it is nobody's yet. The first write does so too.

        Raises:
            BucketNotOurs: its mark is missing or another's; the message says what to look at.
            BucketError: it cannot be reached.
        """
        self.bucket.check()

    def adopt_bucket(self, *, why: str, by: str) -> None:
        """Make the bucket this catalog's, whatever its mark says or if it has none any more.

        The catalog that it belonged to is refused there from then on. It is on the audit log first.

        Args:
            why: the reason.
            by: who does it.

        Raises:
            InvalidQuery: no reason is given.
            BucketError: the bucket cannot be written.
        """
        why = text("reason", why).strip()
        if not why:
            raise InvalidQuery("reason: say why; it is kept for ever.")
        with self._attempt(Action.ADOPT_BUCKET, by, NAME) as done:
            before = self.bucket.mark()
            detail = {"why": why, "before": before.catalog if before else None}
            self.catalog.audit.append(replace(done, detail=detail))
            self.bucket.adopt()

    def journal(self, since: When | None = None) -> JournalReport:
        """Write the days of the journal that changed.

        Args:
            since: the first day that is looked at, such as `2026-11-03`, a `date`, or a `datetime`
                with its zone; None for all.

        Raises:
            InvalidQuery: `since` cannot be understood; the message names the fix.
            BucketError: the announcements could not be written.
        """
        if since is None:
            return self._write_journal(None)
        zone = self.settings.timezone
        begin = spoken_span("since", since, now=self.now(), zone=zone).since
        return self._write_journal(begin.date() if begin else None)

    def journalled_audit_head(self) -> AuditHead | None:
        """Return where the audit log ended when the journal was last written, for `verify_audit`.

        Raises:
            BucketError: the bucket cannot be listed.
        """
        return self._journal.audit_head()

    def rebuild(
        self, into: str | None = None, *, by: str, progress: Progress | None = None
    ) -> RebuildReport:
        """Make a catalog anew from the bucket alone: announcements, journal, and labels.

        Args:
            into: SQLAlchemy URL of the new catalog; that of the settings by default.
            by: who does it; it is the next entry of the audit log.
            progress: called with what is being read and how many so far.

        Raises:
            CatalogNotEmpty: there is a catalog already.
            LookedAtNothing: the bucket is empty.
            BucketError: the bucket cannot be read.
            SettingsError: `into` is wrong.
        """
        catalog = Catalog(into) if into else self.catalog
        bucket = self._marked(catalog)
        mark = bucket.mark()
        if mark is None and next(iter(bucket.unchecked.list()), None) is None:
            raise LookedAtNothing(
                "The bucket is empty: is the folder's disk mounted, is TWIREC_BUCKET the right one?"
            )
        try:
            catalog.set_up()
            report = Rebuild(catalog, bucket.unchecked, self.now, progress).run()
            if mark is None:
                bucket.adopt()
            else:
                catalog.take_identity(mark.catalog)
                bucket.check()
            detail = {"days": report.days, "problems": len(report.problems)}
            catalog.audit.append(self._draft(Action.REBUILD, by, detail=detail))
            return report
        finally:
            if into:
                catalog.close()

    def _write_journal(self, first: date | None) -> JournalReport:
        self.bucket.check()
        publish_announcements(self.catalog, self.bucket, self.now())
        return self._journal.write(first)

    def _journal_in_turn(self) -> None:
        """Write the journal, if it is time to and no other worker does."""
        now = self.now()
        if not self.catalog.marks.take_turn("turn to journal", now, EVERY):
            return
        all_days = self.catalog.marks.take_turn("turn to journal all days", now, EVERY_DAY)
        report = self._write_journal(None if all_days else (now - LAST_DAYS).date())
        log.info("journal: %d days written, %d problems", report.written, len(report.problems))

    def _verify_audit_in_turn(self) -> None:
        """Look at the next entries of the audit log, if it is time to and no other worker does."""
        now = self.now()
        check = due(self.catalog.audit.check(), now)
        if check is None or not self.catalog.marks.take_turn(
            "turn to verify the log", now, A_WHILE
        ):
            return
        check = self._log.go_on(check, now, self._kept_elsewhere, ENTRIES)
        self.catalog.audit.set_check(check)
        if check.why:
            log.error("%s; see `twirec audit --verify`", check.verdict.said)

    def _kept_elsewhere(self) -> AuditHead | None:
        try:
            return self.journalled_audit_head()
        except BucketError as error:
            log.warning("the audit log is not compared with the bucket's journal: %s", error)
            return None

    @cached_property
    def _journal(self) -> Journal:
        return Journal(self.catalog, self.bucket, self.now)
