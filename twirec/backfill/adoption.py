"""Adopting a recording that the vendor listed, and judging what came of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from enum import Enum, auto

from twirec.backfill.listed import Item
from twirec.calls.from_vendor import state_of
from twirec.catalog import Catalog
from twirec.model.errors import InvalidQuery, NotFound
from twirec.model.ownership import Foreign, NotOurs
from twirec.model.ports import Vendor
from twirec.model.records import Call, Recording
from twirec.model.states import STORED, UNDONE, Custody, State, advance
from twirec.model.vendor import VendorRecording
from twirec.transfers.adoption import adopt, line_of, note
from twirec.transfers.ownership import Ownership

TO_COPY = STORED | {State.COMPLETED}
"""The states in which there are bytes that are, or will be, in the bucket."""


class Verdict(Enum):
    """What came of a recording."""

    COPIED = auto()
    HERE = auto()
    NOTHING = auto()
    NOT_OURS = auto()
    FAILED = auto()
    AGAIN = auto()


class Adoption:
    """Adopts what was listed, one at a time. Safe to use from many threads.

    Args:
        catalog, vendor: what is compared.
        ownership: says whose a recording is.
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
        self._country = country
        self._now = now
        self._keep = keep_at_vendor
        self._keep_unknown = keep_at_vendor or not release_unknown
        self._admit = admit

    def adopt(self, item: Item) -> Foreign | None:
        """See to it that the catalog has a recording as the vendor has it, if it is ours.

        Doing it again adopts nothing twice.

        Returns:
            Why it is not the installation's own; None if it is.

        Raises:
            VendorError: its call could not be asked for; the recording is adopted all the same.
            CatalogError: nothing could be written down.
        """
        foreign = self._know(item.found)
        if foreign and foreign.why is NotOurs.CALL_UNKNOWN:
            item.only_line = self._only_line(item.found)
        return foreign

    def order(self, sid: str) -> Recording:
        """Say whether the vendor keeps its copy, and who may have ours, before it is copied.

        Returns:
            The recording, as it was before.
        """
        known = self._catalog.recordings.get(sid)
        keep = self._keep if self.number_known(known) else self._keep_unknown
        if keep and not known.keep_at_vendor:
            self._catalog.vendor_retention.keep(known.sid)
        elif known.keep_at_vendor and not keep:
            self._catalog.vendor_retention.let_go(known.sid, self._now())
        if self._admit and self._is_of_others(known):
            with suppress(NotFound, InvalidQuery):  # somebody else was first
                self._admit(known.sid)
        return known

    def number_known(self, known: Recording) -> bool:
        """Whether the customer's number is known, be it that they hid it."""
        line = self._line(known)
        return line is None or line.number_known

    def _know(self, recording: VendorRecording) -> Foreign | None:
        try:
            known = self._catalog.recordings.get(recording.sid)
        except NotFound:
            return self._adopt(recording)
        if self._catalog.foreign.is_left_alone(recording.sid):
            claim = self._ownership.whose(recording)
            if isinstance(claim, Foreign):
                return claim
            self._catalog.foreign.set_claim(recording.sid, claim)
        state = state_of(recording)
        if advance(known.state, state) is not known.state:
            self._catalog.recordings.refresh(recording.sid, recording, state, self._now())
        if known.state not in UNDONE and not self._line(known):
            at = recording.created_at
            line_of(self._catalog, self._vendor, known, self._country, created_at=at)
        return None

    def _only_line(self, recording: VendorRecording) -> bool:
        """Give a recording that may be anybody's its line. Whether that has no number."""
        note(self._catalog, recording, self._now())
        with suppress(NotFound):  # where it goes on, or has no time
            return not self.number_known(self._catalog.recordings.get(recording.sid))
        return False

    def _adopt(self, recording: VendorRecording) -> Foreign | None:
        claim = self._ownership.whose(recording)
        if isinstance(claim, Foreign):
            return claim
        new = adopt(
            self._catalog,
            self._vendor,
            recording,
            self._country,
            self._now(),
            claim,
            backfilled=True,
        )
        if new.unasked:
            raise new.unasked
        return None

    def _line(self, known: Recording) -> Call | None:
        of = known.call_sid
        return None if of is None else self._catalog.ledger.line(known.account_sid, of)

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


def verdict_on(recording: Recording, *, copied: bool) -> Verdict:
    """Return what came of a recording.

    Args:
        recording: as it is now.
        copied: whether this run archived it.
    """
    if recording.parked:
        return Verdict.FAILED
    if recording.given_up:
        return Verdict.NOTHING
    stays = recording.kept and recording.due_at is None
    if recording.state is State.RELEASED or stays:
        return Verdict.COPIED if copied else Verdict.HERE
    return Verdict.AGAIN if recording.state in TO_COPY else Verdict.NOTHING
