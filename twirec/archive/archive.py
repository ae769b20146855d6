"""The archive: the one object that users of the library hold."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote, urlsplit

from twirec.archive.access_answers import Answers, Known
from twirec.archive.access_requests import AccessRequests
from twirec.archive.agents import Agents
from twirec.archive.anchors import Keeper
from twirec.archive.audit import Audit
from twirec.archive.calls import Calls
from twirec.archive.cards import Cards
from twirec.archive.case_receipts import CaseReceipts
from twirec.archive.case_recording import CaseRecording
from twirec.archive.case_years import CaseYears
from twirec.archive.cases import Cases
from twirec.archive.custody import Custodian
from twirec.archive.derivatives import Derivatives
from twirec.archive.disclosures import Disclosures
from twirec.archive.evidence import EvidenceMaker
from twirec.archive.integrity import Integrity
from twirec.archive.jobs import Jobs
from twirec.archive.journal import Journal
from twirec.archive.months import Months
from twirec.archive.operations import Operations
from twirec.archive.periodic import Periodic
from twirec.archive.policy import Policies
from twirec.archive.recordings import Originals, Recordings
from twirec.archive.transcripts import Transcripts
from twirec.calls.signature import SignatureCheck
from twirec.catalog import Catalog
from twirec.custody.anchoring import Anchoring
from twirec.custody.audit import AuditTrail
from twirec.journal.anchors import AnchorStore
from twirec.journal.journal import Journal as Pages
from twirec.model.access import OURSELVES
from twirec.model.hints import QueueKind
from twirec.model.ports import Bucket, SpeechModel, Vendor
from twirec.model.steady import Moment, reading
from twirec.settings import Settings
from twirec.settings.places import warn_of_relative_places
from twirec.settings.queues import open_queue
from twirec.transfers.marked_bucket import MarkedBucket
from twirec.webhooks import Context, Webhooks

MARK_TRUSTED = 60.0
"""Seconds for which a look at the mark of a bucket at Google holds. It does not come and go as a
folder does, and an ordinary recording takes three requests."""


def utc_now() -> datetime:
    """Return the time, UTC."""
    return datetime.now(UTC)


class Archive:
    """A company's call recordings: what happens while the phone rings, and afterwards.

    It opens nothing before first use. Its methods may be called from several threads. What it can
    do is sorted into parts, such as `archive.calls.search(…)`.

    Attributes:
        calls: finding calls, looking at one, writing about them, placing one.
        cases: what customers complain of, until they are told of the resolution.
        recordings: hearing, taking out and converting recordings; pausing those that run.
        derivatives: converted copies that are kept.
        transcripts: what is said, in writing.
        cards: card numbers that are spoken, and what is heard without them.
        policy: who is recorded, and how they are told.
        agents: which agents were informed.
        audit: who did what.
        custody: what an admin orders of a recording.
        integrity: whether the bucket holds what was archived.
        operations: workers, sweeps, backfills, figures.
        journal: what outlives the catalog, and whose the bucket is.
        jobs: due work, as queues have it done.
        webhooks: what each of Twilio's requests does.
        settings: what it was made with.
        now: the clock, UTC.
        catalog: the database.

    Args:
        settings: what it needs to know.
        catalog: another catalog than the one of the settings.
        bucket: another bucket than the one of the settings.
        vendor: another vendor than Twilio.
        speech: another model that hears speech than the one of the settings.
        now: another clock, UTC.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        catalog: Catalog | None = None,
        bucket: Bucket | None = None,
        vendor: Vendor | None = None,
        speech: SpeechModel | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.settings = settings
        self.now = now
        self.signature = SignatureCheck(
            settings.public_url, settings.auth_tokens, settings.shared_keys
        )
        clock: Callable[[], datetime] = lambda: self.now()  # noqa: E731 - it may be set later
        self.catalog = catalog or Catalog(
            settings.database_url,
            events=clock if settings.notify_url else None,
            adopt=settings.adopt,
            notify=settings.queue is QueueKind.POSTGRES,
        )
        self._given = (bucket, vendor)
        self._given_speech = speech
        # A clock that was given is believed as it is: the machine's steady one says nothing of it.
        moment = lambda: Moment(self.now(), reading() if self.now is utc_now else "")  # noqa: E731
        to_bucket: Callable[[], MarkedBucket] = lambda: self.bucket  # noqa: E731
        to_vendor: Callable[[], Vendor] = lambda: self.vendor  # noqa: E731
        trail = AuditTrail(
            self.catalog.audit, key=settings.audit_key, country=settings.country, now=clock
        )
        known = (settings, self.catalog)
        originals = Originals(*known, to_bucket, trail, clock)
        pages = lambda: self._pages  # noqa: E731

        self.webhooks = Webhooks(Context(*known, to_vendor, clock, moment))
        self.calls = Calls(*known, to_bucket, self.webhooks.outbound, trail, clock)
        self.recordings = Recordings(self.catalog, originals, self.webhooks.pausing, trail, clock)
        case_recording = CaseRecording(self.catalog, self.webhooks, trail, clock)
        self.derivatives = Derivatives(*known, originals, trail)
        to_speech: Callable[[], SpeechModel] = lambda: self._speech  # noqa: E731
        self.transcripts = Transcripts(*known, originals, to_speech, trail, clock)
        self.cards = Cards(self.catalog, originals, trail)
        self.policy = Policies(*known, trail, clock)
        self.agents = Agents(*known, trail)
        anchoring = Anchoring(
            self.catalog, AnchorStore(to_bucket, self.catalog.identity), pages, clock
        )
        keeper = Keeper(*known, anchoring, lambda: self.journal.audit_head(), clock)
        self.audit = Audit(*known, trail, keeper, clock)
        disclosures = Disclosures(*known, originals, trail, clock)
        others = Known(
            lambda sid: self.custody.retention.of(sid, by=OURSELVES),
            lambda sid: self.catalog.disclosures.of(sid),
        )
        answers = Answers(*known, originals, self.recordings, trail, others, clock)
        maker = EvidenceMaker(*known, to_bucket, originals, anchoring, clock)
        self.custody = Custodian(
            *known,
            to_bucket,
            trail,
            clock,
            disclosures,
            originals,
            evidence=maker,
            months=Months(*known, to_bucket, to_vendor, maker, trail, clock),
            access_requests=AccessRequests(*known, answers, trail, clock),
        )
        receipts = CaseReceipts(*known, maker.seal_of_settings, trail, clock)
        years = CaseYears(*known, maker.seal_of_settings, trail, clock)
        self.cases = Cases(*known, to_bucket, case_recording, receipts, years, trail, clock)
        self.journal = Journal(*known, to_bucket, self._marked, pages, trail, clock)
        self.integrity = Integrity(*known, originals, trail, clock)
        self._periodic = Periodic(
            *known,
            to_bucket,
            to_vendor,
            self.journal,
            self.webhooks.control,
            trail,
            keeper,
            self.custody.retention,
            read_back=self.integrity.look,
            expire=lambda: originals.maker().expire(),
            now=clock,
        )
        self.operations = Operations(
            *known,
            to_bucket,
            to_vendor,
            pages=pages,
            originals=originals,
            speech=to_speech,
            custody=self.custody,
            periodic=self._periodic,
            pausing=self.webhooks.pausing,
            trail=trail,
            now=clock,
        )
        self.jobs = Jobs(*known, self.operations, self._periodic)
        queue = open_queue(settings)
        if queue is not None:
            self.jobs.hint_by(queue)

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

    @cached_property
    def _speech(self) -> SpeechModel:
        return self._given_speech or _open_speech(self.settings)

    @cached_property
    def _pages(self) -> Pages:
        return Pages(self.catalog, self.bucket, self.now)

    def set_up(self) -> None:
        """Make the catalog's tables, or bring them to this version."""
        self.catalog.set_up()

    def close(self) -> None:
        """Close what was opened."""
        self.jobs.close()
        self.catalog.close()
        for opened in ("bucket", "vendor"):
            if opened in self.__dict__:
                self.__dict__.pop(opened).close()
        self.__dict__.pop("_pages", None)
        if "_speech" in self.__dict__:
            self.__dict__.pop("_speech").rest()


def _open_bucket(url: str) -> Bucket:
    place = urlsplit(url)
    if place.scheme == "gs":
        from twirec.adapters.gcs import GcsBucket

        return GcsBucket(place.netloc, place.path.strip("/"))
    from twirec.adapters.folder import FolderBucket

    return FolderBucket(Path(unquote(place.path)))


def _open_speech(settings: Settings) -> SpeechModel:
    from twirec.adapters.whisper import Whisper

    return Whisper(settings.transcript_model, settings.transcript_threads)


def _open_vendor(settings: Settings) -> Vendor:
    from twirec.adapters.twilio import Credentials, TwilioClients, TwilioVendor

    return TwilioVendor(
        TwilioClients(
            {account: Credentials(*pair) for account, pair in settings.credentials.items()},
            api_url=settings.api_url,
            region=settings.region,
            edge=settings.edge,
        )
    )
