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

    def compare(self, found: VendorRecording) -> Iterator[Discrepancy]:
        """Compare one recording that the vendor listed."""
        told = state_of(found)
        elsewhere = ELSEWHERE if told is State.EXTERNAL else ""
        known = self._known(found.sid)
        left_alone = known is not None and self._catalog.foreign.is_left_alone(found.sid)
        if known is None or left_alone:
            yield from self._take(found, left_alone, elsewhere)
        elif known.state is State.RELEASED and self._trial:
            return
        elif known.state in GONE_THERE:
            if not self._is_still_there(known):  # a worker deleted it since it was listed
                return
            again = "erased_again" if known.state is State.ERASED else "deleted_again"
            yield Discrepancy(found.sid, again, "", partial(self._delete_again, known))
        elif (moves := advance(known.state, told) is not known.state) or _lacks(known, found):
            refresh = partial(self._refresh, found, told)
            yield Discrepancy(found.sid, "advanced" if moves else "", elsewhere, refresh)
        elif self._has_no_line(known):
            line = partial(line_of, self._catalog, self._vendor, known, self._country)
            write = partial(line, created_at=found.created_at)
            yield Discrepancy(found.sid, "lines_written", "", lambda: write() is not None)

    def _known(self, sid: str) -> Recording | None:
        try:
            return self._catalog.recordings.get(sid)
        except NotFound:
            return None

    def _refresh(self, found: VendorRecording, told: State) -> bool:
        return self._catalog.recordings.refresh(found.sid, found, told, self._now())

    def _take(
        self, found: VendorRecording, left_alone: bool, elsewhere: str
    ) -> Iterator[Discrepancy]:
        """Take over what is the installation's own, and leave alone what is not."""
        claim = self._ownership.whose(found, self.seen)
        if isinstance(claim, Foreign):
            self._leave(claim)
            if claim.why is NotOurs.CALL_UNKNOWN and not left_alone:
                write = partial(note, self._catalog, found, self._now())
                yield Discrepancy(found.sid, "numbers_not_known", "", write)
            return
        if left_alone:
            own = partial(self._catalog.foreign.set_claim, found.sid, claim)
            yield Discrepancy(found.sid, "adopted", elsewhere, own)
            return
        came: list[Adopted] = []
        yield Discrepancy(found.sid, "adopted", elsewhere, partial(self._adopt, found, claim, came))
        for each in came:
            if each.line and not each.line.number_known:
                yield Discrepancy(found.sid, "numbers_not_known", "", lambda: True)
            if each.unasked:
                raise each.unasked

    def _adopt(self, found: VendorRecording, claim: Claim, came: list[Adopted]) -> bool:
        """Take a recording over, even if its call cannot be asked for."""
        adopted = adopt(self._catalog, self._vendor, found, self._country, self._now(), claim)
        came.append(adopted)
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


def _lacks(known: Recording, found: VendorRecording) -> bool:
    return any(getattr(known, fact) is None and getattr(found, fact) is not None for fact in FACTS)
