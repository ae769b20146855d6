"""Agents: who may be recorded, and who comes to a call by a call of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from twirec.calls import forms, ledger, twiml
from twirec.calls.agents import OTHER_CALLER, agent_of
from twirec.model.agents import ConferenceEvent, Leg
from twirec.model.errors import CatalogError, NotFound, VendorError
from twirec.model.records import Call, CallRecord
from twirec.model.vendor import VendorCall
from twirec.model.vocabulary import Reason
from twirec.webhooks.decide import log
from twirec.webhooks.recorder import Recorder

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
        request = self._arrive(fields)
        if not request.begins:
            self._stop_leg(request.account_sid, request.call_sid)
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
            self._record_taker(request, forms.taker_of(fields))
        except (CatalogError, NotFound) as error:
            log.error("%s: unrecorded: %s", request.call_sid, error)
            with suppress(CatalogError):
                self._give_up(request.account_sid, request.call_sid, Reason.CATALOG_DOWN)
        return twiml.nothing()

    def _record_taker(self, request: forms.VoiceRequest, taker: str | None) -> None:
        record = self._catalog.ledger.call(request.account_sid, request.call_sid)
        call = record.call
        if taker is None:
            log.error("%s: unrecorded: Twilio does not say who takes it", call.call_sid)
            self._give_up(call.account_sid, call.call_sid, Reason.NOT_STARTED)
            return
        known = self._catalog.agents.add_leg(
            Leg(call.account_sid, taker, call.call_sid, self._now(), UNKNOWN)
        )
        if known and known.call_sid == call.call_sid:  # come twice: it was done
            return
        if known and known.call_sid:  # what is recorded of it would be another caller's
            self._give_up(call.account_sid, call.call_sid, Reason.NOT_STARTED)
            self._stop_leg(known.account_sid, taker)
            return
        agent = known.agent if known else UNKNOWN
        if ledger.may_record(record) and self._agents_allow(call, [agent]):
            self._start_recording(call, taker, ledger.AGENT_FIRST)

    def met(self, fields: Mapping[str, str]) -> None:
        """Write down who joined a conference or left it.

        Args:
            fields: the form of a conference's status callback.
        """
        event = forms.parse_conference_event(fields, self._now())
        if event is None:
            return
        if event.left:
            self._catalog.conferences.leave(event)
        else:
            self.meet(event)

    def meet(self, event: ConferenceEvent) -> None:
        """Write down that somebody is in a conference, and who else is there.

        What is recorded of whom may not be recorded with them is ended.
        """
        self._catalog.conferences.join(event)
        self._introduce(event)
        together = self._catalog.conferences.together(event.account_sid, event.conference_sid)
        records = [self._catalog.ledger.call(event.account_sid, sid) for sid in together.calls]
        known = [leg for leg in together.legs if self._is_known(leg)]
        for record in records if known else ():
            self._mind(record.call, [leg.agent or UNKNOWN for leg in known])
        self._part(records, strangers=len(known) < len(together.legs))
        alone = len(together.calls) + len(together.legs) == 1
        for leg in () if alone else known:
            if leg.call_sid and leg.call_sid not in together.calls:  # it was recorded for another
                self._stop_leg(leg.account_sid, leg.leg_sid)

    def _is_known(self, leg: Leg) -> bool:
        """Whether it is known who is on a leg: an agent, by name, or as whom a caller's dial rang.

        Who was dialled by an agent, and is not there as the customer who was told, is a stranger.
        """
        if leg.agent or not leg.call_sid:
            return bool(leg.agent)
        with suppress(NotFound):
            call = self._catalog.ledger.call(leg.account_sid, leg.call_sid).call
            return call.channel_map != ledger.AGENT_FIRST
        return False

    def _introduce(self, event: ConferenceEvent) -> None:
        """Write down whose leg it is that joined, if nothing told so before.

        It is no caller whom twirec told; it may be an agent whom the app has put through.
        """
        account_sid, sid = event.account_sid, event.leg_sid
        if self._catalog.agents.knows_leg(account_sid, sid):
            return
        with suppress(NotFound):
            self._catalog.ledger.call(account_sid, sid)
            return
        try:
            leg = self._leg(self._vendor().call(account_sid, sid, hurry=True))
        except VendorError as error:
            log.warning("%s: who is on it is not known: %s", sid, error)
            return
        self._catalog.agents.add_leg(leg)

    def _leg(self, found: VendorCall) -> Leg:
        """Return a leg with the call that dialled it, and the agent who is on it, if one is."""
        leg = Leg(found.account_sid, found.sid, None, self._now())
        dialled = found.direction.startswith("outbound")
        name = agent_of(found.to if dialled else found.from_, self._settings.country)
        with suppress(NotFound):
            if found.parent_call_sid:
                parent = self._catalog.ledger.call(found.account_sid, found.parent_call_sid).call
                theirs = parent.channel_map == ledger.AGENT_FIRST  # whom an agent dialled
                return replace(leg, call_sid=parent.call_sid, agent="" if theirs else name)
        return replace(leg, agent=name if self._is_inside(name) else "")

    def _is_inside(self, name: str) -> bool:
        if not name.startswith("+"):
            return name.startswith(("client:", "sip:", "sips:"))
        return self._catalog.agents.knows(name) or bool(self._catalog.agents.informed([name]))

    def _mind(self, call: Call, agents: Sequence[str]) -> None:
        """Name agents in the consent of a call; end its recording if one may not be recorded."""
        if ledger.ruled_out(call):  # and stays so for the reason that it has
            return
        if not self._agents_allow(call, agents):
            self._stop_recordings(call.account_sid, call.call_sid)

    def _part(self, records: Sequence[CallRecord], *, strangers: bool) -> None:
        """Callers are in one conference: unless all may be recorded, none is any more.

        Of whom nobody knows who they are, they may be a caller who was told nothing.
        """
        may_be = all(ledger.may_record(record) for record in records)
        if not strangers and (may_be or len(records) < 2):
            return
        for record in records:
            if ledger.ruled_out(record.call):  # and stays so for its reason
                continue
            log.warning("%s: %s", record.call.call_sid, OTHER_CALLER)
            account_sid, call_sid = record.call.account_sid, record.call.call_sid
            self._catalog.agents.name_in_consent(account_sid, call_sid, [], OTHER_CALLER)
            self._stop_recordings(account_sid, call_sid)

    def _arrive(self, fields: Mapping[str, str]) -> forms.VoiceRequest:
        """Write an agent's leg down, before it is known to which call they come."""
        request = forms.parse_voice_request(fields)
        agent = agent_of(request.agent, self._settings.country)
        try:
            self._catalog.agents.add_leg(
                Leg(request.account_sid, request.call_sid, None, self._now(), agent)
            )
        except CatalogError as error:
            log.error("%s: an agent's leg is not known: %s", request.call_sid, error)
        return request
