"""The sweep's look at conferences: who is in one, of whose coming nobody told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial

from twirec.catalog import Catalog
from twirec.model.agents import ConferenceEvent
from twirec.model.errors import NotFound
from twirec.model.ports import Vendor
from twirec.model.records import Recording, is_conference
from twirec.model.vendor import VendorParticipant
from twirec.sweep.discrepancies import Discrepancy
from twirec.webhooks.recording_control import RecordingControl


class ConferenceSide:
    """Asks the vendor who is in the conferences of calls that are being recorded.

    Args:
        catalog, vendor: what is compared.
        control: does what a callback would have done.
        now: the clock, UTC.
    """

    def __init__(
        self,
        catalog: Catalog,
        vendor: Vendor,
        control: RecordingControl,
        now: Callable[[], datetime],
    ) -> None:
        self._catalog = catalog
        self._vendor = vendor
        self._control = control
        self._now = now
        self._asked: set[tuple[str, str]] = set()

    def look(self, recording: Recording) -> Iterator[Discrepancy]:
        """Look at the conference in which the recorded call is; at each once."""
        where = (recording.account_sid, self._room(recording))
        if where in self._asked or not where[1]:
            return
        self._asked.add(where)
        for there in self._vendor.live.participants(*where):
            if event := self._untold(there):
                write = partial(self._control.conference_joined, event)
                yield Discrepancy(there.leg_sid, "conference_joined", "", write)

    def _room(self, recording: Recording) -> str:
        """Return the name of the conference; empty where there is none."""
        try:
            call = self._catalog.ledger.call(recording.account_sid, recording.call_sid or "").call
        except NotFound:  # it has no line
            return ""
        return call.dial[0].partition(":")[2] if is_conference(call.dial) else ""

    def _untold(self, there: VendorParticipant) -> ConferenceEvent | None:
        """Return the joining of somebody, if nobody told of it.

        Twilio's number of it is not known: it has the one of whoever came last before them.
        """
        known = self._catalog.conferences.attended(there.account_sid, there.conference_sid)
        if there.leg_sid in {each.leg_sid for each in known}:
            return None
        at = there.joined_at or self._now()
        last = max((each.number for each in known if each.at <= at), default=0)
        return ConferenceEvent(there.account_sid, there.conference_sid, there.leg_sid, last, at)
