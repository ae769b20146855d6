"""What workers do beside their work, every now and then."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from twirec.archive.anchors import Keeper
from twirec.archive.journal import Journal
from twirec.archive.retention import RetentionRules
from twirec.catalog import Catalog
from twirec.custody.audit import AuditTrail, due
from twirec.model.errors import TwirecError
from twirec.model.ports import Vendor
from twirec.model.records import SweepReport
from twirec.settings import Settings
from twirec.sweep.sweep import Sweep
from twirec.transfers.marked_bucket import MarkedBucket
from twirec.webhooks.recording_control import RecordingControl

log = logging.getLogger("twirec.archive.periodic")

UPKEEP = ("sweep", "journal", "upkeep")
"""What comes periodically, by the names under which queues ask for it."""

Task = Callable[[], object]

HEARTBEAT = "a worker lives"
BUCKET_ANSWERED = "the bucket answered"
BUCKET_FAILED = "the bucket did not answer"
WHOLE_BUCKET = "turn to sweep the whole bucket"

LOT = 500
"""So many recordings that were kept for a trial are released before new ones have their turn."""

EVERY = timedelta(hours=1)
"""Between two looks of the journal at the last days, by one of the workers."""

LAST_DAYS = timedelta(days=2)
"""What changes mostly is no older."""

EVERY_DAY = timedelta(days=1)
"""Between two looks of the journal at all days."""

HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)

A_WHILE = timedelta(seconds=10)
"""For so long at the least one worker looks at the audit log alone."""

A_MINUTE = timedelta(minutes=1)

ENTRIES = 20_000
"""Entries of the audit log that are looked at in one go: a second's work or two."""


class Periodic:
    """Each of its methods asks first whether it is time, and whether another worker does it.

    Args:
        settings: how often to sweep, and whether a trial goes on.
        catalog: whose turn it is.
        bucket: what is swept.
        vendor: what is swept.
        journal: what is written.
        control: ends recordings that may not go on.
        trail: the audit log that is looked at.
        keeper: has its anchors.
        retention: what may go now.
        read_back: reads some of the bucket's objects back.
        expire: lets derivatives expire.
        now: the clock, UTC.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        bucket: Callable[[], MarkedBucket],
        vendor: Callable[[], Vendor],
        journal: Journal,
        control: RecordingControl,
        trail: AuditTrail,
        keeper: Keeper,
        retention: RetentionRules,
        read_back: Callable[[], object],
        expire: Callable[[], object],
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._bucket = bucket
        self._vendor = vendor
        self._journal = journal
        self._control = control
        self._trail = trail
        self._keeper = keeper
        self._retention = retention
        self._read_back = read_back
        self._expire = expire
        self._now = now

    def tasks(self) -> Mapping[str, tuple[Task, ...]]:
        """Return what comes periodically, by the names of `UPKEEP`.

        A worker that runs does all of it by itself; queues ask for each name in its own time. Where
        the company sees to sweeps and the journal (`TWIREC_SWEEP_EVERY` is 0), there are neither.
        """
        by_itself = bool(self._settings.sweep_every)
        return {
            "sweep": (self._sweep,) if by_itself else (),
            "journal": (self._write_journal, self._keeper.daily) if by_itself else (),
            "upkeep": (
                self.look_at_bucket,
                self._expire,
                self.end_retention,
                self._shorten_log,
                self.verify_audit,
                self._read_back,
                self.end_listenings,
                self._end_requests,
            ),
        }

    def end_trial(self) -> int:
        """Let a lot of what was kept for a trial be released, if that is over."""
        if self._settings.keep_at_twilio:
            return 0
        return self._catalog.vendor_retention.end_trial(self._now(), LOT)

    def find_more(self) -> int:
        """Make more due, if nothing is: what a trial kept, and what is not to be kept any more."""
        return self.end_trial() + self.end_retention()

    def end_retention(self) -> int:
        """Look at a lot of what may not have to be kept any more, and order what follows."""
        return self._retention.look()

    def _sweep(self) -> None:
        """Sweep, if it is time to and no other worker does; once a week the whole bucket too."""
        now = self._now()
        if not self._catalog.marks.take_turn("turn to sweep", now, self._settings.sweep_every):
            return
        whole = self._catalog.marks.take_turn(WHOLE_BUCKET, now, WEEK)
        try:
            report = self.run_sweep(whole_bucket=whole)
        except TwirecError:
            if whole:
                self._catalog.marks.set(WHOLE_BUCKET, now - WEEK)  # the next sweep tries again
            raise
        log.info(
            "swept: %d seen, %d not ours, %d problems",
            report.seen,
            report.not_ours,
            len(report.problems),
        )
        if report.strangers:  # not by name: it is not ours, and may hold a number
            log.warning("%d objects in the bucket are not twirec's", report.strangers)
        for sid, reason in report.problems.items():
            log.warning("%s: %s", sid, reason)

    def run_sweep(
        self, *, dry_run: bool = False, full: bool = False, whole_bucket: bool = False
    ) -> SweepReport:
        """Sweep now, whoever's turn it is. See `Sweep`."""
        return Sweep(
            self._catalog,
            self._bucket(),
            self._vendor(),
            country=self._settings.country,
            public_url=self._settings.public_url,
            control=self._control,
            now=self._now,
            dry_run=dry_run,
            full=full,
            whole_bucket=whole_bucket,
            trial=self._settings.keep_at_twilio,
        ).run()

    def _write_journal(self) -> None:
        """Write the journal, if it is time to and no other worker does."""
        now = self._now()
        if not self._catalog.marks.take_turn("turn to journal", now, EVERY):
            return
        all_days = self._catalog.marks.take_turn("turn to journal all days", now, EVERY_DAY)
        report = self._journal.write(None if all_days else (now - LAST_DAYS).date())
        log.info("journal: %d days written, %d problems", report.written, len(report.problems))

    def verify_audit(self) -> None:
        """Look at the next entries of the audit log, if it is time to and no other worker does."""
        now = self._now()
        check = due(self._catalog.audit.check(), now)
        if check is None or not self._catalog.marks.take_turn(
            "turn to verify the log", now, A_WHILE
        ):
            return
        seen = self._keeper.compare()
        if seen.away:
            log.warning("the audit log is not compared with the bucket: %s", seen.away)
        check = self._trail.chain.go_on(check, now, seen.head, ENTRIES, seen.anchors)
        if not check.why and seen.problem:
            check = replace(check, at=now, full_at=None, going=None, why=seen.problem)
        self._catalog.audit.set_check(check)
        if check.why:
            log.error("%s; see `twirec audit --verify`", check.verdict.said)

    def end_listenings(self) -> None:
        """Enter on the audit log the end of what nobody goes on hearing, once a minute."""
        now = self._now()
        if self._catalog.marks.take_turn("turn to end listenings", now, A_MINUTE):
            self._catalog.listenings.close_idle(now)

    def _end_requests(self) -> None:
        """Enter on the audit log which requests nobody decided in time, once an hour."""
        now = self._now()
        if self._catalog.marks.take_turn("turn to end requests", now, HOUR):
            self._catalog.approvals.expire(now)

    def look_at_bucket(self) -> None:
        """Remember whether the bucket answers, and is this catalog's, once a minute.

        Pages and probes read what is remembered: none of them waits for a bucket.
        """
        now = self._now()
        if not self._catalog.marks.take_turn("turn to look at the bucket", now, A_MINUTE):
            return
        try:
            self._bucket().check()
        except TwirecError as error:
            log.error("the bucket does not answer: %s", error)
            self._catalog.marks.set(BUCKET_FAILED, now)
        else:
            self._catalog.marks.set(BUCKET_ANSWERED, now)

    def heartbeat(self) -> None:
        """Say that a worker lives."""
        self._catalog.marks.set(HEARTBEAT, self._now())

    def _shorten_log(self) -> None:
        """Let SQLite shorten its log, once an hour."""
        if self._catalog.marks.take_turn("turn to shorten the log", self._now(), HOUR):
            self._catalog.shorten_log()
