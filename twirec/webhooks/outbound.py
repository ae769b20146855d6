"""Calls out: placed over the API, or dialled by an agent from a softphone or SIP phone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from twirec.calls import forms, ledger, twiml
from twirec.calls.address import LONGEST_ADDRESS, Address, Kind, for_help, key_of, read
from twirec.calls.dialling import NOT_AN_AGENT, why_not_dialled
from twirec.calls.signed_targets import read_targets, sign_targets
from twirec.calls.targets import (
    check_dialled,
    check_own_number,
    check_phone,
    check_targets,
    target_of,
)
from twirec.model.agents import Leg
from twirec.model.announcements import Announcement
from twirec.model.audit import AuditDraft
from twirec.model.errors import (
    CatalogError,
    InvalidQuery,
    MalformedRequest,
    NotDialled,
    NotFound,
)
from twirec.model.given import without_unspeakable
from twirec.model.policy import Dialling
from twirec.model.records import Answer, Call, Consent, ToldCall
from twirec.model.steady import Moment
from twirec.model.vocabulary import ConsentOutcome, Direction, Outcome, Reason
from twirec.webhooks.announcing import Announcing
from twirec.webhooks.context import Context, log
from twirec.webhooks.lines import after_failure, give_up, placed_line
from twirec.webhooks.recording_control import RecordingControl

Allow = Callable[[str], bool]
"""Whether an agent may dial: E.164, `client:NAME` or `sip:ADDRESS`."""

SHORT_NUMBER = "a short number, such as 112, is dialled at once"
"""Why nobody there is told anything, nor recorded: it may be an emergency."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """What follows from what a customer answered on their own leg.

    Attributes:
        call: the line of their call.
        consent: what they answered before; None for nothing.
        answer: what is written down of what they answered now; None for nothing.
        records: whether the recording starts then.
        question: which question is put, where there is neither.
    """

    call: Call
    consent: Consent | None = None
    answer: Answer | None = None
    records: bool = False
    question: int = 0


class Outbound:
    """Calls that the company makes.

    Args:
        context: settings, catalog, vendor and clocks.
        announcing: chooses what is heard.
        control: starts recordings, and says who may be recorded.
    """

    def __init__(self, context: Context, announcing: Announcing, control: RecordingControl) -> None:
        self._context = context
        self._settings = context.settings
        self._catalog = context.catalog
        self._urls = context.urls
        self._announcing = announcing
        self._control = control
        self._dialling: set[str] = set()

    def planned(
        self, to: str, *, connect: Sequence[str], own_number: str, agent_first: bool = False
    ) -> Call:
        """Return the line of a call that may be placed; it has no SID yet.

        Args:
            to: the customer's number, as a person types it.
            connect: whom to connect when the customer answered, as in `Inbound.answer`.
            own_number: the own number that calls, as a person types it.
            agent_first: whether whom to connect is called first: it is one phone then.

        Raises:
            NotDialled: nobody may dial that.
            InvalidQuery: one of these is nothing that Twilio can call.
        """
        country = self._settings.country
        if not connect:
            raise InvalidQuery("connect: say whom to connect when the customer answered.")
        if agent_first and len(connect) > 1:
            raise InvalidQuery("connect: give one phone, which is called first.")
        address = check_phone("to", to, country)
        if why := self._why_not(address, [key_of(own_number, country)]):
            raise NotDialled(f"{why}; see TWIREC_DIAL_COUNTRIES and TWIREC_DIAL_ALSO.")
        if agent_first:
            dial: tuple[str, ...] = (check_phone("connect", connect[0], country),)
        else:
            dial = check_targets("connect", connect, country)
        return Call(
            account_sid=self._settings.account_sid,
            call_sid="",
            direction=Direction.OUT,
            **ledger.numbers_of(address, check_own_number(own_number, country), country),
            started_at=self._context.now(),
            dial=dial,
            channel_map=ledger.AGENT_FIRST if agent_first else ledger.CUSTOMER_FIRST,
        )

    def place(self, line: Call, to: str, *, audited: AuditDraft) -> Call:
        """Place a call whose first leg is the customer: they hear, answer, and are connected.

        Args:
            line: what `planned` gave.
            to: what it was given.
            audited: who calls; it is entered with the call's line.

        Returns:
            The line that stands.

        Raises:
            VendorError: Twilio did not place it.
            CatalogError: the catalog is down; nothing was placed. If it failed only after that,
                the call goes on, unrecorded.
        """
        decided = self._announcing.decided(line)
        sealed = sign_targets(line.dial, self._settings.auth_tokens[line.account_sid])
        # with the parameters of a SIP address, which the line leaves out
        address = check_phone("to", to, self._settings.country)
        target = target_of(address)
        placed = self._context.vendor.live.place_call(
            line.account_sid,
            from_=line.own_number,
            to=target.address,
            send_digits=target.send_digits,
            url=f"{self._urls.outbound}/{sealed}",
            fallback_url=f"{self._urls.fallback}/{sealed}",
            ended_url=self._urls.ended,
        )
        entry = replace(audited, at=self._context.now(), sid=placed.sid)
        return self._catalog.ledger.open_call(
            replace(decided, call_sid=placed.sid, leg=placed.sid), audited=entry
        )

    def place_agent_first(self, line: Call, to: str, *, audited: AuditDraft) -> Call:
        """Place a call whose first leg is an agent's: they answer, and the customer is dialled.

        An answering machine of the agent's is looked for, unless it is a softphone, which has none.

        Args, Returns, Raises: as of `place`.
        """
        (agent,) = line.dial
        customer = check_phone("to", to, self._settings.country)
        decided = self._announcing.decided(line)
        sealed = sign_targets((customer,), self._settings.auth_tokens[line.account_sid])
        placed = self._context.vendor.live.place_call(
            line.account_sid,
            from_=line.own_number,
            to=target_of(agent).address,
            send_digits=target_of(agent).send_digits,
            url=f"{self._urls.agent}/{sealed}",
            fallback_url=f"{self._urls.agent_fallback}/{sealed}",
            ended_url=self._urls.ended,
            finds_machines=read(agent).kind is not Kind.CLIENT,
        )
        now, account_sid = self._context.now(), line.account_sid
        name = key_of(agent, self._settings.country)
        return self._catalog.ledger.open_call(
            replace(decided, call_sid=placed.sid, dial=()),
            leg=Leg(account_sid, placed.sid, placed.sid, now, name),
            audited=replace(audited, at=now, sid=placed.sid),
        )

    def agent_answered(
        self, fields: Mapping[str, str], targets: str, *, fallback: bool = False
    ) -> str:
        """Return the TwiML for a call that was placed to an agent first, when they answer.

        The customer is told, or asked, on their own leg, and recording starts only after that. A
        machine in the agent's place is connected with nobody. When the catalog is down, or has no
        line of the call, the customer is dialled at once, unrecorded.

        Args:
            fields: Twilio's form.
            targets: the customer, as `sign_targets` wrote it into the URL.
            fallback: whether Twilio asks the fallback URL, as another of our URLs failed.

        Raises:
            MalformedRequest: a field is missing or has the wrong form.
        """
        request = forms.parse_voice_request(fields)
        account_sid, call_sid = request.account_sid, request.call_sid
        (customer,) = read_targets(targets, self._settings.auth_tokens[account_sid])
        if forms.machine_answered(fields):
            with suppress(CatalogError):
                give_up(self._catalog, account_sid, call_sid, Reason.ANSWERING_MACHINE)
            return twiml.nothing()
        country = self._settings.country
        line = Call(
            account_sid=account_sid,
            call_sid=call_sid,
            direction=Direction.OUT,
            **ledger.numbers_of(customer, request.from_, country),
            started_at=self._context.now(),
            channel_map=ledger.AGENT_FIRST,
        )
        untold = partial(twiml.dial_out, line, customer, self._urls, tell=False)
        if fallback:
            return after_failure(self._context, forms.failed_url(request, fields), line, untold)
        try:
            call = placed_line(self._catalog, account_sid, call_sid)
        except (CatalogError, NotFound) as error:
            log.error("%s: unrecorded: %s", call_sid, error)
            unknown = ledger.not_recorded(line, Reason.CATALOG_DOWN)
            agent = key_of(request.agent, country)
            own = Leg(account_sid, call_sid, call_sid, line.started_at, agent)
            with suppress(CatalogError):  # Twilio's own words would name the agent as the customer
                self._catalog.ledger.open_call(unknown, leg=own)
                give_up(self._catalog, account_sid, call_sid, Reason.CATALOG_DOWN)
            return untold()
        tell = call.outcome is not Outcome.NOT_RECORDED
        return twiml.dial_out(call, customer, self._urls, tell=tell)

    def dial_out(
        self,
        fields: Mapping[str, str],
        *,
        to: str,
        own_number: str,
        own_numbers: Collection[str] = (),
        allow: Allow | None = None,
        fallback: bool = False,
    ) -> str:
        """Return the TwiML for a call that an agent dials from a softphone or SIP phone.

        The customer is told, or asked, on their own leg, and recording starts only after that. When
        the catalog is down they are dialled at once, unrecorded, and so is a short number for help,
        by whoever dials it. What cannot be dialled, or may not, ends the call with a sentence; its
        line says why.

        Args:
            fields: Twilio's form.
            to: the customer's number, as it was dialled, or `client:NAME`; of a SIP phone the
                address, `sip:…`.
            own_number: the own number that is shown to them, E.164.
            own_numbers: others of the company's, E.164, which nobody dials either; those that the
                ledger has calls of need not be among them.
            allow: whether an agent, named as in the register, may dial who is not in that. While
                the catalog is down, softphones may, and whom this process saw in the register.
            fallback: whether Twilio asks the fallback URL, as another of our URLs failed: they are
                then dialled at once, unrecorded.

        Raises:
            MalformedRequest: a field is missing or has the wrong form.
        """
        request = forms.parse_voice_request(fields)
        country = self._settings.country
        to = without_unspeakable(to)[:LONGEST_ADDRESS]  # the app read it of its own form
        line = Call(
            account_sid=request.account_sid,
            call_sid=request.call_sid,
            direction=Direction.OUT,
            **ledger.numbers_of(to, own_number, country),
            started_at=self._context.now(),
            channel_map=ledger.AGENT_FIRST,
        )
        agent = read(request.agent, country)
        help_ = for_help(to, country)
        known: Dialling | None = None
        try:
            target = help_
            if not help_:
                target, known = self._allowed(to, [line.own_number, *own_numbers], agent, allow)
        except InvalidQuery as error:
            return self._refuse(line, error)
        untold = partial(twiml.dial_out, line, target, self._urls, tell=False)
        if not request.begins:  # what is recorded of the leg is of whom they spoke with before
            self._control.leg_moved_on(request.account_sid, request.call_sid)
        if fallback:
            return after_failure(self._context, forms.failed_url(request, fields), line, untold)
        answered: list[Consent] = []

        def again(stands: Call, consents: Sequence[Consent]) -> Reason | None:
            answered.extend(consents)
            others = stands.customer_number != line.customer_number
            return Reason.NOT_STARTED if others and not consents else None

        try:
            at_once = ledger.not_recorded(line, Reason.OFF, SHORT_NUMBER)
            unrecorded = help_ or target.isdigit()
            history = known.history if known else None
            decided = at_once if unrecorded else self._announcing.decided(line, history)
            own = Leg(line.account_sid, line.call_sid, line.call_sid, line.started_at, agent.key)
            call = self._catalog.ledger.open_call(decided, leg=own, again=again)
        except CatalogError as error:
            log.error("%s: unrecorded: %s", request.call_sid, error)
            return untold()
        if answered or call.customer_number != line.customer_number:  # the same leg dials again
            return untold()
        tell = call.outcome is not Outcome.NOT_RECORDED
        return twiml.dial_out(call, target, self._urls, tell=tell)

    def _allowed(
        self, to: str, own_numbers: Collection[str], agent: Address, allow: Allow | None
    ) -> tuple[str, Dialling | None]:
        """Return what is to be dialled, and what the catalog knows; None for that while it is away.

        Raises:
            InvalidQuery: this agent may not dial, or nobody may dial that.
        """
        name = agent.dialling_name(self._settings.dial_rules.hosts)
        may_dial = allow is not None and allow(name)
        cannot: InvalidQuery | None = None
        try:
            target = check_dialled(to, self._settings.country)
        except InvalidQuery as error:
            target, cannot = "", error
        number = target_of(target).value
        try:
            known = self._catalog.policy.of_dialling(number, "" if may_dial else name)
        except CatalogError:  # an access token of the company's own says who a softphone is
            known = None
            may_dial = may_dial or name in self._dialling or agent.kind is Kind.CLIENT
        if known and known.is_registered:
            self._dialling.add(name)
            may_dial = True
        if not may_dial:
            raise InvalidQuery(f"{NOT_AN_AGENT}.")
        if cannot:
            raise cannot
        own = number in own_numbers or (known is not None and known.is_own)
        if why := why_not_dialled(target, self._settings.dial_rules, agent=agent.uri, own=own):
            raise InvalidQuery(f"{why}.")
        return target, known

    def _why_not(self, target: str, own_numbers: Collection[str]) -> str:
        number = target_of(target).value
        own = number in own_numbers
        with suppress(CatalogError):
            own = own or self._catalog.ledger.owns(number)
        return why_not_dialled(target, self._settings.dial_rules, own=own)

    def _refuse(self, line: Call, error: InvalidQuery) -> str:
        log.warning("%s: %s", line.call_sid, error)
        refused = ledger.not_recorded(line, Reason.NOT_DIALLED, str(error))
        try:
            self._catalog.ledger.open_call(refused)
        except CatalogError as down:
            log.error("%s: it has no line: %s", line.call_sid, down)
        return self._announcing.hang_up(self._settings.language, "not_dialled")

    def announce(self, fields: Mapping[str, str]) -> str:
        """Return what the customer hears on their own leg before they are connected.

        Args:
            fields: Twilio's form, of the leg that was dialled.

        Raises:
            MalformedRequest: it names no parent leg.
        """
        request = forms.parse_voice_request(fields)
        parent = forms.parent_of(fields)
        if parent is None:
            raise MalformedRequest("The field ParentCallSid is missing.")
        try:
            call, consents = self._catalog.consents.of(request.account_sid, parent)
            if consents and call.leg != request.call_sid:  # another was told, and answered
                self._control.leg_moved_on(request.account_sid, call.call_sid)
            if call.announcement is None or consents:
                return twiml.nothing()
            announcement = self._announcing.get(call.announcement)
            self._announcing.play(call, request.call_sid)
        except (CatalogError, NotFound) as error:
            log.error("%s: unrecorded: %s", parent, error)
            self._announcing.forget()
            return twiml.nothing()
        return twiml.announce_to_callee(call.call_sid, announcement, self._urls)

    def announced(self, fields: Mapping[str, str], call_sid: str, asked: int) -> str:
        """Write what the customer answered on their leg, and start the recording if it allows.

        When it cannot be written down the two are connected, unrecorded: a leg that was dialled
        has no fallback URL.

        Args:
            fields: Twilio's form, of the leg that was dialled.
            call_sid: the parent leg.
            asked: which question it answers: the first is 1; 0 after the notice.

        Raises:
            NotFound: the call has no line, or another leg was told.
        """
        arrived = self._context.moment()
        request, key = forms.parse_voice_request(fields), forms.key_pressed(fields)
        try:
            return self._answered(request, call_sid, asked, key, arrived)
        except CatalogError as error:
            log.error("%s: unrecorded: %s", call_sid, error)
            with suppress(CatalogError):
                give_up(self._catalog, request.account_sid, call_sid, Reason.CATALOG_DOWN)
            return twiml.nothing()

    def _answered(
        self,
        request: forms.VoiceRequest,
        call_sid: str,
        asked: int,
        key: str,
        arrived: Moment,
    ) -> str:
        judged: list[_Judged] = []

        def decide(told: ToldCall) -> Answer | None:
            judged.append(self._judge(told, request.call_sid, asked, key, arrived))
            return judged[-1].answer

        written = self._catalog.consents.answer(request.account_sid, call_sid, decide)
        it = judged[-1]
        if self._announcing.known(it.call) is None:  # another process told them: once more
            self._announcing.get(it.call.announcement or "")
            return self._answered(request, call_sid, asked, key, arrived)
        announcement = self._announcing.get(it.call.announcement or "")
        stands = written or it.consent
        if stands is None:
            if it.question > it.call.asked:
                self._announcing.play(it.call, request.call_sid, asked=it.question)
            return twiml.ask_callee(call_sid, announcement, self._urls, it.question)
        # come twice, also at once: what follows from it was done, or is done there
        if it.answer and stands is it.answer.consent and it.records:
            self._control.start(it.call, it.call.call_sid, it.call.channel_map)
        return self._bridge(it.call, announcement, stands.outcome)

    def _judge(self, told: ToldCall, leg: str, asked: int, key: str, arrived: Moment) -> _Judged:
        """Return what follows from what the customer answered on their leg."""
        call, announcement = told.call, self._announcing.known(told.call)
        if call.announcement is None or call.leg != leg:
            raise NotFound(f"The leg {leg} was told nothing of {call.call_sid}.")
        if told.consents:
            return _Judged(call, consent=told.consents[0])
        if asked != call.asked or announcement is None:
            return _Judged(call, question=call.asked)
        waits = twiml.SECONDS_FOR_A_KEY if asked else twiml.SECONDS_AFTER_NOTICE
        waited = 0 if asked and key else waits
        outcome = self._announcing.judge(call, announcement, key, waited=waited, at=arrived)
        if outcome is None:
            return _Judged(call, question=asked + 1)
        consent = ledger.consent_of(call, announcement, outcome, arrived.at, key)
        wanted = outcome.allows_recording and call.outcome is not Outcome.NOT_RECORDED
        agents, register = (told.agents, told.register) if wanted else ((), ())
        answer = self._control.answer(call, consent, agents, register)
        return _Judged(call, answer=answer, records=wanted and answer.order is None)

    def _bridge(self, call: Call, announcement: Announcement, outcome: ConsentOutcome) -> str:
        """Let the two be connected, which an empty document does; or hang up, where it must be."""
        if ledger.must_hang_up(call, outcome):
            return self._announcing.hang_up(announcement.language)
        return twiml.nothing()
