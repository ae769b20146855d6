"""The journal in the bucket, and the catalog made anew from it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import cached_property

from twirec.adapters.sql.catalog import SqlCatalog
from twirec.auditing import Auditing
from twirec.calls.asking import spoken_span
from twirec.calls.times import When
from twirec.model.audit import Action, AuditHead
from twirec.model.journal import JournalReport, RebuildReport
from twirec.model.ports import Bucket
from twirec.settings import Settings
from twirec.transfers.journal import Journal
from twirec.transfers.publishing import publish_announcements
from twirec.transfers.rebuild import Progress, Rebuild

log = logging.getLogger("twirec.recovery")

EVERY = timedelta(hours=1)
"""Between two looks at the last days, by one of the workers."""

LAST_DAYS = timedelta(days=2)
"""What changes mostly is no older."""

EVERY_DAY = timedelta(days=1)
"""Between two looks at all days."""


class Recovery(Auditing):
    """The part of the archive that outlives the catalog.

    Attributes:
        settings: the company's zone, and where the catalog is.
        catalog: what is kept in the journal.
        now: the clock, UTC.
    """

    settings: Settings
    catalog: SqlCatalog
    now: Callable[[], datetime]

    @property
    def bucket(self) -> Bucket:
        """Where the journal is kept."""
        raise NotImplementedError

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
            BucketError: the bucket cannot be read.
            SettingsError: `into` is wrong.
        """
        catalog = SqlCatalog(into) if into else self.catalog
        try:
            catalog.set_up()
            report = Rebuild(catalog, self.bucket, self.now, progress).run()
            detail = {"days": report.days, "problems": len(report.problems)}
            catalog.append_audit(self._draft(Action.REBUILD, by, detail=detail))
            return report
        finally:
            if into:
                catalog.close()

    def _write_journal(self, first: date | None) -> JournalReport:
        publish_announcements(self.catalog, self.bucket, self.now())
        return self._journal.write(first)

    def _journal_in_turn(self) -> None:
        """Write the journal, if it is time to and no other worker does."""
        now = self.now()
        if not self.catalog.take_turn("turn to journal", now, EVERY):
            return
        all_days = self.catalog.take_turn("turn to journal all days", now, EVERY_DAY)
        report = self._write_journal(None if all_days else (now - LAST_DAYS).date())
        log.info("journal: %d days written, %d problems", report.written, len(report.problems))

    @cached_property
    def _journal(self) -> Journal:
        return Journal(self.catalog, self.bucket, self.now)
