"""Taking one recording over that the vendor listed, and telling what came of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from twirec.backfill.spans import Span
from twirec.calls.from_vendor import state_of
from twirec.catalog import Catalog
from twirec.jobs.lease import LEASE
from twirec.jobs.worker import Worker
from twirec.model.errors import InvalidQuery, NotFound
from twirec.model.ownership import Foreign, NotOurs
from twirec.model.ports import Vendor
from twirec.model.records import Call, Recording
from twirec.model.states import UNDONE, Custody, State, advance
from twirec.model.vendor import VendorRecording
from twirec.transfers.adoption import adopt, line_of, note
from twirec.transfers.ownership import Ownership

OURS = frozenset({State.ARCHIVED, State.RELEASED})
"""The states in which the bucket holds verified bytes."""

TO_COPY = OURS | {State.COMPLETED}
"""The states in which there are bytes that are, or will be, in the bucket."""

OF_OTHERS = timedelta(seconds=5)
"""How long to leave alone what another process is working at."""


class Verdict(Enum):
    """What came of a recording."""

    COPIED = auto()
    HERE = auto()
    NOTHING = auto()
    NOT_OURS = auto()
    FAILED = auto()
    AGAIN = auto()


@dataclass(slots=True)
class Item:
    """A recording that was listed.

    Attributes:
        span: the span that it was listed in.
        copied: whether this run archived it.
        tries: how often it could not even be asked for, or written down.
        only_line: whether it may be anybody's, and has a line without numbers, and nothing else.
    """

    found: VendorRecording
    span: Span
    copied: bool = False
    tries: int = 0
    only_line: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at a recording came to.

    Attributes:
        recording: the catalog's row after it.
        again_at: when to look again, UTC, if the verdict is to.
        error: what failed while it was copied, if something did.
        number_known: whether the customer's number is known, be it that they hid it.
    """

    verdict: Verdict
    recording: Recording
    again_at: datetime
    error: Exception | None
    number_known: bool = True


class TakingOver:
    """Takes recordings over, one at a time. Safe to use from many threads.

    Args:
        catalog, vendor: what is compared.
        ownership: says whose a recording is.
        worker: copies; and deletes at the vendor, where that is not to keep its copy.
        country: ISO 3166 code by which numbers of adopted calls are read.
        now: the clock, UTC.
        keep_at_vendor: whether the vendor keeps its copies.
        release_unknown: whether it keeps none of those either whose call it does not know.
        admit: takes a recording out of quarantine; None if they stay there.
    """

    def __init__(
        self,
        catalog: Catalog,
        vendor: Vendor,
        ownership: Ownership,
        worker: Worker,
        *,
        country: str,
        now: Callable[[], datetime],
        keep_at_vendor: bool,
        release_unknown: bool,
        admit: Callable[[str], object] | None,
    ) -> None:
        self._catalog = catalog
        self._vendor = vendor
        self._ownership = ownership
        self._worker = worker
        self._country = country
        self._now = now
        self._keep = keep_at_vendor
        self._keep_unknown = keep_at_vendor or not release_unknown
        self._admit = admit

    def take(self, item: Item) -> Look | Foreign:
        """Take a recording over as far as it can be now, if it is the installation's own.

        Doing it again copies nothing twice.

        Raises:
            VendorError: its call could not be asked for; the recording is adopted all the same.
            CatalogError: nothing could be written down.
        """
        found = item.found
        if foreign := self._know(found):
            item.only_line = foreign.why is NotOurs.CALL_UNKNOWN and self._only_line(found)
            return foreign
        before = self._order(self._catalog.recordings.get(found.sid))
        lease = self._catalog.due_work.claim(self._now(), LEASE, sid=found.sid)
        error = self._worker.work(lease) if lease else None
        after = self._catalog.recordings.get(found.sid)
        if lease and before.state is State.COMPLETED and after.state in OURS:
            item.copied = True
        now = self._now()
        due_at = after.due_at if after.due_at and after.due_at > now else now + OF_OTHERS
        return Look(_verdict(item, after), after, due_at, error, self._number_known(after))

    def _know(self, found: VendorRecording) -> Foreign | None:
        """See to it that the catalog has the recording as the vendor has it, if it is ours."""
        try:
            known = self._catalog.recordings.get(found.sid)
        except NotFound:
            return self._adopt(found)
        if self._catalog.foreign.is_left_alone(found.sid):
            claim = self._ownership.whose(found)
            if isinstance(claim, Foreign):
                return claim
            self._catalog.foreign.set_claim(found.sid, claim)
        told = state_of(found)
        if advance(known.state, told) is not known.state:
            self._catalog.recordings.refresh(found.sid, found, told, self._now())
        if known.state not in UNDONE and not self._line(known):
            at = found.created_at
            line_of(self._catalog, self._vendor, known, self._country, created_at=at)
        return None

    def _only_line(self, found: VendorRecording) -> bool:
        """Give a recording that may be anybody's its line. Whether that has no number."""
        note(self._catalog, found, self._now())
        with suppress(NotFound):  # where it goes on, or has no time
            return not self._number_known(self._catalog.recordings.get(found.sid))
        return False

    def _adopt(self, found: VendorRecording) -> Foreign | None:
        claim = self._ownership.whose(found)
        if isinstance(claim, Foreign):
            return claim
        new = adopt(self._catalog, self._vendor, found, self._country, self._now(), claim)
        if new.unasked:
            raise new.unasked
        return None

    def _line(self, known: Recording) -> Call | None:
        of = known.call_sid
        return None if of is None else self._catalog.ledger.line(known.account_sid, of)

    def _number_known(self, known: Recording) -> bool:
        line = self._line(known)
        return line is None or line.number_known

    def _order(self, known: Recording) -> Recording:
        """Say whether the vendor keeps its copy, and who may have ours, before it is copied."""
        keep = self._keep if self._number_known(known) else self._keep_unknown
        if keep and not known.keep_at_vendor:
            self._catalog.vendor_retention.keep(known.sid)
        elif known.keep_at_vendor and not keep:
            self._catalog.vendor_retention.let_go(known.sid, self._now())
        if self._admit and self._is_of_others(known):
            with suppress(NotFound, InvalidQuery):  # somebody else was first
                self._admit(known.sid)
        return known

    def _is_of_others(self, known: Recording) -> bool:
        """Whether a recording is quarantined because others started it.

        Not because its own call was told, and somebody did not agree: no ground for all of them
        is one for that.
        """
        if known.custody is not Custody.QUARANTINED or known.state not in TO_COPY:
            return False
        if known.call_sid is None:
            return True
        try:
            record = self._catalog.ledger.call(known.account_sid, known.call_sid)
        except NotFound:
            return True
        return record.call.announcement is None and not record.consents


def _verdict(item: Item, after: Recording) -> Verdict:
    if after.parked:
        return Verdict.FAILED
    if after.given_up:
        return Verdict.NOTHING
    if after.state is State.RELEASED or (after.kept and after.due_at is None):
        return Verdict.COPIED if item.copied else Verdict.HERE
    return Verdict.AGAIN if after.state in TO_COPY else Verdict.NOTHING
