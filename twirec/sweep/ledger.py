"""The sweep's look at what the catalog waits for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

from twirec.calls.forms import CallEnd
from twirec.calls.from_vendor import goes_on, state_of
from twirec.calls.ledger import UNANSWERED
from twirec.catalog import Catalog
from twirec.model.agents import StopOrder
from twirec.model.errors import NotAtVendor
from twirec.model.ownership import Claim, NotOurs
from twirec.model.ports import Vendor
from twirec.model.records import VOICEMAIL, Call, Pause, Recording
from twirec.model.states import NOTHING_THERE, State
from twirec.model.vendor import RecordingStatus, VendorCall, VendorRecording
from twirec.model.vocabulary import Outcome, Reason
from twirec.sweep.conferences import ConferenceSide
from twirec.sweep.discrepancies import Ask, Discrepancy
from twirec.sweep.vendor import VendorSide
from twirec.transfers.adoption import late_line, with_numbers
from twirec.transfers.ownership import Ownership
from twirec.webhooks.lines import close_line
from twirec.webhooks.recording_control import RecordingControl

SETTLED = timedelta(minutes=5)
"""How old a call must be before the sweep asks how it ended."""

LONGEST_PAUSE = timedelta(minutes=15)
"""After this a pause that was not resumed is reported. It is never ended by itself: that could
record the card number it was made for."""

DECIDE = "waits for `twirec accept`, `twirec give-up` or `twirec work --retry`"
"""What is said of a recording that time does not mend."""

PAGE = 1000
"""How many lines are read at once."""


class LedgerSide:
    """Asks the vendor for what the catalog waits for.

    Args:
        catalog, vendor: what is compared.
        vendor_side: compares the recordings that turn up.
        ownership: says whose a call is.
        conference_side: looks who is in a conference.
        country: ISO 3166 code by which numbers are read.
        control: says which recordings may not go on, and ends them.
        now: the clock, UTC.
    """

    def __init__(
        self,
        catalog: Catalog,
        vendor: Vendor,
        vendor_side: VendorSide,
        ownership: Ownership,
        conference_side: ConferenceSide,
        country: str,
        control: RecordingControl,
        now: Callable[[], datetime],
    ) -> None:
        self._catalog = catalog
        self._vendor = vendor
        self._vendor_side = vendor_side
        self._ownership = ownership
        self._conference_side = conference_side
        self._country = country
        self._control = control
        self._now = now

    def questions(self, until: datetime) -> Iterator[tuple[str, Ask]]:
        """Return what there is to ask for, by SID."""
        orders = self._catalog.stop_orders.open()
        going_on = self._catalog.recordings.in_progress(
            until - SETTLED, also=[order.sid for order in orders]
        )
        for recording in going_on:
            yield recording.sid, partial(self._in_progress, recording)
        recorded = {sid for each in going_on for sid in (each.call_sid, each.recorded_leg)}
        for order in orders:
            if order.sid not in recorded:
                yield order.sid, partial(self._carried_out, order, until)
        for call in self._unfinished(until - SETTLED):
            yield call.call_sid, partial(self._call, call)
        for recording in self._catalog.recordings.parked():
            yield recording.sid, partial(self._parked, recording, until)
        for pause in self._catalog.pauses.open():
            yield pause.recording_sid, partial(self._pause, pause, until)

    def call(self, call: VendorCall) -> Iterator[Discrepancy]:
        """Look at a call that the vendor listed: every one of the own numbers has a line.

        One that has none came while the app or the catalog was down. One whose numbers are not
        known was asked for at a moment when the vendor did not know it yet.
        """
        if not call.finished or self._catalog.agents.knows_leg(call.account_sid, call.sid):
            return
        known = self._catalog.ledger.line(call.account_sid, call.sid)
        if known is None:
            points_here = partial(self._points_here, call)
            line = late_line(self._catalog, self._vendor, call, self._country, points_here)
            if line and self._may_be_ours(call):
                yield Discrepancy(call.sid, "lines_written", "", partial(self._write, line))
        elif not known.number_known and self._may_be_ours(call):
            add = partial(with_numbers, self._catalog, self._vendor, call, self._country)
            yield Discrepancy(call.sid, "numbers_found", "", add)

    def _points_here(self, call: VendorCall) -> bool:
        """Whether a call is ours by where its address points, though no call of it has a line."""
        return self._ownership.whose_call(call) in {Claim.ROUTE, Claim.NAMED}

    def _may_be_ours(self, call: VendorCall) -> bool:
        """Whether a call of an own number is not another app's now: numbers move."""
        everything = self._catalog.database.adopt.everything
        return everything or self._ownership.whose_call(call) is not NotOurs.ELSEWHERE

    def _write(self, line: Call) -> None:
        """Write a line, and close it: others may have recorded the call all the same."""
        self._catalog.ledger.open_call(line)
        recordings = self._catalog.ledger.call(line.account_sid, line.call_sid).recordings
        recorded = any(each.state not in NOTHING_THERE and not each.given_up for each in recordings)
        self._catalog.ledger.close_call(
            line.account_sid,
            line.call_sid,
            outcome=Outcome.RECORDED if recorded else Outcome.NOT_RECORDED,
            reason=None if recorded else Reason.CATALOG_DOWN,
            ended_at=line.ended_at,
        )

    def _unfinished(self, before: datetime) -> Iterator[Call]:
        page = self._catalog.ledger.unfinished_calls(before, limit=PAGE)
        while page:
            yield from page
            page = self._catalog.ledger.unfinished_calls(before, after=page[-1], limit=PAGE)

    def _parked(self, recording: Recording, until: datetime) -> Iterator[Discrepancy]:
        """Let what an outage or a setting parked be tried once more, and name what waits for us."""
        if recording.undecided:
            yield Discrepancy(recording.sid, reason=f"{DECIDE}: {recording.last_error}")
            return
        yield Discrepancy(
            recording.sid,
            reason=f"was parked, is tried again: {recording.last_error}",
            repair=partial(self._catalog.recordings.make_due, recording.sid, until),
        )

    def _pause(self, pause: Pause, until: datetime) -> Iterator[Discrepancy]:
        """Report a pause that was forgotten, and end its span where the recording ended."""
        sid = pause.recording_sid
        recording = self._catalog.recordings.get(sid)
        if recording.state is State.RECORDING:
            if until - pause.paused_at > LONGEST_PAUSE:
                yield Discrepancy(sid, reason=f"paused since {pause.paused_at}, not resumed")
            return
        ended_at = max(recording.ended_at or until, pause.paused_at)
        forgotten = ended_at - pause.paused_at > LONGEST_PAUSE
        yield Discrepancy(
            sid,
            reason=f"it ended while paused since {pause.paused_at}" if forgotten else "",
            repair=partial(self._catalog.pauses.end, sid, ended_at, None),
        )

    def _carried_out(self, order: StopOrder, until: datetime) -> Iterator[Discrepancy]:
        """Note of an order that a recording ends that nothing goes on any more."""
        done = partial(self._catalog.stop_orders.done, order, at=until)
        yield Discrepancy(order.sid, repair=done)

    def _in_progress(self, known: Recording) -> Iterator[Discrepancy]:
        """Ask for a recording of which Twilio last said that it is in progress."""
        try:
            recording = self._vendor.recording(known.account_sid, known.sid)
        except NotAtVendor:
            gone = VendorRecording(
                known.sid, known.account_sid, known.call_sid, RecordingStatus.DELETED
            )
            lost = partial(
                self._catalog.recordings.refresh, known.sid, gone, State.LOST, self._now()
            )
            yield Discrepancy(known.sid, "advanced", "lost: Twilio no longer has it", lost)
            return
        if state_of(recording) is not State.RECORDING:
            yield from self._vendor_side.compare(recording)
        elif not goes_on(recording):  # ended, and Twilio still makes the file: the next sweep sees
            return
        elif self._control.verdict_of(known).stops:
            yield Discrepancy(known.sid, "stopped", "", partial(self._control.stop, known))
        else:
            yield from self._conference_side.look(known)

    def _call(self, call: Call) -> Iterator[Discrepancy]:
        """Ask how a call ended whose end nobody told us, or that owes a recording."""
        try:
            listed = self._vendor.call(call.account_sid, call.call_sid)
        except NotAtVendor:
            end = CallEnd(call.account_sid, call.call_sid, call_status="unknown")
            yield from self._unclosed(end, self._now())
            return
        if not listed.finished:
            return
        recordings = self._recordings(call)
        for recording in recordings:
            yield from self._vendor_side.compare(recording)
        if not recordings:
            yield from self._unclosed(self._end(listed), listed.ended_at or self._now())

    def _recordings(self, call: Call) -> list[VendorRecording]:
        """Return what the vendor has of a call and of the agents' legs that belong to it."""
        legs = self._catalog.ledger.call(call.account_sid, call.call_sid).legs
        agents = {leg.leg_sid for leg in legs if leg.agent} - {call.call_sid}
        owner = partial(self._catalog.conferences.owner, call.account_sid)
        sids = {call.call_sid, *(sid for sid in agents if owner(sid) == call.call_sid)}
        return [
            recording
            for sid in sorted(sids)
            for recording in self._vendor.recordings(call.account_sid, call_sid=sid)
        ]

    def _end(self, call: VendorCall) -> CallEnd:
        """Return how a call ended; the legs that it dialled say whether anybody answered."""
        legs = self._vendor.legs(call.account_sid, call.sid)
        nobody = all(leg.status in UNANSWERED for leg in legs)
        dialled = (legs[0].status if nobody else "completed") if legs else None
        return CallEnd(call.account_sid, call.sid, call.status, dial_status=dialled)

    def _unclosed(self, end: CallEnd, ended_at: datetime) -> Iterator[Discrepancy]:
        yield Discrepancy(end.call_sid, "lines_closed", "", partial(self._close, end, ended_at))
        line = self._catalog.ledger.call(end.account_sid, end.call_sid).call
        if line.reason is Reason.NO_RECORDING_AT_VENDOR:
            yield Discrepancy(
                end.call_sid, reason="it owes a recording: Twilio has no recording of it"
            )

    def _close(self, end: CallEnd, ended_at: datetime) -> None:
        close_line(self._catalog, end, ended_at, self._country)
        self._catalog.ledger.close_call(
            end.account_sid,
            end.call_sid,
            outcome=Outcome.NOT_RECORDED,
            reason=self._why_nothing_came(end),
            ended_at=ended_at,
        )

    def _why_nothing_came(self, end: CallEnd) -> Reason:
        """Who leaves no message leaves no recording: that is nothing to look into."""
        line = self._catalog.ledger.call(end.account_sid, end.call_sid).call
        return Reason.SILENT if line.dial == (VOICEMAIL,) else Reason.NO_RECORDING_AT_VENDOR
