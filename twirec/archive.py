"""The archive: the one object that users of the library hold."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

from twirec.adapters.sql.catalog import SqlCatalog
from twirec.calls import announcement as announcements
from twirec.calls import forms, reception, twiml
from twirec.calls.numbers import search_term
from twirec.calls.signature import SignatureCheck
from twirec.calls.times import since_time, until_time
from twirec.model.errors import CatalogError, NotFound
from twirec.model.ports import Bucket, Vendor
from twirec.model.records import Announcement, Call, CallRecord, Query, SweepReport
from twirec.model.states import State
from twirec.model.vendor import STATE_OF
from twirec.model.words import ConsentOutcome, Direction, Outcome, Reason
from twirec.settings import Settings
from twirec.transfers.closing import close_line
from twirec.transfers.publishing import publish_announcements
from twirec.transfers.sweep import Sweep
from twirec.transfers.transfer import Transfer
from twirec.transfers.worker import Worker

log = logging.getLogger("twirec.archive")


def utc_now() -> datetime:
    """Return the time, UTC."""
    return datetime.now(UTC)


class Archive:
    """A company's call recordings: what happens while the phone rings, and afterwards.

    It opens nothing before first use. Its methods may be called from several threads.

    Args:
        settings: what it needs to know.
        catalog: another catalog than the one of the settings.
        bucket: another bucket than the one of the settings.
        vendor: another vendor than Twilio.
        now: another clock, UTC.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        catalog: SqlCatalog | None = None,
        bucket: Bucket | None = None,
        vendor: Vendor | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.settings = settings
        self.now = now
        self.urls = twiml.Urls.under(settings.public_url)
        self.signature = SignatureCheck(settings.public_url, settings.auth_tokens)
        self._given = (catalog, bucket, vendor)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Archive:
        """Return an archive with the settings of the environment.

        Raises:
            SettingsError: settings are missing or wrong; the message names every one of them.
        """
        return cls(Settings.from_env(environ))

    # --- the outside, opened at first use -----------------------------------------------------

    @cached_property
    def catalog(self) -> SqlCatalog:
        """The database."""
        return self._given[0] or SqlCatalog(self.settings.database_url)

    @cached_property
    def bucket(self) -> Bucket:
        """Where the bytes are kept."""
        return self._given[1] or _open_bucket(self.settings.bucket)

    @cached_property
    def vendor(self) -> Vendor:
        """Twilio."""
        return self._given[2] or _open_vendor(self.settings)

    @cached_property
    def announcement(self) -> Announcement:
        """What callers hear; it is kept in the catalog under its hash."""
        composed = announcements.compose(
            self.settings.language,
            company=self.settings.company,
            privacy_info=self.settings.privacy_info,
        )
        self.catalog.keep_announcement(composed, self.now())
        return composed

    def set_up(self) -> None:
        """Make the catalog's tables, or bring them to this version."""
        self.catalog.set_up()

    def close(self) -> None:
        """Close what was opened."""
        for opened in ("catalog", "bucket", "vendor"):
            if opened in self.__dict__:
                self.__dict__.pop(opened).close()

    # --- while the phone rings ----------------------------------------------------------------

    def answer(
        self,
        fields: Mapping[str, str],
        *,
        dial: Sequence[str] = (),
        build_dial: twiml.BuildDial | None = None,
    ) -> str:
        """Return the TwiML for a call that comes in: the announcement, then `connect`.

        The call always goes on. When the catalog is down, or when Twilio asks again because
        another URL failed (fallback URL), it is connected at once, unrecorded.

        Args:
            fields: Twilio's form, of a request whose signature was checked.
            dial: the numbers to connect, E.164.
            build_dial: what puts into `<Dial>` whom to connect, instead of `dial`.

        Raises:
            MalformedRequest: a field is missing or has the wrong form.
        """
        request = forms.parse_voice_request(fields)
        now = self.now()
        line = partial(
            reception.open_line, request, dial=tuple(dial), country=self.settings.country, now=now
        )
        if request.error_url is not None:
            return self._go_on(request.error_url, line(announcement=None), build_dial)
        try:
            announcement = self.announcement
            call = self.catalog.open_call(line(announcement=announcement))
            if call.announced_at != now:  # asked again: only the newest playing counts
                self.catalog.announce(call.account_sid, call.call_sid, now)
        except CatalogError as error:
            log.error("%s: unrecorded: %s", request.call_sid, error)
            return self._connect(line(announcement=None), build_dial, record=False)
        return twiml.announce(announcement, self.urls)

    def connect(
        self, fields: Mapping[str, str], *, build_dial: twiml.BuildDial | None = None
    ) -> str:
        """Return the TwiML after the announcement: write the consent, connect, record.

        Nothing is recorded unless the announcement can have been heard to its end.

        Args:
            fields: Twilio's form, of a request whose signature was checked.
            build_dial: as in `answer`.

        Raises:
            NotFound: the call has no line.
            CatalogError: nothing can be written down; Twilio then asks the fallback URL.
        """
        request = forms.parse_voice_request(fields)
        call = self.catalog.call(request.account_sid, request.call_sid).call
        if call.announcement is None:
            return self._connect(call, build_dial, record=False)
        announcement = self.catalog.announcement(call.announcement)
        now = self.now()
        outcome, reason = ConsentOutcome.INFORMED, None
        if not reception.heard(call, announcement, now, self.settings.clock_speed):
            outcome, reason = ConsentOutcome.ANNOUNCEMENT_FAILED, Reason.ANNOUNCEMENT_FAILED
        consent = reception.answer(call, announcement, outcome, now)
        standing = self.catalog.record_consent(consent, reason)
        record = standing.outcome.allows_recording and call.outcome is not Outcome.NOT_RECORDED
        return self._connect(call, build_dial, record=record)

    def ended(self, fields: Mapping[str, str]) -> str:
        """Close the call's line, and return TwiML that ends the call.

        Args:
            fields: the form of a dial's `action` or of the number's status callback.
        """
        end = forms.parse_call_end(fields)
        if end.final:
            try:
                close_line(self.catalog, end, self.now())
            except NotFound:
                self._write_late_line(fields)
        return twiml.nothing()

    def receive_status(self, fields: Mapping[str, str]) -> None:
        """Keep a recording status callback and what it says. Nothing slow happens here.

        Args:
            fields: Twilio's form, of a request whose signature was checked.

        Raises:
            RequestRefused: the recording is another account's.
        """
        callback = forms.parse_recording_callback(fields)
        try:
            record = self.catalog.call(callback.account_sid, callback.call_sid or "")
            channel_map = reception.channels_of(callback.source, record.call.direction)
        except NotFound:
            channel_map = ()
        self.catalog.receive(
            callback,
            state=STATE_OF.get(callback.status),
            channel_map=channel_map,
            at=self.now(),
        )

    # --- after the call -----------------------------------------------------------------------

    def worker(self, threads: int = 4) -> Worker:
        """Return a worker that transfers what is due.

        Args:
            threads: how many recordings it works at together.
        """
        transfer = Transfer(self.catalog, self.bucket, self.vendor, self.settings.country)
        publish = partial(publish_announcements, self.catalog, self.bucket)
        return Worker(
            self.catalog,
            transfer,
            before=lambda: publish(self.now()),
            now=self.now,
            threads=threads,
        )

    def sweep(self) -> SweepReport:
        """Find what callbacks missed since the last sweep, and repair what can be.

        Raises:
            VendorError: the vendor could not be listed.
        """
        return Sweep(
            self.catalog, self.bucket, self.vendor, country=self.settings.country, now=self.now
        ).run()

    # --- use ----------------------------------------------------------------------------------

    def search(
        self,
        *,
        number: str | None = None,
        since: str | None = None,
        until: str | None = None,
        direction: Direction | None = None,
        state: State | None = None,
        not_recorded: bool = False,
        limit: int = 100,
    ) -> list[CallRecord]:
        """Return calls, newest first, with their consents and recordings.

        Args:
            number: the customer's number in any form a person types, or its last digits.
            since: call time from which, such as `2026-11-03 16:30`, in the company's zone.
            until: call time up to which; a date alone includes that day.
            direction: only calls in, or out.
            state: only calls with a recording in that state.
            not_recorded: only calls that were not recorded.
            limit: how many at the most.

        Raises:
            InvalidQuery: a value cannot be understood; the message names it and the fix.
        """
        zone = self.settings.timezone
        return self.catalog.search(
            Query(
                number=search_term(number, self.settings.country) if number else None,
                since=since_time(since, zone) if since else None,
                until=until_time(until, zone) if until else None,
                direction=direction,
                state=state,
                not_recorded=not_recorded,
                limit=limit,
            )
        )

    def show(self, sid: str) -> CallRecord:
        """Return the call of a SID, with its consents and recordings.

        Args:
            sid: of the call, `CA…`, or of one of its recordings, `RE…`.

        Raises:
            NotFound: the catalog knows no such call.
        """
        return self.catalog.find(sid)

    def _connect(self, call: Call, build_dial: twiml.BuildDial | None, *, record: bool) -> str:
        return twiml.connect(call, self.urls, record=record, build_dial=build_dial)

    def _go_on(self, failed_url: str, call: Call, build_dial: twiml.BuildDial | None) -> str:
        """Twilio could not use one of our answers: let the call go on, unrecorded."""
        if urlsplit(failed_url).path == urlsplit(self.urls.ended).path:
            return twiml.nothing()
        outcome, reason = Outcome.NOT_RECORDED, Reason.APP_FAILED
        try:
            self.catalog.open_call(call)
            self.catalog.close_call(
                call.account_sid, call.call_sid, outcome=outcome, reason=reason, ended_at=None
            )
        except CatalogError as error:
            log.error("%s: unrecorded: %s", call.call_sid, error)
        return self._connect(call, build_dial, record=False)

    def _write_late_line(self, fields: Mapping[str, str]) -> None:
        """The catalog was down when the call came in; now it has its line."""
        line = reception.open_line(
            forms.parse_voice_request(fields),
            dial=(),
            announcement=None,
            country=self.settings.country,
            now=self.now(),
        )
        self.catalog.open_call(
            replace(
                line,
                outcome=Outcome.NOT_RECORDED,
                reason=Reason.CATALOG_DOWN,
                ended_at=line.started_at,
            )
        )


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
