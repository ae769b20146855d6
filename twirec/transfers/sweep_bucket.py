"""The sweep's look at the bucket, a day of recordings at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta
from functools import partial

from twirec.model.bucket import StoredObject
from twirec.model.catalog import Catalog
from twirec.model.derivatives import DERIVATIVES
from twirec.model.errors import LookedAtNothing, NotFound
from twirec.model.ports import Bucket
from twirec.model.records import Recording
from twirec.model.states import STORED, State
from twirec.transfers.naming import RECORDINGS, labels, sealed_labels
from twirec.transfers.sweep_findings import Ask, Finding, Tally

FEW = 20
"""So many missing objects are named one by one, even if they are all that there should be."""


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
        day = first or self._first_day(last)
        while day <= last:
            yield from self._day(day)
            day += timedelta(days=1)
        if len(self._missing) > FEW and not self._tally.objects:
            raise LookedAtNothing(
                f"The bucket holds none of the {len(self._missing)} recordings that the catalog "
                "says are in it: is TWIREC_BUCKET the right one?"
            )
        yield from self._missing

    def _first_day(self, last: date) -> date:
        stored = next(iter(self._bucket.list(RECORDINGS)), None)
        named = [stored.name if stored else None, self._catalog.first_object()]
        days = [date(*map(int, name.split("/")[1:4])) for name in named if name]
        return min(days, default=last)

    def _day(self, day: date) -> Iterator[tuple[str, Ask]]:
        prefix = f"{RECORDINGS}{day:%Y/%m/%d}/"
        objects = {stored.name: stored for stored in self._bucket.list(prefix)}
        rows = {row.object_name: row for row in self._catalog.named(prefix)}
        self._tally.objects += len(objects)
        yield from self._derivatives(f"{DERIVATIVES}{day:%Y/%m/%d}/")
        for name, stored in objects.items():
            row = rows.pop(name, None)
            if row is None:
                yield sid_in(name), partial(self._orphan, stored)
            elif row.state is State.ERASED:
                yield row.sid, partial(self._came_back, row, stored)
            elif row.state in STORED:
                yield row.sid, partial(self._compare, row, stored)
        for row in rows.values():
            if row.state in STORED:
                self._missing.append((row.sid, partial(self._gone, row)))

    def _derivatives(self, prefix: str) -> Iterator[tuple[str, Ask]]:
        objects = list(self._bucket.list(prefix))  # first: each was known before it was there
        known = {made.object_name for made in self._catalog.derivatives_named(prefix)}
        for stored in objects:
            if stored.name not in known:
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
        yield Finding(row.sid, reason=f"{row.object_name} is not in the bucket any more")

    def _compare(self, row: Recording, stored: StoredObject) -> Iterator[Finding]:
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
