"""The sweep's look at the bucket, a day of recordings at a time.

Names in the bucket are not trusted to be ours: what is none of twirec's, or cannot be read, is
counted and named, and left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date, timedelta
from functools import partial
from itertools import groupby

from twirec.model.bucket import StoredObject
from twirec.model.catalog import Catalog
from twirec.model.derivatives import DERIVATIVES
from twirec.model.errors import LookedAtNothing, NotFound, ObjectNotFound
from twirec.model.ports import Bucket
from twirec.model.records import Recording
from twirec.model.states import STORED, State
from twirec.transfers.journal_page import JOURNAL, day_and_number
from twirec.transfers.naming import (
    ANNOUNCEMENTS,
    DAY,
    RECORDINGS,
    is_ours,
    labels,
    sealed_labels,
    sid_of,
)
from twirec.transfers.sweep_findings import Ask, Finding, Tally

FEW = 20
"""So many missing objects are named one by one, even if they are all that there should be."""

_A_DAY = re.compile(r"/\d{4}/\d\d/\d\d/$", re.ASCII)


class BucketSide:
    """Compares the objects of the bucket with the catalog's rows, both ways.

    Args:
        catalog, bucket: what is compared.
        tally: counts the objects.
    """

    def __init__(self, catalog: Catalog, bucket: Bucket, tally: Tally) -> None:
        self._catalog = catalog
        self._bucket = bucket
        self._tally = tally
        self._missing: list[tuple[str, Ask]] = []

    def questions(self, first: date | None, last: date) -> Iterator[tuple[str, Ask]]:
        """Return what there is to compare, by SID.

        Args:
            first: the first day of recordings, UTC; None for the first that there is.
            last: the last one.

        Raises:
            BucketError: the bucket cannot be listed.
            LookedAtNothing: it holds nothing of all that the catalog says is there.
        """
        if first is None:
            yield from self._everything()
        else:
            for ago in range((last - first).days + 1):
                yield from self._day(f"{first + timedelta(days=ago):%Y/%m/%d}/")
        if len(self._missing) > FEW and not self._tally.objects:
            raise LookedAtNothing(
                f"The bucket holds none of the {len(self._missing)} recordings that the catalog "
                "says are in it: is TWIREC_BUCKET the right one?"
            )
        yield from self._missing

    def _day(self, day: str) -> Iterator[tuple[str, Ask]]:
        yield from self._recordings(RECORDINGS + day, self._bucket.list(RECORDINGS + day))
        yield from self._derivatives(DERIVATIVES + day, self._bucket.list(DERIVATIVES + day))

    def _everything(self) -> Iterator[tuple[str, Ask]]:
        """Compare all there is, by listing it once, whatever the days that names speak of."""
        days = self._catalog.object_days()
        objects = self._bucket.list(RECORDINGS)
        for day, group in groupby(objects, key=lambda stored: stored.name[:DAY]):
            yield from self._recordings(day, group, known=day in days)
            days.discard(day)
        for day in sorted(days):
            yield from self._recordings(day, (), known=True)
        length = DAY + len(DERIVATIVES) - len(RECORDINGS)
        made = self._bucket.list(DERIVATIVES)
        for day, group in groupby(made, key=lambda stored: stored.name[:length]):
            yield from self._derivatives(day, group)
        for stored in self._bucket.list(ANNOUNCEMENTS):
            if stored.problem or not is_ours(stored.name):
                self._tally.strangers.add(stored)
        for stored in self._bucket.list(JOURNAL):
            if stored.problem or day_and_number(stored.name) is None:
                self._tally.strangers.add(stored)

    def _recordings(
        self, prefix: str, listed: Iterable[StoredObject], *, known: bool = False
    ) -> Iterator[tuple[str, Ask]]:
        """Compare the recordings of a day; the catalog is not asked for what is no name of ours."""
        objects = list(listed)
        asked = known or _A_DAY.search(prefix)
        rows = {row.object_name: row for row in self._catalog.named(prefix)} if asked else {}
        for stored in objects:
            row = rows.pop(stored.name, None)
            if row is None and (stored.problem or sid_of(stored.name) is None):
                self._tally.strangers.add(stored)
                continue
            self._tally.objects += 1
            if row is None:
                yield sid_in(stored.name), partial(self._orphan, stored)
            elif row.state is State.ERASED:
                yield row.sid, partial(self._came_back, row, stored)
            elif row.state in STORED:
                yield row.sid, partial(self._compare, row, stored)
        for row in rows.values():
            if row.state in STORED:
                self._missing.append((row.sid, partial(self._gone, row)))

    def _derivatives(
        self, prefix: str, listed: Iterable[StoredObject]
    ) -> Iterator[tuple[str, Ask]]:
        objects = list(listed)  # first: each was known before it was there
        asked = _A_DAY.search(prefix)
        made = self._catalog.derivatives_named(prefix) if asked else []
        known = {each.object_name for each in made}
        for stored in objects:
            if stored.problem or (stored.name not in known and sid_of(stored.name) is None):
                self._tally.strangers.add(stored)
            elif stored.name not in known:
                yield sid_in(stored.name), partial(self._stray, stored)

    def _stray(self, stored: StoredObject) -> Iterator[Finding]:
        """Delete what was made and is not wanted any more. Of an unknown recording nothing is."""
        sid = sid_in(stored.name)
        with suppress(NotFound):
            self._catalog.recording(sid)
            delete = partial(self._bucket.delete, stored.name, stored.generation)
            yield Finding(sid, "derivatives_deleted", "", delete)

    def _orphan(self, stored: StoredObject) -> Iterator[Finding]:
        sid = sid_in(stored.name)
        try:
            known = self._catalog.recording(sid)
        except NotFound:
            yield Finding(sid, reason=f"{stored.name} is in the bucket and not in the catalog")
        else:
            yield Finding(
                sid, reason=f"{stored.name} is in the bucket; the catalog has {known.object_name}"
            )

    def _came_back(self, row: Recording, stored: StoredObject) -> Iterator[Finding]:
        delete = partial(self._bucket.delete, stored.name, stored.generation)
        yield Finding(row.sid, "erased_again", "", delete)

    def _gone(self, row: Recording) -> Iterator[Finding]:
        try:
            self._bucket.stat(row.object_name or "")  # it may have come since the bucket was listed
        except ObjectNotFound:
            yield Finding(row.sid, reason=f"{row.object_name} is not in the bucket any more")

    def _compare(self, row: Recording, stored: StoredObject) -> Iterator[Finding]:
        if stored.problem:
            yield Finding(row.sid, reason=f"{stored.name}: {stored.problem}")
            return
        kept = stored.labels.get("sha256", row.sha256)
        if (stored.size, stored.crc32c, kept) != (row.size, row.crc32c, row.sha256):
            yield Finding(row.sid, reason=f"{stored.name} is not what was archived")
            return
        record = None
        if row.call_sid is not None:
            record = self._catalog.call(row.account_sid, row.call_sid)
        wanted = labels(record, row) | sealed_labels(row)
        lacking = {
            name: value for name, value in wanted.items() if stored.labels.get(name, "") != value
        }
        if lacking:
            relabel = partial(self._bucket.label, stored.name, stored.generation, lacking)
            yield Finding(row.sid, "labelled", "", relabel)


def sid_in(name: str) -> str:
    """Return the recording's SID in an object's name, or the name if there is none."""
    found = re.search("RE[0-9a-f]{32}", name)
    return found[0] if found else name
