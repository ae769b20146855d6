"""While the phone rings: Twilio asks, and is told what to do. The call always goes on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property, partial
from urllib.parse import urlsplit

from twirec.calls import announcement as announcements
from twirec.calls import forms, reception, twiml
from twirec.model.catalog import Catalog
from twirec.model.errors import CatalogError, NotFound
from twirec.model.records import Announcement, Call
from twirec.model.vendor import STATE_OF
from twirec.model.words import ConsentOutcome, Outcome, Reason
from twirec.settings import Settings
from twirec.transfers.closing import close_line

log = logging.getLogger("twirec.phone")


class Phone:
    """What each of Twilio's requests during a call does to its ledger line, and the answer.

    Args:
        settings: who records, in which language, and where Twilio reaches the app.
        catalog: where the lines are.
        now: the clock, UTC.
    """

    def __init__(self, settings: Settings, catalog: Catalog, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._catalog = catalog
        self._now = now
        self._urls = twiml.Urls.under(settings.public_url)

    @cached_property
    def announcement(self) -> Announcement:
        """What callers hear; it is kept in the catalog under its hash."""
        composed = announcements.compose(
            self._settings.language,
            company=self._settings.company,
            privacy_info=self._settings.privacy_info,
        )
        self._catalog.keep_announcement(composed, self._now())
        return composed

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
        now = self._now()
        line = partial(
            reception.open_line, request, dial=tuple(dial), country=self._settings.country, now=now
        )
        if request.error_url is not None:
            return self._go_on(request.error_url, line(announcement=None), build_dial)
        try:
            announcement = self.announcement
            call = self._catalog.open_call(line(announcement=announcement))
            if call.announced_at != now:  # asked again: only the newest playing counts
                self._catalog.announce(call.account_sid, call.call_sid, now)
        except CatalogError as error:
            log.error("%s: unrecorded: %s", request.call_sid, error)
            return self._connect(line(announcement=None), build_dial, record=False)
        return twiml.announce(announcement, self._urls)

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
        call = self._catalog.call(request.account_sid, request.call_sid).call
        if call.announcement is None:
            return self._connect(call, build_dial, record=False)
        announcement = self._catalog.announcement(call.announcement)
        now = self._now()
        outcome, reason = ConsentOutcome.INFORMED, None
        if not reception.heard(call, announcement, now, self._settings.clock_speed):
            outcome, reason = ConsentOutcome.ANNOUNCEMENT_FAILED, Reason.ANNOUNCEMENT_FAILED
        consent = reception.answer(call, announcement, outcome, now)
        standing = self._catalog.record_consent(consent, reason)
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
                close_line(self._catalog, end, self._now())
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
            record = self._catalog.call(callback.account_sid, callback.call_sid or "")
            channel_map = reception.channels_of(callback.source, record.call.direction)
        except NotFound:
            channel_map = ()
        self._catalog.receive(
            callback,
            state=STATE_OF.get(callback.status),
            channel_map=channel_map,
            at=self._now(),
        )

    def _connect(self, call: Call, build_dial: twiml.BuildDial | None, *, record: bool) -> str:
        return twiml.connect(call, self._urls, record=record, build_dial=build_dial)

    def _go_on(self, failed_url: str, call: Call, build_dial: twiml.BuildDial | None) -> str:
        """Twilio could not use one of our answers: let the call go on, unrecorded."""
        if urlsplit(failed_url).path == urlsplit(self._urls.ended).path:
            return twiml.nothing()
        outcome, reason = Outcome.NOT_RECORDED, Reason.APP_FAILED
        try:
            self._catalog.open_call(call)
            self._catalog.close_call(
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
            country=self._settings.country,
            now=self._now(),
        )
        self._catalog.open_call(
            replace(
                line,
                outcome=Outcome.NOT_RECORDED,
                reason=Reason.CATALOG_DOWN,
                ended_at=line.started_at,
            )
        )
