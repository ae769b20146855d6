"""While the phone rings: Twilio asks, and is told what to do. The call always goes on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

from twirec.calls import announcement as announcements
from twirec.calls import forms, reception, twiml
from twirec.calls.policy import decide
from twirec.calls.wordings import WORDINGS
from twirec.model.catalog import Catalog
from twirec.model.errors import CatalogError, NotFound
from twirec.model.policy import Policy
from twirec.model.records import Announcement, Call
from twirec.model.vendor import STATE_OF
from twirec.model.words import ConsentMode, ConsentOutcome, Outcome, Reason
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
        self._kept: set[str] = set()

    @property
    def announcement(self) -> Announcement:
        """What callers hear where no policy says otherwise."""
        return self._announcement(self._settings.policy)

    def answer(
        self,
        fields: Mapping[str, str],
        *,
        dial: Sequence[str] = (),
        build_dial: twiml.BuildDial | None = None,
    ) -> str:
        """Return the TwiML for a call that comes in: the announcement, and what follows it.

        Whether and how it is recorded is decided here, once, and stands on its line. The call
        always goes on. When the catalog is down, or when Twilio asks again because another URL
        failed (fallback URL), it is connected at once, unrecorded.

        Args:
            fields: Twilio's form, of a request whose signature was checked.
            dial: the numbers to connect, E.164.
            build_dial: what puts into `<Dial>` whom to connect, instead of `dial`.

        Raises:
            MalformedRequest: a field is missing or has the wrong form.
        """
        request = forms.parse_voice_request(fields)
        now = self._now()
        line = reception.open_line(
            request, dial=tuple(dial), country=self._settings.country, now=now
        )
        if request.error_url is not None:
            return self._go_on(request.error_url, line, build_dial)
        try:
            call = self._catalog.open_call(self._decided(line))
            if call.announcement is None:
                return self._connect(call, build_dial, record=False)
            if call.announced_at != now:  # asked again: only the newest playing counts
                self._catalog.announce(call.account_sid, call.call_sid, now)
            return twiml.announce(self._catalog.announcement(call.announcement), self._urls)
        except CatalogError as error:
            log.error("%s: unrecorded: %s", request.call_sid, error)
            return self._connect(line, build_dial, record=False)

    def connect(
        self, fields: Mapping[str, str], *, build_dial: twiml.BuildDial | None = None
    ) -> str:
        """Return the TwiML after an announcement without a question: write the consent, connect.

        Nothing is recorded unless the announcement can have been heard to its end.

        Args:
            fields: Twilio's form, of a request whose signature was checked.
            build_dial: as in `answer`.

        Raises:
            NotFound: the call has no line.
            CatalogError: nothing can be written down; Twilio then asks the fallback URL.
        """
        return self._heard_out(forms.parse_voice_request(fields), 0, build_dial)

    def consent(
        self,
        fields: Mapping[str, str],
        asked: int,
        *,
        build_dial: twiml.BuildDial | None = None,
    ) -> str:
        """Return the TwiML after a question: write what was answered, and connect or not.

        Args:
            fields: Twilio's form with the key, if one was pressed, of a request whose signature
                was checked.
            asked: which question it answers: the first is 1.
            build_dial: as in `answer`.

        Raises:
            NotFound: the call has no line.
            CatalogError: nothing can be written down; Twilio then asks the fallback URL.
        """
        return self._heard_out(forms.parse_voice_request(fields), asked, build_dial)

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

    def _announcement(self, policy: Policy) -> Announcement:
        """Return what a policy says, kept in the catalog under its hash."""
        announcement = announcements.compose(
            policy.language,
            policy.mode,
            company=self._settings.company,
            privacy_info=self._settings.privacy_info,
        )
        if announcement.hash not in self._kept:
            self._catalog.keep_announcement(announcement, self._now())
            self._kept.add(announcement.hash)
        return announcement

    def _decided(self, line: Call) -> Call:
        """Ask the policy, and return the line with what it says."""
        decision = decide(
            self._catalog.policy_history(),
            number=line.own_number,
            direction=line.direction,
            at=line.started_at,
            default=self._settings.policy,
        )
        if not decision.policy.on:
            return reception.not_recorded(line, Reason.OFF, decision.why_off)
        announcement = self._announcement(decision.policy)
        return reception.to_be_told(line, announcement, decision.policy, line.started_at)

    def _heard_out(
        self, request: forms.VoiceRequest, asked: int, build_dial: twiml.BuildDial | None
    ) -> str:
        """What follows the announcement, or the question put for the `asked`th time."""
        record = self._catalog.call(request.account_sid, request.call_sid)
        call = record.call
        if call.announcement is None or call.mode is None:
            return self._connect(call, build_dial, record=False)
        announcement = self._catalog.announcement(call.announcement)
        standing = next(iter(record.consents), None)
        if standing is None:
            if asked != call.asked:  # an answer to an earlier question, come twice
                return twiml.ask(announcement, self._urls, call.asked)
            outcome = self._judge(call, call.mode, announcement, request.key)
            if outcome is None:
                self._catalog.ask_again(call.account_sid, call.call_sid, asked)
                return twiml.ask(announcement, self._urls, asked + 1)
            consent = reception.answer(call, announcement, outcome, self._now(), request.key)
            standing = self._catalog.record_consent(consent, reception.REASONS.get(outcome))
        return self._after(call, announcement, standing.outcome, build_dial)

    def _judge(
        self, call: Call, mode: ConsentMode, announcement: Announcement, key: str
    ) -> ConsentOutcome | None:
        if not reception.heard(call, announcement, self._now(), self._settings.clock_speed):
            return ConsentOutcome.ANNOUNCEMENT_FAILED
        return reception.judge(mode, key, call.asked)

    def _after(
        self,
        call: Call,
        announcement: Announcement,
        outcome: ConsentOutcome,
        build_dial: twiml.BuildDial | None,
    ) -> str:
        """Connect the call, recorded where its consent allows; or hang up, where it must be."""
        said_no = outcome in {ConsentOutcome.REFUSED, ConsentOutcome.NO_ANSWER}
        if said_no and call.mode is ConsentMode.OPT_IN_OR_HANG_UP:
            return twiml.hang_up(announcement, WORDINGS[announcement.language].goodbye)
        record = outcome.allows_recording and call.outcome is not Outcome.NOT_RECORDED
        return self._connect(call, build_dial, record=record)

    def _connect(self, call: Call, build_dial: twiml.BuildDial | None, *, record: bool) -> str:
        return twiml.connect(call, self._urls, record=record, build_dial=build_dial)

    def _go_on(self, failed_url: str, call: Call, build_dial: twiml.BuildDial | None) -> str:
        """Twilio could not use one of our answers: let the call go on, unrecorded."""
        if urlsplit(failed_url).path == urlsplit(self._urls.ended).path:
            return twiml.nothing()
        unrecorded = reception.not_recorded(call, Reason.APP_FAILED)
        try:
            self._catalog.open_call(unrecorded)
            self._catalog.close_call(
                call.account_sid,
                call.call_sid,
                outcome=unrecorded.outcome,
                reason=unrecorded.reason,
                ended_at=None,
            )
        except CatalogError as error:
            log.error("%s: unrecorded: %s", call.call_sid, error)
        return self._connect(call, build_dial, record=False)

    def _write_late_line(self, fields: Mapping[str, str]) -> None:
        """The catalog was down when the call came in; now it has its line."""
        line = reception.open_line(
            forms.parse_voice_request(fields),
            dial=(),
            country=self._settings.country,
            now=self._now(),
        )
        unrecorded = reception.not_recorded(line, Reason.CATALOG_DOWN)
        self._catalog.open_call(replace(unrecorded, ended_at=line.started_at))
