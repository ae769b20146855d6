"""A call comes in, or one that was placed is answered: tell, ask, connect."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from twirec.calls import forms, ledger, twiml
from twirec.calls.address import key_of
from twirec.calls.otherwise import (
    MOST_FAILURES,
    Plan,
    checked_step,
    checked_timeout,
    fitting,
    read_plan,
    sign_plan,
)
from twirec.calls.signed_targets import read_targets
from twirec.calls.targets import check_own_number, check_targets, usable_targets
from twirec.catalog.ledger import LegOf
from twirec.model.agents import Leg
from twirec.model.announcements import Announcement
from twirec.model.dial_steps import DialStep
from twirec.model.errors import (
    CatalogError,
    InvalidQuery,
    MalformedRequest,
    NotFound,
    VendorError,
)
from twirec.model.records import UNCOUNTED, VOICEMAIL, Call, Consent
from twirec.model.vocabulary import Outcome, Reason
from twirec.webhooks.announcing import Announcing
from twirec.webhooks.context import Context, log
from twirec.webhooks.lines import after_failure, give_up, placed_line
from twirec.webhooks.recording_control import RecordingControl

NO_PLAN = Plan()


@dataclass(frozen=True, slots=True)
class Way:
    """How a call is connected, whoever it is.

    Attributes:
        urls: where Twilio comes back to.
        build_dial: what puts into the dial whom to connect, instead of the call's `dial`.
        plan: for how long they ring, and what comes when nobody answers.
        unanswered: whether somebody was rung before, and nobody answered.
    """

    urls: twiml.Urls
    build_dial: twiml.BuildDial | None = None
    plan: Plan = NO_PLAN
    unanswered: bool = False


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
        caller_id: str = "",
        fallback: bool = False,
        timeout: int | None = None,
        otherwise: Sequence[DialStep] = (),
    ) -> str:
        """Return the TwiML for a call that comes in: the announcement, and what follows it.

        Whether and how it is recorded is decided here, once, and stands on its line. The call
        always goes on. When the catalog is down it is connected at once, unrecorded.

        Args:
            fields: Twilio's form.
            dial: whom to connect: numbers in any usual form, `client:NAME`, `sip:ADDRESS`; or alone
                `queue:NAME`, `conference:NAME` or `VOICEMAIL`.
            build_dial: what puts into `<Dial>` whom to connect, instead of `dial`.
            caller_id: the number of the company's that a phone sees which rings for it; by default
                the caller's, or, where Twilio would not take that, the one that was called.
            fallback: whether Twilio asks the fallback URL, as another of our URLs failed: it is
                then connected at once, unrecorded.
            timeout: seconds for which they ring, 1 to 600; None for Twilio's 30.
            otherwise: what comes when nobody answers, in this order: see `after_dial`. Steps that
                nothing can dial are left out.

        Raises:
            MalformedRequest: a field is missing or has the wrong form.
            InvalidQuery: none of these can be connected; the call's line says so, and Twilio asks
                the fallback URL. Of several the others are left out.
        """
        request = forms.parse_voice_request(fields)
        targets = self._targets(request, tuple(dial))
        line = replace(self._line(request, targets), caller_id=self._caller_id(request, caller_id))
        steps = self.usable_steps(request.call_sid, otherwise)
        failures = self._failures(request, fields)
        plan = Plan(checked_timeout(timeout), steps, failures=failures)
        way = self._way(request, plan, build_dial)
        uncounted = line if request.begins else replace(line, sent_on=UNCOUNTED)
        unrecorded = partial(self._connect, uncounted, way)
        if failures > MOST_FAILURES:
            return self._failed_for_good(line)
        if self._moves_on(request, fields):
            return unrecorded()
        if fallback:
            return self._after_failure(request, fields, line, unrecorded)
        try:
            return self._told(line, way, goes_on=not request.begins)
        except (CatalogError, NotFound) as error:  # NotFound: the catalog was emptied meanwhile
            log.error("%s: unrecorded: %s", request.call_sid, error)
            self._announcing.forget()
            return unrecorded()

    def _after_failure(
        self,
        request: forms.VoiceRequest,
        fields: Mapping[str, str],
        call: Call,
        connect: Callable[[], str],
    ) -> str:
        failed = forms.failed_url(request, fields)
        if goes_on := self._after_failed_dial(request, failed or ""):
            return goes_on
        return after_failure(self._context, failed, call, connect)

    def _after_failed_dial(self, request: forms.VoiceRequest, failed_url: str) -> str:
        """Return the next step, unrecorded, where we failed to say it after a dial; else nothing.

        Twilio does not tell the fallback URL how the dial ended, so it is asked who answered.
        Functions of the app's are passed by: one of them may be what failed. Where only they came,
        or the path cannot be read, nothing is returned if nobody answered.
        """
        segment = self._context.urls.plan_in(failed_url)
        if not segment:
            return ""
        planned: Plan | None = None
        with suppress(MalformedRequest):  # with a token that is gone
            planned = self.read_plan(request, segment)
        if planned and not planned.steps:  # after the last one, the end is the end
            return twiml.nothing()
        try:
            legs = self._context.vendor.legs(request.account_sid, request.call_sid)
        except VendorError as error:
            log.error("%s: who answered is not known: %s", request.call_sid, error)
            legs = []
        if any(leg.status not in ledger.UNANSWERED for leg in legs):
            return twiml.nothing()  # they spoke with somebody, and that is over
        steps = planned.steps if planned else ()
        number = next((n for n, each in enumerate(steps) if not each.function), None)
        if planned is None or number is None:
            return ""
        step = steps[number]
        left = replace(planned, timeout=step.timeout, steps=steps[number + 1 :])
        line = self._line(request, step.targets)
        with suppress(CatalogError):
            self._catalog.ledger.open_call(ledger.not_recorded(line, Reason.CATALOG_DOWN))
            give_up(self._catalog, line.account_sid, line.call_sid, Reason.APP_FAILED)
        way = self._way(request, left, unanswered=True)
        return self._connect(replace(line, sent_on=UNCOUNTED), way)

    def _failures(self, request: forms.VoiceRequest, fields: Mapping[str, str]) -> int:
        """Return how often what comes after a dial of this call failed, if it did just now."""
        failed_url = forms.failed_url(request, fields) or ""
        if not self._context.urls.ends_a_dial(failed_url):
            return 0
        before = 0
        with suppress(MalformedRequest):  # with a token that is gone
            before = self.read_plan(request, self._context.urls.plan_in(failed_url)).failures
        return before + 1

    def _failed_for_good(self, line: Call) -> str:
        """End a call in which what comes after a dial failed too often."""
        log.error("%s: what comes after a dial failed again; the call is ended", line.call_sid)
        with suppress(CatalogError, NotFound):
            give_up(self._catalog, line.account_sid, line.call_sid, Reason.APP_FAILED)
        return self._announcing.hang_up(self._announcing.language_of(line), "nobody_answers")

    def _line(self, request: forms.VoiceRequest, dial: tuple[str, ...]) -> Call:
        return ledger.open_line(
            request,
            dial=dial,
            country=self._settings.country,
            now=self._context.now(),
            sip_headers=self._settings.sip_headers,
        )

    def _told(self, line: Call, way: Way, *, goes_on: bool) -> str:
        """Tell who calls, unless they were told before, and answered, or cannot be told."""
        opened = self._announcing.open_and_play(line, goes_on=goes_on)
        call = opened.call
        if opened.to_play:
            return twiml.announce(opened.to_play, way.urls)
        if opened.has_failed or call.channel_map == ledger.AGENT_FIRST:
            return self._connect(call, way)  # an agent's own call: nobody to tell
        if opened.consents and call.announcement:  # they are sent on to somebody else
            announcement = self._announcing.get(call.announcement)
            return self._go_on(call, announcement, opened.consents[0], way)
        return self._tell(call, way)

    def _moves_on(self, request: forms.VoiceRequest, fields: Mapping[str, str]) -> bool:
        """Whether it is an agent's leg that goes on to somebody else; what is recorded of it ends.

        So it does where that is not known, as the catalog is down.
        """
        if request.begins:
            return False
        agents = False
        with suppress(CatalogError):
            agents = self._catalog.agents.is_agents_leg(request.account_sid, request.call_sid)
            agents = agents or self._rang_for_a_caller(request, fields)
            if not agents:
                return False
        self._control.leg_moved_on(request.account_sid, request.call_sid)
        return agents

    def _rang_for_a_caller(self, request: forms.VoiceRequest, fields: Mapping[str, str]) -> bool:
        """Whether it is the leg of an agent whom a caller's dial rang; it is written down as that.

        The end of that dial, which tells of the leg, may be told later only.
        """
        if request.direction != "outbound-dial" or not (parent := forms.parent_of(fields)):
            return False
        line = self._catalog.ledger.line(request.account_sid, parent)
        if line is None or line.channel_map != ledger.CUSTOMER_FIRST:
            return False
        agent, now = key_of(request.to, self._settings.country), self._context.now()
        self._catalog.agents.add_leg(Leg(request.account_sid, request.call_sid, parent, now, agent))
        return True

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
        return self._connect(self._line(request, dial), Way(self._context.urls, build_dial))

    def _answered_out(
        self,
        request: forms.VoiceRequest,
        fields: Mapping[str, str],
        build_dial: twiml.BuildDial | None,
        *,
        fallback: bool,
    ) -> str:
        call = placed_line(self._catalog, request.account_sid, request.call_sid)
        way = Way(self._context.urls, build_dial)
        if fallback:
            return self._after_failure(request, fields, call, partial(self._connect, call, way))
        if forms.machine_answered(fields):
            give_up(self._catalog, call.account_sid, call.call_sid, Reason.ANSWERING_MACHINE)
            return self._connect(call, way)
        return self._tell(call, way)

    def connect(
        self,
        fields: Mapping[str, str],
        plan: str = "",
        *,
        build_dial: twiml.BuildDial | None = None,
    ) -> str:
        """Return the TwiML after the notice: the question, or the consent and the connection.

        Nothing is recorded unless the notice can have been heard to its end.

        Args:
            fields: Twilio's form.
            plan: what was said of whom to ring, as `sign_plan` wrote it into the URL.
            build_dial: as in `answer`.

        Raises:
            MalformedRequest: the plan is not ours.
            NotFound: the call has no line.
            CatalogError: nothing can be written down; Twilio then asks the fallback URL.
        """
        return self.consent(fields, 0, plan, build_dial=build_dial)

    def consent(
        self,
        fields: Mapping[str, str],
        asked: int,
        plan: str = "",
        *,
        build_dial: twiml.BuildDial | None = None,
    ) -> str:
        """Return the TwiML after a question: write what was answered, and connect or not.

        Args:
            fields: Twilio's form with the key, if one was pressed.
            asked: which question it answers: the first is 1; 0 for the notice before it.
            plan, build_dial: as in `connect`.

        Raises:
            MalformedRequest: the plan is not ours.
            NotFound: the call has no line.
            CatalogError: nothing can be written down; Twilio then asks the fallback URL.
        """
        arrived = self._context.moment()
        request = forms.parse_voice_request(fields)
        key = forms.key_pressed(fields) if asked else ""  # after the notice nothing is gathered
        way = self._way(request, self.read_plan(request, plan), build_dial)
        call, consents = self._catalog.consents.of(request.account_sid, request.call_sid)
        if call.announcement is None or call.leg != request.call_sid:
            return self._connect(call, way)
        announcement = self._announcing.get(call.announcement)
        if consents:
            return self._go_on(call, announcement, consents[0], way)
        if asked != call.asked:  # what was answered already, come twice
            return twiml.ask(announcement, way.urls, call.asked)
        waited = twiml.SECONDS_FOR_A_KEY if asked and not key else 0
        outcome = self._announcing.judge(call, announcement, key, waited=waited, at=arrived)
        if outcome is None:
            self._announcing.play(call, call.call_sid, asked=asked + 1)
            return twiml.ask(announcement, way.urls, asked + 1)
        consent = ledger.consent_of(call, announcement, outcome, arrived.at, key)
        return self._answered(call, announcement, consent, way)

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

    def _caller_id(self, request: forms.VoiceRequest, given: str) -> str:
        """Return the caller ID that the app gives; one that is none does not hold up the call."""
        try:
            return given and check_own_number(given, self._settings.country, field="caller_id")
        except InvalidQuery as error:
            log.error("%s: %s", request.call_sid, error)
            return ""

    def _tell(self, call: Call, way: Way) -> str:
        """Play the announcement that the call's line names; from now on it can be heard."""
        if call.announcement is None or call.outcome is Outcome.NOT_RECORDED:
            return self._connect(call, way)
        announcement = self._announcing.get(call.announcement)
        self._announcing.play(call, call.call_sid, asked=0)
        return twiml.announce(announcement, way.urls)

    def _answered(
        self,
        call: Call,
        announcement: Announcement,
        consent: Consent,
        way: Way,
    ) -> str:
        """Write down what was answered, and connect the call, recorded where everybody may be."""
        wanted = consent.outcome.allows_recording and not ledger.ruled_out(call)
        hangs_up = ledger.must_hang_up(call, consent.outcome)
        try:
            connection = None if hangs_up else self._connection(call, way)
        except Exception:  # in the app's own function: what they answered is proof all the same
            self._control.record_consent(call, consent, ())
            raise
        agents = connection.agents if connection and wanted else ()
        stands, allowed = self._control.record_consent(call, consent, agents)
        if stands is not consent:  # come twice at once
            return self._go_on(call, announcement, stands, way)
        if hangs_up:
            return self._announcing.hang_up(announcement.language)
        return self._connected(call, connection, way, record=wanted and allowed)

    def _go_on(
        self,
        call: Call,
        announcement: Announcement,
        consent: Consent,
        way: Way,
    ) -> str:
        """Connect a call by the consent that it has; or hang up, where it must be."""
        if ledger.must_hang_up(call, consent.outcome):
            return self._announcing.hang_up(announcement.language)
        connection = self._connection(call, way)
        wanted = consent.outcome.allows_recording and not ledger.ruled_out(call)
        agents = connection.agents if connection else ()
        record = wanted and self._control.agents_allow(call, agents)
        return self._connected(call, connection, way, record=record)

    def go_on(
        self,
        fields: Mapping[str, str],
        step: DialStep,
        left: Plan,
        leg: LegOf,
    ) -> str:
        """Return the TwiML for the next step of a call that nobody answered so far.

        Nobody is told or asked again: what the caller said holds for all of the call. While the
        catalog is down the step is connected unrecorded, and no message is taken.

        Args:
            fields: Twilio's form.
            step: whom to connect now.
            left: what comes when nobody answers that, and how often the call had been sent on when
                who did not answer was dialled. If it was once more since, it is elsewhere, and
                Twilio runs nothing of what is returned.
            leg: says of the call's line as it was which leg was dialled then, if one was.
        """
        request = forms.parse_voice_request(fields)
        line = self._line(request, step.targets)
        way = self._way(request, replace(left, timeout=step.timeout), unanswered=True)
        try:
            unknown = ledger.not_recorded(line, Reason.CATALOG_DOWN)
            call, consents = self._catalog.ledger.go_on(unknown, leg, left.sent_on)
            if call is None:
                return twiml.nothing()
            if call.announcement is not None and consents:
                announcement = self._announcing.get(call.announcement)
                return self._go_on(call, announcement, consents[0], way)
            return self._connect(call, way)
        except (CatalogError, NotFound) as error:
            log.error("%s: unrecorded: %s", request.call_sid, error)
            self._announcing.forget()
            return self._connect(replace(line, sent_on=UNCOUNTED), way)

    def usable_steps(self, call_sid: str, given: Sequence[DialStep]) -> tuple[DialStep, ...]:
        """Return the steps of which something can be dialled; of the others a log tells."""
        steps = []
        for each in given:
            try:
                step, problem = checked_step(each, self._settings.country)
            except InvalidQuery as error:
                log.error("%s: %s The step is left out.", call_sid, error)
                continue
            if problem:
                log.error("%s: %s Connected to the others.", call_sid, problem)
            steps.append(step)
        return tuple(steps)

    def read_plan(self, request: forms.VoiceRequest, plan: str) -> Plan:
        """Return what was said of whom to ring when nobody answers.

        Raises:
            MalformedRequest: it is not ours, or of another call.
        """
        return read_plan(plan, request.call_sid, self._tokens(request.account_sid))

    def _way(
        self,
        request: forms.VoiceRequest,
        plan: Plan,
        build_dial: twiml.BuildDial | None = None,
        *,
        unanswered: bool = False,
    ) -> Way:
        tokens, steps = self._tokens(request.account_sid), plan.steps
        plan = fitting(plan, request.call_sid, tokens)
        if left_out := len(steps) - len(plan.steps):
            message = "%s: otherwise: no URL has room for the last steps; %d are left out."
            log.error(message, request.call_sid, left_out)
        segment = sign_plan(plan, request.call_sid, tokens)
        return Way(self._context.urls.with_plan(segment), build_dial, plan, unanswered)

    def _tokens(self, account_sid: str) -> Sequence[str]:
        """Return what encrypts; of an account whose requests only shared keys sign, our own."""
        tokens = self._settings.auth_tokens
        return tokens.get(account_sid) or tokens[self._settings.account_sid]

    def _connect(self, call: Call, way: Way) -> str:
        """Connect a call, unrecorded."""
        return self._connected(call, self._connection(call, way), way, record=False)

    def _connection(self, call: Call, way: Way) -> twiml.Connection | None:
        """Return how a call is connected; None for who leaves a message."""
        if call.dial == (VOICEMAIL,):
            return None
        plan = replace(way.plan, timeout=None, sent_on=call.sent_on)
        segment = sign_plan(plan, call.call_sid, self._tokens(call.account_sid))
        urls = way.urls.ending(segment, follows=bool(plan.steps))
        return twiml.connection(
            call,
            urls,
            way.build_dial,
            way.plan.timeout,
            caller_id=ledger.caller_id_of(call),
        )

    def _connected(
        self, call: Call, connection: twiml.Connection | None, way: Way, *, record: bool
    ) -> str:
        if connection:
            return twiml.connect(connection, way.urls, record=record)
        if not record:
            return self._announcing.hang_up(self._announcing.language_of(call), "no_message")
        if not way.unanswered or call.announcement is None:
            return twiml.voicemail(self._context.urls)
        language = self._announcing.get(call.announcement).language
        return twiml.voicemail(self._context.urls, language, self._settings.wordings.get(language))
