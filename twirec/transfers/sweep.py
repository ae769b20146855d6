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
from twirec.model.errors import NotAtVendor, NotFound, TwirecError, VerificationFailed
from twirec.model.ports import Bucket, Vendor
from twirec.model.records import Call, Recording, SweepReport
from twirec.model.states import State
from twirec.model.vendor import VendorRecording
from twirec.model.words import Outcome, Reason
from twirec.transfers.adoption import adopted, line_of, state_of
from twirec.transfers.closing import close_line

log = logging.getLogger("twirec.sweep")

MARK = "sweep"
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
            VendorError: the vendor could not be listed; the next sweep begins where this one did.
        """
        until = self._now()
        mark = self._catalog.mark(MARK)
        since = mark - OVERLAP if mark else until - FIRST_LOOK_BACK
        tally = _Tally()
        for account in self._vendor.accounts:
            for found in self._vendor.recordings(account, since=since, until=until):
                tally.seen += 1
                tally.attempt(found.sid, partial(self._recording, found, tally))
        for call in self._catalog.unfinished_calls(until - SETTLED):
            tally.attempt(call.call_sid, partial(self._call, call, tally))
        for pause in self._catalog.open_pauses(until - LONGEST_PAUSE):
            tally.problems[pause.recording_sid] = f"paused since {pause.paused_at}, not resumed"
        self._catalog.set_mark(MARK, until)
        return tally.report(since, until)

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

    def _adopt(self, found: VendorRecording, tally: _Tally) -> None:
        recording = adopted(found, self._now())
        record = line_of(self._catalog, self._vendor, recording, self._country)
        if record:
            map_ = channels_of(found.source, record.call)
            recording = replace(recording, channel_map=map_)
        if self._catalog.adopt(recording):
            tally.adopted += 1
            log.info("%s: adopted", found.sid)

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
            self._close(call, "unknown", tally)
            return
        if not found.finished:
            return
        listed = self._vendor.recordings(call.account_sid, call_sid=call.call_sid)
        recordings = list(listed)
        for recording in recordings:
            self._recording(recording, tally)
        if not recordings:
            self._close(call, found.status, tally)

    def _close(self, call: Call, status: str, tally: _Tally) -> None:
        end = CallEnd(call.account_sid, call.call_sid, call_status=status)
        close_line(self._catalog, end, self._now())
        self._catalog.close_call(
            call.account_sid,
            call.call_sid,
            outcome=Outcome.NOT_RECORDED,
            reason=Reason.NO_RECORDING_AT_VENDOR,
            ended_at=self._now(),
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

    def attempt(self, sid: str, step: Callable[[], None]) -> None:
        """Take a step; what fails is reported by SID, and the sweep goes on."""
        try:
            step()
        except TwirecError as error:
            self.problems[sid] = f"{type(error).__name__}: {error}"
            log.warning("%s: %s", sid, error)

    def report(self, since: datetime, until: datetime) -> SweepReport:
        return SweepReport(since=since, until=until, **asdict(self))
