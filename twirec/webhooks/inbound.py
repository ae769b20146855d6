"""A call comes in, or one that was placed is answered: tell, ask, connect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial

from twirec.calls import forms, ledger, twiml
from twirec.calls.announcement import longest_telling
from twirec.calls.signed_targets import read_targets
from twirec.calls.targets import check_targets, usable_targets
from twirec.model.announcements import Announcement
from twirec.model.errors import CatalogError, InvalidQuery, NotFound
from twirec.model.records import VOICEMAIL, Call
from twirec.model.vocabulary import ConsentOutcome, Outcome, Reason
from twirec.webhooks.announce import Telling
from twirec.webhooks.decide import log


class CallsIn(Telling):
    """Calls whose first leg is the customer's."""

    def answer(
        self,
        fields: Mapping[str, str],
        *,
        dial: Sequence[str] = (),
        build_dial: twiml.BuildDial | None = None,
        fallback: bool = False,
    ) -> str:
        """Return the TwiML for a call that comes in: the announcement, and what follows it.

        Whether and how it is recorded is decided here, once, and stands on its line. The call
        always goes on. When the catalog is down it is connected at once, unrecorded.

        Args:
            fields: Twilio's form.
            dial: whom to connect: numbers in any usual form, `client:NAME`, `sip:ADDRESS`; or alone
                `queue:NAME`, `conference:NAME` or `VOICEMAIL`.
            build_dial: what puts into `<Dial>` whom to connect, instead of `dial`.
            fallback: whether Twilio asks the fallback URL, as another of our URLs failed: it is
                then connected at once, unrecorded.

        Raises:
            MalformedRequest: a field is missing or has the wrong form.
            InvalidQuery: none of these can be connected; the call's line says so, and Twilio asks
                the fallback URL. Of several the others are left out.
        """
        request = forms.parse_voice_request(fields)
        country = self._settings.country
        targets = self._targets(request, tuple(dial))
        line = ledger.open_line(request, dial=targets, country=country, now=self._now())
        if self._moves_on(request):
            return self._connect(line, build_dial, record=False)
        if fallback:
            unrecorded = partial(self._connect, line, build_dial, record=False)
            return self._go_on(forms.failed_url(request, fields), line, unrecorded)
        try:
            call = self._catalog.ledger.open_call(self._decided(line))
            if call.channel_map == ledger.AGENT_FIRST:  # an agent's own call: nobody to tell
                return self._connect(call, build_dial, record=False)
            if self._told_in_vain(call):
                self._give_up(call.account_sid, call.call_sid, Reason.APP_FAILED)
                return self._connect(call, build_dial, record=False)
            return self._sent_on(call, build_dial) or self._tell(call, build_dial)
        except (CatalogError, NotFound) as error:  # NotFound: the catalog was emptied meanwhile
            log.error("%s: unrecorded: %s", request.call_sid, error)
            self._forget()
            return self._connect(line, build_dial, record=False)

    def _told_in_vain(self, call: Call) -> bool:
        """Whether telling began so long ago that one of our answers has to have failed since.

        A voice URL that is its own fallback URL would otherwise tell again for ever.
        """
        if call.announcement is None or call.announced_at is None:
            return False
        if self._catalog.ledger.call(call.account_sid, call.call_sid).consents:
            return False
        announcement = self._catalog.announcements.get(call.announcement)
        return self._now() - call.started_at > longest_telling(announcement)

    def _moves_on(self, request: forms.VoiceRequest) -> bool:
        """Whether it is an agent's leg that goes on to somebody else; what is recorded of it ends.

        So it does where that is not known, as the catalog is down.
        """
        if request.begins:
            return False
        agents = False
        with suppress(CatalogError):
            agents = self._catalog.agents.is_agents_leg(request.account_sid, request.call_sid)
            if not agents:
                return False
        self._stop_leg(request.account_sid, request.call_sid)
        return agents

    def outbound(
        self,
        fields: Mapping[str, str],
        targets: str,
        *,
        build_dial: twiml.BuildDial | None = None,
        fallback: bool = False,
    ) -> str:
        """Return the TwiML for a call that was placed, when the customer's leg is answered.

        An answering machine is neither informed nor recorded. When the catalog is down, or has no
        line of the call, it is connected at once, unrecorded.

        Args:
            fields: Twilio's form.
            targets: whom to connect, as `sign_targets` wrote it into the URL.
            build_dial, fallback: as in `answer`.

        Raises:
            MalformedRequest: a field is missing or has the wrong form.
        """
        request = forms.parse_voice_request(fields)
        dial = read_targets(targets, self._tokens(request.account_sid))
        try:
            return self._answered_out(request, fields, build_dial, fallback=fallback)
        except (CatalogError, NotFound) as error:
            log.error("%s: unrecorded: %s", request.call_sid, error)
            self._forget()
            with suppress(CatalogError):
                self._give_up(request.account_sid, request.call_sid, Reason.CATALOG_DOWN)
        country = self._settings.country
        line = ledger.open_line(request, dial=dial, country=country, now=self._now())
        return self._connect(line, build_dial, record=False)

    def _answered_out(
        self,
        request: forms.VoiceRequest,
        fields: Mapping[str, str],
        build_dial: twiml.BuildDial | None,
        *,
        fallback: bool,
    ) -> str:
        call = self._placed(request.account_sid, request.call_sid)
        if fallback:
            unrecorded = partial(self._connect, call, build_dial, record=False)
            return self._go_on(forms.failed_url(request, fields), call, unrecorded)
        if forms.machine_answered(fields):
            self._give_up(call.account_sid, call.call_sid, Reason.ANSWERING_MACHINE)
            return self._connect(call, build_dial, record=False)
        return self._tell(call, build_dial)

    def connect(
        self, fields: Mapping[str, str], *, build_dial: twiml.BuildDial | None = None
    ) -> str:
        """Return the TwiML after the notice: the question, or the consent and the connection.

        Nothing is recorded unless the notice can have been heard to its end.

        Args:
            fields: Twilio's form.
            build_dial: as in `answer`.

        Raises:
            NotFound: the call has no line.
            CatalogError: nothing can be written down; Twilio then asks the fallback URL.
        """
        return self._heard_out(fields, 0, build_dial)

    def consent(
        self,
        fields: Mapping[str, str],
        asked: int,
        *,
        build_dial: twiml.BuildDial | None = None,
    ) -> str:
        """Return the TwiML after a question: write what was answered, and connect or not.

        Args:
            fields: Twilio's form with the key, if one was pressed.
            asked: which question it answers: the first is 1.
            build_dial: as in `answer`.

        Raises:
            NotFound: the call has no line.
            CatalogError: nothing can be written down; Twilio then asks the fallback URL.
        """
        return self._heard_out(fields, asked, build_dial)

    def _targets(self, request: forms.VoiceRequest, given: tuple[str, ...]) -> tuple[str, ...]:
        if given == (VOICEMAIL,):
            return given
        country = self._settings.country
        try:
            return check_targets("dial", given, country)
        except InvalidQuery as error:
            usable = usable_targets(given, country)
            if not usable:
                line = ledger.open_line(request, dial=(), country=country, now=self._now())
                if request.begins:
                    with suppress(CatalogError):
                        self._catalog.ledger.open_call(ledger.not_connected(line, error))
                raise
            log.error("%s: %s Connected to the others.", request.call_sid, error)
            return usable

    def _sent_on(self, call: Call, build_dial: twiml.BuildDial | None) -> str:
        """Connect a caller who was told before, and is sent to somebody else; or return nothing."""
        if call.announcement is None or call.announced_at is None:
            return ""
        standing = self._catalog.ledger.call(call.account_sid, call.call_sid).consents
        if not standing:
            return ""
        announcement = self._catalog.announcements.get(call.announcement)
        return self._after(call, announcement, standing[0].outcome, build_dial)

    def _tell(self, call: Call, build_dial: twiml.BuildDial | None) -> str:
        """Play the announcement that the call's line names; from now on it can be heard."""
        if call.announcement is None or call.outcome is Outcome.NOT_RECORDED:
            return self._connect(call, build_dial, record=False)
        announcement = self._catalog.announcements.get(call.announcement)
        self._play(call, call.call_sid, notice=True)
        return twiml.announce(announcement, self._urls)

    def _heard_out(
        self, fields: Mapping[str, str], asked: int, build_dial: twiml.BuildDial | None
    ) -> str:
        """What follows the notice (`asked` is 0), or the question put for the `asked`th time."""
        arrived = self.moment()
        now = arrived.at
        request = forms.parse_voice_request(fields)
        key = forms.key_pressed(fields) if asked else ""  # after the notice nothing is gathered
        record = self._catalog.ledger.call(request.account_sid, request.call_sid)
        call = record.call
        if call.announcement is None or call.leg != request.call_sid:
            return self._connect(call, build_dial, record=False)
        announcement = self._catalog.announcements.get(call.announcement)
        standing = next(iter(record.consents), None)
        if standing is None:
            if asked != call.asked:  # what was answered already, come twice
                return twiml.ask(announcement, self._urls, call.asked)
            waited = twiml.SECONDS_FOR_A_KEY if asked and not key else 0
            outcome = self._judge(call, announcement, key, waited=waited, at=arrived)
            if outcome is None:
                self._catalog.ledger.ask_again(call.account_sid, call.call_sid, asked, now)
                self._play(call, call.call_sid)
                return twiml.ask(announcement, self._urls, asked + 1)
            consent = ledger.consent_of(call, announcement, outcome, now, key)
            standing = self._catalog.ledger.record_consent(consent, ledger.REASONS.get(outcome))
        return self._after(call, announcement, standing.outcome, build_dial)

    def _after(
        self,
        call: Call,
        announcement: Announcement,
        outcome: ConsentOutcome,
        build_dial: twiml.BuildDial | None,
    ) -> str:
        """Connect the call, recorded where its consent allows; or hang up, where it must be."""
        if ledger.must_hang_up(call, outcome):
            return self._hang_up(announcement.language)
        record = outcome.allows_recording and not ledger.ruled_out(call)
        return self._connect(call, build_dial, record=record)
