"""Starting and ending recordings, as consent and the register of agents allow."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import chain

from twirec.calls import ledger, twiml
from twirec.calls.agents import NOT_INFORMED, OTHER_CALLER, agent_of, entries_of
from twirec.model.errors import CatalogError, VendorError
from twirec.model.records import Call, Recording
from twirec.model.states import State
from twirec.model.vocabulary import Reason, Role, Uninformed
from twirec.transfers.adoption import adopted, state_of
from twirec.transfers.stopping import order_stop, stop
from twirec.webhooks import recorded_now
from twirec.webhooks.decide import Desk, log


class Recorder(Desk):
    """Who may be recorded, and what is."""

    def _agents_allow(self, call: Call, agents: Sequence[str]) -> bool:
        """Name in the call's consent who of these was informed; whether it may be recorded."""
        settings = self._settings
        names = [agent_of(agent, settings.country) for agent in agents]
        day = call.started_at.astimezone(settings.timezone).date()
        found = entries_of(names, self._catalog.agents.informed(names), day)
        entries = [entry.id for entry in found if entry]
        warning = "" if len(entries) == len(names) else NOT_INFORMED
        shown = "" if call.detail == OTHER_CALLER else warning  # by that, the sweep ends recordings
        self._catalog.agents.name_in_consent(call.account_sid, call.call_sid, entries, shown)
        if not warning:
            return True
        log.warning("%s: %s", call.call_sid, warning)
        if settings.uninformed_agents is Uninformed.WARN:
            return True
        self._give_up(call.account_sid, call.call_sid, Reason.AGENT_NOT_INFORMED)
        return False

    def _start_recording(self, call: Call, leg: str, channel_map: tuple[Role, ...]) -> None:
        """Record a leg of a call from now on; if Twilio will not, it goes on, and says why.

        That it is of this call is written down at once: the leg may go on to another.
        """
        try:
            sid = self._vendor().start_recording(
                call.account_sid, leg, status_url=self._urls.status + twiml.RETRIES
            )
        except VendorError as error:
            log.error("%s: unrecorded: %s", call.call_sid, error)
            self._give_up(call.account_sid, call.call_sid, Reason.NOT_STARTED)
            return
        started = Recording(
            sid,
            call.account_sid,
            call.call_sid,
            State.RECORDING,
            source=ledger.BY_REST,
            started_at=self._now(),
            channel_map=channel_map,
            leg=None if leg == call.call_sid else leg,
        )
        try:
            self._catalog.recordings.adopt(started)
        except CatalogError as error:  # the callback will tell
            log.error("%s: not written down yet: %s", sid, error)

    def _stop_recordings(self, account_sid: str, call_sid: str) -> None:
        """End what is recorded of a call. What was recorded so far stays.

        What cannot be ended now, the next sweep ends: the call's line says that it may not go on.
        """
        record = self._catalog.ledger.call(account_sid, call_sid)
        known = recorded_now.known(record)
        untold = recorded_now.untold(self._catalog, self._vendor(), record, self._now())
        try:
            for recording in chain(known, untold):
                self._stop_recording(recording)
        except VendorError as error:
            log.error("%s: what is recorded of it is not known: %s", call_sid, error)

    def _stop_recording(self, recording: Recording) -> None:
        try:
            stop(self._vendor(), recording)
        except VendorError as error:
            log.error("%s: still recorded: %s", recording.sid, error)

    def _stop_leg(self, account_sid: str, leg_sid: str) -> None:
        """End what is recorded of a leg that goes on to somebody else, also without the catalog.

        What cannot be ended now, the next sweep ends.
        """
        try:
            for found in self._vendor().recordings(account_sid, call_sid=leg_sid, hurry=True):
                if state_of(found) is State.RECORDING:
                    stop(self._vendor(), adopted(found, leg_sid, self._now()))
        except VendorError as error:
            log.error("%s: what is recorded of it may go on: %s", leg_sid, error)
            with suppress(CatalogError):
                order_stop(self._catalog, leg_sid, self._now())
