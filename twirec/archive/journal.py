"""The journal in the bucket, the catalog made anew from it, and whose the bucket is."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime

from twirec.archive.reports import as_known
from twirec.catalog import Catalog
from twirec.catalog.urls import database_url
from twirec.custody.audit import AuditTrail
from twirec.journal.journal import Journal as Pages
from twirec.journal.publishing import publish_announcements
from twirec.journal.rebuild import Progress, Rebuild
from twirec.model.access import Actor, Deed, acting, check_ever
from twirec.model.audit import Action, AuditDraft, AuditHead, Detail
from twirec.model.bucket_mark import NAME
from twirec.model.errors import CatalogError, InvalidQuery, LookedAtNothing
from twirec.model.given import understood
from twirec.model.journal import JournalReport, RebuildReport
from twirec.search.phrase import spoken_span
from twirec.search.times import When
from twirec.settings import Settings
from twirec.transfers.marked_bucket import MarkedBucket

log = logging.getLogger("twirec.archive")


@understood
class Journal:
    """What outlives the catalog: one object a day in the bucket.

    Args:
        settings: the company's zone.
        catalog: what is kept in the journal.
        bucket: where it is kept.
        guard: makes what guards the bucket for another catalog.
        pages: writes the days.
        trail: who did what.
        now: the clock, UTC.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        bucket: Callable[[], MarkedBucket],
        guard: Callable[[Catalog], MarkedBucket],
        pages: Callable[[], Pages],
        trail: AuditTrail,
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._bucket = bucket
        self._guard = guard
        self._pages = pages
        self._trail = trail
        self._now = now

    def write(self, since: When | None = None) -> JournalReport:
        """Write the days of the journal that changed.

        Args:
            since: the first day that is looked at, such as `2026-11-03`, a `date`, or a `datetime`
                with its zone; None for all.

        Raises:
            InvalidQuery: `since` cannot be understood; the message names the fix.
            BucketError: the announcements could not be written.
        """
        first = None
        if since is not None:
            zone = self._settings.timezone
            begin = spoken_span("since", since, now=self._now(), zone=zone).since
            first = begin.date() if begin else None
        bucket = self._bucket()
        bucket.check()
        publish_announcements(self._catalog, bucket, self._now())
        return self._pages().write(first)

    def audit_head(self) -> AuditHead | None:
        """Return where the audit log ended when the journal was last written, for `audit.verify`.

        Raises:
            BucketError: the bucket cannot be listed.
        """
        return self._pages().audit_head()

    def rebuild(
        self, into: str | None = None, *, by: Actor | str, progress: Progress | None = None
    ) -> RebuildReport:
        """Make a catalog anew from the bucket alone: announcements, journal, and labels.

        The new catalog's audit log goes on with it. In that of the settings, where there is one
        still, it is entered as tried and as what came of it.

        Args:
            into: SQLAlchemy URL of the new catalog; that of the settings by default.
            by: who does it.
            progress: called with what is being read and how many so far.

        Raises:
            CustodyRefused: it is not for them.
            CatalogNotEmpty: there is a catalog already.
            LookedAtNothing: the bucket is empty.
            BucketError: the bucket cannot be read.
            InvalidQuery: `into` is no such URL.
        """
        actor = acting(by)
        with self._entered(self._trail.attempt(Action.REBUILD, actor)):
            check_ever(actor, Deed.DECIDE)
            if into is not None:
                try:
                    database_url(into)
                except ValueError as error:
                    raise InvalidQuery(f"into: {error}") from None
        with self._entered(self._trail.outside(Action.REBUILD, actor)) as done:
            catalog = self._catalog if into is None else Catalog(into)
            try:
                report, detail = self._rebuild(catalog, actor, progress)
            finally:
                if into is not None:
                    catalog.close()
            if done is not None:
                said = {**done.detail, **detail}
                self._trail.append(replace(done, at=self._now(), detail=said))
        return report

    @contextmanager
    def _entered(self, entering: AbstractContextManager[AuditDraft]) -> Iterator[AuditDraft | None]:
        """Enter something in the archive's own catalog, unless that is lost, or empty.

        What is empty stays so: it may be what is filled.
        """
        with ExitStack() as entered:
            done = None
            try:
                if not self._catalog.journal.is_empty():
                    done = entered.enter_context(entering)
            except CatalogError as error:
                log.info("the rebuild is entered in the new catalog alone: %s", error)
            yield done

    def _rebuild(
        self, catalog: Catalog, actor: Actor, progress: Progress | None
    ) -> tuple[RebuildReport, Detail]:
        """Fill a catalog; return what somebody may know of it, and what their entry says."""
        bucket = self._guard(catalog)
        mark = bucket.mark()
        if mark is None and next(iter(bucket.unchecked.list()), None) is None:
            raise LookedAtNothing(
                "The bucket is empty: is the folder's disk mounted, is TWIREC_BUCKET the right one?"
            )
        catalog.set_up()
        report = Rebuild(catalog, bucket.unchecked, self._now, progress).run()
        if mark is None:
            bucket.adopt()
        else:
            catalog.take_identity(mark.catalog)
            bucket.check()
        detail: Detail = {"days": report.days, "problems": len(report.problems)}
        catalog.journal.end_rebuild(self._trail.draft(Action.REBUILD, actor, detail=detail))
        return replace(report, problems=as_known(catalog, actor, report.problems)), detail

    def mark_bucket(self) -> None:
        """Make the bucket this catalog's, if it is nobody's yet. The first write does so too.

        Raises:
            BucketNotOurs: its mark is missing or another's; the message says what to look at.
            BucketError: it cannot be reached.
        """
        self._bucket().check()

    def adopt_bucket(self, *, why: str, by: Actor | str) -> None:
        """Make the bucket this catalog's, whatever its mark says or if it has none any more.

        The catalog that it belonged to is refused there from then on. It is on the audit log first.

        Args:
            why: the reason.
            by: who does it.

        Raises:
            CustodyRefused: it is not for them.
            InvalidQuery: no reason is given.
            BucketError: the bucket cannot be written.
        """
        why = why.strip()
        if not why:
            raise InvalidQuery("why: say why; it is kept for ever.")
        actor = acting(by)
        with self._trail.attempt(Action.ADOPT_BUCKET, actor, NAME):
            check_ever(actor, Deed.DECIDE)
            before = self._bucket().mark()
        detail = {"why": why, "before": before.catalog if before else None}
        with self._trail.outside(Action.ADOPT_BUCKET, actor, NAME, detail) as done:
            self._bucket().adopt()
            self._trail.append(done)
