"""Agents: who may be recorded, and who comes to a call by a call of their own."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from twirec.calls import forms, reception, twiml
from twirec.calls.agents import OTHER_CALLER, agent_of
from twirec.model.agents import Leg
from twirec.model.errors import CatalogError, NotFound
from twirec.model.records import Call
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
        if taker in {leg.leg_sid for leg in record.legs}:  # come twice: it was done
            return
        leg = self._catalog.add_leg(
            Leg(call.account_sid, taker, call.call_sid, self._now(), UNKNOWN)
        )
        if leg.call_sid != call.call_sid:  # what is recorded of it would be another caller's
            self._give_up(call.account_sid, call.call_sid, Reason.NOT_STARTED)
        elif reception.may_record(record) and self._agents_allow(call, [leg.agent]):
            self._start_recording(call, leg.leg_sid)

    def met(self, fields: Mapping[str, str]) -> None:
        """Write down who joined a conference, and name the agents in the call's consent.

        Args:
            fields: the form of a conference's status callback.
        """
        told = forms.parse_joining(fields)
        conference = Leg(told.account_sid, told.conference_sid, None, self._now())
        for leg in self._catalog.meet(conference, told.call_sid):
            call = self._catalog.call(leg.account_sid, leg.call_sid or "").call
            self._mind(call, leg.agent)
        first = self._catalog.owner(told.account_sid, told.conference_sid)
        if first not in {told.conference_sid, told.call_sid}:
            with suppress(NotFound):  # it is an agent's leg, and no other caller's
                self._part(told.account_sid, first, told.call_sid)

    def _mind(self, call: Call, agent: str) -> None:
        """Name an agent in the consent of a call; end its recording if they may not be recorded."""
        if call.outcome is Outcome.NOT_RECORDED:  # and stays so for the reason that it has
            return
        if not self._agents_allow(call, [agent]):
            self._stop_recordings(call)

    def _part(self, account_sid: str, *callers: str) -> None:
        """Two callers are in one conference: unless both may be recorded, neither is any more."""
        records = [self._catalog.call(account_sid, sid) for sid in callers]
        if all(reception.may_record(record) for record in records):
            return
        for record in records:
            log.warning("%s: %s", record.call.call_sid, OTHER_CALLER)
            self._catalog.name_agents(account_sid, record.call.call_sid, [], OTHER_CALLER)
            self._stop_recordings(record.call)

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
