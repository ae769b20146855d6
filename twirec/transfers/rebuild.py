"""Making a catalog anew from what the bucket holds: wordings, journal, and labels."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import islice

from twirec.model.announcements import Announcement, Audio
from twirec.model.bucket import StoredObject
from twirec.model.catalog import Catalog
from twirec.model.errors import (
    JournalUnreadable,
    ObjectNotFound,
    VerificationFailed,
)
from twirec.model.journal import FoundObject, RebuildReport
from twirec.model.ports import Bucket
from twirec.model.records import Call
from twirec.model.states import Custody, State
from twirec.transfers.journal_page import JOURNAL, day_and_number, read_page
from twirec.transfers.naming import ANNOUNCEMENTS, RECORDINGS
from twirec.transfers.rebuild_labels import call_in, found_in
from twirec.transfers.sweep_bucket import sid_in

PAGE = 500
"""Objects that are looked at together."""

LONGEST_WORDING = 256 * 1024
LONGEST_AUDIO = 64 * 1024 * 1024
"""Bytes that an object of an announcement may have to be read."""

LONG_AGO = datetime.min.replace(tzinfo=UTC)

Progress = Callable[[str, int], None]
"""Called with what is being read (`announcements`, `journal`, `recordings`) and how many so far."""


class Rebuild:
    """Fills a new catalog. It asks nobody but the bucket.

    Args:
        catalog: the new one, set up and empty.
        bucket: what it is made from.
        now: the clock, UTC.
        progress: called as it goes on.
    """

    def __init__(
        self,
        catalog: Catalog,
        bucket: Bucket,
        now: Callable[[], datetime],
        progress: Progress | None = None,
    ) -> None:
        self._catalog = catalog
        self._bucket = bucket
        self._now = now
        self._progress = progress or (lambda what, count: None)
        self._problems: dict[str, str] = {}
        self._counts: defaultdict[str, int] = defaultdict(int)

    def run(self) -> RebuildReport:
        """Read all there is, and report.

        Raises:
            CatalogNotEmpty: there are rows in the catalog.
            BucketError: the bucket could not be listed or read: delete the catalog, begin again.
        """
        self._catalog.begin_rebuild(self._now())
        self._read_announcements()
        self._read_journal()
        self._read_labels()
        self._catalog.end_rebuild()
        return RebuildReport(**self._counts, problems=self._problems)

    def _count(self, what: str, of: str) -> None:
        self._counts[what] += 1
        self._progress(of, self._counts[what])

    # --- announcements ------------------------------------------------------------------------

    def _read_announcements(self) -> None:
        for stored in self._bucket.list(ANNOUNCEMENTS):
            try:
                self._keep(stored)
            except (VerificationFailed, ObjectNotFound) as error:
                self._problems[stored.name] = str(error)
            else:
                self._count("announcements", "announcements")

    def _keep(self, stored: StoredObject) -> None:
        at = stored.custom_time or self._now()
        hash_, _, kind = stored.name.removeprefix(ANNOUNCEMENTS).partition(".")
        most = LONGEST_WORDING if kind == "json" else LONGEST_AUDIO
        if kind not in {"json", "wav"} or (stored.size or 0) > most:
            raise VerificationFailed("it is no announcement.")
        content = b"".join(self._bucket.open_range(stored.name))
        if hashlib.sha256(content).hexdigest() != hash_:
            raise VerificationFailed("its content is not that of its name.")
        if kind == "wav":
            self._catalog.keep_audio(Audio(content, 0.0), at)
            return
        try:
            announcement = Announcement(**json.loads(content))
        except (TypeError, ValueError) as error:
            raise VerificationFailed("it is not as this version of twirec writes it.") from error
        self._catalog.keep_announcement(announcement, at)
        self._catalog.published(announcement.hash, at)

    # --- journal ------------------------------------------------------------------------------

    def _read_journal(self) -> None:
        days: defaultdict[date, list[tuple[int, StoredObject]]] = defaultdict(list)
        for stored in self._bucket.list(JOURNAL):
            named = day_and_number(stored.name)
            if named is None:
                self._problems[stored.name] = "it is no object of the journal."
            else:
                days[named[0]].append((named[1], stored))
        versions = [
            (day, [stored for _, stored in sorted(found, key=lambda each: -each[0])])
            for day, found in days.items()
        ]
        for day, found in sorted(versions, key=lambda each: each[1][0].custom_time or LONG_AGO):
            self._restore(day, found)

    def _restore(self, day: date, versions: list[StoredObject]) -> None:
        """Restore the newest version of a day that can be read."""
        tokens = [each.labels["token"] for each in versions if "token" in each.labels]
        for stored in versions:
            rows = read_page(day, self._bucket.open_range(stored.name))
            try:
                self._counts["rows"] += self._catalog.restore(day, rows, tokens)
            except (JournalUnreadable, ObjectNotFound) as error:
                self._problems[stored.name] = str(error)
            else:
                self._count("days", "journal")
                return

    # --- labels -------------------------------------------------------------------------------

    def _read_labels(self) -> None:
        objects = self._bucket.list(RECORDINGS)
        while page := list(islice(objects, PAGE)):
            self._catalog.take_over(list(self._found(page)))

    def _found(self, page: list[StoredObject]) -> Iterator[FoundObject]:
        sids = [sid_in(stored.name) for stored in page]
        known, lines = self._catalog.recordings_of(sids), self._catalog.lines(sids)
        for stored in page:
            self._count("objects", "recordings")
            before = known.get(sid_in(stored.name))
            try:
                found = found_in(stored, before, self._now())
            except VerificationFailed as error:
                self._problems[stored.name] = str(error)
                continue
            call = self._late_numbers(stored, lines.get(sid_in(stored.name)))
            if found is not None:
                self._counted(found)
            elif before is not None and call is not None:
                found = FoundObject(before)
            if found is not None:
                yield found if call is None else _with_late_numbers(found, call)

    def _late_numbers(self, stored: StoredObject, line: Call | None) -> Call | None:
        """Return what the labels say of a line that got its numbers after it was journalled."""
        if line is None or line.number_known:
            return None
        try:
            return call_in(stored.labels)
        except (KeyError, TypeError, ValueError):
            self._problems[stored.name] = "its labels are incomplete or cannot be read."
            return None

    def _counted(self, found: FoundObject) -> None:
        row = found.recording
        self._counts["erasing"] += row.state is State.ERASING
        self._counts["from_labels"] += row.state is not State.ERASING
        self._counts["quarantined"] += row.custody is Custody.QUARANTINED


def _with_late_numbers(found: FoundObject, call: Call) -> FoundObject:
    channels = found.recording.channel_map or call.channel_map
    return replace(found, recording=replace(found.recording, channel_map=channels), call=call)
