"""A call comes in, or one that was placed is answered: tell, ask, connect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial

from twirec.calls import forms, ledger, twiml
from twirec.calls.addresses import check_targets, usable_targets
from twirec.calls.signed_targets import read_targets
from twirec.model.announcements import Announcement
from twirec.model.errors import CatalogError, InvalidQuery, NotFound
from twirec.model.records import VOICEMAIL, Call, Consent
from twirec.model.vocabulary import Outcome, Reason
from twirec.webhooks.announcing import Announcing
from twirec.webhooks.context import Context, log
from twirec.webhooks.lines import after_failure, give_up, placed_line
from twirec.webhooks.recording_control import RecordingControl


class Inbound:
    """Calls whose first leg is the customer's.

    Args:
        context: settings, catalog and clocks.
        announcing: chooses what is heard.
        control: says who may be recorded.
    """

    def __init__(self, context: Context, announcing: Announcing, control: RecordingControl) -> None:
        self._context = context
        self._settings = context.settings
        self._catalog = context.catalog
        self._announcing = announcing
        self._control = control

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
        targets = self._targets(request, tuple(dial))
        line = self._line(request, targets)
        unrecorded = partial(self._connect, line, build_dial)
        if self._moves_on(request):
            return unrecorded()
        if fallback:
            return after_failure(self._context, forms.failed_url(request, fields), line, unrecorded)
        try:
            return self._told(line, build_dial)
        except (CatalogError, NotFound) as error:  # NotFound: the catalog was emptied meanwhile
            log.error("%s: unrecorded: %s", request.call_sid, error)
            self._announcing.forget()
            return unrecorded()

    def _line(self, request: forms.VoiceRequest, dial: tuple[str, ...]) -> Call:
        now = self._context.now()
        return ledger.open_line(request, dial=dial, country=self._settings.country, now=now)

    def _told(self, line: Call, build_dial: twiml.BuildDial | None) -> str:
        """Tell who calls, unless they were told before, and answered, or cannot be told."""
        opened = self._announcing.open_and_play(line)
        call = opened.call
        if opened.to_play:
            return twiml.announce(opened.to_play, self._context.urls)
        if opened.has_failed or call.channel_map == ledger.AGENT_FIRST:
            return self._connect(call, build_dial)  # an agent's own call: nobody to tell
        if opened.consents and call.announcement:  # they are sent on to somebody else
            announcement = self._announcing.get(call.announcement)
            return self._go_on(call, announcement, opened.consents[0], build_dial)
        return self._tell(call, build_dial)

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
        self._control.leg_moved_on(request.account_sid, request.call_sid)
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
        dial = read_targets(targets, self._settings.auth_tokens[request.account_sid])
        try:
            return self._answered_out(request, fields, build_dial, fallback=fallback)
        except (CatalogError, NotFound) as error:
            log.error("%s: unrecorded: %s", request.call_sid, error)
            self._announcing.forget()
            with suppress(CatalogError):
                give_up(self._catalog, request.account_sid, request.call_sid, Reason.CATALOG_DOWN)
        return self._connect(self._line(request, dial), build_dial)

    def _answered_out(
        self,
        request: forms.VoiceRequest,
        fields: Mapping[str, str],
        build_dial: twiml.BuildDial | None,
        *,
        fallback: bool,
    ) -> str:
        call = placed_line(self._catalog, request.account_sid, request.call_sid)
        if fallback:
            unrecorded = partial(self._connect, call, build_dial)
            return after_failure(self._context, forms.failed_url(request, fields), call, unrecorded)
        if forms.machine_answered(fields):
            give_up(self._catalog, call.account_sid, call.call_sid, Reason.ANSWERING_MACHINE)
            return self._connect(call, build_dial)
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
        return self.consent(fields, 0, build_dial=build_dial)

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
            asked: which question it answers: the first is 1; 0 for the notice before it.
            build_dial: as in `answer`.

        Raises:
            NotFound: the call has no line.
            CatalogError: nothing can be written down; Twilio then asks the fallback URL.
        """
        arrived = self._context.moment()
        request = forms.parse_voice_request(fields)
        key = forms.key_pressed(fields) if asked else ""  # after the notice nothing is gathered
        call, consents = self._catalog.consents.of(request.account_sid, request.call_sid)
        if call.announcement is None or call.leg != request.call_sid:
            return self._connect(call, build_dial)
        announcement = self._announcing.get(call.announcement)
        if consents:
            return self._go_on(call, announcement, consents[0], build_dial)
        if asked != call.asked:  # what was answered already, come twice
            return twiml.ask(announcement, self._context.urls, call.asked)
        waited = twiml.SECONDS_FOR_A_KEY if asked and not key else 0
        outcome = self._announcing.judge(call, announcement, key, waited=waited, at=arrived)
        if outcome is None:
            self._announcing.play(call, call.call_sid, asked=asked + 1)
            return twiml.ask(announcement, self._context.urls, asked + 1)
        consent = ledger.consent_of(call, announcement, outcome, arrived.at, key)
        return self._answered(call, announcement, consent, build_dial)

    def _targets(self, request: forms.VoiceRequest, given: tuple[str, ...]) -> tuple[str, ...]:
        if given == (VOICEMAIL,):
            return given
        country = self._settings.country
        try:
            return check_targets("dial", given, country)
        except InvalidQuery as error:
            usable = usable_targets(given, country)
            if not usable:
                if request.begins:
                    with suppress(CatalogError):
                        line = self._line(request, ())
                        self._catalog.ledger.open_call(ledger.not_connected(line, error))
                raise
            log.error("%s: %s Connected to the others.", request.call_sid, error)
            return usable

    def _tell(self, call: Call, build_dial: twiml.BuildDial | None) -> str:
        """Play the announcement that the call's line names; from now on it can be heard."""
        if call.announcement is None or call.outcome is Outcome.NOT_RECORDED:
            return self._connect(call, build_dial)
        announcement = self._announcing.get(call.announcement)
        self._announcing.play(call, call.call_sid, asked=0)
        return twiml.announce(announcement, self._context.urls)

    def _answered(
        self,
        call: Call,
        announcement: Announcement,
        consent: Consent,
        build_dial: twiml.BuildDial | None,
    ) -> str:
        """Write down what was answered, and connect the call, recorded where everybody may be."""
        wanted = consent.outcome.allows_recording and not ledger.ruled_out(call)
        hangs_up = ledger.must_hang_up(call, consent.outcome)
        try:
            connection = None if hangs_up else self._connection(call, build_dial)
        except Exception:  # in the app's own function: what they answered is proof all the same
            self._control.record_consent(call, consent, ())
            raise
        agents = connection.agents if connection and wanted else ()
        stands, allowed = self._control.record_consent(call, consent, agents)
        if stands is not consent:  # come twice at once
            return self._go_on(call, announcement, stands, build_dial)
        if hangs_up:
            return self._announcing.hang_up(announcement.language)
        return self._connected(call, connection, record=wanted and allowed)

    def _go_on(
        self,
        call: Call,
        announcement: Announcement,
        consent: Consent,
        build_dial: twiml.BuildDial | None,
    ) -> str:
        """Connect a call by the consent that it has; or hang up, where it must be."""
        if ledger.must_hang_up(call, consent.outcome):
            return self._announcing.hang_up(announcement.language)
        connection = self._connection(call, build_dial)
        wanted = consent.outcome.allows_recording and not ledger.ruled_out(call)
        agents = connection.agents if connection else ()
        record = wanted and self._control.agents_allow(call, agents)
        return self._connected(call, connection, record=record)

    def _connect(self, call: Call, build_dial: twiml.BuildDial | None) -> str:
        """Connect a call, unrecorded."""
        return self._connected(call, self._connection(call, build_dial), record=False)

    def _connection(
        self, call: Call, build_dial: twiml.BuildDial | None
    ) -> twiml.Connection | None:
        """Return how a call is connected; None for who leaves a message."""
        if call.dial == (VOICEMAIL,):
            return None
        return twiml.connection(call, self._context.urls, build_dial)

    def _connected(self, call: Call, connection: twiml.Connection | None, *, record: bool) -> str:
        if connection:
            return twiml.connect(connection, self._context.urls, record=record)
        if record:
            return twiml.voicemail(self._context.urls)
        return self._announcing.hang_up(self._announcing.language_of(call), "no_message")
