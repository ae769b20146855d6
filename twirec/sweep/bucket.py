"""The sweep's look at the bucket.

Names in the bucket are not trusted to be ours: what is none of twirec's, or cannot be read, is
counted and named, and left alone.

The list of the bucket and the rows of the catalog are of different moments, with workers busy in
between, and both are read page by page. So what does not agree in them is only a reason to look: at
that one object and that one row, again and together, before anything is said of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from functools import partial
from itertools import islice

from twirec.catalog import Catalog
from twirec.journal.anchors import is_anchor
from twirec.journal.page import JOURNAL, day_and_number
from twirec.model.access import OURSELVES, Deed, may
from twirec.model.bucket import BLOCKED_UNTIL, HELD, StoredObject
from twirec.model.cards import as_labelled
from twirec.model.derivatives import DERIVATIVES
from twirec.model.errors import LookedAtNothing, NotFound, ObjectNotFound
from twirec.model.ports import Bucket
from twirec.model.records import Recording
from twirec.model.states import STORED, Custody, State
from twirec.model.transcript import is_transcript
from twirec.sweep.discrepancies import Ask, Discrepancy, Tally
from twirec.transfers.naming import (
    ANNOUNCEMENTS,
    RECORDINGS,
    final_labels,
    is_ours,
    labels,
    sid_of,
)
from twirec.transfers.object_holds import ObjectHolds

FEW = 20
"""So many missing objects are named one by one, even if they are all that there should be."""

PAGE = 500
"""Rows, and names, that are held at once."""

TRIES = 3
"""How often a row that changes while one looks is looked at; then the next sweep does."""


class BucketSide:
    """Compares the objects of the bucket with the catalog's rows, both ways.

    Args:
        catalog, bucket: what is compared.
        tally: counts the objects.
        now: the clock, UTC.
    """

    def __init__(
        self, catalog: Catalog, bucket: Bucket, tally: Tally, now: Callable[[], datetime]
    ) -> None:
        self._catalog = catalog
        self._bucket = bucket
        self._tally = tally
        self._now = now
        self._holds = ObjectHolds(catalog, bucket)
        self._missing: list[str] = []

    def questions(self, first: date | None, last: date) -> Iterator[tuple[str, Ask]]:
        """Return what there is to compare, by SID.

        Args:
            first: the first day of recordings, UTC; None for all there is, whatever the days that
                names speak of.
            last: the last one.

        Raises:
            BucketError: the bucket cannot be listed.
            LookedAtNothing: it holds nothing of all that the catalog says is there.
        """
        yield from self._held()
        for day in [""] if first is None else _days(first, last):
            yield from self._recordings(RECORDINGS + day)
            yield from self._derivatives(DERIVATIVES + day)
        if first is None:
            self._others()
        if len(self._missing) > FEW and not self._tally.objects and self._nothing_there():
            raise LookedAtNothing(
                f"The bucket holds none of the {len(self._missing)} recordings that the catalog "
                "says are in it: is TWIREC_BUCKET the right one?"
            )
        for sid in self._missing:
            yield sid, partial(self._look_again, sid)

    def _held(self) -> Iterator[tuple[str, Ask]]:
        """Look at what is held, of whatever day: the bucket may have lost that it is."""
        page = self._catalog.holds.sids()
        while page:
            for sid in page:
                yield sid, partial(self._hold, sid)
            page = self._catalog.holds.sids(after=page[-1])

    def _hold(self, sid: str) -> Iterator[Discrepancy]:
        if not self._holds.is_settled(sid):
            yield Discrepancy(sid, "holds_mended", "", partial(self._holds.settle, sid))

    def _recordings(self, prefix: str) -> Iterator[tuple[str, Ask]]:
        """Go through objects and rows side by side, both in order of the names."""
        rows = self._rows(prefix)
        row = next(rows, None)
        for stored in self._bucket.list(prefix):
            while row is not None and (row.object_name or "") < stored.name:
                self._miss(row)
                row = next(rows, None)
            own = None
            if row is not None and row.object_name == stored.name:
                own, row = row, next(rows, None)
            if own is None and (stored.problem or sid_of(stored.name) is None):
                self._tally.strangers.add(stored)
                continue
            self._tally.objects += 1
            sid = own.sid if own else sid_in(stored.name)
            yield sid, partial(self._compare, sid, own, stored)
        while row is not None:
            self._miss(row)
            row = next(rows, None)

    def _rows(self, prefix: str) -> Iterator[Recording]:
        page = self._catalog.recordings.named(prefix, limit=PAGE)
        while page:
            yield from page
            page = self._catalog.recordings.named(prefix, after=page[-1].object_name, limit=PAGE)

    def _miss(self, row: Recording) -> None:
        if row.state in STORED:
            self._missing.append(row.sid)

    def _nothing_there(self) -> bool:
        """Whether more than a few are missing still; workers may have archived them just now."""
        gone = (next(iter(self._look_again(sid)), None) for sid in self._missing)
        return len(list(islice(filter(None, gone), FEW + 1))) > FEW

    def _others(self) -> None:
        """Look at what lies beside the recordings and what was made of them."""
        for stored in self._bucket.list(ANNOUNCEMENTS):
            if stored.problem or not is_ours(stored.name):
                self._tally.strangers.add(stored)
        for stored in self._bucket.list(JOURNAL):
            known = day_and_number(stored.name) or is_anchor(stored.name)
            if stored.problem or not known:
                self._tally.strangers.add(stored)

    # --- derivatives --------------------------------------------------------------------------

    def _derivatives(self, prefix: str) -> Iterator[tuple[str, Ask]]:
        listed = self._bucket.list(prefix)
        while page := list(islice(listed, PAGE)):
            ours = []
            for stored in page:
                if stored.problem or sid_of(stored.name) is None:
                    self._tally.strangers.add(stored)
                else:
                    ours.append(stored)
            known = self._known([stored.name for stored in ours])
            for stored in ours:
                if stored.name not in known:
                    yield sid_in(stored.name), partial(self._stray, stored)

    def _stray(self, stored: StoredObject) -> Iterator[Discrepancy]:
        """Delete what was made and is not wanted any more. Of an unknown recording nothing is.

        A transcript of a recording of which none is known, as after the catalog was made anew, is
        taken over; or left, where nobody may read it now. So is a copy without card numbers.
        """
        sid = sid_in(stored.name)
        with suppress(NotFound, ObjectNotFound):
            recording = self._catalog.recordings.get(sid)
            self._bucket.stat(stored.name)
            copy = None
            if recording.state in STORED and self._catalog.cards.get(sid) is None:
                copy = as_labelled(recording, stored, self._now())
            there = recording.state in STORED and is_transcript(stored.name)
            if copy is not None:
                take_over = partial(self._catalog.cards.take_over, copy)
                yield Discrepancy(sid, "copies_taken_over", "", take_over)
            elif there and self._catalog.transcripts.get(sid) is None:
                if may(OURSELVES, recording, Deed.TRANSCRIBE):
                    request = partial(self._catalog.transcripts.request, sid, "", self._now())
                    yield Discrepancy(sid, "transcripts_taken_over", "", request)
            elif not self._known([stored.name]):
                delete = partial(self._bucket.delete, stored.name, stored.generation)
                yield Discrepancy(sid, "derivatives_deleted", "", delete)

    def _known(self, names: Sequence[str]) -> set[str]:
        """Return those of some names that are of what the catalog knows to be made."""
        # first what is coming: a transcript of a copy is known there, and then as one
        known = self._catalog.cards.known(names)
        known |= self._catalog.derivatives.known(names)
        return known | self._catalog.transcripts.known(names)

    # --- one object and one row ---------------------------------------------------------------

    def _compare(
        self, sid: str, row: Recording | None, stored: StoredObject
    ) -> Iterator[Discrepancy]:
        """Compare what was listed, and look again if that does not agree."""
        if self._difference(sid, row, stored):
            yield from self._look_again(sid, stored)

    def _look_again(self, sid: str, listed: StoredObject | None = None) -> Iterator[Discrepancy]:
        """Look at a row, at its object, and at the row again: nobody changed it meanwhile."""
        for _ in range(TRIES):
            row = self._row(sid)
            name = listed.name if listed else (row and row.object_name) or ""
            stored = self._stored(name, strange=bool(listed and listed.problem))
            if self._row(sid) == row:
                difference = self._difference(sid, row, stored)
                if difference:
                    yield difference
                return

    def _row(self, sid: str) -> Recording | None:
        with suppress(NotFound):
            return self._catalog.recordings.get(sid)
        return None

    def _stored(self, name: str, *, strange: bool) -> StoredObject | None:
        if strange:  # only a list describes what cannot be read
            return next((each for each in self._bucket.list(name) if each.name == name), None)
        with suppress(ObjectNotFound):
            return self._bucket.stat(name)
        return None

    def _difference(
        self, sid: str, row: Recording | None, stored: StoredObject | None
    ) -> Discrepancy | None:
        """Return what does not agree in a row and an object; None if nothing."""
        if stored is None:
            gone = row is not None and row.state in STORED
            return Discrepancy(sid, reason=f"{row.object_name} {GONE}") if row and gone else None
        if row is None:
            return Discrepancy(sid, reason=f"{stored.name} is in the bucket and not in the catalog")
        if row.object_name != stored.name:
            said = f"{stored.name} is in the bucket; the catalog has {row.object_name}"
            return Discrepancy(sid, reason=said)
        if row.state is State.ERASED:
            delete = partial(self._bucket.delete, stored.name, stored.generation)
            return Discrepancy(sid, "erased_again", "", delete)
        return self._changed(row, stored) if row.state in STORED else None

    def _changed(self, row: Recording, stored: StoredObject) -> Discrepancy | None:
        """Return what of an object is not as it was archived, or not as its labels have to say."""
        if stored.problem:
            return Discrepancy(row.sid, reason=f"{stored.name}: {stored.problem}")
        sha256 = stored.labels.get("sha256", row.sha256)
        if (stored.size, stored.crc32c, sha256) != (row.size, row.crc32c, row.sha256):
            return Discrepancy(row.sid, reason=f"{stored.name} is not what was archived")
        record = None
        if row.call_sid is not None:
            record = self._catalog.ledger.call(row.account_sid, row.call_sid)
        wanted = labels(record, row) | final_labels(row)
        if row.custody is Custody.BLOCKED and (block := self._catalog.blocks.get(row.sid)):
            wanted[BLOCKED_UNTIL] = block.until.isoformat()
        if stored.labels.get(HELD) and not self._catalog.holds.is_held(row.sid):
            return next(self._hold(row.sid), None)
        lacking = {
            name: value for name, value in wanted.items() if stored.labels.get(name, "") != value
        }
        if not lacking:
            return None
        relabel = partial(self._bucket.label, stored.name, stored.generation, lacking)
        return Discrepancy(row.sid, "labelled", "", relabel)


GONE = "is not in the bucket any more"


def _days(first: date, last: date) -> Iterator[str]:
    for ago in range((last - first).days + 1):
        yield f"{first + timedelta(days=ago):%Y/%m/%d}/"


def sid_in(name: str) -> str:
    """Return the recording's SID in an object's name, or the name if there is none."""
    match = re.search("RE[0-9a-f]{32}", name)
    return match[0] if match else name
