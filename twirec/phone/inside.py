"""Agents: who may be recorded, and who comes to a call by a call of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

from twirec.calls import forms, reception, twiml
from twirec.calls.agents import OTHER_CALLER, agent_of
from twirec.model.agents import ConferenceEvent, Leg
from twirec.model.errors import CatalogError, NotFound, VendorError
from twirec.model.records import Call, CallRecord
from twirec.model.words import Outcome, Reason
from twirec.phone.desk import log
from twirec.phone.recorder import Recorder

UNKNOWN = "unknown"
"""Stands for an agent whose arrival could not be written down."""


class Inside(Recorder):
    """Calls of agents, who take somebody out of a queue or join a conference."""

    def take(self, fields: Mapping[str, str], queue: str) -> str:
        """Return the TwiML that connects an agent with whoever waits longest in a queue.

        Args:
            fields: Twilio's form, of the agent's call.
            queue: its name.

        Raises:
            MalformedRequest: a field is missing or has the wrong form.
        """
        self._arrive(fields)
        return twiml.take(queue, self._urls)

    def join(self, fields: Mapping[str, str], room: str) -> str:
        """Return the TwiML that lets an agent into a conference.

        Args:
            fields: Twilio's form, of the agent's call.
            room: the conference's name.

        Raises:
            MalformedRequest: a field is missing or has the wrong form.
        """
        self._arrive(fields)
        return twiml.join(room, self._urls)

    def dequeued(self, fields: Mapping[str, str]) -> str:
        """Start the recording of a call that an agent takes out of a queue, if it is allowed.

        It is of the agent's leg, which is channel 1. The two are connected whatever happens here.

        Args:
            fields: Twilio's form, of the leg that waited.
        """
        request = forms.parse_voice_request(fields)
        try:
            self._record_taker(request)
        except (CatalogError, NotFound) as error:
            log.error("%s: unrecorded: %s", request.call_sid, error)
            with suppress(CatalogError):
                self._give_up(request.account_sid, request.call_sid, Reason.CATALOG_DOWN)
        return twiml.nothing()

    def _record_taker(self, request: forms.VoiceRequest) -> None:
        record = self._catalog.call(request.account_sid, request.call_sid)
        call, taker = record.call, request.dequeuing_call_sid
        if taker is None:
            log.error("%s: unrecorded: Twilio does not say who takes it", call.call_sid)
            self._give_up(call.account_sid, call.call_sid, Reason.NOT_STARTED)
            return
        known = self._catalog.add_leg(
            Leg(call.account_sid, taker, call.call_sid, self._now(), UNKNOWN)
        )
        if known and known.call_sid == call.call_sid:  # come twice: it was done
            return
        if known and known.call_sid:  # what is recorded of it would be another caller's
            self._give_up(call.account_sid, call.call_sid, Reason.NOT_STARTED)
            self._stop_recordings(known.account_sid, known.call_sid, of=taker)
            return
        agent = known.agent if known else UNKNOWN
        if reception.may_record(record) and self._agents_allow(call, [agent]):
            self._start_recording(call, taker)

    def met(self, fields: Mapping[str, str]) -> None:
        """Write down who joined a conference or left it, and name who is there in the consents.

        Args:
            fields: the form of a conference's status callback.
        """
        event = forms.parse_conference_event(fields, self._now())
        if event.left:
            self._catalog.leave(event)
            return
        self._introduce(event)
        together = self._catalog.join(event)
        agents = [leg.agent for leg in together.legs]
        records = [self._catalog.call(event.account_sid, sid) for sid in together.calls]
        for record in records if agents else ():
            self._mind(record.call, agents)
        self._part(records)
        for leg in together.legs if records else ():
            if leg.call_sid and leg.call_sid not in together.calls:  # taken out of a queue before
                self._stop_recordings(leg.account_sid, leg.call_sid, of=leg.leg_sid)

    def _introduce(self, event: ConferenceEvent) -> None:
        """Write down whose leg it is that joined, if nothing told so before.

        It is no caller whom twirec told, and may be an agent whom the app has put through.
        """
        account_sid, sid = event.account_sid, event.leg_sid
        if self._catalog.knows_leg(account_sid, sid):
            return
        with suppress(NotFound):
            self._catalog.call(account_sid, sid)
            return
        self._catalog.add_leg(Leg(account_sid, sid, None, event.at, self._who(account_sid, sid)))

    def _who(self, account_sid: str, leg_sid: str) -> str:
        try:
            leg = self._vendor().call(account_sid, leg_sid)
        except VendorError as error:
            log.warning("%s: who is on it is not known: %s", leg_sid, error)
            return UNKNOWN
        dialled = leg.direction.startswith("outbound")
        return agent_of(leg.to if dialled else leg.from_, self._settings.country)

    def _mind(self, call: Call, agents: Sequence[str]) -> None:
        """Name agents in the consent of a call; end its recording if one may not be recorded."""
        if call.outcome is Outcome.NOT_RECORDED:  # and stays so for the reason that it has
            return
        if not self._agents_allow(call, agents):
            self._stop_recordings(call.account_sid, call.call_sid)

    def _part(self, records: Sequence[CallRecord]) -> None:
        """Callers are in one conference: unless all may be recorded, none is any more."""
        if len(records) < 2 or all(reception.may_record(record) for record in records):
            return
        for record in records:
            log.warning("%s: %s", record.call.call_sid, OTHER_CALLER)
            account_sid, call_sid = record.call.account_sid, record.call.call_sid
            self._catalog.name_agents(account_sid, call_sid, [], OTHER_CALLER)
            self._stop_recordings(account_sid, call_sid)

    def _arrive(self, fields: Mapping[str, str]) -> None:
        """Write an agent's leg down, before it is known to which call they come."""
        request = forms.parse_voice_request(fields)
        agent = agent_of(request.agent, self._settings.country)
        try:
            self._catalog.add_leg(
                Leg(request.account_sid, request.call_sid, None, self._now(), agent)
            )
        except CatalogError as error:
            log.error("%s: an agent's leg is not known: %s", request.call_sid, error)
