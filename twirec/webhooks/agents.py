"""Agents' own calls: they take somebody out of a queue, or join a conference."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from twirec.calls import forms, ledger, twiml
from twirec.calls.address import key_of
from twirec.model.agents import Leg
from twirec.model.errors import CatalogError, NotFound
from twirec.model.records import Call, Naming, ToldCall
from twirec.model.vocabulary import Reason
from twirec.webhooks.context import Context, log
from twirec.webhooks.lines import give_up
from twirec.webhooks.recording_control import UNKNOWN, RecordingControl


class Agents:
    """Agents who come to a call by a call of their own.

    Args:
        context: settings, catalog and clocks.
        control: starts and ends recordings.
    """

    def __init__(self, context: Context, control: RecordingControl) -> None:
        self._context = context
        self._catalog = context.catalog
        self._control = control

    def take(self, fields: Mapping[str, str], queue: str) -> str:
        """Return the TwiML that connects an agent with whoever waits longest in a queue.

        Args:
            fields: Twilio's form, of the agent's call.
            queue: its name.

        Raises:
            MalformedRequest: a field is missing or has the wrong form.
        """
        request = self._arrive(fields)
        if not request.begins:
            self._control.leg_moved_on(request.account_sid, request.call_sid)
        return twiml.take(queue, self._context.urls)

    def join(self, fields: Mapping[str, str], room: str) -> str:
        """Return the TwiML that lets an agent into a conference.

        Args:
            fields: Twilio's form, of the agent's call.
            room: the conference's name.

        Raises:
            MalformedRequest: a field is missing or has the wrong form.
        """
        self._arrive(fields)
        return twiml.join(room, self._context.urls)

    def dequeued(self, fields: Mapping[str, str]) -> str:
        """Start the recording of a call that an agent takes out of a queue, if it is allowed.

        It is of the agent's leg, which is channel 1. The two are connected whatever happens here.

        Args:
            fields: Twilio's form, of the leg that waited.
        """
        request = forms.parse_voice_request(fields)
        try:
            self._record_taker(request, forms.taker_of(fields))
        except (CatalogError, NotFound) as error:
            log.error("%s: unrecorded: %s", request.call_sid, error)
            with suppress(CatalogError):
                give_up(self._catalog, request.account_sid, request.call_sid, Reason.CATALOG_DOWN)
        return twiml.nothing()

    def _record_taker(self, request: forms.VoiceRequest, taker: str | None) -> None:
        account_sid, call_sid = request.account_sid, request.call_sid
        if taker is None:
            log.error("%s: unrecorded: Twilio does not say who takes it", call_sid)
            give_up(self._catalog, account_sid, call_sid, Reason.NOT_STARTED)
            return
        starts: list[Call] = []
        before: list[str] = []

        def decide(told: ToldCall, known: Leg | None) -> Naming:
            if known and known.call_sid == call_sid:  # come twice: it was done
                return Naming()
            if known and known.call_sid:  # what is recorded of it would be another caller's
                before.append(known.call_sid)
                return Naming(reason=Reason.NOT_STARTED)
            if not ledger.may_record(told.call, told.consents):
                return Naming()
            naming, allowed = self._control.naming(told.call, told.agents, told.register)
            starts.extend([told.call] if allowed else [])
            return naming

        leg = Leg(account_sid, taker, call_sid, self._context.now(), UNKNOWN)
        self._catalog.meetings.take(leg, decide)
        if before:
            self._control.leg_moved_on(account_sid, taker)
        for call in starts:
            self._control.start(call, taker, ledger.AGENT_FIRST)

    def conference(self, fields: Mapping[str, str]) -> None:
        """Write down who joined a conference or left it, and end what may not go on with them.

        Args:
            fields: the form of a conference's status callback.
        """
        event = forms.parse_conference_event(fields, self._context.now())
        if event is None:
            return
        if event.left:
            self._catalog.conferences.leave(event)
        else:
            self._control.conference_joined(event)

    def _arrive(self, fields: Mapping[str, str]) -> forms.VoiceRequest:
        """Write an agent's leg down, before it is known to which call they come."""
        request = forms.parse_voice_request(fields)
        agent = key_of(request.agent, self._context.settings.country)
        leg = Leg(request.account_sid, request.call_sid, None, self._context.now(), agent)
        try:
            self._catalog.agents.add_leg(leg)
        except CatalogError as error:
            log.error("%s: an agent's leg is not known: %s", request.call_sid, error)
        return request
