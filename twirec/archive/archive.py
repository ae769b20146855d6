"""The archive: the one object that users of the library hold."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

from twirec.archive.audit import Auditing
from twirec.archive.backfill import Takeover
from twirec.archive.calls import Finding
from twirec.archive.conversions import Deriving
from twirec.archive.journal import Recovery
from twirec.archive.operations import Upkeep
from twirec.archive.policy import Rules
from twirec.archive.waveforms import Waves
from twirec.backfill.late_numbers import LateNumbers
from twirec.calls.exported import exported_calls
from twirec.calls.fallback import fallback_twiml
from twirec.calls.signature import SignatureCheck
from twirec.catalog import Catalog
from twirec.custody.orders import Orders
from twirec.events.delivery import Delivery
from twirec.jobs.worker import Worker
from twirec.journal.publishing import Publisher
from twirec.model.audit import Action, AuditDraft, stand_in
from twirec.model.errors import InvalidQuery, TwirecError
from twirec.model.given import text, texts, word
from twirec.model.numbers import NumbersReport
from twirec.model.ports import Bucket, Vendor
from twirec.model.records import Call, CallRecord, Pause, Recording, SweepReport
from twirec.model.steady import reading
from twirec.model.vocabulary import Direction
from twirec.settings import Settings
from twirec.settings.places import warn_of_relative_places
from twirec.sweep.sweep import Sweep
from twirec.transfers.checkpoints import AtCheckpoint, no_checkpoint
from twirec.transfers.marked_bucket import MarkedBucket
from twirec.transfers.transfer import Transfer
from twirec.webhooks import Phone

log = logging.getLogger("twirec.archive")

MARK_TRUSTED = 60.0
"""Seconds for which a look at the mark of a bucket at Google holds. It does not come and go as a
folder does, and an ordinary recording takes three requests."""

WEEK = timedelta(days=7)
LOT = 500
"""So many recordings that were kept for a trial are released before new ones have their turn."""
WHOLE_BUCKET = "turn to sweep the whole bucket"


def utc_now() -> datetime:
    """Return the time, UTC."""
    return datetime.now(UTC)


class Archive(Rules, Upkeep, Finding, Deriving, Waves, Recovery, Auditing, Takeover):
    """A company's call recordings: what happens while the phone rings, and afterwards.

    It opens nothing before first use. Its methods may be called from several threads.

    Attributes:
        catalog: the database.
        phone: what happens while the phone rings.

    Args:
        settings: what it needs to know.
        catalog: another catalog than the one of the settings.
        bucket: another bucket than the one of the settings.
        vendor: another vendor than Twilio.
        now: another clock, UTC.
    """

    catalog: Catalog

    def __init__(
        self,
        settings: Settings,
        *,
        catalog: Catalog | None = None,
        bucket: Bucket | None = None,
        vendor: Vendor | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.settings = settings
        self.now = now
        self.signature = SignatureCheck(
            settings.public_url, settings.auth_tokens, settings.shared_keys
        )
        events = (lambda: self.now()) if settings.notify_url else None
        self.catalog = catalog or Catalog(
            settings.database_url,
            events=events,
            audit_key=settings.audit_key,
            adopt=settings.adopt,
        )
        # A clock that was given is believed as it is: the machine's steady one says nothing of it.
        steady = lambda: reading() if self.now is utc_now else ""  # noqa: E731
        now_ = lambda: self.now()  # noqa: E731 - tests set the clock later
        self.phone = Phone(settings, self.catalog, lambda: self.vendor, now_, steady)
        self._given = (bucket, vendor)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Archive:
        """Return an archive with the settings of the environment.

        Args:
            environ: where the settings are; without it, the environment of this process.

        Raises:
            SettingsError: settings are missing or wrong; the message names every one of them.
        """
        settings = Settings.from_env(os.environ if environ is None else environ)
        warn_of_relative_places(settings)
        return cls(settings)

    # --- the outside, opened at first use -----------------------------------------------------

    @cached_property
    def bucket(self) -> MarkedBucket:
        """Where the bytes are kept; it proves whose it is before anything is changed in it."""
        return self._marked(self.catalog)

    def _marked(self, catalog: Catalog) -> MarkedBucket:
        bucket = self._given[0] or _open_bucket(self.settings.bucket)
        trusted_for = MARK_TRUSTED if self.settings.bucket.startswith("gs:") else 0.0
        now = lambda: self.now()  # noqa: E731 - tests set the clock later
        return MarkedBucket(bucket, catalog, now, trusted_for=trusted_for)

    @cached_property
    def vendor(self) -> Vendor:
        """Twilio."""
        return self._given[1] or _open_vendor(self.settings)

    def set_up(self) -> None:
        """Make the catalog's tables, or bring them to this version."""
        self.catalog.set_up()

    def close(self) -> None:
        """Close what was opened."""
        self.catalog.close()
        for opened in ("bucket", "vendor"):
            if opened in self.__dict__:
                self.__dict__.pop(opened).close()

    # --- after the call -----------------------------------------------------------------------

    def worker(self, threads: int = 4, *, at: AtCheckpoint = no_checkpoint) -> Worker:
        """Return a worker that transfers what is due, and sends events if they are wanted.

        Args:
            threads: how many recordings it works at together.
            at: called at each step of a transfer.
        """
        transfer = Transfer(
            self.catalog,
            self.bucket,
            self.vendor,
            keys=self.settings.decryption_keys,
            country=self.settings.country,
            forget=self._journal.forget,
            trial=self.settings.keep_at_twilio,
            at=at,
        )
        in_turn = (self._sweep_in_turn, self._journal_in_turn)
        bucket = self.bucket
        publisher = Publisher(self.catalog, bucket, self.now)

        def prepare() -> None:
            bucket.check()
            publisher.publish()

        return Worker(
            self.catalog,
            transfer,
            before=prepare,
            after=(*self._telling(), *self._copying()),
            now=self.now,
            threads=threads,
            heartbeat=self._beat,
            beside=(
                *(in_turn if self.settings.sweep_every else ()),
                self._end_trial,
                self.expire_derivatives,
                self._shorten_log_in_turn,
                self._verify_audit_in_turn,
            ),
            let_go=self._end_trial,
        )

    def _telling(self) -> Iterator[Callable[[], bool]]:
        if not self.settings.notify_url:
            return
        from twirec.adapters.receiver import HttpReceiver

        receiver = HttpReceiver(self.settings.notify_url)
        secret = self.settings.notify_secret
        yield Delivery(self.catalog.events, receiver, secret=secret, now=self.now).tell_one

    def sweep(self, *, dry_run: bool = False, full: bool = False) -> SweepReport:
        """Compare vendor, catalog and bucket since the last sweep, and repair what can be.

        Args:
            dry_run: only say what would be repaired.
            full: look at everything there is.

        Raises:
            VendorError: the vendor could not be listed.
            BucketError: the bucket could not be listed.
            LookedAtNothing: there was nothing to look at where there has to be something.
        """
        if not dry_run:
            self.expire_derivatives()
            self._end_trial()
        return self._sweep(dry_run=dry_run, full=full)

    def _sweep(
        self, *, dry_run: bool = False, full: bool = False, whole_bucket: bool = False
    ) -> SweepReport:
        return Sweep(
            self.catalog,
            self.bucket,
            self.vendor,
            country=self.settings.country,
            public_url=self.settings.public_url,
            uninformed_agents=self.settings.uninformed_agents,
            meet=self.phone.meet,
            now=self.now,
            dry_run=dry_run,
            full=full,
            whole_bucket=whole_bucket,
            trial=self.settings.keep_at_twilio,
        ).run()

    def _end_trial(self) -> int:
        """Let a lot of what was kept for a trial be released, if that is over."""
        if self.settings.keep_at_twilio:
            return 0
        return self.catalog.vendor_retention.end_trial(self.now(), LOT)

    def _sweep_in_turn(self) -> None:
        """Sweep, if it is time to and no other worker does; once a week the whole bucket too."""
        now = self.now()
        if not self.catalog.marks.take_turn("turn to sweep", now, self.settings.sweep_every):
            return
        whole = self.catalog.marks.take_turn(WHOLE_BUCKET, now, WEEK)
        try:
            report = self._sweep(whole_bucket=whole)
        except TwirecError:
            if whole:
                self.catalog.marks.set(WHOLE_BUCKET, now - WEEK)  # the next sweep tries again
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

    def admit(self, sid: str, *, ground: str, by: str) -> Recording:
        """Take a recording out of quarantine, on a legal ground. See `Orders.admit`."""
        with self._attempt(Action.ADMIT, by, sid):
            return self._orders.admit(sid, ground=ground, by=by, at=self.now())

    def erase(self, sid: str, *, why: str, by: str) -> Recording:
        """Order that a recording is destroyed everywhere. See `Orders.erase`."""
        with self._attempt(Action.ERASE, by, sid):
            return self._orders.erase(sid, why=why, by=by, at=self.now())

    def add_numbers(
        self,
        sid: str,
        *,
        customer: str | None = None,
        own: str | None = None,
        direction: Direction | str | None = None,
        why: str,
        by: str,
        role: str = "",
    ) -> CallRecord:
        """Add what nobody knew of a call: the numbers and the direction of a line without them.

        The labels of its recordings are brought up to date. A number that is known stays.

        Args:
            sid: of the call, `CA…`, or of one of its recordings, `RE…`.
            customer, own: the customer's number and the company's, as a person types them.
            direction: of the call.
            why: where they are from; it is on the audit log.
            by: who adds them.
            role: what they are in the app, for the audit log.

        Returns:
            The call as it is now.

        Raises:
            NotFound: the catalog knows no such call.
            InvalidQuery: a value is none, or known already; the message names it and the fix.
        """
        with self._attempt(Action.ANNOTATE, by, sid, role=role):
            self._late_numbers.add(
                sid,
                customer=None if customer is None else text("customer", customer),
                own=None if own is None else text("own", own),
                direction=word(Direction, "direction", direction),
                draft=self._numbers_draft(why, by, role),
            )
        return self.show(sid, sees_quarantined=True)

    def add_numbers_from(
        self, export: IO[bytes], *, why: str, by: str, role: str = "", dry_run: bool = False
    ) -> NumbersReport:
        """Add the numbers of an export of calls to the lines that have none.

        Args:
            export: a day of Twilio's Bulk Export (JSON lines, compressed with gzip or not), or CSV
                with a line of headings; see docs/backfill.md. It is read once, from where it is.
            why: where it is from; it is on the audit log for each line.
            by: who adds them.
            role: what they are in the app, for the audit log.
            dry_run: whether nothing is written.

        Raises:
            InvalidQuery: it cannot be read (further). What was added until then stays.
        """
        with self._attempt(Action.ANNOTATE, by, role=role):
            draft = self._numbers_draft(why, by, role)
            rows = exported_calls(export)
            return self._late_numbers.add_from(rows, draft=draft, dry_run=dry_run)

    def _numbers_draft(self, why: str, by: str, role: str) -> Callable[[Call], AuditDraft]:
        if not text("why", why).strip():
            raise InvalidQuery("why: say where the numbers are from; it is on the audit log.")
        key = self.settings.audit_key

        def draft(line: Call) -> AuditDraft:
            """Make the entry about a line with its new numbers, of which it holds HMACs alone."""
            detail = {
                "numbers": "added",
                "why": why.strip(),
                "direction": line.direction,
                "own_number": stand_in(line.own_number, key),
            }
            made = self._draft(Action.ANNOTATE, by, role=role, sid=line.call_sid, detail=detail)
            return replace(made, number=stand_in(line.customer_number, key))

        return draft

    @cached_property
    def _late_numbers(self) -> LateNumbers:
        return LateNumbers(self.catalog, self.bucket, self.settings.country)

    @cached_property
    def _orders(self) -> Orders:
        return Orders(self.catalog, self.bucket)

    def call(self, to: str, *, connect: str | Sequence[str], own_number: str) -> Call:
        """Place a call to a customer, who hears the announcement and is then connected.

        Args:
            to: the customer's number, as a person types it.
            connect: the number to connect, or several that ring together, as a person types them;
                `client:NAME`, `sip:ADDRESS`; or alone `queue:NAME` or `conference:NAME`.
            own_number: the own number that calls, as a person types it.

        Raises:
            InvalidQuery: one of these is nothing that Twilio can call; nothing was placed.
            VendorError: Twilio did not place it.
            CatalogError: the catalog is down; nothing was placed. If it failed only after that,
                the call goes on, unrecorded.
        """
        numbers = (connect,) if isinstance(connect, str) else texts("connect", connect)
        return self.phone.place(
            text("to", to), connect=numbers, own_number=text("own_number", own_number)
        )

    def fallback(
        self, dial: str | Sequence[str], *, say: str = "", language: str | None = None
    ) -> str:
        """Return the TwiML that connects callers, unrecorded, while the app is down.

        It is for a TwiML Bin, or whatever else answers on another host, as the fallback URL.

        Args:
            dial: whom to connect, or up to ten that ring together: numbers in any usual form,
                `client:NAME` or `sip:ADDRESS`.
            say: a sentence that the caller hears first; empty for none.
            language: of the sentence, BCP 47; without it, that of the settings.

        Raises:
            InvalidQuery: Twilio could not connect these, or nothing says the sentence.
        """
        settings = self.settings
        targets = (dial,) if isinstance(dial, str) else texts("dial", dial)
        spoken = text("language", language or settings.language)
        said = text("say", say)
        return fallback_twiml(targets, said, spoken, settings.wordings, settings.country)

    def pause(self, sid: str, *, by: str, calls: Sequence[CallRecord] | None = None) -> list[Pause]:
        """Pause what is recorded of a call. See `Phone.pause`."""
        with self._attempt(Action.PAUSE, by, sid):
            return self.phone.pause(sid, by=by, calls=calls)

    def resume(self, sid: str, *, by: str, calls: Sequence[CallRecord] | None = None) -> list[str]:
        """Let what is recorded of a call go on. See `Phone.resume`."""
        with self._attempt(Action.RESUME, by, sid) as done:
            resumed = self.phone.resume(sid, calls=calls)
        self.catalog.audit.append(done)
        return resumed


def _open_bucket(url: str) -> Bucket:
    place = urlsplit(url)
    if place.scheme == "gs":
        from twirec.adapters.gcs import GcsBucket

        return GcsBucket(place.netloc, place.path.strip("/"))
    from twirec.adapters.folder import FolderBucket

    return FolderBucket(Path(unquote(place.path)))


def _open_vendor(settings: Settings) -> Vendor:
    from twirec.adapters.twilio import Credentials, TwilioVendor

    return TwilioVendor(
        {account: Credentials(*pair) for account, pair in settings.credentials.items()},
        api_url=settings.api_url,
        region=settings.region,
        edge=settings.edge,
    )
