"""The sweep's look at what the vendor lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from functools import partial

from twirec.calls.from_vendor import state_of
from twirec.catalog import Catalog
from twirec.model.errors import NotAtVendor, NotFound
from twirec.model.ownership import Claim, Foreign, NotOurs
from twirec.model.ports import Bucket, Vendor
from twirec.model.records import Recording
from twirec.model.states import UNDONE, State, advance
from twirec.model.vendor import VendorRecording
from twirec.sweep.discrepancies import Discrepancy
from twirec.transfers.adoption import Adopted, adopt, line_of, note
from twirec.transfers.ownership import Ownership
from twirec.transfers.transfer import check_kept

GONE_THERE = frozenset({State.RELEASED, State.ERASED})
"""The states in which the vendor has no copy."""

ELSEWHERE = "external: Twilio put it into your own storage, and twirec has no copy of it"

FACTS = ("started_at", "duration", "channels", "source", "error_code", "encryption")
"""What the vendor says of a recording, and a callback may have left out."""


class VendorSide:
    """Compares each recording at the vendor with the catalog's row.

    Args:
        catalog, bucket, vendor: what is compared.
        ownership: says whose a recording is.
        leave: is told of what is not the installation's own.
        country: ISO 3166 code by which numbers of adopted calls are read.
        now: the clock, UTC.
        trial: whether nothing is deleted at the vendor, but what was erased.
    """

    def __init__(
        self,
        catalog: Catalog,
        bucket: Bucket,
        vendor: Vendor,
        ownership: Ownership,
        leave: Callable[[Foreign], None],
        country: str,
        now: Callable[[], datetime],
        trial: bool,
    ) -> None:
        self._catalog = catalog
        self._bucket = bucket
        self._vendor = vendor
        self._ownership = ownership
        self._leave = leave
        self._trial = trial
        self._country = country
        self._now = now
        self.seen: dict[str, Foreign] = {}
        """What earlier sweeps saw that is not the installation's own, by SID."""

    def compare(self, recording: VendorRecording) -> Iterator[Discrepancy]:
        """Compare one recording that the vendor listed."""
        state = state_of(recording)
        elsewhere = ELSEWHERE if state is State.EXTERNAL else ""
        known = self._known(recording.sid)
        left_alone = known is not None and self._catalog.foreign.is_left_alone(recording.sid)
        if known is None or left_alone:
            yield from self._take(recording, left_alone, elsewhere)
        elif known.state is State.RELEASED and self._trial:
            return
        elif known.state in GONE_THERE:
            if not self._is_still_there(known):  # a worker deleted it since it was listed
                return
            again = "erased_again" if known.state is State.ERASED else "deleted_again"
            yield Discrepancy(recording.sid, again, "", partial(self._delete_again, known))
        elif (moves := advance(known.state, state) is not known.state) or _lacks(known, recording):
            refresh = partial(self._refresh, recording, state)
            yield Discrepancy(recording.sid, "advanced" if moves else "", elsewhere, refresh)
        elif self._has_no_line(known):
            line = partial(line_of, self._catalog, self._vendor, known, self._country)
            write = partial(line, created_at=recording.created_at)
            yield Discrepancy(recording.sid, "lines_written", "", lambda: write() is not None)

    def _known(self, sid: str) -> Recording | None:
        try:
            return self._catalog.recordings.get(sid)
        except NotFound:
            return None

    def _refresh(self, recording: VendorRecording, state: State) -> bool:
        return self._catalog.recordings.refresh(recording.sid, recording, state, self._now())

    def _take(
        self, recording: VendorRecording, left_alone: bool, elsewhere: str
    ) -> Iterator[Discrepancy]:
        """Take over what is the installation's own, and leave alone what is not."""
        claim = self._ownership.whose(recording, self.seen)
        if isinstance(claim, Foreign):
            self._leave(claim)
            if claim.why is NotOurs.CALL_UNKNOWN and not left_alone:
                write = partial(note, self._catalog, recording, self._now())
                yield Discrepancy(recording.sid, "numbers_not_known", "", write)
            return
        if left_alone:
            own = partial(self._catalog.foreign.set_claim, recording.sid, claim)
            yield Discrepancy(recording.sid, "adopted", elsewhere, own)
            return
        adopted: list[Adopted] = []
        yield Discrepancy(
            recording.sid, "adopted", elsewhere, partial(self._adopt, recording, claim, adopted)
        )
        for each in adopted:
            if each.line and not each.line.number_known:
                yield Discrepancy(recording.sid, "numbers_not_known", "", lambda: True)
            if each.unasked:
                raise each.unasked

    def _adopt(self, recording: VendorRecording, claim: Claim, adopted_: list[Adopted]) -> bool:
        """Take a recording over, even if its call cannot be asked for."""
        adopted = adopt(self._catalog, self._vendor, recording, self._country, self._now(), claim)
        adopted_.append(adopted)
        return adopted.new

    def _has_no_line(self, known: Recording) -> bool:
        """Whether a recording has no line, of which no worker will write one when it copies it."""
        if known.state in UNDONE | {State.RECORDING} or known.due_at is not None:
            return False
        if known.call_sid is None:
            return True
        return self._catalog.ledger.line(known.account_sid, known.call_sid) is None

    def _is_still_there(self, known: Recording) -> bool:
        with suppress(NotAtVendor):
            self._vendor.recording(known.account_sid, known.sid)
            return True
        return False

    def _delete_again(self, known: Recording) -> None:
        """Delete what the catalog says is gone, after another look at our own copy, if any."""
        if known.state is State.RELEASED:
            check_kept(self._bucket, known)
        self._vendor.delete(known.account_sid, known.sid)


def _lacks(known: Recording, recording: VendorRecording) -> bool:
    return any(
        getattr(known, fact) is None and getattr(recording, fact) is not None for fact in FACTS
    )
