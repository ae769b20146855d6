"""Who is recorded: started where everybody may be, ended where somebody may not.

What may go on is decided by `twirec.calls.who_hears`. Here are its facts gathered, what follows is
written down, the order to stop as a row, and then Twilio is told. The webhooks come here, and the
sweep, which ends what could not be ended then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import chain

from twirec.calls import ledger, twiml, who_hears
from twirec.calls.address import is_identity, key_of
from twirec.calls.from_vendor import adopted, goes_on, state_of
from twirec.calls.who_hears import Facts, Hearing, agent_on, entries_of, leg_of
from twirec.catalog import Catalog
from twirec.model.agents import ConferenceEvent, ConferenceSnapshot, InformedAgent, Leg, StopOrder
from twirec.model.errors import CatalogError, NotStopped, VendorError
from twirec.model.ports import Vendor
from twirec.model.records import (
    Answer,
    Call,
    CallRecord,
    Consent,
    Introduction,
    Meeting,
    Met,
    Naming,
    Received,
    Recording,
    Settlement,
)
from twirec.model.states import State
from twirec.model.vendor import GOES_ON, RecordingStatus
from twirec.model.vocabulary import Reason, Role, Verdict
from twirec.webhooks.context import Context, log
from twirec.webhooks.lines import give_up

UNKNOWN = "unknown"
"""Stands for an agent whose arrival could not be written down."""


class RecordingControl:
    """The one place that starts recordings, and ends them.

    Args:
        context: settings, catalog, vendor and clocks.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._catalog = context.catalog

    # --- before a call is connected -----------------------------------------------------------

    def record_consent(
        self, call: Call, consent: Consent, agents: Sequence[str]
    ) -> tuple[Consent, bool]:
        """Write down what was answered, with the agents whose phones are to ring.

        Args:
            call: its line.
            consent: what was answered.
            agents: numbers in any usual form, `client:NAME`, `sip:ADDRESS`.

        Returns:
            The consent that stands, which is `consent` or another that came first, and whether the
            call may be recorded with these agents.
        """
        if not consent.outcome.allows_recording:
            answer = self.answer(call, consent, (), ())
            return self._catalog.consents.record(consent, answer.reason), False
        names = self._names(agents)
        decide = partial(self.answer, call, consent, names)
        stands, answer = self._catalog.consents.record_with(names, decide)
        if stands is not answer.consent:
            return stands, False
        return consent, answer.order is None

    def answer(
        self,
        call: Call,
        consent: Consent,
        agents: Sequence[str],
        register: Sequence[InformedAgent],
    ) -> Answer:
        """Return what is written down of what was answered.

        Args:
            call: its line.
            consent: what was answered.
            agents: whose phones are to ring, by their `Address.key`.
            register: what the register says of them, oldest entry first.
        """
        if not consent.outcome.allows_recording:
            return Answer(consent, ledger.REASONS.get(consent.outcome))
        hearing, order = self._hearing(call, self._facts(call, agents, register))
        done = order and replace(order, done_at=order.at)  # nothing of it is recorded yet
        named = replace(consent, agents=hearing.entries)
        return Answer(named, hearing.reason, hearing.detail, done)

    def agents_allow(self, call: Call, agents: Sequence[str]) -> bool:
        """Name in the consent of a call who of some agents was informed.

        Args:
            call: its line.
            agents: as in `record_consent`.

        Returns:
            Whether it may be recorded with them.
        """
        names = self._names(agents)
        stops: list[bool] = []

        def decide(register: Sequence[InformedAgent]) -> Naming:
            naming, allowed = self.naming(call, names, register)
            stops.append(not allowed)
            return naming

        if names:
            self._catalog.consents.name_with(call.account_sid, call.call_sid, names, decide)
        else:  # nobody whom the register could know
            decide(())
        return not stops[0]

    def naming(
        self, call: Call, agents: Sequence[str], register: Sequence[InformedAgent]
    ) -> tuple[Naming, bool]:
        """Return what is written of a call with some agents, and whether it may be recorded so.

        Args:
            call: its line.
            agents: their names, by their `Address.key`.
            register: what the register says of them, oldest entry first.
        """
        hearing, order = self._hearing(call, self._facts(call, agents, register))
        naming = Naming(hearing.entries, hearing.reason, hearing.detail, order)
        return naming, not hearing.verdict.stops

    def start(self, call: Call, leg: str, channel_map: tuple[Role, ...]) -> None:
        """Record a leg of a call from now on; if Twilio will not, it goes on, and says why.

        That it is of this call is written down at once: the leg may go on to another.

        Args:
            call: its line.
            leg: the leg that is recorded, `CA…`.
            channel_map: who is on which channel of it.
        """
        try:
            self.begin(call, leg, channel_map)
        except VendorError as error:
            log.error("%s: unrecorded: %s", call.call_sid, error)
            give_up(self._catalog, call.account_sid, call.call_sid, Reason.NOT_STARTED)

    def begin(self, call: Call, leg: str, channel_map: tuple[Role, ...]) -> Recording:
        """Record a leg of a call from now on, as `start` does.

        Raises:
            VendorError: Twilio will not, or did not answer.
        """
        status_url = self._context.urls.status + twiml.RETRIES
        sid = self._context.vendor.live.start_recording(
            call.account_sid, leg, status_url=status_url
        )
        started = Recording(
            sid,
            call.account_sid,
            call.call_sid,
            State.RECORDING,
            source=ledger.BY_REST,
            started_at=self._context.now(),
            channel_map=channel_map,
            leg=None if leg == call.call_sid else leg,
        )
        try:
            self._catalog.recordings.adopt(started)
        except CatalogError as error:  # the callback will tell
            log.error("%s: not written down yet: %s", sid, error)
        return started

    def may_begin(self, record: CallRecord) -> Verdict:
        """Return whether a call may be recorded from now on, whose outside party consents to it.

        Args:
            record: the call, with those who are on it.
        """
        call = record.call
        account_sid, sids = call.account_sid, [call.call_sid]
        names = sorted({leg.agent for leg in record.legs if leg.agent})
        facts = self._facts(call, names, self._catalog.agents.informed(names) if names else ())
        here = self._catalog.conferences.with_now(account_sid, call.leg or call.call_sid)
        others = [sid for sid in here.calls if sid != call.call_sid]
        parents = [leg.call_sid for leg in here.legs if leg.call_sid]
        lines = self._catalog.consents.by_call(account_sid, {*others, *parents})
        orders = self._catalog.stop_orders.of(account_sid, sids).get(call.call_sid, ())
        return who_hears.decide(
            replace(
                facts,
                callers=(True, *(ledger.may_record(*lines[sid]) for sid in others if sid in lines)),
                strangers=len(_known_legs(here, lines)) < len(here.legs),
                orders=tuple(each for each in orders if each.is_of_call),
            )
        )

    # --- while it is recorded -----------------------------------------------------------------

    def conference_joined(self, event: ConferenceEvent) -> None:
        """Write down that somebody is in a conference; end what may not go on with who is there."""

        def if_known(meeting: Meeting) -> Mapping[str, Settlement]:
            return self._settlements(meeting) if meeting.is_known else {}

        met = self._catalog.meetings.join(event, if_known)
        if not met.meeting.is_known:
            introduction = self._introduction(event)
            met = self._catalog.meetings.join(event, self._settlements, introduction)
        self._stop_met(met)
        here = met.meeting.here
        if len(here.calls) + len(here.legs) > 1:
            for leg in _known_legs(met.meeting.here, met.meeting.lines):
                if leg.call_sid and leg.call_sid not in here.calls:  # recorded for another
                    self.leg_moved_on(event.account_sid, leg.leg_sid)

    def _settlements(self, meeting: Meeting) -> Mapping[str, Settlement]:
        """Return what follows for the calls in a conference."""
        here, lines = meeting.here, meeting.lines
        known = _known_legs(here, lines)
        names = self._names([leg.agent or UNKNOWN for leg in known])
        present = [lines[sid] for sid in here.calls if sid in lines]
        callers = tuple(ledger.may_record(*each) for each in present)
        settled: dict[str, Settlement] = {}
        for call, consents in present:
            if ledger.ruled_out(call):  # and stays so for the reason that it has
                continue
            orders = meeting.orders.get(call.call_sid, ())
            facts = replace(
                self._facts(call, names, meeting.register),
                callers=callers,
                strangers=len(known) < len(here.legs),
                # those of the leg are about what it was recorded for before
                orders=tuple(each for each in orders if each.is_of_call),
            )
            hearing, order = self._hearing(call, facts)
            named = {entry for consent in consents for entry in consent.agents}
            says_more = hearing.detail not in ("", call.detail)
            writes = order or says_more or not named.issuperset(hearing.entries)
            naming = Naming(hearing.entries, hearing.reason, hearing.detail, order)
            settled[call.call_sid] = Settlement(naming if writes else None, hearing.verdict.stops)
        return settled

    def _stop_met(self, met: Met) -> None:
        """End what is recorded of calls that may not go on with who is in the conference."""
        done: list[StopOrder] = []
        for record, legs in met.to_stop:
            rest = untold(self._catalog, self._context.vendor, record, legs, self._context.now())
            sid = record.call.call_sid
            naming = met.settled[sid].naming
            stopped = self._stop_all(chain(known_in_progress(record), rest), sid)
            if stopped and naming and naming.order:
                done.append(naming.order)
        self._done(*done)

    def leg_moved_on(self, account_sid: str, leg_sid: str) -> None:
        """End what is recorded of a leg that goes on to somebody else, also without the catalog."""
        verdict = who_hears.decide(Facts(moved_on=True))
        order = StopOrder(account_sid, leg_sid, verdict, self._context.now())
        try:
            found = self._context.vendor.recordings(account_sid, call_sid=leg_sid, hurry=True)
            recorded = [adopted(each, leg_sid, order.at) for each in found if goes_on(each)]
        except VendorError as error:
            log.error("%s: what is recorded of it may go on: %s", leg_sid, error)
            self._give(order)
            return
        if recorded:
            self._give(order)
        if self._stop_all(recorded, leg_sid) and recorded:
            self._done(order)

    def _give(self, order: StopOrder) -> None:
        with suppress(CatalogError):  # what is recorded is ended without it
            self._catalog.stop_orders.give(order)

    def _done(self, *orders: StopOrder) -> None:
        if orders:
            with suppress(CatalogError):  # the sweep finds that there is nothing to end
                self._catalog.stop_orders.done(*orders, at=self._context.now())

    def verdict_of(self, recording: Recording) -> Verdict:
        """Return whether a recording that is in progress goes on, by what was ordered before."""
        if recording.call_sid is None:
            return Verdict.GOES_ON
        sids = dict.fromkeys((recording.call_sid, recording.recorded_leg))
        orders = self._catalog.stop_orders.of(recording.account_sid, sids)
        theirs = tuple(order for sid in sids for order in orders.get(sid, ()))
        return who_hears.decide(Facts(orders=theirs, began_at=recording.started_at))

    def stop_if_ordered(self, received: Received) -> None:
        """End a recording of which Twilio told only after it was ordered that it ends."""
        recording = received.recording
        if recording is None:
            return
        facts = Facts(orders=received.orders, began_at=recording.started_at)
        if who_hears.decide(facts).stops:
            self._stop_all([recording], recording.recorded_leg)

    def stop(self, recording: Recording) -> None:
        """End a recording. What was recorded so far stays.

        Raises:
            NotStopped: Twilio says that it goes on.
            VendorError: Twilio refused, or did not answer.
        """
        status = self._context.vendor.live.set_recording(
            recording.account_sid, recording.recorded_leg, recording.sid, RecordingStatus.STOPPED
        )
        if status in GOES_ON:
            raise NotStopped(f"Twilio says of {recording.sid}: {status}.")

    # --- facts, and what is written down ------------------------------------------------------

    def _names(self, agents: Sequence[str]) -> list[str]:
        country = self._context.settings.country
        return [key_of(agent, country) for agent in agents]

    def _facts(self, call: Call, names: Sequence[str], register: Sequence[InformedAgent]) -> Facts:
        settings = self._context.settings
        day = call.started_at.astimezone(settings.timezone).date()
        return Facts(entries_of(names, register, day), settings.uninformed_agents)

    def _hearing(self, call: Call, facts: Facts) -> tuple[Hearing, StopOrder | None]:
        """Return what follows for a call, and the order that it ends, if that was not given yet."""
        hearing = who_hears.hear(facts)
        if hearing.detail:
            log.warning("%s: %s", call.call_sid, hearing.detail)
        verdict, order = hearing.verdict, None
        if verdict.stops and verdict not in {each.reason for each in facts.orders}:
            order = StopOrder(call.account_sid, call.call_sid, verdict, self._context.now())
        return hearing, order

    def _stop_all(self, recordings: Iterable[Recording], sid: str) -> bool:
        """End recordings, also while they are looked for. What cannot be ended, the sweep ends.

        Args:
            recordings: which.
            sid: of what they are.

        Returns:
            Whether nothing of them goes on.
        """
        failed: list[VendorError] = []
        try:
            for recording in recordings:
                try:
                    self.stop(recording)
                except VendorError as error:
                    log.error("%s: still recorded: %s", recording.sid, error)
                    failed.append(error)
        except VendorError as error:
            log.error("%s: what else is recorded of it is not known: %s", sid, error)
            failed.append(error)
        return not failed

    def _introduction(self, event: ConferenceEvent) -> Introduction | None:
        """Ask Twilio whose leg it is that joined, of which nothing told before.

        It is no caller whom twirec told; it may be an agent whom the app has put through.
        """
        account_sid, sid = event.account_sid, event.leg_sid
        try:
            found = self._context.vendor.call(account_sid, sid, hurry=True)
        except VendorError as error:
            log.warning("%s: who is on it is not known: %s", sid, error)
            return None
        country, now = self._context.settings.country, self._context.now()
        name = agent_on(found, country)

        def leg(parent: Call | None, known: bool) -> Leg:
            return leg_of(found, parent, country, now, known)

        return Introduction(found.parent_call_sid, name if is_identity(name) else "", leg)


def _known_legs(
    here: ConferenceSnapshot, lines: Mapping[str, tuple[Call, tuple[Consent, ...]]]
) -> list[Leg]:
    """Return the legs in a conference of which it is known whose they are."""
    calls = {sid: call for sid, (call, _) in lines.items()}
    return [leg for leg in here.legs if who_hears.is_known(leg, calls.get(leg.call_sid or ""))]


def known_in_progress(record: CallRecord) -> list[Recording]:
    """Return the recordings of a call that are in progress, as far as Twilio told of them."""
    return [each for each in record.recordings if each.state is State.RECORDING]


def untold(
    catalog: Catalog, vendor: Vendor, record: CallRecord, legs: Iterable[str], now: datetime
) -> Iterator[Recording]:
    """Adopt what Twilio records of a call and has not told of (yet): a callback may be lost.

    Somebody on the phone waits for this: Twilio is asked once.

    Args:
        catalog, vendor: where it is adopted, and who is asked.
        record: the call.
        legs: whose recordings are of it.
        now: UTC.

    Raises:
        VendorError: Twilio could not be asked.
    """
    call = record.call
    known = {recording.sid for recording in record.recordings}
    for leg in legs:
        for found in vendor.recordings(call.account_sid, call_sid=leg, hurry=True):
            if found.sid in known or state_of(found) is not State.RECORDING:
                continue
            known.add(found.sid)
            channel_map = ledger.channels_of(found.source, leg, call, record.legs)
            recording = replace(adopted(found, call.call_sid, now), channel_map=channel_map)
            catalog.recordings.adopt(recording)
            yield recording
