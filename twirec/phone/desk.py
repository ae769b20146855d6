"""What calls in and calls out have in common: deciding, announcing, judging."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import urlsplit

from twirec.calls import announcement as announcements
from twirec.calls import reception, twiml
from twirec.calls.agents import NOT_INFORMED, agent_of, entries_of
from twirec.calls.forms import parse_voice_request
from twirec.calls.policy import check_fits, decide
from twirec.calls.wordings import parts_of
from twirec.model.announcements import Announcement
from twirec.model.catalog import Catalog
from twirec.model.errors import (
    CatalogError,
    CatalogUnavailable,
    InvalidQuery,
    NotFound,
    VendorError,
)
from twirec.model.policy import Decision, Policy
from twirec.model.ports import Vendor
from twirec.model.records import VOICEMAIL, Call, Recording
from twirec.model.words import ConsentOutcome, Outcome, Reason, Uninformed
from twirec.phone import recorded_now
from twirec.settings import Settings
from twirec.transfers.stopping import stop

log = logging.getLogger("twirec.phone")


SLOW = timedelta(seconds=1)
"""What writing down that something is played may take at the most: until then, nobody hears it."""


LOOKS, BETWEEN_LOOKS = 20, 0.1
"""How often, and how many seconds apart, the line of a call that was placed is looked for."""


class Desk:
    """Where a call's line is opened and its announcement chosen.

    Args:
        settings: who records, in which language, and where Twilio reaches the app.
        catalog: where the lines are.
        vendor: gives the vendor, when a recording has to be started.
        now: the clock, UTC.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        vendor: Callable[[], Vendor],
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._vendor = vendor
        self._now = now
        self._urls = twiml.Urls.under(settings.public_url)
        self._kept: set[str] = set()
        self._noted = False

    @property
    def announcement(self) -> Announcement:
        """What the outside party hears where no policy says otherwise."""
        return self._announcement(self._settings.policy)

    def _announcement(self, policy: Policy) -> Announcement:
        """Return what a policy says, kept in the catalog under its hash."""
        announcement = announcements.compose(
            policy.language,
            policy.mode,
            company=self._settings.company,
            privacy_info=self._settings.privacy_info,
            wordings=self._settings.wordings,
        )
        if announcement.hash not in self._kept:
            self._keep(announcement, policy)
            self._kept.add(announcement.hash)
        return announcement

    def _keep(self, announcement: Announcement, policy: Policy) -> None:
        audio = self._settings.wordings[policy.language].audio
        for part in parts_of(policy.mode):
            if part in audio:
                self._catalog.keep_audio(audio[part], self._now())
        self._catalog.keep_announcement(announcement, self._now())

    def audio(self, hash_: str) -> bytes:
        """Return audio of the company's own: what the settings give, or what was kept.

        Args:
            hash_: of its content.

        Raises:
            NotFound: there is none.
        """
        for wording in self._settings.wordings.values():
            for audio in wording.audio.values():
                if audio.hash == hash_:
                    return audio.data
        return self._catalog.audio(hash_)

    def _decided(self, line: Call) -> Call:
        """Ask the policy, and return the line with what it says."""
        decision = self._decide(line)
        if not decision.policy.on:
            return reception.not_recorded(line, Reason.OFF, decision.why_off)
        try:
            check_fits(decision.policy.mode, decision.policy.legal_basis)
            announcement = self._announcement(decision.policy)
        except InvalidQuery as error:  # the settings changed under the policy
            log.error("%s: unrecorded: %s", line.call_sid, error)
            return reception.not_recorded(line, Reason.ANNOUNCEMENT_FAILED, str(error))
        return reception.to_be_told(line, announcement, decision.policy)

    def _decide(self, line: Call) -> Decision:
        if not self._noted:
            self._catalog.note_default(self._settings.policy, self._now())
            self._noted = True
        return decide(
            self._catalog.policy_history(),
            number=line.own_number,
            direction=line.direction,
            at=line.started_at,
            default=self._settings.policy,
        )

    def _placed(self, account_sid: str, call_sid: str) -> Call:
        """Return the line of a call that was placed.

        It is written once Twilio has taken the call, and somebody may answer, or not, before that
        is done.

        Raises:
            NotFound: it was not written in two seconds.
        """
        for _ in range(LOOKS):
            with suppress(NotFound):
                return self._catalog.call(account_sid, call_sid).call
            time.sleep(BETWEEN_LOOKS)
        return self._catalog.call(account_sid, call_sid).call

    def _play(self, call: Call, leg: str) -> None:
        """Write down that something is played to a leg from now on, just before it is sent.

        Waiting for the catalog must not look like listening, so what takes long is done again.

        Raises:
            CatalogUnavailable: it took long again. The call's line says so.
        """
        for _ in range(2):
            now = self._now()
            self._catalog.announce(call.account_sid, call.call_sid, leg=leg, at=now)
            if self._now() - now <= SLOW:
                return
        self._give_up(call.account_sid, call.call_sid, Reason.CATALOG_DOWN)
        raise CatalogUnavailable("The catalog takes too long to write down what is played when.")

    def left(self, fields: Mapping[str, str], made: datetime) -> None:
        """Count from now on what is played, if our answer took long to leave.

        Whoever held it up: while it was on its way, nobody listened.

        Args:
            fields: the form of the request that was answered.
            made: when the answer was made, UTC.
        """
        now = self._now()
        if now - made <= SLOW:
            return
        request = parse_voice_request(fields)
        account_sid, leg = request.account_sid, request.call_sid
        try:
            call = self._catalog.call(account_sid, request.parent_call_sid or leg).call
            if call.leg == leg and call.announced_at is not None:
                self._catalog.announce(account_sid, call.call_sid, leg=leg, at=now)
        except (CatalogError, NotFound) as error:
            log.error("%s: that it left late is not known: %s", leg, error)

    def _judge(
        self, call: Call, announcement: Announcement, key: str, *, waited: float, at: datetime
    ) -> ConsentOutcome | None:
        """Return what the party answered; None when the question is to be put (again).

        Args:
            call: says what was played, and since when.
            announcement: what that is of.
            key: what was pressed, empty for nothing.
            waited: seconds for which Twilio waited for a key.
            at: when the request arrived, before anything was waited for.
        """
        if call.mode is None or call.announced_at is None:
            return ConsentOutcome.ANNOUNCEMENT_FAILED
        seconds = (at - call.announced_at).total_seconds() * self._settings.clock_speed
        if not reception.heard(call, announcement, key=key, waited=waited, seconds=seconds):
            return ConsentOutcome.ANNOUNCEMENT_FAILED
        return reception.judge(call.mode, key, call.asked)

    def _hang_up(self, language: str, part: str = "goodbye") -> str:
        return twiml.hang_up(language, self._settings.wordings.get(language), self._urls, part)

    def _connect(self, call: Call, build_dial: twiml.BuildDial | None, *, record: bool) -> str:
        if call.dial == (VOICEMAIL,):
            if record:
                return twiml.voicemail(self._urls)
            return self._hang_up(self._language_of(call), "no_message")
        return twiml.connect(
            call,
            self._urls,
            record=record,
            build_dial=build_dial,
            allow=partial(self._agents_allow, call),
        )

    def _language_of(self, call: Call) -> str:
        try:
            return self._decide(call).policy.language
        except CatalogError:
            return self._settings.policy.language

    def _agents_allow(self, call: Call, agents: Sequence[str]) -> bool:
        """Name in the call's consent who of these was informed; whether it may be recorded."""
        settings = self._settings
        names = [agent_of(agent, settings.country) for agent in agents]
        day = call.started_at.astimezone(settings.timezone).date()
        found = entries_of(names, self._catalog.informed_agents(names), day)
        entries = [entry.id for entry in found if entry]
        warning = "" if len(entries) == len(names) else NOT_INFORMED
        self._catalog.name_agents(call.account_sid, call.call_sid, entries, warning)
        if not warning:
            return True
        log.warning("%s: %s", call.call_sid, warning)
        if settings.uninformed_agents is Uninformed.WARN:
            return True
        self._give_up(call.account_sid, call.call_sid, Reason.AGENT_NOT_INFORMED)
        return False

    def _start_recording(self, call: Call, leg: str) -> None:
        """Record a leg of a call from now on; if Twilio will not, it goes on, and says why."""
        try:
            self._vendor().start_recording(
                call.account_sid, leg, status_url=self._urls.status + twiml.RETRIES
            )
        except VendorError as error:
            log.error("%s: unrecorded: %s", call.call_sid, error)
            self._give_up(call.account_sid, call.call_sid, Reason.NOT_STARTED)

    def _stop_recordings(self, call: Call) -> None:
        """End all that is recorded of a call. What was recorded so far stays.

        What cannot be ended now, the next sweep tries again.
        """
        record = self._catalog.call(call.account_sid, call.call_sid)
        for recording in recorded_now.known(record):
            self._stop_recording(recording)
        try:
            for recording in recorded_now.untold(
                self._catalog, self._vendor(), record, self._now()
            ):
                self._stop_recording(recording)
        except VendorError as error:
            log.error("%s: what is recorded of it is not known: %s", call.call_sid, error)

    def _stop_recording(self, recording: Recording) -> None:
        try:
            stop(self._vendor(), recording)
        except VendorError as error:
            log.error("%s: still recorded: %s", recording.sid, error)

    def _go_on(self, failed_url: str, call: Call, connect: Callable[[], str]) -> str:
        """Twilio could not use one of our answers: let the call go on, unrecorded."""
        failed = re.split("[?#]", failed_url)[0]  # it may be no URL at all
        if failed.endswith(urlsplit(self._urls.ended).path):
            return twiml.nothing()
        unrecorded = reception.not_recorded(call, Reason.APP_FAILED)
        try:
            self._catalog.open_call(unrecorded)
            self._give_up(call.account_sid, call.call_sid, Reason.APP_FAILED)
        except CatalogError as error:
            log.error("%s: unrecorded: %s", call.call_sid, error)
        return connect()

    def _give_up(self, account_sid: str, call_sid: str, reason: Reason) -> None:
        """Say on a call's line why it is not recorded. It may go on for long."""
        self._catalog.close_call(
            account_sid, call_sid, outcome=Outcome.NOT_RECORDED, reason=reason, ended_at=None
        )
