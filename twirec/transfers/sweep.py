"""The sweep: what callbacks missed, brought to the same truth in vendor and catalog."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from twirec.calls.forms import CallEnd
from twirec.calls.reception import channels_of
from twirec.model.catalog import Catalog
from twirec.model.errors import (
    NotAtVendor,
    NotFound,
    TwirecError,
    VendorError,
    VerificationFailed,
)
from twirec.model.ports import Bucket, Vendor
from twirec.model.records import Call, Recording, SweepReport
from twirec.model.states import State
from twirec.model.vendor import RecordingStatus, VendorRecording
from twirec.model.words import Outcome, Reason
from twirec.transfers.adoption import adopted, line_of, state_of
from twirec.transfers.closing import close_line

log = logging.getLogger("twirec.sweep")

MARK = "sweep "
"""What the mark of an account is remembered under, before its SID."""
FIRST_LOOK_BACK = timedelta(days=7)
"""How far the first sweep looks back."""
OVERLAP = timedelta(days=1)
"""How far a sweep looks back behind the last one: callbacks of long calls come late."""
LONGEST_PAUSE = timedelta(minutes=15)
"""After this a pause that was not resumed is reported. It is never ended by itself: that could
record the card number it was made for."""
SETTLED = timedelta(minutes=5)
"""How old a call must be before the sweep asks how it ended."""


class Sweep:
    """Compares the vendor with the catalog, and repairs what it safely can.

    Args:
        catalog, bucket, vendor: what is compared.
        country: ISO 3166 code by which numbers of adopted calls are read.
        now: the clock, UTC.
    """

    def __init__(
        self,
        catalog: Catalog,
        bucket: Bucket,
        vendor: Vendor,
        *,
        country: str,
        now: Callable[[], datetime],
    ) -> None:
        self._catalog = catalog
        self._bucket = bucket
        self._vendor = vendor
        self._country = country
        self._now = now

    def run(self) -> SweepReport:
        """Look at everything since the last sweep, and report.

        Raises:
            VendorError: an account could not be listed. Everything else was looked at; the next
                sweep of that account begins where this one did.
        """
        until = self._now()
        tally = _Tally()
        unlisted: list[VendorError] = []
        sinces = [until]
        for account in self._vendor.accounts:
            mark = self._catalog.mark(MARK + account)
            sinces.append(mark - OVERLAP if mark else until - FIRST_LOOK_BACK)
            try:
                self._account(account, sinces[-1], until, tally)
            except VendorError as error:
                log.error("%s cannot be listed: %s", account, error)
                unlisted.append(error)
        self._catalog_side(until, tally)
        if unlisted:
            raise unlisted[0]
        return tally.report(min(sinces), until)

    def _account(self, account: str, since: datetime, until: datetime, tally: _Tally) -> None:
        """Look at what the vendor lists. The mark stops at what could not be repaired."""
        mark = until
        for found in self._vendor.recordings(account, since=since, until=until):
            tally.seen += 1
            if not tally.attempt(found.sid, partial(self._recording, found, tally)):
                mark = min(mark, found.created_at or since)
        self._catalog.set_mark(MARK + account, mark)

    def _catalog_side(self, until: datetime, tally: _Tally) -> None:
        """Look at what the catalog waits for."""
        for recording in self._catalog.in_progress(until - SETTLED):
            tally.attempt(recording.sid, partial(self._in_progress, recording, tally))
        for call in self._catalog.unfinished_calls(until - SETTLED):
            tally.attempt(call.call_sid, partial(self._call, call, tally))
        for recording in self._catalog.parked():
            tally.problems[recording.sid] = f"was parked, is tried again: {recording.last_error}"
            self._catalog.make_due(recording.sid, until)
        for pause in self._catalog.open_pauses(until - LONGEST_PAUSE):
            tally.problems[pause.recording_sid] = f"paused since {pause.paused_at}, not resumed"

    def _recording(self, found: VendorRecording, tally: _Tally) -> None:
        """Bring one recording that the vendor listed to the catalog's knowledge."""
        try:
            known = self._catalog.recording(found.sid)
        except NotFound:
            self._adopt(found, tally)
            return
        if known.state is State.RELEASED:
            self._delete_again(known, tally)
        elif self._catalog.refresh(found.sid, found, state_of(found), self._now()):
            tally.advanced += 1

    def _in_progress(self, known: Recording, tally: _Tally) -> None:
        """Ask for a recording of which Twilio last said that it is in progress."""
        try:
            found = self._vendor.recording(known.account_sid, known.sid)
        except NotAtVendor as error:
            gone = VendorRecording(
                known.sid, known.account_sid, known.call_sid, RecordingStatus.DELETED
            )
            self._catalog.refresh(known.sid, gone, State.LOST, self._now())
            raise NotAtVendor("lost: Twilio no longer has it") from error
        if self._catalog.refresh(known.sid, found, state_of(found), self._now()):
            tally.advanced += 1

    def _adopt(self, found: VendorRecording, tally: _Tally) -> None:
        of = found.call_sid or found.conference_sid
        owner = self._catalog.owner(found.account_sid, of) if of else None
        recording = adopted(found, owner if owner != found.conference_sid else None, self._now())
        record, unknown = None, None
        try:
            record = line_of(self._catalog, self._vendor, recording, self._country)
        except VendorError as error:  # the transfer asks for the call again
            unknown = error
        if record:
            map_ = channels_of(found.source, found.call_sid, record)
            recording = replace(recording, channel_map=map_)
        if self._catalog.adopt(recording):
            tally.adopted += 1
            log.info("%s: adopted", found.sid)
        if unknown:
            raise unknown

    def _delete_again(self, known: Recording, tally: _Tally) -> None:
        """Delete what the catalog says is gone, after another look at our own copy."""
        stored = self._bucket.stat(known.object_name or "")
        if (stored.size, stored.crc32c) != (known.size, known.crc32c):
            raise VerificationFailed("the bucket's copy is not what was archived")
        self._vendor.delete(known.account_sid, known.sid)
        tally.deleted_again += 1

    def _call(self, call: Call, tally: _Tally) -> None:
        """Ask how a call ended whose end nobody told us, or that owes a recording."""
        try:
            found = self._vendor.call(call.account_sid, call.call_sid)
        except NotAtVendor:
            self._close(call, "unknown", self._now(), tally)
            return
        if not found.finished:
            return
        legs = self._catalog.call(call.account_sid, call.call_sid).legs
        recordings = [
            recording
            for sid in {call.call_sid, *(leg.leg_sid for leg in legs if leg.agent)}
            for recording in self._vendor.recordings(call.account_sid, call_sid=sid)
        ]
        for recording in recordings:
            self._recording(recording, tally)
        if not recordings:
            self._close(call, found.status, found.ended_at or self._now(), tally)

    def _close(self, call: Call, status: str, ended_at: datetime, tally: _Tally) -> None:
        end = CallEnd(call.account_sid, call.call_sid, call_status=status)
        close_line(self._catalog, end, ended_at)
        self._catalog.close_call(
            call.account_sid,
            call.call_sid,
            outcome=Outcome.NOT_RECORDED,
            reason=Reason.NO_RECORDING_AT_VENDOR,
            ended_at=ended_at,
        )
        tally.lines_closed += 1


@dataclass(slots=True)
class _Tally:
    """What a sweep counts while it goes."""

    seen: int = 0
    adopted: int = 0
    advanced: int = 0
    lines_closed: int = 0
    deleted_again: int = 0
    problems: dict[str, str] = field(default_factory=dict)

    def attempt(self, sid: str, step: Callable[[], None]) -> bool:
        """Take a step; what fails is reported by SID, and the sweep goes on. Whether it worked."""
        try:
            step()
        except TwirecError as error:
            self.problems[sid] = f"{type(error).__name__}: {error}"
            log.warning("%s: %s", sid, error)
            return False
        return True

    def report(self, since: datetime, until: datetime) -> SweepReport:
        return SweepReport(since=since, until=until, **asdict(self))
