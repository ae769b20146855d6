"""What an operator asks of an archive: workers, sweeps, figures, and what was given up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from functools import partial
from itertools import chain
from typing import Any

from twirec.archive.case_clocks import CaseClocks
from twirec.archive.case_mails import CaseMailing
from twirec.archive.custody import Custodian
from twirec.archive.integrity import TURN
from twirec.archive.pause_ends import PauseEnds
from twirec.archive.periodic import BUCKET_ANSWERED, BUCKET_FAILED, HEARTBEAT, Periodic
from twirec.archive.recordings import Originals
from twirec.archive.reports import as_known
from twirec.archive.runs import Runs
from twirec.backfill.adoption import Adoption
from twirec.backfill.backfill import Backfill
from twirec.catalog import Catalog
from twirec.custody.audit import AuditTrail
from twirec.custody.erasing import Erasing
from twirec.custody.orders import check_ground
from twirec.derivatives.listening_copies import ListeningCopies
from twirec.events.delivery import Delivery
from twirec.jobs.worker import Kind, LeaseKeeper, Worker
from twirec.journal.journal import Journal as Pages
from twirec.journal.publishing import Publisher
from twirec.model.access import (
    OURSELVES,
    Actor,
    Deed,
    acting,
    asking,
    check,
    check_ever,
    knows,
    may,
    may_ever,
    outline,
    without_object,
)
from twirec.model.alarms import SILENCE
from twirec.model.audio import ConversionSpec, ReadBytes
from twirec.model.audit import Action, AuditCheck, Detail
from twirec.model.bucket import Difference, Fingerprint
from twirec.model.cases import CaseMail
from twirec.model.derivatives import Derivative
from twirec.model.erasure import Erasure
from twirec.model.errors import InvalidQuery, NotFound, WorkerAway
from twirec.model.events import Event
from twirec.model.given import understood, whole
from twirec.model.hints import QueueKind
from twirec.model.operations import Day, Stats
from twirec.model.ports import SpeechModel, Vendor
from twirec.model.records import PauseLimit, Recording, SweepReport
from twirec.model.retention import Kept, in_force, version
from twirec.model.sids import RecordingSid
from twirec.model.steady import spend_at_most
from twirec.search.phrase import from_until, spoken_span
from twirec.search.times import When
from twirec.settings import Settings
from twirec.sweep.sweep import MARK
from twirec.transcripts.cutting import CardCuts
from twirec.transcripts.hearing import Hearing
from twirec.transcripts.transcripts import Transcripts
from twirec.transfers.checkpoints import AtCheckpoint, no_checkpoint
from twirec.transfers.marked_bucket import MarkedBucket
from twirec.transfers.ownership import Ownership
from twirec.transfers.replacing import Replacing
from twirec.transfers.transfer import Transfer
from twirec.webhooks.pausing import Pausing

CHECKED = "the catalog can be written"

LONGEST_CHECK = 2.0
"""Seconds: who asks whether we are ready does not wait for long."""

MOST_DAYS = 3660
"""Ten years: a list that a person still looks at."""

MOST_THREADS = 64
"""More wait for one another."""


@understood
class Operations:
    """What runs beside the calls, and how it goes.

    Args:
        settings: the accounts and the company's zone.
        catalog: what is counted, and what is due.
        bucket: where the bytes are kept.
        vendor: where recordings are copied from.
        pages: the journal that must forget what is erased.
        originals: what makes listening copies, and lets derivatives expire.
        speech: hears what is said in recordings.
        custody: admits what a backfill has a legal ground for.
        periodic: what workers do beside their work.
        pausing: lets recordings go on whose pause is over.
        trail: who did what.
        now: the clock, UTC.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        bucket: Callable[[], MarkedBucket],
        vendor: Callable[[], Vendor],
        *,
        pages: Callable[[], Pages],
        originals: Originals,
        speech: Callable[[], SpeechModel],
        custody: Custodian,
        periodic: Periodic,
        pausing: Pausing,
        trail: AuditTrail,
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._bucket = bucket
        self._vendor = vendor
        self._pages = pages
        self._originals = originals
        self._speech = speech
        self._custody = custody
        self._periodic = periodic
        self._pausing = pausing
        self._trail = trail
        self._now = now
        self._runs = Runs(trail, now)
        self._copies: ListeningCopies | None = None  # both remember what they have looked at
        self._spoken: Transcripts | None = None

    def worker(self, threads: int = 4, *, at: AtCheckpoint = no_checkpoint) -> Worker:
        """Return a worker of all kinds of due work, such as recordings, events and transcripts.

        Args:
            threads: how many recordings it works at together, up to 64.
            at: called at each step of a transfer.

        Raises:
            InvalidQuery: `threads` is no such number.
        """
        whole("threads", threads, 1, MOST_THREADS)
        transfer = Transfer(
            self._catalog,
            self._bucket(),
            self._vendor(),
            keys=self._settings.decryption_keys,
            country=self._settings.country,
            forget=self._pages().forget,
            trial=self._settings.keep_at_twilio,
            at=at,
        )
        bucket = self._bucket()
        publisher = Publisher(self._catalog, bucket, self._now)

        told = self._settings.queue is QueueKind.POSTGRES

        def prepare() -> None:
            bucket.check()
            publisher.publish()

        return Worker(
            (
                transfer.kind(prepare=prepare, refill=self._periodic.find_more),
                *self._pause_ends(),
                self._erasing().kind(),
                CaseClocks(self._catalog, self._now).kind(),
                *self._mails(),
                *self._events(),
                *self._listening_copies(),
                self._transcripts().kind(),
                self._card_cuts().kind(),
            ),
            now=self._now,
            threads=threads,
            listen=self._catalog.notifications.listen if told else None,
            heartbeat=self._periodic.heartbeat,
            periodic=[*chain.from_iterable(self._periodic.tasks().values())],
        )

    def _pause_ends(self) -> Iterator[Kind[PauseLimit]]:
        """Yield the kind of work that ends pauses, if the settings say when."""
        longest = self._settings.longest_pause
        if longest is not None:
            known = (self._catalog, self._pausing, self._trail)
            yield PauseEnds(*known, longest, self._now).kind()

    def _erasing(self) -> Erasing:
        def replace_originals(keeper: LeaseKeeper[Erasure]) -> None:
            copies, write_day = self._copies_of, self._pages().write_day
            Replacing(self._catalog, self._bucket(), copies, write_day, self._now).run(keeper)

        parts = (self._catalog, self._bucket, self._vendor, self._pages)
        return Erasing(*parts, replace_originals, self._now)

    def _copies_of(self, sid: str, what: Fingerprint) -> ReadBytes:
        """Return what reads an object made of a recording, and compares it with what was put."""
        return self._originals.checked(sid, OURSELVES).reader(what)

    def _events(self) -> Iterator[Kind[Event]]:
        """Yield the kind of work that delivers events, if they are wanted."""
        if self._settings.notify_url:
            from twirec.adapters.receiver import HttpReceiver

            receiver = HttpReceiver(self._settings.notify_url)
            secret = self._settings.notify_secret
            yield Delivery(self._catalog.events, receiver, secret=secret, now=self._now).kind()

    def _mails(self) -> Iterator[Kind[CaseMail]]:
        """Yield the kind of work that sends receipts, if a mail server is set."""
        if self._settings.smtp is not None:
            yield CaseMailing(self._settings, self._catalog, self._now).kind()

    def _listening_copies(self) -> Iterator[Kind[Derivative]]:
        """Yield the kind of work that makes listening copies, if they are wanted."""
        if self._settings.listening_copies:
            if self._copies is None:
                specs = tuple(map(ConversionSpec, self._settings.listening_copies))
                maker = self._originals.maker()
                self._copies = ListeningCopies(self._catalog, maker, specs, self._now)
            yield self._copies.kind()

    def _transcripts(self) -> Transcripts:
        """Return what makes transcripts, of those that are asked for and of those of the rule."""
        if self._spoken is None:
            self._spoken = Transcripts(
                self._catalog,
                self._bucket(),
                self._originals.sound,
                self._hearing(),
                rule=self._settings.transcripts,
                cards=self._settings.card_numbers,
                now=self._now,
            )
        return self._spoken

    def _hearing(self) -> Hearing:
        return Hearing(
            self._catalog,
            self._speech(),
            language=self._settings.transcript_language,
            usual=self._settings.language,
            now=self._now,
        )

    def _card_cuts(self) -> CardCuts:
        """Return what makes copies without card numbers, of those that were approved."""
        originals = self._originals
        return CardCuts(
            self._catalog,
            self._bucket(),
            originals.as_recorded,
            self._copies_of,
            self._hearing(),
            lambda day: self._pages().write_day(day),
            self._now,
        )

    def sweep(
        self, *, dry_run: bool = False, full: bool = False, by: Actor | str | None = None
    ) -> SweepReport:
        """Compare vendor, catalog and bucket since the last sweep, and repair what can be.

        It is on the audit log as tried and as what came of it, if somebody has it done.

        Args:
            dry_run: only say what would be repaired; nothing is changed, and nothing entered.
            full: look at everything there is.
            by: who has it done, and reads the report; None for nobody, as where an app sweeps by
                itself, who has the least rights.

        Raises:
            CustodyRefused: it is not for them, but for a dry run.
            VendorError: the vendor could not be listed.
            BucketError: the bucket could not be listed.
            LookedAtNothing: there was nothing to look at where there has to be something.
        """
        actor = asking(by)
        if dry_run:
            report = self._periodic.run_sweep(dry_run=True, full=full)
        elif by is None:
            report = self._sweep(full)
        else:
            self._runs.check(Action.SWEEP, actor)
            report = self._runs.sweep(actor, partial(self._sweep, full), full=full)
        known = partial(as_known, self._catalog, actor)
        return replace(report, problems=known(report.problems), planned=known(report.planned))

    def _sweep(self, full: bool) -> SweepReport:
        self._originals.maker().expire()
        self._periodic.end_trial()
        return self._periodic.run_sweep(full=full)

    def backfill(
        self,
        since: When,
        until: When | None = None,
        *,
        by: Actor | str,
        keep_at_vendor: bool = False,
        release_unknown: bool = False,
        legal_ground: str | None = None,
        threads: int = 8,
    ) -> Backfill:
        """Return what takes over the recordings of a span of time that are the company's own.

        Which those are, `TWIREC_ADOPT` says; the others are counted, and left alone.

        Its `run` copies them into the bucket, checks them, and deletes them at Twilio; its `stop`,
        from a signal's handler or another thread, ends it early. Run again, it goes on. Each run is
        on the audit log, as tried and as what came of it.

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
            CustodyRefused: it is not for them.
            InvalidQuery: a value cannot be understood; the message names it and the fix.
            BucketNotOurs: the bucket is not this catalog's.
        """
        actor = acting(by)
        self._runs.check(Action.BACKFILL, actor)
        if keep_at_vendor and release_unknown:
            raise InvalidQuery("release_unknown: leave it out, or keep_at_vendor.")
        now = self._now().astimezone(UTC)
        asked = from_until(since, until, now=now, zone=self._settings.timezone)
        begin, end = asked.since, asked.until or now
        if begin is None or begin >= end:
            raise InvalidQuery("since: has to be before until, and before now.")
        admit = None
        if legal_ground is not None:
            ground = check_ground(legal_ground, "legal_ground")
            admit = partial(self._custody.admit, ground=ground, by=actor)
        self._bucket().check()
        transfers = self.worker(threads)
        ownership = Ownership(
            self._catalog, self._vendor(), self._settings.public_url, self._settings.country
        )
        adoption = Adoption(
            self._catalog,
            self._vendor(),
            ownership,
            country=self._settings.country,
            now=self._now,
            keep_at_vendor=keep_at_vendor,
            release_unknown=release_unknown,
            admit=admit,
        )
        span = (begin.isoformat(), end.isoformat() if until is not None else "")
        name = (*span, keep_at_vendor, release_unknown, legal_ground)
        said = [each.astimezone(self._settings.timezone) for each in (begin, end)]
        order: Detail = {
            "since": said[0].isoformat(timespec="minutes"),
            "until": said[1].isoformat(timespec="minutes"),
            "keep_at_vendor": keep_at_vendor,
            "release_unknown": release_unknown,
            "legal_ground": legal_ground is not None,
        }
        return Backfill(
            self._catalog,
            self._vendor(),
            ownership,
            adoption,
            transfers,
            partial(self._runs.backfill, actor, order),
            since=begin,
            until=end,
            name=repr(name),
            keep_at_vendor=keep_at_vendor,
            now=self._now,
            threads=threads,
        )

    def stats(self, since: When | None = None, *, by: Actor | str | None = None) -> Stats:
        """Return what the archive holds and waits for, in figures.

        Args:
            since: call time from which calls and recordings are counted, such as `2026-11-03` or
                `yesterday`, in the company's zone; a `date`, or a `datetime` with its zone. What
                waits or was given up is always counted.
            by: who asks; None for nobody. Of recordings that they may not look after none is
                counted.

        Raises:
            InvalidQuery: `since` cannot be understood; the message names the fix.
        """
        zone, begin = self._settings.timezone, None
        if since is not None:
            begin = spoken_span("since", since, now=self._now(), zone=zone).since
        counted = self._catalog.operations.stats(begin, asking(by))
        swept = {sid: self._catalog.marks.get(MARK + sid) for sid in self._settings.credentials}
        check = self._catalog.audit.check() or AuditCheck()
        rules = self._catalog.retention.history()
        applied = [rule for rule in in_force(rules).values() if rule.kept is Kept.RECORDINGS]
        return replace(
            counted,
            swept=swept,
            worker_seen=self._catalog.marks.get(HEARTBEAT),
            bucket_seen=self._catalog.marks.get(BUCKET_ANSWERED),
            bucket_failed=self._catalog.marks.get(BUCKET_FAILED),
            audit_verified=check.at,
            audit_problem=check.verdict.said,
            read_back=self._catalog.marks.get(TURN),
            read_back_oldest=self._catalog.checks.oldest(),
            **self._anchored(),
            access_requests_overdue=self._overdue(asking(by)),
            cases_overdue=self._cases_overdue(asking(by)),
            retention_rules=len(applied),
            retention_late=self._catalog.retention.late_since(self._now(), version(rules)),
        )

    def _anchored(self) -> dict[str, Any]:
        newest = self._catalog.anchors.newest()
        if newest is None:
            return {}
        waiting = self._catalog.anchors.unstamped() if self._settings.tsa_url else None
        return {
            "anchored_at": newest.at,
            "anchored_entries": newest.entries,
            "unstamped_since": waiting.at if waiting else None,
        }

    def _overdue(self, actor: Actor) -> int:
        if not may_ever(actor, Deed.OVERSEE):
            return 0
        today = self._now().astimezone(self._settings.timezone).date()
        return self._catalog.access_requests.overdue(today)

    def _cases_overdue(self, actor: Actor) -> int:
        if not may_ever(actor, Deed.READ_CASE):
            return 0
        return self._catalog.known_cases.counts(self._now())[0]

    def daily(self, days: int = 30, *, by: Actor | str | None = None) -> list[Day]:
        """Return what was recorded on each of the last days, in the company's zone, oldest first.

        Args:
            days: how many, today included; up to 3,660.
            by: who asks; None for nobody. Of recordings that they may not look after none is
                counted.

        Raises:
            InvalidQuery: `days` is no such number.
        """
        whole("days", days, 1, MOST_DAYS)
        zone = self._settings.timezone
        today = self._now().astimezone(zone).date()
        dates = [today - timedelta(days=ago) for ago in range(days - 1, -2, -1)]
        # Midnight may be skipped or come twice: the zone says which moment it is.
        edges = [datetime.combine(day, time.min, zone).astimezone(UTC) for day in dates]
        counted = self._catalog.operations.recorded_between(edges, asking(by))
        return [Day(day, *figures) for day, figures in zip(dates[:-1], counted, strict=True)]

    def parked(self, limit: int | None = None, *, by: Actor | str | None = None) -> list[Recording]:
        """Return the recordings that are parked, oldest first, each with its last error.

        What is `undecided` of them waits for `custody.accept`, `custody.give_up` or `retry`; the
        others are tried again by the next sweep. Of one whose details are not for who asks, such as
        one that is blocked, the object is not named.

        Args:
            limit: how many at the most; None for all.
            by: who asks; None for nobody, who has the least rights.

        Raises:
            InvalidQuery: `limit` is no such number.
        """
        if limit is not None:
            whole("limit", limit, 0, 2**31)
        actor = asking(by)
        return [outline(actor, each) for each in self._catalog.recordings.parked(limit, actor)]

    def retry(self, sid: RecordingSid | None = None, *, by: Actor | str) -> int:
        """Let a worker take parked recordings up again, from the first attempt.

        Args:
            sid: of one recording, `RE…`, which may be given up; None for all that are parked.
            by: who asks for it.

        Returns:
            How many there were.

        Raises:
            NotFound: there is no parked recording of that SID.
            CustodyRefused: it is not for them.
        """
        actor = acting(by)
        with self._trail.attempt(Action.RETRY, actor, sid or "all") as done:
            self._check_decides(actor, sid)
            return self._catalog.operations.retry(self._now(), sid, done)

    def differences(self, *, by: Actor | str | None = None) -> list[Difference]:
        """Return the objects that are not what was put there, oldest first, until somebody looked.

        They are found when something is heard, taken out, converted or compared
        (`recordings.compare`).

        Args:
            by: who asks; None for nobody, who has the least rights. Where an object's name is not
                for them, it is empty.
        """
        actor, known = asking(by), []
        for each in self._catalog.operations.differences():
            recording = self._catalog.recordings.get(each.recording_sid)
            if may(actor, recording, Deed.DETAILS):
                known.append(each)
            elif knows(actor, recording):
                known.append(replace(each, object_name="", why=without_object(recording, each.why)))
        return known

    def settle_difference(self, sid: RecordingSid, *, reason: str, by: Actor | str) -> int:
        """Take what differs of a recording off the list: somebody looked at it.

        It is mended by nothing, and found again by who hears the recording next.

        Args:
            sid: of the recording, `RE…`.
            reason: what they found, for the audit log.
            by: who looked.

        Returns:
            How many objects it were.

        Raises:
            InvalidQuery: it is not said why.
            NotFound: nothing is known to differ of it.
            CustodyRefused: it is not for them.
        """
        actor = acting(by)
        with self._trail.attempt(Action.COMPARE, actor, sid) as done:
            self._check_decides(actor, sid)
            said = reason.strip()
            if not said:
                raise InvalidQuery("reason: say what was found.")
            if not self._catalog.operations.differences(sid):
                raise NotFound(f"Nothing is known to differ of {sid}; `twirec stats` names them.")
            settled = replace(done, detail={"settled": said})
            return self._catalog.operations.settle_differences(sid, settled)

    def check(self) -> None:
        """Check that the catalog is of this version and can be written, for a readiness probe.

        A catalog that is locked, or on a full disk, can be read still, while every call goes on
        unrecorded.

        Raises:
            CatalogError: it is not, or cannot; the message names the fix.
        """
        with spend_at_most(LONGEST_CHECK):
            self._catalog.check()
            self._catalog.marks.set(CHECKED, self._now())

    def check_worker(self) -> None:
        """Check that a worker lives.

        Raises:
            CatalogError: the catalog cannot be asked.
            WorkerAway: none has said so for two minutes.
        """
        with spend_at_most(LONGEST_CHECK):
            seen = self._catalog.marks.get(HEARTBEAT)
        if seen is None or self._now() - seen > SILENCE:
            since = f"since {seen:%Y-%m-%d %H:%M:%S} UTC" if seen else "yet"
            raise WorkerAway(f"No worker has said that it lives {since}: is `twirec work` running?")

    def _check_decides(self, actor: Actor, sid: str | None) -> None:
        """Let through who may decide of a recording, or of all.

        Raises:
            CustodyRefused: it is not for them.
        """
        if sid is not None and not may_ever(actor, Deed.DECIDE):
            check(actor, self._catalog.recordings.get(sid), Deed.DECIDE)
        check_ever(actor, Deed.DECIDE)

    def identity(self) -> str:
        """Return what tells this catalog from every other, in hex.

        Raises:
            CatalogError: it cannot be asked.
        """
        return self._catalog.identity()
