"""Making a catalog anew from what the bucket holds: wordings, journal, and labels."""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from datetime import date, datetime
from itertools import islice

from twirec.catalog import Catalog
from twirec.journal.anchors import is_anchor
from twirec.journal.labels import NONSENSE, call_in, kept_by, recording_in
from twirec.journal.page import JOURNAL, day_and_number, read_page
from twirec.model.announcements import Announcement, Audio
from twirec.model.bucket import StoredObject
from twirec.model.clock import BEFORE_ALL
from twirec.model.errors import (
    BucketRefused,
    BytesDiffer,
    JournalUnreadable,
    ObjectNotFound,
    VerificationFailed,
)
from twirec.model.journal import LabelledObject, RebuildReport
from twirec.model.ports import Bucket
from twirec.model.records import Call, Recording
from twirec.model.states import Custody, State
from twirec.transfers.naming import ANNOUNCEMENTS, RECORDINGS, Strangers, is_ours, sid_of

PAGE = 500
"""Objects that are looked at together."""

LONGEST_WORDING = 256 * 1024
LONGEST_AUDIO = 64 * 1024 * 1024
"""Bytes that an object of an announcement may have to be read."""

UNREADABLE = (VerificationFailed, ObjectNotFound, BucketRefused, BytesDiffer)
"""What is wrong with one object, and not with the bucket."""

_Taken = tuple[LabelledObject, bool]
"""What is to be written, and whether it is more than late numbers."""

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
        self._strangers = Strangers()
        self._counts: defaultdict[str, int] = defaultdict(int)

    def run(self) -> RebuildReport:
        """Read all there is, and report. It is whole when `catalog.journal.end_rebuild` says so.

        Raises:
            CatalogNotEmpty: there are rows in the catalog.
            BucketError: the bucket could not be listed or read: delete the catalog, begin again.
        """
        self._catalog.journal.begin_rebuild(self._now())
        self._read_announcements()
        self._read_journal()
        self._read_labels()
        self._catalog.cases.wind_clocks()
        return RebuildReport(
            **self._counts,
            problems=self._problems,
            strange=self._strangers.named,
            strangers=self._strangers.count,
        )

    def _count(self, what: str, of: str) -> None:
        self._counts[what] += 1
        self._progress(of, self._counts[what])

    # --- announcements ------------------------------------------------------------------------

    def _read_announcements(self) -> None:
        for stored in self._bucket.list(ANNOUNCEMENTS):
            if not is_ours(stored.name):
                self._strangers.add(stored)
                continue
            try:
                self._keep(stored)
            except UNREADABLE as error:
                self._problems[stored.name] = str(error)
            else:
                self._count("announcements", "announcements")

    def _keep(self, stored: StoredObject) -> None:
        at = stored.custom_time or self._now()
        hash_, _, kind = stored.name.removeprefix(ANNOUNCEMENTS).partition(".")
        most = LONGEST_WORDING if kind == "json" else LONGEST_AUDIO
        if (stored.size or 0) > most:
            raise VerificationFailed("it is no announcement.")
        content = b"".join(self._bucket.open_range(stored.name))
        if hashlib.sha256(content).hexdigest() != hash_:
            raise VerificationFailed("its content is not that of its name.")
        if kind == "wav":
            self._catalog.announcements.keep_audio(Audio(content, 0.0), at)
            return
        try:
            announcement = Announcement(**json.loads(content))
            right = announcement.hash == hash_ and _is_plain(announcement)
        except (TypeError, ValueError, RecursionError) as error:
            raise VerificationFailed("it is not as this version of twirec writes it.") from error
        if not right:
            raise VerificationFailed("it is not as this version of twirec writes it.")
        self._catalog.announcements.keep(announcement, at)
        self._catalog.announcements.published(announcement.hash, at)

    # --- journal ------------------------------------------------------------------------------

    def _read_journal(self) -> None:
        days: defaultdict[date, list[tuple[int, StoredObject]]] = defaultdict(list)
        for stored in self._bucket.list(JOURNAL):
            named = day_and_number(stored.name)
            if named is None:
                if not is_anchor(stored.name):
                    self._strangers.add(stored)
            else:
                days[named[0]].append((named[1], stored))
        versions = [
            (day, [stored for _, stored in sorted(pages, key=lambda each: -each[0])])
            for day, pages in days.items()
        ]
        for day, pages in sorted(versions, key=lambda each: each[1][0].custom_time or BEFORE_ALL):
            self._restore(day, pages)

    def _restore(self, day: date, versions: list[StoredObject]) -> None:
        """Restore the newest version of a day that can be read."""
        tokens = [each.labels.get("token", "") for each in versions]
        tokens = [token for token in tokens if re.fullmatch("[0-9a-f]{32}", token)]
        for stored in versions:
            try:
                rows = read_page(day, self._bucket.open_range(stored.name))
                self._counts["rows"] += self._catalog.journal.restore(day, rows, tokens)
            except (JournalUnreadable, *UNREADABLE) as error:
                self._problems[stored.name] = str(error)
            else:
                self._count("days", "journal")
                return

    # --- labels -------------------------------------------------------------------------------

    def _read_labels(self) -> None:
        objects = self._bucket.list(RECORDINGS)
        while page := list(islice(objects, PAGE)):
            labelled = list(self._labelled(page))
            try:
                self._write(labelled)
            except JournalUnreadable:  # one of them does not fit: the others do
                for each in labelled:
                    self._write_one(each)

    def _labelled(self, page: list[StoredObject]) -> Iterator[_Taken]:
        sids = [sid for stored in page if (sid := sid_of(stored.name))]
        known, lines = self._catalog.journal.recordings_of(sids), self._catalog.ledger.lines(sids)
        for stored in page:
            sid = sid_of(stored.name)
            if sid is None:
                self._strangers.add(stored)
                continue
            self._count("objects", "recordings")
            before = known.get(sid)
            try:
                if stored.problem:
                    raise VerificationFailed(f"{stored.problem}.")
                labelled = recording_in(stored, before, self._now())
            except VerificationFailed as error:
                self._problems[stored.name] = str(error)
                continue
            call, is_news = self._late_numbers(stored, lines.get(sid)), labelled is not None
            held, until = kept_by(stored.labels)
            if labelled is None and before is not None and (call or held or until):
                labelled = LabelledObject(before)
            if labelled is not None:
                kept = {"held": held, "blocked_until": until, "at": self._now()}
                labelled = replace(labelled, **kept)  # type: ignore[arg-type]
                yield labelled if call is None else _with_late_numbers(labelled, call), is_news

    def _late_numbers(self, stored: StoredObject, line: Call | None) -> Call | None:
        """Return what the labels say of a line that got its numbers after it was journalled."""
        if line is None or line.number_known:
            return None
        try:
            return call_in(stored.labels)
        except NONSENSE:
            self._problems[stored.name] = "its labels are incomplete or cannot be read."
            return None

    def _write_one(self, taken: _Taken) -> None:
        try:
            self._write([taken])
        except JournalUnreadable as error:
            recording = taken[0].recording
            self._problems[recording.object_name or recording.sid] = str(error)

    def _write(self, taken: list[_Taken]) -> None:
        self._catalog.journal.restore_objects([labelled for labelled, _ in taken])
        for labelled, is_news in taken:
            if is_news:
                self._counted(labelled.recording)

    def _counted(self, row: Recording) -> None:
        self._counts["erasing"] += row.state is State.ERASING
        self._counts["from_labels"] += row.state is not State.ERASING
        self._counts["quarantined"] += row.custody is Custody.QUARANTINED


def _with_late_numbers(labelled: LabelledObject, call: Call) -> LabelledObject:
    channels = labelled.recording.channel_map or call.channel_map
    return replace(labelled, recording=replace(labelled.recording, channel_map=channels), call=call)


def _is_plain(announcement: Announcement) -> bool:
    """Whether a wording that was read has what a wording has: texts, and seconds."""
    values = asdict(announcement)
    seconds = (values.pop("seconds"), values.pop("question_seconds"))
    return all(type(each) in (int, float) for each in seconds) and all(
        value is None or isinstance(value, str) for value in values.values()
    )
